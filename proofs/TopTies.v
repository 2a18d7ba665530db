(** T <= v by ties of two groups of labels.

    The first group has probability (1 + b)/2, the second (1 - b)/2, equally shared. Where the
    labels of both groups tie at z, the second may be predicted; every point has values of mean x
    and y on the groups, in some region, and a risk of (1 + b)/2 g(x) + (1 - b)/2 g(y) at least. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions Softmax UpperSide Ends Above TopLabels.
Open Scope R_scope.

Definition group_risk (g : R -> R) (b x y : R) : R := (1 + b) / 2 * g x + (1 - b) / 2 * g y.

Definition group_bound (region : R -> R -> Prop) (g : R -> R) (z b v : R) : Prop :=
  forall x y, region x y -> g z - v <= group_risk g b x y.

Lemma group_bound_at_end region g z (claim : R -> R) b lo hi :
  lo < hi -> lo <= b <= hi -> continuous claim b ->
  (forall c, lo < c < hi -> group_bound region g z c (claim c)) ->
  group_bound region g z b (claim b).
Proof.
  intros Hlh Hb Hc H x y Hxy. enough (g z <= claim b + group_risk g b x y) by lra.
  apply (at_least_at_end (fun c => claim c + group_risk g c x y) _ b lo hi Hlh Hb).
  - apply (continuous_plus (V := R_NormedModule)); [assumption|]. unfold group_risk.
    apply (ex_derive_continuous (fun c => (1 + c) / 2 * g x + (1 - c) / 2 * g y)).
    auto_derive; exact I.
  - intros c Sc. specialize (H c Sc x y Hxy). lra.
Qed.

(** The tangent plane at a witness (x, y). *)
Definition plane (g : R -> R) (b x y dx dy c d : R) : R :=
  group_risk g b x y + (1 + b) / 2 * dx * (c - x) + (1 - b) / 2 * dy * (d - y).

Lemma plane_below g b x y dx dy c d :
  0 <= b <= 1 -> tangent_below g x dx -> tangent_below g y dy -> 0 < c <= 1 -> 0 < d <= 1 ->
  plane g b x y dx dy c d <= group_risk g b c d.
Proof.
  intros Hb Hx Hy Hc Hd. specialize (Hx c Hc). specialize (Hy d Hd).
  unfold plane, group_risk.
  assert ((1 + b) / 2 * (g x + dx * (c - x)) <= (1 + b) / 2 * g c)
    by (apply Rmult_le_compat_l; lra).
  assert ((1 - b) / 2 * (g y + dy * (d - y)) <= (1 - b) / 2 * g d)
    by (apply Rmult_le_compat_l; lra).
  lra.
Qed.

(** Several labels: k (x + y) <= 1. *)
Definition top_region (k : nat) (x y : R) : Prop := 0 < x /\ 0 < y /\ INR k * (x + y) <= 1.

Lemma top_bound_by_plane k g z b v x y dx dy :
  (0 < k)%nat -> 0 <= b <= 1 -> tangent_below g x dx -> tangent_below g y dy ->
  dx <= 0 -> dy <= 0 ->
  0 <= v + plane g b x y dx dy (/ INR k) 0 - g z ->
  0 <= v + plane g b x y dx dy 0 (/ INR k) - g z ->
  group_bound (top_region k) g z b v.
Proof.
  intros Hk Hb Hx Hy Hdx Hdy H1 H2 c d (Hc & Hd & Hcd).
  assert (1 <= INR k) as Hk1 by (change 1 with (INR 1); apply le_INR; lia).
  assert (c <= 1 /\ d <= 1) as [Hc1 Hd1] by (split; nra).
  apply Rle_trans with (plane g b x y dx dy c d); [|now apply plane_below; try split].
  unfold plane in *. set (A := (1 + b) / 2 * dx) in *. set (B := (1 - b) / 2 * dy) in *.
  assert (A <= 0 /\ B <= 0) as [HA HB] by (unfold A, B; split; nra).
  set (r := group_risk g b x y) in *. set (i := / INR k) in *.
  assert (INR k * i = 1) as Hi by (unfold i; field; lra).
  assert (A * c + B * d >= Rmin (A * i) (B * i)) as H.
  { assert (0 < i) as Hi0 by (unfold i; apply Rinv_0_lt_compat; lra).
    assert (c + d <= i) as Hs by nra.
    unfold Rmin. destruct Rle_dec as [Hle|Hle].
    - assert (A <= B) by nra. nra.
    - assert (B <= A) by nra. nra. }
  assert (Rmin (A * i) (B * i) >= g z - v - r + A * x + B * y); [|lra].
  unfold Rmin. destruct Rle_dec; lra.
Qed.

(** ---- sums over groups ---- *)

Lemma sum_split a c f : sum (a + c) f = sum a f + sum c (fun i => f (a + i)%nat).
Proof.
  induction c as [|c IH]; [rewrite Nat.add_0_r; simpl; ring|].
  rewrite Nat.add_succ_r. simpl. rewrite IH. ring.
Qed.

Lemma sum_groups n k f :
  (2 * k <= n)%nat -> (forall y, (2 * k <= y < n)%nat -> f y = 0) ->
  sum n f = sum k f + sum k (fun i => f (k + i)%nat).
Proof.
  intros Hn H. replace n with (k + (k + (n - 2 * k)))%nat by lia.
  rewrite !sum_split, (sum_ext (n - 2 * k) _ (fun _ => 0)), sum_zero; [ring|].
  intros i Hi. apply H. lia.
Qed.

Section Ties.
Variables (n k : nat) (g : R -> R) (b v : R).
Hypothesis Hk : (0 < k)%nat.
Hypothesis Hn : (2 * k <= n)%nat.
Hypothesis Hconvex : convex_on unit_open g.
Hypothesis Hb : 0 <= b <= 1.

Let i := / INR k.
Let p (y : nat) : R :=
  if Nat.ltb y k then (1 + b) / 2 * i else if Nat.ltb y (2 * k) then (1 - b) / 2 * i else 0.
Let z (y : nat) : R := if Nat.ltb y (2 * k) then i / 2 else 0.

Lemma inverse_positive : 0 < i.
Proof. unfold i. apply Rinv_0_lt_compat, lt_0_INR. lia. Qed.

Lemma groups f :
  sum n (fun y => p y * f y)
  = (1 + b) / 2 * (i * sum k f) + (1 - b) / 2 * (i * sum k (fun j => f (k + j)%nat)).
Proof.
  rewrite (sum_groups n k _ Hn).
  - rewrite (sum_ext k (fun y => p y * f y) (fun y => (1 + b) / 2 * i * f y)).
    + rewrite (sum_ext k (fun j => p (k + j)%nat * f (k + j)%nat)
                         (fun j => (1 - b) / 2 * i * f (k + j)%nat)).
      * rewrite !sum_scal. ring.
      * intros j Hj. unfold p. rewrite (proj2 (Nat.ltb_ge _ _)), (proj2 (Nat.ltb_lt _ _)) by lia.
        reflexivity.
    + intros j Hj. unfold p. rewrite (proj2 (Nat.ltb_lt _ _)) by lia. reflexivity.
  - intros y Hy. unfold p. rewrite !(proj2 (Nat.ltb_ge _ _)) by lia. ring.
Qed.

Lemma one_group : i * sum k (fun _ => 1) = 1.
Proof. rewrite sum_const. unfold i. field. apply not_0_INR. lia. Qed.

Lemma p_is : distribution n p.
Proof.
  pose proof inverse_positive. split.
  - intros y _. unfold p. destruct (Nat.ltb y k); [nra|]. destruct (Nat.ltb y (2 * k)); nra.
  - rewrite (sum_ext n p (fun y => p y * 1)) by (intros; ring).
    rewrite groups, one_group. field.
Qed.

Lemma z_is : simplex n z.
Proof.
  pose proof inverse_positive. split.
  - intros y _. unfold z. destruct (Nat.ltb y (2 * k)); lra.
  - rewrite (sum_groups n k z Hn).
    + rewrite (sum_ext k z (fun _ => i / 2 * 1)), (sum_ext k (fun j => z (k + j)%nat)
        (fun _ => i / 2 * 1)), !sum_scal.
      * pose proof one_group. lra.
      * intros j Hj. unfold z. rewrite (proj2 (Nat.ltb_lt _ _)) by lia. ring.
      * intros j Hj. unfold z. rewrite (proj2 (Nat.ltb_lt _ _)) by lia. ring.
    + intros y Hy. unfold z. now rewrite (proj2 (Nat.ltb_ge _ _)) by lia.
Qed.

(** The mean over a group: Jensen. *)
Lemma group_mean (f : nat -> R) :
  (forall y, (y < k)%nat -> unit_open (f y)) ->
  unit_open (i * sum k f) /\ g (i * sum k f) <= i * sum k (fun y => g (f y)).
Proof.
  intro Hf. pose proof inverse_positive.
  destruct (jensen unit_open g k (fun _ => i) f unit_open_interval Hconvex) as [A B]; auto.
  - intros. lra.
  - rewrite (sum_ext k _ (fun _ => i * 1)) by (intros; ring). rewrite sum_scal. exact one_group.
  - rewrite !sum_scal in *. split; assumption.
Qed.

Lemma tie_low :
  group_bound (top_region k) g (i / 2) b v ->
  forall s : nat -> R, g (i / 2) - v <= sum n (fun y => p y * g (softmax n s y)).
Proof.
  intros Hbound s. pose proof (softmax_open_simplex n s ltac:(lia)) as HS.
  set (S := softmax n s) in *. pose proof inverse_positive.
  assert (forall y, (y < n)%nat -> unit_open (S y)) as HU
    by (intros y Hy; now apply (open_simplex_unit n S y)).
  destruct (group_mean S) as [U1 J1]; [intros; apply HU; lia|].
  destruct (group_mean (fun j => S (k + j)%nat)) as [U2 J2]; [intros; apply HU; lia|].
  rewrite (groups (fun y => g (S y))).
  apply Rle_trans with (group_risk g b (i * sum k S) (i * sum k (fun j => S (k + j)%nat))).
  - apply Hbound. split; [apply U1|split; [apply U2|]].
    assert (sum k S + sum k (fun j => S (k + j)%nat) <= 1) as H1.
    { rewrite <- (proj2 HS). replace n with (k + (k + (n - 2 * k)))%nat by lia.
      rewrite !sum_split.
      assert (0 <= sum (n - 2 * k) (fun j => S (k + (k + j))%nat)); [|lra].
      apply sum_nonneg. intros j Hj. left. apply HS. lia. }
    assert (INR k * i = 1) as Hki by (unfold i; field; apply not_0_INR; lia).
    rewrite <- Rmult_plus_distr_l, <- Rmult_assoc, Hki. lra.
  - unfold group_risk. apply Rplus_le_compat; apply Rmult_le_compat_l; lra.
Qed.

(** The groups as predictions. *)
Definition first_group : nat := Nat.ones k.
Definition second_group : nat := Nat.shiftl (Nat.ones k) k.

Lemma first_member y : member first_group y = Nat.ltb y k.
Proof.
  unfold member, first_group. destruct (Nat.ltb_spec y k).
  - now apply Nat.ones_spec_low.
  - now apply Nat.ones_spec_high.
Qed.

Lemma second_member y : member second_group y = andb (negb (Nat.ltb y k)) (Nat.ltb y (2 * k)).
Proof.
  unfold member, second_group. destruct (Nat.ltb_spec y k).
  - now apply Nat.shiftl_spec_low.
  - rewrite Nat.shiftl_spec_high' by lia. simpl. destruct (Nat.ltb_spec y (k + (k + 0))).
    + apply Nat.ones_spec_low. lia.
    + apply Nat.ones_spec_high. lia.
Qed.

Lemma group_sums (c : nat -> R) :
  sum n (over (member first_group) c) = sum k c /\
  sum n (over (member second_group) c) = sum k (fun j => c (k + j)%nat).
Proof.
  split.
  - rewrite (sum_groups n k _ Hn).
    + rewrite (sum_ext k _ c), (sum_ext k (fun j => over _ c (k + j)%nat) (fun _ => 0)), sum_zero.
      * ring.
      * intros j Hj. unfold over. rewrite first_member. now rewrite (proj2 (Nat.ltb_ge _ _)) by lia.
      * intros j Hj. unfold over. rewrite first_member. now rewrite (proj2 (Nat.ltb_lt _ _)) by lia.
    + intros y Hy. unfold over. rewrite first_member. now rewrite (proj2 (Nat.ltb_ge _ _)) by lia.
  - rewrite (sum_groups n k _ Hn).
    + rewrite (sum_ext k _ (fun _ => 0)), sum_zero,
        (sum_ext k (fun j => over _ c (k + j)%nat) (fun j => c (k + j)%nat)).
      * ring.
      * intros j Hj. unfold over. rewrite second_member.
        now rewrite (proj2 (Nat.ltb_ge _ _)), (proj2 (Nat.ltb_lt _ _)) by lia.
      * intros j Hj. unfold over. rewrite second_member.
        now rewrite (proj2 (Nat.ltb_lt _ _)) by lia.
    + intros y Hy. unfold over. rewrite second_member.
      now rewrite !(proj2 (Nat.ltb_ge _ _)) by lia.
Qed.

Lemma group_sizes : chosen n first_group = k /\ chosen n second_group = k.
Proof.
  destruct (group_sums (fun _ => 1)) as [H1 H2].
  split; apply INR_eq; rewrite chosen_is_size, ?H1, ?H2, sum_const; ring.
Qed.

Lemma group_numbers : (first_group < Nat.pow 2 n)%nat /\ (second_group < Nat.pow 2 n)%nat.
Proof.
  assert (0 < Nat.pow 2 k)%nat as Hp by (apply Nat.neq_0_lt_0, Nat.pow_nonzero; lia).
  assert (Nat.pow 2 (2 * k) <= Nat.pow 2 n)%nat as Hle by (apply Nat.pow_le_mono_r; lia).
  replace (2 * k)%nat with (k + k)%nat in Hle by lia. rewrite Nat.pow_add_r in Hle.
  unfold first_group, second_group. rewrite Nat.shiftl_mul_pow2, Nat.ones_equiv. split; nia.
Qed.

Theorem top_tie :
  continuous g (i / 2) -> group_bound (top_region k) g (i / 2) b v ->
  T_at_most (top_problem n k g) b v.
Proof.
  intros Hg Hbound. pose proof inverse_positive.
  destruct group_numbers as [N1 N2]. destruct group_sizes as [S1 S2].
  apply (top_T_at_most n k g p z second_group first_group b (g (i / 2) - v) v); auto.
  - lia.
  - apply p_is.
  - apply z_is.
  - intros a c Ha Hc Hma Hmc. rewrite second_member in Hma.
    destruct (Nat.ltb_spec a (2 * k)) as [Hl|Hl]; [|now rewrite Bool.andb_false_r in Hma].
    unfold z. rewrite (proj2 (Nat.ltb_lt a _) Hl). destruct (Nat.ltb c (2 * k)); lra.
  - destruct (group_sums p) as [-> ->].
    rewrite (sum_ext k p (fun _ => (1 + b) / 2 * (i * 1))),
      (sum_ext k (fun j => p (k + j)%nat) (fun _ => (1 - b) / 2 * (i * 1))), !sum_scal, one_group.
    + lra.
    + intros j Hj. unfold p.
      rewrite (proj2 (Nat.ltb_ge _ _)), (proj2 (Nat.ltb_lt _ _)) by lia. ring.
    + intros j Hj. unfold p. rewrite (proj2 (Nat.ltb_lt _ _)) by lia. ring.
  - intros y Hy. unfold p, z. destruct (Nat.ltb_spec y (2 * k)) as [Hl|Hl]; [now right|left].
    now rewrite (proj2 (Nat.ltb_ge _ _)) by lia.
  - now apply tie_low.
  - unfold value_risk. rewrite groups.
    rewrite (sum_ext k (fun y => g (z y)) (fun _ => g (i / 2) * 1)),
      (sum_ext k (fun j => g (z (k + j)%nat)) (fun _ => g (i / 2) * 1)), !sum_scal.
    + pose proof one_group as H1. set (s := sum k (fun _ => 1)) in *.
      replace (i * (g (i / 2) * s)) with (g (i / 2) * (i * s)) by ring. rewrite H1. right. field.
    + intros j Hj. unfold z. rewrite (proj2 (Nat.ltb_lt _ _)) by lia. ring.
    + intros j Hj. unfold z. rewrite (proj2 (Nat.ltb_lt _ _)) by lia. ring.
Qed.

End Ties.
