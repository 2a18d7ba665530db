"""``T >= claim`` fails: one distribution and one prediction whose regret is below the claim.

**Rule "convex point"** (softmax, g convex and falling). p and z are rational points of the simplex
of n labels, z with a largest entry at a label j for which max p - p_j >= beta. Scores whose softmax
values approach z and whose largest is at j have regrets that approach

    R = sum p_i g(z_i) - C*(p)   (labels with p_i = 0 add nothing; g has a value at the other z_i),

so T(beta) <= R. And C*(p) >= sum p_i g(y_i) - sum m_i y_i + min m_i, m_i = p_i g'(y_i), for a
reference y in the simplex: g(s) >= g(y_i) + g'(y_i) (s - y_i) on (0, 1] by convexity, and the sum
of m_i s_i is at least min m_i on the simplex.

**Rule "bounded point"** is "convex point" for scores with |h| <= B: z has positive entries and is
allowed, as max z <= K min z, K = exp(2 B) (see `hconsist.checker.rules.boxed`). Instead of min m_i
a number L is given for which the sum of min(m_i - L, K (m_i - L)) is >= 0. Then sum m_i s_i >= L
for every allowed s, a multiple of some x in [1, K]^n: sum (m_i - L) x_i is at least that sum.

For a target of k predicted labels the k largest entries of z are predicted, ties as one likes: the
target regret is the sum of the k largest p_i less the least sum of p over such labels.

**Rule "concave point"** (softmax, g concave and falling). The same p and z; here C*(p) is the value
at a vertex, p_max g(1) + (1 - p_max) g(0), as the risk is concave and g falls.

**Rule "margin point"**. The label +1 has probability (1 + beta)/2, and a rational score v <= 0,
|v| <= B, predicts the other one (at 0 by the tie): the target regret is beta. The risk at v less a
lower bound of the risk at all scores in [-B, B] (``best``, a covering) is at least the regret.

Each shows R < claim(beta), so T(beta) < claim(beta). For Gamma it shows another thing of R (see
`hconsist.checker.rules.gamma`): that is the goal of a point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from hconsist.checker.limits import COUNTED_CLASSES, Rejected, need
from hconsist.checker.obligations import Number, Obligation
from hconsist.checker.reading import Fields, fields, items
from hconsist.checker.rules.boxed import spread
from hconsist.checker.rules.lower import beta_of
from hconsist.checker.rules.margin import MIRROR, at_least
from hconsist.checker.rules.margin import risk as margin_risk
from hconsist.checker.rules.shapes import concave, convex
from hconsist.checker.statements import Statement, claim_at
from hconsist.checker.trees import Tree, add, check_tree, derivative, minus, mul, put, rational

#: What must hold of a regret that is at least T(beta), for the verdict to follow.
Goal = Callable[[Tree], Number]


def read_point(value: object, n: int, name: str) -> list[Fraction]:
    """A rational point of the simplex of n labels."""
    point = [rational(v) for v in items(value, name, COUNTED_CLASSES)]
    need(len(point) == n, f"{name} has one entry a label")
    need(min(point) >= 0 and sum(point) == 1, f"{name} is not a point of the simplex")
    return point


def softmax_risk(s: Statement, p: list[Fraction], z: list[Fraction]) -> Tree:
    """The risk at softmax values; labels without probability are left out."""
    return add(*(mul(str(w), s.loss(str(x))) for w, x in zip(p, z, strict=True) if w))


def _prediction(s: Statement, proof: Fields, beta: Tree) -> list[list[Fraction]]:
    """p and z, with the target regret that they must have."""
    need(s.kind == "softmax" and s.costs is None, "rule: softmax values only, no costs")
    if s.classes is None:
        raise Rejected("a counterexample has a number of classes")
    p, z = (read_point(proof[key], s.classes, key) for key in ("p", "point"))
    largest = sorted(z)[-s.top]
    sure = [w for w, x in zip(p, z, strict=True) if x > largest]
    tied = sorted(w for w, x in zip(p, z, strict=True) if x == largest)
    predicted = sum(sure) + sum(tied[: s.top - len(sure)])
    regret = sum(sorted(p)[-s.top :]) - predicted
    need(regret >= rational(beta), "the target regret is below beta")
    return [p, z]


def below(s: Statement, beta: Tree) -> Goal:
    """The goal of a refutation of T >= claim: the regret is less than the claim."""
    claim = claim_at(s.claim, beta)
    return lambda regret: Number(minus(claim, regret), ">", "T >= claim is not refuted")


def tangent(s: Statement, p: list[Fraction], y: list[Fraction]) -> tuple[Tree, list[Tree]]:
    """The risk at p is >= base + sum of pulls times shares: the tangent plane at y."""
    slope = derivative(s.g, "u")
    pulls = [mul(str(w), put(slope, "u", str(x))) if w else "0" for w, x in zip(p, y, strict=True)]
    tilt = add(*(mul(m, str(x)) for m, x in zip(pulls, y, strict=True)))
    return minus(softmax_risk(s, p, y), tilt), pulls


def level_below(s: Statement, pulls: list[Tree], level: Tree) -> Number:
    """Bounded scores: the sum of pulls times shares is at least the level."""
    top, rest = spread(s), [minus(level, m) for m in pulls]
    total = add(*(mul("-1", ["max", x, mul(top, x)]) for x in rest))
    return Number(total, ">=", "the level is not below all tangent values")


def allowed(s: Statement, z: list[Fraction], name: str) -> Iterator[Obligation]:
    """Softmax values of bounded scores."""
    need(min(z) > 0, f"{name} has a share 0, which no bounded scores have")
    term = minus(mul(spread(s), str(min(z))), str(max(z)))
    yield Number(term, ">=", f"{name} needs larger scores")


def bounded_point(s: Statement, proof: Fields, goal: Goal | None = None) -> Iterator[Obligation]:
    """Obligations of the rule "bounded point"."""
    fields(proof, "proof", "rule beta p point reference level")
    need(s.bound is not None, "this rule is about bounded scores")
    beta = beta_of(s, proof)
    p, z = _prediction(s, proof, beta)
    y = read_point(proof["reference"], len(p), "reference")
    check_tree(proof["level"])
    yield from convex(s)
    yield from allowed(s, z, "point")
    base, pulls = tangent(s, p, y)
    yield level_below(s, pulls, proof["level"])
    yield (goal or below(s, beta))(minus(softmax_risk(s, p, z), add(base, proof["level"])))


def convex_point(s: Statement, proof: Fields, goal: Goal | None = None) -> Iterator[Obligation]:
    """Obligations of the rule "convex point"; one for each label whose m_i may be the least."""
    fields(proof, "proof", "rule beta p point reference")
    need(s.bound is None, "this rule is about all scores")
    beta = beta_of(s, proof)
    p, z = _prediction(s, proof, beta)
    goal = goal or below(s, beta)
    y = read_point(proof["reference"], len(p), "reference")
    yield from convex(s)
    base, pulls = tangent(s, p, y)
    for pull in {str(m): m for m in pulls}.values():
        yield goal(minus(softmax_risk(s, p, z), add(base, pull)))


def concave_point(s: Statement, proof: Fields, goal: Goal | None = None) -> Iterator[Obligation]:
    """Obligations of the rule "concave point"."""
    fields(proof, "proof", "rule beta p point")
    need(s.bound is None, "this rule is about all scores")
    beta = beta_of(s, proof)
    p, z = _prediction(s, proof, beta)
    yield from concave(s)
    best = add(mul(str(max(p)), s.loss("1")), mul(str(1 - max(p)), s.loss("0")))
    yield (goal or below(s, beta))(minus(softmax_risk(s, p, z), best))


def margin_point(s: Statement, proof: Fields, goal: Goal | None = None) -> Iterator[Obligation]:
    """Obligations of the rule "margin point"."""
    fields(proof, "proof", "rule beta point best")
    need(s.kind == "margin", "this rule is about margin losses")
    beta, v = beta_of(s, proof), rational(proof["point"])
    need(v <= 0, "a score that predicts the less likely label is <= 0")
    need(s.bound is None or -v <= s.bound, "the score lies beyond the score bound")
    risk = margin_risk(beta, s.g, s.loss(MIRROR))
    lowest = "-inf" if s.bound is None else str(-s.bound)
    yield from at_least(proof["best"], risk, lowest, s.highest, "the risk of all scores")
    yield (goal or below(s, beta))(minus(put(risk, "v", str(v)), proof["best"]["least"]))
