"""Cross-entropy with a cost matrix: lines below T for each pair of predictions, forecasts above."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

from .cells import largest
from .coverage import Work, at_number, covering, listed, orders, resolved
from .losses import distribution, dot
from .reading import Statement, fields
from .rules import PIECE, _claim_at_zero
from .trees import ZERO, Rejected, Tree, Undecided, add, minus, mul, neg, put, q, rational, read


def plug_in(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T >= claim on [0, B] for the target of costs."""
    pairs = listed(fields(proof, "rule pairs")[1])
    if s.costs is None or s.kind != "softmax":
        raise Rejected("the rule is for softmax losses and costs")
    u: Tree = ("var", "u")
    w.span("u", ZERO, q(1)).must_vanish(add(s.g, ("log", u)), "g + log u = 0 on (0, 1)")
    _claim_at_zero(w, s)
    rows = s.costs
    wanted = [(r, k) for r in range(len(rows)) for k in range(len(rows))
              if any(a > b for a, b in zip(rows[r], rows[k], strict=True))]  # fmt: skip
    if len(pairs) != len(wanted):
        raise Rejected("not a pair of predictions for each positive difference of costs")
    for raw, (r, best) in zip(pairs, wanted, strict=True):
        predicted, against, pieces = fields(raw, "predicted best pieces")
        whole = type(predicted) is int and type(against) is int
        if not whole or (predicted, against) != (r, best):
            raise Rejected(f"the pairs are out of order at ({r}, {best})")
        d = [a - b for a, b in zip(rows[r], rows[best], strict=True)]
        for piece in covering(w, pieces, PIECE, ZERO, q(max(d))):
            claim = resolved(w, s.claim, piece.numbers)
            for y in piece.numbers:
                w.value(put(claim, "b", y), "the claim at an end number")
            _on_piece(w, piece, put(claim, "b", piece.at), d, rows, r)


def _on_piece(w: Work, piece: Any, claim: Tree, d: list[Fraction],
              rows: tuple[tuple[Fraction, ...], ...], r: int) -> None:  # fmt: skip
    lam, line, terms = conditions(piece.rest["witness"], piece.at, d, rows, r, "x")
    span, k = piece.span, orders(piece.rest["method"], 1 + len(terms))
    span.must(lam, 0, "lam >= 0")
    span.must(minus(line, claim), k[0], "the line less the claim")
    for i, term in enumerate(terms):
        span.must(term, k[1 + i], "an inequality of a label, or a weight >= 0")


def conditions(raw: Any, b: Tree, d: list[Fraction], rows: tuple[tuple[Fraction, ...], ...], r: int,
               names: str) -> tuple[Tree, Tree, list[Tree]]:  # fmt: skip
    """The slope of a witness, its line at b, and what else must be >= 0."""
    slope, level, weights = fields(raw, "slope level weights")
    lam, t = read(slope, names), read(level, names)
    if not isinstance(weights, list) or len(weights) != len(rows):
        raise Rejected("a weight for each prediction")
    m = [read(x, names) for x in weights]
    terms = []
    for y in range(len(d)):
        extra = [mul(x, q(rows[r][y] - row[y])) for x, row in zip(m, rows, strict=True)]
        terms.append(minus(add(t, *extra), ("exp", mul(lam, q(d[y])))))
    return lam, add(mul(lam, b), neg(("log", t))), [*terms, *m]


def _rows(w: Work, s: Statement) -> tuple[tuple[Fraction, ...], ...]:
    """The costs; the loss is shown to be cross-entropy."""
    if s.costs is None or s.kind != "softmax":
        raise Rejected("the rule is for softmax losses and costs")
    w.span("u", ZERO, q(1)).must_vanish(add(s.g, ("log", ("var", "u"))), "g + log u = 0 on (0, 1)")
    return s.costs


def _two(predicted: Any, best: Any, count: int) -> None:
    for k in (predicted, best):
        if type(k) is not int or not 0 <= k < count:
            raise Rejected("no prediction of that number")


