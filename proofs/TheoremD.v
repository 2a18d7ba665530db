(** Theorem D of docs/theory.md, as a statement: the curvature of h = -1/g' makes T of n labels that
    of two labels. *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Hconsist Require Import Sums Convex Definitions Softmax PairLemma Shapes.
Open Scope R_scope.

Definition square (h : R -> R) (u : R) : R := h u ^ 2.

Definition theorem_D_statement : Prop :=
  forall (n : nat) (g g1 h h1 : R -> R) (b x y v : R),
  (2 <= n)%nat -> convex_on unit_open g -> nonincreasing_on unit_open g ->
  (forall u, inside u -> is_derive g u (g1 u)) -> (forall u, inside u -> is_derive h u (h1 u)) ->
  (forall u, inside u -> h u * g1 u + 1 = 0) -> (forall u, inside u -> 0 < h1 u) ->
  continuous h 0 -> h 0 = 0 ->
  (convex_on inside h \/ concave_on inside h /\ convex_on inside (square h)) ->
  0 <= b <= 1 -> 0 < x -> 0 < y -> x + y <= 1 -> v <= witness_gap g b x y ->
  T_at_least (softmax_problem n g) b v.
