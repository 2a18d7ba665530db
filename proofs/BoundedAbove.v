(** Bounded scores from above and below: allowed points, tangent planes on them, and ties of two
    labels. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions Softmax UpperSide Above TopTies Bounded.
Open Scope R_scope.

(** A linear function of allowed points, from below: they are multiples of vectors in [1, K]^n. *)
Lemma level_of_spread n K (m e : nat -> R) level S :
  (0 < n)%nat -> spread n K S ->
  (forall y, (y < n)%nat -> e y <= m y - level /\ e y <= K * (m y - level)) -> 0 <= sum n e ->
  level <= sum n (fun y => m y * S y).
Proof.
  intros Hn [HS Hr] He Hl.
  destruct (least_attained n S Hn) as (c & Hc & Ec).
  pose proof (proj1 HS c Hc) as Hpos.
  assert (0 <= sum n (fun y => (m y - level) * S y)) as H.
  { apply Rle_trans with (S c * sum n e); [apply Rmult_le_pos; lra|].
    rewrite <- sum_scal. apply sum_le. intros y Hy. destruct (He y Hy) as [E1 E2].
    pose proof (least_le n S y Hy) as H1. rewrite Ec in H1. pose proof (Hr y c Hy Hc) as H2.
    destruct (Rle_dec 0 (m y - level)) as [H0|H0].
    - apply Rle_trans with (S c * (m y - level)).
      + apply Rmult_le_compat_l; lra.
      + rewrite Rmult_comm. apply Rmult_le_compat_l; lra.
    - apply Rle_trans with (S c * (K * (m y - level))).
      + apply Rmult_le_compat_l; lra.
      + replace (S c * (K * (m y - level))) with ((m y - level) * (K * S c)) by ring.
        apply Rmult_le_compat_neg_l; lra. }
  rewrite (sum_ext n _ (fun y => m y * S y - level * S y)) in H by (intros; ring).
  rewrite sum_minus, sum_scal, (proj2 HS) in H. lra.
Qed.

Theorem bounded_risk_below n B g p ref d e level s :
  (0 < n)%nat -> distribution n p -> (forall y, (y < n)%nat -> Rabs (s y) <= B) ->
  (forall y, (y < n)%nat -> p y = 0 \/ tangent_below g (ref y) (d y)) ->
  (forall y, (y < n)%nat ->
   e y <= p y * d y - level /\ e y <= exp (2 * B) * (p y * d y - level)) -> 0 <= sum n e ->
  sum n (fun y => p y * g (ref y) - p y * d y * ref y) + level
  <= sum n (fun y => p y * g (softmax n s y)).
Proof.
  intros Hn Hp Hs Hd He Hl. pose proof (bounded_softmax n B s Hn Hs) as HS.
  apply (tangent_plane n g p ref d level (softmax n s)); auto.
  - intros y Hy. now apply (open_simplex_unit n (softmax n s) y (proj1 HS)).
  - now apply (level_of_spread n (exp (2 * B)) (fun y => p y * d y) e).
Qed.

Lemma bounded_scores_near n B g p z :
  (0 < n)%nat -> spread n (exp (2 * B)) z ->
  exists s, admissible (bounded_softmax_problem n B g) s /\
  risk (bounded_softmax_problem n B g) s p = value_risk n g z p /\
  (forall i j, (i < n)%nat -> (j < n)%nat -> z i <= z j -> s i <= s j).
Proof.
  intros Hn Hz. destruct (bounded_scores_exist n B z Hn Hz) as (s & Hs & Es & Ho).
  exists s. split; [exact Hs|]. split; [|exact Ho]. apply sum_ext. intros y Hy. simpl.
  now rewrite Es.
Qed.

Theorem bounded_T_at_most n B g p z i j b low v :
  distribution n p -> spread n (exp (2 * B)) z -> (i < n)%nat -> (j < n)%nat ->
  (forall k, (k < n)%nat -> z k <= z j) -> b <= p i - p j ->
  (forall s, (forall y, (y < n)%nat -> Rabs (s y) <= B) ->
   low <= sum n (fun y => p y * g (softmax n s y))) ->
  value_risk n g z p - low <= v ->
  T_at_most (bounded_softmax_problem n B g) b v.
Proof.
  intros Hp Hz Hi Hj Hmax Hb Hlow Hv.
  apply (T_at_most_by_scores (bounded_softmax_problem n B g) p b low v Hp).
  - intros s Hs. apply Hlow. exact Hs.
  - intros eps He.
    destruct (bounded_scores_near n B g p z ltac:(lia) Hz) as (s & Hs & Er & Ho).
    exists s, j. split; [exact Hs|]. split; [exact Hj|]. split; [|split].
    + intros k Hk. apply Ho; auto.
    + apply Rle_trans with (1 := Hb). exact (zero_one_regret_at_least n g p j i Hp Hj Hi).
    + rewrite Er. lra.
Qed.

(** ---- ties of two labels ---- *)

Definition bounded_region (n : nat) (K x y : R) : Prop :=
  exists S, spread n K S /\ S O = x /\ S 1%nat = y.

Lemma region_facts n K x y :
  (2 <= n)%nat -> 0 < K -> bounded_region n K x y ->
  0 < x <= 1 /\ 0 < y <= 1 /\ x <= K * y /\ y <= K * x /\
  x + y + (INR n - 2) * (x * / K) <= 1 /\ x + y + (INR n - 2) * (y * / K) <= 1.
Proof.
  intros Hn HK (S & [HS Hr] & <- & <-).
  assert (forall j, (j < 2)%nat -> S O + S 1%nat + (INR n - 2) * (S j * / K) <= 1) as H.
  { intros j Hj. rewrite <- (proj2 HS). replace n with (2 + (n - 2))%nat at 2 by lia.
    rewrite sum_split. simpl (sum 2 S).
    replace (INR n - 2) with (INR (n - 2)) by (rewrite minus_INR by lia; simpl; ring).
    rewrite <- sum_const.
    assert (sum (n - 2) (fun _ => S j * / K) <= sum (n - 2) (fun k => S (2 + k)%nat)); [|lra].
    apply sum_le. intros k Hk. apply Rmult_le_reg_l with K; [assumption|].
    replace (K * (S j * / K)) with (S j) by (field; lra). apply Hr; lia. }
  pose proof (open_simplex_unit n S O HS ltac:(lia)) as U0.
  pose proof (open_simplex_unit n S 1%nat HS ltac:(lia)) as U1.
  unfold unit_open in *.
  repeat split; try lra; try (apply Hr; lia); apply H; lia.
Qed.

(** The plane at the corners (K, 1) l, (1, K) l, (z, z). *)
Lemma one_side K N A B c d L :
  1 < K -> 0 <= N -> L <= 0 -> d <= c <= K * d -> c + d + N * (c * / K) <= 1 ->
  L <= (A + B) * (K * / (2 * K + N)) -> L <= (A * K + B) * / (K + (N + 1)) ->
  L <= A * c + B * d.
Proof.
  intros HK HN HL Hcd Hsum H1 H2.
  set (z := K * / (2 * K + N)) in *. set (l := / (K + (N + 1))) in *.
  set (l2 := (c - d) * / (l * (K - 1))). set (l1 := (K * d - c) * / ((K - 1) * z)).
  assert (0 < z) as Hz by (unfold z; apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]).
  assert (0 < l) as Hl by (unfold l; apply Rinv_0_lt_compat; lra).
  assert (0 <= l2) as P2.
  { unfold l2. apply Rmult_le_pos; [lra|]. left. apply Rinv_0_lt_compat. nra. }
  assert (0 <= l1) as P1.
  { unfold l1. apply Rmult_le_pos; [lra|]. left. apply Rinv_0_lt_compat. nra. }
  assert (l1 + l2 <= 1) as PS.
  { apply Rle_trans with (2 := Hsum). right. unfold l1, l2, z, l. field. repeat split; lra. }
  assert (A * c + B * d = l1 * ((A + B) * z) + l2 * ((A * K + B) * l)) as ->.
  { unfold l1, l2. field. repeat split; lra. }
  nra.
