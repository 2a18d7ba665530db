"""Lower bounds of T for powers of the softmax value where pools of labels decide: rule "pools".

Let g be convex and falling on (0, 1], with a value at 0, a loss of the softmax value for n labels,
all scores, zero-one; and g(t u) = g(t) + t^e (g(u) - g(1)) for all t, u in (0, 1), with 1/2 < e <
1. By symmetry in t and u, g = g(1) + c (1 - u^e) with c = g(0) - g(1) >= 0: the comp-sum loss of
tau = 1 + e, up to a factor. A witness is a pair of numbers L, K >= 0, a line of slope c L; write

    pool_k(L, K) = (k^-e + L - K)_+^(1/e) + (k^-e - L - K)_+^(1/e) + (k - 2) (k^-e - K)_+^(1/e).

**Theorem B** (docs/theory.md, Lines below the pools). If pool_k(L, K) <= 1 for k = 2, ..., n, then
T(b) >= c (L b - K) for every b in [0, 1].

*Why.* Where scores predict j and i is a best label, the regret at softmax values S is at least sum
p_y (g(S_y) - g(Q_y)) for every Q >= 0 of sum at most 1. Take Q_y^e = (S_y^e - K + L (1[y = i] - 1[y
= j]))_+: that is at least c (L (p_i - p_j) - K). The sum of this Q is at most 1 for all S with S_j
largest, if it is for S uniform on k labels, i and j among them: the proof of theorem B excludes the
other maxima. There the sum is pool_k.

The bound is affine in b for a fixed witness. The n - 1 inequalities of the pools are shown on each
piece, after those of the claim, by the piece's methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.limits import COUNTED_CLASSES, Rejected, need, within
from hconsist.checker.obligations import Number, Obligation
from hconsist.checker.reading import Fields
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.rules.shapes import convex
from hconsist.checker.rules.softmax import scales
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, check_tree, minus, mul, power, rational


def _conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    need(s.kind == "softmax" and s.costs is None, "this rule is about softmax values, zero-one")
    need(s.bound is None and s.top == 1, "this rule is about all scores, zero-one")
    _labels(s)
    e = rational(proof["scaling"])
    need(Fraction(1, 2) < e < 1, "pools need a scaling exponent in (1/2, 1)")
    yield from convex(s)
    yield Number(s.loss("0"), "", "the loss has no value at u = 0")
    yield scales(s, e)


def _labels(s: Statement) -> int:
    if s.classes is None:
        raise Rejected("this rule needs a number of classes")
    within(s.classes, COUNTED_CLASSES, "classes in rule pools")
    return s.classes


def _line(witness: object) -> tuple[Tree, Tree]:
    """L and K, trees in x."""
    if not (isinstance(witness, list) and len(witness) == 2):
        raise Rejected("a witness must be a pair, of a slope and a level")
    for part in witness:
        check_tree(part, "x")
    return witness[0], witness[1]


def _bounds(s: Statement, proof: Fields, b: Tree, witness: object) -> Bounds:
    slope, level = _line(witness)
    height = minus(s.loss("0"), s.loss("1"))
    return [mul(height, minus(mul(slope, b), level))], [slope, level]


def _pools(s: Statement, proof: Fields, witness: object) -> list[Tree]:
    """1 - pool_k for k = 2, ..., n."""
    e, (slope, level) = rational(proof["scaling"]), _line(witness)

    def share(*terms: Tree) -> Tree:
        return power(["max", "0", add(*terms)], 1 / e)

    found, under = [], mul("-1", level)
    for k in range(2, _labels(s) + 1):
        tied = mul(str(Fraction(1, k)), power(str(k), 1 - e))  # k^-e
        rest = mul(str(k - 2), share(tied, under))
        both = add(share(tied, slope, under), share(tied, mul("-1", slope), under))
        found.append(minus("1", add(both, rest)))
    return found


POOLS = LowerRule(
    "pools", "scaling", ("theorem B",), _conditions, _bounds, True, beside=_pools
)  # fmt: skip
