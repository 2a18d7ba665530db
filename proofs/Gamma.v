(** Gamma, the largest target regret that a surrogate regret of e allows: the supremum of the b in
    [0, 1] with T**(b) <= e, T** the largest convex function below T.

    T**(b) <= e says that every convex function below T is at most e at b. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions IntegratedBound UpperSide Ends.
Open Scope R_scope.

Section Gamma.
Variable P : problem.

Definition below_T (psi : R -> R) : Prop :=
  convex_on (up_to 1) psi /\ forall b, up_to 1 b -> T_at_least P b (psi b).

(** T**(b) <= e. *)
Definition envelope_at_most (b e : R) : Prop := forall psi, below_T psi -> psi b <= e.

(** Gamma(e) <= v. *)
Definition Gamma_at_most (e v : R) : Prop :=
  forall b, up_to 1 b -> envelope_at_most b e -> b <= v.

Lemma Gamma_weaken e e' v v' : e <= e' -> v <= v' -> Gamma_at_most e' v -> Gamma_at_most e v'.
Proof.
  intros He Hv H b Hb Hen. apply Rle_trans with v; [|assumption]. apply H; [assumption|].
  intros psi Hpsi. apply Rle_trans with e; [|assumption]. now apply Hen.
Qed.

Lemma Gamma_trivial e v : 1 <= v -> Gamma_at_most e v.
Proof. intros Hv b [_ Hb] _. lra. Qed.

(** A line below T with a slope > 0 that is at least e at y. *)
Theorem Gamma_by_line (l : R -> R) e y v :
  (forall b, l b = l 0 + (l 1 - l 0) * b) -> (forall b, up_to 1 b -> T_at_least P b (l b)) ->
  0 < l 1 - l 0 -> e <= l y -> y <= v -> Gamma_at_most e v.
Proof.
  intros Haff HT Hslope Hy Hv b Hb Hen. apply Rle_trans with y; [|assumption].
  assert (l b <= e) as H.
  { apply Hen. split; [|assumption].
    intros x z t _ _ _. rewrite (Haff x), (Haff z), (Haff (t * x + (1 - t) * z)). right. ring. }
  rewrite Haff in H, Hy. nra.
Qed.

(** From larger e to smaller ones, at the lower end of an interval. *)
Lemma Gamma_at_lower_end (claim : R -> R) lo hi :
  lo < hi -> continuous claim lo ->
  (forall e, lo < e < hi -> Gamma_at_most e (claim e)) -> Gamma_at_most lo (claim lo).
Proof.
  intros Hlh Hc H b Hb Hen. apply (at_least_at_end claim b lo lo hi Hlh); [lra|assumption|].
  intros e He. apply (H e He b Hb). intros psi Hpsi.
  apply Rle_trans with lo; [now apply Hen|lra].
Qed.

(** Of a regret v at one b a share t of b has at most the share t of it, where T(0) <= 0. *)
Theorem Gamma_violated b v e t w :
  up_to 1 b -> 0 < t <= 1 -> T_at_most P b v -> T_at_most P 0 0 -> t * v <= e -> w < t * b ->
  ~ Gamma_at_most e w.
Proof.
  intros Hb Ht Hv H0 He Hw H. unfold up_to in Hb.
  assert (t * b <= w); [|lra]. apply H; [unfold up_to; nra|].
  intros psi [Hc Hpsi].
  pose proof (Hc b 0 t ltac:(unfold up_to; lra) ltac:(unfold up_to; lra) ltac:(lra)) as K.
  replace (t * b + (1 - t) * 0) with (t * b) in K by ring.
  pose proof (Hv (psi b) (Hpsi b Hb)) as K1.
  pose proof (H0 (psi 0) (Hpsi 0 ltac:(unfold up_to; lra))) as K0. nra.
Qed.

End Gamma.

(** What Gamma says of a hypothesis on finitely many inputs, as in IntegratedBound: its expected
    target regret is at most Gamma of its expected surrogate regret. *)
Theorem bound_by_Gamma P K w p best h r v :
  distribution K w -> (forall k, (k < K)%nat -> distribution (labels P) (p k)) ->
  (forall k, (k < K)%nat -> best_in_class_risk P (p k) (best k)) ->
  (forall k, (k < K)%nat -> admissible P (h k)) ->
  (forall k, (k < K)%nat -> (r k < predictions P)%nat /\ predicts P (h k) (r k)) ->
  (forall k, (k < K)%nat -> target_regret P (r k) (p k) <= 1) ->
  Gamma_at_most P (expected_surrogate_regret P K w p best h) v ->
  expected_target_regret P K w p r <= v.
Proof.
  intros Hw Hp Hbest Hh Hr H1 H. apply H.
  - destruct Hw as [Hw0 Hw1]. split.
    + apply sum_nonneg. intros k Hk. apply Rmult_le_pos; [auto|].
      apply target_regret_nonneg. now apply Hr.
    + apply Rle_trans with (sum K (fun k => 1 * w k)).
      * apply sum_le. intros k Hk. rewrite Rmult_comm. apply Rmult_le_compat_r; auto.
      * rewrite sum_scal, Hw1. lra.
  - intros psi [Hc HT]. now apply (integrated_bound P K w p best Hw Hp Hbest h r Hh Hr psi 1).
Qed.
