(** Theorem A of docs/theory.md, as a statement. *)

From Coq Require Import Reals Lra Lia Arith.
From Hconsist Require Import Sums Convex Definitions Softmax PairLemma Powers.
Open Scope R_scope.

Definition theorem_A_statement : Prop :=
  forall (closed : Prop) (n : nat) (g : R -> R) (e b x y v : R),
  (2 <= n)%nat -> 0 < e <= 1 / 2 ->
  convex_on unit_open g -> nonincreasing_on unit_open g -> shaped_at_zero closed g ->
  scales g (fun t => rpow t e) -> 0 <= b <= 1 -> admissible_witness closed b x y ->
  v <= witness_gap g b x y -> T_at_least (softmax_problem n g) b v.
