(** The minimizability gap of a finite distribution of inputs: the infimum of the mean risk over
    functions of the input, less the mean of the infima.

    Inputs x_0, ..., x_(K-1) have weights w and label distributions p_k. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax Above.
Open Scope R_scope.

Section Gaps.
Variables (P : problem) (K : nat) (w : nat -> R) (p : nat -> nat -> R).

Definition mean_label (y : nat) : R := sum K (fun k => w k * p k y).
Definition mean_risk (h : nat -> Score P) : R := sum K (fun k => w k * risk P (h k) (p k)).

(** The functions: one score for all inputs, or any score for each. *)
Definition constant_scores (h : nat -> Score P) : Prop :=
  exists s, admissible P s /\ forall k, (k < K)%nat -> h k = s.
Definition all_functions (h : nat -> Score P) : Prop :=
  forall k, (k < K)%nat -> admissible P (h k).

Definition least_mean_risk (members : (nat -> Score P) -> Prop) (c : R) : Prop :=
  infimum (fun x => exists h, members h /\ x = mean_risk h) c.

Definition is_gap (members : (nat -> Score P) -> Prop) (g : R) : Prop :=
  exists c best, least_mean_risk members c /\
  (forall k, (k < K)%nat -> best_in_class_risk P (p k) (best k)) /\
  g = c - sum K (fun k => w k * best k).

(** All infima are finite, and the gap is at most v. *)
Definition gap_at_most members (v : R) : Prop := exists g, is_gap members g /\ g <= v.

(** The infimum of the mean risk is finite; where all infima are, the gap is at least v. *)
Definition gap_at_least members (v : R) : Prop :=
  (exists c, least_mean_risk members c) /\ forall g, is_gap members g -> v <= g.

Hypothesis Hw : distribution K w.
Hypothesis Hp : forall k, (k < K)%nat -> distribution (labels P) (p k).

Lemma mean_label_distribution : distribution (labels P) mean_label.
Proof.
  destruct Hw as [Hw0 Hw1]. split.
  - intros y Hy. apply sum_nonneg. intros k Hk. apply Rmult_le_pos; [auto|]. now apply Hp.
  - unfold mean_label. rewrite sum_swap.
    rewrite (sum_ext K _ w); [assumption|]. intros k Hk.
    rewrite sum_scal, (proj2 (Hp k Hk)). ring.
Qed.

Lemma risk_of_the_mean s : risk P s mean_label = sum K (fun k => w k * risk P s (p k)).
Proof.
  unfold risk, mean_label.
  rewrite (sum_ext K _ (fun k => sum (labels P) (fun y => w k * (p k y * loss P s y))))
    by (intros; now rewrite <- sum_scal).
  rewrite sum_swap. apply sum_ext. intros y _.
  rewrite Rmult_comm, <- sum_scal. apply sum_ext. intros. ring.
Qed.

Lemma mean_risk_of_constant h s :
  (forall k, (k < K)%nat -> h k = s) -> mean_risk h = risk P s mean_label.
Proof.
  intro H. rewrite risk_of_the_mean. apply sum_ext. intros k Hk. now rewrite H.
Qed.

Lemma constant_least c : least_mean_risk constant_scores c <-> best_in_class_risk P mean_label c.
Proof.
  unfold least_mean_risk, best_in_class_risk, infimum.
  assert (forall x, (exists h, constant_scores h /\ x = mean_risk h) <->
                    (exists s, admissible P s /\ x = risk P s mean_label)) as E.
  { intro x. split.
    - intros (h & (s & Hs & Hh) & ->). exists s. split; [assumption|].
      now apply mean_risk_of_constant.
    - intros (s & Hs & ->). exists (fun _ => s). split; [now exists s|].
      symmetry. now apply mean_risk_of_constant. }
  split; intros [H1 H2]; (split; [intros x Hx; apply H1; now apply E|]);
    intros d Hd; apply H2; intros x Hx; apply Hd; now apply E.
Qed.

Lemma bests (low : nat -> R) :
  (exists s, admissible P s) ->
  (forall k s, (k < K)%nat -> admissible P s -> low k <= risk P s (p k)) ->
  exists best, forall k, (k < K)%nat -> best_in_class_risk P (p k) (best k) /\ low k <= best k.
Proof.
  intros Hs Hlow. clear Hw Hp. induction K as [|m IH]; [exists (fun _ => 0); lia|].
  destruct IH as (best & Hbest); [intros; apply Hlow; auto with arith|].
  destruct (best_in_class_from_below P (p m) (low m) Hs) as (c & Hc); [auto with arith|].
  exists (update best m c). intros k Hk.
  destruct (Nat.eq_dec k m) as [->|Hne]; [now rewrite update_same|].
  rewrite update_other by assumption. apply Hbest. lia.
Qed.

Lemma weighted_le f g : (forall k, (k < K)%nat -> f k <= g k) ->
  sum K (fun k => w k * f k) <= sum K (fun k => w k * g k).
Proof.
  intro H. apply sum_le. intros k Hk. apply Rmult_le_compat_l; [now apply Hw|auto].
Qed.

Theorem constant_gap_at_most (high : R) (low : nat -> R) v :
  (exists s, admissible P s) ->
  (forall eps, 0 < eps -> exists s, admissible P s /\ risk P s mean_label <= high + eps) ->
  (forall k s, (k < K)%nat -> admissible P s -> low k <= risk P s (p k)) ->
  high - sum K (fun k => w k * low k) <= v -> gap_at_most constant_scores v.
Proof.
  intros Hs Hhigh Hlow Hv.
  destruct (bests low Hs Hlow) as (best & Hbest).
  destruct (best_in_class_from_below P mean_label (sum K (fun k => w k * low k)) Hs)
    as (c & Hc & _).
  { intros s Ha. rewrite risk_of_the_mean. apply weighted_le. intros k Hk. now apply Hlow. }
  exists (c - sum K (fun k => w k * best k)). split.
  - exists c, best. split; [now apply constant_least|]. split; [|reflexivity].
    intros k Hk. now apply Hbest.
  - assert (c <= high).
    { apply le_epsilon. intros eps He. destruct (Hhigh eps He) as (s & Ha & Hr).
      apply Rle_trans with (2 := Hr). apply (proj1 Hc). now exists s. }
    assert (sum K (fun k => w k * low k) <= sum K (fun k => w k * best k))
      by (apply weighted_le; intros k Hk; now apply Hbest).
    lra.
Qed.

Theorem constant_gap_at_least (low : R) (high : nat -> R) v :
  (exists s, admissible P s) ->
  (forall s, admissible P s -> low <= risk P s mean_label) ->
  (forall k eps, (k < K)%nat -> 0 < eps ->
   exists s, admissible P s /\ risk P s (p k) <= high k + eps) ->
  v <= low - sum K (fun k => w k * high k) -> gap_at_least constant_scores v.
Proof.
  intros Hs Hlow Hhigh Hv. split.
  - destruct (best_in_class_from_below P mean_label low Hs Hlow) as (c & Hc & _).
    exists c. now apply constant_least.
  - intros g (c & best & Hc & Hbest & ->). apply constant_least in Hc.
    assert (low <= c).
    { apply (proj2 Hc). intros x (s & Ha & ->). now apply Hlow. }
    assert (sum K (fun k => w k * best k) <= sum K (fun k => w k * high k)).
    { apply weighted_le. intros k Hk. apply le_epsilon. intros eps He.
      destruct (Hhigh k eps Hk He) as (s & Ha & Hr). apply Rle_trans with (2 := Hr).
      apply (proj1 (Hbest k Hk)). now exists s. }
    lra.
Qed.

(** Over all functions the gap is 0. *)
Lemma all_least best :
  (exists s, admissible P s) ->
  (forall k, (k < K)%nat -> best_in_class_risk P (p k) (best k)) ->
  least_mean_risk all_functions (sum K (fun k => w k * best k)).
Proof.
  intros [s0 Hs0] Hbest. split.
  - intros x (h & Hh & ->). apply weighted_le. intros k Hk. apply (proj1 (Hbest k Hk)).
    exists (h k). split; [now apply Hh|reflexivity].
  - intros d Hd. apply le_epsilon. intros eps He.
    assert (exists h, all_functions h /\
            forall k, (k < K)%nat -> risk P (h k) (p k) <= best k + eps) as (h & Hh & Hr).
    { clear Hd Hw Hp. unfold all_functions. revert Hbest. generalize K. intro m.
      induction m as [|m IH]; intro Hbest.
      - exists (fun _ => s0). split; lia.
      - destruct IH as (h & Hh & Hr); [auto with arith|].
        destruct (Classical_Prop.classic
                    (exists s, admissible P s /\ risk P s (p m) <= best m + eps))
          as [(s & Ha & Hs)|Hno].
        + exists (fun k => if Nat.eqb k m then s else h k). split; intros k Hk;
            destruct (Nat.eqb_spec k m) as [->|Hne]; auto; [apply Hh|apply Hr]; lia.
        + exfalso. assert (best m + eps <= best m); [|lra].
          apply (proj2 (Hbest m ltac:(lia))). intros x (s & Ha & ->).
          destruct (Rle_dec (risk P s (p m)) (best m + eps)) as [H|H]; [|lra].
          exfalso. apply Hno. now exists s. }
    apply Rle_trans with (mean_risk h); [apply Hd; now exists h|].
    apply Rle_trans with (sum K (fun k => w k * (best k + eps))).
    + apply weighted_le. exact Hr.
    + rewrite (sum_ext K _ (fun k => w k * best k + eps * w k)) by (intros; ring).
      rewrite sum_plus, sum_scal, (proj2 Hw). lra.
Qed.

Theorem all_gap_is_zero (low : nat -> R) :
  (exists s, admissible P s) ->
  (forall k s, (k < K)%nat -> admissible P s -> low k <= risk P s (p k)) ->
  is_gap all_functions 0.
Proof.
  intros Hs Hlow. destruct (bests low Hs Hlow) as (best & Hbest).
  exists (sum K (fun k => w k * best k)), best.
  assert (forall k, (k < K)%nat -> best_in_class_risk P (p k) (best k)) as Hb
    by (intros k Hk; now apply Hbest).
  split; [now apply all_least|]. split; [assumption|ring].
Qed.

Theorem all_gap_at_most (low : nat -> R) v :
  (exists s, admissible P s) ->
  (forall k s, (k < K)%nat -> admissible P s -> low k <= risk P s (p k)) ->
  0 <= v -> gap_at_most all_functions v.
Proof. intros Hs Hlow Hv. exists 0. split; [now apply (all_gap_is_zero low)|assumption]. Qed.

(** Infima are unique, so every gap of all functions is 0. *)
Theorem all_gap_at_least (low : nat -> R) v :
  (exists s, admissible P s) ->
  (forall k s, (k < K)%nat -> admissible P s -> low k <= risk P s (p k)) ->
  v <= 0 -> gap_at_least all_functions v.
Proof.
  intros Hs Hlow Hv. split.
  - destruct (all_gap_is_zero low Hs Hlow) as (c & _ & Hc & _). now exists c.
  - intros g (c & best & Hc & Hbest & ->).
    pose proof (all_least best Hs Hbest) as [Ha Hb]. destruct Hc as [Hc1 Hc2].
    assert (sum K (fun k => w k * best k) <= c) by (apply Hc2; exact Ha). lra.
Qed.

End Gaps.
