(** Points of the simplex as mixtures of uniform points.

    A vector S >= 0 whose greatest entry is at j is a sum of layers w 1_A / |A|, w >= 0, of sets A
    that contain j: take off the least positive entry from all positive ones, again and again. So a
    function that is concave in each coordinate and sums over labels is at least a mean of its
    values at uniform points. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax.
Open Scope R_scope.

Definition indicator (A : nat -> bool) (y : nat) : R := if A y then 1 else 0.
Definition size (n : nat) (A : nat -> bool) : R := sum n (indicator A).
Definition mass (n : nat) (A : nat -> bool) (p : nat
  -> R) : R := sum n (fun y => p y * indicator A y).

Lemma size_at_least_one n A j : (j < n)%nat -> A j = true -> 1 <= size n A.
Proof.
  intros Hj HA. unfold size. replace 1 with (indicator A j) by (unfold indicator; now rewrite HA).
  apply sum_member; [|assumption]. intros. unfold indicator. destruct (A k); lra.
Qed.

(** The size is a natural number between 1 and n. *)
Lemma size_natural n A : exists k, (k <= n)%nat /\ size n A = INR k.
Proof.
  unfold size. induction n as [|n (k & Hk & IH)]; [exists O; simpl; split; [lia|lra]|].
  simpl. rewrite IH. unfold indicator. destruct (A n).
  - exists (S k). split; [lia|]. now rewrite S_INR.
  - exists k. split; [lia|lra].
Qed.

(** The number of positive entries. *)
Fixpoint support (n : nat) (S : nat -> R) : nat :=
  match n with
  | O => O
  | Datatypes.S k => (support k S + if Rlt_dec 0 (S k) then 1 else 0)%nat
  end.

Lemma support_mono n S T :
  (forall y, (y < n)%nat -> 0 < T y -> 0 < S y) -> (support n T <= support n S)%nat.
Proof.
  induction n as [|n IH]; intro H; [simpl; lia|].
  assert (support n T <= support n S)%nat by (apply IH; auto). simpl.
  destruct (Rlt_dec 0 (T n)) as [HT|]; destruct (Rlt_dec 0 (S n)) as [|HS]; try lia.
  exfalso. apply HS, H; [lia|assumption].
Qed.

Lemma support_less n S T k :
  (k < n)%nat -> 0 < S k -> T k <= 0 -> (forall y, (y < n)%nat -> 0 < T y -> 0 < S y) ->
  (support n T < support n S)%nat.
Proof.
  induction n as [|n IH]; intros Hk HS HT H; [lia|]. simpl.
  destruct (Nat.eq_dec k n) as [->|Hne].
  - pose proof (support_mono n S T ltac:(auto)).
    destruct (Rlt_dec 0 (T n)); [lra|]. destruct (Rlt_dec 0 (S n)); [lia|lra].
  - assert (support n T < support n S)%nat by (apply IH; auto; lia).
    destruct (Rlt_dec 0 (T n)) as [HTn|]; destruct (Rlt_dec 0 (S n)) as [|HSn]; try lia.
    exfalso. apply HSn, H; [lia|assumption].
Qed.

(** A least positive entry. *)
Lemma least_positive n (S : nat -> R) :
  (exists y, (y < n)%nat /\ 0 < S y) ->
  exists k, (k < n)%nat /\ 0 < S k /\ forall y, (y < n)%nat -> 0 < S y -> S k <= S y.
Proof.
  induction n as [|n IH]; intros (y & Hy & Hpos); [lia|].
  assert ((exists y, (y < n)%nat /\ 0 < S y) \/ (forall y, (y < n)%nat -> S y <= 0)) as [He|Hno].
  { clear. induction n as [|n [(y & Hy & H)|H]].
    - right. intros y Hy. lia.
    - left. exists y. split; [lia|assumption].
    - destruct (Rlt_dec 0 (S n)) as [Hp|Hp]; [left; exists n; split; [lia|assumption]|].
      right. intros y Hy. destruct (Nat.eq_dec y n) as [->|]; [lra|apply H; lia]. }
  - destruct (IH He) as (k & Hk & Hkp & Hmin).
    destruct (Rlt_dec 0 (S n)) as [Hn|Hn]; [destruct (Rle_dec (S k) (S n)) as [Hc|Hc]|].
    + exists k. split; [lia|]. split; [assumption|]. intros z Hz Hzp.
      destruct (Nat.eq_dec z n) as [->|]; [assumption|apply Hmin; [lia|assumption]].
    + exists n. split; [lia|]. split; [assumption|]. intros z Hz Hzp.
      destruct (Nat.eq_dec z n) as [->|]; [lra|].
      apply Rle_trans with (S k); [lra|apply Hmin; [lia|assumption]].
    + exists k. split; [lia|]. split; [assumption|]. intros z Hz Hzp.
      destruct (Nat.eq_dec z n) as [->|]; [contradiction|apply Hmin; [lia|assumption]].
  - assert (y = n) as -> by (destruct (Nat.eq_dec y n); [assumption|]; specialize (Hno y
    ltac:(lia)); lra).
    exists n. split; [lia|]. split; [assumption|]. intros z Hz Hzp.
    destruct (Nat.eq_dec z n) as [->|]; [lra|]. specialize (Hno z ltac:(lia)). lra.
Qed.

(** The decomposition: K layers A_k of weight w_k, each containing j. *)
Lemma layers n j N : forall S,
  (support n S <= N)%nat -> (j < n)%nat ->
  (forall y, (y < n)%nat -> 0 <= S y) -> (forall y, (y < n)%nat -> S y <= S j) ->
  exists K (w : nat -> R) (A : nat -> nat -> bool),
  (forall k, (k < K)%nat -> 0 <= w k) /\ (forall k, (k < K)%nat -> A k j = true) /\
  (forall y, (y < n)%nat -> S y = sum K (fun k => w k * (indicator (A k) y / size n (A k)))) /\
  sum K w = sum n S.
Proof.
  induction N as [|N IH]; intros S HN Hj Hpos Hmax.
  - exists O, (fun _ => 0), (fun _ _ => true). repeat split; try (intros; lia).
    + intros y Hy. simpl. destruct (Rlt_dec 0 (S y)) as [H|H]; [|specialize (Hpos y Hy); lra].
      assert (support n (fun _ => 0%R) < support n S)%nat
        by (apply (support_less n S _ y); auto; intros; lra). lia.
    + simpl. symmetry. rewrite <- (sum_zero n). apply sum_ext. intros y Hy.
      destruct (Rlt_dec 0 (S y)) as [H|H]; [|specialize (Hpos y Hy); lra].
      assert (support n (fun _ => 0%R) < support n S)%nat
        by (apply (support_less n S _ y); auto; intros; lra). lia.
  - destruct (Rlt_dec 0 (S j)) as [Hsj|Hsj].
    2:{ apply (IH S); auto.
        assert (forall y, (y < n)%nat -> S y <= 0) as Hz
          by (intros y Hy; specialize (Hmax y Hy); lra).
        clear - Hz. assert (support n S = 0)%nat as ->; [|lia].
        induction n as [|n IHn]; [reflexivity|]. simpl. rewrite IHn by auto.
        destruct (Rlt_dec 0 (S n)) as [H|]; [|reflexivity]. specialize (Hz n ltac:(lia)). lra. }
    destruct (least_positive n S (ex_intro _ j (conj Hj Hsj))) as (k & Hk & Hkp & Hmin).
    set (A0 := fun y => if Rlt_dec 0 (S y) then true else false).
    set (c := S k).
    set (T := fun y => S y - c * indicator A0 y).
    assert (A0 j = true) as HA0 by (unfold A0; destruct (Rlt_dec 0 (S j));
      [reflexivity|contradiction]).
    pose proof (size_at_least_one n A0 j Hj HA0) as Hsize.
    assert (forall y, (y < n)%nat -> 0 <= T y) as HT.
    { intros y Hy. unfold T, indicator, A0. destruct (Rlt_dec 0 (S y)).
      - specialize (Hmin y Hy r). unfold c. lra.
      - specialize (Hpos y Hy). lra. }
    destruct (IH T) as (K & w & A & Hw & HA & Hsum & Htot).
    + assert (support n T < support n S)%nat; [|lia].
      apply (support_less n S T k); auto.
      * unfold T, indicator, A0. destruct (Rlt_dec 0 (S k)); [unfold c; lra|contradiction].
      * intros y Hy. unfold T, indicator, A0. destruct (Rlt_dec 0 (S y)); [auto|]. intro. lra.
    + assumption.
    + assumption.
    + intros y Hy. unfold T, indicator. rewrite HA0. unfold A0.
      specialize (Hmax y Hy). destruct (Rlt_dec 0 (S y)); [lra|].
      specialize (Hmin j Hj Hsj). specialize (Hpos y Hy). unfold c. lra.
    + exists (Datatypes.S K), (update w K (c * size n A0)), (fun i => if Nat.eqb i K then A0 else A
      i).
      assert (forall i, (i < K)%nat -> Nat.eqb i K = false) as HneK
        by (intros; apply Nat.eqb_neq; lia).
      repeat split.
      * intros i Hi. unfold update. destruct (Nat.eqb_spec i K); [|apply Hw; lia].
        apply Rmult_le_pos; [unfold c; lra|lra].
      * intros i Hi. destruct (Nat.eqb_spec i K); [assumption|apply HA; lia].
      * intros y Hy. simpl. rewrite update_same, Nat.eqb_refl.
        rewrite (sum_ext K _ (fun k => w k * (indicator (A k) y / size n (A k)))).
        -- rewrite <- (Hsum y Hy). unfold T. field. lra.
        -- intros i Hi. rewrite update_other by lia. now rewrite HneK.
      * simpl. rewrite update_same.
        rewrite (sum_ext K _ w) by (intros; apply update_other; lia).
        rewrite Htot. unfold T. rewrite sum_minus, sum_scal. fold (size n A0). ring.
Qed.

(** At a uniform point on A the risk is g(0) - p(A) (g(0) - g(1/|A|)); every point whose greatest
    entry is at j costs at least what some uniform point with j costs, if g is concave. *)
Theorem uniform_point n g S p j :
  concave_on unit_closed g -> distribution n p -> open_simplex n S -> (j < n)%nat ->
  (forall y, (y < n)%nat -> S y <= S j) ->
  exists A, A j = true /\ g 0 - mass n A p * (g 0 - g (/ size n A)) <= value_risk n g S p.
Proof.
  intros Hc [Hp Hp1] HS Hj Hmax.
  destruct (layers n j (support n S) S (le_n _) Hj) as (K & w & A & Hw & HA & Hsum & Htot).
  { intros y Hy. left. now apply HS. }
  { assumption. }
  rewrite (proj2 HS) in Htot.
  set (value := fun k => g 0 - mass n (A k) p * (g 0 - g (/ size n (A k)))).
  assert (forall k, (k < K)%nat -> 1 <= size n (A k)) as Hsize
    by (intros k Hk; apply (size_at_least_one n (A k) j); auto).
  assert (sum K (fun k => w k * value k) <= value_risk n g S p) as Hmix.
  { unfold value_risk.
    apply Rle_trans with
      (sum n (fun y => p y * sum K (fun k => w k * g (indicator (A k) y / size n (A k))))).
    - right.
      rewrite (sum_ext n _ (fun y => sum K (fun k => w k * (p y * g (indicator (A k) y / size n (A
        k)))))).
      2:{ intros y _. rewrite <- sum_scal. apply sum_ext. intros. ring. }
      rewrite sum_swap. apply sum_ext. intros k Hk. rewrite sum_scal. f_equal.
      unfold value, mass. rewrite Rmult_comm, <- sum_scal.
      rewrite <- (Rmult_1_r (g 0)) at 1. rewrite <- Hp1, <- sum_scal, <- sum_minus.
      apply sum_ext. intros y _. unfold indicator. destruct (A k y).
      + replace (1 / size n (A k)) with (/ size n (A k)) by (unfold Rdiv; ring). ring.
      + replace (0 / size n (A k)) with 0 by (unfold Rdiv; ring). ring.
    - apply sum_le. intros y Hy. apply Rmult_le_compat_l; [auto|]. rewrite (Hsum y Hy) at 1.
      destruct (jensen unit_closed (fun x => - g x) K w (fun k => indicator (A k) y / size n (A k))
                  unit_closed_interval Hc Hw) as [_ H].
      + intros k Hk. specialize (Hsize k Hk).
        assert (0 < / size n (A k) <= 1).
        { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
        unfold unit_closed, indicator, Rdiv. destruct (A k y); lra.
      + assumption.
      + rewrite (sum_ext K (fun i => w i * - g (indicator (A i) y / size n (A i)))
                   (fun i => -1 * (w i * g (indicator (A i) y / size n (A i))))) in H
                     by (intros; ring).
        rewrite sum_scal in H. lra. }
  (* the least of the K values is at most their mean *)
  assert (0 < K)%nat as HK by (destruct K; [simpl in Htot; lra|lia]).
  destruct (least_attained K value HK) as (k & Hk & Hmin).
  exists (A k). split; [now apply HA|].
  apply Rle_trans with (sum K (fun k => w k * value k)); [|assumption].
  change (value k <= sum K (fun i => w i * value i)).
  rewrite <- (Rmult_1_l (value k)), <- Htot, Rmult_comm, <- sum_scal.
  apply sum_le. intros i Hi. rewrite Rmult_comm. apply Rmult_le_compat_l; [auto|].
  rewrite <- Hmin. now apply least_le.
Qed.
