(** From above: T(b) <= v by scores whose regrets come close to v, and the least risk from below by
    tangent planes of a convex loss or by the vertices of a concave one. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions Softmax UpperSide IntegratedBound.
Open Scope R_scope.

(** A risk that is bounded below has an infimum. *)
Lemma best_in_class_from_below P p low :
  (exists s, admissible P s) -> (forall s, admissible P s -> low <= risk P s p) ->
  exists c, best_in_class_risk P p c /\ low <= c.
Proof.
  intros [s0 Hs0] Hlow.
  destruct (completeness (fun x => exists s, admissible P s /\ x = - risk P s p)) as [d [Hup Hl]].
  - exists (- low). intros x (s & Hs & ->). apply Ropp_le_contravar. now apply Hlow.
  - exists (- risk P s0 p). now exists s0.
  - exists (- d).
    assert (best_in_class_risk P p (- d)) as H.
    { split.
      - intros x (s & Hs & ->). assert (- risk P s p <= d) by (apply Hup; now exists s). lra.
      - intros e He. apply Ropp_le_cancel. rewrite Ropp_involutive. apply Hl.
        intros x (s & Hs & ->). apply Ropp_le_contravar, He. now exists s. }
    split; [assumption|]. apply (proj2 H). intros x (s & Hs & ->). now apply Hlow.
Qed.

(** T(b) <= v: at one p all scores cost low at least, and some of them that make a prediction of
    target regret b cost hardly more than low + v. *)
Theorem T_at_most_by_scores P p b low v :
  distribution (labels P) p -> (forall s, admissible P s -> low <= risk P s p) ->
  (forall eps, 0 < eps -> exists s r, admissible P s /\ (r < predictions P)%nat /\
   predicts P s r /\ b <= target_regret P r p /\ risk P s p <= low + v + eps) ->
  T_at_most P b v.
Proof.
  intros Hp Hlow Hscores w Hw.
  destruct (best_in_class_from_below P p low) as (c & Hc & Hlc); [|assumption|].
  { destruct (Hscores 1 ltac:(lra)) as (s & r & Hs & _). now exists s. }
  apply le_epsilon. intros eps He.
  destruct (Hscores eps He) as (s & r & Hs & Hr & Hpr & Hb & Hrisk).
  assert (w <= risk P s p - c) by (now apply (Hw p s r c)). lra.
Qed.

(** ---- points of the simplex as limits of scores ---- *)

Definition simplex (n : nat) (z : nat -> R) : Prop :=
  (forall y, (y < n)%nat -> 0 <= z y) /\ sum n z = 1.

(** The point z, a little towards the middle. *)
Definition mixture (n : nat) (z : nat -> R) (theta : R) (y : nat) : R :=
  z y + theta * (/ INR n - z y).

Lemma mixture_open n z theta :
  (0 < n)%nat -> simplex n z -> 0 < theta <= 1 -> open_simplex n (mixture n z theta).
Proof.
  intros Hn [Hz H1] Ht.
  assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
  assert (0 < / INR n) as Hi by (now apply Rinv_0_lt_compat).
  split.
  - intros y Hy. unfold mixture. specialize (Hz y Hy). nra.
  - unfold mixture. rewrite sum_plus, sum_scal, sum_minus, sum_const, H1. field. lra.
Qed.

Lemma mixture_order n z theta i j :
  0 <= theta <= 1 -> z i <= z j -> mixture n z theta i <= mixture n z theta j.
Proof. intros Ht H. unfold mixture. nra. Qed.

(** Where the loss is continuous at the entries that count, risks of mixtures come close. *)
Lemma mixture_risk n g p z :
  (forall y, (y < n)%nat -> p y = 0 \/ continuous g (z y)) ->
  forall eps, 0 < eps -> exists theta, 0 < theta <= 1 /\
  value_risk n g (mixture n z theta) p <= value_risk n g z p + eps.
Proof.
  intros Hg eps He.
  assert (forall m, (m <= n)%nat ->
    continuous (fun theta => sum m (fun y => p y * g (mixture n z theta y))) 0) as H.
  { induction m as [|m IH]; intro Hm; simpl; [apply continuous_const|].
    apply (continuous_plus (V := R_NormedModule)); [apply IH; lia|].
    destruct (Hg m ltac:(lia)) as [H0|Hc].
    - apply continuous_ext with (fun _ => 0); [|apply continuous_const].
      intro x. change (0 = p m * g (mixture n z x m)). rewrite H0. ring.
    - apply (continuous_mult (fun _ => p m) (fun theta => g (mixture n z theta m)));
        [apply continuous_const|].
      apply (continuous_comp (fun theta => mixture n z theta m) g).
      + unfold mixture. apply (ex_derive_continuous (fun theta => z m + theta * (/ INR n - z m))).
        auto_derive; exact I.
      + change (continuous g (mixture n z 0 m)).
        assert (mixture n z 0 m = z m) as E by (unfold mixture; ring). rewrite E. exact Hc. }
  specialize (H n (le_n n)).
  destruct (H (fun x => x < value_risk n g z p + eps)) as [d Hd].
  { exists (mkposreal eps He). intros x Hx. apply Rabs_def2 in Hx. simpl in Hx.
    unfold minus, plus, opp in Hx. simpl in Hx.
    assert (sum n (fun y => p y * g (mixture n z 0 y)) = value_risk n g z p) as E.
    { apply sum_ext. intros y _. unfold mixture. do 2 f_equal. ring. }
    rewrite E in Hx. lra. }
  exists (Rmin 1 (d / 2)). pose proof (cond_pos d) as Hd0.
  pose proof (Rmin_l 1 (d / 2)). pose proof (Rmin_r 1 (d / 2)).
  assert (0 < Rmin 1 (d / 2)) by (apply Rmin_glb_lt; lra). split; [lra|].
  left. unfold value_risk at 1. apply Hd. apply Rabs_def1; unfold minus, plus, opp; simpl; lra.
Qed.

(** The same as scores: they keep the order of z. *)
Lemma scores_near_point n g p z :
  (0 < n)%nat -> simplex n z -> (forall y, (y < n)%nat -> p y = 0 \/ continuous g (z y)) ->
  forall eps, 0 < eps -> exists s : nat -> R,
  sum n (fun y => p y * g (softmax n s y)) <= value_risk n g z p + eps /\
  (forall i j, (i < n)%nat -> (j < n)%nat -> z i <= z j -> s i <= s j).
Proof.
  intros Hn Hz Hg eps He.
  destruct (mixture_risk n g p z Hg eps He) as (theta & Ht & Hrisk).
  pose proof (mixture_open n z theta Hn Hz Ht) as HS.
  exists (fun y => ln (mixture n z theta y)). split.
  - rewrite (sum_ext n _ (fun y => p y * g (mixture n z theta y))); [exact Hrisk|].
    intros y Hy. now rewrite softmax_of_logarithms.
  - intros i j Hi Hj Hij. destruct (mixture_order n z theta i j ltac:(lra) Hij) as [H|H].
    + left. apply ln_increasing; [now apply HS|assumption].
    + right. now rewrite H.
Qed.

(** ---- the least risk from below ---- *)

(** The tangent plane at a reference, with slopes d: its shares count at least level in all. *)
Lemma tangent_plane n g p ref d level S :
  distribution n p -> (forall y, (y < n)%nat -> 0 < S y <= 1) ->
  (forall y, (y < n)%nat -> p y = 0 \/ tangent_below g (ref y) (d y)) ->
  level <= sum n (fun y => p y * d y * S y) ->
  sum n (fun y => p y * g (ref y) - p y * d y * ref y) + level <= value_risk n g S p.
Proof.
  intros [Hp _] HS Hd Hl.
  apply Rle_trans with (sum n (fun y => p y * g (ref y) - p y * d y * ref y + p y * d y * S y)).
  - rewrite sum_plus. lra.
  - apply sum_le. intros y Hy. destruct (Hd y Hy) as [H0|Ht]; [rewrite H0; lra|].
    pose proof (Ht (S y) (HS y Hy)) as K. specialize (Hp y Hy). nra.
Qed.

Lemma level_of_all n (m : nat -> R) level S :
  open_simplex n S -> (forall y, (y < n)%nat -> level <= m y) ->
  level <= sum n (fun y => m y * S y).
Proof.
  intros [HS H1] Hm. rewrite <- (Rmult_1_r level), <- H1, <- sum_scal. apply sum_le.
  intros y Hy. specialize (HS y Hy). specialize (Hm y Hy). nra.
Qed.

Theorem convex_risk_below n g p ref d level s :
  (0 < n)%nat -> distribution n p ->
  (forall y, (y < n)%nat -> p y = 0 \/ tangent_below g (ref y) (d y)) ->
  (forall y, (y < n)%nat -> level <= p y * d y) ->
  sum n (fun y => p y * g (ref y) - p y * d y * ref y) + level
  <= sum n (fun y => p y * g (softmax n s y)).
Proof.
  intros Hn Hp Hd Hl. pose proof (softmax_open_simplex n s Hn) as HS.
  apply (tangent_plane n g p ref d level (softmax n s)); auto.
  - intros y Hy. now apply (open_simplex_unit n (softmax n s) y).
  - now apply level_of_all.
Qed.

(** A concave loss costs least at a vertex. *)
Theorem concave_risk_below n g p top s :
  (0 < n)%nat -> concave_on unit_closed g -> nonincreasing_on unit_closed g ->
  distribution n p -> (forall y, (y < n)%nat -> p y <= top) ->
  top * g 1 + (1 - top) * g 0 <= sum n (fun y => p y * g (softmax n s y)).
Proof.
  intros Hn Hc Hf [Hp Hp1] Htop.
  pose proof (softmax_open_simplex n s Hn) as HS. set (S := softmax n s) in *.
  apply Rle_trans with (sum n (fun y => g 0 * p y + (g 1 - g 0) * (p y * S y))).
  - rewrite sum_plus, !sum_scal, Hp1.
    assert (sum n (fun y => p y * S y) <= top) as H.
    { rewrite <- (Rmult_1_r top), <- (proj2 HS), <- sum_scal. apply sum_le. intros y Hy.
      pose proof (proj1 HS y Hy). specialize (Htop y Hy). nra. }
    pose proof (Hf 0 1 ltac:(unfold unit_closed; lra) ltac:(unfold unit_closed; lra) ltac:(lra)).
    nra.
  - apply sum_le. intros y Hy.
    pose proof (open_simplex_unit n S y HS Hy) as U. unfold unit_open in U.
    pose proof (Hc 1 0 (S y) ltac:(unfold unit_closed; lra) ltac:(unfold unit_closed; lra)
                  ltac:(lra)) as K. simpl in K.
    replace (S y * 1 + (1 - S y) * 0) with (S y) in K by ring. specialize (Hp y Hy). nra.
Qed.

(** ---- one point, zero-one ---- *)

(** Scores near z, which has its largest entry at j: their regrets come close to R - low. *)
Theorem T_at_most_at_point n g p z i j b low v :
  distribution n p -> simplex n z -> (i < n)%nat -> (j < n)%nat ->
  (forall k, (k < n)%nat -> z k <= z j) -> b <= p i - p j ->
  (forall y, (y < n)%nat -> p y = 0 \/ continuous g (z y)) ->
  (forall s : nat -> R, low <= sum n (fun y => p y * g (softmax n s y))) ->
  value_risk n g z p - low <= v ->
  T_at_most (softmax_problem n g) b v.
Proof.
  intros Hp Hz Hi Hj Hmax Hb Hg Hlow Hv.
  apply (T_at_most_by_scores (softmax_problem n g) p b low v Hp).
  - intros s _. apply Hlow.
  - intros eps He.
    destruct (scores_near_point n g p z ltac:(lia) Hz Hg eps He) as (s & Hs & Horder).
    exists s, j. split; [exact I|]. split; [exact Hj|]. split; [|split].
    + intros k Hk. apply Horder; auto.
    + apply Rle_trans with (1 := Hb). now apply zero_one_regret_at_least.
    + change (sum n (fun y => p y * g (softmax n s y)) <= low + v + eps). lra.
Qed.

(** T(0) <= 0: nearly best scores have a target regret >= 0. *)
Theorem T_zero_at_most P p low s0 :
  distribution (labels P) p -> admissible P s0 -> (forall s, admissible P s -> low <= risk P s p) ->
  (forall s, admissible P s -> exists r, (r < predictions P)%nat /\ predicts P s r) ->
  T_at_most P 0 0.
Proof.
  intros Hp Hs0 Hlow Hpred.
  destruct (best_in_class_from_below P p low) as (c & Hc & _); [now exists s0|assumption|].
  apply (T_at_most_by_scores P p 0 c 0 Hp).
  - intros s Hs. apply (proj1 Hc). now exists s.
  - intros eps He.
    destruct (Classical_Prop.classic (exists s, admissible P s /\ risk P s p <= c + eps))
      as [(s & Hs & H)|Hno].
    + destruct (Hpred s Hs) as (r & Hr & Hpr). exists s, r. repeat split; auto; [|lra].
      apply target_regret_nonneg. exact Hr.
    + exfalso. assert (c + eps <= c); [|lra]. apply (proj2 Hc). intros x (s & Hs & ->).
      destruct (Rle_dec (risk P s p) (c + eps)) as [H|H]; [|lra].
      exfalso. apply Hno. now exists s.
Qed.

(** Some label has the greatest score. *)
Lemma softmax_predicts n g (s : Score (softmax_problem n g)) :
  (0 < n)%nat -> exists r, (r < predictions (softmax_problem n g))%nat /\
  predicts (softmax_problem n g) s r.
Proof.
  intro Hn. destruct (greatest_attained n s Hn) as (r & Hr & Hmax). exists r. split; [exact Hr|].
  exact Hmax.
Qed.