def lines_above(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T(beta) > claim(beta): a line above the claim for each pair that reaches beta."""
    _, beta, pairs = fields(proof, "rule beta pairs")
    rows, b = _rows(w, s), rational(beta)
    if not 0 < b <= largest(s):
        raise Rejected("beta is no positive target regret")
    claim = at_number(w, s.claim, "b", q(b))
    wanted = []
    for r, k in itertools.permutations(range(len(rows)), 2):
        d = [x - y for x, y in zip(rows[r], rows[k], strict=True)]
        if max(d) >= b:
            wanted.append((r, k, d))
    if len(listed(pairs)) != len(wanted):
        raise Rejected("not a pair of predictions for each difference of costs that reaches beta")
    for raw, (r, k, d) in zip(pairs, wanted, strict=True):
        predicted, best, witness = fields(raw, "predicted best witness")
        _two(predicted, best, len(rows))
        if (predicted, best) != (r, k):
            raise Rejected("the pairs are out of order")
        lam, line, terms = conditions(witness, q(b), d, rows, r, "")
        for term in (lam, *terms):
            w.constant(term, "a condition of a line")
        w.constant(minus(line, claim), "the line less the claim", strict=True)


def _forecast(raw: Any, rows: tuple[tuple[Fraction, ...], ...], r: int) -> tuple[Fraction, ...]:
    """A positive rational forecast at which r may be predicted."""
    z = distribution(raw, len(rows[0]))
    if min(z) <= 0 or dot(z, rows[r]) > min(dot(z, row) for row in rows):
        raise Rejected("a forecast with zeros, or that leads to another prediction")
    return z


def forecast_point(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T(beta) < claim(beta): one distribution and one forecast."""
    _, beta, predicted, best, p_raw, q_raw = fields(proof, "rule beta predicted best p q")
    rows, b = _rows(w, s), rational(beta)
    if not 0 <= b <= largest(s):
        raise Rejected("beta is no target regret")
    _two(predicted, best, len(rows))
    p, z = distribution(p_raw, len(rows[0])), _forecast(q_raw, rows, predicted)
    if dot(p, rows[predicted]) - dot(p, rows[best]) < b:
        raise Rejected("the target regret is less than beta")
    regret = add(ZERO, *(mul(q(x), ("log", q(x / y))) for x, y in zip(p, z, strict=True) if x))
    claim = at_number(w, s.claim, "b", q(b))
    w.constant(minus(claim, regret), "the claim less the regret", strict=True)


def curve(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T <= claim by distributions and forecasts that move with b."""
    pieces, rows = fields(proof, "rule pieces")[1], _rows(w, s)
    for piece in covering(w, pieces, PIECE, ZERO, q(largest(s))):
        claim = resolved(w, s.claim, piece.numbers)
        for y in piece.numbers:
            w.value(put(claim, "b", y), "the claim at an end number")
        _curve_on(w, piece, put(claim, "b", piece.at), rows)


def _curve_on(w: Work, piece: Any, claim: Tree, rows: tuple[tuple[Fraction, ...], ...]) -> None:
    predicted, best, p_raw, q_raw, inside = fields(
        piece.rest["witness"], "predicted best p q inside"
    )
    _two(predicted, best, len(rows))
    if inside is not None:
        _forecast(inside, rows, predicted)
    n = len(rows[0])
    for raw in (p_raw, q_raw):
        if not isinstance(raw, list) or len(raw) != n:
            raise Rejected("an entry for each label")
    p, z = ([read(t, "x") for t in raw] for raw in (p_raw, q_raw))
    idle = [inside is not None and raw == "0" for raw in p_raw]
    span = piece.span
    for t in p:
        span.must(t, 0, "p >= 0")
    for t, free in zip(z, idle, strict=True):
        span.must(t, 0, "q >= 0")
        if not free and not span.prover.positive(span.resolved(t)):
            raise Undecided("q > 0: not shown")
    for point in (p, z):
        span.must_vanish(add(q(-1), *point), "a sum of 1")

    def mean(point: list[Tree], more: int, less: int) -> Tree:
        costs = zip(rows[more], rows[less], point, strict=True)
        return add(ZERO, *(mul(q(a - b), t) for a, b, t in costs))

    for k in range(len(rows)):
        if k != predicted:
            span.must(mean(z, k, predicted), 0, "the prediction at q")
    span.must(minus(mean(p, predicted, best), piece.at), 0, "the target regret at p")
    used = [(t, u) for t, u, raw in zip(p, z, p_raw, strict=True) if raw != "0"]
    regret = add(ZERO, *(("xlogx", t) for t, _ in used),
                 *(neg(mul(t, ("log", u))) for t, u in used))  # fmt: skip
    for end in (read(piece.rest["from"], ""), read(piece.rest["to"], "")):
        for t, free in zip(z, idle, strict=True):
            w.constant(put(t, "x", end), "q at an end", strict=not free)
        w.value(put(regret, "x", end), "the regret at an end")
    method = piece.rest["method"]
    span.must(minus(claim, regret), orders(method, 1)[0], "the claim less the regret")
