"""The loss and the problem of a certificate in Coq: its definition and its shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.algebra import Algebra
from hconsist.checker.limits import Rejected
from hconsist.checker.trees import derivative, minus, mul
from hconsist.exports.coq_signs import (
    NONZERO,
    SIDE,
    continuity,
    has_value,
    identity,
    sign_lemma,
    to_smooth,
)
from hconsist.exports.coq_spots import Spot
from hconsist.exports.coq_terms import number, refuse, smooth, term


@dataclass(frozen=True)
class CoqLoss:
    """Definitions and lemmas about a loss, and the steps that bound T on a piece.

    Attributes
    ----------
    lines : list of str
    apply : callable
        From a spot and a witness: the steps that prove ``T_at_least P b v``, from facts that say
        that v is at most each bound of the rule.
    closed : bool
        Whether the loss has a value at the softmax value 0.
    """

    lines: list[str]
    apply: Callable[[Spot, Any], list[str]]
    closed: bool


# ---- the statement ----


def problem(s: Statement) -> str:
    """The problem that the theorem is about."""
    if s.costs is not None:
        raise refuse("a table of costs with this rule")
    if s.kind == "scores":
        raise refuse("losses of all scores with this rule")
    if s.kind == "softmax" and s.bound is not None:
        return f"(bounded_softmax_problem {s.classes} {number(s.bound)} g)"
    if s.top > 1:
        return f"(top_problem {s.classes} {s.top} g)"
    if s.kind == "softmax":
        return f"(softmax_problem {'n' if s.classes is None else s.classes} g)"
    return f"(margin_problem {score_set(s)} g)"


def score_set(s: Statement) -> str:
    """The scores of a margin loss."""
    return "all_scores" if s.bound is None else f"(bounded_scores {number(s.bound)})"


def is_flat(s: Statement) -> bool:
    """Whether the loss is affine: its tangent is then the same everywhere, at 1/2 too."""
    try:
        return Algebra(Fraction(0), Fraction(1), derivative(derivative(s.g, "u"), "u")).zero
    except Rejected:
        return False


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


def shape(s: Statement, concave: bool) -> CoqLoss:
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
        f"Proof. apply (falls_from_slope {domain} g g1 {domain}_interval in_unit g_continuous "
        "g_slope).",
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
        return CoqLoss(lines, lambda spot, witness: [], closed)
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
        f"Lemma g_at_zero : shaped_at_zero {closed_text(closed)} g.",
        "Proof. intro H. destruct H. Qed." if not closed else
        "Proof. intros _. split; [exact g_convex_on|exact g_falls_on]. Qed.",
        "",
    ]  # fmt: skip
    return CoqLoss(lines, lambda spot, witness: [], closed)


def closed_text(closed: bool) -> str:
    """The proposition that the loss has a value at 0, decided."""
    return "True" if closed else "False"


def convex_loss(s: Statement) -> CoqLoss:
    """A convex loss of the softmax value."""
    return shape(s, concave=False)
