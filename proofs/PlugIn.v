(** General targets: cross-entropy, and predictions made from the forecast q = softmax(s).

    Score s may predict r where q lies in Q_r, that is sum_y q_y (L(r,y) - L(k,y)) <= 0 for every k.
    If rational lam >= 0, t > 0 and mu >= 0 satisfy, for every label y,

      exp(lam d_y) <= t + sum_k mu_k (L(r,y) - L(k,y)),    d_y = L(r,y) - L(r*,y),

    then KL(p; q) >= lam b - ln t whenever q is in Q_r and <p, d> >= b (Gibbs' inequality). *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax.
Open Scope R_scope.

Lemma ln_le_minus_one x : 0 < x -> ln x <= x - 1.
Proof. intro H. pose proof (exp_ineq1_le (ln x)) as K. rewrite exp_ln in K by assumption. lra. Qed.

(** The risk of log loss at q, and the entropy; ln 0 has a weight 0 only. *)
Definition cross_entropy (n : nat) (q p : nat -> R) : R := sum n (fun y => p y * - ln (q y)).
Definition relative_entropy (n : nat) (p q : nat -> R) : R :=
  cross_entropy n q p - cross_entropy n p p.

(** Gibbs' variational inequality, for any function e of the labels. *)
Lemma gibbs n p q (e : nat -> R) t :
  distribution n p -> open_simplex n q -> 0 < t ->
  sum n (fun y => q y * exp (e y)) <= t ->
  sum n (fun y => p y * e y) - ln t <= relative_entropy n p q.
Proof.
  intros [Hp Hp1] [Hq _] Ht Hsum.
  assert (sum n (fun y => p y * (e y - ln t) + p y * ln (q y) + p y * - ln (p y)) <= 0) as H.
  { apply Rle_trans with (sum n (fun y => / t * (q y * exp (e y)) - p y)).
    - apply sum_le. intros y Hy.
      pose proof (exp_pos (e y)) as He. pose proof (Hq y Hy) as Hqy.
      assert (0 < / t) as Hit by (now apply Rinv_0_lt_compat).
      assert (0 < q y * exp (e y)) as Hqe by (now apply Rmult_lt_0_compat).
      destruct (Hp y Hy) as [Hpos|<-].
      + set (x := / t * (q y * exp (e y)) * / p y).
        assert (0 < / p y) as Hip by (now apply Rinv_0_lt_compat).
        assert (0 < / t * (q y * exp (e y))) as Hz by (now apply Rmult_lt_0_compat).
        assert (ln x = e y - ln t + ln (q y) - ln (p y)) as Ex.
        { unfold x. rewrite !ln_mult, !ln_Rinv, ln_exp by assumption. ring. }
        pose proof (ln_le_minus_one x ltac:(now apply Rmult_lt_0_compat)) as Hl.
        rewrite Ex in Hl.
        apply Rmult_le_compat_l with (r := p y) in Hl; [|lra].
        replace (p y * (x - 1)) with (/ t * (q y * exp (e y)) - p y) in Hl
          by (unfold x; field; lra).
        lra.
      + rewrite !Rmult_0_l. assert (0 < / t * (q y * exp (e y)))
        by (now apply Rmult_lt_0_compat). lra.
    - rewrite sum_minus, sum_scal, Hp1.
      apply Rmult_le_compat_l with (r := / t) in Hsum; [|left; now apply Rinv_0_lt_compat].
      rewrite Rinv_l in Hsum by lra. lra. }
  rewrite !sum_plus in H.
  rewrite (sum_ext n (fun y => p y * (e y - ln t)) (fun y => p y * e y - ln t * p y)) in H
    by (intros; ring).
  rewrite sum_minus, sum_scal, Hp1 in H.
  unfold relative_entropy, cross_entropy.
  rewrite (sum_ext n (fun y => p y * - ln (q y)) (fun y => -1 * (p y * ln (q y))))
    by (intros; ring).
  rewrite sum_scal. lra.
Qed.

(** The problem: a finite cost matrix L with m predictions, scores in R^n. *)
Definition in_region (n m : nat) (L : nat -> nat -> R) (q : nat -> R) (r : nat) : Prop :=
  forall k, (k < m)%nat -> sum n (fun y => q y * (L r y - L k y)) <= 0.

Definition plug_in_problem (n m : nat) (L : nat -> nat -> R) : problem := {|
  Score := nat -> R;
  labels := n;
  predictions := m;
  admissible := fun _ => True;
  loss := fun s y => - ln (softmax n s y);
  predicts := fun s r => in_region n m L (softmax n s) r;
  cost := L
|}.

Section Certificate.
Variables (n m : nat) (L : nat -> nat -> R).
Hypothesis Hn : (0 < n)%nat.
Hypothesis Hm : (0 < m)%nat.

(** The n inequalities of a certificate for the prediction r against the prediction k. *)
Definition pair_certificate (r k : nat) (lam t : R) (mu : nat -> R) : Prop :=
  0 <= lam /\ 0 < t /\ (forall i, (i < m)%nat -> 0 <= mu i) /\
  forall y, (y < n)%nat ->
  exp (lam * (L r y - L k y)) <= t + sum m (fun i => mu i * (L r y - L i y)).

Lemma pair_bound r k lam t mu p q b :
  pair_certificate r k lam t mu -> distribution n p -> open_simplex n q -> in_region n m L q r ->
  b <= sum n (fun y => p y * (L r y - L k y)) ->
  lam * b - ln t <= relative_entropy n p q.
Proof.
  intros (Hlam & Ht & Hmu & Hexp) Hp Hq Hr Hb.
  apply Rle_trans with (sum n (fun y => p y * (lam * (L r y - L k y))) - ln t).
  - rewrite (sum_ext n _ (fun y => lam * (p y * (L r y - L k y)))) by (intros; ring).
    rewrite sum_scal. apply Rmult_le_compat_l with (r := lam) in Hb; lra.
  - apply gibbs; auto.
    apply Rle_trans with
      (sum n (fun y => t * q y + sum m (fun i => mu i * (q y * (L r y - L i y))))).
    + apply sum_le. intros y Hy. destruct Hq as [Hq _].
      specialize (Hexp y Hy). specialize (Hq y Hy).
      apply Rmult_le_compat_l with (r := q y) in Hexp; [|lra].
      rewrite Rmult_plus_distr_l, <- sum_scal in Hexp.
      rewrite (sum_ext m _ (fun i => q y * (mu i * (L r y - L i y)))) by (intros; ring). lra.
    + rewrite sum_plus, sum_scal, (proj2 Hq), sum_swap.
      assert (sum m (fun i => sum n (fun y => mu i * (q y * (L r y - L i y)))) <= 0) as H; [|lra].
      rewrite <- (sum_zero m). apply sum_le. intros i Hi. rewrite sum_scal.
      specialize (Hmu i Hi). specialize (Hr i Hi). nra.
Qed.

(** C* is at most the entropy. *)
Lemma best_at_most_entropy p c :
  distribution n p -> best_in_class_risk (plug_in_problem n m L) p c -> c <= cross_entropy n p p.
Proof.
  intros [Hp Hp1] [Hlow _]. apply le_epsilon. intros eps He.
  set (theta := exp (- eps)).
  assert (0 < theta < 1) as Ht.
  { unfold theta. split; [apply exp_pos|]. rewrite <- exp_0. apply exp_increasing. lra. }
  assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
  assert (0 < / INR n) as Hin by (now apply Rinv_0_lt_compat).
  set (q := fun y => theta * p y + (1 - theta) * / INR n).
  assert (open_simplex n q) as Hq.
  { split.
    - intros y Hy. unfold q. assert (0 < (1 - theta) * / INR n) by (apply Rmult_lt_0_compat; lra).
      specialize (Hp y Hy). nra.
    - unfold q. rewrite sum_plus, sum_scal, sum_const, Hp1. field. lra. }
  apply Rle_trans with (cross_entropy n q p).
  - apply Hlow. exists (fun y => ln (q y)). split; [exact I|].
    unfold risk, cross_entropy. simpl. apply sum_ext. intros y Hy.
    now rewrite softmax_of_logarithms.
  - unfold cross_entropy.
    apply Rle_trans with (sum n (fun y => p y * - ln (p y) + eps * p y)).
    + apply sum_le. intros y Hy. destruct (Hp y Hy) as [Hpos|<-]; [|lra].
      assert (ln (theta * p y) <= ln (q y)) as H.
      { assert (0 < (1 - theta) * / INR n) by (apply Rmult_lt_0_compat; lra).
        left. apply ln_increasing; unfold q; [apply Rmult_lt_0_compat|]; lra. }
      rewrite ln_mult in H by lra. unfold theta in H. rewrite ln_exp in H. nra.
    + rewrite sum_plus, sum_scal, Hp1. lra.
Qed.

(** Certificates for all pairs (r, k) whose target regret can reach b: T(b) is at least the least of
    their values. A pair with max_y d_y < b needs none. *)
Theorem plug_in_certificate b v :
  (forall r k, (r < m)%nat -> (k < m)%nat ->
   (forall y, (y < n)%nat -> L r y - L k y < b) \/
   exists lam t mu, pair_certificate r k lam t mu /\ v <= lam * b - ln t) ->
  T_at_least (plug_in_problem n m L) b v.
Proof.
  intros Hcert p s r c Hp _ Hr Hpred Hb Hc. simpl in Hp, Hr, Hpred.
  destruct (target_regret_against (plug_in_problem n m L) r p b Hm Hb) as (k & Hk & Hreg).
  unfold expected_cost in Hreg. simpl in Hk, Hreg.
  rewrite <- sum_minus in Hreg.
  rewrite (sum_ext n _ (fun y => p y * (L r y - L k y))) in Hreg by (intros; ring).
  pose proof (best_at_most_entropy p c Hp Hc) as Hent.
  change (risk (plug_in_problem n m L) s p) with (cross_entropy n (softmax n s) p).
  destruct (Hcert r k Hr Hk) as [Hno|(lam & t & mu & Hpc & Hv)].
  - exfalso. destruct Hp as [Hp Hp1].
    assert (sum n (fun y => p y * (L r y - L k y)) < b) as H; [|lra].
    destruct (greatest_attained n (fun y => L r y - L k y) Hn) as (i & Hi & Hmax).
    apply Rle_lt_trans with (L r i - L k i); [|auto].
    rewrite <- (Rmult_1_r (L r i - L k i)), <- Hp1, <- sum_scal.
    apply sum_le. intros y Hy. rewrite Rmult_comm.
    apply Rmult_le_compat_r; [auto|]. now apply Hmax.
  - pose proof (pair_bound r k lam t mu p (softmax n s) b Hpc Hp
                  (softmax_open_simplex n s Hn) Hpred Hreg) as H.
    unfold relative_entropy in H. lra.
Qed.

End Certificate.
