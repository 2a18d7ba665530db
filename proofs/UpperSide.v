(** T <= claim for convex losses of the softmax value, from the definition alone.

    At p = ((1 + b)/2, (1 - b)/2, 0, ...) a tie of labels 0 and 1 predicts the wrong one at the risk
    g(1/2); the risk of any scores is at least its tangent at the witness x, with slopes dx and dy
    of g at x and 1 - x, which on [0, 1] is least at an end. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax.
Open Scope R_scope.

(** d is the slope of a line that touches g at x and lies below it. *)
Definition tangent_below (g : R -> R) (x d : R) : Prop :=
  forall u, 0 < u <= 1 -> g x + d * (u - x) <= g u.

Definition two_label_risk (g : R -> R) (b x : R) : R :=
  1 / 2 * ((1 + b) * g x + (1 - b) * g (1 - x)).

(** Every share s of label 0, at the risk of two labels, leaves a regret of at most v for the tie.
    *)
Definition tie_bound (g : R -> R) (b v : R) : Prop :=
  forall s, 0 < s < 1 -> g (1 / 2) - v <= two_label_risk g b s.

(** Tangents show it: the risk lies above its tangent at the witness. *)
Lemma tie_bound_by_tangents g b v x dx dy :
  0 <= b <= 1 -> 0 <= x <= 1 -> tangent_below g x dx -> tangent_below g (1 - x) dy ->
  let pull := 1 / 2 * ((1 + b) * dx - (1 - b) * dy) in
  0 <= v + two_label_risk g b x - g (1 / 2) - pull * x ->
  0 <= v + two_label_risk g b x - g (1 / 2) + pull * (1 - x) ->
  tie_bound g b v.
Proof.
  intros Hb Hx Hdx Hdy pull H0 H1 s Hs.
  pose proof (Hdx s ltac:(lra)) as T0. pose proof (Hdy (1 - s) ltac:(lra)) as T1.
  unfold two_label_risk in *.
  assert ((1 - b) * (g (1 - x) + dy * (1 - s - (1 - x))) <= (1 - b) * g (1 - s)) as T2
    by (apply Rmult_le_compat_l; lra).
  assert ((1 + b) * (g x + dx * (s - x)) <= (1 + b) * g s) as T3
    by (apply Rmult_le_compat_l; lra).
  assert (- pull * (s - x) <= v + 1 / 2 * ((1 + b) * g x + (1 - b) * g (1 - x)) - g (1 / 2)) as T4.
  { destruct (Rle_dec 0 pull); nra. }
  unfold pull in *. lra.
Qed.

Lemma sum_first_two n f :
  (2 <= n)%nat -> (forall y, (2 <= y < n)%nat -> f y = 0) -> sum n f = f O + f 1%nat.
Proof.
  intros Hn H. destruct n as [|[|n]]; [lia|lia|]. clear Hn.
  induction n as [|n IH]; [simpl; ring|].
  change (sum (S (S (S n))) f) with (sum (S (S n)) f + f (S (S n))).
  rewrite IH, (H (S (S n))) by (intros; try apply H; lia). ring.
Qed.

Section Upper.
Variables (n : nat) (g : R -> R).
Hypothesis Hn : (2 <= n)%nat.
Hypothesis Hconvex : convex_on unit_open g.
Hypothesis Hfalls : nonincreasing_on unit_open g.

Theorem upper_side b v :
  0 <= b <= 1 -> tie_bound g b v -> T_at_most (softmax_problem n g) b v.
Proof.
  intros Hb Htie w Hw.
  set (p := fun y => match y with O => (1 + b) / 2 | 1%nat => (1 - b) / 2 | _ => 0 end).
  assert (distribution n p) as Hp.
  { split.
    - intros y _. unfold p. destruct y as [|[|]]; lra.
    - rewrite sum_first_two; [unfold p; field|assumption|].
      intros y Hy. unfold p. destruct y as [|[|]]; [lia|lia|reflexivity]. }
  assert (forall S, value_risk n g S p = (1 + b) / 2 * g (S O) + (1 - b) / 2 * g (S 1%nat))
    as Hrisk.
  { intro S. unfold value_risk. rewrite sum_first_two; [unfold p; ring|assumption|].
    intros y Hy. unfold p. destruct y as [|[|]]; [lia|lia|ring]. }
  (* every score costs at least g(1/2) - v *)
  assert (forall S, open_simplex n S -> g (1 / 2) - v <= value_risk n g S p) as Hlow.
  { intros S HS. rewrite Hrisk.
    pose proof (open_simplex_unit n S O HS ltac:(lia)) as [Hs0 Hs0'].
    pose proof (open_simplex_unit n S 1%nat HS ltac:(lia)) as [Hs1 _].
    pose proof (open_simplex_pair n S O 1%nat HS ltac:(lia) ltac:(lia) ltac:(lia)) as Hs.
    pose proof (Htie (S O) ltac:(lra)) as T0.
    pose proof (Hfalls (S 1%nat) (1 - S O)) as T1. unfold unit_open in T1.
    specialize (T1 ltac:(lra) ltac:(lra) ltac:(lra)). unfold two_label_risk in T0.
    assert ((1 - b) * g (1 - S O) <= (1 - b) * g (S 1%nat)) by (apply Rmult_le_compat_l; lra).
    lra. }
  destruct (best_in_class_exists (softmax_problem n g) p (g 1)) as (c & Hc).
  { exact Hp. }
  { exists (fun _ => 0). exact I. }
  { intros s y _ Hy. simpl in Hy |- *.
    pose proof (open_simplex_unit n _ y (softmax_open_simplex n s ltac:(lia)) Hy) as [U1 U2].
    apply Hfalls; unfold unit_open; lra. }
  assert (g (1 / 2) - v <= c) as Hcv.
  { destruct Hc as [_ Hgreat]. apply Hgreat. intros r (s & _ & ->). rewrite risk_of_scores.
    apply Hlow, softmax_open_simplex. lia. }
  (* a tie of the two labels, up to a share theta for all *)
  assert (0 < / INR n <= 1 / 2) as Hinv.
  { assert (2 <= INR n) by (change 2 with (INR 2); now apply le_INR).
    split; [apply Rinv_0_lt_compat; lra|]. replace (1 / 2) with (/ 2) by field.
    apply Rinv_le_contravar; lra. }
  assert (0 < INR n) as Hn0 by (apply lt_0_INR; lia).
  assert (forall theta, 0 < theta <= 1 ->
          w <= g (1 / 2) + theta * (g (/ INR n) - g (1 / 2)) - c) as Hup.
  { intros theta Ht.
    set (S := fun y => theta * / INR n + match y with O | 1%nat => (1 - theta) / 2 | _ => 0 end).
    assert (open_simplex n S) as HS.
    { split.
      - intros y _. unfold S. assert (0 < theta * / INR n) by (apply Rmult_lt_0_compat; lra).
        destruct y as [|[|]]; lra.
      - unfold S. rewrite sum_plus, sum_const, sum_first_two; [field; lra|assumption|].
        intros y Hy. destruct y as [|[|]]; [lia|lia|reflexivity]. }
    assert (w <= value_risk n g S p - c) as H.
    { apply (softmax_regret_of_values n g b w p S O 1%nat c); auto; try lia.
      - intros k _. unfold S. destruct k as [|[|]]; lra.
      - unfold p. lra. }
    rewrite Hrisk in H. unfold S in H.
    replace ((1 + b) / 2 * g (theta * / INR n + (1 - theta) / 2) +
             (1 - b) / 2 * g (theta * / INR n + (1 - theta) / 2))
      with (g (theta * / INR n + (1 - theta) / 2)) in H by (field; lra).
    pose proof (convex_part unit_open g (1 / 2) (/ INR n) theta Hconvex ltac:(unfold unit_open; lra)
                  ltac:(unfold unit_open; lra) ltac:(lra)) as K.
    replace (1 / 2 + theta * (/ INR n - 1 / 2)) with (theta * / INR n + (1 - theta) / 2) in K
      by (field; lra).
    lra. }
  apply Rle_trans with (g (1 / 2) - c); [|lra].
  apply le_epsilon. intros eps He.
  set (d := Rabs (g (/ INR n) - g (1 / 2))).
  assert (0 <= d) as Hd by apply Rabs_pos.
  assert (0 < Rmin 1 (eps / (d + 1)) <= 1) as Ht.
  { split; [|apply Rmin_l]. apply Rmin_glb_lt; [lra|].
    apply Rmult_lt_0_compat; [assumption|apply Rinv_0_lt_compat; lra]. }
  specialize (Hup _ Ht).
  assert (Rmin 1 (eps / (d + 1)) * (d + 1) <= eps) as Hm.
  { apply Rle_trans with (eps / (d + 1) * (d + 1)); [|right; field; lra].
    apply Rmult_le_compat_r; [lra|apply Rmin_r]. }
  assert (g (/ INR n) - g (1 / 2) <= d) by apply Rle_abs.
  nra.
Qed.

End Upper.
