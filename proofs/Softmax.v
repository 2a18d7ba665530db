(** Losses of the softmax value of the label, on complete scores, with the zero-one target.

    The scores are all of R^n, the loss is g(softmax(s)_y), and s may predict every label of the
    greatest score. The softmax values of scores are the points of the simplex with positive
    entries: theorems are proven for these points. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions.
Open Scope R_scope.

Definition softmax (n : nat) (s : nat -> R) (y : nat) : R := exp (s y) / sum n (fun k => exp (s k)).

Definition softmax_problem (n : nat) (g : R -> R) : problem := {|
  Score := nat -> R;
  labels := n;
  predictions := n;
  admissible := fun _ => True;
  loss := fun s y => g (softmax n s y);
  predicts := fun s r => forall k, (k < n)%nat -> s k <= s r;
  cost := zero_one
|}.

(** The simplex with positive entries. *)
Definition open_simplex (n : nat) (S : nat -> R) : Prop :=
  (forall y, (y < n)%nat -> 0 < S y) /\ sum n S = 1.

Lemma sum_exp_positive n s : (0 < n)%nat -> 0 < sum n (fun k => exp (s k)).
Proof.
  intro H. apply Rlt_le_trans with (exp (s O)); [apply exp_pos|].
  apply (sum_member n (fun k => exp (s k)) O); [|assumption].
  intros. left. apply exp_pos.
Qed.

Lemma softmax_open_simplex n s : (0 < n)%nat -> open_simplex n (softmax n s).
Proof.
  intro H. pose proof (sum_exp_positive n s H) as Hp. split.
  - intros y _. unfold softmax. apply Rmult_lt_0_compat; [apply exp_pos|now apply Rinv_0_lt_compat].
  - unfold softmax, Rdiv.
    rewrite (sum_ext n _ (fun k => / sum n (fun k => exp (s k)) * exp (s k))) by (intros; ring).
    rewrite sum_scal. field. lra.
Qed.

Lemma softmax_of_logarithms n S y :
  open_simplex n S -> (y < n)%nat -> softmax n (fun k => ln (S k)) y = S y.
Proof.
  intros [Hp H1] Hy. unfold softmax.
  rewrite (sum_ext n _ S) by (intros; apply exp_ln; auto).
  rewrite H1, exp_ln by auto. field.
Qed.

(** Order of scores is order of softmax values. *)
Lemma softmax_order n s i j : (0 < n)%nat -> s i <= s j -> softmax n s i <= softmax n s j.
Proof.
  intros Hn H. pose proof (sum_exp_positive n s Hn) as Hp. unfold softmax.
  apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|].
  destruct H as [H|H]; [left; now apply exp_increasing|right; now rewrite H].
Qed.

Lemma softmax_order_strict n s i j : (0 < n)%nat -> softmax n s i <= softmax n s j -> s i <= s j.
Proof.
  intros Hn H. pose proof (sum_exp_positive n s Hn) as Hp. unfold softmax in H.
  apply Rmult_le_reg_r in H; [|now apply Rinv_0_lt_compat].
  destruct H as [H|H]; [left; now apply exp_lt_inv|right; now apply exp_inv].
Qed.

Lemma open_simplex_unit n S y : open_simplex n S -> (y < n)%nat -> unit_open (S y).
Proof.
  intros [Hp H1] Hy. split; [auto|]. rewrite <- H1. apply sum_member; [|assumption].
  intros k Hk. left. auto.
Qed.

Lemma open_simplex_pair n S i j :
  open_simplex n S -> (i < n)%nat -> (j < n)%nat -> i <> j -> S i + S j <= 1.
Proof.
  intros [Hp H1] Hi Hj Hij. rewrite <- H1. apply sum_pair; auto. intros k Hk. left. auto.
Qed.

(** The greatest entry is at least 1/n. *)
Lemma greatest_entry n S j :
  open_simplex n S -> (j < n)%nat -> (forall k, (k < n)%nat -> S k <= S j) -> 1 <= INR n * S j.
Proof.
  intros [Hp H1] Hj Hmax. rewrite <- H1, <- (sum_const n (S j)). now apply sum_le.
Qed.

