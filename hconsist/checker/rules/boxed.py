"""Lower bounds of T for softmax values of bounded scores: rule "bounded swap".

Scores have |h| <= B, n labels, zero-one; K = exp(2 B). The softmax values are the S of the simplex
with S_a <= K S_c for all labels a, c: S is one of them if and only if log S, shifted, lies in the
box. A witness is a number v >= 0, with v <= 2 B for n = 2, and v <= 2 B - 7/10 for n > 2. Let

    u = (1 + (n - 2)/(2 K))/(1 + exp(-v) + (n - 2)/K),    w = exp(-v) u.

**Theorem.** The bound of rule "swap" (see `hconsist.checker.rules.swap`) holds with this (u, w),
under its conditions for the zero-one target.

*Proof.* As exp(-v) <= 1, u >= 1/2 >= 1 - u >= w; and u + w + (n - 2)(u - 1/2)/K = 1. Further K w >=
u, and for n > 2 K w >= exp(7/10)/2 >= 1. Follow the proof of rule "swap": j is predicted, i a best
label, s = S_i + S_j. i gets s u; every other label c is raised to s u/K if it has less: as S_c >=
S_j/K >= s/(2 K), this takes at most s (n - 2)(u - 1/2)/K; so j keeps s w or more, and at most s (1
- u) <= s u. *The new values are allowed:* none is above s u, or else an old S_c; none is below s
u/K, s w or its old value S_c; and s u <= K s w; an old S_c is at most K S_a for any other a (old),
and for j and i S_c <= S_j <= s <= K s w <= K s u. No label but i and j loses, as g falls. The rest
is as there: staying gives 0, F is the supremum over these witnesses and 0, and F(1, 0) = 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from hconsist.checker.limits import Rejected, need
from hconsist.checker.obligations import Obligation
from hconsist.checker.reading import Fields
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.rules.softmax import risk
from hconsist.checker.rules.swap import conditions, scaled
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, check_tree, minus, mul


def spread(s: Statement, sign: int = 1) -> Tree:
    """K = exp(2 B), the largest quotient of two softmax values of bounded scores; or 1/K."""
    if s.bound is None:
        raise Rejected("this rule is about bounded scores")
    return ["exp", str(sign * 2 * s.bound)]


def _conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    need(s.bound is not None and s.top == 1, "this rule is about bounded scores, zero-one")
    yield from conditions(s, proof)


def _bounds(s: Statement, proof: Fields, b: Tree, witness: Tree) -> Bounds:
    if s.classes is None or s.bound is None:
        raise Rejected("this rule needs a number of classes")
    check_tree(witness, "x")
    others, falling = s.classes - 2, ["exp", mul("-1", witness)]
    inverse = spread(s, -1)
    whole, half = mul(str(others), inverse), mul("1/2", str(others), inverse)
    u = mul(add("1", half), ["pow", add("1", falling, whole), "-1"])
    gap = minus(s.loss("1/2"), risk(s, b, u, mul(falling, u)))
    most = str(2 * s.bound) if others == 0 else add(str(2 * s.bound), "-7/10")
    return [scaled(s, proof, gap)], [witness, minus(most, witness)]


BOUNDED_SWAP = LowerRule("bounded swap", "scaling", (), _conditions, _bounds, True)