Qed.

Lemma bounded_bound_by_plane n K g t b v x y dx dy :
  (2 <= n)%nat -> 1 < K -> 0 <= b <= 1 -> tangent_below g x dx -> tangent_below g y dy ->
  dx <= 0 -> dy <= 0 ->
  let z := K * / (2 * K + (INR n - 2)) in
  let l := / (K + (INR n - 2 + 1)) in
  0 <= v + plane g b x y dx dy (K * l) l - g t ->
  0 <= v + plane g b x y dx dy l (K * l) - g t ->
  0 <= v + plane g b x y dx dy z z - g t ->
  group_bound (bounded_region n K) g t b v.
Proof.
  intros Hn HK Hb Hx Hy Hdx Hdy z l H1 H2 H3 c d Hcd.
  destruct (region_facts n K c d Hn ltac:(lra) Hcd) as (Uc & Ud & C1 & C2 & S1 & S2).
  apply Rle_trans with (plane g b x y dx dy c d); [|now apply plane_below].
  assert (0 <= INR n - 2) as HN by (change 2 with (INR 2); pose proof (le_INR 2 n Hn); lra).
  unfold plane in *. set (A := (1 + b) / 2 * dx) in *. set (B := (1 - b) / 2 * dy) in *.
  assert (A <= 0 /\ B <= 0) as [HA HB] by (unfold A, B; split; nra).
  set (r := group_risk g b x y) in *. set (L := g t - v - r + A * x + B * y).
  assert (0 < z) as Hz by (unfold z; apply Rmult_lt_0_compat; [lra|apply Rinv_0_lt_compat; lra]).
  assert (L <= 0) as HL by (unfold L; nra).
  assert (L <= A * c + B * d); [|unfold L in *; lra].
  destruct (Rle_dec d c) as [Hle|Hle].
  - apply (one_side K (INR n - 2) A B c d L); auto; try lra.
    + fold z. unfold L. lra.
    + fold l. unfold L. lra.
  - rewrite Rplus_comm. apply (one_side K (INR n - 2) B A d c L); auto; try lra.
    + fold z. unfold L. lra.
    + fold l. unfold L. lra.
