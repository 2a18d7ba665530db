(** Theorem A of docs/theory.md: powers of the softmax value, 0 < e <= 1/2 (the comp-sum losses with
    tau = 1 + e), have the value of two labels for every n.

    Such a loss is g(1) + c (1 - u^e), and with a = 1/(1 - e) <= 2 the regret of a point that
    predicts j is at least c (|p|_a - |q|_a), q = pool(p): by the pooling lemma and Hoelder. Then
    p^a sums to at least the sum of q^a and h(m), h(m) = (m + d)^a + (m - d)^a - 2 m^a, where m is
    the mean and 2 d the difference of p_i, the greatest, and p_j; h falls, m <= 1/2, and the sum of
    q^a is at most 2^(1 - a), as i and j share the greatest entry of q. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax WaterFilling Pooling PairLemma Powers.
From Hconsist Require Import Norms.
Open Scope R_scope.

Definition theorem_A_statement : Prop :=
  forall (closed : Prop) (n : nat) (g : R -> R) (e b x y v : R),
  (2 <= n)%nat -> 0 < e <= 1 / 2 ->
  convex_on unit_open g -> nonincreasing_on unit_open g -> shaped_at_zero closed g ->
  scales g (fun t => rpow t e) -> 0 <= b <= 1 -> admissible_witness closed b x y ->
  v <= witness_gap g b x y -> T_at_least (softmax_problem n g) b v.

(** A loss that scales by a power is one. *)
Lemma scaling_is_power g e :
  0 < e -> nonincreasing_on unit_open g -> scales g (fun t => rpow t e) ->
  exists c, 0 <= c /\ forall t, unit_open t -> g t = g 1 + c * (1 - rpow t e).
Proof.
  intros He Hd Hs.
  assert (rpow (1 / 2) e < 1) as Hh.
  { rewrite rpow_exp by lra.
    assert (ln (1 / 2) < 0) by (rewrite <- ln_1; apply ln_increasing; lra).
    pose proof (exp_increasing (e * ln (1 / 2)) 0 ltac:(nra)) as K. now rewrite exp_0 in K. }
  set (r := rpow (1 / 2) e) in *.
  exists ((g (1 / 2) - g 1) / (1 - r)). split.
  - apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat; lra].
    pose proof (Hd (1 / 2) 1 ltac:(unfold unit_open; lra) ltac:(unfold unit_open; lra) ltac:(lra)).
    lra.
  - intros t Ht. unfold unit_open in Ht.
    pose proof (Hs t (1 / 2) ltac:(lra) ltac:(lra)) as H1.
    pose proof (Hs (1 / 2) t ltac:(lra) ltac:(lra)) as H2.
    cbv beta in H1, H2. fold r in H2. rewrite (Rmult_comm (1 / 2) t) in H2.
    assert ((g t - g 1) * (1 - r) = (g (1 / 2) - g 1) * (1 - rpow t e)) as E by lra.
    apply Rmult_eq_reg_r with (1 - r); [|lra].
    replace ((g 1 + (g (1 / 2) - g 1) / (1 - r) * (1 - rpow t e)) * (1 - r))
      with (g 1 * (1 - r) + (g (1 / 2) - g 1) * (1 - rpow t e)) by (field; lra).
    rewrite <- E. ring.
Qed.

(** Sums of powers of a distribution and of its pool. *)
Section Sums_of_powers.
Variables (n : nat) (a : R) (p q : nat -> R) (i j : nat).
Hypothesis Ha : 1 < a <= 2.
Hypothesis Hp : distribution n p.
Hypothesis Hi : (i < n)%nat.
Hypothesis Hj : (j < n)%nat.
Hypothesis Hij : i <> j.
Hypothesis Hmax : forall k, (k < n)%nat -> p k <= p i.
Hypothesis Hpool : is_pool n p j q.

Lemma pool_level : exists m,
  0 < m /\ q = fill (only j) p m /\ sum n q = 1 /\ q i = m /\ q j = m /\ m <= p i.
