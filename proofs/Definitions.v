(** The objects of the theory, for n labels 0, ..., n - 1 and m predictions 0, ..., m - 1.

    A *problem* is a set of admissible scores, a loss l(s, y), the predictions that a score may make
    (several at a tie: ties to the worst), and a cost matrix L(r, y). All statements about the
    transformation T are statements about these definitions and about nothing else. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums.
Open Scope R_scope.

Definition distribution (n : nat) (p : nat -> R) : Prop :=
  (forall y, (y < n)%nat -> 0 <= p y) /\ sum n p = 1.

(** c is the infimum of the set E. *)
Definition infimum (E : R -> Prop) (c : R) : Prop :=
  (forall x, E x -> c <= x) /\ (forall d, (forall x, E x -> d <= x) -> d <= c).

Record problem := Problem {
  Score : Type;
  labels : nat;                                (* n *)
  predictions : nat;                           (* m *)
  admissible : Score -> Prop;                  (* the hypothesis set at a point *)
  loss : Score -> nat -> R;                    (* l(s, y) *)
  predicts : Score -> nat -> Prop;             (* s may predict r *)
  cost : nat -> nat -> R                       (* L(r, y) *)
}.

Section Regrets.
Variable P : problem.

(** Conditional risk C(s, p) of a score, and its infimum C*(p) over the admissible ones. *)
Definition risk (s : Score P) (p : nat -> R) : R := sum (labels P) (fun y => p y * loss P s y).

Definition best_in_class_risk (p : nat -> R) (c : R) : Prop :=
  infimum (fun r => exists s, admissible P s /\ r = risk s p) c.

(** Expected cost of a prediction, and its excess over the least one. *)
Definition expected_cost (r : nat) (p : nat -> R) : R := sum (labels P) (fun y => p y * cost P r y).

Definition target_regret (r : nat) (p : nat -> R) : R :=
  expected_cost r p - least (predictions P) (fun k => expected_cost k p).

(** T(b) >= v: a target regret of at least b costs a surrogate regret of at least v. *)
Definition T_at_least (b v : R) : Prop :=
  forall p s r c,
  distribution (labels P) p -> admissible P s -> (r < predictions P)%nat -> predicts P s r ->
  b <= target_regret r p -> best_in_class_risk p c ->
  v <= risk s p - c.

(** T(b), where some score reaches a target regret of b: the infimum of the surrogate regrets. *)
Definition surrogate_regrets (b : R) (x : R) : Prop :=
  exists p s r c,
  distribution (labels P) p /\ admissible P s /\ (r < predictions P)%nat /\ predicts P s r /\
  b <= target_regret r p /\ best_in_class_risk p c /\ x = risk s p - c.

Definition is_T (b t : R) : Prop := infimum (surrogate_regrets b) t.

(** T(b) <= v: no number above v bounds the surrogate regrets from below. *)
Definition T_at_most (b v : R) : Prop := forall w, T_at_least b w -> w <= v.

Lemma T_at_least_spec b t v : is_T b t -> (T_at_least b v <-> v <= t).
Proof.
  intros [Hlow Hgreat]. split.
  - intro H. apply Hgreat. intros x (p & s & r & c & Hp & Hs & Hr & Hpr & Hb & Hc & ->).
    now apply (H p s r c).
  - intros Hv p s r c Hp Hs Hr Hpr Hb Hc.
    apply Rle_trans with t; [assumption|]. apply Hlow. now exists p, s, r, c.
Qed.

Lemma T_at_most_spec b t v : is_T b t -> (T_at_most b v <-> t <= v).
Proof.
  intro Ht. split.
  - intro H. apply H. apply (T_at_least_spec b t t Ht). lra.
  - intros Hv w Hw. apply (T_at_least_spec b t w Ht) in Hw. lra.
Qed.

(** T does not decrease. *)
Lemma T_monotone b b' v : b <= b' -> T_at_least b v -> T_at_least b' v.
Proof. intros Hb H p s r c Hp Hs Hr Hpr Hb' Hc. apply (H p s r c); auto; lra. Qed.

Lemma T_weaken b v w : w <= v -> T_at_least b v -> T_at_least b w.
Proof.
  intros Hw H p s r c Hp Hs Hr Hpr Hb Hc.
  apply Rle_trans with v; [assumption|]. now apply (H p s r c).
Qed.

(** C* exists where the loss is bounded below: the theorems are not about an empty set. *)
Lemma best_in_class_exists p k :
  distribution (labels P) p -> (exists s, admissible P s) ->
  (forall s y, admissible P s -> (y < labels P)%nat -> k <= loss P s y) ->
  exists c, best_in_class_risk p c.
Proof.
  intros [Hp H1] [s0 Hs0] Hk.
  destruct (completeness (fun x => exists s, admissible P s /\ x = - risk s p)) as [d [Hup Hleast]].
  - exists (- k). intros x (s & Hs & ->). apply Ropp_le_contravar.
    replace k with (sum (labels P) (fun y => p y * k)).
    + apply sum_le. intros y Hy. apply Rmult_le_compat_l; auto.
    + rewrite (sum_ext _ _ (fun y => k * p y)) by (intros; ring). rewrite sum_scal, H1. ring.
  - exists (- risk s0 p). now exists s0.
  - exists (- d). split.
    + intros x (s & Hs & ->). assert (- risk s p <= d) by (apply Hup; now exists s). lra.
    + intros e He. apply Ropp_le_cancel. rewrite Ropp_involutive. apply Hleast.
      intros x (s & Hs & ->). apply Ropp_le_contravar, He. now exists s.
Qed.

(** What bounds a surrogate regret below: for every eps a score that costs v - eps less. *)
Lemma regret_from_competitors s p c v :
  best_in_class_risk p c ->
  (forall eps, 0 < eps -> exists s', admissible P s' /\ v - eps <= risk s p - risk s' p) ->
  v <= risk s p - c.
Proof.
  intros [Hlow _] H. apply le_epsilon. intros eps He.
  destruct (H eps He) as (s' & Ha & Hv).
  assert (c <= risk s' p) by (apply Hlow; now exists s'). lra.
Qed.

(** A target regret of at least b is one against some single prediction. *)
Lemma target_regret_against r p b :
  (0 < predictions P)%nat -> b <= target_regret r p ->
  exists k, (k < predictions P)%nat /\ b <= expected_cost r p - expected_cost k p.
Proof.
  unfold target_regret. intros Hm Hb.
  destruct (least_attained (predictions P) (fun k => expected_cost k p) Hm) as (k & Hk & He).
  exists k. split; [assumption|]. now rewrite <- He.
Qed.

End Regrets.

(** The zero-one cost: the target regret is p_max - p_j. *)
Definition zero_one (r y : nat) : R := if Nat.eqb r y then 0 else 1.

Lemma zero_one_expected n p r :
  distribution n p -> (r < n)%nat -> sum n (fun y => p y * zero_one r y) = 1 - p r.
Proof.
  intros [_ H1] Hr.
  rewrite (sum_ext n _ (update p r 0)).
  - rewrite sum_update, H1 by assumption. ring.
  - intros y _. unfold zero_one, update. rewrite Nat.eqb_sym.
  destruct (Nat.eqb_spec y r); subst; ring.
Qed.
