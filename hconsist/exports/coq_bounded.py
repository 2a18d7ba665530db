"""Softmax values of bounded scores in Coq: the swap, allowed points, and least risks from below."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hconsist.checker import Statement, Tree
from hconsist.checker.obligations import value
from hconsist.checker.reading import Fields
from hconsist.checker.rules import points
from hconsist.checker.rules.boxed import BOUNDED_SWAP, spread
from hconsist.checker.trees import add, minus, mul, power, rational
from hconsist.exports.coq_losses import CoqLoss, convex_loss
from hconsist.exports.coq_signs import constant, has
from hconsist.exports.coq_spots import Spot
from hconsist.exports.coq_terms import number, refuse, term


def bound_of(s: Statement) -> Fraction:
    """The score bound."""
    if s.bound is None or s.kind != "softmax":
        raise refuse("a rule of bounded scores for others")
    return s.bound


def each_label(n: int, step: str, name: str = "y") -> str:
    """The tactic for a goal about every label, by one step for each."""
    return f"intros {name} H{name}; do {n} (destruct {name} as [|{name}]; [{step}|]); exfalso; lia"


def spread_is(s: Statement) -> str:
    """The step that writes K = exp(2 B) as the formulas do."""
    b = number(bound_of(s))
    return f"replace (exp (2 * {b})) with {term(spread(s))} by (f_equal; lra)."


# ---- the swap ----


def bounded_swap(s: Statement, proof: Fields, scaling: list[str]) -> CoqLoss:
    """Rule "bounded swap"; ``scaling`` writes the identity of a loss that scales."""
    loss, n, b = convex_loss(s), int(s.classes or 0), number(bound_of(s))
    e = Fraction(0) if n == 2 else rational(proof["scaling"])
    least: Tree = power(str(Fraction(1, n)), e) if e > 0 else "1"

    def apply(spot: Spot, witness: Any) -> list[str]:
        _, (_, room) = BOUNDED_SWAP.bounds(s, proof, spot.b, witness)
        falling: Tree = ["exp", mul("-1", witness)]
        inverse = spread(s, -1)
        u = shares(s, falling)
        wide = minus(mul(spread(s), mul(falling, u)), "1")
        if n > 2 and has(witness, "x"):
            raise refuse("a witness of bounded scores, three labels or more, that varies with b")
        enclosed = [] if n == 2 else spot.shown("Wide", wide)
        if e > 0:
            two = "right. split; [exact g_scales|]. intros t Ht. simpl INR in Ht. " + (
                f"assert ({number(Fraction(1, n))} <= t) as Ht2 by lra. "
                "rewrite <- factor_is by lra. unfold factor. apply rpow_increasing; lra."
            )
        else:
            two = "right. split; [exact g_scales|]. intros t Ht. unfold factor. " + (
                "apply rpow_at_least_one; [|lra]. split; [|lra]. "
                "apply Rlt_le_trans with (2 := proj1 Ht). apply Rinv_0_lt_compat, lt_0_INR; lia."
            )
        return [
            f"pose proof {spot.facts[0]} as S0.",
            *spot.shown("V0", witness),
            *spot.shown("V1", room),
            *enclosed,
            f"apply (bounded_swap_shares {n} {b} g "
            f"{'(fun _ => 1)' if n == 2 else 'factor'} {term(least)} {term(witness)} {term(u)} "
            f"{term(falling)} {term(inverse)} {n - 2}).",
            "- lia.",
            "- lra.",
            "- exact g_convex.",
            "- exact g_falls.",
            "- first [lra | apply Rlt_le; pos].",
            "- left. split; [lia|lra]." if n == 2 else f"- {two}",
            "- lra.",
            "- apply (f_equal exp). ring.",
            "- rewrite <- exp_Ropp. apply (f_equal exp). lra.",
            "- simpl INR. ring.",
            f"- assert (0 < {term(falling)}) as P0 by apply exp_pos.",
            f"  assert (0 < {term(inverse)}) as P1 by apply exp_pos. field. lra.",
            "- left. lia." if n == 2 else f"- right. {spread_is(s)} lra.",
            "- lra.",
            f"- {spot.unfold('witness_gap', 'g')} lra.",
        ]

    return CoqLoss([*loss.lines, *([] if n == 2 else scaling)], apply, loss.closed)


def shares(s: Statement, falling: Tree) -> Tree:
    """The share u of a witness, as the rule writes it."""
    others, inverse = int(s.classes or 0) - 2, spread(s, -1)
    whole, half = mul(str(others), inverse), mul("1/2", str(others), inverse)
    return mul(add("1", half), ["pow", add("1", falling, whole), "-1"])


# ---- points ----


def spread_lines(s: Statement, name: str, z: Sequence[Fraction]) -> list[str]:
    """``NAME_spread``: a point of the simplex, written out, is allowed."""
    n, k = len(z), f"exp (2 * {number(bound_of(s))})"
    inner = each_label(n, f"cbn [{name}]; lra", "c")
    ratio = minus(spread(s), str(max(z) / min(z)))
    pairs = f"intros a c Ha Hc; do {n} (destruct a as [|a]; [revert c Hc; {inner}|]); exfalso; lia"
    return [
        f"Lemma {name}_spread : spread {n} ({k}) {name}.",
        f"Proof. split; [split; [{each_label(n, f'cbn [{name}]; lra')}|exact (proj2 {name}_is)]|].",
        f"assert (0 <= {term(ratio)}) as HK.",
        "{", *constant(ratio), "}",
        f"{spread_is(s)} {pairs}.",
        "Qed.",
    ]  # fmt: skip


def low_lines(
    s: Statement, p: str, shares_of: Sequence[Fraction], y: Sequence[Fraction], level: Tree,
    name: str,
) -> tuple[list[str], Tree]:  # fmt: skip
    """``name``: a number below the risk at p of all allowed scores, by the tangent plane at y."""
    n, b, k = len(shares_of), number(bound_of(s)), spread(s)
    base, pulls = points.tangent(s, list(shares_of), list(y))
    low = add(base, level)
    rests = [minus(m, level) for m in pulls]
    least = [r if bool(value(r) >= 0) else mul(k, r) for r in rests]
    total = add(*least)
    cases = " ".join(f"| {i}%nat => {term(t)}" for i, t in enumerate(least))
    cases_y = " ".join(f"| {i}%nat => {number(v)}" for i, v in enumerate(y))
    lines = [
        f"Definition {name}_ref (y : nat) : R := match y with {cases_y} | _ => 0 end.",
        f"Definition {name}_least (y : nat) : R := match y with {cases} | _ => 0 end.",
        f"Lemma {name}_total : 0 <= {term(total)}.",
        "Proof.", *constant(total), "Qed.",
    ]  # fmt: skip
    facts = ""
    for i, (r, t) in enumerate(zip(rests, least, strict=True)):
        for j, other in enumerate((minus(r, t), minus(mul(k, r), t))):
            lines += [f"Lemma {name}_{i}_{j} : 0 <= {term(other)}.", "Proof."]
            same = (j == 0) == (t is r)
            lines += [*(["apply Req_le. ring."] if same else constant(other)), "Qed."]
            facts += f"pose proof {name}_{i}_{j}; "
    inside = f"right; apply g_tangent; unfold inside; cbn [{name}_ref]; lra"
    tangents = each_label(n, f"first [left; cbn [{p}]; lra | {inside}]")
    levels = each_label(n, f"cbn [{p} {name}_ref {name}_least]; unfold g1; split; lra")
    lines += [
        f"Lemma {name} : forall s : nat -> R, (forall y, (y < {n})%nat -> Rabs (s y) <= {b}) -> "
        f"{term(low)} <= sum {n} (fun y => {p} y * g (softmax {n} s y)).",
        "Proof. intros s Hs.",
        f"pose proof (bounded_risk_below {n} {b} g {p} {name}_ref (fun y => g1 ({name}_ref y)) "
        f"{name}_least {term(level)} s ltac:(lia) {p}_is Hs) as H.",
        f"assert ({term(low)} = sum {n} (fun y => {p} y * g ({name}_ref y) - "
        f"{p} y * g1 ({name}_ref y) * {name}_ref y) + {term(level)}) as ->.",
        f"{{ cbn [sum {p} {name}_ref]. unfold g, g1. lra. }}",
        f"apply H; [{tangents}|{spread_is(s)[:-1]}; {facts}{levels}|].",
        f"cbn [sum {name}_least]. pose proof {name}_total. lra.",
        "Qed.",
    ]
    return lines, low
