(** From points to expectations: the H-consistency bound.

    Inputs x_0, ..., x_(K-1) have weights w and label distributions p_k; a hypothesis h gives each
    input a score h_k and a prediction r_k that the score may make. If psi is convex and a target
    regret of b costs a surrogate regret of psi(b) at least, then by Jensen

      psi(E target regret) <= E surrogate regret = R(h) - R* + (R* - E C* ),

    where R* is the least risk of the hypothesis set on all inputs and R* - E C* its minimizability
    gap. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions.
Open Scope R_scope.

(** The target regrets that may occur: psi is convex on them. *)
Definition up_to (B x : R) : Prop := 0 <= x <= B.

Lemma up_to_interval B : interval_set (up_to B).
Proof. unfold interval_set, up_to. intros. lra. Qed.

(** Lines below are enough: their supremum is convex. *)
Lemma supremum_of_lines_convex B (lines : R -> R -> Prop) psi :
  (forall x, up_to B x -> is_lub (fun y => exists a c, lines a c /\ y = a * x + c) (psi x)) ->
  convex_on (up_to B) psi.
Proof.
  intros H x y t Hx Hy Ht.
  assert (up_to B (t * x + (1 - t) * y)) as Hz by (unfold up_to in *; nra).
  apply (proj2 (H _ Hz)). intros s (a & c & Hl & ->).
  assert (a * x + c <= psi x) by (apply (proj1 (H x Hx)); now exists a, c).
  assert (a * y + c <= psi y) by (apply (proj1 (H y Hy)); now exists a, c).
  nra.
Qed.

Lemma target_regret_nonneg P r p : (r < predictions P)%nat -> 0 <= target_regret P r p.
Proof.
  intro Hr. unfold target_regret.
  pose proof (least_le (predictions P) (fun k => expected_cost P k p) r Hr). simpl in *. lra.
Qed.

Section Bound.
Variables (P : problem) (K : nat) (w : nat -> R) (p : nat -> nat -> R) (best : nat -> R).
Hypothesis Hw : distribution K w.
Hypothesis Hp : forall k, (k < K)%nat -> distribution (labels P) (p k).
Hypothesis Hbest : forall k, (k < K)%nat -> best_in_class_risk P (p k) (best k).

(** A hypothesis and the predictions it makes. *)
Variables (h : nat -> Score P) (r : nat -> nat).
Hypothesis Hh : forall k, (k < K)%nat -> admissible P (h k).
Hypothesis Hr : forall k, (k < K)%nat -> (r k < predictions P)%nat /\ predicts P (h k) (r k).

Definition expected_target_regret : R := sum K (fun k => w k * target_regret P (r k) (p k)).
Definition expected_surrogate_regret : R := sum K (fun k => w k * (risk P (h k) (p k) - best k)).
Definition surrogate_risk : R := sum K (fun k => w k * risk P (h k) (p k)).
Definition expected_best_risk : R := sum K (fun k => w k * best k).

Variables (psi : R -> R) (B : R).
Hypothesis Hpsi : convex_on (up_to B) psi.
Hypothesis Hrange : forall k, (k < K)%nat -> target_regret P (r k) (p k) <= B.
(** psi lies below T. *)
Hypothesis HT : forall b, up_to B b -> T_at_least P b (psi b).

Theorem integrated_bound : psi expected_target_regret <= expected_surrogate_regret.
Proof.
  destruct Hw as [Hw0 Hw1]. unfold expected_target_regret, expected_surrogate_regret.
  assert (forall k, (k < K)%nat -> up_to B (target_regret P (r k) (p k))) as Hup.
  { intros k Hk. split; [apply target_regret_nonneg; now apply Hr|auto]. }
  destruct (jensen (up_to B) psi K w (fun k => target_regret P (r k) (p k))
              (up_to_interval B) Hpsi Hw0 Hup Hw1) as [_ HJ].
  apply Rle_trans with (1 := HJ). apply sum_le. intros k Hk. apply Rmult_le_compat_l; [auto|].
  destruct (Hr k Hk) as [Hrk Hpred].
  apply (HT _ (Hup k Hk) (p k) (h k) (r k) (best k)); auto. lra.
Qed.

(** With the minimizability gap of any least risk Rstar. *)
Theorem bound_with_gap Rstar :
  psi expected_target_regret <= (surrogate_risk - Rstar) + (Rstar - expected_best_risk).
Proof.
  pose proof integrated_bound as H. unfold expected_surrogate_regret in H.
  rewrite (sum_ext K _ (fun k => w k * risk P (h k) (p k) - w k * best k)) in H by (intros; ring).
  rewrite sum_minus in H. unfold surrogate_risk, expected_best_risk. lra.
Qed.

End Bound.