Proof.
  destruct Hpool as (m & Hm & -> & Hsum). exists m.
  assert (m <= p i) as Hmi.
  { destruct (Rle_dec m (p i)) as [|Hno]; [assumption|exfalso].
    rewrite (sum_ext n _ (update p j m)) in Hsum.
    - rewrite sum_update, (proj2 Hp) in Hsum by assumption. pose proof (Hmax j Hj). lra.
    - intros y Hy. unfold fill, only, update. destruct (Nat.eqb y j); [reflexivity|].
      apply Rmin_left. specialize (Hmax y Hy). lra. }
  repeat split; auto.
  - unfold fill, only. rewrite (proj2 (Nat.eqb_neq i j) Hij). now apply Rmin_right.
  - unfold fill, only. now rewrite Nat.eqb_refl.
Qed.

Lemma pool_distribution : distribution n q.
Proof.
  destruct pool_level as (m & Hm & -> & Hsum & _). split; [|assumption].
  intros y Hy. unfold fill. destruct (only j y); [lra|]. apply Rmin_glb; [now apply Hp|lra].
Qed.

Lemma pool_powers : sum n (fun y => rpow (q y) a) <= rpow (1 / 2) (a - 1).
Proof.
  destruct pool_level as (m & Hm & Eq & Hsum & Ei & Ej & _).
  destruct pool_distribution as [Hq _].
  assert (m <= 1 / 2) as Hhalf.
  { pose proof (sum_pair n q i j Hq Hi Hj Hij). lra. }
  apply Rle_trans with (sum n (fun y => rpow m (a - 1) * q y)).
  - apply sum_le. intros y Hy. specialize (Hq y Hy).
    replace a with (a - 1 + 1) at 1 by ring. rewrite rpow_plus, rpow_unit by assumption.
    apply Rmult_le_compat_r; [assumption|]. apply rpow_monotone; [|lra]. split; [assumption|].
    rewrite Eq. unfold fill. destruct (only j y); [lra|apply Rmin_r].
  - rewrite sum_scal, Hsum, Rmult_1_r. apply rpow_monotone; lra.
Qed.

Lemma pool_spread :
  let m := (p i + p j) / 2 in let d := (p i - p j) / 2 in
  sum n (fun y => rpow (q y) a) + (rpow (m + d) a + rpow (m - d) a - 2 * rpow m a)
  <= sum n (fun y => rpow (p y) a).
Proof.
  intros m d. destruct pool_level as (l & Hl & Eq & Hsum & Ei & Ej & Hli).
  destruct pool_distribution as [Hq _].
  replace (m + d) with (p i) by (unfold m, d; field).
  replace (m - d) with (p j) by (unfold m, d; field).
  set (s := a * rpow l (a - 1)).
  assert (0 <= s) as Hs by (unfold s; apply Rmult_le_pos; [lra|apply rpow_nonneg]).
  pose proof (proj1 Hp i Hi) as Hpi. pose proof (proj1 Hp j Hj) as Hpj.
  (* term by term: p^a - q^a >= s (p - q), and the two labels i and j exactly *)
  set (f := fun y => rpow (p y) a - rpow (q y) a - s * (p y - q y)).
  assert (forall y, (y < n)%nat -> 0 <= f y) as Hf.
  { intros y Hy. unfold f. specialize (Hq y Hy). pose proof (proj1 Hp y Hy) as Hpy.
    destruct (Req_dec (p y) (q y)) as [->|Hne]; [lra|].
    assert (q y = l) as Eqy.
    { revert Hne. rewrite Eq. unfold fill. destruct (only j y); [reflexivity|].
      unfold Rmin. destruct (Rle_dec (p y) l); [intros; lra|reflexivity]. }
    pose proof (power_tangent (q y) (p y) a Hq Hpy (proj1 Ha)) as H. rewrite Eqy in *.
    unfold s. lra. }
  pose proof (sum_pair n f i j Hf Hi Hj Hij) as H.
  unfold f in H at 3.
  rewrite sum_minus, sum_minus, sum_scal, sum_minus, Hsum, (proj2 Hp) in H.
  unfold f in H. rewrite Ei, Ej in H.
  pose proof (power_tangent l m a ltac:(lra) ltac:(unfold m; lra) (proj1 Ha)) as K. fold s in K.
  assert (s * (p i - l) + s * (p j - l) = 2 * (s * (m - l))) as E by (unfold m; field).
  lra.
