"""Lower bounds of T by moving shares of two labels: rule "swap", from the definition alone.

Let g be convex and falling on (0, 1], a loss of the softmax value S_y for n labels, all scores. A
witness (u, w) has u, w >= 0 and u + w <= 1.

**Theorem.** For every b in [0, 1] and witness, with gap(b) = g(1/2) - (1 + b)/2 g(u) - (1 - b)/2
g(w), and for n > 2 with an exponent e for which g(t u) = g(t) + t^e (g(u) - g(1)) on (0, 1)^2,

    n = 2, or e <= 0:  T(b) >= gap(b), for the zero-one target and for several predicted labels;
    e > 0:             T(b) >= (1/n)^e gap(b), for the zero-one target and n given.

*Proof.* Let scores predict the set J of k labels (k = 1: zero-one), I be a best set, A = I - J and
A' = J - I, of equally many labels, and match them one to one. For a pair, i in A and j in A', p_i
>= p_j and S_j >= S_i. With M = p_i + p_j, d = p_i - p_j and s = S_i + S_j,

    p_i g(S_i) + p_j g(S_j) >= M (g(S_i) + g(S_j))/2 >= M g(s/2),

as g falls, and as it is convex. Now give i the share s u and j the rest of s, s w or more (zeros
are limits). No other label changes, and g falls. So the surrogate regret is at least

    sum over pairs of M g(s/2) - p_i g(s u) - p_j g(s w) = sum of s^e f(M, d),
    f(M, d) = M g(1/2) - (M + d)/2 g(u) - (M - d)/2 g(w),

by the identity (n = 2: s = 1, and none is needed). Each pair may take its own witness, or stay,
which gives 0. So with F the supremum over witnesses of f, and 0: regret >= c sum of F(M, d), where
c = 1 for e <= 0 (s <= 1), and for e > 0 c = (1/n)^e (one pair, s >= S_j >= 1/n). F is convex and
homogeneous of degree 1, so the sum is >= F(sum of M, sum of d). And F(1, 0) = 0, as g(u) + g(w) >=
2 g(1/2) for u + w <= 1. So for M <= 1, F(M, d) = M F(1, d/M) >= F(1, d), which does not decrease in
d >= 0; the sum of d is the target regret. So the regret is >= c F(1, b) >= c gap(b).

gap is affine in b for a fixed witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.limits import need
from hconsist.checker.obligations import Obligation
from hconsist.checker.reading import Fields
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.rules.shapes import convex
from hconsist.checker.rules.softmax import gap_of, read_scaling, scales
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, mul, power


def conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """g is convex, and scales where that is needed."""
    need(s.kind == "softmax" and s.costs is None, "this rule is about softmax values, no costs")
    e = read_scaling(s, proof)
    yield from convex(s)
    if s.classes != 2:
        need(e <= 0 or (s.classes is not None and s.top == 1), "no bound of this kind")
        yield scales(s, e)


def scaled(s: Statement, proof: Fields, gap: Tree) -> Tree:
    """c gap."""
    e = read_scaling(s, proof)
    if e <= 0 or s.classes is None:
        return gap
    return mul(power(str(Fraction(1, s.classes)), e), gap)


def _conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    need(s.bound is None, "this rule is about all scores")
    yield from conditions(s, proof)


def _bounds(s: Statement, proof: Fields, b: Tree, witness: object) -> Bounds:
    gap, sides = gap_of(s, b, witness)
    return [scaled(s, proof, gap)], sides


SWAP = LowerRule("swap", "scaling", (), _conditions, _bounds, True)
