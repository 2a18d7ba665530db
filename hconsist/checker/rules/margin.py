"""Lower bounds of T for binary margin losses g: rule "margin".

**Margin lemma** (docs/certificate.md). Two labels, scores h with |h| <= B (B may be infinite). If
(g(v) + g(-v))/2 >= c and g(-v) >= d for every v in [0, B], then for every |w| <= B

    T(b) >= (1 - b) c + b d - (1 + b)/2 g(w) - (1 - b)/2 g(-w);

for B infinite also with the limits of g at w = inf.

A proof gives c and d (``even`` and ``worse``), each a tree without variables with a covering of the
scores [0, B]. As both parts are shown to have values for every such v, g has a value at every
score in [-B, B], and is continuous there. The bound is affine in b for a fixed witness w.
"""

from __future__ import annotations

from collections.abc import Iterator

from hconsist.checker.coverage import scores
from hconsist.checker.infinity import finite_limit
from hconsist.checker.limits import need
from hconsist.checker.obligations import Number, Obligation
from hconsist.checker.reading import Fields, fields
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, check_tree, minus, mul

MIRROR = ["mul", "-1", "v"]


def risk(b: Tree, right: Tree, wrong: Tree) -> Tree:
    """(1 + b)/2 times a loss plus (1 - b)/2 times another."""
    return mul("1/2", add(mul(add("1", b), right), mul(minus("1", b), wrong)))


def at_least(data: object, term: Tree, start: Tree, top: Tree, what: str) -> Iterator[Obligation]:
    """Obligations that a tree in v is at least the number ``least`` for scores in [start, top]."""
    proof = fields(data, what, "least pieces")
    check_tree(proof["least"])
    yield Number(proof["least"], "", f"{what} has no value")
    yield from scores(proof["pieces"], start, top, minus(term, proof["least"]), what)


def _conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    need(s.kind == "margin", "this rule is about margin losses")
    even = mul("1/2", add(s.g, s.loss(MIRROR)))
    yield from at_least(proof["even"], even, "0", s.highest, "the even part of the loss")
    yield from at_least(proof["worse"], s.loss(MIRROR), "0", s.highest, "the loss of a wrong label")


def _bounds(s: Statement, proof: Fields, b: Tree, witness: Tree) -> Bounds:
    sides: list[Tree] = []
    if isinstance(witness, str) and witness == "inf":
        need(s.bound is None, "an infinite score lies beyond the score bound")
        right, wrong = (finite_limit(s.g, "v", end) for end in ("inf", "-inf"))
    else:
        check_tree(witness, "x")
        if s.bound is not None:
            bound = str(s.bound)
            sides = [minus(bound, witness), add(bound, witness)]
        right, wrong = s.loss(witness), s.loss(mul("-1", witness))
    even, worse = (proof[key]["least"] for key in ("even", "worse"))
    least = add(mul(even, minus("1", b)), mul(worse, b))
    return [minus(least, risk(b, right, wrong))], sides


MARGIN = LowerRule("margin", "even worse", ("margin lemma",), _conditions, _bounds, True)
