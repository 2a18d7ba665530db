"""``T <= claim`` holds: rule "tie", from the definition alone, where rule "tangent" does not reach.

Let g be convex and falling on (0, 1], a loss of the softmax value. The first of two groups of k
labels has probability (1 + b)/2 in all, the second (1 - b)/2, equally shared; other labels have
none. Scores that tie the 2 k labels, with all others as low as may be, may predict the second group
(its target regret is b), and have the value z for each of the 2 k:

    several predicted labels, n >= 2 k:  z = 1/(2 k) (a limit);
    bounded scores, k = 1, K = exp(2 B):  z = K/(2 K + n - 2).

By convexity the infimum of the risk is that over allowed S with one value x on the first group and
one value y on the second, of r(x, y) = (1 + b)/2 g(x) + (1 - b)/2 g(y).

**Lemma 10.** (x, y) is at most, entry by entry, a point in the hull of *corners*:

    several predicted labels:  (1/k, 0), (0, 1/k);
    bounded scores:  (K, 1)/(K + n - 1), (1, K)/(K + n - 1), (z, z).

*Proof.* The first is k (x + y) <= 1. Bounded: S is a multiple of a vector in [1, K]^n, a mean of
vectors v in {1, K}^n; so S is a mean of the v/sum(v). If v starts with K, K, or K, 1, or 1, K, its
first two entries over its sum are at most the corner's, which has all other entries 1; if with 1,
1, they are at most 1/n <= z.

**Theorem.** r is convex and falls in x and in y, so for a witness (x, y) in [0, 1]^2 the infimum is
at least the least, over corners (c, d), of the tangent plane

    r(x, y) + (1 + b)/2 g'(x) (c - x) + (1 - b)/2 g'(y) (d - y).

If on each piece claim(b) >= g(z) minus each of these, then claim >= U >= T strictly between the
ends of pieces, U = g(z) less the infimum of r. *At the others too:* as for rule "tangent" (see
`hconsist.checker.rules.above`), U being continuous on [0, 1].
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.coverage import Piece, covering
from hconsist.checker.limits import Rejected, need
from hconsist.checker.obligations import Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields
from hconsist.checker.rules.boxed import spread
from hconsist.checker.rules.shapes import convex
from hconsist.checker.rules.softmax import read_pair, risk
from hconsist.checker.statements import Statement, resolved
from hconsist.checker.trees import Tree, add, derivative, minus, mul, put


def corners(s: Statement) -> tuple[Tree, list[tuple[Tree, Tree]]]:
    """z, and the corners of lemma 10."""
    if s.classes is None:
        raise Rejected("rule tie: a number of classes")
    if s.bound is None:
        need(s.classes >= 2 * s.top, "a tie of two groups needs twice as many labels")
        share = str(Fraction(1, s.top))
        return str(Fraction(1, 2 * s.top)), [(share, "0"), ("0", share)]
    top, n = spread(s), s.classes
    tied = mul(top, ["pow", add(mul("2", top), str(n - 2)), "-1"])
    low: Tree = ["pow", add(top, str(n - 1)), "-1"]
    return tied, [(mul(top, low), low), (low, mul(top, low)), (tied, tied)]


def holds(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves T <= claim by ties."""
    need(s.kind == "softmax" and s.costs is None, "rule tie: softmax values, no costs")
    fields(proof, "proof", "rule pieces")
    yield from convex(s)
    for piece, ends, found in covering(proof["pieces"], "0", "1"):
        yield from found
        yield from on_piece(s, piece, ends)


def on_piece(s: Statement, piece: Piece, ends: list[Tree]) -> Iterator[Obligation]:
    """What a piece of the covering must show."""
    claim = resolved(s.claim, ends)
    for end in ends:
        yield Number(put(claim, "b", end), "", "the claim has no value at an end")
    b, (x, y) = piece.at, read_pair(piece.data["witness"])
    for side in (x, y, minus("1", x), minus("1", y)):
        yield Sign(side, "x", piece.low, piece.high, "algebra:0", False, "witness")
    tied, points = corners(s)
    slope = derivative(s.g, "u")
    first = mul("1/2", add("1", b), put(slope, "u", x))
    second = mul("1/2", minus("1", b), put(slope, "u", y))
    over = minus(add(put(claim, "b", b), risk(s, b, x, y)), s.loss(tied))
    planes = [
        add(over, mul(first, minus(c, x)), mul(second, minus(d, y))) for c, d in points
    ]  # fmt: skip
    yield from piece.signs([(t, "claim >= regret of a tie") for t in planes])
