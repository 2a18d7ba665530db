(** Losses of all scores: one score for each prediction, which is made where it is the greatest. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Above.
Open Scope R_scope.

Definition scores_problem (n m : nat) (inside : (nat -> R) -> Prop) (costs : nat -> nat -> R)
  (l : (nat -> R) -> nat -> R) : problem := {|
  Score := nat -> R;
  labels := n;
  predictions := m;
  admissible := inside;
  loss := l;
  predicts := fun s r => forall k, (k < m)%nat -> s k <= s r;
  cost := costs
|}.

(** The hypothesis sets. *)
Definition every_score (s : nat -> R) : Prop := True.
Definition box (m : nat) (B : R) (s : nat -> R) : Prop :=
  forall k, (k < m)%nat -> - B <= s k <= B.
Definition zero_sum (m : nat) (s : nat -> R) : Prop := sum m s = 0.
Definition zero_sum_box (m : nat) (B : R) (s : nat -> R) : Prop := zero_sum m s /\ box m B s.

(** T from above, by scores that predict r at a distribution where k is better by b. *)
Theorem scores_T_at_most n m (inside : (nat -> R) -> Prop) costs l p s r k b low v :
  distribution n p -> inside s -> (r < m)%nat -> (k < m)%nat ->
  (forall i, (i < m)%nat -> s i <= s r) ->
  b <= sum n (fun y => p y * costs r y) - sum n (fun y => p y * costs k y) ->
  (forall t, inside t -> low <= sum n (fun y => p y * l t y)) ->
  sum n (fun y => p y * l s y) - low <= v ->
  T_at_most (scores_problem n m inside costs l) b v.
Proof.
  intros Hp Hs Hr Hk Hpred Hb Hlow Hv.
  apply (T_at_most_by_scores (scores_problem n m inside costs l) p b low v Hp).
  - intros t Ht. apply Hlow. exact Ht.
  - intros eps He. exists s, r. split; [exact Hs|]. split; [exact Hr|]. split; [exact Hpred|].
    split.
    + unfold target_regret.
      pose proof (least_le m (fun i => expected_cost (scores_problem n m inside costs l) i p) k Hk)
        as H.
      unfold expected_cost in *. simpl in *. lra.
    + change (sum n (fun y => p y * l s y) <= low + v + eps). lra.
Qed.
