"""``T >= claim`` fails: one distribution and one prediction whose regret is below the claim.

**Rule "convex point"** (softmax, g convex and falling). p and z are rational points of the simplex
of n labels, z with a largest entry at a label j for which max p - p_j >= beta. Scores whose softmax
values approach z and whose largest is at j have regrets that approach

    R = sum p_i g(z_i) - C*(p)   (labels with p_i = 0 add nothing; g has a value at the other z_i),

so T(beta) <= R. And C*(p) >= sum p_i g(y_i) - sum m_i y_i + min m_i, m_i = p_i g'(y_i), for a
reference y in the simplex: g(s) >= g(y_i) + g'(y_i) (s - y_i) on (0, 1] by convexity, and the sum
of m_i s_i is at least min m_i on the simplex.

**Rule "concave point"** (softmax, g concave and falling). The same p and z; here C*(p) is the value
at a vertex, p_max g(1) + (1 - p_max) g(0), as the risk is concave and g falls.

**Rule "margin point"**. The label +1 has probability (1 + beta)/2, and a rational score v <= 0,
|v| <= B, predicts the other one (at 0 by the tie): the target regret is beta. The risk at v less a
lower bound of the risk at all scores in [-B, B] (``best``, a covering) is at least the regret.

Each shows R < claim(beta), so T(beta) < claim(beta).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from hconsist.checker.limits import COUNTED_CLASSES, Rejected, need
from hconsist.checker.obligations import Number, Obligation
from hconsist.checker.reading import fields, items
from hconsist.checker.rules.lower import beta_of
from hconsist.checker.rules.margin import MIRROR, at_least
from hconsist.checker.rules.margin import risk as margin_risk
from hconsist.checker.rules.shapes import concave, convex
from hconsist.checker.statements import Statement, claim_at
from hconsist.checker.trees import Tree, add, derivative, minus, mul, put, rational


def _point(value: Any, n: int, name: str) -> list[Fraction]:
    """A rational point of the simplex of n labels."""
    point = [rational(v) for v in items(value, name, COUNTED_CLASSES)]
    need(len(point) == n, f"{name} has one entry a label")
    need(min(point) >= 0 and sum(point) == 1, f"{name} is not a point of the simplex")
    return point


def _risk(s: Statement, p: list[Fraction], z: list[Fraction]) -> Tree:
    return add(*(mul(str(w), s.loss(str(x))) for w, x in zip(p, z, strict=True) if w))


def _prediction(s: Statement, proof: dict[str, Any], beta: Tree) -> list[list[Fraction]]:
    """p and z, with the target regret that they must have."""
    need(s.kind == "softmax" and s.costs is None, "rule: zero-one and softmax values only")
    if s.classes is None:
        raise Rejected("a counterexample has a number of classes")
    p, z = (_point(proof[key], s.classes, key) for key in ("p", "point"))
    predicted = [w for w, x in zip(p, z, strict=True) if x == max(z)]
    need(max(p) - min(predicted) >= rational(beta), "the target regret is below beta")
    return [p, z]


def _below(s: Statement, beta: Tree, regret: Tree) -> Number:
    return Number(minus(claim_at(s.claim, beta), regret), ">", "T >= claim is not refuted")


def convex_point(s: Statement, proof: dict[str, Any]) -> Iterator[Obligation]:
    """Obligations of the rule "convex point"; one for each label whose m_i may be the least."""
    fields(proof, "proof", "rule beta p point reference")
    beta = beta_of(s, proof)
    p, z = _prediction(s, proof, beta)
    y = _point(proof["reference"], len(p), "reference")
    yield from convex(s)
    slope = derivative(s.g, "u")
    pulls = [mul(str(w), put(slope, "u", str(x))) if w else "0" for w, x in zip(p, y, strict=True)]
    tilt = add(*(mul(m, str(x)) for m, x in zip(pulls, y, strict=True)))
    base = minus(_risk(s, p, y), tilt)
    for pull in {str(m): m for m in pulls}.values():
        yield _below(s, beta, minus(_risk(s, p, z), add(base, pull)))


def concave_point(s: Statement, proof: dict[str, Any]) -> Iterator[Obligation]:
    """Obligations of the rule "concave point"."""
    fields(proof, "proof", "rule beta p point")
    beta = beta_of(s, proof)
    p, z = _prediction(s, proof, beta)
    yield from concave(s)
    best = add(mul(str(max(p)), s.loss("1")), mul(str(1 - max(p)), s.loss("0")))
    yield _below(s, beta, minus(_risk(s, p, z), best))


def margin_point(s: Statement, proof: dict[str, Any]) -> Iterator[Obligation]:
    """Obligations of the rule "margin point"."""
    fields(proof, "proof", "rule beta point best")
    need(s.kind == "margin", "this rule is about margin losses")
    beta, v = beta_of(s, proof), rational(proof["point"])
    need(v <= 0, "a score that predicts the less likely label is <= 0")
    need(s.bound is None or -v <= s.bound, "the score lies beyond the score bound")
    risk = margin_risk(beta, s.g, s.loss(MIRROR))
    lowest = "-inf" if s.bound is None else str(-s.bound)
    yield from at_least(proof["best"], risk, lowest, s.top, "the risk of all scores")
    yield _below(s, beta, minus(put(risk, "v", str(v)), proof["best"]["least"]))
