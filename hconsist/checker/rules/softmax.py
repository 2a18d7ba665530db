"""Lower bounds of T for losses g of the softmax value: rules "pair" and "theorem A".

Both rest on the pooling lemma and the pair lemma (docs/theory.md): for g convex and falling on
(0, 1], all scores, n labels, and every share u in [0, 1],

    T(b) >= min over t in [2/n, 1] of kappa(t, b),
    kappa(t, b) >= g(t/2) - (1 + b)/2 g(t u) - (1 - b)/2 g(t (1 - u)).

**Rule "pair".** A witness is a pair (u, w) with u, w >= 0 and u + w <= 1; write

    gap(b) = g(1/2) - (1 + b)/2 g(u) - (1 - b)/2 g(w).

As g falls, g(w) >= g(1 - u): gap is at most the bracket of kappa(1, b). If n = 2, t = 1 alone, so
T >= gap. For n > 2 let g(t u) = g(t) + t^e (g(u) - g(1)) for all t, u in (0, 1), an identity that
is checked. The bracket at t is then t^e times that at 1, kappa(t, b) >= t^e gap(b), and as T >= 0

    e <= 0:  T(b) >= gap(b)  (t^e >= 1), for every n;
    e > 0:   T(b) >= (2/n)^e gap(b)  (t^e >= (2/n)^e), for a given n.

**Rule "theorem A".** The same identity with 0 < e <= 1/2 says that g is an increasing affine
function of the comp-sum loss of tau = 1 + e: by symmetry in t and u, h = g - g(1) satisfies
h(u) (1 - t^e) = h(t) (1 - u^e), so h is a multiple of 1 - u^e, and a multiple >= 0, as g falls.
Theorem A (docs/theory.md, 1 <= tau <= 3/2) then says that T is the two-label value for every n, and
that is at least gap(b).

gap is affine in b for a fixed witness, and so are the bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.limits import Rejected, need
from hconsist.checker.obligations import Identity, Obligation
from hconsist.checker.reading import Fields
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.rules.shapes import convex
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, check_tree, minus, mul, power, rational


def risk(s: Statement, b: Tree, u: Tree, w: Tree) -> Tree:
    """(1 + b)/2 g(u) + (1 - b)/2 g(w)."""
    return mul("1/2", add(mul(add("1", b), s.loss(u)), mul(minus("1", b), s.loss(w))))


def read_pair(witness: object) -> tuple[Tree, Tree]:
    """A witness of two softmax values, trees in x."""
    if not (isinstance(witness, list) and len(witness) == 2):
        raise Rejected("a witness must be a pair of softmax values")
    for part in witness:
        check_tree(part, "x")
    return witness[0], witness[1]


def gap_of(s: Statement, b: Tree, witness: object) -> tuple[Tree, list[Tree]]:
    """gap(b) for a witness, and what makes the witness admissible."""
    u, w = read_pair(witness)
    return minus(s.loss("1/2"), risk(s, b, u, w)), [u, w, minus("1", add(u, w))]


def scales(s: Statement, e: Fraction) -> Identity:
    """g(t u) = g(t) + t^e (g(u) - g(1))."""
    right = add(s.loss("t"), mul(power("t", e), minus(s.g, s.loss("1"))))
    return Identity(minus(s.loss(["mul", "t", "u"]), right), "the loss does not scale")


def read_scaling(s: Statement, proof: Fields) -> Fraction:
    """The exponent of the identity; for two labels none is used, and null stands for it."""
    if s.classes == 2:
        need(proof["scaling"] is None, "scaling must be null for two classes")
        return Fraction(0)
    return rational(proof["scaling"])


def _pair_conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    _softmax(s)
    e = read_scaling(s, proof)
    yield from convex(s)
    if s.classes != 2:
        need(e <= 0 or s.classes is not None, "no bound of this kind for every n")
        yield scales(s, e)


def _pair_bounds(s: Statement, proof: Fields, b: Tree, witness: object) -> Bounds:
    gap, sides = gap_of(s, b, witness)
    e = max(Fraction(0), read_scaling(s, proof))
    if e == 0 or s.classes is None:
        return [gap], sides
    return [mul(power(str(Fraction(2, s.classes)), e), gap)], sides


def _theorem_a_conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    _softmax(s)
    e = rational(proof["scaling"])
    need(0 < e <= Fraction(1, 2), "theorem A needs a scaling exponent in (0, 1/2]")
    yield from convex(s)
    yield scales(s, e)


def _theorem_a_bounds(s: Statement, proof: Fields, b: Tree, witness: object) -> Bounds:
    gap, sides = gap_of(s, b, witness)
    return [gap], sides


def _softmax(s: Statement) -> None:
    need(s.kind == "softmax", "this rule is about losses of the softmax value")


PAIR = LowerRule(
    "pair", "scaling", ("pair lemma", "pooling lemma"), _pair_conditions, _pair_bounds, True
)
THEOREM_A = LowerRule(
    "theorem A", "scaling", ("pooling lemma", "theorem A"), _theorem_a_conditions,
    _theorem_a_bounds, True,
)  # fmt: skip
