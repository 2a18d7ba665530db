(** Shapes from derivatives: when a formula falls, is convex or concave, and lies above its
    tangents; and ladders: a function whose derivatives start well stays nonnegative. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Convex UpperSide.
Open Scope R_scope.

(** The mean value theorem with the derivative inside and continuity up to the ends. *)
Lemma mean_value f df a b :
  a < b -> (forall x, a < x < b -> is_derive f x (df x)) ->
  (forall x, a <= x <= b -> continuous f x) ->
  exists c, a < c < b /\ f b - f a = df c * (b - a).
Proof.
  intros Hab Hd Hc.
  assert (forall x, a < x < b -> derivable_pt f x) as pr1.
  { intros x Hx. exists (df x). apply is_derive_Reals. auto. }
  destruct (MVT f id a b pr1 (fun x _ => derivable_pt_id x) Hab) as (c & Hc' & E).
  - intros x Hx. apply continuity_pt_filterlim. now apply Hc.
  - intros x _. apply derivable_continuous_pt, derivable_pt_id.
  - exists c. split; [assumption|].
    rewrite derive_pt_id in E. unfold id in E.
    rewrite (Derive_Reals f c (pr1 c Hc')), (is_derive_unique _ _ _ (Hd c Hc')) in E. lra.
Qed.

Definition inside (x : R) : Prop := 0 < x < 1.

Section Shape.
Variables (D : R -> Prop) (g g' g'' : R -> R).
Hypothesis HD : interval_set D.
Hypothesis HD1 : forall x, D x -> 0 <= x <= 1.
Hypothesis Hcont : forall x, D x -> continuous g x.
Hypothesis Hd1 : forall x, inside x -> is_derive g x (g' x).

Lemma step x y : D x -> D y -> x < y -> exists c, x < c < y /\ g y - g x = g' c * (y - x).
Proof.
  intros Hx Hy Hxy. pose proof (HD1 x Hx). pose proof (HD1 y Hy).
  apply mean_value; [assumption| |].
  - intros z Hz. apply Hd1. unfold inside. lra.
  - intros z Hz. apply Hcont. apply HD with x y; auto; lra.
Qed.

Lemma falls_from_slope : (forall x, inside x -> 0 <= - g' x) -> nonincreasing_on D g.
Proof.
  intros H x y Hx Hy [Hxy| ->]; [|lra].
  destruct (step x y Hx Hy Hxy) as (c & Hc & E).
  pose proof (HD1 x Hx). pose proof (HD1 y Hy).
  assert (0 <= - g' c) by (apply H; unfold inside; lra). nra.
Qed.

Hypothesis Hd2 : forall x, inside x -> is_derive g' x (g'' x).

Lemma slope_increases :
  (forall x, inside x -> 0 <= g'' x) -> forall x y, inside x -> inside y -> x <= y -> g' x <= g' y.
Proof.
  intros H x y Hx Hy [Hxy| ->]; [|lra]. unfold inside in *.
  destruct (mean_value g' g'' x y Hxy) as (c & Hc & E).
  - intros z Hz. apply Hd2. unfold inside. lra.
  - intros z Hz. apply (ex_derive_continuous g'). exists (g'' z). apply Hd2. unfold inside. lra.
  - assert (0 <= g'' c) by (apply H; lra). nra.
Qed.

Lemma convex_from_bend : (forall x, inside x -> 0 <= g'' x) -> convex_on D g.
Proof.
  intros H.
  assert (forall x y t, D x -> D y -> x < y -> 0 < t < 1 ->
          g (t * x + (1 - t) * y) <= t * g x + (1 - t) * g y) as Hlt.
  { intros x y t Hx Hy Hxy Ht.
    pose proof (HD1 x Hx). pose proof (HD1 y Hy).
    set (z := t * x + (1 - t) * y).
    assert (x < z < y) as Hz by (unfold z; nra).
    assert (D z) as Dz by (apply HD with x y; auto; lra).
    destruct (step x z Hx Dz (proj1 Hz)) as (c1 & Hc1 & E1).
    destruct (step z y Dz Hy (proj2 Hz)) as (c2 & Hc2 & E2).
    assert (g' c1 <= g' c2) as Hs
      by (apply slope_increases; unfold inside; auto; lra).
    assert (z - x = (1 - t) * (y - x)) as Ez1 by (unfold z; ring).
    assert (y - z = t * (y - x)) as Ez2 by (unfold z; ring).
    rewrite Ez1 in E1. rewrite Ez2 in E2.
    assert (0 <= t * (1 - t) * (y - x) * (g' c2 - g' c1)).
    { repeat apply Rmult_le_pos; lra. }
    assert (t * (g z - g x) = t * (g' c1 * ((1 - t) * (y - x)))) by (now rewrite E1).
    assert ((1 - t) * (g y - g z) = (1 - t) * (g' c2 * (t * (y - x)))) by (now rewrite E2).
    lra. }
  intros x y t Hx Hy Ht.
  destruct (Req_dec t 0) as [->|H0]; [replace (0 * x + (1 - 0) * y) with y by ring; lra|].
  destruct (Req_dec t 1) as [->|H1]; [replace (1 * x + (1 - 1) * y) with x by ring; lra|].
  destruct (Rtotal_order x y) as [Hxy|[->|Hxy]].
  - apply Hlt; auto; lra.
  - replace (t * y + (1 - t) * y) with y by ring. lra.
  - pose proof (Hlt y x (1 - t) Hy Hx Hxy ltac:(lra)) as K.
    replace ((1 - t) * y + (1 - (1 - t)) * x) with (t * x + (1 - t) * y) in K by ring. lra.
Qed.

(** The tangent at an inner point lies below, where D is (0, 1]. *)
Lemma tangent_from_bend :
  (forall x, unit_open x -> D x) -> (forall x, inside x -> 0 <= g'' x) ->
  forall x, inside x -> tangent_below g x (g' x).
Proof.
  intros HO H x Hx u Hu. unfold inside in Hx.
  assert (D x) as Dx by (apply HO; unfold unit_open; lra).
  assert (D u) as Du by (apply HO; exact Hu).
  destruct (Rtotal_order u x) as [Hlt|[->|Hgt]]; [|lra|].
  - destruct (step u x Du Dx Hlt) as (c & Hc & E).
    assert (g' c <= g' x) by (apply slope_increases; unfold inside; auto; lra). nra.
  - destruct (step x u Dx Du Hgt) as (c & Hc & E).
    assert (g' x <= g' c) by (apply slope_increases; unfold inside; auto; lra). nra.
Qed.

End Shape.

(** One rung of a ladder: f starts at a value >= 0 and its derivative is >= 0. *)
Lemma rung f f' a b :
  (forall x, a < x < b -> is_derive f x (f' x)) ->
  (forall x, a <= x < b -> continuous f x) ->
  0 <= f a -> (forall x, a < x < b -> 0 <= f' x) -> forall x, a < x < b -> 0 <= f x.
Proof.
  intros Hd Hc H0 Hpos x Hx.
  destruct (mean_value f f' a x (proj1 Hx)) as (c & Hcx & E).
  - intros y Hy. apply Hd. lra.
  - intros y Hy. apply Hc. lra.
  - assert (0 <= f' c) by (apply Hpos; lra). nra.
Qed.

(** The same without an upper end, and with a strict sign. *)
Lemma rung_strict f f' a b :
  (forall x, a < x < b -> is_derive f x (f' x)) ->
  (forall x, a <= x < b -> continuous f x) ->
  0 <= f a -> (forall x, a < x < b -> 0 < f' x) -> forall x, a < x < b -> 0 < f x.
Proof.
  intros Hd Hc H0 Hpos x Hx.
  destruct (mean_value f f' a x (proj1 Hx)) as (c & Hcx & E).
  - intros y Hy. apply Hd. lra.
  - intros y Hy. apply Hc. lra.
  - assert (0 < f' c) by (apply Hpos; lra). nra.
Qed.

Lemma rung_up f f' a :
  (forall x, a < x -> is_derive f x (f' x)) -> (forall x, a <= x -> continuous f x) ->
  0 <= f a -> (forall x, a < x -> 0 <= f' x) -> forall x, a < x -> 0 <= f x.
Proof.
  intros Hd Hc H0 Hpos x Hx.
  apply (rung f f' a (x + 1)); try lra.
  - intros y Hy. apply Hd. lra.
  - intros y Hy. apply Hc. lra.
  - intros y Hy. apply Hpos. lra.
Qed.
