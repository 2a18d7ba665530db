(** The margin lemma: two labels, the loss phi(f) of the margin, scores |f| <= B or all of R.

    Label 0 stands for +1 and label 1 for -1; at f = 0 both are predicted. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions.
Open Scope R_scope.

(** [inside] is the set of admissible scores. *)
Definition margin_problem (inside : R -> Prop) (phi : R -> R) : problem := {|
  Score := R;
  labels := 2;
  predictions := 2;
  admissible := inside;
  loss := fun f y => match y with O => phi f | _ => phi (- f) end;
  predicts := fun f r => match r with O => 0 <= f | _ => f <= 0 end;
  cost := zero_one
|}.

Definition bounded_scores (B f : R) : Prop := Rabs f <= B.
Definition all_scores (f : R) : Prop := True.

Definition margin_risk (phi : R -> R) (b u : R) : R :=
  (1 + b) / 2 * phi u + (1 - b) / 2 * phi (- u).

Section Margin.
Variables (inside : R -> Prop) (phi : R -> R) (c d : R).
Hypothesis Hsymmetric : forall f, inside f -> inside (- f).
(** The even part of the loss is at least c, and the loss of a label that is not predicted d. *)
Hypothesis Heven : forall u, inside u -> 0 <= u -> c <= (phi u + phi (- u)) / 2.
Hypothesis Hworse : forall u, inside u -> 0 <= u -> d <= phi (- u).

(** At b = 0 the bound of a competitor is at most 0. *)
Lemma margin_zero u : inside u -> c - margin_risk phi 0 u <= 0.
Proof.
  intro Hu. unfold margin_risk. destruct (Rle_dec 0 u) as [Hs|Hs].
  - pose proof (Heven u Hu Hs). lra.
  - pose proof (Heven (- u) (Hsymmetric u Hu) ltac:(lra)) as K. rewrite Ropp_involutive in K. lra.
Qed.

(** The regret at q = p_0 - p_1 >= b with a score f <= 0, by any competitor u. *)
Lemma margin_regret b q f u :
  0 <= b <= q -> q <= 1 -> inside f -> f <= 0 -> inside u ->
  (1 - b) * c + b * d - margin_risk phi b u
    <= Rmax 0 (margin_risk phi q f - margin_risk phi q u).
Proof.
  intros Hb Hq Hf Hf0 Hu.
  pose proof (Heven (- f) (Hsymmetric f Hf) ltac:(lra)) as E. rewrite Ropp_involutive in E.
  pose proof (Hworse (- f) (Hsymmetric f Hf) ltac:(lra)) as W. rewrite Ropp_involutive in W.
  assert ((1 - q) * c + q * d <= margin_risk phi q f) as Hrisk.
  { unfold margin_risk.
    replace ((1 + q) / 2 * phi f + (1 - q) / 2 * phi (- f))
      with ((1 - q) * ((phi (- f) + phi f) / 2) + q * phi f) by field.
    apply Rplus_le_compat; apply Rmult_le_compat_l; lra. }
  pose proof (margin_zero u Hu) as H0.
  set (L := fun x => (1 - x) * c + x * d - margin_risk phi x u).
  assert (L b <= Rmax 0 (L q)) as HL.
  { destruct (Req_dec q 0) as [->|Hq0].
    - assert (b = 0) as -> by lra. apply Rmax_r.
    - assert (q * L b = (q - b) * L 0 + b * L q) as Haff by (unfold L, margin_risk; field).
      assert (L 0 <= 0) by (unfold L; lra).
      destruct (Rle_dec (L q) 0).
      + apply Rle_trans with 0; [|apply Rmax_l]. nra.
      + apply Rle_trans with (L q); [|apply Rmax_r]. nra. }
  apply Rle_trans with (Rmax 0 (L q)); [exact HL|].
  apply Rle_max_compat_l. unfold L. lra.
Qed.

Theorem margin_lemma b v :
  0 <= b ->
  (forall eps, 0 < eps ->
   exists u, inside u /\ v - eps <= (1 - b) * c + b * d - margin_risk phi b u) ->
  T_at_least (margin_problem inside phi) b v.
Proof.
  intros Hb Hv p f r C Hp Hf Hr Hpr Hreg HC.
  apply (regret_from_competitors (margin_problem inside phi) f p C v HC). intros eps He.
  destruct (Hv eps He) as (u & Hu & Huv).
  destruct Hp as [Hp0 Hp1]. simpl in f, Hf, Hr, Hpr, Hp0, Hp1.
  pose proof (Hp0 O ltac:(lia)) as P0. pose proof (Hp0 1%nat ltac:(lia)) as P1.
  assert (forall h, risk (margin_problem inside phi) h p
                    = p O * phi h + p 1%nat * phi (- h)) as Er
    by (intro h; unfold risk; simpl; ring).
  assert (target_regret (margin_problem inside phi) r p
          = p 1%nat * (if Nat.eqb r 1 then 0 else 1) + p O * (if Nat.eqb r 0 then 0 else 1)
            - Rmin (p 1%nat) (p O)) as Et.
  { unfold target_regret, expected_cost. simpl.
    destruct r as [|[|]]; [| |lia]; unfold zero_one; simpl;
      rewrite (Rmin_left _ _ (Rle_refl _)); unfold Rmin;
      repeat match goal with |- context [Rle_dec ?x ?y] => destruct (Rle_dec x y) end; lra. }
  rewrite Et in Hreg.
  destruct (Req_dec b 0) as [->|Hb0].
  { pose proof (margin_zero u Hu). exists f. split; [assumption|]. lra. }
  assert (exists f' q u', inside f' /\ f' <= 0 /\ b <= q <= 1 /\ inside u' /\
          (u' = u \/ u' = - u) /\
          margin_risk phi q f' = risk (margin_problem inside phi) f p /\
          margin_risk phi q u = risk (margin_problem inside phi) u' p)
    as (f' & q & u' & Hf' & Hf0 & Hq & Hu' & _ & Erf & Eru).
  { destruct r as [|[|]]; [| |lia]; simpl in Hreg, Hpr.
    - (* label 0 predicted: by symmetry *)
      exists (- f), (p 1%nat - p O), (- u). repeat split; auto; try lra.
      + revert Hreg. unfold Rmin. destruct Rle_dec; lra.
      + rewrite Er. unfold margin_risk. rewrite Ropp_involutive.
        replace ((1 + (p 1%nat - p O)) / 2) with (p 1%nat) by lra.
        replace ((1 - (p 1%nat - p O)) / 2) with (p O) by lra. ring.
      + rewrite Er. unfold margin_risk. rewrite Ropp_involutive.
        replace ((1 + (p 1%nat - p O)) / 2) with (p 1%nat) by lra.
        replace ((1 - (p 1%nat - p O)) / 2) with (p O) by lra. ring.
    - exists f, (p O - p 1%nat), u. repeat split; auto; try lra.
      + revert Hreg. unfold Rmin. destruct Rle_dec; lra.
      + rewrite Er. unfold margin_risk.
        replace ((1 + (p O - p 1%nat)) / 2) with (p O) by lra.
        replace ((1 - (p O - p 1%nat)) / 2) with (p 1%nat) by lra. ring.
      + rewrite Er. unfold margin_risk.
        replace ((1 + (p O - p 1%nat)) / 2) with (p O) by lra.
        replace ((1 - (p O - p 1%nat)) / 2) with (p 1%nat) by lra. ring. }
  pose proof (margin_regret b q f' u ltac:(lra) ltac:(lra) Hf' Hf0 Hu) as K.
  rewrite Erf, Eru in K.
  unfold Rmax in K. destruct Rle_dec as [Hle|Hgt] in K.
  - exists u'. split; [assumption|]. lra.
  - exists f. split; [assumption|]. lra.
Qed.

(** With a score as witness. *)
Corollary margin_witness b v u :
  0 <= b -> inside u -> v <= (1 - b) * c + b * d - margin_risk phi b u ->
  T_at_least (margin_problem inside phi) b v.
Proof. intros Hb Hu Hv. apply margin_lemma; auto. intros eps He. exists u. split; [auto|lra]. Qed.

End Margin.