Qed.

(** |p|_a - |q|_a is at least the value of two labels. *)
Lemma norm_difference theta :
  0 < theta <= 1 ->
  let d := p i - p j in
  rpow (rpow ((1 + d) / 2) a + rpow ((1 - d) / 2) a) theta - rpow (rpow (1 / 2) (a - 1)) theta
  <= rpow (sum n (fun y => rpow (p y) a)) theta - rpow (sum n (fun y => rpow (q y) a)) theta.
Proof.
  intros Ht d.
  pose proof pool_powers as HQ. pose proof pool_spread as HS. cbv zeta in HS.
  set (P := sum n (fun y => rpow (p y) a)) in *.
  set (Q := sum n (fun y => rpow (q y) a)) in *.
  set (Q0 := rpow (1 / 2) (a - 1)) in *.
  pose proof (Hmax j Hj) as Hd. pose proof (proj1 Hp j Hj) as Hpj.
  assert (p i + p j <= 1) as Hpp.
  { rewrite <- (proj2 Hp). apply sum_pair; auto. apply (proj1 Hp). }
  pose proof (spread_falls a ((p i - p j) / 2) ((p i + p j) / 2) (1 / 2) Ha ltac:(lra) ltac:(lra))
    as HF.
  set (h0 := rpow (1 / 2 + (p i - p j) / 2) a + rpow (1 / 2 - (p i - p j) / 2) a
             - 2 * rpow (1 / 2) a) in *.
  assert (2 * rpow (1 / 2) a = Q0) as E2.
  { unfold Q0. replace a with (1 + (a - 1)) at 1 by ring. rewrite rpow_plus, rpow_unit by lra.
    field. }
  assert (rpow ((1 + d) / 2) a + rpow ((1 - d) / 2) a = Q0 + h0) as ->.
  { unfold h0, d. rewrite <- E2.
    replace (1 / 2 + (p i - p j) / 2) with ((1 + (p i - p j)) / 2) by field.
    replace (1 / 2 - (p i - p j) / 2) with ((1 - (p i - p j)) / 2) by field. ring. }
  assert (0 <= h0) as Hh0.
  { pose proof (power_tangent (1 / 2) (1 / 2 + (p i - p j) / 2) a ltac:(lra) ltac:(lra)
                  (proj1 Ha)) as K1.
    pose proof (power_tangent (1 / 2) (1 / 2 - (p i - p j) / 2) a ltac:(lra) ltac:(lra)
                  (proj1 Ha)) as K2.
    unfold h0. lra. }
  assert (0 <= Q) as HQ0 by (apply sum_nonneg; intros; apply rpow_nonneg).
  pose proof (convex_steps (fun x => 0 <= x) (fun x => - rpow x theta) Q Q0 h0
                (power_concave theta Ht) HQ0 ltac:(simpl; lra) HQ Hh0) as HC.
  assert (rpow (Q + h0) theta <= rpow P theta) by (apply rpow_monotone; lra).
  cbv beta in HC. lra.
Qed.

End Sums_of_powers.

(** Two labels by Hoelder: a share u gives no more than the norm. *)
Lemma two_label_norm e a d u :
  0 < e < 1 -> a * (1 - e) = 1 -> 0 <= d <= 1 -> 0 <= u <= 1 ->
  (1 + d) / 2 * rpow u e + (1 - d) / 2 * rpow (1 - u) e
  <= rpow (rpow ((1 + d) / 2) a + rpow ((1 - d) / 2) a) (1 - e).
Proof.
  intros He Ha Hd Hu.
  set (w := fun y : nat => match y with O => (1 + d) / 2 | _ => (1 - d) / 2 end).
  set (s := fun y : nat => match y with O => u | _ => 1 - u end).
  pose proof (hoelder 2 w s e a He Ha) as H. unfold w, s in H. simpl in H.
  rewrite !Rplus_0_l in H. apply H.
  - intros [|y] _; lra.
  - intros [|y] _; lra.
  - lra.
  - pose proof (rpow_positive ((1 + d) / 2) a ltac:(lra)).
    pose proof (rpow_nonneg ((1 - d) / 2) a). lra.
