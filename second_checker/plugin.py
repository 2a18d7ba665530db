"""Cross-entropy with a cost matrix: lines below T for each pair of predictions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .coverage import Work, covering, listed, orders, resolved
from .reading import Statement, fields
from .rules import PIECE, _claim_at_zero
from .trees import ZERO, Rejected, Tree, add, minus, mul, neg, put, q, read


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
    slope, level, weights = fields(piece.rest["witness"], "slope level weights")
    lam, t = read(slope, "x"), read(level, "x")
    if not isinstance(weights, list) or len(weights) != len(rows):
        raise Rejected("a weight for each prediction")
    m = [read(x, "x") for x in weights]
    n = len(d)
    span, k = piece.span, orders(piece.rest["method"], 1 + n + len(m))
    span.must(lam, 0, "lam >= 0")
    line = add(mul(lam, piece.at), neg(("log", t)), neg(claim))
    span.must(line, k[0], "the line less the claim")
    for y in range(n):
        extra = [mul(x, q(rows[r][y] - row[y])) for x, row in zip(m, rows, strict=True)]
        f = minus(add(t, *extra), ("exp", mul(lam, q(d[y]))))
        span.must(f, k[1 + y], f"the inequality of label {y}")
    for i, x in enumerate(m):
        span.must(x, k[1 + n + i], "a weight >= 0")
