(** Powers with rational exponents and logarithms, as formulas of certificates use them. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(** x^e, 0 for x <= 0 (for x = 0 and e > 0 this is the value; others are not used). *)
Definition rpow (x e : R) : R := if Rle_dec x 0 then 0 else exp (e * ln x).

(** x log x, and 0 at 0. *)
Definition xlogx (x : R) : R := if Rle_dec x 0 then 0 else x * ln x.

Lemma rpow_exp x e : 0 < x -> rpow x e = exp (e * ln x).
Proof. intro H. unfold rpow. destruct (Rle_dec x 0); [lra|reflexivity]. Qed.

Lemma rpow_positive x e : 0 < x -> 0 < rpow x e.
Proof. intro H. rewrite rpow_exp by assumption. apply exp_pos. Qed.

Lemma rpow_zero e : rpow 0 e = 0.
Proof. unfold rpow. destruct (Rle_dec 0 0); [reflexivity|lra]. Qed.

Lemma xlogx_product x : 0 < x -> xlogx x = x * ln x.
Proof. intro H. unfold xlogx. destruct (Rle_dec x 0); [lra|reflexivity]. Qed.

Lemma xlogx_zero : xlogx 0 = 0.
Proof. unfold xlogx. destruct (Rle_dec 0 0); [reflexivity|lra]. Qed.

Lemma ln_pow_nat x k : 0 < x -> ln (x ^ k) = INR k * ln x.
Proof.
  intro H. induction k as [|k IH]; [simpl; rewrite ln_1; ring|].
  simpl pow. rewrite ln_mult, IH, S_INR by auto using pow_lt. ring.
Qed.

Lemma exp_nat k y : exp (INR k * y) = exp y ^ k.
Proof.
  induction k as [|k IH]; [simpl; rewrite Rmult_0_l; apply exp_0|].
  rewrite S_INR, Rmult_plus_distr_r, Rmult_1_l, exp_plus, IH. simpl. ring.
Qed.

(** The D-th root. *)
Lemma rpow_root x D : 0 < x -> (0 < D)%nat -> rpow x (/ INR D) ^ D = x.
Proof.
  intros H HD. rewrite rpow_exp by assumption. rewrite <- exp_nat.
  assert (INR D <> 0) by (apply not_0_INR; lia).
  replace (INR D * (/ INR D * ln x)) with (ln x) by (field; assumption). now apply exp_ln.
Qed.

(** A power is what its D-th power says: z^D = x^P gives x^(P/D) = z. *)
Lemma rpow_is x e P D z :
  0 < x -> 0 < z -> (0 < D)%nat -> e = INR P / INR D -> z ^ D = x ^ P -> rpow x e = z.
Proof.
  intros Hx Hz HD -> E. rewrite rpow_exp by assumption.
  assert (INR D <> 0) by (apply not_0_INR; lia).
  apply (f_equal ln) in E. rewrite !ln_pow_nat in E by assumption.
  replace (INR P / INR D * ln x) with (ln z); [now apply exp_ln|].
  apply Rmult_eq_reg_l with (INR D); [|assumption]. rewrite E. field. assumption.
Qed.

Lemma rpow_is_inverse x e P D z :
  0 < x -> 0 < z -> (0 < D)%nat -> e = - (INR P / INR D) -> z ^ D * x ^ P = 1 -> rpow x e = z.
Proof.
  intros Hx Hz HD -> E. rewrite rpow_exp by assumption.
  assert (INR D <> 0) by (apply not_0_INR; lia).
  apply (f_equal ln) in E.
  rewrite ln_mult, !ln_pow_nat, ln_1 in E by auto using pow_lt.
  replace (- (INR P / INR D) * ln x) with (ln z); [now apply exp_ln|].
  apply Rmult_eq_reg_l with (INR D); [|assumption].
  replace (INR D * (- (INR P / INR D) * ln x)) with (- (INR P * ln x)) by (field; assumption). lra.
Qed.

(** Continuity, for formulas that reach 0. *)
Lemma continuous_rpow e x : 0 < e -> continuous (fun y => rpow y e) x.
Proof.
  intro He. destruct (Rtotal_order x 0) as [H|[->|H]].
  - apply continuous_ext_loc with (fun _ => 0); [|apply continuous_const].
    exists (mkposreal (- x) ltac:(lra)). intros y Hy. unfold rpow.
    destruct (Rle_dec y 0); [reflexivity|]. apply Rabs_def2 in Hy. simpl in Hy.
    unfold minus, plus, opp in Hy. simpl in Hy. lra.
  - intros P HP. rewrite rpow_zero in HP. destruct HP as [eps HP].
    (* |rpow y e| < eps for y < exp (ln eps / e) *)
    exists (mkposreal (exp (ln eps / e)) (exp_pos _)). intros y Hy. apply HP.
    apply Rabs_def2 in Hy. simpl in Hy. unfold minus, plus, opp in Hy. simpl in Hy.
    unfold ball. simpl. unfold AbsRing_ball, abs, minus, plus, opp. simpl.
    unfold rpow. destruct (Rle_dec y 0).
    + rewrite Rplus_opp_r, Rabs_R0. apply cond_pos.
    + rewrite Ropp_0, Rplus_0_r, Rabs_right by (apply Rle_ge; left; apply exp_pos).
      rewrite <- (exp_ln eps) by apply cond_pos. apply exp_increasing.
      assert (ln y < ln eps / e) as K.
      { rewrite <- (ln_exp (ln eps / e)). apply ln_increasing; lra. }
      apply Rmult_lt_compat_l with (r := e) in K; [|assumption].
      replace (e * (ln eps / e)) with (ln eps) in K by (field; lra). exact K.
  - apply continuous_ext_loc with (fun y => exp (e * ln y)).
    + exists (mkposreal x H). intros y Hy. apply Rabs_def2 in Hy. simpl in Hy.
      unfold minus, plus, opp in Hy. simpl in Hy. symmetry. apply rpow_exp. lra.
    + apply (ex_derive_continuous (fun y => exp (e * ln y))). auto_derive. lra.
Qed.

Lemma is_derive_rpow e x : 0 < x -> is_derive (fun y => rpow y e) x (e * rpow x (e - 1)).
Proof.
  intro H. apply is_derive_ext_loc with (fun y => exp (e * ln y)).
  - exists (mkposreal x H). intros y Hy. apply Rabs_def2 in Hy. simpl in Hy.
    unfold minus, plus, opp in Hy. simpl in Hy. symmetry. apply rpow_exp. lra.
  - rewrite rpow_exp by assumption. auto_derive; [lra|].
    replace ((e - 1) * ln x) with (e * ln x + - ln x) by ring.
    rewrite exp_plus, exp_Ropp, exp_ln by assumption. field. lra.
Qed.

Lemma continuous_xlogx x : continuous xlogx x.
Proof.
  destruct (Rtotal_order x 0) as [H|[->|H]].
  - apply continuous_ext_loc with (fun _ => 0); [|apply continuous_const].
    exists (mkposreal (- x) ltac:(lra)). intros y Hy. unfold xlogx.
    destruct (Rle_dec y 0); [reflexivity|]. apply Rabs_def2 in Hy. simpl in Hy.
    unfold minus, plus, opp in Hy. simpl in Hy. lra.
  - (* y |ln y| <= 2 sqrt y, as ln (1/sqrt y) <= 1/sqrt y: squeezed by the continuity of rpow *)
    intros P HP. rewrite xlogx_zero in HP. destruct HP as [eps HP].
    pose proof (continuous_rpow (1 / 2) 0 ltac:(lra)) as Hc.
    destruct (Hc (fun z => Rabs z < eps / 2)) as [d Hd].
    { rewrite rpow_zero. exists (mkposreal (eps / 2) ltac:(destruct eps; simpl; lra)).
      intros z Hz. unfold ball in Hz. simpl in Hz. unfold AbsRing_ball, abs, minus, plus, opp in Hz.
      simpl in Hz. now rewrite Ropp_0, Rplus_0_r in Hz. }
    exists (mkposreal (Rmin d 1) ltac:(destruct d; simpl; apply Rmin_glb_lt; lra)).
    intros y Hy. apply HP. unfold ball in *. simpl in *.
    unfold AbsRing_ball, abs, minus, plus, opp in *. simpl in *.
    rewrite Ropp_0, Rplus_0_r in *.
    assert (Rabs y < d) as Hyd by (apply Rlt_le_trans with (1 := Hy); apply Rmin_l).
    assert (Rabs y < 1) as Hy1 by (apply Rlt_le_trans with (1 := Hy); apply Rmin_r).
    unfold xlogx. destruct (Rle_dec y 0) as [Hn|Hp]; [rewrite Rabs_R0; apply cond_pos|].
    assert (0 < y) as Hy0 by lra.
    specialize (Hd y ltac:(rewrite Rplus_0_r; exact Hyd)).
    rewrite Rabs_right in Hd by (apply Rle_ge; left; now apply rpow_positive).
    set (r := rpow y (1 / 2)) in *.
    assert (0 < r) as Hr by (now apply rpow_positive).
    assert (r ^ 2 = y) as Er.
    { unfold r. replace (1 / 2) with (/ INR 2)
      by (simpl; field). apply rpow_root; [assumption|lia]. }
    rewrite Rabs_right in Hy1 by lra.
    assert (ln y < 0) as Hl by (rewrite <- ln_1; apply ln_increasing; lra).
    rewrite Rabs_mult, (Rabs_right y), (Rabs_left (ln y)) by lra.
    assert (- ln y <= 2 * / r) as Hln.
    { rewrite <- Er, ln_pow_nat by assumption. simpl INR.
      assert (ln (/ r) <= / r - 1) as K.
      { pose proof (exp_ineq1_le (ln (/ r))) as K. rewrite exp_ln in K
        by (now apply Rinv_0_lt_compat). lra. }
      rewrite ln_Rinv in K by assumption. lra. }
    apply Rle_lt_trans with (r ^ 2 * (2 * / r)).
    + rewrite <- Er at 1. apply Rmult_le_compat_l; [apply pow_le; lra|assumption].
    + replace (r ^ 2 * (2 * / r)) with (2 * r) by (field; lra). lra.
  - apply continuous_ext_loc with (fun y => y * ln y).
    + exists (mkposreal x H). intros y Hy. apply Rabs_def2 in Hy. simpl in Hy.
      unfold minus, plus, opp in Hy. simpl in Hy. symmetry. apply xlogx_product. lra.
    + apply (ex_derive_continuous (fun y => y * ln y)). auto_derive. lra.
Qed.
