(** What exported certificates use: continuity of formulas, node by node; atoms of normal forms; and
    derivatives of formulas that agree on an open interval. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Powers.
Open Scope R_scope.

Section Continuity.
Variables (f g : R -> R) (x : R).
Hypothesis Hf : continuous f x.
Hypothesis Hg : continuous g x.

Lemma cont_add : continuous (fun y => f y + g y) x.
Proof. exact (continuous_plus (V := R_NormedModule) f g x Hf Hg). Qed.

Lemma cont_mul : continuous (fun y => f y * g y) x.
Proof. exact (continuous_mult f g x Hf Hg). Qed.

Lemma cont_rpow e : 0 < e -> continuous (fun y => rpow (f y) e) x.
Proof. intro He. apply (continuous_comp f (fun z => rpow z e)); [exact Hf|].
now apply continuous_rpow. Qed.

Lemma cont_rpow_positive e : 0 < f x -> continuous (fun y => rpow (f y) e) x.
Proof.
  intro H. apply (continuous_comp f (fun z => rpow z e)); [exact Hf|].
  apply (ex_derive_continuous (fun z => rpow z e)).
  exists (e * rpow (f x) (e - 1)). now apply is_derive_rpow.
Qed.

Lemma cont_xlogx : continuous (fun y => xlogx (f y)) x.
Proof. apply (continuous_comp f xlogx); [exact Hf|]. apply continuous_xlogx. Qed.

Lemma cont_ln : 0 < f x -> continuous (fun y => ln (f y)) x.
Proof.
  intro H. apply (continuous_comp f ln); [exact Hf|].
  apply (ex_derive_continuous ln). auto_derive. exact H.
Qed.

Lemma cont_exp : continuous (fun y => exp (f y)) x.
Proof.
  apply (continuous_comp f exp); [exact Hf|]. apply (ex_derive_continuous exp). auto_derive.
  exact I.
Qed.

Lemma cont_inv : f x <> 0 -> continuous (fun y => / f y) x.
Proof.
  intro H. apply (continuous_comp f Rinv); [exact Hf|].
  apply (ex_derive_continuous Rinv). auto_derive. exact H.
Qed.

Lemma cont_pow k : continuous (fun y => f y ^ k) x.
Proof.
  apply (continuous_comp f (fun z => z ^ k)); [exact Hf|].
  apply (ex_derive_continuous (fun z => z ^ k)). auto_derive. exact I.
Qed.

Lemma cont_max : continuous (fun y => Rmax (f y) (g y)) x.
Proof.
  apply continuous_ext with (fun y => (f y + g y + Rabs (f y - g y)) * / 2).
  - intro y. unfold Rmax. destruct Rle_dec; unfold Rabs; destruct Rcase_abs; lra.
  - apply (continuous_mult (fun y => f y + g y + Rabs (f y - g y)) (fun _ => / 2));
      [|apply continuous_const].
    apply (continuous_plus (V := R_NormedModule)); [exact cont_add|].
    apply (continuous_comp (fun y => f y - g y) Rabs); [|apply continuous_Rabs].
    exact (continuous_minus (V := R_NormedModule) f g x Hf Hg).
Qed.

End Continuity.

Lemma cont_const (c x : R) : continuous (fun _ : R => c) x.
Proof. apply continuous_const. Qed.

Lemma cont_id (x : R) : continuous (fun y : R => y) x.
Proof. apply continuous_id. Qed.

(** A formula has the derivative of one that agrees with it on an open interval. *)
Lemma derive_agrees (f h : R -> R) (a b x d : R) :
  a < x < b -> (forall y, a < y < b -> f y = h y) -> is_derive h x d -> is_derive f x d.
Proof.
  intros Hx H Hd. apply is_derive_ext_loc with h; [|exact Hd].
  exists (mkposreal (Rmin (x - a) (b - x)) ltac:(apply Rmin_glb_lt; lra)). intros y Hy.
  apply Rabs_def2 in Hy. simpl in Hy. unfold minus, plus, opp in Hy. simpl in Hy.
  pose proof (Rmin_l (x - a) (b - x)). pose proof (Rmin_r (x - a) (b - x)).
  symmetry. apply H. lra.
Qed.

(** Atoms: a root, a logarithm and an exponential, known by what they satisfy. *)
Lemma root_atom y D :
  0 < y -> (0 < D)%nat -> exists a, 0 < a /\ a ^ D = y /\ ln a = / INR D * ln y.
Proof.
  intros H HD. exists (rpow y (/ INR D)). split; [now apply rpow_positive|].
  split; [now apply rpow_root|]. rewrite rpow_exp by assumption. apply ln_exp.
Qed.

Lemma exp_atom y : exists a, 0 < a /\ ln a = y.
Proof. exists (exp y). split; [apply exp_pos|apply ln_exp]. Qed.

(** With numbers around it. *)
Lemma exp_atom_near y lo hi :
  lo <= exp y <= hi -> exists a, 0 < a /\ ln a = y /\ lo <= a <= hi.
Proof. intro H. exists (exp y). split; [apply exp_pos|]. split; [apply ln_exp|exact H]. Qed.

Lemma log_atom y : exists l, ln y = l.
Proof. now exists (ln y). Qed.

Lemma exp_is y z : 0 < z -> ln z = y -> exp y = z.
Proof. intros Hz <-. now apply exp_ln. Qed.

Lemma ln_quotient x y : 0 < x -> 0 < y -> ln (x / y) = ln x - ln y.
Proof. intros Hx Hy. unfold Rdiv. rewrite ln_mult, ln_Rinv by auto using Rinv_0_lt_compat. ring.
Qed.

(** Factors of scaling losses, over t in [a, 1]. *)
Lemma rpow_increasing a t e : 0 < a <= t -> 0 <= e -> rpow a e <= rpow t e.
Proof.
  intros [Ha [H| ->]] He; [|lra]. rewrite !rpow_exp by lra.
  assert (ln a < ln t) by (apply ln_increasing; lra).
  destruct He as [He| <-]; [|rewrite !Rmult_0_l; lra].
  left. apply exp_increasing. nra.
Qed.

Lemma rpow_at_least_one t e : 0 < t <= 1 -> e <= 0 -> 1 <= rpow t e.
Proof.
  intros Ht He. rewrite rpow_exp by lra. rewrite <- exp_0 at 1.
  assert (ln t <= 0) as H.
  { destruct (proj2 Ht) as [H| ->]; [|rewrite ln_1; lra].
    left. rewrite <- ln_1. apply ln_increasing; lra. }
  destruct (Req_dec (e * ln t) 0) as [E|E]; [rewrite E; lra|]. left. apply exp_increasing. nra.
Qed.

(** Positive quantities, term by term. *)
Ltac pos :=
  repeat first
    [ assumption | lra | apply exp_pos | apply rpow_positive | apply pow_lt
    | apply Rinv_0_lt_compat | apply Rdiv_lt_0_compat | apply Rmult_lt_0_compat
    | apply Rplus_lt_0_compat ].

Ltac nonzero := repeat split; apply Rgt_not_eq; unfold Rgt; pos.
