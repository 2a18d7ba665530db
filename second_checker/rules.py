"""Each rule of the schema: what a proof must show. A function returns where all is shown."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from .cells import largest
from .coverage import Piece, Work, at_number, covering, order, orders, resolved, scores
from .lower import MOST_LABELS, RULES, bound_of, concave, convex, only_all_scores
from .reading import Statement, fields
from .trees import (
    HALF,
    ONE,
    ZERO,
    Rejected,
    Tree,
    Undecided,
    add,
    minus,
    mul,
    neg,
    put,
    q,
    rational,
    read,  # fmt: skip
)

PIECE = "from to at witness method"


def _claim_at_zero(w: Work, s: Statement) -> None:
    w.constant(neg(at_number(w, s.claim, "b", ZERO)), "claim(0) <= 0")


def _claim_on(w: Work, s: Statement, piece: Piece) -> Tree:
    """The claim as a tree in x on the piece; it has values at both end numbers."""
    claim = resolved(w, s.claim, piece.numbers)
    for y in piece.numbers:
        w.value(put(claim, "b", y), "the claim at an end number")
    return put(claim, "b", piece.at)


def lower_holds(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T >= claim on [0, 1]."""
    fields(proof, f"rule pieces {RULES[proof['rule']][1]}")
    bound = bound_of(w, s, proof)
    _claim_at_zero(w, s)
    for piece in covering(w, proof["pieces"], PIECE, ZERO, q(largest(s))):
        claim = _claim_on(w, s, piece)
        witness = bound.witness(piece.rest["witness"], "x")
        for side in bound.sides(witness):
            piece.span.must(side, 0, "a side of the witness")
        shown = [minus(term, claim) for term in bound.terms(witness, piece.at)]
        shown += bound.more(witness)
        for t, k in zip(shown, orders(piece.rest["method"], len(shown)), strict=True):
            piece.span.must(t, k, "the bound less the claim, or what a witness needs")