Qed.

Theorem bounded_tie n B g b v :
  (2 <= n)%nat -> 0 < B -> 0 <= b <= 1 ->
  let K := exp (2 * B) in
  let z := K * / (2 * K + (INR n - 2)) in
  group_bound (bounded_region n K) g z b v -> T_at_most (bounded_softmax_problem n B g) b v.
Proof.
  intros Hn HB Hb K z Hbound.
  assert (1 < K) as HK by (unfold K; rewrite <- exp_0; apply exp_increasing; lra).
  assert (0 <= INR n - 2) as HN by (change 2 with (INR 2); pose proof (le_INR 2 n Hn); lra).
  set (q := / (2 * K + (INR n - 2))).
  assert (0 < q) as Hq by (unfold q; apply Rinv_0_lt_compat; lra).
  set (Z := fun y => match y with O | 1%nat => z | _ => q end).
  set (p := fun y => match y with O => (1 + b) / 2 | 1%nat => (1 - b) / 2 | _ => 0 end).
  assert (distribution n p) as Hp.
  { split.
    - intros y _. unfold p. destruct y as [|[|]]; lra.
    - rewrite sum_first_two; [unfold p; field|assumption|].
      intros y Hy. unfold p. destruct y as [|[|]]; [lia|lia|reflexivity]. }
  assert (forall S, value_risk n g S p = group_risk g b (S O) (S 1%nat)) as Hrisk.
  { intro S. unfold value_risk, group_risk. rewrite sum_first_two; [unfold p; ring|assumption|].
    intros y Hy. unfold p. destruct y as [|[|]]; [lia|lia|ring]. }
  assert (z = K * q) as Ez by reflexivity.
  assert (spread n K Z) as HZ.
  { split; [split|].
    - intros y _. unfold Z. destruct y as [|[|]]; [| |lra]; rewrite Ez; nra.
    - replace n with (2 + (n - 2))%nat by lia. rewrite sum_split. simpl (sum 2 Z).
      rewrite (sum_ext (n - 2) _ (fun _ => q)) by reflexivity. rewrite sum_const, minus_INR by lia.
      simpl INR. rewrite Ez. unfold q. field. lra.
    - intros a c _ _. assert (q <= K * q) by nra.
      assert (K * q <= K * (K * q)) by (apply Rmult_le_compat_l; lra).
      unfold Z. destruct a as [|[|]], c as [|[|]]; rewrite ?Ez; lra. }
  apply (bounded_T_at_most n B g p Z O 1%nat b (g z - v) v Hp HZ); try lia.
  - intros k _. unfold Z. destruct k as [|[|]]; rewrite ?Ez; nra.
  - unfold p. lra.
  - intros s Hs. change (g z - v <= value_risk n g (softmax n s) p). rewrite Hrisk. apply Hbound.
    exists (softmax n s). split; [|split; reflexivity]. apply bounded_softmax; [lia|exact Hs].
  - rewrite Hrisk. unfold group_risk, Z. lra.
Qed.
