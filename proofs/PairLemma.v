(** The pair lemma, and what follows for losses that scale.

    docs/theory.md proves it from the pooling lemma. Here is a shorter way: no pool is needed, nor
    an optimum. Let j have the greatest softmax value and p_i - p_j >= b. Some z lies between S_i
    and S_j, in [1/n, 1/2]. Moving h <= z from j to i costs no less at (S_i, S_j) than at the tie
    (z, z), as g is convex; so the regret is at least p_i (g(z) - g(z + h)) + p_j (g(z) - g(z - h)),
    and with t = 2z this is the bracket of the lemma. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax.
Open Scope R_scope.

(** The bracket g(z) - (1 + b)/2 g(z + h) - (1 - b)/2 g(z - h) of the pair lemma. *)
Definition bracket (g : R -> R) (b z h : R) : R :=
  g z - (1 + b) / 2 * g (z + h) - (1 - b) / 2 * g (z - h).

Section Pair.
Variables (n : nat) (g : R -> R).
Hypothesis Hn : (2 <= n)%nat.
Hypothesis Hconvex : convex_on unit_open g.
Hypothesis Hfalls : nonincreasing_on unit_open g.

Lemma bracket_nonpositive_at_zero z h :
  unit_open z -> unit_open (z + h) -> unit_open (z - h) -> bracket g 0 z h <= 0.
Proof.
  intros Hz H1 H2. unfold bracket.
  pose proof (Hconvex (z + h) (z - h) (1 / 2) H1 H2 ltac:(lra)) as H.
  replace (1 / 2 * (z + h) + (1 - 1 / 2) * (z - h)) with z in H by field. lra.
Qed.

(** Moving less than all of the tied share. *)
Lemma pair_step p S i j b :
  distribution n p -> open_simplex n S -> (i < n)%nat -> (j < n)%nat ->
  (forall k, (k < n)%nat -> S k <= S j) -> 0 <= b <= p i - p j ->
  exists z, / INR n <= z <= 1 / 2 /\
  forall h, 0 <= h < z ->
  exists S', open_simplex n S' /\ bracket g b z h <= value_risk n g S p - value_risk n g S' p.
Proof.
  intros Hp HS Hi Hj Hmax Hb.
  assert (2 <= INR n) as Hn2 by (change 2 with (INR 2); now apply le_INR).
  assert (/ INR n <= 1 / 2) as Hinv.
  { replace (1 / 2) with (/ 2) by field. apply Rinv_le_contravar; lra. }
  pose proof (greatest_entry n S j HS Hj Hmax) as Hsj.
  assert (/ INR n <= S j) as Hsj'.
  { apply Rmult_le_reg_l with (INR n); [lra|]. rewrite Rinv_r; lra. }
  assert (0 < / INR n) as Hpos by (apply Rinv_0_lt_compat; lra).
  destruct (Nat.eq_dec i j) as [->|Hij].
  - (* the predicted label is a best one: b = 0, and no move is needed *)
    exists (/ INR n). split; [lra|]. intros h Hh. exists S. split; [assumption|].
    assert (b = 0) as -> by lra. rewrite Rminus_diag_eq by reflexivity.
    apply bracket_nonpositive_at_zero; unfold unit_open; lra.
  - pose proof (open_simplex_unit n S i HS Hi) as [Hxi _].
    pose proof (open_simplex_pair n S i j HS Hi Hj Hij) as Hxy.
    pose proof (Hmax i Hi) as Hle.
    destruct Hp as [Hp Hp1].
    assert (p i + p j <= 1) as Hpp by (rewrite <- Hp1; now apply sum_pair).
    pose proof (Hp i Hi) as Hpi. pose proof (Hp j Hj) as Hpj.
    exists (Rmin (S j) (1 / 2)).
    assert (S i <= Rmin (S j) (1 / 2) <= S j /\ / INR n <= Rmin (S j) (1 / 2) <= 1 / 2) as [Hz Hzn].
    { repeat split; try apply Rmin_l; try apply Rmin_r; apply Rmin_glb; lra. }
    set (z := Rmin (S j) (1 / 2)) in *. clearbody z. split; [assumption|].
    intros h Hh. exists (update (update S i (S i + h)) j (S j - h)). split.
    + split.
      * intros y Hy. unfold update.
        destruct (Nat.eqb y j); [lra|]. destruct (Nat.eqb y i); [lra|now apply HS].
      * rewrite !sum_update, update_other by auto. destruct HS as [_ ->]. lra.
    + unfold value_risk. rewrite sum_two_entries by assumption. unfold bracket.
      pose proof (convex_steps unit_open g (S i) z h Hconvex ltac:(unfold unit_open; lra)
                    ltac:(unfold unit_open; lra) ltac:(lra) ltac:(lra)) as Hup.
      pose proof (convex_steps unit_open g (z - h) (S j - h) h Hconvex ltac:(unfold unit_open; lra)
                    ltac:(unfold unit_open; lra) ltac:(lra) ltac:(lra)) as Hdown.
      replace (z - h + h) with z in Hdown by ring.
      replace (S j - h + h) with (S j) in Hdown by ring.
      assert (unit_open z /\ unit_open (z + h) /\ unit_open (z - h)) as (U0 & U1 & U2)
        by (unfold unit_open; lra).
      pose proof (bracket_nonpositive_at_zero z h U0 U1 U2) as Ha. unfold bracket in Ha.
      pose proof (Hfalls (z - h) (z + h) U2 U1 ltac:(lra)) as Hd.
      set (A := g z - g (z + h)) in *. set (B := g z - g (z - h)).
      assert (p i * A + p j * B <= p i * (g (S i) - g (S i + h)) + p j * (g (S j) - g (S j - h)))
        as H1.
      { apply Rplus_le_compat; apply Rmult_le_compat_l; subst A B; lra. }
      assert ((1 + b) / 2 * A + (1 - b) / 2 * B <= p i * A + p j * B) as H2.
      { assert (A + B <= 0) by (unfold A, B; lra). assert (0 <= A - B) by (unfold A, B; lra).
        replace (p i * A + p j * B)
          with ((p i + p j) / 2 * (A + B) + (p i - p j) / 2 * (A - B)) by field. nra. }
      unfold A, B in *. lra.
Qed.

(** Moving all of it, in the limit: where b = 1, or g is convex up to 0. *)
Lemma pair_limit p S i j b :
  distribution n p -> open_simplex n S -> (i < n)%nat -> (j < n)%nat ->
  (forall k, (k < n)%nat -> S k <= S j) -> 0 <= b <= p i - p j -> b <= 1 ->
  exists z, / INR n <= z <= 1 / 2 /\
  forall h, 0 <= h <= z -> (h < z \/ b = 1 \/ convex_on unit_closed g) ->
  forall eps, 0 < eps ->
  exists S', open_simplex n S' /\ bracket g b z h - eps <= value_risk n g S p - value_risk n g S' p.
Proof.
  intros Hp HS Hi Hj Hmax Hb Hb1.
  destruct (pair_step p S i j b Hp HS Hi Hj Hmax Hb) as (z & Hz & Hstep).
  exists z. split; [assumption|]. intros h Hh Hcase eps He.
  assert (0 < / INR n) as Hpos by (apply Rinv_0_lt_compat; apply lt_0_INR; lia).
  destruct (Rle_dec (bracket g b z h) eps) as [Hsmall|Hbig].
  { exists S. split; [assumption|]. lra. }
  set (theta := 1 - eps / bracket g b z h).
  assert (0 < eps / bracket g b z h < 1) as Hq.
  { split; [apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]|].
    apply Rmult_lt_reg_r with (bracket g b z h); [lra|].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  destruct (Hstep (theta * h) ltac:(unfold theta; nra)) as (S' & HS' & Hv).
  exists S'. split; [assumption|].
  apply Rle_trans with (bracket g b z (theta * h)); [|assumption].
  replace (bracket g b z h - eps) with (theta * bracket g b z h) by (unfold theta; field; lra).
  pose proof (convex_part unit_open g z (z + h) theta Hconvex ltac:(unfold unit_open; lra)
                ltac:(unfold unit_open; lra) ltac:(unfold theta; lra)) as Hup.
  replace (z + h - z) with h in Hup by ring.
  assert ((1 - b) / 2 * g (z - theta * h) <= (1 - b) / 2 * (g z + theta * (g (z - h) - g z)))
    as Hdown.
  { destruct Hcase as [Hlt|[->|Hclosed]].
    - apply Rmult_le_compat_l; [lra|].
      replace (z - theta * h) with (z + theta * (z - h - z)) by ring.
      apply convex_part with unit_open; unfold unit_open, theta; auto; lra.
    - right. field.
    - apply Rmult_le_compat_l; [lra|].
      replace (z - theta * h) with (z + theta * (z - h - z)) by ring.
      apply convex_part with unit_closed; unfold unit_closed, theta; auto; lra. }
  unfold bracket.
  assert ((1 + b) / 2 * g (z + theta * h) <= (1 + b) / 2 * (g z + theta * (g (z + h) - g z)))
    by (apply Rmult_le_compat_l; lra).
  lra.
Qed.

(** Pair lemma: T(b) >= min over t = 2z in [2/n, 1] of kappa(t, b), with for each z a step h of
    one's choice. *)
Theorem pair_lemma b v :
  0 <= b <= 1 ->
  (forall z, / INR n <= z <= 1 / 2 ->
   exists h, 0 <= h <= z /\ (h < z \/ b = 1 \/ convex_on unit_closed g) /\ v <= bracket g b z h) ->
  T_at_least (softmax_problem n g) b v.
Proof.
  intros Hb Hv. apply softmax_T_at_least; [lia|].
  intros p S i j Hp HS Hi Hj Hmax Hpb eps He.
  destruct (pair_limit p S i j b Hp HS Hi Hj Hmax ltac:(lra) ltac:(lra)) as (z & Hz & Hlim).
  destruct (Hv z Hz) as (h & Hh & Hcase & Hb').
  destruct (Hlim h Hh Hcase eps He) as (S' & HS' & H).
  exists S'. split; [assumption|]. lra.
Qed.

End Pair.

(** What a witness (x, y) gives: two softmax values of sum at most 1, the tie at 1/2. *)
Definition witness_gap (g : R -> R) (b x y : R) : R :=
  g (1 / 2) - (1 / 2 * ((1 + b) * g x + (1 - b) * g y)).

(** The witness may be the limit (1, 0) where b = 1, or where g has its limit at 0: [closed] stands
    for the statement that it has. *)
Definition admissible_witness (closed : Prop) (b x y : R) : Prop :=
  0 < x /\ 0 <= y /\ x + y <= 1 /\ (0 < y \/ b = 1 \/ closed).

Definition shaped_at_zero (closed : Prop) (g : R -> R) : Prop :=
  closed -> convex_on unit_closed g /\ nonincreasing_on unit_closed g.

(** A witness may be taken of sum 1, with x >= 1/2. *)
Lemma witness_as_bracket closed g b x y :
  convex_on unit_open g -> nonincreasing_on unit_open g -> shaped_at_zero closed g ->
  0 <= b <= 1 -> admissible_witness closed b x y ->
  exists u, 1 / 2 <= u <= 1 /\ (u < 1 \/ b = 1 \/ closed) /\
  witness_gap g b x y <= g (1 / 2) - (1 / 2 * ((1 + b) * g u + (1 - b) * g (1 - u))).
Proof.
  intros Hc Hd Hz Hb (Hx & Hy & Hxy & Hcase). unfold witness_gap.
  assert ((1 - b) * g (1 - x) <= (1 - b) * g y) as Hsum.
  { destruct Hcase as [H|[->|H]].
    - apply Rmult_le_compat_l; [lra|]. apply Hd; unfold unit_open; lra.
    - right. ring.
    - apply Rmult_le_compat_l; [lra|]. apply (proj2 (Hz H)); unfold unit_closed; lra. }
  destruct (Rle_dec (1 / 2) x) as [Hhalf|Hhalf].
  - exists x. split; [lra|]. split; [|lra].
    destruct Hcase as [H|[H|H]]; [left; lra|auto|auto].
  - exists (1 - x). split; [lra|]. split; [left; lra|].
    replace (1 - (1 - x)) with x by ring.
    pose proof (Hd x (1 - x)) as H. unfold unit_open in H.
    specialize (H ltac:(lra) ltac:(lra) ltac:(lra)). nra.
Qed.

(** Two labels: any convex non-increasing loss of the softmax value. *)
Theorem two_labels closed g b x y v :
  convex_on unit_open g -> nonincreasing_on unit_open g -> shaped_at_zero closed g ->
  0 <= b <= 1 -> admissible_witness closed b x y -> v <= witness_gap g b x y ->
  T_at_least (softmax_problem 2 g) b v.
Proof.
  intros Hc Hd Hz Hb Hw Hv.
  destruct (witness_as_bracket closed g b x y Hc Hd Hz Hb Hw) as (u & Hu & Hcase & Hgap).
  apply pair_lemma; auto. intros z Hz2. simpl INR in Hz2.
  assert (z = 1 / 2) as -> by lra.
  exists (u - 1 / 2). split; [lra|]. split.
  - destruct Hcase as [H|[H|H]]; [left; lra|auto|]. right. right. now apply Hz.
  - unfold bracket. replace (1 / 2 + (u - 1 / 2)) with u by ring.
    replace (1 / 2 - (u - 1 / 2)) with (1 - u) by field. lra.
Qed.

(** A loss scales by the factor f(t) when g(t u) = g(t) + f(t) (g(u) - g(1)); comp-sum losses do,
    with f(t) = t^(tau - 1). The identity is asked for u = 0 only where limits at 0 are used. *)
Definition scales (g f : R -> R) : Prop :=
  forall t u, 0 < t <= 1 -> 0 < u <= 1 -> g (t * u) = g t + f t * (g u - g 1).

Definition scales_at_zero (closed : Prop) (g f : R -> R) : Prop :=
  closed -> forall t, 0 < t <= 1 -> g 0 = g t + f t * (g 0 - g 1).

(** n labels: the value of two labels times the least factor m over t in [2/n, 1]. *)
Theorem scaling_losses closed n g f m b x y v :
  (2 <= n)%nat -> convex_on unit_open g -> nonincreasing_on unit_open g ->
  shaped_at_zero closed g -> scales g f -> scales_at_zero closed g f ->
  0 <= m -> (forall t, 2 / INR n <= t <= 1 -> m <= f t) ->
  0 <= b <= 1 -> admissible_witness closed b x y -> v <= m * witness_gap g b x y ->
  T_at_least (softmax_problem n g) b v.
Proof.
  intros Hn Hc Hd Hz Hs Hs0 Hm Hf Hb Hw Hv.
  destruct (witness_as_bracket closed g b x y Hc Hd Hz Hb Hw) as (u & Hu & Hcase & Hgap).
  apply pair_lemma; auto. intros z Hzn.
  assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
  assert (0 < / INR n) as Hpos by (now apply Rinv_0_lt_compat).
  set (G := g (1 / 2) - (1 / 2 * ((1 + b) * g u + (1 - b) * g (1 - u)))) in *.
  destruct (Rle_dec G 0) as [Hneg|Hpos'].
  - (* nothing to show: no move *)
    exists 0. split; [lra|]. split; [left; lra|]. unfold bracket.
    replace (z + 0) with z by ring. replace (z - 0) with z by ring. nra.
  - exists (2 * z * u - z). split; [nra|]. split.
    { destruct Hcase as [H|[H|H]]; [left; nra|auto|]. right. right. now apply Hz. }
    apply Rle_trans with (f (2 * z) * G).
    { assert (m <= f (2 * z)) by (apply Hf; unfold Rdiv; lra). nra. }
    unfold bracket.
    replace (z + (2 * z * u - z)) with (2 * z * u) by ring.
    replace (z - (2 * z * u - z)) with (2 * z * (1 - u)) by ring.
    assert (g z = g (2 * z) + f (2 * z) * (g (1 / 2) - g 1)) as E0.
    { rewrite <- Hs by lra. f_equal. field. }
    assert (g (2 * z * u) = g (2 * z) + f (2 * z) * (g u - g 1)) as E1 by (apply Hs; lra).
    assert ((1 - b) / 2 * g (2 * z * (1 - u))
            = (1 - b) / 2 * (g (2 * z) + f (2 * z) * (g (1 - u) - g 1))) as E2.
    { destruct (Req_dec u 1) as [->|Hu1].
      - destruct Hcase as [H|[->|H]]; [lra|field|].
        replace (2 * z * (1 - 1)) with 0 by ring. replace (1 - 1) with 0 by ring.
        rewrite <- (Hs0 H (2 * z)) by lra. reflexivity.
      - rewrite Hs by lra. reflexivity. }
    rewrite E0, E1, E2. unfold G. right. field.
Qed.
