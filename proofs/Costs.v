(** General targets pair by pair of predictions, for a loss that is cross-entropy on (0, 1]; and
    their T from above, by one distribution and one forecast. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions Softmax PlugIn Ends Above.
Open Scope R_scope.

(** Score s may predict r where it costs least under the softmax of s. *)
Definition cost_problem (n m : nat) (L : nat -> nat -> R) (g : R -> R) : problem := {|
  Score := nat -> R;
  labels := n;
  predictions := m;
  admissible := fun _ => True;
  loss := fun s y => g (softmax n s y);
  predicts := fun s r => in_region n m L (softmax n s) r;
  cost := L
|}.

Section Costs.
Variables (n m : nat) (L : nat -> nat -> R) (g : R -> R).
Hypothesis Hn : (0 < n)%nat.
Hypothesis Hm : (0 < m)%nat.
Hypothesis Hg : forall u, unit_open u -> g u = - ln u.

Lemma cost_risk s p :
  risk (cost_problem n m L g) s p = risk (plug_in_problem n m L) s p.
Proof.
  apply sum_ext. intros y Hy. simpl. f_equal. apply Hg.
  apply (open_simplex_unit n _ y (softmax_open_simplex n s Hn) Hy).
Qed.

(** A target regret of b for the prediction r, where k is best, costs v at least. *)
Definition pair_at_least (r k : nat) (b v : R) : Prop :=
  forall p q, distribution n p -> open_simplex n q -> in_region n m L q r ->
  b <= sum n (fun y => p y * (L r y - L k y)) -> v <= relative_entropy n p q.

Lemma pair_by_line r k b v lam t mu :
  pair_certificate n m L r k lam t mu -> v <= lam * b - ln t -> pair_at_least r k b v.
Proof.
  intros Hc Hv p q Hp Hq Hr Hb. apply Rle_trans with (1 := Hv).
  now apply (pair_bound n m L r k lam t mu p q b).
Qed.

Lemma pair_out_of_reach r k b v :
  (forall y, (y < n)%nat -> L r y - L k y < b) -> pair_at_least r k b v.
Proof.
  intros Hno p q [Hp Hp1] _ _ Hb. exfalso.
  destruct (greatest_attained n (fun y => L r y - L k y) Hn) as (i & Hi & Hmax).
  specialize (Hno i Hi).
  assert (sum n (fun y => p y * (L r y - L k y)) <= L r i - L k i); [|lra].
  rewrite <- (Rmult_1_r (L r i - L k i)), <- Hp1, <- sum_scal.
  apply sum_le. intros y Hy. rewrite Rmult_comm. apply Rmult_le_compat_r; [auto|].
  now apply Hmax.
Qed.

Lemma pair_at_upper_end r k (claim : R -> R) a b :
  a < b -> continuous claim b -> (forall c, a < c < b -> pair_at_least r k c (claim c)) ->
  pair_at_least r k b (claim b).
Proof.
  intros Hab Hc H p q Hp Hq Hr Hb. apply (at_most_at_end claim _ b a b Hab); [lra|assumption|].
  intros d Hd. apply (H d Hd p q); auto; lra.
Qed.

Theorem costs_T_at_least b v :
  (forall r k, (r < m)%nat -> (k < m)%nat -> pair_at_least r k b v) ->
  T_at_least (cost_problem n m L g) b v.
Proof.
  intros Hpairs p s r c Hp _ Hr Hpred Hb Hc. simpl in Hp, Hr, Hpred.
  destruct (target_regret_against (cost_problem n m L g) r p b Hm Hb) as (k & Hk & Hreg).
  unfold expected_cost in Hreg. simpl in Hk, Hreg. rewrite <- sum_minus in Hreg.
  rewrite (sum_ext n _ (fun y => p y * (L r y - L k y))) in Hreg by (intros; ring).
  assert (best_in_class_risk (plug_in_problem n m L) p c) as Hc'.
  { destruct Hc as [H1 H2]. split.
    - intros x (t & _ & ->). rewrite <- cost_risk. apply H1. now exists t.
    - intros d Hd. apply H2. intros x (t & _ & ->). rewrite cost_risk. apply Hd. now exists t. }
  pose proof (best_at_most_entropy n m L Hn Hm p c Hp Hc') as Hent.
  rewrite cost_risk.
  change (risk (plug_in_problem n m L) s p) with (cross_entropy n (softmax n s) p).
  pose proof (Hpairs r k Hr Hk p (softmax n s) Hp (softmax_open_simplex n s Hn) Hpred Hreg) as H.
  unfold relative_entropy in H. lra.
Qed.

(** The entropy is the least cross-entropy. *)
Lemma entropy_below p q :
  distribution n p -> open_simplex n q -> cross_entropy n p p <= cross_entropy n q p.
Proof.
  intros Hp Hq.
  pose proof (gibbs n p q (fun _ => 0) 1 Hp Hq ltac:(lra)) as H.
  cbv beta in H. rewrite exp_0 in H.
  rewrite (sum_ext n (fun y => q y * 1) q) in H by (intros; ring).
  rewrite (sum_ext n (fun y => p y * 0) (fun _ => 0)) in H by (intros; ring).
  rewrite (proj2 Hq), sum_zero, ln_1 in H. specialize (H ltac:(lra)).
  unfold relative_entropy in H. lra.
Qed.

(** T from above: r may be predicted at the forecast q, a limit of mixtures with a positive one. *)
Lemma forecasts_near p q q0 r eps :
  distribution n p -> distribution n q -> open_simplex n q0 ->
  (forall y, (y < n)%nat -> p y = 0 \/ 0 < q y) ->
  in_region n m L q r -> in_region n m L q0 r -> 0 < eps ->
  exists q', open_simplex n q' /\ in_region n m L q' r /\
  cross_entropy n q' p <= cross_entropy n q p + eps.
Proof.
  intros [Hp Hp1] [Hq Hq1] [Hq0 Hq01] Hpos Hr Hr0 He.
  set (theta := exp (- eps)).
  assert (0 < theta < 1) as Ht.
  { unfold theta. split; [apply exp_pos|]. rewrite <- exp_0. apply exp_increasing. lra. }
  exists (fun y => theta * q y + (1 - theta) * q0 y). split; [split|split].
  - intros y Hy. specialize (Hq y Hy). specialize (Hq0 y Hy). nra.
  - rewrite sum_plus, !sum_scal, Hq1, Hq01. ring.
  - intros k Hk. specialize (Hr k Hk). specialize (Hr0 k Hk).
    rewrite (sum_ext n _ (fun y => theta * (q y * (L r y - L k y)) +
                                   (1 - theta) * (q0 y * (L r y - L k y)))) by (intros; ring).
    rewrite sum_plus, !sum_scal. nra.
  - unfold cross_entropy.
    apply Rle_trans with (sum n (fun y => p y * - ln (q y) + eps * p y)).
    + apply sum_le. intros y Hy. destruct (Hpos y Hy) as [->|Hqy]; [lra|].
      assert (ln (theta * q y) <= ln (theta * q y + (1 - theta) * q0 y)) as H.
      { assert (0 < (1 - theta) * q0 y) by (apply Rmult_lt_0_compat; [lra|auto]).
        left. apply ln_increasing; [apply Rmult_lt_0_compat|]; lra. }
      rewrite ln_mult in H by lra. unfold theta in H at 1. rewrite ln_exp in H.
      specialize (Hp y Hy). nra.
    + rewrite sum_plus, sum_scal, Hp1. lra.
Qed.

Theorem costs_T_at_most r k p q q0 b v :
  (r < m)%nat -> (k < m)%nat -> distribution n p -> distribution n q -> open_simplex n q0 ->
  (forall y, (y < n)%nat -> p y = 0 \/ 0 < q y) ->
  in_region n m L q r -> in_region n m L q0 r ->
  b <= sum n (fun y => p y * (L r y - L k y)) -> relative_entropy n p q <= v ->
  T_at_most (cost_problem n m L g) b v.
Proof.
  intros Hr Hk Hp Hq Hq0 Hpos Hreg Hreg0 Hb Hv.
  apply (T_at_most_by_scores (cost_problem n m L g) p b (cross_entropy n p p) v Hp).
  - intros s _. rewrite cost_risk.
    apply (entropy_below p (softmax n s) Hp (softmax_open_simplex n s Hn)).
  - intros eps He.
    destruct (forecasts_near p q q0 r eps Hp Hq Hq0 Hpos Hreg Hreg0 He) as (q' & Ho & Hr' & Hc).
    assert (forall y, (y < n)%nat -> softmax n (fun j => ln (q' j)) y = q' y) as Hs
      by (intros y Hy; now apply softmax_of_logarithms).
    exists (fun j => ln (q' j)), r. split; [exact I|]. split; [exact Hr|]. split; [|split].
    + intros i Hi. rewrite (sum_ext n _ (fun y => q' y * (L r y - L i y)))
        by (intros y Hy; now rewrite Hs).
      now apply Hr'.
    + unfold target_regret.
      pose proof (least_le m (fun i => expected_cost (cost_problem n m L g) i p) k Hk) as H.
      unfold expected_cost in *. simpl in *.
      rewrite (sum_ext n _ (fun y => p y * L r y - p y * L k y)) in Hb by (intros; ring).
      rewrite sum_minus in Hb. lra.
    + rewrite cost_risk.
      assert (risk (plug_in_problem n m L) (fun j => ln (q' j)) p = cross_entropy n q' p) as ->.
      { apply sum_ext. intros y Hy. simpl. now rewrite Hs. }
      unfold relative_entropy in Hv. lra.
Qed.

End Costs.
