(** Losses of the softmax value with bounded scores, |s_y| <= B: the softmax values are the points
    of the simplex whose entries are at most K = exp(2 B) times one another. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions Softmax PairLemma UpperSide Above TopTies.
Open Scope R_scope.

Definition bounded_softmax_problem (n : nat) (B : R) (g : R -> R) : problem := {|
  Score := nat -> R;
  labels := n;
  predictions := n;
  admissible := fun s => forall y, (y < n)%nat -> Rabs (s y) <= B;
  loss := fun s y => g (softmax n s y);
  predicts := fun s r => forall k, (k < n)%nat -> s k <= s r;
  cost := zero_one
|}.

Definition spread (n : nat) (K : R) (S : nat -> R) : Prop :=
  open_simplex n S /\ forall a c, (a < n)%nat -> (c < n)%nat -> S a <= K * S c.

Lemma bounded_softmax n B s :
  (0 < n)%nat -> (forall y, (y < n)%nat -> Rabs (s y) <= B) -> spread n (exp (2 * B)) (softmax n s).
Proof.
  intros Hn Hs. split; [now apply softmax_open_simplex|]. intros a c Ha Hc.
  pose proof (sum_exp_positive n s Hn) as Hp. unfold softmax, Rdiv. rewrite <- Rmult_assoc.
  apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. rewrite <- exp_plus.
  pose proof (Hs a Ha) as Sa. pose proof (Hs c Hc) as Sc.
  pose proof (Rle_abs (s a)). pose proof (Rle_abs (- s c)). rewrite Rabs_Ropp in *.
  assert (s a <= 2 * B + s c) as [H1|H1] by lra.
  - left. now apply exp_increasing.
  - right. now rewrite H1.
Qed.

Lemma bounded_scores_exist n B S :
  (0 < n)%nat -> spread n (exp (2 * B)) S ->
  exists s, (forall y, (y < n)%nat -> Rabs (s y) <= B) /\
  (forall y, (y < n)%nat -> softmax n s y = S y) /\
  (forall i j, (i < n)%nat -> (j < n)%nat -> S i <= S j -> s i <= s j).
Proof.
  intros Hn [HS Hr].
  destruct (greatest_attained n (fun y => ln (S y)) Hn) as (a & Ha & Hmax).
  destruct (least_attained n (fun y => ln (S y)) Hn) as (c & Hc & Hmin).
  set (m := (ln (S a) + ln (S c)) / 2).
  assert (ln (S a) - ln (S c) <= 2 * B) as Hd.
  { pose proof (Hr a c Ha Hc) as H. pose proof (proj1 HS a Ha). pose proof (proj1 HS c Hc).
    assert (ln (S a) <= ln (exp (2 * B) * S c)) as K.
    { destruct H as [H|H]; [left; now apply ln_increasing|right; now rewrite H]. }
    rewrite ln_mult, ln_exp in K; [lra|apply exp_pos|assumption]. }
  exists (fun y => ln (S y) - m). split; [|split].
  - intros y Hy. specialize (Hmax y Hy).
    pose proof (least_le n (fun y => ln (S y)) y Hy) as Hle. rewrite Hmin in Hle.
    apply Rabs_le. unfold m in *. lra.
  - intros y Hy. unfold softmax.
    assert (forall j, (j < n)%nat -> exp (ln (S j) - m) = exp (- m) * S j) as E.
    { intros j Hj. unfold Rminus. rewrite exp_plus, exp_ln by (now apply HS). ring. }
    rewrite (sum_ext n _ (fun j => exp (- m) * S j)) by auto.
    rewrite sum_scal, (proj2 HS), E by assumption. pose proof (exp_pos (- m)). field. lra.
  - intros i j Hi Hj [H|H].
    + assert (ln (S i) < ln (S j)) by (apply ln_increasing; [now apply HS|assumption]). lra.
    + rewrite H. lra.
Qed.

Lemma zero_is_bounded (n : nat) B : 0 <= B -> forall y, (y < n)%nat -> Rabs ((fun _ => 0) y) <= B.
Proof. intros HB y _. cbv beta. rewrite Rabs_R0. exact HB. Qed.

Lemma bounded_target n B g r p b :
  (0 < n)%nat -> distribution n p -> (r < n)%nat ->
  b <= target_regret (bounded_softmax_problem n B g) r p ->
  exists i, (i < n)%nat /\ b <= p i - p r.
Proof. intros Hn Hp Hr Hb. exact (zero_one_regret_against n g p r b Hn Hp Hr Hb). Qed.

(** ---- the swap ---- *)

Section Swap.
Variables (n : nat) (B : R) (g f : R -> R) (m v : R).
Hypothesis Hn : (2 <= n)%nat.
Hypothesis HB : 0 < B.
Hypothesis Hconvex : convex_on unit_open g.
Hypothesis Hfalls : nonincreasing_on unit_open g.
Hypothesis Hm : 0 <= m.
(** Two labels have all mass; of more, the loss scales. *)
Hypothesis Hscales : (n = 2)%nat /\ m <= 1 \/
  scales g f /\ forall t, / INR n <= t <= 1 -> m <= f t.
Hypothesis Hv : 0 <= v <= 2 * B.

Let K := exp (2 * B).
Let others := INR n - 2.
Let u := (1 + 1 / 2 * others * / K) * / (1 + exp (- v) + others * / K).
Let w := exp (- v) * u.
Hypothesis Hwide : (n = 2)%nat \/ 1 <= K * w.

Lemma K_more : 1 < K.
Proof. unfold K. rewrite <- exp_0. apply exp_increasing. lra. Qed.

Lemma others_nonneg : 0 <= others.
Proof. unfold others. change 2 with (INR 2). pose proof (le_INR 2 n Hn). lra. Qed.

Lemma shares : 1 / 2 <= u < 1 /\ 0 < w <= 1 - u /\ u <= K * w /\
  u + w + others * (u - 1 / 2) * / K = 1.
Proof.
  pose proof K_more as HK. pose proof others_nonneg as Ho.
  assert (0 < / K) as HiK by (apply Rinv_0_lt_compat; lra).
  set (e := exp (- v)) in *.
  assert (0 < e <= 1) as He.
  { unfold e. split; [apply exp_pos|]. rewrite <- exp_0. destruct (Req_dec v 0) as [->|].
    - right. f_equal. ring.
    - left. apply exp_increasing. lra. }
  set (q := others * / K) in *. assert (0 <= q) as Hq by (unfold q; nra).
  assert (u = (1 + q / 2) * / (1 + e + q)) as Eu by (unfold u, q, e; f_equal; field; lra).
  assert (0 < / (1 + e + q)) as Hi by (apply Rinv_0_lt_compat; lra).
  assert (u * (1 + e + q) = 1 + q / 2) as Ek by (rewrite Eu; field; lra).
  assert (w = e * u) as Ew by reflexivity.
  assert (1 / 2 <= u < 1) as Hu by (split; nra).
  assert (u + w + others * (u - 1 / 2) * / K = 1) as Es.
  { replace (others * (u - 1 / 2) * / K) with (q * (u - 1 / 2)) by (unfold q; ring).
    rewrite Ew. lra. }
  split; [exact Hu|]. split; [|split; [|exact Es]].
  - split; [rewrite Ew; nra|].
    assert (0 <= q * (u - 1 / 2)) by nra.
    replace (others * (u - 1 / 2) * / K) with (q * (u - 1 / 2)) in Es by (unfold q; ring). lra.
  - rewrite Ew. assert (1 <= K * e) as H.
    { unfold K, e. rewrite <- exp_plus. rewrite <- exp_0 at 1.
      destruct (Req_dec v (2 * B)) as [->|].
      - right. f_equal. ring.
      - left. apply exp_increasing. lra. }
    nra.
Qed.

Lemma two_terms F i j :
  (i < n)%nat -> (j < n)%nat -> i <> j ->
  (forall y, (y < n)%nat -> y <> i -> y <> j -> 0 <= F y) -> F i + F j <= sum n F.
Proof.
  intros Hi Hj Hij HF.
  assert (0 <= sum n (update (update F i 0) j 0)) as H.
  { apply sum_nonneg. intros y Hy. unfold update.
    destruct (Nat.eqb_spec y j); [lra|]. destruct (Nat.eqb_spec y i); [lra|]. now apply HF. }
  rewrite !sum_update, update_other in H by auto. lra.
Qed.

(** The move: i gets the share u of both, others are raised to u/K of both, j keeps the rest. *)
Lemma bounded_move p S i j :
  distribution n p -> spread n K S -> (i < n)%nat -> (j < n)%nat -> i <> j ->
  (forall k, (k < n)%nat -> S k <= S j) -> p j <= p i ->
  let s := S i + S j in
  exists S', spread n K S' /\
  (p i + p j) * g (s / 2) - p i * g (s * u) - p j * g (s * w)
  <= value_risk n g S p - value_risk n g S' p.
Proof.
  intros Hp [HS Hr] Hi Hj Hij Hmax Hpij s.
  destruct shares as (Hu & Hw & HKw & Hone).
  pose proof K_more as HK. pose proof others_nonneg as Ho.
  assert (0 < / K) as HiK by (apply Rinv_0_lt_compat; lra).
  assert (K * / K = 1) as HKK by (field; lra).
  pose proof (proj1 HS i Hi) as Si. pose proof (proj1 HS j Hj) as Sj. pose proof (Hmax i Hi) as Sij.
  pose proof (open_simplex_pair n S i j HS Hi Hj Hij) as Hs1.
  assert (0 < s <= 1) as Hs by (unfold s; lra).
  set (floor := s * u * / K). set (t := s * (u - 1 / 2) * / K).
  assert (0 < floor) as Hfl by (unfold floor; apply Rmult_lt_0_compat; nra).
  assert (0 <= t) as Ht by (unfold t; apply Rmult_le_pos; nra).
  assert (forall y, (y < n)%nat -> S y <= Rmax (S y) floor <= S y + t) as Hraise.
  { intros y Hy. split; [apply Rmax_l|]. apply Rmax_lub; [lra|].
    pose proof (Hr j y Hj Hy) as H. unfold floor, t.
    assert (s / 2 * / K <= S y) as H1.
    { apply Rle_trans with (S j * / K); [apply Rmult_le_compat_r; unfold s; lra|].
      apply Rmult_le_reg_l with K; [lra|]. replace (K * (S j * / K)) with (S j) by (field; lra).
      exact H. }
    replace (s * u * / K) with (s / 2 * / K + s * (u - 1 / 2) * / K) by (field; lra). lra. }
  set (Q := update (update (fun y => Rmax (S y) floor) i (s * u)) j 0).
  set (r := 1 - sum n Q).
  assert (s * w <= r <= s * (1 - u)) as Hrr.
  { split.
    - assert (sum n Q <= sum n (update (update (fun y => S y + t) i (s * u)) j 0)) as H.
      { apply sum_le. intros y Hy. unfold Q, update. destruct (Nat.eqb y j); [lra|].
        destruct (Nat.eqb y i); [lra|]. now apply Hraise. }
      rewrite !sum_update, update_other, sum_plus, sum_const, (proj2 HS) in H by auto.
      unfold r.
      assert (others * t = s * (others * (u - 1 / 2) * / K)) as Et by (unfold t; ring).
      assert (others * t = (INR n - 2) * t) as Et' by reflexivity.
      unfold s in *. nra.
    - assert (sum n (update (update S i (s * u)) j 0) <= sum n Q) as H.
      { apply sum_le. intros y Hy. unfold Q, update. destruct (Nat.eqb y j); [lra|].
        destruct (Nat.eqb y i); [lra|]. now apply Hraise. }
      rewrite !sum_update, update_other, (proj2 HS) in H by auto. unfold r, s in *. lra. }
  set (S' := update Q j r).
  assert (S' j = r) as Ej by (unfold S'; now rewrite update_same).
  assert (S' i = s * u) as Ei
    by (unfold S', Q; rewrite !update_other by auto; now rewrite update_same).
  assert (forall y, y <> i -> y <> j -> S' y = Rmax (S y) floor) as Ey.
  { intros y H1 H2. unfold S', Q. now rewrite !update_other by auto. }
  assert (0 < s * w) as Hsw by (apply Rmult_lt_0_compat; lra).
  assert (s * (1 - u) <= s * u) as Hhalf by nra.
  assert (sum n S' = 1) as Hsum.
  { unfold S'. rewrite sum_update by assumption. unfold Q at 2. rewrite update_same.
    unfold r. ring. }
  (* everything lies between a low and a high that are K apart *)
  assert (forall y, (y < n)%nat -> y <> i -> y <> j -> S' y <= K * (s * w)) as Hup.
  { intros y Hy H1 H2. rewrite (Ey y H1 H2).
    assert (S y <= s) as Sy by (unfold s; pose proof (Hmax y Hy); lra).
    destruct Hwide as [E2|Hwide'].
    - exfalso. clear - E2 Hy Hi Hj Hij H1 H2. lia.
    - apply Rmax_lub; [nra|]. unfold floor.
      assert (s * u * / K <= s * u) by (rewrite <- (Rmult_1_r (s * u)) at 2;
        apply Rmult_le_compat_l; [nra|apply Rmult_le_reg_l with K; [lra|lra]]).
      nra. }
  assert (spread n K S') as Hspread.
  { split; [split; [|exact Hsum]|].
    - intros y Hy. destruct (Nat.eq_dec y j) as [->|H2]; [rewrite Ej; lra|].
      destruct (Nat.eq_dec y i) as [->|H1]; [rewrite Ei; nra|].
      rewrite (Ey y H1 H2). apply Rlt_le_trans with (S y); [now apply HS|apply Rmax_l].
    - intros a c Ha Hc.
      assert (S' a <= K * (s * w) /\ S' a <= K * (s * u)) as [A1 A2].
      { assert (K * (s * w) <= K * (s * u)) by (apply Rmult_le_compat_l; nra).
        destruct (Nat.eq_dec a j) as [->|H2]; [rewrite Ej|
          destruct (Nat.eq_dec a i) as [->|H1]; [rewrite Ei|]].
        - assert (r <= s * u) by lra. assert (s * u <= K * (s * w)) by nra. lra.
        - assert (s * u <= K * (s * w)) by nra. lra.
        - pose proof (Hup a Ha H1 H2). lra. }
      destruct (Nat.eq_dec c j) as [->|C2]; [rewrite Ej; nra|].
      destruct (Nat.eq_dec c i) as [->|C1]; [rewrite Ei; lra|].
      rewrite (Ey c C1 C2).
      assert (K * floor <= K * Rmax (S c) floor) as F1
        by (apply Rmult_le_compat_l; [lra|apply Rmax_r]).
      assert (K * S c <= K * Rmax (S c) floor) as F2
        by (apply Rmult_le_compat_l; [lra|apply Rmax_l]).
      assert (K * floor = s * u) as F0 by (unfold floor; field; lra).
      destruct (Nat.eq_dec a j) as [->|H2]; [rewrite Ej; lra|].
      destruct (Nat.eq_dec a i) as [->|H1]; [rewrite Ei; lra|].
      rewrite (Ey a H1 H2). apply Rmax_lub; [pose proof (Hr a c Ha Hc); lra|].
      assert (floor <= K * floor) by nra. lra. }
  exists S'. split; [exact Hspread|].
  pose proof (proj1 (proj1 Hspread)) as Hpos.
  assert (forall y, (y < n)%nat -> unit_open (S' y)) as HU
    by (intros y Hy; apply (open_simplex_unit n S' y (proj1 Hspread) Hy)).
  unfold value_risk. rewrite <- sum_minus.
  apply Rle_trans with ((p i * g (S i) - p i * g (S' i)) + (p j * g (S j) - p j * g (S' j))).
  - rewrite Ei, Ej.
    pose proof (Hfalls (S i) (S j) ltac:(unfold unit_open; lra) ltac:(unfold unit_open; lra)
                  ltac:(lra)) as H1.
    pose proof (Hconvex (S i) (S j) (1 / 2) ltac:(unfold unit_open; lra)
                  ltac:(unfold unit_open; lra) ltac:(lra)) as H2.
    replace (1 / 2 * S i + (1 - 1 / 2) * S j) with (s / 2) in H2 by (unfold s; field).
    pose proof (proj1 Hp i Hi) as Pi. pose proof (proj1 Hp j Hj) as Pj.
    assert (0 <= (p i - p j) * (g (S i) - g (S j))) by (apply Rmult_le_pos; lra).
    assert ((p i + p j) * g (s / 2) <= (p i + p j) * (1 / 2 * g (S i) + (1 - 1 / 2) * g (S j)))
      by (apply Rmult_le_compat_l; lra).
    assert (g r <= g (s * w)) as H3.
    { apply Hfalls; [unfold unit_open; nra| |lra]. rewrite <- Ej. now apply HU. }
    assert (p j * g r <= p j * g (s * w)) by (apply Rmult_le_compat_l; lra).
    lra.
  - apply (two_terms (fun y => p y * g (S y) - p y * g (S' y)) i j Hi Hj Hij).
    intros y Hy H1 H2.
    assert (g (S' y) <= g (S y)) as H3.
    { apply Hfalls; [now apply (open_simplex_unit n S y)|now apply HU|].
      rewrite (Ey y H1 H2). apply Rmax_l. }
    pose proof (proj1 Hp y Hy). nra.
Qed.

Theorem bounded_swap b x :
  0 <= b -> x <= m * witness_gap g b u w -> T_at_least (bounded_softmax_problem n B g) b x.
Proof.
  intros Hb Hx p s r c Hp Hs Hr Hpr Hreg Hc. simpl in Hp, Hs, Hr, Hpr.
  apply (regret_from_competitors (bounded_softmax_problem n B g) s p c x Hc). intros eps He.
  pose proof (bounded_softmax n B s ltac:(lia) Hs) as HS. fold K in HS.
  set (S := softmax n s) in *.
  assert (exists S', spread n K S' /\ x <= value_risk n g S p - value_risk n g S' p)
    as (S' & HS' & Hgain).
  { destruct (Rle_dec x 0) as [Hneg|Hpos]; [exists S; split; [assumption|lra]|].
    destruct shares as (Hu & Hw & HKw & Hone).
    assert (g (1 / 2) - (g u + g w) / 2 <= 0) as Hbase.
    { pose proof (Hconvex u w (1 / 2) ltac:(unfold unit_open; lra) ltac:(unfold unit_open; lra)
                    ltac:(lra)) as H.
      pose proof (Hfalls (1 / 2 * u + (1 - 1 / 2) * w) (1 / 2) ltac:(unfold unit_open; lra)
                    ltac:(unfold unit_open; lra) ltac:(lra)). lra. }
    set (pull := (g w - g u) / 2).
    assert (witness_gap g b u w = g (1 / 2) - (g u + g w) / 2 + b * pull) as Egap
      by (unfold witness_gap, pull; field).
    assert (0 < witness_gap g b u w) as Hgap by nra.
    assert (0 < b) as Hb0 by (destruct (Req_dec b 0) as [->|]; lra).
    assert (0 <= pull) as Hpull by (destruct (Rle_dec 0 pull); [assumption|nra]).
    destruct (bounded_target n B g r p b ltac:(lia) Hp Hr Hreg) as (i & Hi & Hd).
    assert (i <> r) as Hir by (intros ->; lra).
    assert (forall k, (k < n)%nat -> S k <= S r) as Hmax
      by (intros k Hk; apply softmax_order; [lia|auto]).
    destruct (bounded_move p S i r Hp HS Hi Hr Hir Hmax ltac:(lra)) as (S' & HS' & Hg).
    exists S'. split; [assumption|]. apply Rle_trans with (2 := Hg).
    set (t := S i + S r) in *.
    pose proof (open_simplex_pair n S i r (proj1 HS) Hi Hr Hir) as Ht1. fold t in Ht1.
    pose proof (proj1 (proj1 HS) i Hi) as Si.
    pose proof (greatest_entry n S r (proj1 HS) Hr Hmax) as Hge.
    assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
    assert (/ INR n <= t <= 1) as Ht.
    { split; [|lra]. apply Rmult_le_reg_l with (INR n); [lra|]. rewrite Rinv_r by lra.
      unfold t. nra. }
    assert (0 < / INR n) as Hin by (now apply Rinv_0_lt_compat).
    assert (p i + p r <= 1) as Hpp
      by (rewrite <- (proj2 Hp); apply sum_pair; auto; now apply Hp).
    pose proof (proj1 Hp r Hr) as Pr.
    set (M := p i + p r) in *. set (d := p i - p r) in *.
    assert (witness_gap g b u w <= M * (g (1 / 2) - (g u + g w) / 2) + d * pull) as HMd.
    { rewrite Egap. unfold M, d in *. nra. }
    assert (M * (g (1 / 2) - (g u + g w) / 2) + d * pull
            = M * g (1 / 2) - p i * g u - p r * g w) as E by (unfold M, d, pull; field).
    rewrite E in HMd.
    assert (exists ft, m <= ft /\ M * g (t / 2) - p i * g (t * u) - p r * g (t * w)
            = ft * (M * g (1 / 2) - p i * g u - p r * g w)) as (ft & Hft & Eft).
    { destruct Hscales as [[E2 Hm1]|[Hsc Hf]].
      - assert (t = 1) as Et.
        { unfold t. clear - E2 HS Hi Hr Hir. destruct HS as [[_ H1] _]. subst n.
          destruct i as [|[|]], r as [|[|]]; simpl in H1; try lia; lra. }
        exists 1. split; [exact Hm1|]. rewrite Et, !Rmult_1_l. ring.
      - exists (f t). split; [now apply Hf|].
        replace (t / 2) with (t * (1 / 2)) by field.
        rewrite (Hsc t (1 / 2)), (Hsc t u), (Hsc t w) by lra. unfold M. ring. }
    rewrite Eft.
    apply Rle_trans with (1 := Hx). nra. }
  destruct (bounded_scores_exist n B S' ltac:(lia) HS') as (s' & Hs' & Es & _).
  exists s'. split; [exact Hs'|].
  assert (risk (bounded_softmax_problem n B g) s' p = value_risk n g S' p) as ->.
  { apply sum_ext. intros y Hy. simpl. now rewrite Es. }
  change (risk (bounded_softmax_problem n B g) s p) with (value_risk n g S p). lra.
Qed.

End Swap.

(** The same with the shares of a witness in other words: E = exp(-v), k = 1/K, N = n - 2. *)
Theorem bounded_swap_shares n B g f m v u E k N b x :
  (2 <= n)%nat -> 0 < B -> convex_on unit_open g -> nonincreasing_on unit_open g -> 0 <= m ->
  ((n = 2)%nat /\ m <= 1 \/ scales g f /\ forall t, / INR n <= t <= 1 -> m <= f t) ->
  0 <= v <= 2 * B -> E = exp (- v) -> k = / exp (2 * B) -> N = INR n - 2 ->
  u * (1 + E + N * k) = 1 + 1 / 2 * N * k -> ((n = 2)%nat \/ 1 <= exp (2 * B) * (E * u)) ->
  0 <= b -> x <= m * witness_gap g b u (E * u) -> T_at_least (bounded_softmax_problem n B g) b x.
Proof.
  intros Hn HB Hc Hd Hm Hs Hv -> -> -> Hu Hw Hb Hx.
  assert (0 <= INR n - 2) as HN by (change 2 with (INR 2); pose proof (le_INR 2 n Hn); lra).
  assert (0 < 1 + exp (- v) + (INR n - 2) * / exp (2 * B)) as Hpos.
  { pose proof (exp_pos (- v)). assert (0 < / exp (2 * B)) by (apply Rinv_0_lt_compat, exp_pos).
    nra. }
  assert (u = (1 + 1 / 2 * (INR n - 2) * / exp (2 * B)) *
              / (1 + exp (- v) + (INR n - 2) * / exp (2 * B))) as Eu.
  { rewrite <- Hu, Rmult_assoc, Rinv_r by lra. ring. }
  rewrite Eu in Hw, Hx. now apply (bounded_swap n B g f m v).
Qed.
