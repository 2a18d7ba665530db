"""Binary margin losses in Coq: least values over scores by pieces, and the margin lemma."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hconsist.checker import Sign, Statement, Tree
from hconsist.checker.reading import Fields
from hconsist.checker.rules.margin import MIRROR
from hconsist.checker.trees import add, minus, mul, put
from hconsist.exports.coq_losses import CoqLoss, score_set
from hconsist.exports.coq_signs import algebraic, constant, inside, sign_lemma
from hconsist.exports.coq_spots import Spot
from hconsist.exports.coq_terms import number, refuse, term


def margin(s: Statement, proof: Fields) -> CoqLoss:
    """The loss, least values of its parts, and the margin lemma on a piece."""
    g = s.g
    if "inf" in (proof.get("witness"), *(piece["witness"] for piece in proof.get("pieces", []))):
        raise refuse("an infinite score as a witness")
    parts = {"even": mul("1/2", add(g, s.loss(MIRROR))), "worse": s.loss(MIRROR)}
    goals = {"even": "(g v + g (- v)) / 2", "worse": "g (- v)"}
    lines = [f"Definition g (v : R) : R := {term(g)}.", *_symmetric(s)]
    for name, part in parts.items():
        lines += _least(s, name, part, goals[name], proof[name])
    sets = score_set(s)

    def apply(spot: Spot, w: Any) -> list[str]:
        steps = [f"pose proof {spot.facts[0]} as S0."]
        for i, side in enumerate(_sides(s, w)):
            steps += spot.shown(f"W{i}", side)
        return [
            *steps,
            f"apply (margin_witness {sets} g _ _ symmetric even_least worse_least) "
            f"with (u := {term(w)}).",
            "- lra.",
            "- exact I." if s.bound is None else
            "- unfold bounded_scores. apply Rabs_le. split; lra.",
            f"- {spot.unfold('margin_risk', 'g')}",
            f"replace (Ropp {term(w)}) with {term(mul('-1', w))} by ring. lra.",
        ]  # fmt: skip

    return CoqLoss(lines, apply, True)


def _number(t: Tree) -> list[str]:
    """Steps that show a tree without variables >= 0: by its normal form, where there are maxima."""
    if "max" in str(t):
        return algebraic(t, Fraction(0), Fraction(0))
    return constant(t)


def _sides(s: Statement, w: Tree) -> list[Tree]:
    return [] if s.bound is None else [minus(str(s.bound), w), add(str(s.bound), w)]


def _symmetric(s: Statement) -> list[str]:
    return [
        f"Lemma symmetric : forall f, {score_set(s)} f -> {score_set(s)} (- f).",
        "Proof. intros f Hf. exact I. Qed." if s.bound is None else
        "Proof. unfold bounded_scores. intros f Hf. rewrite Rabs_Ropp. exact Hf. Qed.",
    ]  # fmt: skip


def _least(s: Statement, name: str, part: Tree, goal: str, data: Fields) -> list[str]:
    """``least <= part`` for all admissible scores v >= 0."""
    mirrored = "replace (- v) with ((-1) * v) by ring."
    return at_least(s, name, part, data, goal, f"unfold g. {mirrored}")


def at_least(
    s: Statement, name: str, part: Tree, data: Fields, goal: str, steps_to_part: str
) -> list[str]:
    """``name_least``: a number below a tree in v for all admissible scores of a covering.

    ``goal`` is the tree in the words of a theorem; the steps lead from there to ``part``.
    """
    least, lines, steps = term(data["least"]), [], []
    t, start = minus(part, data["least"]), data["pieces"][0]["from"]
    for k, piece in enumerate(data["pieces"]):
        up, low, high = piece["climb"] == "up", piece["from"], piece["to"]
        base = Fraction(low if up else high)
        curve: Tree = add(str(base), "x" if up else ["mul", "-1", "x"])
        infinite = "inf" in (high, low[1:])
        length = "inf" if infinite else str(Fraction(high) - Fraction(low))
        here = f"{name}_{k}"
        lines += sign_lemma(here, Sign(put(t, "v", curve), "x", "0", length, piece["method"]))
        if low != "-inf":
            lines += _end(f"{here}_end", put(t, "v", low))
            steps += _at_number(f"{here}_end", number(Fraction(low)), f"N{k}", steps_to_part)
        x = f"v - {number(base)}" if up else f"{number(base)} - v"
        reach = None if infinite else Fraction(length)
        proven = [
            f"assert (v = {term(curve).replace('x', f'({x})')}) as E by ring.",
            f"assert ({inside(f'({x})', Fraction(0), reach)}) as Hx by lra.",
            f"pose proof ({here} _ Hx) as S. rewrite <- E in S. {steps_to_part} lra.",
        ]
        if high == "inf":
            steps += proven
        else:
            steps += [f"destruct (Rlt_dec v {number(Fraction(high))}) as [L{k}|L{k}].",
                      "{", *proven, "}"]  # fmt: skip
    if s.bound is not None:
        last = number(s.bound)
        lines += _end(f"{name}_last", put(t, "v", str(s.bound)))
        steps += _at_number(f"{name}_last", last, "N", steps_to_part)
        steps += ["exfalso. lra."]
    bound = "" if s.bound is None else (
        "unfold bounded_scores in Hv. pose proof (Rle_abs v). pose proof (Rle_abs (- v)). "
        "rewrite Rabs_Ropp in *.")  # fmt: skip
    where = "0 <= v -> " if start == "0" else ""
    return [
        *lines,
        f"Lemma {name}_least : forall v, {score_set(s)} v -> {where}{least} <= {goal}.",
        f"Proof. intros v Hv{' H0' if where else ''}. {bound}",
        *steps,
        "Qed.",
        "",
    ]


def _end(name: str, t: Tree) -> list[str]:
    return [f"Lemma {name} : 0 <= {term(t)}.", "Proof.", *_number(t), "Qed."]


def _at_number(lemma: str, v: str, name: str, steps_to_part: str) -> list[str]:
    """The case that the score is a number."""
    return [
        f"destruct (Req_dec v {v}) as [{name}|{name}].",
        f"{{ pose proof {lemma} as S. {steps_to_part} rewrite {name}. lra. }}",
    ]