(** The conditional risk as a function of the softmax values. *)
Definition value_risk (n : nat) (g : R -> R) (S p : nat -> R) : R := sum n (fun y => p y * g (S y)).

Lemma risk_of_scores n g s p : risk (softmax_problem n g) s p = value_risk n g (softmax n s) p.
Proof. reflexivity. Qed.

Lemma zero_one_regret_against n g p r b :
  (0 < n)%nat -> distribution n p -> (r < n)%nat -> b <= target_regret (softmax_problem n g) r p ->
  exists i, (i < n)%nat /\ b <= p i - p r.
Proof.
  intros Hn Hp Hr Hb.
  destruct (target_regret_against (softmax_problem n g) r p b Hn Hb) as (i & Hi & H).
  exists i. split; [assumption|]. unfold expected_cost in H. simpl in H, Hi.
  rewrite !zero_one_expected in H by assumption. lra.
Qed.

Lemma zero_one_regret_at_least n g p r i :
  distribution n p -> (r < n)%nat -> (i < n)%nat ->
  p i - p r <= target_regret (softmax_problem n g) r p.
Proof.
  intros Hp Hr Hi. unfold target_regret.
  pose proof (least_le n (fun k => expected_cost (softmax_problem n g) k p) i Hi) as H.
  simpl predictions. unfold expected_cost in *. simpl in *.
  rewrite (zero_one_expected n p i) in H by assumption.
  rewrite (zero_one_expected n p r) by assumption. lra.
Qed.

(** To show T(b) >= v it is enough to find, for every point S of the open simplex whose greatest
    entry is at j and every label i with p_i - p_j >= b, points that cost v less, up to any eps. *)
Lemma softmax_T_at_least n g b v :
  (0 < n)%nat ->
  (forall p S i j,
     distribution n p -> open_simplex n S -> (i < n)%nat -> (j < n)%nat ->
     (forall k, (k < n)%nat -> S k <= S j) -> b <= p i - p j ->
     forall eps, 0 < eps ->
     exists S', open_simplex n S' /\ v - eps <= value_risk n g S p - value_risk n g S' p) ->
  T_at_least (softmax_problem n g) b v.
Proof.
  intros Hn H p s r c Hp _ Hr Hpr Hb Hc. simpl in Hp, Hr, Hpr.
  destruct (zero_one_regret_against n g p r b Hn Hp Hr Hb) as (i & Hi & Hpi).
  apply (regret_from_competitors (softmax_problem n g) s p c v Hc). intros eps He.
  destruct (H p (softmax n s) i r Hp (softmax_open_simplex n s Hn) Hi Hr
              (fun k Hk => softmax_order n s k r Hn (Hpr k Hk)) Hpi eps He) as (S' & HS & Hv).
  exists (fun k => ln (S' k)). split; [exact I|].
  rewrite !risk_of_scores. unfold value_risk at 2.
  rewrite (sum_ext n _ (fun y => p y * g (S' y))); [exact Hv|].
  intros y Hy. now rewrite softmax_of_logarithms.
Qed.

(** The same for the upper side: points of the open simplex are scores. *)
Lemma softmax_regret_of_values n g b v p S i j c :
  (0 < n)%nat -> distribution n p -> open_simplex n S -> (i < n)%nat -> (j < n)%nat ->
  (forall k, (k < n)%nat -> S k <= S j) -> b <= p i - p j ->
  best_in_class_risk (softmax_problem n g) p c -> T_at_least (softmax_problem n g) b v ->
  v <= value_risk n g S p - c.
Proof.
  intros Hn Hp HS Hi Hj Hmax Hb Hc H.
  assert (risk (softmax_problem n g) (fun k => ln (S k)) p = value_risk n g S p) as E.
  { rewrite risk_of_scores. apply sum_ext. intros y Hy. now rewrite softmax_of_logarithms. }
  rewrite <- E. apply (H p (fun k => ln (S k)) j c); simpl; auto.
  - intros k Hk. destruct (Hmax k Hk) as [Hlt|He].
    + left. apply ln_increasing; [now apply HS|assumption].
    + right. now rewrite He.
  - apply Rle_trans with (p i - p j); [assumption|]. now apply zero_one_regret_at_least.
Qed.
