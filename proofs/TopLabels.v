(** Several predicted labels: k of n, those of the greatest scores; the target is right where the
    label is among them.

    A prediction is the number r of a set: label y is in it where bit y of r is 1. Sets of another
    size than k are predicted by no score, and cost 1. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions Softmax PairLemma Above.
Open Scope R_scope.

Definition member (r y : nat) : bool := Nat.testbit r y.

Fixpoint chosen (n r : nat) : nat :=
  match n with
  | O => O
  | S m => (chosen m r + if member r m then 1 else 0)%nat
  end.

Definition top_cost (n k r y : nat) : R :=
  if Nat.eqb (chosen n r) k then if member r y then 0 else 1 else 1.

Definition top_problem (n k : nat) (g : R -> R) : problem := {|
  Score := nat -> R;
  labels := n;
  predictions := Nat.pow 2 n;
  admissible := fun _ => True;
  loss := fun s y => g (softmax n s y);
  predicts := fun s r => chosen n r = k /\
    forall i j, (i < n)%nat -> (j < n)%nat -> member r i = true -> member r j = false -> s j <= s i;
  cost := top_cost n k
|}.

(** ---- sums over sets ---- *)

Definition over (A : nat -> bool) (c : nat -> R) (y : nat) : R := if A y then c y else 0.
Definition without (A : nat -> bool) (i y : nat) : bool := if Nat.eqb y i then false else A y.
Definition less (A B : nat -> bool) (y : nat) : bool := if B y then false else A y.

Lemma sum_without n A c i :
  (i < n)%nat -> A i = true -> sum n (over (without A i) c) = sum n (over A c) - c i.
Proof.
  intros Hi HA. rewrite (sum_ext n _ (update (over A c) i 0)).
  - rewrite sum_update by assumption. unfold over. rewrite HA. ring.
  - intros y _. unfold over, without, update. destruct (Nat.eqb y i); reflexivity.
Qed.

Lemma sum_less n A B c :
  sum n (over (less A B) c) - sum n (over (less B A) c) = sum n (over A c) - sum n (over B c).
Proof.
  rewrite <- !sum_minus. apply sum_ext. intros y _. unfold over, less.
  destruct (A y), (B y); ring.
Qed.

Lemma chosen_is_size n r : INR (chosen n r) = sum n (over (member r) (fun _ => 1)).
Proof.
  induction n as [|n IH]; [reflexivity|]. simpl chosen. simpl sum. rewrite plus_INR, IH.
  unfold over at 3. destruct (member r n); simpl; ring.
Qed.

Lemma some_member n A m : sum n (over A (fun _ => 1)) = INR (S m) ->
  exists i, (i < n)%nat /\ A i = true.
Proof.
  intro H. destruct (Classical_Prop.classic (exists i, (i < n)%nat /\ A i = true)) as [E|E];
    [assumption|].
  exfalso. rewrite (sum_ext n _ (fun _ => 0)), sum_zero in H.
  - pose proof (pos_INR m). rewrite S_INR in H. lra.
  - intros y Hy. unfold over. destruct (A y) eqn:HA; [|reflexivity].
    exfalso. apply E. now exists y.
Qed.

Lemma expected_top_cost n k g r p :
  distribution n p -> chosen n r = k ->
  expected_cost (top_problem n k g) r p = 1 - sum n (over (member r) p).
Proof.
  intros [_ H1] Hk. unfold expected_cost. simpl. rewrite <- H1, <- sum_minus. apply sum_ext.
  intros y _. unfold top_cost, over. rewrite (proj2 (Nat.eqb_eq _ _) Hk).
  destruct (member r y); ring.
Qed.

Lemma expected_other_cost n k g r p :
  distribution n p -> chosen n r <> k -> expected_cost (top_problem n k g) r p = 1.
Proof.
  intros [_ H1] Hk. unfold expected_cost. simpl. rewrite <- H1. apply sum_ext.
  intros y _. unfold top_cost. rewrite (proj2 (Nat.eqb_neq _ _) Hk). ring.
Qed.

Lemma over_nonneg n A p : distribution n p -> 0 <= sum n (over A p).
Proof.
  intros [Hp _]. apply sum_nonneg. intros y Hy. unfold over. destruct (A y); [auto|lra].
Qed.

Lemma disjoint_mass n A B p :
  distribution n p -> (forall y, A y = true -> B y = false) ->
  sum n (over A p) + sum n (over B p) <= 1.
Proof.
  intros [Hp H1] Hd. rewrite <- H1, <- sum_plus. apply sum_le. intros y Hy. specialize (Hp y Hy).
  unfold over. destruct (A y) eqn:HA; [rewrite (Hd y HA); lra|]. destruct (B y); lra.
Qed.

(** ---- the swap ---- *)

Section Swap.
Variables (n k : nat) (g f : R -> R) (u w : R).
Hypothesis Hn : (0 < n)%nat.
Hypothesis Hconvex : convex_on unit_open g.
Hypothesis Hfalls : nonincreasing_on unit_open g.
Hypothesis Hscales : scales g f.
Hypothesis Hf : forall t, 0 < t <= 1 -> 1 <= f t.
Hypothesis Hu : 0 < u.
Hypothesis Hw : 0 < w.
Hypothesis Huw : u + w <= 1.

(** What a pair of labels gains: base for each unit of mass, pull for each of the difference. *)
Definition base : R := g (1 / 2) - (g u + g w) / 2.
Definition pull : R := (g w - g u) / 2.

Lemma base_nonpositive : base <= 0.
Proof.
  unfold base.
  pose proof (Hconvex u w (1 / 2) ltac:(unfold unit_open; lra) ltac:(unfold unit_open; lra)
                ltac:(lra)) as H.
  pose proof (Hfalls (1 / 2 * u + (1 - 1 / 2) * w) (1 / 2) ltac:(unfold unit_open; lra)
                ltac:(unfold unit_open; lra) ltac:(lra)). lra.
Qed.

(** One pair: the share of both, u and w of it. *)
Lemma pair_gain pi pj si sj :
  0 <= pj <= pi -> 0 < si <= sj -> si + sj <= 1 ->
  0 <= (pi + pj) * base + (pi - pj) * pull ->
  (pi + pj) * base + (pi - pj) * pull <=
  pi * (g si - g ((si + sj) * u)) + pj * (g sj - g (si + sj - (si + sj) * u)).
Proof.
  intros Hp Hs Hs1 Hpos. remember (si + sj) as s eqn:Es.
  pose proof (Hfalls si sj ltac:(unfold unit_open; lra) ltac:(unfold unit_open; lra)
                ltac:(lra)) as H1.
  pose proof (Hconvex si sj (1 / 2) ltac:(unfold unit_open; lra) ltac:(unfold unit_open; lra)
                ltac:(lra)) as H2.
  replace (1 / 2 * si + (1 - 1 / 2) * sj) with (s * (1 / 2)) in H2 by (rewrite Es; field).
  assert ((pi + pj) * g (s * (1 / 2)) <= pi * g si + pj * g sj) as H3.
  { assert (0 <= (pi - pj) * (g si - g sj)) by (apply Rmult_le_pos; lra).
    assert ((pi + pj) * g (s * (1 / 2)) <= (pi + pj) * (1 / 2 * g si + (1 - 1 / 2) * g sj))
      by (apply Rmult_le_compat_l; lra). lra. }
  assert (g (s - s * u) <= g (s * w)) as H4 by (apply Hfalls; unfold unit_open; nra).
  assert (pj * g (s - s * u) <= pj * g (s * w)) as H5 by (apply Rmult_le_compat_l; lra).
  rewrite (Hscales s (1 / 2)) in H3 by lra.
  rewrite (Hscales s w) in H5 by lra.
  rewrite (Hscales s u) by lra.
  pose proof (Hf s ltac:(lra)) as Hfs.
  set (G := (pi + pj) * base + (pi - pj) * pull) in *.
  assert (G <= f s * G) by nra.
  assert (G = (pi + pj) * g (1 / 2) - pi * g u - pj * g w) as EG
    by (unfold G, base, pull; field).
  rewrite EG in *. nra.
Qed.

(** Matched labels of A and B, one pair after another. *)
Lemma swap_all p S :
  distribution n p -> open_simplex n S -> 0 <= pull -> forall m A B,
  sum n (over A (fun _ => 1)) = INR m -> sum n (over B (fun _ => 1)) = INR m ->
  (forall y, A y = true -> B y = false) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> A i = true -> B j = true -> S i <= S j) ->
  exists S', open_simplex n S' /\ (forall y, A y = false -> B y = false -> S' y = S y) /\
  sum n (over A p) * (base + pull) + sum n (over B p) * (base - pull)
  <= value_risk n g S p - value_risk n g S' p.
Proof.
  intros Hp HS Hpull. induction m as [|m IH]; intros A B HA HB Hd Hord.
  - exists S. split; [assumption|]. split; [reflexivity|].
    assert (forall C, sum n (over C (fun _ => 1)) = INR 0 -> sum n (over C p) = 0) as H0.
    { intros C HC. rewrite (sum_ext n _ (fun _ => 0)); [apply sum_zero|]. intros y Hy.
      unfold over. destruct (C y) eqn:E; [|reflexivity]. exfalso.
      assert (over C (fun _ => 1) y <= sum n (over C (fun _ => 1))) as K.
      { apply sum_member; [|assumption]. intros j _. unfold over. destruct (C j); lra. }
      rewrite HC in K. unfold over in K. rewrite E in K. simpl in K. lra. }
    rewrite (H0 A HA), (H0 B HB). lra.
  - destruct (some_member n A m HA) as (i & Hi & Ai).
    destruct (some_member n B m HB) as (j & Hj & Bj).
    assert (i <> j) as Hij by (intros ->; rewrite (Hd j Ai) in Bj; discriminate).
    destruct (IH (without A i) (without B j)) as (S1 & HS1 & Hsame & Hgain).
    + rewrite sum_without, HA, S_INR by assumption. ring.
    + rewrite sum_without, HB, S_INR by assumption. ring.
    + intros y Hy. unfold without in *. destruct (Nat.eqb y i); [discriminate|].
      destruct (Nat.eqb y j); [reflexivity|]. now apply Hd.
    + intros a c Ha Hc HAa HBc. unfold without in *. destruct (Nat.eqb a i); [discriminate|].
      destruct (Nat.eqb c j); [discriminate|]. now apply Hord.
    + rewrite (sum_without n A p i Hi Ai), (sum_without n B p j Hj Bj) in Hgain.
      assert (S1 i = S i) as Ei.
      { apply Hsame; unfold without; [now rewrite Nat.eqb_refl|].
        destruct (Nat.eqb i j); [reflexivity|]. now apply Hd. }
      assert (S1 j = S j) as Ej.
      { apply Hsame; unfold without; [|now rewrite Nat.eqb_refl].
        destruct (Nat.eqb j i) eqn:E; [reflexivity|]. destruct (A j) eqn:Aj; [|reflexivity].
        rewrite (Hd j Aj) in Bj. discriminate. }
      set (G := (p i + p j) * base + (p i - p j) * pull).
      destruct (Rle_dec G 0) as [Hneg|Hpos].
      * exists S1. split; [assumption|]. split.
        { intros y HAy HBy. apply Hsame; unfold without; [destruct (Nat.eqb y i)|
          destruct (Nat.eqb y j)]; auto. }
        unfold G in Hneg. lra.
      * pose proof (proj1 Hp i Hi) as Pi. pose proof (proj1 Hp j Hj) as Pj.
        pose proof base_nonpositive as Hb.
        assert (p j <= p i) as Hpij.
        { destruct (Rle_dec (p j) (p i)) as [H|H]; [assumption|]. exfalso. apply Hpos. unfold G.
          nra. }
        pose proof (Hord i j Hi Hj Ai Bj) as Hsij.
        pose proof (open_simplex_pair n S i j HS Hi Hj Hij) as Hsum.
        pose proof (proj1 HS i Hi) as Spi.
        pose proof (pair_gain (p i) (p j) (S i) (S j) ltac:(lra) ltac:(lra) ltac:(lra)
                      ltac:(unfold G in Hpos; lra)) as Hg.
        set (x := (S i + S j) * u) in *. set (z := S i + S j - x) in *.
        assert (0 < x /\ 0 < z) as [Hx Hz] by (unfold z, x; split; nra).
        exists (update (update S1 i x) j z). split; [split|split].
        -- intros y Hy. unfold update. destruct (Nat.eqb y j); [lra|].
           destruct (Nat.eqb y i); [lra|]. now apply HS1.
        -- rewrite !sum_update, update_other by auto. rewrite (proj2 HS1), Ei, Ej. unfold z. ring.
        -- intros y HAy HBy.
           rewrite !update_other by (intros ->; congruence). apply Hsame; unfold without;
             [destruct (Nat.eqb y i)|destruct (Nat.eqb y j)]; auto.
        -- unfold value_risk in *. rewrite (sum_two_entries n p S1 i j x z g) by assumption.
           rewrite Ei, Ej. fold G in Hg. unfold G in Hg. lra.
Qed.

Theorem top_swap b v :
  0 <= b -> v <= witness_gap g b u w -> T_at_least (top_problem n k g) b v.
Proof.
  intros Hb Hv p s r c Hp _ Hr Hpr Hreg Hc. simpl in Hp, Hr.
  apply (regret_from_competitors (top_problem n k g) s p c v Hc). intros eps He.
  set (S := softmax n s). pose proof (softmax_open_simplex n s Hn) as HS. fold S in HS.
  assert (v <= base + b * pull) as Hv'
    by (apply Rle_trans with (1 := Hv); unfold witness_gap, base, pull; lra).
  pose proof base_nonpositive as Hbase.
  assert (exists S', open_simplex n S' /\ v <= value_risk n g S p - value_risk n g S' p)
    as (S' & HS' & Hgain).
  { destruct (Rle_dec v 0) as [Hneg|Hpos]; [exists S; split; [assumption|lra]|].
    assert (0 < b) as Hb0 by (destruct (Req_dec b 0) as [->|]; lra).
    assert (0 <= pull) as Hpull by (destruct (Rle_dec 0 pull); [assumption|nra]).
    destruct Hpr as [Hk Hord].
    destruct (target_regret_against (top_problem n k g) r p b) as (q & Hq & Hdiff);
      [apply Nat.neq_0_lt_0, Nat.pow_nonzero; lia|assumption|].
    rewrite (expected_top_cost n k g r p Hp Hk) in Hdiff.
    destruct (Nat.eq_dec (chosen n q) k) as [Hqk|Hqk].
    - rewrite (expected_top_cost n k g q p Hp Hqk) in Hdiff.
      set (A := less (member q) (member r)). set (B := less (member r) (member q)).
      pose proof (sum_less n (member q) (member r) (fun _ => 1)) as Hsize.
      pose proof (sum_less n (member q) (member r) p) as Hmass. fold A B in Hsize, Hmass.
      rewrite <- !chosen_is_size, Hqk, Hk in Hsize.
      assert (exists m, sum n (over A (fun _ => 1)) = INR m) as (m & HA).
      { clear. induction n as [|m (j & IH)]; [now exists O|]. simpl. rewrite IH. unfold over.
        destruct (A m); [exists (S j); rewrite S_INR; ring|exists j; ring]. }
      destruct (swap_all p S Hp HS Hpull m A B HA ltac:(lra)) as (S' & HS' & _ & Hgain).
      + intros y. unfold A, B, less. destruct (member r y), (member q y); congruence.
      + intros i j Hi Hj. unfold A, B, less.
        destruct (member r i) eqn:Ri; [discriminate|]. destruct (member q j); [discriminate|].
        intros _ Rj. apply softmax_order; [assumption|]. now apply Hord.
      + exists S'. split; [assumption|]. apply Rle_trans with (2 := Hgain).
        assert (sum n (over A p) + sum n (over B p) <= 1).
        { apply disjoint_mass; [assumption|]. intro y. unfold A, B, less.
          destruct (member r y), (member q y); congruence. }
        pose proof (over_nonneg n A p Hp). pose proof (over_nonneg n B p Hp). nra.
    - rewrite (expected_other_cost n k g q p Hp Hqk) in Hdiff.
      pose proof (over_nonneg n (member r) p Hp). lra. }
  exists (fun y => ln (S' y)). split; [exact I|].
  assert (risk (top_problem n k g) (fun y => ln (S' y)) p = value_risk n g S' p) as ->.
  { apply sum_ext. intros y Hy. simpl. now rewrite softmax_of_logarithms. }
  change (risk (top_problem n k g) s p) with (value_risk n g S p). lra.
Qed.

End Swap.

(** ---- from above ---- *)

Theorem top_T_at_most n k g p z r q b low v :
  (0 < n)%nat -> distribution n p -> simplex n z ->
  (r < Nat.pow 2 n)%nat -> (q < Nat.pow 2 n)%nat -> chosen n r = k -> chosen n q = k ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> member r i = true -> member r j = false ->
   z j <= z i) ->
  b <= sum n (over (member q) p) - sum n (over (member r) p) ->
  (forall y, (y < n)%nat -> p y = 0 \/ continuous g (z y)) ->
  (forall s : nat -> R, low <= sum n (fun y => p y * g (softmax n s y))) ->
  value_risk n g z p - low <= v ->
  T_at_most (top_problem n k g) b v.
Proof.
  intros Hn Hp Hz Hr Hq Hkr Hkq Hmax Hb Hg Hlow Hv.
  apply (T_at_most_by_scores (top_problem n k g) p b low v Hp).
  - intros s _. apply Hlow.
  - intros eps He.
    destruct (scores_near_point n g p z Hn Hz Hg eps He) as (s & Hs & Horder).
    exists s, r. split; [exact I|]. split; [exact Hr|]. split; [|split].
    + split; [exact Hkr|]. intros i j Hi Hj Hmi Hmj. apply Horder; auto.
    + unfold target_regret. rewrite (expected_top_cost n k g r p Hp Hkr).
      pose proof (least_le (predictions (top_problem n k g))
                    (fun i => expected_cost (top_problem n k g) i p) q Hq) as H.
      cbv beta in H. rewrite (expected_top_cost n k g q p Hp Hkq) in H. lra.
    + change (sum n (fun y => p y * g (softmax n s y)) <= low + v + eps). lra.
Qed.
