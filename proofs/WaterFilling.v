(** Water filling: lift the labels of a set A to a level c and cut all others at it,

      fill A a c = (c on A, min(a_y, c) elsewhere),

    and choose c such that the sum stays the same. With A = {j} this is the pool of a distribution
    (the labels above c are its pool); with A = the pool it makes a tie of a point of the simplex.
    *)

From Coq Require Import Reals Lra Lia Arith Ranalysis.
From Hconsist Require Import Sums.
Open Scope R_scope.

Definition fill (A : nat -> bool) (a : nat -> R) (c : R) (y : nat) : R :=
  if A y then c else Rmin (a y) c.

Lemma Rmin_formula x y : Rmin x y = (x + y - Rabs (x - y)) / 2.
Proof. unfold Rmin. destruct Rle_dec; unfold Rabs; destruct Rcase_abs; lra. Qed.

Lemma continuity_fill_sum n A a : continuity (fun c => sum n (fun y => fill A a c y)).
Proof.
  induction n as [|n IH].
  - apply continuity_const. intros x y. reflexivity.
  - intro x. change (continuity_pt ((fun c => sum n (fun y => fill A a c y)) + (fun c => fill A a c
    n))%F x).
    apply continuity_pt_plus; [apply IH|].
    unfold fill. destruct (A n).
    + apply derivable_continuous_pt, derivable_pt_id.
    + apply (continuity_pt_locally_ext
               (fun c => (a n + c - Rabs (a n - c)) / 2) (fun c => Rmin (a n) c) 1 x); [lra| |].
      { intros y _. symmetry. apply Rmin_formula. }
      unfold Rdiv. apply continuity_pt_mult; [|apply continuity_pt_const; intros u v; reflexivity].
      apply continuity_pt_minus.
      * apply continuity_pt_plus; [apply continuity_pt_const; intros u v; reflexivity|].
        apply derivable_continuous_pt, derivable_pt_id.
      * apply (continuity_pt_comp (fun c => a n - c) Rabs).
        -- apply continuity_pt_minus; [apply continuity_pt_const; intros u v; reflexivity|].
           apply derivable_continuous_pt, derivable_pt_id.
        -- apply Rcontinuity_abs.
Qed.

(** The level exists, for entries >= 0 of positive sum, and is positive. *)
Lemma water_level n A a j :
  (j < n)%nat -> A j = true -> (forall y, (y < n)%nat -> 0 <= a y) -> 0 < sum n a ->
  exists c, 0 < c <= sum n a /\ sum n (fill A a c) = sum n a.
Proof.
  intros Hj HA Ha Hs.
  assert (sum n (fill A a 0) = 0) as H0.
  { transitivity (sum n (fun _ => 0)); [|apply sum_zero]. apply sum_ext. intros y Hy. unfold fill.
    destruct (A y); [reflexivity|]. apply Rmin_right. auto. }
  assert (sum n a <= sum n (fill A a (sum n a))) as H1.
  { apply Rle_trans with (fill A a (sum n a) j); [unfold fill; rewrite HA; lra|].
    apply sum_member; [|assumption]. intros y Hy. unfold fill.
    destruct (A y); [lra|]. apply Rmin_glb; [auto|lra]. }
  destruct (IVT_cor (fun c => sum n (fun y => fill A a c y) - sum n a) 0 (sum n a))
    as (c & Hc & Ec).
  - intro x. apply (continuity_pt_minus (fun c => sum n (fun y => fill A a c y)) (fun _ => sum n
    a));
      [apply continuity_fill_sum|apply continuity_pt_const; intros u v; reflexivity].
  - lra.
  - change (sum n (fun y => fill A a 0 y)) with (sum n (fill A a 0)).
    change (sum n (fun y => fill A a (sum n a) y)) with (sum n (fill A a (sum n a))).
    rewrite H0. nra.
  - change (sum n (fun y => fill A a c y)) with (sum n (fill A a c)) in Ec.
    exists c. split; [|lra]. split; [|lra].
    destruct (proj1 Hc) as [H|<-]; [assumption|]. rewrite H0 in Ec. lra.
Qed.
