"""``gap <= claim`` and ``gap >= claim`` hold for a finite distribution: rule "gap".

Inputs i = 1, 2, ... have weights w_i > 0 of sum 1 and label distributions p_i; q is their mean, the
distribution of the label. Write C*(p) for the infimum of the risk C(h, p) over allowed scores.

**Theorem.** Let C*(q) be finite, or every C*(p_i). The mean of the infima is sum w_i C*(p_i). Over
constant scores the mean risk is sum w_i C(h, p_i) = C(h, q), so that the gap is
C*(q) - sum w_i C*(p_i).
Over all functions of the input the scores are chosen input by input, and the gap is 0.

So bounds of the infima from both sides bound the gap. *From above*: C* is at most the risk of
allowed scores, given as rational softmax values (zeros are limits; of bounded scores max <= exp(2
B) min), as a rational score, or as rational scores. *From below*,
by the loss:

- softmax values, shape "convex" (g convex and falling): a reference y of the simplex and a number
  L: the tangent plane at y has a constant and m_k = p_k g'(y_k) times shares, whose sum is at least
  L: all m_k >= L, or for bounded scores as in rule "bounded point";
- softmax values, shape "concave", all scores: the value at the best vertex, C* itself;
- margins: a number with score pieces that show it below the risk of every score;
- all scores: an exact bound by lemma 7 (`hconsist.checker.rules.risks`).

"gap <=" needs a bound of C*(q) from above and bounds of all C*(p_i) from below, "gap >=" the
others; there C*(q) is finite, and where some C*(p_i) is -inf the gap is inf, above any claim. For
all functions the bounds from below only say that the infima are finite.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from typing import Any

from hconsist.checker.cells import dot
from hconsist.checker.limits import need
from hconsist.checker.obligations import Number, Obligation
from hconsist.checker.reading import Fields, fields, items, text
from hconsist.checker.rules.margin import at_least
from hconsist.checker.rules.points import allowed, level_below, read_point, softmax_risk, tangent
from hconsist.checker.rules.risks import Risks
from hconsist.checker.rules.shapes import concave, convex
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, check_tree, minus, mul, put, rational

Vector = tuple[Fraction, ...]


def holds(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves a claim about a gap."""
    fields(proof, "proof", "rule shape above below")
    each = [p for _, p in s.inputs]
    mean = [tuple(sum((w * p[y] for w, p in s.inputs), Fraction(0)) for y in range(len(each[0])))]
    if s.kind == "softmax":
        shape = text(proof["shape"], "shape", "convex", "concave")
        yield from convex(s) if shape == "convex" else concave(s)
        need(shape == "convex" or s.bound is None, "concave losses have all scores here")
    else:
        need(proof["shape"] is None, "the shape of this loss is null")
    upper = s.claim_kind == "gap <="
    highs, lows = (mean, each) if upper else (each, mean)
    if s.members == "all":
        highs, lows = [], each
    over, under = (items(proof[key], key, 1_000, 0) for key in ("above", "below"))
    need(len(over) == len(highs) and len(under) == len(lows), "a bound for each infimum")
    above: list[Tree] = []
    below: list[Tree] = []
    for p, data in zip(highs, over, strict=True):
        above.append((yield from _above(s, p, data)))
    for p, data in zip(lows, under, strict=True):
        below.append((yield from _below(s, p, data, proof["shape"])))
    bound: Tree = "0"
    if s.members == "constant":
        many = below if upper else above
        total = add(*(mul(str(w), t) for (w, _), t in zip(s.inputs, many, strict=True)))
        bound = minus(above[0], total) if upper else minus(below[0], total)
    rest = minus(s.claim, bound) if upper else minus(bound, s.claim)
    yield Number(rest, ">=", "the claim is not shown by these bounds")


def _margin_risk(s: Statement, p: Vector) -> Tree:
    """The risk of a score v; of a label without probability nothing is asked."""
    terms = (("v", p[0]), (["mul", "-1", "v"], p[1]))
    return add(*(mul(str(w), s.loss(t)) for t, w in terms if w))


def _above(s: Statement, p: Vector, data: Any) -> Generator[Obligation, None, Tree]:
    """A tree without variables that is at least C*(p)."""
    if s.kind == "softmax":
        z = read_point(data, len(p), "above")
        if s.bound is not None:
            yield from allowed(s, z, "above")
        return softmax_risk(s, list(p), z)
    if s.kind == "scores":
        risks = Risks(s)
        return str(dot(p, risks.values(risks.allowed(data))))
    v = rational(data)
    need(s.bound is None or abs(v) <= s.bound, "a score lies beyond the score bound")
    return put(_margin_risk(s, p), "v", data)


def _below(s: Statement, p: Vector, data: Any, shape: object) -> Generator[Obligation, None, Tree]:
    """A tree without variables that is at most C*(p)."""
    if s.kind == "scores":
        return str(Risks(s).least(p, data, None))
    if s.kind == "margin":
        lowest = "-inf" if s.bound is None else str(-s.bound)
        yield from at_least(data, _margin_risk(s, p), lowest, s.highest, "the risk of all scores")
        least: Tree = data["least"]
        return least
    if shape == "concave":
        need(data is None, "a concave loss has its least risk at a vertex, and needs no data")
        return add(mul(str(max(p)), s.loss("1")), mul(str(1 - max(p)), s.loss("0")))
    given = fields(data, "below", "reference level")
    y, level = read_point(given["reference"], len(p), "reference"), given["level"]
    check_tree(level)
    base, pulls = tangent(s, list(p), y)
    if s.bound is None:
        for pull in {str(m): m for m in pulls}.values():
            yield Number(minus(pull, level), ">=", "the level is not below all tangent values")
    else:
        yield level_below(s, pulls, level)
    return add(base, level)
