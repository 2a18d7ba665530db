(** Margin losses from above: the regret of one score at one distribution. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Margin Above.
Open Scope R_scope.

Section Points.
Variables (inside : R -> Prop) (phi : R -> R) (b v low : R).
Hypothesis Hb : 0 <= b <= 1.
Hypothesis Hv : inside v.
Hypothesis Hlow : forall f, inside f -> low <= margin_risk phi b f.

Let p (y : nat) : R := match y with O => (1 + b) / 2 | _ => (1 - b) / 2 end.

Lemma point_distribution : distribution 2 p.
Proof. split; [intros [|y] _; unfold p; lra|unfold p; simpl; field]. Qed.

Lemma point_risk f : risk (margin_problem inside phi) f p = margin_risk phi b f.
Proof. unfold risk, margin_risk, p. simpl. field. Qed.

Theorem margin_T_at_most w :
  v <= 0 -> margin_risk phi b v - low <= w -> T_at_most (margin_problem inside phi) b w.
Proof.
  intros Hneg Hw.
  apply (T_at_most_by_scores (margin_problem inside phi) p b low w point_distribution).
  - intros s Hs. rewrite point_risk. now apply Hlow.
  - intros eps He. exists v, 1%nat. split; [exact Hv|]. split; [simpl; lia|].
    split; [exact Hneg|]. split; [|rewrite point_risk; lra].
    unfold target_regret, expected_cost, p. simpl. unfold zero_one. simpl.
    rewrite (Rmin_left _ _ (Rle_refl _)). unfold Rmin. destruct Rle_dec; lra.
Qed.

Theorem margin_T_zero : T_at_most (margin_problem inside phi) 0 0.
Proof.
  apply (T_zero_at_most (margin_problem inside phi) p low v point_distribution).
  - exact Hv.
  - intros s Hs. rewrite point_risk. now apply Hlow.
  - intros s _. destruct (Rle_dec 0 s) as [H|H].
    + exists O. split; [simpl; lia|exact H].
    + exists 1%nat. split; [simpl; lia|]. simpl. lra.
Qed.

End Points.
