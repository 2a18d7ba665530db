"""``T <= claim`` holds: rule "tangent", from the definition alone.

**Theorem.** Let g be convex and falling on (0, 1] (see `hconsist.checker.rules.shapes`), a loss of
the softmax value for n >= 2 labels, all scores. For b in [0, 1] and p = ((1 + b)/2, (1 - b)/2, 0,
...) the scores that tie labels 1 and 2, with all others far below, may predict label 2; their
target regret is b, and their surrogate regret comes as close as one likes to

    U(b) = g(1/2) - C*(b),   C*(b) = inf over s in (0, 1) of r(s),
    r(s) = (1 + b)/2 g(s) + (1 - b)/2 g(1 - s)

(C* of p is that: shares given to labels 3, ..., n only raise the risk, as g falls). So T <= U on
[0, 1]. Now r is convex, so for a witness s in (0, 1) it is at least its tangent there, which on
[0, 1] is least at an end: C*(b) is at least the lesser of r(s) - s r'(s), r(s) + (1 - s) r'(s).
On each piece, for x in its open interval, b = at(x) and s the witness at x, it is shown that
s >= 0, 1 - s >= 0 and

    claim(b) >= g(1/2) - r(s) + s r'(s),    claim(b) >= g(1/2) - r(s) - (1 - s) r'(s).

(s = 0 and s = 1 serve where g has a value and a slope at 0: the tangent then is a limit of
tangents.) So claim >= U strictly between the ends of each piece. *At the others too:* U is
continuous on [0, 1], since C*, an infimum of affine functions of b that are finite on [0, 1], is
upper semicontinuous and concave, hence continuous on a closed interval; and the claim is continuous
up to the ends of the piece, where it has values (lemma 1). b = 0 is the lower end of a piece that
runs to a larger number, and any b > 0 the upper end of one that runs from a smaller one or lies
inside one (lemma 4), with the cases of the claim right there
(see `hconsist.checker.statements.resolved`).
"""

from __future__ import annotations

from collections.abc import Iterator

from hconsist.checker.coverage import Piece, covering
from hconsist.checker.limits import need
from hconsist.checker.obligations import Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields
from hconsist.checker.rules.shapes import convex
from hconsist.checker.rules.softmax import risk
from hconsist.checker.statements import Statement, resolved
from hconsist.checker.trees import Tree, add, check_tree, derivative, minus, mul, put


def holds(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves T <= claim by tangents."""
    need(s.kind == "softmax" and s.costs is None, "rule tangent: zero-one and softmax values only")
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
    b, share = piece.at, piece.data["witness"]
    check_tree(share, "x")
    rest = minus("1", share)
    for side in (share, rest):
        yield Sign(side, "x", piece.low, piece.high, "algebra:0", False, "witness")
    slope = derivative(s.g, "u")
    left, right = (put(slope, "u", z) for z in (share, rest))
    pull = mul("1/2", minus(mul(add("1", b), left), mul(minus("1", b), right)))
    gap = minus(add(put(claim, "b", b), risk(s, b, share, rest)), s.loss("1/2"))
    ends_of_tangent = [minus(gap, mul(pull, share)), add(gap, mul(pull, rest))]
    yield from piece.signs([(t, "claim >= regret of a tie") for t in ends_of_tangent])
