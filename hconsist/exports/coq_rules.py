"""Rules of lower bounds in Coq: the theorem of proofs/ that each applies on a piece."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.reading import Fields
from hconsist.checker.rules import softmax
from hconsist.checker.trees import add, derivative, minus, mul, power, rational
from hconsist.exports.coq_bounded import bounded_swap
from hconsist.exports.coq_losses import CoqLoss, closed_text, convex_loss, derive_lemma, shape
from hconsist.exports.coq_margin import margin
from hconsist.exports.coq_signs import continuity, identity, sign_lemma
from hconsist.exports.coq_spots import Spot
from hconsist.exports.coq_terms import number, refuse, term


def lower_rule(s: Statement, proof: Fields) -> CoqLoss:
    """The loss, and the theorem that a rule applies on each piece."""
    if s.top > 1 and proof["rule"] != "swap":
        raise refuse(f"several predicted labels with the rule {proof['rule']!r}")
    if s.kind == "softmax" and s.bound is not None and proof["rule"] != "bounded swap":
        raise refuse(f"bounded scores with the rule {proof['rule']!r}")
    return LOWER_RULES[proof["rule"]](s, proof)


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
        f"Lemma g_scales_at_zero : scales_at_zero {closed_text(closed)} g factor.",
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


def _witness_steps(spot: Spot, witness: Any, closed: bool) -> tuple[list[str], str, str]:
    """Facts about a witness at a spot, and its two values as text."""
    u, w = softmax.read_pair(witness)
    lines = spot.shown("W0", u, True) + spot.shown("W2", minus("1", add(u, w)))
    return lines + spot.shown("W1", w, not closed), term(u), term(w)


def _admissible(closed: bool) -> str:
    last = "right; right; exact I" if closed else "left; lra"
    return f"unfold admissible_witness; repeat split; [lra|lra|lra|{last}]"


def _pair(s: Statement, proof: Fields) -> CoqLoss:
    loss = convex_loss(s)
    lines = list(loss.lines)
    e = Fraction(0) if s.classes == 2 else rational(proof["scaling"])
    if s.classes != 2:
        lines += _scaling(s, e, loss.closed)
    n = "n" if s.classes is None else str(s.classes)

    def apply(spot: Spot, witness: Any) -> list[str]:
        steps, u, w = _witness_steps(spot, witness, loss.closed)
        closed = closed_text(loss.closed)
        steps = [*steps, f"pose proof {spot.facts[0]} as S0."]
        shape_args = "[exact g_convex|exact g_falls|exact g_at_zero|lra|"
        if s.classes == 2:
            return [
                *steps,
                f"apply (two_labels {closed} g {spot.text} {u} {w}); {shape_args}"
                f"{_admissible(loss.closed)}|].",
                f"{spot.unfold('witness_gap', 'g')} lra.",
            ]
        least = term(power(str(Fraction(2, s.classes)), e)) if e > 0 and s.classes else "1"
        return [
            *steps,
            f"apply (scaling_losses {closed} {n} g factor {least} {spot.text} {u} {w});",
            "[first [assumption | lia]|exact g_convex|exact g_falls|exact g_at_zero|exact g_scales"
            "|exact g_scales_at_zero|first [lra | apply Rlt_le; pos]| |lra"
            f"|{_admissible(loss.closed)}|].",
            f"- intros t Ht. {_least_factor(s, e)}",
            f"- {spot.unfold('witness_gap', 'g')} lra.",
        ]

    return CoqLoss(lines, apply, loss.closed)


def _swap(s: Statement, proof: Fields) -> CoqLoss:
    if s.top == 1:
        raise refuse("the rule 'swap' for one predicted label")
    loss, e = convex_loss(s), rational(proof["scaling"])
    lines = [*loss.lines, *_scaling(s, e, loss.closed)]
    factor = (
        "unfold factor. apply rpow_at_least_one; [lra|lra]."  # e <= 0, as several are predicted
    )

    def apply(spot: Spot, witness: Any) -> list[str]:
        steps, u, w = _witness_steps(spot, witness, False)
        return [
            *steps,
            f"pose proof {spot.facts[0]} as S0.",
            f"apply (top_swap {s.classes} {s.top} g factor {u} {w});",
            "[lia|exact g_convex|exact g_falls|exact g_scales| |lra|lra|lra|lra|].",
            f"- intros t Ht. {factor}",
            f"- {spot.unfold('witness_gap', 'g')} lra.",
        ]

    return CoqLoss(lines, apply, loss.closed)


def _bounded_swap(s: Statement, proof: Fields) -> CoqLoss:
    if s.classes == 2:
        return bounded_swap(s, proof, [])
    return bounded_swap(s, proof, _scaling(s, rational(proof["scaling"]), convex_loss(s).closed))


def _theorem_d(s: Statement, proof: Fields) -> CoqLoss:
    """The conditions of theorem D: its curvatures by second derivatives on (0, 1)."""
    loss, given = convex_loss(s), proof["shape"]
    h: Tree = given["inverse"]
    h1, square = derivative(h, "u"), power(h, Fraction(2))
    h2 = derivative(h1, "u")
    signs = [(h1, True), (h2, False)]
    if given["bend"] == "concave":
        signs = [(h1, True), (mul("-1", h2), False),
                 (derivative(derivative(square, "u"), "u"), False)]  # fmt: skip
    inverse = add(mul(h, derivative(s.g, "u")), "1")
    lines = [
        *loss.lines,
        f"Definition h (u : R) : R := {term(h)}.",
        f"Definition h1 (u : R) : R := {term(h1)}.",
        f"Definition h2 (u : R) : R := {term(h2)}.",
        *derive_lemma("h_slope", "h", "h1", h, h1, "u"),
        *derive_lemma("h1_slope", "h1", "h2", h1, h2, "u"),
    ]
    for k, ((t, strict), method) in enumerate(zip(signs, given["methods"], strict=True)):
        lines += sign_lemma(f"shape_{k}", Sign(t, "u", "0", "1", method, strict))
    lines += [
        "Lemma h_inverse : forall u, inside u -> h u * g1 u + 1 = 0.",
        "Proof. intros u Hu. unfold inside in Hu. unfold h, g1.",
        f"change ({term(inverse)} = 0).",
        *identity(inverse),
        "Qed.",
        "Lemma h_starts : continuous h 0 /\\ h 0 = 0.",
        "Proof. split; [unfold h|unfold h; field; lra].",
        *continuity(h, "u"),
        "Qed.",
        *_curvature("h", "h", "h1", "h2", given["bend"], "shape_1", h),
    ]
    if given["bend"] == "concave":
        q1 = derivative(square, "u")
        q2 = derivative(q1, "u")
        lines += [
            f"Definition q1 (u : R) : R := {term(q1)}.",
            f"Definition q2 (u : R) : R := {term(q2)}.",
            "Definition q (u : R) : R := " + term(square) + ".",
            *derive_lemma("q_slope", "q", "q1", square, q1, "u"),
            *derive_lemma("q1_slope", "q1", "q2", q1, q2, "u"),
            *_curvature("q", "q", "q1", "q2", "convex", "shape_2", square),
            "Lemma curved : convex_on inside h \\/ concave_on inside h /\\ "
            "convex_on inside (square h).",
            "Proof. right. split; [exact h_bends|].",
            "intros x y t Hx Hy Ht. exact (q_bends x y t Hx Hy Ht). Qed.",
        ]
    else:
        lines += [
            "Lemma curved : convex_on inside h \\/ concave_on inside h /\\ "
            "convex_on inside (square h).",
            "Proof. left. exact h_bends. Qed.",
        ]

    def apply(spot: Spot, witness: Any) -> list[str]:
        steps, u, w = _witness_steps(spot, witness, False)
        return [
            *steps,
            f"pose proof {spot.facts[0]} as S0.",
            f"apply (theorem_D {s.classes or 'n'}%nat g g1 h h1 {spot.text} {u} {w} _);",
            "[first [assumption | lia]|exact g_convex|exact g_falls|exact g_slope|exact h_slope"
            "|exact h_inverse| |apply h_starts|apply h_starts|exact curved|lra|lra|lra|lra|].",
            "- intros z Hz. exact (shape_0 z Hz).",
            f"- {spot.unfold('witness_gap', 'g')} lra.",
        ]

    return CoqLoss(lines, apply, loss.closed)


def _curvature(name: str, f: str, f1: str, f2: str, bend: str, sign: str, t: Tree) -> list[str]:
    """``NAME_bends``: convex or concave on (0, 1), from the second derivative."""
    minus_one = bend == "concave"
    of = "(fun u => - {} u)" if minus_one else "{}"
    word = "concave_on" if minus_one else "convex_on"
    opposite = [
        f"- intros u Hu. exact (continuous_opp (V := R_NormedModule) {f} u ({name}_cont u Hu)).",
        f"- intros u Hu. exact (is_derive_opp {f} u _ ({name}_slope u Hu)).",
        f"- intros u Hu. exact (is_derive_opp {f1} u _ ({f1}_slope u Hu)).",
    ]
    same = [f"- exact {name}_cont.", f"- exact {name}_slope.", f"- exact {f1}_slope."]
    return [
        f"Lemma {name}_cont : forall u, inside u -> continuous {f} u.",
        f"Proof. intros u Hu. unfold inside in Hu. unfold {f}.",
        *continuity(t, "u"),
        "Qed.",
        f"Lemma {name}_bends : {word} inside {f}.",
        f"Proof. apply (convex_from_bend inside {of.format(f)} {of.format(f1)} {of.format(f2)}).",
        "- intros x y z Hx Hz Hy. unfold inside in *. lra.",
        "- intros u Hu. unfold inside in Hu. lra.",
        *(opposite if minus_one else same),
        f"- intros u Hu. pose proof ({sign} u Hu). unfold {f2}. lra.",
        "Qed.",
    ]


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


def _theorem_a(s: Statement, proof: Fields) -> CoqLoss:
    loss = convex_loss(s)
    e = rational(proof["scaling"])
    lines = [*loss.lines, *_scaling(s, e, loss.closed)]

    def apply(spot: Spot, witness: Any) -> list[str]:
        steps, u, w = _witness_steps(spot, witness, loss.closed)
        return [
            *steps,
            f"pose proof {spot.facts[0]} as S0.",
            f"apply (theorem_A {closed_text(loss.closed)} {s.classes or 'n'}%nat g {number(e)} "
            f"{spot.text} {u} {w} _);",
            "[first [assumption | lia]|lra|exact g_convex|exact g_falls|exact g_at_zero"
            f"|exact g_scales|lra|{_admissible(loss.closed)}|].",
            f"{spot.unfold('witness_gap', 'g')} lra.",
        ]

    return CoqLoss(lines, apply, loss.closed)


def _concave(s: Statement, proof: Fields) -> CoqLoss:
    loss = shape(s, concave=True)
    if not loss.closed:
        raise refuse("a concave loss without a value at 0")
    n = int(s.classes or 0)
    arguments = "[lia|exact g_concave|exact g_falls_on|exact g_no_jump|"

    def pair(spot: Spot, witness: Any) -> list[str]:
        return [
            f"pose proof {spot.facts[0]} as S0.",
            f"apply T_weaken with (v := {spot.text} * (g 0 - g (/ INR {n}))).",
            f"- replace (/ INR {n}) with (1 / {n}) by (simpl INR; field; lra).",
            f"{spot.unfold('g')} lra.",
            f"- apply concave_pair_lemma; {arguments}lra].",
        ]

    def all_brackets(spot: Spot, witness: Any) -> list[str]:
        b = spot.b
        best: Tree = ["max", b, mul(str(Fraction(1, n)), add("1", b))]
        lines = [
            f"apply theorem_C; {arguments}].",
            "intros k Hk. unfold bracket_C.",
            f"replace (/ INR {n} * (1 + {spot.text})) with (1 / {n} * (1 + {spot.text})) "
            "by (simpl INR; field; lra).",
            f"set (M := {term(best)}).",
        ]
        for i, fact in enumerate(spot.facts, start=1):
            rest = minus(add("1", b), mul(str(i), best))
            lines += [
                f"destruct (Nat.eq_dec k {i}) as [->|N{i}].",
                f"{{ assert (Rmin 1 (INR {i} * M - {spot.text})",
                f"= 1 + -1 * {term(['max', '0', rest])})",
                f"as Hm. {{ replace {term(rest)} with (1 + {spot.text} - INR {i} * M)",
                "by (unfold M; simpl INR; ring).",
                "unfold Rmin. unfold Rmax at 1. destruct Rle_dec; destruct Rle_dec; lra. }",
                f"rewrite Hm. replace (/ INR {i}) with {number(Fraction(1, i))} "
                "by (simpl INR; field; lra).",
                f"pose proof {fact} as S0. {spot.unfold('M', 'g')} lra. }}",
            ]
        return [*lines, "exfalso. lia."]

    return CoqLoss(loss.lines, pair if proof["rule"] == "concave pair" else all_brackets, True)


#: The rules of lower bounds that have a form in Coq.
LOWER_RULES: dict[str, Callable[[Statement, Fields], CoqLoss]] = {
    "pair": _pair, "theorem A": _theorem_a, "concave pair": _concave, "theorem C": _concave,
    "margin": margin, "swap": _swap, "bounded swap": _bounded_swap, "theorem D": _theorem_d,
}  # fmt: skip