Qed.

(** The risk of a power at a point. *)
Lemma power_risk n g c e S p :
  (forall t, unit_open t -> g t = g 1 + c * (1 - rpow t e)) ->
  open_simplex n S -> sum n p = 1 ->
  value_risk n g S p = g 1 + c * (1 - sum n (fun y => p y * rpow (S y) e)).
Proof.
  intros Hg HS H1. unfold value_risk.
  rewrite (sum_ext n _ (fun y => (g 1 + c) * p y - c * (p y * rpow (S y) e))).
  - rewrite sum_minus, !sum_scal, H1. ring.
  - intros y Hy. rewrite Hg by (now apply open_simplex_unit with n). ring.
Qed.

(** A point of the open simplex that costs little more than C*(p). *)
Lemma power_competitor n p e a eps :
  (0 < n)%nat -> 0 < e < 1 -> a * (1 - e) = 1 -> distribution n p -> 0 < eps < 1 ->
  exists S, open_simplex n S /\
  (1 - eps) * rpow (sum n (fun y => rpow (p y) a)) (1 - e)
  <= sum n (fun y => p y * rpow (S y) e).
Proof.
  intros Hn He Ha [Hp Hp1] Heps.
  assert (0 < sum n (fun y => rpow (p y) a)) as HQ.
  { destruct (greatest_attained n p Hn) as (i & Hi & Hmax).
    assert (0 < p i) as Hpi.
    { apply Rnot_le_lt. intro Hno. assert (sum n p <= sum n (fun _ => 0)) as K.
      { apply sum_le. intros y Hy. specialize (Hmax y Hy). lra. }
      rewrite sum_zero in K. lra. }
    apply Rlt_le_trans with (rpow (p i) a); [now apply rpow_positive|].
    apply (sum_member n (fun y => rpow (p y) a) i); [|assumption]. intros. apply rpow_nonneg. }
  rewrite <- (hoelder_attained n p e a He Ha Hp HQ). rewrite <- sum_scal.
  set (Q := sum n (fun y => rpow (p y) a)) in *.
  set (S := fun y => / Q * rpow (p y) a).
  assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
  assert (0 < / INR n) as Hni by (now apply Rinv_0_lt_compat).
  assert (0 < / Q) as HQi by (now apply Rinv_0_lt_compat).
  assert (forall y, 0 <= S y) as HS.
  { intro y. unfold S. apply Rmult_le_pos; [lra|apply rpow_nonneg]. }
  assert (sum n S = 1) as HS1.
  { unfold S. rewrite sum_scal. fold Q. apply Rinv_l. lra. }
  exists (fun y => (1 - eps) * S y + eps * / INR n). split; [split|].
  - intros y _. specialize (HS y). nra.
  - rewrite sum_plus, sum_scal, HS1, sum_const. field. lra.
  - apply sum_le. intros y Hy. specialize (Hp y Hy). specialize (HS y). fold (S y).
    replace ((1 - eps) * (p y * rpow (S y) e)) with (p y * ((1 - eps) * rpow (S y) e)) by ring.
    apply Rmult_le_compat_l; [assumption|].
    apply Rle_trans with (rpow ((1 - eps) * S y) e).
    + rewrite rpow_mult by lra. apply Rmult_le_compat_r; [apply rpow_nonneg|].
      (* 1 - eps <= (1 - eps)^e *)
      replace (1 - eps) with (rpow (1 - eps) (e + (1 - e))) at 1
        by (replace (e + (1 - e)) with 1 by ring; apply rpow_unit; lra).
      rewrite rpow_plus by lra.
      assert (rpow (1 - eps) (1 - e) <= 1) as H1.
      { pose proof (rpow_monotone (1 - eps) 1 (1 - e) ltac:(lra) ltac:(lra)) as M.
        now rewrite rpow_one in M. }
      pose proof (rpow_nonneg (1 - eps) e). nra.
    + apply rpow_monotone; nra.
Qed.

