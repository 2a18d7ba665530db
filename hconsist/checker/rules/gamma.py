"""``Gamma <= claim`` holds: supporting lines of T**, along a covering of the excess e.

**Theorem.** Let a lower rule with affine bounds (see `hconsist.checker.rules.lower`) have its
conditions. For an admissible witness let l(b) = A + B b be its bound: l <= T on [0, 1], so l <= T**
there (a bound for b > 0 alone is shown to be <= 0 at b = 0, where T is >= 0). On each piece, for x
in its open interval, e = at(x), the witness and a number y = reach at x: claim(e) >= y, B > 0 and
l(y) >= e; or, with reach null, claim(e) >= 1. The last piece has reach null, at = x, and runs to
"inf". Let the pieces lead from 0 to "inf" and the claim have values at their ends. Then Gamma(e) <=
claim(e) for every e >= 0. *Proof.* Strictly between the ends of a piece: Gamma <= 1; and where
T**(b) <= e, A + B b <= e <= A + B y, so b <= y <= claim(e). Any other e >= 0 is the lower end of a
piece whose other end is larger; for e' > e in it Gamma(e) <= Gamma(e') <= claim(e'), and claim(e')
-> claim(e) as e' -> e.

``Gamma <= claim`` fails: a rule of a point (see `hconsist.checker.rules.points`, and "score point")
gives T(beta) <= R. With a rational e >= 0 and a share t in (0, 1], T** is at most t T(beta) + (1 -
t) T(0) at t beta, and T(0) = 0: where p is one label, scores that nearly attain the infimum have
target regret >= 0. (The infimum is finite at beta's p, so for a label of it.) So t R <= e and t
beta > claim(e) show Gamma(e) >= t beta > claim(e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hconsist.checker.coverage import Piece, covering, read_piece
from hconsist.checker.limits import PIECES, Rejected, need
from hconsist.checker.obligations import Equal, Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields, items
from hconsist.checker.rules.lower import LowerRule, beta_of
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, check_tree, minus, mul, put, rational

_KEYS = "witness reach"


def holds(rule: LowerRule, s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves Gamma <= claim by the lines of a lower rule."""
    need(s.costs is None, "this rule is about the zero-one target")
    need(rule.affine, "the bounds of this rule are no lines")
    fields(proof, "proof", f"rule pieces {rule.keys}")
    yield from rule.conditions(s, proof)
    *bounded, last = items(proof["pieces"], "pieces", PIECES)
    tail = _last(last)
    if bounded:
        for piece, ends, found in covering(bounded, "0", tail.low, _KEYS):
            yield from found
            for end in ends:
                yield Number(put(s.claim, "e", end), "", "the claim has no value at an end")
            yield from line(rule, s, proof, piece)
    else:
        yield Equal(tail.low, "0", "the pieces leave a gap")
    yield Number(put(s.claim, "e", tail.low), "", "the claim has no value at an end")
    (method,) = tail.methods(1)
    yield Sign(_beyond(s, "x"), "x", tail.low, "inf", method, False, "claim >= 1")


def _last(data: object) -> Piece:
    """The last piece, from a rational to "inf"."""
    tail = fields(data, "the last piece", "from to at method witness reach")
    need(tail["to"] == "inf" and tail["reach"] is None, "the last piece runs to inf, reach null")
    piece = read_piece({**tail, "to": "1"}, _KEYS)  # the form of its other keys
    need(piece.data["witness"] is None, "the last piece has no witness")
    need(isinstance(piece.low, str) and piece.at == "x", "the last piece is covered by x itself")
    return piece


def _beyond(s: Statement, e: Tree) -> Tree:
    return minus(put(s.claim, "e", e), "1")


def line(rule: LowerRule, s: Statement, proof: Fields, piece: Piece) -> Iterator[Obligation]:
    """What a piece with a witness, or without one, must show."""
    witness, reach = piece.data["witness"], piece.data["reach"]
    if reach is None:
        need(witness is None, "a piece without reach has no witness")
        yield from piece.signs([(_beyond(s, piece.at), "claim >= 1")])
        return
    check_tree(reach, "x")
    bounds, sides = rule.bounds(s, proof, reach, witness)
    need(len(bounds) == 1, "a line is one bound")
    (bound,) = bounds
    (at_zero,), (at_one,) = (rule.bounds(s, proof, b, witness)[0] for b in ("0", "1"))
    if not rule.from_zero:
        sides = [*sides, minus("0", at_zero)]
    for side in sides:
        yield Sign(side, "x", piece.low, piece.high, "algebra:0", False, "witness")
    terms = [
        (minus(put(s.claim, "e", piece.at), reach), False, "claim >= reach"),
        (minus(at_one, at_zero), True, "the slope of a line"),
        (minus(bound, piece.at), False, "line >= e"),
        *((t, False, "the witness serves") for t in rule.beside(s, proof, witness)),
    ]
    for (term, strict, reason), method in zip(terms, piece.methods(len(terms)), strict=True):
        yield Sign(term, "x", piece.low, piece.high, method, strict, reason)


def refutes(
    point: Callable[..., Iterator[Obligation]], s: Statement, proof: Fields
) -> Iterator[Obligation]:
    """What proves that Gamma <= claim fails at ``excess``, by a rule of a point."""
    need(s.costs is None, "this rule is about the zero-one target, or several predicted labels")
    rest = dict(proof)
    try:
        e, share = rest.pop("excess"), rest.pop("share")
    except KeyError as missing:
        raise Rejected(f"proof has no key {missing}") from missing
    need(rational(e) >= 0, "an excess is >= 0")
    need(0 < rational(share) <= 1, "the share must lie in (0, 1]")
    reach = mul(share, beta_of(s, proof))
    yield Number(minus(reach, put(s.claim, "e", e)), ">", "Gamma <= claim is not refuted")

    def goal(regret: Tree) -> Number:
        return Number(minus(e, mul(share, regret)), ">=", "the regret is above the excess")

    yield from point(s, rest, goal)
