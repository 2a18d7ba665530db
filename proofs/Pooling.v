(** The pooling lemma and star shape.

    Let l be the loss g(S_y), g convex and non-increasing. For a distribution p and a predicted
    label j let pool(p) = fill {j} p m with the level m that keeps the sum: the labels above m are
    cut to it, and j is lifted to it. This is the average over j and the smallest set of top labels
    whose mean is at least every label left out. The infimum of the risk over points that predict j
    is C*(pool(p)). *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax WaterFilling.
Open Scope R_scope.

Definition only (j y : nat) : bool := Nat.eqb y j.

(** q is the pool of p for the predicted label j. *)
Definition is_pool (n : nat) (p : nat -> R) (j : nat) (q : nat -> R) : Prop :=
  exists m, 0 < m /\ q = fill (only j) p m /\ sum n q = 1.

Lemma pool_exists n p j :
  distribution n p -> (j < n)%nat -> exists q, is_pool n p j q.
Proof.
  intros [Hp Hp1] Hj.
  destruct (water_level n (only j) p j Hj (Nat.eqb_refl j) Hp ltac:(lra)) as (m & Hm & Hs).
  exists (fill (only j) p m), m. repeat split; lra.
Qed.

Section Pool.
Variables (n : nat) (g : R -> R).
Hypothesis Hn : (2 <= n)%nat.

(** Lower side: order is order (only that g does not increase is used), no convexity. *)
Theorem pooling_lower p S j q :
  nonincreasing_on unit_open g ->
  distribution n p -> open_simplex n S -> (j < n)%nat -> (forall k, (k < n)%nat -> S k <= S j) ->
  is_pool n p j q -> value_risk n g S q <= value_risk n g S p.
Proof.
  intros Hfalls [_ Hp1] HS Hj Hmax (m & Hm & -> & Hsum). unfold value_risk.
  assert (sum n (fun y => (p y - fill (only j) p m y) * g (S j))
          <= sum n (fun y => (p y - fill (only j) p m y) * g (S y))) as H.
  { apply sum_le. intros y Hy. unfold fill, only. destruct (Nat.eqb_spec y j) as [->|]; [lra|].
    apply Rmult_le_compat_l; [pose proof (Rmin_l (p y) m); lra|].
    apply Hfalls; try (apply open_simplex_unit with n; assumption). auto. }
  rewrite (sum_ext n _ (fun y => g (S j) * (p y - fill (only j) p m y))) in H by (intros; ring).
  rewrite sum_scal, sum_minus in H.
  rewrite (sum_ext n (fun y => (p y - fill (only j) p m y) * g (S y))
             (fun y => p y * g (S y) - fill (only j) p m y * g (S y))) in H by (intros; ring).
  rewrite sum_minus in H. rewrite Hsum, Hp1 in H. lra.
Qed.

(** Upper side: every point can be replaced by one that costs no more under the pool, is tied on the
    pool with j at the top, and costs the same under p. *)
Theorem pooling_upper p S j q :
  convex_on unit_open g -> nonincreasing_on unit_open g ->
  distribution n p -> open_simplex n S -> (j < n)%nat -> is_pool n p j q ->
  exists S', open_simplex n S' /\ (forall k, (k < n)%nat -> S' k <= S' j) /\
  value_risk n g S' q <= value_risk n g S q /\ value_risk n g S' p = value_risk n g S' q.
Proof.
  intros Hconvex Hfalls [Hp Hp1] HS Hj (m & Hm & -> & Hsum).
  set (q := fill (only j) p m) in *.
  assert (q j = m) as Hqj by (unfold q, fill, only; now rewrite Nat.eqb_refl).
  assert (forall y, q y <= m) as Hqm.
  { intro y. unfold q, fill. destruct (only j y); [lra|apply Rmin_r]. }
  assert (forall y, (y < n)%nat -> 0 <= q y) as Hq0.
  { intros y Hy. unfold q, fill. destruct (only j y); [lra|]. apply Rmin_glb; [auto|lra]. }
  set (A := fun y => if Req_EM_T (q y) m then true else false).
  assert (A j = true) as HA by (unfold A; destruct (Req_EM_T (q j) m); [reflexivity|contradiction]).
  destruct (water_level n A S j Hj HA) as (c & Hc & Hfill).
  { intros y Hy. left. now apply HS. }
  { rewrite (proj2 HS). lra. }
  rewrite (proj2 HS) in Hc, Hfill.
  exists (fill A S c).
  assert (open_simplex n (fill A S c)) as HS'.
  { split; [|assumption]. intros y Hy. unfold fill. destruct (A y); [lra|].
    apply Rmin_glb_lt; [now apply HS|lra]. }
  assert (fill A S c j = c) as Efill by (unfold fill; now rewrite HA).
  split; [assumption|]. split; [|split].
  - intros k Hk. unfold fill. rewrite HA. destruct (A k); [lra|apply Rmin_r].
  - (* a supporting line of g at c *)
    assert (c < 1) as Hc1.
    { (* another label has a positive share *)
      destruct (Nat.eq_dec j 0) as [Hj0|Hj0]; [rewrite Hj0 in Efill|].
      - pose proof (open_simplex_pair n _ O 1%nat HS' ltac:(lia) ltac:(lia) ltac:(lia)) as H.
        pose proof (proj1 HS' 1%nat ltac:(lia)) as H1. lra.
      - pose proof (open_simplex_pair n _ j O HS' Hj ltac:(lia) Hj0) as H.
        pose proof (proj1 HS' O ltac:(lia)) as H1. lra. }
    destruct (supporting_line unit_open g (c / 2) c 1 Hconvex unit_open_interval) as (d & Hd);
      [unfold unit_open; lra|unfold unit_open; lra|lra|].
    assert (d <= 0) as Hd0.
    { pose proof (Hd 1 ltac:(unfold unit_open; lra)) as H.
      pose proof (Hfalls c 1 ltac:(unfold unit_open; lra) ltac:(unfold unit_open; lra)
        ltac:(lra)) as H'.
      destruct (Rle_dec d 0); [assumption|]. nra. }
    assert (sum n (fun y => q y * g (fill A S c y) + m * d * (S y - fill A S c y))
            <= value_risk n g S q) as H.
    { apply sum_le. intros y Hy. specialize (Hq0 y Hy). specialize (Hqm y).
      pose proof (Hd (S y) ltac:(apply open_simplex_unit with n; assumption)) as T.
      unfold fill. unfold A. destruct (Req_EM_T (q y) m) as [E|E].
      - rewrite E. assert (m * (g c + d * (S y - c)) <= m * g (S y))
        by (apply Rmult_le_compat_l; lra). lra.
      - unfold Rmin. destruct (Rle_dec (S y) c); [right; ring|].
        assert (d * (S y - c) <= 0) as Hneg by nra.
        assert (q y * (g c + d * (S y - c)) <= q y * g (S y)) as Hqy
          by (now apply Rmult_le_compat_l).
        replace (m * d * (S y - c)) with (m * (d * (S y - c))) by ring.
        set (k := d * (S y - c)) in *. clearbody k. nra. }
    rewrite sum_plus, sum_scal, sum_minus, Hfill, (proj2 HS) in H. unfold value_risk in *. lra.
  - unfold value_risk. apply Rminus_diag_uniq. rewrite <- sum_minus.
    rewrite (sum_ext n _ (fun y => g c * (p y - q y))).
    + rewrite sum_scal, sum_minus, Hsum, Hp1. ring.
    + intros y Hy. destruct (Req_dec (p y) (q y)) as [E|E]; [rewrite E; ring|].
      assert (A y = true) as HAy.
      { unfold A. destruct (Req_EM_T (q y) m) as [|Hne]; [reflexivity|]. exfalso. revert E Hne.
        unfold q, fill, only. destruct (Nat.eqb_spec y j); [intros; lra|].
        unfold Rmin. destruct (Rle_dec (p y) m); intros; lra. }
      unfold fill. rewrite HAy. ring.
Qed.

(** Pooling lemma: the infimum over points that predict j, and C*(pool(p)), are one number. *)
Theorem pooling_lemma p j q c :
  convex_on unit_open g -> nonincreasing_on unit_open g ->
  distribution n p -> (j < n)%nat -> is_pool n p j q ->
  infimum (fun r => exists S, open_simplex n S /\ r = value_risk n g S q) c <->
  infimum (fun r => exists S, open_simplex n S /\ (forall k, (k < n)%nat -> S k <= S j) /\
                              r = value_risk n g S p) c.
Proof.
  intros Hconvex Hfalls Hp Hj Hpool.
  assert (forall S, open_simplex n S ->
    exists S', open_simplex n S' /\ (forall k, (k < n)%nat -> S' k <= S' j) /\
               value_risk n g S' p <= value_risk n g S q) as Hup.
  { intros S HS.
    destruct (pooling_upper p S j q Hconvex Hfalls Hp HS Hj Hpool) as (S' & HS' & Hmax & Hle & He).
    exists S'. split; [assumption|]. split; [assumption|]. now rewrite He. }
  assert (forall S, open_simplex n S -> (forall k, (k < n)%nat -> S k <= S j) ->
          value_risk n g S q <= value_risk n g S p) as Hlow.
  { intros S HS Hmax. now apply (pooling_lower p S j q). }
  split; intros [H1 H2]; split.
  - intros r (S & HS & Hmax & ->). apply Rle_trans with (2 := Hlow S HS Hmax). apply H1.
  now exists S.
  - intros d Hd. apply H2. intros r (S & HS & ->). destruct (Hup S HS) as (S' & HS' & Hmax & Hle).
    apply Rle_trans with (2 := Hle). apply Hd. now exists S'.
  - intros r (S & HS & ->). destruct (Hup S HS) as (S' & HS' & Hmax & Hle).
    apply Rle_trans with (2 := Hle). apply H1. now exists S'.
  - intros d Hd. apply H2. intros r (S & HS & Hmax & ->).
    apply Rle_trans with (2 := Hlow S HS Hmax). apply Hd. now exists S.
Qed.

(** Star shape: T(theta b) <= theta T(b) for 0 < theta <= 1, so T(b)/b does not decrease. *)
Theorem star_shape b v theta :
  convex_on unit_open g -> nonincreasing_on unit_open g ->
  0 < b -> 0 < theta <= 1 ->
  T_at_least (softmax_problem n g) (theta * b) v ->
  T_at_least (softmax_problem n g) b (v / theta).
Proof.
  intros Hconvex Hfalls Hb Ht HT. apply softmax_T_at_least; [lia|].
  intros p S i0 j Hp HS Hi0 Hj Hmax Hpb0 eps He.
  destruct (greatest_attained n p ltac:(lia)) as (i & Hi & Hpmax).
  assert (b <= p i - p j) as Hpb by (specialize (Hpmax i0 Hi0); lra). clear Hpb0 Hi0 i0.
  destruct (pool_exists n p j Hp Hj) as (q & Hpool).
  pose proof (pooling_lower p S j q Hfalls Hp HS Hj Hmax Hpool) as Hlow.
  assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
  (* best risks of q and of p' = theta p + (1 - theta) q *)
  set (p' := fun y => theta * p y + (1 - theta) * q y).
  assert (distribution n q) as Hq.
  { destruct Hpool as (m & Hm & -> & Hsum). split; [|assumption]. intros y Hy. unfold fill.
    destruct (only j y); [lra|]. apply Rmin_glb; [now apply Hp|lra]. }
  assert (distribution n p') as Hp'.
  { destruct Hp as [Hp Hp1], Hq as [Hq Hq1]. split.
    - intros y Hy. unfold p'. specialize (Hp y Hy). specialize (Hq y Hy). nra.
    - unfold p'. rewrite sum_plus, !sum_scal, Hp1, Hq1. ring. }
  assert (forall x, distribution n x -> exists c, best_in_class_risk (softmax_problem n g) x c)
    as Hex.
  { intros x Hx. apply best_in_class_exists with (g 1); [exact Hx|exists (fun _ => 0); exact I|].
    intros s y _ Hy. simpl in Hy |- *.
    pose proof (open_simplex_unit n _ y (softmax_open_simplex n s ltac:(lia)) Hy) as [V1 V2].
    apply Hfalls; unfold unit_open; lra. }
  destruct (Hex q Hq) as (cq & Hcq). destruct (Hex p Hp) as (cp & Hcp).
  destruct (Hex p' Hp') as (c' & Hc').
  assert (forall x c, best_in_class_risk (softmax_problem n g) x c -> forall eta, 0 < eta ->
          exists V, open_simplex n V /\ value_risk n g V x <= c + eta) as Hnear.
  { intros x c [_ Hgreat] eta Heta. apply Classical_Prop.NNPP. intro Hno.
    assert (c + eta <= c); [|lra]. apply Hgreat. intros r (s & _ & ->). rewrite risk_of_scores.
    destruct (Rle_dec (c + eta) (value_risk n g (softmax n s) x)); [assumption|]. exfalso.
    apply Hno.
    exists (softmax n s). split; [apply softmax_open_simplex; lia|lra]. }
  assert (forall V x c, open_simplex n V -> best_in_class_risk (softmax_problem n g) x c ->
          c <= value_risk n g V x) as Hbelow.
  { intros V x c HV [Hl _]. apply Hl. exists (fun y => ln (V y)). split; [exact I|].
    rewrite risk_of_scores. apply sum_ext. intros y Hy. now rewrite softmax_of_logarithms. }
  assert (forall V, value_risk n g V p' = theta * value_risk n g V p + (1 - theta) * value_risk n g
    V q)
    as Hlin.
  { intro V. unfold value_risk, p'. rewrite <- !sum_scal, <- sum_plus. apply sum_ext. intros.
  ring. }
  (* concavity of C* *)
  assert (theta * cp + (1 - theta) * cq <= c') as Hconc.
  { apply le_epsilon. intros eta Heta. destruct (Hnear p' c' Hc' eta Heta) as (V & HV & HVc).
    rewrite Hlin in HVc. pose proof (Hbelow V p cp HV Hcp). pose proof (Hbelow V q cq HV Hcq).
    nra. }
  (* the tied points cost C*(q) at p', and predict j *)
  assert (v <= theta * (cq - cp)) as Hv.
  { apply le_epsilon. intros eta Heta.
    destruct (Hnear q cq Hcq eta Heta) as (V & HV & HVc).
    destruct (pooling_upper p V j q Hconvex Hfalls Hp HV Hj Hpool)
      as (V' & HV' & Hmax' & Hle & Heq).
    assert (theta * b <= p' i - p' j) as Hreg.
    { assert (i <> j) as Hij by (intros ->; lra).
      assert (q i = q j) as Eq.
      { destruct Hpool as (m & Hm & -> & Hsum). unfold fill, only. rewrite Nat.eqb_refl.
        rewrite (proj2 (Nat.eqb_neq i j) Hij). apply Rmin_right.
        (* otherwise nothing is cut, and j not lifted: m = p_j < p_i *)
        destruct (Rle_dec m (p i)) as [|Hno]; [assumption|exfalso].
        rewrite (sum_ext n _ (update p j m)) in Hsum.
        - rewrite sum_update, (proj2 Hp) in Hsum by assumption. lra.
        - intros y Hy. unfold fill, only, update. destruct (Nat.eqb y j); [reflexivity|].
          apply Rmin_left. specialize (Hpmax y Hy). lra. }
      unfold p'. rewrite Eq. nra. }
    pose proof (softmax_regret_of_values n g (theta * b) v p' V' i j c' ltac:(lia) Hp' HV' Hi Hj
                  Hmax' Hreg Hc' HT) as H.
    rewrite Hlin, Heq in H. nra. }
  destruct (Hnear p cp Hcp eps He) as (W & HW & HWc).
  exists W. split; [assumption|].
  pose proof (Hbelow S q cq HS Hcq).
  assert (v / theta <= cq - cp).
  { apply Rmult_le_reg_r with theta; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  lra.
Qed.

End Pool.
