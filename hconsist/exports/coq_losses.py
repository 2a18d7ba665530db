"""The loss of a certificate in Coq: its shape, and the lemma that a rule of lower bounds applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.coverage import Piece
from hconsist.checker.rules import softmax
from hconsist.checker.trees import add, derivative, minus, mul, power, put, rational
from hconsist.exports.coq_signs import (
    NONZERO,
    SIDE,
    continuity,
    has_value,
    identity,
    inside,
    sign_lemma,
    to_smooth,
)
from hconsist.exports.coq_terms import number, refuse, smooth, term


@dataclass(frozen=True)
class Loss:
    """Definitions and lemmas about a loss, and the steps that bound T on a piece.

    Attributes
    ----------
    lines : list of str
    apply : callable
        From the number of a piece, the piece and the names of its sign lemmas: the steps that prove
        ``T_at_least P x (claim_k x)``.
    closed : bool
        Whether the loss has a value at the softmax value 0.
    """

    lines: list[str]
    apply: Callable[[int, Piece, list[str]], list[str]]
    closed: bool


# ---- the statement ----


def problem(s: Statement) -> str:
    """The problem that the theorem is about."""
    if s.kind == "softmax":
        return f"(softmax_problem {'n' if s.classes is None else s.classes} g)"
    if s.bound is None:
        return "(margin_problem all_scores g)"
    return f"(margin_problem (bounded_scores {number(s.bound)}) g)"


def labels(s: Statement) -> str:
    """The quantifier over the number of labels, where it is free."""
    return "forall n, (2 <= n)%nat -> " if s.kind == "softmax" and s.classes is None else ""


def intros_labels(s: Statement) -> str:
    """Introduce what `labels` quantifies."""
    return "intros n Hn." if labels(s) else ""


def intros(s: Statement) -> str:
    """Introduce the variables of the theorem."""
    return f"{intros_labels(s)} intros b0 Hb0."


def theorem(s: Statement, word: str) -> list[str]:
    """The head of the theorem."""
    stated = f"forall b, 0 <= b <= 1 -> {word} {problem(s)} b (claim b)"
    return [f"Theorem certificate : {labels(s)}{stated}.", "Proof."]


# ---- derivatives and shapes ----


def derive_lemma(name: str, f: str, d: str, tree: Tree, slope: Tree, u: str) -> list[str]:
    """``is_derive f u (d u)`` inside (0, 1), through the smooth shape."""
    flat = smooth(tree)
    own = derivative(flat, u)
    return [
        f"Lemma {name} : forall {u}, inside {u} -> is_derive {f} {u} ({d} {u}).",
        "Proof.",
        f"intros {u} Hx. unfold inside in Hx.",
        f"apply (derive_agrees {f} (fun {u} => {term(flat)}) 0 1); [exact Hx| |].",
        f"- clear {u} Hx. intros {u} Hx. unfold {f}.",
        *to_smooth(tree),
        "reflexivity.",
        f"- replace ({d} {u}) with {term(own)}.",
        f"+ auto_derive; [repeat split; {SIDE}|field; repeat split; {NONZERO}].",
        f"+ unfold {d}. apply Rminus_diag_uniq.",
        f"change ({term(own)} - {term(slope)} = 0).",
        f"replace ({term(own)} - {term(slope)}) with {term(minus(own, slope))} by ring.",
        *identity(minus(own, slope)),
        "Qed.",
        "",
    ]


def shape(s: Statement, concave: bool) -> Loss:
    """That the loss falls, and is convex or concave, on (0, 1] and where it may be on [0, 1]."""
    g, g1 = s.g, derivative(s.g, "u")
    g2 = derivative(g1, "u")
    closed = has_value(s.loss("0"))
    domain = "unit_closed" if closed else "unit_open"
    minus_one = "-1" if concave else "1"
    lines = [
        f"Definition g (u : R) : R := {term(g)}.",
        f"Definition g1 (u : R) : R := {term(g1)}.",
        f"Definition g2 (u : R) : R := {term(g2)}.",
        "",
        *derive_lemma("g_slope", "g", "g1", g, g1, "u"),
        *derive_lemma("g1_slope", "g1", "g2", g1, g2, "u"),
        f"Lemma g_continuous : forall u, {domain} u -> continuous g u.",
        f"Proof. intros u Hx. unfold {domain} in Hx. unfold g.",
        *continuity(g, "u"),
        "Qed.",
        "",
        *sign_lemma("falls", Sign(mul("-1", g1), "u", "0", "1", "algebra:0")),
        *sign_lemma("bends", Sign(mul(minus_one, g2), "u", "0", "1", "algebra:0")),
        f"Lemma in_unit : forall u, {domain} u -> 0 <= u <= 1.",
        f"Proof. unfold {domain}. intros. lra. Qed.",
        f"Lemma g_falls_on : nonincreasing_on {domain} g.",
        f"Proof. apply (falls_from_slope {domain} g g1 {domain}_interval in_unit g_continuous g_slope).",
        "intros u Hu. pose proof (falls u Hu). unfold g1. lra. Qed.",
    ]
    if concave:
        lines += [
            f"Lemma g_concave : concave_on {domain} g.",
            f"Proof. apply (convex_from_bend {domain} (fun u => - g u) (fun u => - g1 u) "
            f"(fun u => - g2 u) {domain}_interval in_unit).",
            "- intros u Hu. exact (continuous_opp (V := R_NormedModule) g u (g_continuous u Hu)).",
            "- intros u Hu. exact (is_derive_opp g u _ (g_slope u Hu)).",
            "- intros u Hu. exact (is_derive_opp g1 u _ (g1_slope u Hu)).",
            "- intros u Hu. pose proof (bends u Hu). unfold g2. lra. Qed.",
            "Lemma g_no_jump : continuous_at_one g.",
            f"Proof. apply no_jump, g_continuous. unfold {domain}. lra. Qed.",
            "",
        ]
        return Loss(lines, lambda k, p, names: [], closed)
    lines += [
        "Lemma bends' : forall u, inside u -> 0 <= g2 u.",
        "Proof. intros u Hu. pose proof (bends u Hu). unfold g2. lra. Qed.",
        f"Lemma g_convex_on : convex_on {domain} g.",
        f"Proof. exact (convex_from_bend {domain} g g1 g2 {domain}_interval in_unit g_continuous "
        "g_slope g1_slope bends'). Qed.",
        f"Lemma open_in : forall u, unit_open u -> {domain} u.",
        f"Proof. unfold unit_open, {domain}. intros. lra. Qed.",
        "Lemma g_convex : convex_on unit_open g.",
        "Proof. intros x y t Hx Hy. apply g_convex_on; now apply open_in. Qed.",
        "Lemma g_falls : nonincreasing_on unit_open g.",
        "Proof. intros x y Hx Hy. apply g_falls_on; now apply open_in. Qed.",
        "Lemma g_tangent : forall u, inside u -> tangent_below g u (g1 u).",
        f"Proof. exact (tangent_from_bend {domain} g g1 g2 {domain}_interval in_unit g_continuous "
        "g_slope g1_slope open_in bends'). Qed.",
        f"Lemma g_at_zero : shaped_at_zero {_closed(closed)} g.",
        "Proof. intro H. destruct H. Qed." if not closed else
        "Proof. intros _. split; [exact g_convex_on|exact g_falls_on]. Qed.",
        "",
    ]  # fmt: skip
    return Loss(lines, lambda k, p, names: [], closed)


def _closed(closed: bool) -> str:
    return "True" if closed else "False"


def convex_loss(s: Statement) -> Loss:
    """A convex loss of the softmax value."""
    return shape(s, concave=False)


# ---- rules of lower bounds ----


def lower_rule(s: Statement, proof: dict[str, Any]) -> Loss:
    """The loss, and the theorem that a rule applies on each piece."""
    rule = {
        "pair": _pair, "theorem A": _theorem_a, "concave pair": _concave, "theorem C": _concave,
        "margin": _margin,
    }.get(proof["rule"])  # fmt: skip
    if rule is None:
        raise refuse(f"the rule {proof['rule']!r}")
    return rule(s, proof)


def _scaling(s: Statement, e: Fraction, closed: bool) -> list[str]:
    """The identity of a loss that scales."""

    def right(u: Tree) -> Tree:
        return add(s.loss("t"), mul(power("t", e), minus(s.loss(u), s.loss("1"))))

    goal = minus(s.loss(["mul", "t", "u"]), right("u"))
    zero = minus(s.loss("0"), right("0"))
    power_of_t = [
        "Lemma factor_is : forall t, 0 < t -> factor t = " + term(power("t", e)) + ".",
        "Proof. intros t Ht. unfold factor. " + (
            "rewrite rpow_exp by assumption. rewrite Rmult_0_l. apply exp_0. Qed." if e == 0 else
            "reflexivity. Qed." if e.denominator != 1 else
            f"apply ({'rpow_is' if e > 0 else 'rpow_is_inverse'} t _ {abs(e.numerator)} 1); "
            "[assumption|pos|lia|simpl INR; lra|field; lra]. Qed."),
    ]  # fmt: skip
    return [
        f"Definition factor (t : R) : R := rpow t {number(e)}.",
        *power_of_t,
        "Lemma g_scales : scales g factor.",
        "Proof. intros t u Ht Hu. rewrite factor_is by lra. unfold g.",
        f"enough ({term(goal)} = 0) by lra.",
        *identity(goal),
        "Qed.",
        f"Lemma g_scales_at_zero : scales_at_zero {_closed(closed)} g factor.",
        *(
            ["Proof. intro H. destruct H. Qed."]
            if not closed
            else [
                "Proof. intros _ t Ht. rewrite factor_is by lra. unfold g.",
                f"enough ({term(zero)} = 0) by lra.",
                *identity(zero),
                "Qed.",
            ]
        ),
        "",
    ]


def _witness_steps(s: Statement, piece: Piece, closed: bool) -> tuple[list[str], str, str]:
    """Facts about a witness on a piece, and its two values as text."""
    u, w = softmax.read_pair(piece.data["witness"])
    low, high = (Fraction(piece.low), Fraction(piece.high))

    def shown(t: Tree, name: str, strict: bool) -> list[str]:
        o = Sign(t, "x", piece.low, piece.high, "algebra:0", strict)
        body = sign_lemma(name, o)
        start = body.index("Proof.")
        relation = "<" if strict else "<="
        return [
            f"assert ({name} : forall x, {inside('x', low, high)} -> 0 {relation} {term(t)}).",
            "{ clear.",
            *body[start + 1 : -2],
            "}",
            f"specialize ({name} x Hx).",
        ]

    lines = shown(u, "W0", True) + shown(minus("1", add(u, w)), "W2", False)
    if closed:
        lines += shown(w, "W1", False)
    else:
        lines += shown(w, "W1", True)
    return lines, term(u), term(w)


def _admissible(u: str, w: str, closed: bool) -> str:
    last = "right; right; exact I" if closed else "left; lra"
    return f"unfold admissible_witness; repeat split; [lra|lra|lra|{last}]"


def _pair(s: Statement, proof: dict[str, Any]) -> Loss:
    loss = convex_loss(s)
    lines = list(loss.lines)
    e = Fraction(0) if s.classes == 2 else rational(proof["scaling"])
    if s.classes != 2:
        lines += _scaling(s, e, loss.closed)
    n = "n" if s.classes is None else str(s.classes)

    def apply(k: int, piece: Piece, names: list[str]) -> list[str]:
        steps, u, w = _witness_steps(s, piece, loss.closed)
        closed = _closed(loss.closed)
        steps = [*steps, f"pose proof ({names[0]} x Hx) as S0."]
        shape_args = "[exact g_convex|exact g_falls|exact g_at_zero|lra|"
        if s.classes == 2:
            return [
                *steps,
                f"apply (two_labels {closed} g x {u} {w}); {shape_args}"
                f"{_admissible(u, w, loss.closed)}|].",
                f"unfold witness_gap, g, claim_{k}. lra.",
            ]
        least = term(power(str(Fraction(2, s.classes)), e)) if e > 0 and s.classes else "1"
        return [
            *steps,
            f"apply (scaling_losses {closed} {n} g factor {least} x {u} {w});",
            "[first [assumption | lia]|exact g_convex|exact g_falls|exact g_at_zero|exact g_scales"
            f"|exact g_scales_at_zero|first [lra | apply Rlt_le; pos]| |lra|{_admissible(u, w, loss.closed)}|].",
            f"- intros t Ht. {_least_factor(s, e)}",
            f"- unfold witness_gap, g, claim_{k}. lra.",
        ]

    return Loss(lines, apply, loss.closed)


def _least_factor(s: Statement, e: Fraction) -> str:
    """Steps for ``least <= factor t``, 2/n <= t <= 1."""
    if e <= 0 or s.classes is None:
        return (
            "unfold factor. apply rpow_at_least_one; [|lra]. split; [|lra]. "
            "apply Rlt_le_trans with (2 := proj1 Ht). apply Rdiv_lt_0_compat; [lra|]. "
            "apply lt_0_INR; lia."
        )
    two_n = number(Fraction(2, s.classes))
    return (
        f"simpl INR in Ht. assert ({two_n} <= t) as Ht2 by lra. rewrite <- factor_is by lra. "
        "unfold factor. apply rpow_increasing; lra."
    )


def _theorem_a(s: Statement, proof: dict[str, Any]) -> Loss:
    loss = convex_loss(s)
    e = rational(proof["scaling"])
    lines = [*loss.lines, *_scaling(s, e, loss.closed)]

    def apply(k: int, piece: Piece, names: list[str]) -> list[str]:
        steps, u, w = _witness_steps(s, piece, loss.closed)
        return [
            *steps,
            f"pose proof ({names[0]} x Hx) as S0.",
            f"apply (theorem_A {_closed(loss.closed)} {s.classes or 'n'} g {number(e)} x {u} {w});",
            "[first [assumption | lia]|lra|exact g_convex|exact g_falls|exact g_at_zero"
            f"|exact g_scales|lra|{_admissible(u, w, loss.closed)}|].",
            f"unfold witness_gap, g, claim_{k}. lra.",
        ]

    return Loss(lines, apply, loss.closed)


def _concave(s: Statement, proof: dict[str, Any]) -> Loss:
    loss = shape(s, concave=True)
    if not loss.closed:
        raise refuse("a concave loss without a value at 0")
    n = int(s.classes or 0)
    arguments = "[lia|exact g_concave|exact g_falls_on|exact g_no_jump|"

    def pair(k: int, piece: Piece, names: list[str]) -> list[str]:
        return [
            f"pose proof ({names[0]} x Hx) as S0.",
            f"apply T_weaken with (v := x * (g 0 - g (/ INR {n}))).",
            f"- replace (/ INR {n}) with (1 / {n}) by (simpl INR; field; lra).",
            f"unfold g, claim_{k}. lra.",
            f"- apply concave_pair_lemma; {arguments}lra].",
        ]

    def all_brackets(k: int, piece: Piece, names: list[str]) -> list[str]:
        best: Tree = ["max", "x", mul(str(Fraction(1, n)), add("1", "x"))]
        lines = [
            f"apply theorem_C; {arguments}].",
            "intros k Hk. unfold bracket_C.",
            f"replace (/ INR {n} * (1 + x)) with (1 / {n} * (1 + x)) by (simpl INR; field; lra).",
            f"set (M := {term(best)}).",
        ]
        for i, name in enumerate(names, start=1):
            rest = minus(add("1", "x"), mul(str(i), best))
            lines += [
                f"destruct (Nat.eq_dec k {i}) as [->|N{i}].",
                f"{{ assert (Rmin 1 (INR {i} * M - x) = 1 + -1 * {term(['max', '0', rest])}) as Hm.",
                f"{{ replace {term(rest)} with (1 + x - INR {i} * M) by (unfold M; simpl INR; ring).",
                "unfold Rmin. unfold Rmax at 1. destruct Rle_dec; destruct Rle_dec; lra. }",
                f"rewrite Hm. replace (/ INR {i}) with {number(Fraction(1, i))} "
                "by (simpl INR; field; lra).",
                f"pose proof ({name} x Hx) as S0. unfold M, g, claim_{k}. lra. }}",
            ]
        return [*lines, "exfalso. lia."]

    return Loss(loss.lines, pair if proof["rule"] == "concave pair" else all_brackets, True)


def _margin(s: Statement, proof: dict[str, Any]) -> Loss:
    raise refuse("margin losses")
