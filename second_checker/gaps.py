"""Gaps of finite distributions: infima of risks from above and from below.

With weights w_i and label distributions p_i, and C* the infimum of the risk over allowed scores:
for constant scores the gap is C*(mean of p_i) - mean of C*(p_i), as the mean risk of one score is
its risk at the mean, and inf where some C*(p_i) is -inf though C*(mean) is not; for all functions
of the input it is 0, once every C*(p_i) is finite.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .coverage import Work, scores
from .losses import Losses, dot
from .lower import concave, convex
from .reading import Statement, fields
from .rules import in_the_box, level_is_below, plane, simplex, softmax_risk, vertex
from .trees import ZERO, Rejected, Tree, add, minus, mul, neg, put, q, rational, read


class Infima:
    """Bounds of infima of the risks of one loss."""

    def __init__(self, w: Work, s: Statement, shape: Any) -> None:
        self.w, self.s, self.slope = w, s, None
        if s.kind != "softmax":
            if shape is not None:
                raise Rejected("the shape of this loss is null")
        elif shape == "convex":
            self.slope = convex(w, s)
        elif shape == "concave" and s.bound is None:
            concave(w, s)
        else:
            raise Rejected("a softmax loss is convex, or concave with all scores")

    def margin_risk(self, p: list[Fraction]) -> Tree:
        """The risk of a score v."""
        back = put(self.s.g, "v", neg(("var", "v")))
        return add(ZERO, *(mul(q(a), t) for a, t in zip(p, (self.s.g, back), strict=True) if a))

    def above(self, p: list[Fraction], raw: Any) -> Tree:
        """At least C*(p)."""
        s = self.s
        if s.kind == "scores":
            losses = Losses(s)
            return q(dot(tuple(p), losses.at(losses.scores(raw))))
        if s.kind == "margin":
            v = rational(raw)
            if s.bound is not None and abs(v) > s.bound:
                raise Rejected("a score beyond the bound")
            return put(self.margin_risk(p), "v", q(v))
        z = simplex(s, raw)
        if s.bound is not None:
            in_the_box(self.w, s, z)
        return softmax_risk(s, p, z)

    def below(self, p: list[Fraction], raw: Any) -> Tree:
        """At most C*(p)."""
        s = self.s
        if s.kind == "scores":
            return q(Losses(s).floor(tuple(p), raw, None))
        if s.kind == "margin":
            low, pieces = fields(raw, "least pieces")
            least = read(low, "")
            self.w.value(least, "a least risk")
            ends = (None, None) if s.bound is None else (-s.bound, s.bound)
            scores(self.w, pieces, minus(self.margin_risk(p), least), *ends)
            return least
        if self.slope is None:
            if raw is not None:
                raise Rejected("the least risk of a concave loss needs no data")
            return vertex(s, p)
        reference, given = fields(raw, "reference level")
        level = read(given, "")
        base, m = plane(s, self.slope, p, simplex(s, reference))
        level_is_below(self.w, s, m, level)
        return add(base, level)


def gap(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """gap <= claim, or gap >= claim."""
    _, shape, above, below = fields(proof, "rule shape above below")
    infima = Infima(w, s, shape)
    each = [list(p) for _, p in s.inputs]
    mean = [sum((x * p[y] for x, p in s.inputs), Fraction(0)) for y in range(len(each[0]))]
    most = s.relation == "gap <="
    if s.members == "all":
        wanted: tuple[list[Any], list[Any]] = ([], each)
    else:
        wanted = ([mean], each) if most else (each, [mean])
    found, sides = [], (infima.above, infima.below)
    for raw, points, bound in zip((above, below), wanted, sides, strict=True):
        if not isinstance(raw, list) or len(raw) != len(points):
            raise Rejected("a bound for each infimum")
        found.append([bound(p, one) for p, one in zip(points, raw, strict=True)])
        for t in found[-1]:
            w.value(t, "a bound of a risk")
    gap_bound: Tree = ZERO
    if s.members == "constant":
        one, many = (found[0][0], found[1]) if most else (found[1][0], found[0])
        means = zip(s.inputs, many, strict=True)
        gap_bound = add(one, *(neg(mul(q(x), t)) for (x, _), t in means))
    w.constant(minus(s.claim, gap_bound) if most else minus(gap_bound, s.claim), "the gap")
