(** Losses g of the softmax value that are concave and non-increasing on [0, 1] (MAE, tau >= 2):
    theorem C of docs/theory.md, its lower side, and the concave pair lemma. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax Layers.
Open Scope R_scope.

(** g has no jump at 1. *)
Definition continuous_at_one (g : R -> R) : Prop :=
  forall eps, 0 < eps -> exists d, 0 < d < 1 /\ forall x, 1 - d <= x <= 1 -> g x <= g 1 + eps.

(** The bracket of theorem C for k labels. *)
Definition bracket_C (n : nat) (g : R -> R) (b : R) (k : nat) : R :=
  let M := Rmax b (/ INR n * (1 + b)) in
  M * (g 0 - g 1) - Rmin 1 (INR k * M - b) * (g 0 - g (/ INR k)).

Section Concave.
Variables (n : nat) (g : R -> R).
Hypothesis Hn : (2 <= n)%nat.
Hypothesis Hconcave : concave_on unit_closed g.
Hypothesis Hfalls : nonincreasing_on unit_closed g.
Hypothesis Hjump : continuous_at_one g.

Lemma concave_chord t : 0 <= t <= 1 -> (1 - t) * g 0 + t * g 1 <= g t.
Proof.
  intro Ht. pose proof (Hconcave 1 0 t ltac:(unfold unit_closed; lra)
    ltac:(unfold unit_closed; lra) Ht) as H.
  simpl in H. replace (t * 1 + (1 - t) * 0) with t in H by ring. lra.
Qed.

(** A point near the vertex of label i costs at most p_i g(1) + (1 - p_i) g(0) + eps. *)
Lemma near_vertex p i :
  distribution n p -> (i < n)%nat -> forall eps, 0 < eps ->
  exists S, open_simplex n S /\ value_risk n g S p <= p i * g 1 + (1 - p i) * g 0 + eps.
Proof.
  intros [Hp Hp1] Hi eps He.
  destruct (Hjump eps He) as (d & Hd & Hg).
  assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
  set (c := d / INR n).
  assert (0 < c) as Hc by (unfold c; apply Rmult_lt_0_compat; [lra|now apply Rinv_0_lt_compat]).
  assert (INR n * c = d) as Hnc by (unfold c; field; lra).
  assert (c <= d) as Hcd.
  { assert (1 <= INR n) by (change 1 with (INR 1); apply le_INR; lia). nra. }
  exists (update (fun _ => c) i (1 - d + c)). split; [split|].
  - intros y _. unfold update. destruct (Nat.eqb y i); lra.
  - rewrite sum_update by assumption. rewrite sum_const, Hnc. ring.
  - unfold value_risk.
    apply Rle_trans with (sum n (update (fun y => p y * g 0) i (p i * (g 1 + eps)))).
    + apply sum_le. intros y Hy. unfold update. destruct (Nat.eqb_spec y i) as [->|].
      * apply Rmult_le_compat_l; [auto|]. apply Hg. lra.
      * apply Rmult_le_compat_l; [auto|]. apply Hfalls; unfold unit_closed; lra.
    + rewrite sum_update by assumption.
      rewrite (sum_ext n _ (fun y => g 0 * p y)) by (intros; ring). rewrite sum_scal, Hp1.
      assert (p i <= 1) by (rewrite <- Hp1; apply sum_member; auto).
      pose proof (Hp i Hi). nra.
Qed.

(** The mass of a set with the predicted label: at most 1, and at most k p_max - b. *)
Lemma mass_bound p A i j b k :
  distribution n p -> (i < n)%nat -> (j < n)%nat -> A j = true ->
  (forall y, (y < n)%nat -> p y <= p i) -> b <= p i - p j -> size n A = INR k ->
  0 <= mass n A p <= Rmin 1 (INR k * p i - b).
Proof.
  intros [Hp Hp1] Hi Hj HA Hmax Hb Hk.
  assert (forall y, 0 <= indicator A y <= 1) as Hind
    by (intro y; unfold indicator; destruct (A y); lra).
  split.
  { apply sum_nonneg. intros y Hy. apply Rmult_le_pos; [auto|apply Hind]. }
  apply Rmin_glb.
  - rewrite <- Hp1. apply sum_le. intros y Hy. specialize (Hp y Hy). specialize (Hind y). nra.
  - unfold mass.
    apply Rle_trans with (sum n (update (fun y => p i * indicator A y) j (p j))).
    + apply sum_le. intros y Hy. unfold update. destruct (Nat.eqb_spec y j) as [->|].
      * unfold indicator. rewrite HA. lra.
      * specialize (Hind y). specialize (Hmax y Hy). nra.
    + rewrite sum_update, sum_scal by assumption. fold (size n A). rewrite Hk.
      unfold indicator. rewrite HA. lra.
Qed.

(** Theorem C, lower side: if the claim v is at most each of the n brackets, T(b) >= v. *)
Theorem theorem_C b v :
  (forall k, (1 <= k <= n)%nat -> v <= bracket_C n g b k) ->
  T_at_least (softmax_problem n g) b v.
Proof.
  intros Hv. apply softmax_T_at_least; [lia|].
  intros p S i0 j Hp HS Hi0 Hj Hmax Hb0 eps He.
  destruct (greatest_attained n p ltac:(lia)) as (i & Hi & Hpmax).
  assert (b <= p i - p j) as Hb by (specialize (Hpmax i0 Hi0); lra). clear Hb0 Hi0 i0.
  destruct (uniform_point n g S p j Hconcave Hp HS Hj Hmax) as (A & HA & Hrisk).
  destruct (size_natural n A) as (k & Hkn & Hk).
  pose proof (size_at_least_one n A j Hj HA) as H1.
  assert (1 <= k)%nat as Hk1.
  { destruct k; [simpl in Hk; lra|lia]. }
  destruct (near_vertex p i Hp Hi eps He) as (S' & HS' & Hbest).
  exists S'. split; [assumption|].
  rewrite Hk in Hrisk, H1.
  destruct (mass_bound p A i j b k Hp Hi Hj HA Hpmax Hb Hk) as [Hm0 Hm].
  destruct Hp as [Hp Hp1].
  assert (Rmax b (/ INR n * (1 + b)) <= p i) as HM.
  { assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
    apply Rmax_lub; [specialize (Hp j Hj); lra|].
    apply Rmult_le_reg_l with (INR n); [assumption|].
    rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l by lra.
    assert (1 <= sum n (update (fun _ => p i) j (p j))) as H.
    { rewrite <- Hp1. apply sum_le. intros y Hy. unfold update.
      destruct (Nat.eqb_spec y j) as [->|]; [lra|auto]. }
    rewrite sum_update, sum_const in H by assumption. lra. }
  assert (0 < / INR k <= 1) as Hkinv.
  { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
  assert (0 <= g 0 - g (/ INR k)) as Hak
    by (pose proof (Hfalls 0 (/ INR k) ltac:(unfold unit_closed; lra)
      ltac:(unfold unit_closed; lra) ltac:(lra)); lra).
  assert (INR k * (g 0 - g (/ INR k)) <= g 0 - g 1) as Ha1.
  { pose proof (concave_chord (/ INR k) ltac:(lra)) as H.
    apply Rmult_le_reg_l with (/ INR k); [lra|].
    rewrite <- Rmult_assoc, Rinv_l, Rmult_1_l by lra. lra. }
  specialize (Hv k ltac:(lia)). unfold bracket_C in Hv.
  set (M := Rmax b (/ INR n * (1 + b))) in *. clearbody M.
  set (ak := g 0 - g (/ INR k)) in *.
  assert (mass n A p * ak <= Rmin 1 (INR k * p i - b) * ak) as Hmak
    by (apply Rmult_le_compat_r; assumption).
  assert (Rmin 1 (INR k * p i - b) - Rmin 1 (INR k * M - b) <= INR k * (p i - M)) as Hstep.
  { assert (INR k * M <= INR k * p i) by (apply Rmult_le_compat_l; lra).
    unfold Rmin. destruct (Rle_dec 1 (INR k * p i - b)), (Rle_dec 1 (INR k * M - b)); lra. }
  assert ((Rmin 1 (INR k * p i - b) - Rmin 1 (INR k * M - b)) * ak <= INR k * (p i - M) * ak) as H2
    by (apply Rmult_le_compat_r; assumption).
  assert (INR k * (p i - M) * ak <= (p i - M) * (g 0 - g 1)) as H3.
  { replace (INR k * (p i - M) * ak) with ((p i - M) * (INR k * ak)) by ring.
    apply Rmult_le_compat_l; lra. }
  lra.
Qed.

(** Concave pair lemma: T(b) >= b (g(0) - g(1/n)). *)
Theorem concave_pair_lemma b :
  0 <= b -> T_at_least (softmax_problem n g) b (b * (g 0 - g (/ INR n))).
Proof.
  intros Hb. apply theorem_C. intros k Hk. unfold bracket_C.
  set (M := Rmax b (/ INR n * (1 + b))).
  assert (b <= M) as HM by apply Rmax_l. clearbody M.
  assert (1 <= INR k) as H1 by (change 1 with (INR 1); apply le_INR; lia).
  assert (0 < / INR k <= 1) as Hkinv.
  { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
  assert (0 < / INR n <= / INR k) as Hninv.
  { assert (0 < INR n) by (apply lt_0_INR; lia).
    split; [now apply Rinv_0_lt_compat|]. apply Rinv_le_contravar; [lra|apply le_INR; lia]. }
  assert (INR k * (g 0 - g (/ INR k)) <= g 0 - g 1) as Ha1.
  { pose proof (concave_chord (/ INR k) ltac:(lra)) as H.
    apply Rmult_le_reg_l with (/ INR k); [lra|].
    rewrite <- Rmult_assoc, Rinv_l, Rmult_1_l by lra. lra. }
  pose proof (Hfalls (/ INR n) (/ INR k) ltac:(unfold unit_closed; lra)
                ltac:(unfold unit_closed; lra) ltac:(lra)) as Hf.
  pose proof (Hfalls 0 (/ INR n) ltac:(unfold unit_closed; lra)
                ltac:(unfold unit_closed; lra) ltac:(lra)) as Hf0.
  set (ak := g 0 - g (/ INR k)) in *.
  assert (Rmin 1 (INR k * M - b) * ak <= (INR k * M - b) * ak) as H2
    by (apply Rmult_le_compat_r; [unfold ak; lra|apply Rmin_r]).
  assert (M * (INR k * ak) <= M * (g 0 - g 1)) as H3 by (apply Rmult_le_compat_l; lra).
  assert (b * (g 0 - g (/ INR n)) <= b * ak) as H4
    by (apply Rmult_le_compat_l; [assumption|unfold ak; lra]).
  lra.
Qed.

End Concave.
