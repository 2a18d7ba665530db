(** Finite sums of real numbers, and the least of finitely many.

    [sum n f] is f 0 + ... + f (n - 1): a vector with n entries is a function on the natural
    numbers, of which only the first n values count. *)

From Coq Require Import Reals Lra Lia Arith.
Open Scope R_scope.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S k => sum k f + f k
  end.

(** [update f i v] is f with the value v at i. *)
Definition update (f : nat -> R) (i : nat) (v : R) : nat -> R :=
  fun k => if Nat.eqb k i then v else f k.

Lemma update_same f i v : update f i v i = v.
Proof. unfold update. now rewrite Nat.eqb_refl. Qed.

Lemma update_other f i v k : k <> i -> update f i v k = f k.
Proof. intro H. unfold update. now rewrite (proj2 (Nat.eqb_neq k i) H). Qed.

Lemma sum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> sum n f = sum n g.
Proof.
  induction n as [|n IH]; simpl; intro H; [reflexivity|].
  rewrite IH, (H n); auto.
Qed.

Lemma sum_le n f g : (forall i, (i < n)%nat -> f i <= g i) -> sum n f <= sum n g.
Proof.
  induction n as [|n IH]; simpl; intro H; [lra|].
  apply Rplus_le_compat; auto.
Qed.

Lemma sum_zero n : sum n (fun _ => 0) = 0.
Proof. induction n as [|n IH]; simpl; lra. Qed.

Lemma sum_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum n f.
Proof. intro H. rewrite <- (sum_zero n). now apply sum_le. Qed.

Lemma sum_plus n f g : sum n (fun i => f i + g i) = sum n f + sum n g.
Proof. induction n as [|n IH]; simpl; lra. Qed.

Lemma sum_minus n f g : sum n (fun i => f i - g i) = sum n f - sum n g.
Proof. induction n as [|n IH]; simpl; lra. Qed.

Lemma sum_scal n c f : sum n (fun i => c * f i) = c * sum n f.
Proof. induction n as [|n IH]; simpl; lra. Qed.

Lemma sum_const n c : sum n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [simpl; lra|]. rewrite S_INR. simpl sum. lra. Qed.

Lemma sum_swap n m (f : nat -> nat -> R) :
  sum n (fun i => sum m (f i)) = sum m (fun k => sum n (fun i => f i k)).
Proof.
  induction n as [|n IH]; simpl; [now rewrite sum_zero|].
  rewrite IH, <- sum_plus. reflexivity.
Qed.

Lemma sum_update_beyond n f i v : (n <= i)%nat -> sum n (update f i v) = sum n f.
Proof. intro H. apply sum_ext. intros k Hk. apply update_other. lia. Qed.

Lemma sum_update n f i v : (i < n)%nat -> sum n (update f i v) = sum n f - f i + v.
Proof.
  induction n as [|n IH]; [lia|]. intro H. simpl.
  destruct (Nat.eq_dec i n) as [->|Hne].
  - rewrite sum_update_beyond, update_same by lia. lra.
  - rewrite IH, update_other by lia. lra.
Qed.

(** One nonnegative term, and two of them, are at most the sum. *)
Lemma sum_member n f i : (forall k, (k < n)%nat -> 0 <= f k) -> (i < n)%nat -> f i <= sum n f.
Proof.
  intros H Hi.
  assert (0 <= sum n (update f i 0)) as Hr.
  { apply sum_nonneg. intros k Hk. unfold update. destruct (Nat.eqb k i); [lra|auto]. }
  rewrite sum_update in Hr by assumption. lra.
Qed.

Lemma sum_pair n f i j :
  (forall k, (k < n)%nat -> 0 <= f k) -> (i < n)%nat -> (j < n)%nat -> i <> j ->
  f i + f j <= sum n f.
Proof.
  intros H Hi Hj Hij.
  assert (update f i 0 j <= sum n (update f i 0)) as Hr.
  { apply sum_member; [|assumption]. intros k Hk. unfold update.
  destruct (Nat.eqb k i); [lra|auto]. }
  rewrite sum_update, update_other in Hr by auto. lra.
Qed.

(** A sum of products that changes in two entries only. *)
Lemma sum_two_entries n (w : nat -> R) (f : nat -> R) i j x y (g : R -> R) :
  (i < n)%nat -> (j < n)%nat -> i <> j ->
  sum n (fun k => w k * g (update (update f i x) j y k))
  = sum n (fun k => w k * g (f k)) - w i * g (f i) - w j * g (f j) + w i * g x + w j * g y.
Proof.
  intros Hi Hj Hij.
  rewrite (sum_ext n _ (update (update (fun k => w k * g (f k)) i (w i * g x)) j (w j * g y))).
  - rewrite !sum_update, update_other by auto. lra.
  - intros k Hk. unfold update.
    destruct (Nat.eqb_spec k j) as [->|]; [reflexivity|].
    destruct (Nat.eqb_spec k i) as [->|]; reflexivity.
Qed.

(** The least of f 0, ..., f (n - 1), for n >= 1. *)
Fixpoint least (n : nat) (f : nat -> R) : R :=
  match n with
  | O => f O
  | S k => Rmin (least k f) (f k)
  end.

Lemma least_le n f i : (i < n)%nat -> least n f <= f i.
Proof.
  induction n as [|n IH]; [lia|]. intro H. simpl.
  destruct (Nat.eq_dec i n) as [->|Hne]; [apply Rmin_r|].
  apply Rle_trans with (least n f); [apply Rmin_l|apply IH; lia].
Qed.

Lemma least_attained n f : (0 < n)%nat -> exists i, (i < n)%nat /\ least n f = f i.
Proof.
  destruct n as [|n]; [lia|]. intros _.
  assert (exists i, (i <= n)%nat /\ least (S n) f = f i) as (i & Hi & He).
  { induction n as [|n IH].
    - exists O. split; [lia|]. simpl. apply Rmin_left. lra.
    - destruct IH as (i & Hi & He).
      change (least (S (S n)) f) with (Rmin (least (S n) f) (f (S n))).
      destruct (Rle_dec (least (S n) f) (f (S n))) as [H|H].
      + exists i. split; [lia|]. now rewrite Rmin_left.
      + exists (S n). split; [lia|]. apply Rmin_right. lra. }
  exists i. split; [lia|assumption].
Qed.

(** The greatest of finitely many is attained. *)
Lemma greatest_attained n (f : nat -> R) :
  (0 < n)%nat -> exists i, (i < n)%nat /\ forall k, (k < n)%nat -> f k <= f i.
Proof.
  intro H. destruct (least_attained n (fun k => - f k) H) as (i & Hi & He).
  exists i. split; [assumption|]. intros k Hk.
  pose proof (least_le n (fun k => - f k) k Hk). simpl in *. lra.
Qed.
