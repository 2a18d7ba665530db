"""Lower bounds of T for concave losses g of the softmax value: "concave pair" and "theorem C".

g is concave and falling on [0, 1], and has a value at 0; all scores; n labels, n given. Proofs of
both lemmas are in docs/certificate.md (section Lemmas).

**Rule "concave pair".** T(b) >= b (g(0) - g(1/n)). It is affine in b.

**Rule "theorem C".** With M = max(b, (1 + b)/n), T(b) is the least over k = 1..n of

    M (g(0) - g(1)) - min(1, k M - b) (g(0) - g(1/k)).

The bounds need no witness: it must be null.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.limits import COUNTED_CLASSES, Rejected, need, within
from hconsist.checker.obligations import Obligation
from hconsist.checker.reading import Fields
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.rules.shapes import concave
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, minus, mul


def _conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    need(s.kind == "softmax", "this rule is about losses of the softmax value")
    _labels(s)
    yield from concave(s)


def _labels(s: Statement) -> int:
    if s.classes is None:
        raise Rejected("this rule needs a number of classes")
    return s.classes


def _no_witness(witness: object) -> None:
    need(witness is None, "the witness must be null")


def _pair_bounds(s: Statement, proof: Fields, b: Tree, witness: object) -> Bounds:
    _no_witness(witness)
    return [mul(b, minus(s.loss("0"), s.loss(str(Fraction(1, _labels(s))))))], []


def _theorem_c_bounds(s: Statement, proof: Fields, b: Tree, witness: object) -> Bounds:
    _no_witness(witness)
    n = _labels(s)
    within(n, COUNTED_CLASSES, "classes in theorem C")
    best = ["max", b, mul(str(Fraction(1, n)), add("1", b))]
    whole = mul(best, minus(s.loss("0"), s.loss("1")))
    terms = []
    for k in range(1, n + 1):
        # min(1, k M - b) = 1 - max(0, 1 + b - k M)
        share = minus("1", ["max", "0", minus(add("1", b), mul(str(k), best))])
        drop = minus(s.loss("0"), s.loss(str(Fraction(1, k))))
        terms.append(minus(whole, mul(share, drop)))
    return terms, []


CONCAVE_PAIR = LowerRule(
    "concave pair", "", ("concave pair lemma",), _conditions, _pair_bounds, True
)
THEOREM_C = LowerRule("theorem C", "", ("theorem C",), _conditions, _theorem_c_bounds, False)