def tangent(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T <= claim on [0, 1] by a tie of two labels."""
    fields(proof, "rule pieces")
    if s.costs is not None or s.k > 1:
        raise Rejected("the rule is for the zero-one target")
    slope = convex(w, s)
    only_all_scores(s)
    for piece in covering(w, proof["pieces"], PIECE, ZERO, ONE):
        claim, b = _claim_on(w, s, piece), piece.at
        t = read(piece.rest["witness"], "x")
        other = minus(ONE, t)
        for side in (t, other):
            piece.span.must(side, 0, "a side of the witness")
        up, down = mul(HALF, add(ONE, b)), mul(HALF, minus(ONE, b))
        risk = add(mul(up, put(s.g, "u", t)), mul(down, put(s.g, "u", other)))
        m = minus(mul(up, put(slope, "u", t)), mul(down, put(slope, "u", other)))
        base = minus(add(claim, risk), put(s.g, "u", HALF))
        first, second = orders(piece.rest["method"], 2)
        piece.span.must(minus(base, mul(m, t)), first, "the tangent at 0")
        piece.span.must(add(base, mul(m, other)), second, "the tangent at 1")


def tie(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T <= claim on [0, 1] by a tie of two groups of k labels, or of two labels in a box."""
    fields(proof, "rule pieces")
    if s.costs is not None or s.n is None:
        raise Rejected("the rule is for the zero-one target or several labels, n given")
    slope = convex(w, s)
    if s.bound is None:
        if s.n < 2 * s.k:
            raise Rejected("a tie of two groups of k labels needs n >= 2 k")
        one = q(Fraction(1, s.k))
        tied: Tree = q(Fraction(1, 2 * s.k))
        corners = [(one, ZERO), (ZERO, one)]
    else:
        most: Tree = ("exp", q(2 * s.bound))
        tied = mul(most, ("pow", add(most, most, q(s.n - 2)), Fraction(-1)))
        under: Tree = ("pow", add(most, q(s.n - 1)), Fraction(-1))
        corners = [(mul(most, under), under), (under, mul(most, under)), (tied, tied)]
    for piece in covering(w, proof["pieces"], PIECE, ZERO, ONE):
        claim, b = _claim_on(w, s, piece), piece.at
        raw = piece.rest["witness"]
        if not isinstance(raw, list) or len(raw) != 2:
            raise Rejected("the witness is a list of two trees")
        point = [read(t, "x") for t in raw]
        for t in point:
            piece.span.must(t, 0, "a side of the witness")
            piece.span.must(minus(ONE, t), 0, "a side of the witness")
        masses = [mul(HALF, add(ONE, b)), mul(HALF, minus(ONE, b))]
        risk = add(*(mul(p, put(s.g, "u", t)) for p, t in zip(masses, point, strict=True)))
        pulls = [mul(p, put(slope, "u", t)) for p, t in zip(masses, point, strict=True)]
        found = orders(piece.rest["method"], len(corners))
        for corner, k in zip(corners, found, strict=True):
            steps = zip(pulls, corner, point, strict=True)
            below = add(risk, *(mul(m, minus(c, t)) for m, c, t in steps))
            over = add(claim, below, neg(put(s.g, "u", tied)))
            piece.span.must(over, k, "the claim less the regret of a tie")


def gamma(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """Gamma(e) <= claim(e) for e >= 0, by lines below T."""
    if proof["rule"] == "theorem C":
        raise Rejected("theorem C gives no line")
    if s.costs is not None:
        raise Rejected("the rule is for the zero-one target")
    fields(proof, f"rule pieces {RULES[proof['rule']][1]}")
    bound = bound_of(w, s, proof)
    raw = proof["pieces"]
    if not isinstance(raw, list) or not raw:
        raise Rejected("Gamma needs a last piece")
    last = raw[-1]
    fields(last, PIECE + " reach")
    shown = {k: v for k, v in last.items() if k not in ("from", "method")}
    if shown != {"to": "inf", "at": "x", "witness": None, "reach": None}:
        raise Rejected("the last piece runs to infinity, with at x and neither witness nor reach")
    c = q(rational(last["from"]))
    w.constant(c, "where the last piece begins")
    w.value(put(s.claim, "e", c), "the claim where the last piece begins")
    at_e = put(s.claim, "e", ("var", "x"))
    w.span("x", c, None).must(minus(at_e, ONE), order(last["method"]), "claim(e) >= 1 in the end")
    if raw[:-1] == []:
        w.must_be(c == ZERO, "the last piece begins at 0")
        return
    for piece in covering(w, raw[:-1], PIECE + " reach", ZERO, c):
        for y in piece.numbers:
            w.value(put(s.claim, "e", y), "the claim at an end number")
        claim = put(s.claim, "e", piece.at)
        span, method = piece.span, piece.rest["method"]
        if piece.rest["reach"] is None and piece.rest["witness"] is None:
            span.must(minus(claim, ONE), orders(method, 1)[0], "claim(e) >= 1")
            continue
        y = read(piece.rest["reach"], "x")
        witness = bound.witness(piece.rest["witness"], "x")
        for side in bound.sides(witness):
            span.must(side, 0, "a side of the witness")
        more = bound.more(witness)
        k = orders(method, 3 + len(more))
        if len(bound.terms(witness, ZERO)) != 1:
            raise Rejected("one line for one piece")
        (at_zero,), (at_one,), (at_y,) = (bound.terms(witness, b) for b in (ZERO, ONE, y))
        if proof["rule"] == "cells":  # its lines are below T for b > 0 only, and T(0) is 0
            w.constant(neg(at_zero), "the line at 0 is <= 0")
        span.must(minus(claim, y), k[0], "claim(e) >= the reach")
        rise = minus(at_one, at_zero)
        if not span.positive(rise, k[1]):
            span.blame(rise, "the line rises")
            raise Undecided("the line rises: not shown")
        span.must(minus(at_y, piece.at), k[2], "the line at the reach is at least e")
        for t, j in zip(more, k[3:], strict=True):
            span.must(t, j, "what a witness needs")


def _beta(proof: dict[str, Any], most: Fraction = Fraction(1)) -> Fraction:
    beta = rational(proof["beta"])
    if not 0 <= beta <= most:
        raise Rejected(f"beta is in [0, {most}]")
    return beta


def upper_violated(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T(beta) > claim(beta), by a rule that bounds T from below."""
    fields(proof, f"rule beta witness {RULES[proof['rule']][1]}")
    b = q(_beta(proof, largest(s)))
    if proof["rule"] == "cells" and b == ZERO:
        raise Rejected("the rule is for beta > 0")
    bound = bound_of(w, s, proof)
    claim = at_number(w, s.claim, "b", b)
    witness = bound.witness(proof["witness"], "")
    for side in [*bound.sides(witness), *bound.more(witness)]:
        w.constant(side, "a side of the witness")
    for term in bound.terms(witness, b):
        w.constant(minus(term, claim), "the bound less the claim", strict=True)


def simplex(s: Statement, raw: Any) -> list[Fraction]:
    """A rational point of the simplex of the labels."""
    if s.n is None:
        raise Rejected("points need n")
    if s.n > MOST_LABELS:
        raise Undecided("points of more than 200 labels")
    if not isinstance(raw, list) or len(raw) != s.n:
        raise Rejected("a point has n entries")
    point = [rational(x) for x in raw]
    if min(point) < 0 or sum(point) != 1:
        raise Rejected("a point off the simplex")
    return point


def _simplex_point(s: Statement, proof: dict[str, Any]) -> tuple[list[Fraction], list[Fraction]]:
    """p and the point, of which the k largest entries are predicted; the worst of ties."""
    if s.costs is not None:
        raise Rejected("the rule is for the zero-one target")
    p, point = simplex(s, proof["p"]), simplex(s, proof["point"])
    order = sorted(range(len(p)), key=lambda i: (-point[i], p[i]))
    regret = sum(sorted(p, reverse=True)[: s.k]) - sum(p[i] for i in order[: s.k])
    if regret < _beta(proof):
        raise Rejected("the target regret is less than beta")
    return p, point


def softmax_risk(s: Statement, p: list[Fraction], point: list[Fraction]) -> Tree:
    """The risk at softmax values."""
    return add(*(mul(q(a), put(s.g, "u", q(x))) for a, x in zip(p, point, strict=True) if a))


#: What is to be shown of a number that T(beta) does not exceed.
Judge = Callable[[Tree], None]


def refutes(point: Any) -> Any:
    """T(beta) < claim(beta), by a rule of a point."""

    def run(w: Work, s: Statement, proof: dict[str, Any]) -> None:
        claim = at_number(w, s.claim, "b", q(_beta(proof, largest(s))))

        def judge(regret: Tree) -> None:
            w.constant(minus(claim, regret), "the claim less the regret", strict=True)

        point(w, s, proof, judge)

    return run


def gamma_violated(point: Any) -> Any:
    """Gamma(e) >= t beta > claim(e), as t T(beta) <= e: the chord from (0, 0) is above T**."""

    def run(w: Work, s: Statement, proof: dict[str, Any]) -> None:
        if s.costs is not None:
            raise Rejected("the rule is for the zero-one target")
        if "excess" not in proof or "share" not in proof:
            raise Rejected("an excess and a share are needed")
        e, share = rational(proof["excess"]), rational(proof["share"])
        if e < 0 or not 0 < share <= 1:
            raise Rejected("the excess is >= 0, the share in (0, 1]")
        rest = {k: v for k, v in proof.items() if k not in ("excess", "share")}
        claim = put(s.claim, "e", q(e))
        w.constant(minus(q(share * _beta(rest)), claim), "reach less the claim", strict=True)

        def judge(regret: Tree) -> None:
            w.constant(minus(q(e), mul(q(share), regret)), "the excess less the regret")

        point(w, s, rest, judge)

    return run


def convex_point(w: Work, s: Statement, proof: dict[str, Any], judge: Judge) -> None:
    """T(beta) < claim(beta): the risk of a point, and a tangent plane below all risks."""
    fields(proof, "rule beta p point reference")
    only_all_scores(s)
    slope = convex(w, s)
    p, point = _simplex_point(s, proof)
    base, m = plane(s, slope, p, simplex(s, proof["reference"]))
    for t in dict.fromkeys(m):
        judge(minus(softmax_risk(s, p, point), add(base, t)))


def plane(
    s: Statement, slope: Tree, p: list[Fraction], y: list[Fraction]
) -> tuple[Tree, list[Tree]]:
    """The tangent plane of the risk at y: a constant, and what each share is multiplied with."""
    m = [mul(q(a), put(slope, "u", q(x))) if a else ZERO for a, x in zip(p, y, strict=True)]
    return add(softmax_risk(s, p, y), *(neg(mul(t, q(x))) for t, x in zip(m, y, strict=True))), m


def in_the_box(w: Work, s: Statement, z: list[Fraction]) -> None:
    """Softmax values of scores with |h| <= B: max <= exp(2 B) min, and none is 0."""
    assert s.bound is not None
    if min(z) <= 0:
        raise Rejected("a softmax value 0 of bounded scores")
    w.constant(minus(("exp", q(2 * s.bound)), q(max(z) / min(z))), "softmax values in the box")


def level_is_below(w: Work, s: Statement, m: list[Tree], level: Tree) -> None:
    """For all softmax values S the sum of m_k S_k is >= the level."""
    if s.bound is None:
        for t in dict.fromkeys(m):
            w.constant(minus(t, level), "a tangent value is at least the level")
        return
    # S is a multiple of numbers from 1 to K; each adds at least the lesser of its ends.
    most: Tree = ("exp", q(2 * s.bound))
    total: list[Tree] = []
    for t in m:
        over = minus(t, level)
        w.value(over, "a tangent value")
        if w.constants.nonneg(over):
            total.append(over)
        elif w.constants.nonneg(neg(over)):
            total.append(mul(most, over))
        else:
            total.append(neg(("max", neg(over), neg(mul(most, over)))))
    w.constant(add(*total), "the level is below all tangent values")


def bounded_point(w: Work, s: Statement, proof: dict[str, Any], judge: Judge) -> None:
    """The same for bounded scores."""
    fields(proof, "rule beta p point reference level")
    if s.bound is None:
        raise Rejected("the rule is for bounded scores")
    slope = convex(w, s)
    p, point = _simplex_point(s, proof)
    in_the_box(w, s, point)
    base, m = plane(s, slope, p, simplex(s, proof["reference"]))
    level = read(proof["level"], "")
    level_is_below(w, s, m, level)
    judge(minus(softmax_risk(s, p, point), add(base, level)))


def concave_point(w: Work, s: Statement, proof: dict[str, Any], judge: Judge) -> None:
    """T(beta) < claim(beta): the risk of a point, and the least risk, at a vertex."""
    fields(proof, "rule beta p point")
    only_all_scores(s)
    concave(w, s)
    p, point = _simplex_point(s, proof)
    judge(minus(softmax_risk(s, p, point), vertex(s, p)))


def vertex(s: Statement, p: list[Fraction]) -> Tree:
    """The least risk of a concave loss."""
    return add(mul(q(max(p)), put(s.g, "u", ONE)), mul(q(1 - max(p)), put(s.g, "u", ZERO)))


def margin_point(w: Work, s: Statement, proof: dict[str, Any], judge: Judge) -> None:
    """T(beta) < claim(beta): the risk of a wrong score, and the least risk of all scores."""
    fields(proof, "rule beta point best")
    if s.kind != "margin":
        raise Rejected("the rule is for margin losses")
    beta, v = _beta(proof), rational(proof["point"])
    if v > 0 or (s.bound is not None and -v > s.bound):
        raise Rejected("the score is not <= 0, or beyond the bound")
    low, pieces = fields(proof["best"], "least pieces")
    least = read(low, "")
    w.value(least, "the least risk")
    score: Tree = ("var", "v")
    risk = add(mul(q((1 + beta) / 2), s.g), mul(q((1 - beta) / 2), put(s.g, "v", neg(score))))
    scores(w, pieces, minus(risk, least), None if s.bound is None else -s.bound, s.bound)
    judge(minus(put(risk, "v", q(v)), least))