Theorem theorem_A : theorem_A_statement.
Proof.
  intros closed n g e b x y v Hn He Hc Hd Hz Hs Hb Hw Hv.
  destruct (witness_as_bracket closed g b x y Hc Hd Hz Hb Hw) as (u & Hu & Hcase & Hgap).
  destruct (scaling_is_power g e ltac:(lra) Hd Hs) as (c & Hc0 & Hg).
  set (a := / (1 - e)).
  assert (a * (1 - e) = 1) as Hae by (unfold a; apply Rinv_l; lra).
  assert (1 < a <= 2) as Ha by nra.
  assert (rpow (rpow (1 / 2) (a - 1)) (1 - e) = rpow (1 / 2) e) as Ehalf.
  { rewrite rpow_rpow by lra. f_equal. lra. }
  (* what v is at most: a line in b *)
  set (L := (rpow u e - rpow (1 - u) e) / 2).
  set (K := rpow (1 / 2) e - (rpow u e + rpow (1 - u) e) / 2).
  assert (0 <= L) as HL.
  { assert (rpow (1 - u) e <= rpow u e) by (apply rpow_monotone; lra). unfold L. lra. }
  assert (0 <= K) as HK.
  { pose proof (power_concave e ltac:(lra) u (1 - u) (1 / 2) ltac:(simpl; lra) ltac:(simpl; lra)
                  ltac:(lra)) as H.
    replace (1 / 2 * u + (1 - 1 / 2) * (1 - u)) with (1 / 2) in H by field. unfold K. lra. }
  assert (v <= c * (L * b - K)) as Hline.
  { apply Rle_trans with (1 := Hv). apply Rle_trans with (1 := Hgap).
    assert ((1 - b) * (g 1 + c * (1 - rpow (1 - u) e)) <= (1 - b) * g (1 - u)) as Hlow.
    { destruct Hcase as [H|[->|H]].
      - right. rewrite (Hg (1 - u)) by (unfold unit_open; lra). reflexivity.
      - right. ring.
      - apply Rmult_le_compat_l; [lra|].
        destruct (Req_dec u 1) as [->|Hu1];
          [|right; rewrite (Hg (1 - u)) by (unfold unit_open; lra); reflexivity].
        replace (1 - 1) with 0 by ring. rewrite rpow_zero.
        (* g 0 is at least the limit of g at 0 *)
        apply le_epsilon. intros eps Heps.
        destruct (Hz H) as [_ Hd0].
        set (t := rpow (Rmin 1 (eps / (c + 1))) (/ e)).
        assert (0 < eps / (c + 1)) as Hq
          by (apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]).
        assert (0 < Rmin 1 (eps / (c + 1)) <= 1) as Hr
          by (split; [apply Rmin_glb_lt; lra|apply Rmin_l]).
        assert (0 < / e) as Hei by (apply Rinv_0_lt_compat; lra).
        assert (0 < t <= 1) as Ht.
        { unfold t. split; [apply rpow_positive; lra|].
          pose proof (rpow_monotone (Rmin 1 (eps / (c + 1))) 1 (/ e) ltac:(lra) ltac:(lra)) as M.
          now rewrite rpow_one in M. }
        pose proof (Hd0 0 t ltac:(unfold unit_closed; lra) ltac:(unfold unit_closed; lra)
                      ltac:(lra)) as H0.
        rewrite (Hg t Ht) in H0.
        assert (rpow t e = Rmin 1 (eps / (c + 1))) as Et.
        { unfold t. rewrite rpow_rpow by lra. rewrite Rinv_l by lra. apply rpow_unit. lra. }
        rewrite Et in H0.
        assert (c * Rmin 1 (eps / (c + 1)) <= eps).
        { apply Rle_trans with (c * (eps / (c + 1))).
          - apply Rmult_le_compat_l; [assumption|apply Rmin_r].
          - apply Rmult_le_reg_r with (c + 1); [lra|].
            replace (c * (eps / (c + 1)) * (c + 1)) with (c * eps) by (field; lra). nra. }
        lra. }
    rewrite (Hg (1 / 2)) by (unfold unit_open; lra).
    rewrite (Hg u) by (unfold unit_open; lra).
    unfold L, K. nra. }
  apply softmax_T_at_least; [lia|].
  intros p S i0 j Hp HS Hi0 Hj Hmax Hpb0 eps Heps.
  destruct (greatest_attained n p ltac:(lia)) as (i & Hi & Hpmax).
  assert (b <= p i - p j) as Hpb by (specialize (Hpmax i0 Hi0); lra). clear Hpb0 Hi0 i0.
  destruct (Nat.eq_dec i j) as [->|Hij].
  { exists S. split; [assumption|]. assert (b = 0) as -> by lra. nra. }
  destruct (pool_exists n p j Hp Hj) as (q & Hpool).
  pose proof (pooling_lower n g p S j q Hd Hp HS Hj Hmax Hpool) as Hlow.
  assert (distribution n q) as Hq by (now apply (pool_distribution n p q i j)).
  pose proof (norm_difference n a p q i j Ha Hp Hi Hj Hij Hpmax Hpool (1 - e) ltac:(lra)) as HN.
  cbv zeta in HN. rewrite Ehalf in HN.
  set (d := p i - p j) in *.
  assert (d <= 1) as Hd1.
  { pose proof (sum_member n p i (proj1 Hp) Hi) as H. rewrite (proj2 Hp) in H.
    pose proof (proj1 Hp j Hj). unfold d. lra. }
  pose proof (two_label_norm e a d u ltac:(lra) Hae ltac:(lra) ltac:(lra)) as HU.
  set (P := rpow (sum n (fun y => rpow (p y) a)) (1 - e)) in *.
  assert (0 < sum n (fun y => rpow (q y) a)) as HQ.
  { destruct (pool_level n p q i j Hp Hj Hij Hpmax Hpool) as (m & Hm & _ & _ & Ei & _).
    apply Rlt_le_trans with (rpow (q i) a); [rewrite Ei; now apply rpow_positive|].
    apply (sum_member n (fun y => rpow (q y) a) i); [|assumption]. intros. apply rpow_nonneg. }
  pose proof (hoelder n q S e a ltac:(lra) Hae (proj1 Hq)
                (fun k Hk => Rlt_le _ _ (proj1 HS k Hk)) (Req_le _ _ (proj2 HS)) HQ) as HH.
  set (Q := rpow (sum n (fun y => rpow (q y) a)) (1 - e)) in *.
  assert (0 <= P) as HP by apply rpow_nonneg.
  set (eta := eps / (eps + c * P + 1)).
  assert (0 < eps + c * P + 1) as Hden by nra.
  assert (0 < eta < 1) as Heta.
  { unfold eta. split; [apply Rmult_lt_0_compat; [lra|now apply Rinv_0_lt_compat]|].
    apply Rmult_lt_reg_r with (eps + c * P + 1); [assumption|].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra. }
  assert (eta * (c * P) <= eps) as Hsmall.
  { unfold eta. apply Rmult_le_reg_r with (eps + c * P + 1); [assumption|].
    replace (eps / (eps + c * P + 1) * (c * P) * (eps + c * P + 1)) with (eps * (c * P))
      by (field; lra).
    nra. }
  destruct (power_competitor n p e a eta ltac:(lia) ltac:(lra) Hae Hp Heta) as (W & HW & HWp).
  fold P in HWp.
  exists W. split; [assumption|].
  rewrite (power_risk n g c e S q Hg HS (proj2 Hq)) in Hlow.
  rewrite (power_risk n g c e W p Hg HW (proj2 Hp)).
  set (X := sum n (fun y => p y * rpow (W y) e)) in *.
  set (Z := sum n (fun y => q y * rpow (S y) e)) in *.
  assert (L * d - K <= P - Q) as HLK by (unfold L, K; lra).
  assert (L * b <= L * d) as HLd by (apply Rmult_le_compat_l; [assumption|lra]).
  assert (c * (L * b - K) <= c * (P - Q)) as H1 by (apply Rmult_le_compat_l; lra).
  assert (c * ((1 - eta) * P) <= c * X) as H2 by (now apply Rmult_le_compat_l).
  assert (c * Z <= c * Q) as H3 by (now apply Rmult_le_compat_l).
  lra.
Qed.
