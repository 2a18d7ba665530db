"""The rules that bound T from below: their conditions, the sides of a witness, and their terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .cells import Cells
from .coverage import Work, limit, scores
from .reading import Statement, fields
from .signs import Box, Prover
from .trees import (
    HALF,
    ONE,
    ZERO,
    Rejected,
    Tree,
    Undecided,
    add,
    derivative,
    minus,
    mul,
    neg,
    put,
    q,  # fmt: skip
    rational,
    read,
)

MOST_LABELS = 200
U: Tree = ("var", "u")

#: The lemmas of a rule, and the keys of its proof beside the pieces.
RULES: dict[str, tuple[list[str], str]] = {
    "pair": (["pair lemma", "pooling lemma"], "scaling"),
    "theorem A": (["pooling lemma", "theorem A"], "scaling"),
    "concave pair": (["concave pair lemma"], ""),
    "theorem C": (["theorem C"], ""),
    "margin": (["margin lemma"], "even worse"),
    "cells": ([], "symmetric lines pairs"),
}


@dataclass
class Bound:
    """T(b) >= each of terms(witness, b), where sides(witness) are all >= 0 (any b >= 0)."""

    witness: Callable[[Any, str], Any]
    sides: Callable[[Any], list[Tree]]
    terms: Callable[[Any, Tree], list[Tree]]


def falls(w: Work, g: Tree) -> Tree:
    """g has values on (0, 1) and at 1 and falls; its derivative."""
    span = w.span("u", ZERO, ONE)
    span.must_have_values(g, "g has values on (0, 1)")
    w.value(put(g, "u", ONE), "g(1)")
    smooth = span.resolved(g)
    slope = derivative(smooth, "u")
    w.must_be(span.prover.has_values(slope), "g' has values on (0, 1)")
    span.must(neg(slope), 0, "-g' >= 0 on (0, 1)")
    return slope


def convex(w: Work, s: Statement) -> Tree:
    """g falls and is convex; g' as a tree that holds on (0, 1)."""
    _softmax(s)
    slope = falls(w, s.g)
    w.span("u", ZERO, ONE).must(derivative(slope, "u"), 0, "g'' >= 0 on (0, 1)")
    return slope


def concave(w: Work, s: Statement) -> None:
    """g falls, is concave, and has a value at 0."""
    _softmax(s)
    slope = falls(w, s.g)
    w.value(put(s.g, "u", ZERO), "g(0)")
    w.span("u", ZERO, ONE).must(neg(derivative(slope, "u")), 0, "-g'' >= 0 on (0, 1)")


def _softmax(s: Statement) -> None:
    if s.kind != "softmax":
        raise Rejected("the rule is for softmax losses")


def bound_of(w: Work, s: Statement, proof: dict[str, Any]) -> Bound:
    """The rule's conditions, shown; then its bound. The zero-one target only."""
    rule = proof["rule"]
    if rule == "cells":
        cells = Cells(s, proof)
        return Bound(cells.witness, lambda _: [], cells.terms)
    if s.costs is not None:
        raise Rejected("the rule is for the zero-one target")
    if rule in ("pair", "theorem A"):
        return _pair(w, s, proof)
    if rule in ("concave pair", "theorem C"):
        return _concave(w, s, rule)
    return _margin(w, s, proof)


def _pair(w: Work, s: Statement, proof: dict[str, Any]) -> Bound:
    convex(w, s)
    factor: Tree = ONE
    raw = proof["scaling"]
    if proof["rule"] == "pair" and s.n == 2:
        if raw is not None:
            raise Rejected("the scaling of two labels is null")
    else:
        e = rational(raw)
        _scales(w, s.g, e)
        if proof["rule"] == "theorem A":
            if not 0 < e <= Fraction(1, 2):
                raise Rejected("theorem A is for 0 < e <= 1/2")
        elif e > 0:
            if s.n is None:
                raise Rejected("a scaling e > 0 needs n")
            factor = ("pow", q(Fraction(2, s.n)), e)

    def terms(pair: Any, b: Tree) -> list[Tree]:
        u, v = pair
        gap = add(put(s.g, "u", HALF), mul(q(Fraction(-1, 2)), add(ONE, b), put(s.g, "u", u)),
                  mul(q(Fraction(-1, 2)), minus(ONE, b), put(s.g, "u", v)))  # fmt: skip
        return [gap if factor == ONE else mul(factor, gap)]

    def witness(raw: Any, names: str) -> Any:
        if not isinstance(raw, list) or len(raw) != 2:
            raise Rejected("the witness is a list of two trees")
        return [read(t, names) for t in raw]

    return Bound(witness, lambda p: [p[0], p[1], minus(ONE, add(p[0], p[1]))], terms)


def _scales(w: Work, g: Tree, e: Fraction) -> None:
    """g(t u) = g(t) + t^e (g(u) - g(1)) for all t, u in (0, 1)."""
    t: Tree = ("var", "t")
    box = Box((("t", Fraction(0), Fraction(1)), ("u", Fraction(0), Fraction(1))))
    change = minus(g, put(g, "u", ONE))
    scaled = mul(("pow", t, e), change) if e else change
    left = put(g, "u", mul(t, U))
    difference = minus(left, add(put(g, "u", t), scaled))
    if not Prover(box, w.clock).zero(difference):
        w.span("u", ZERO, ONE).must_vanish(put(difference, "t", q(Fraction(1, 3))), "the scaling")
        raise Undecided("g(t u) = g(t) + t^e (g(u) - g(1)): not shown")


def _concave(w: Work, s: Statement, rule: str) -> Bound:
    if s.n is None:
        raise Rejected("the rule needs n")
    n = s.n
    concave(w, s)

    def g(x: Fraction | int) -> Tree:
        return put(s.g, "u", q(x))

    def single(_: Any, b: Tree) -> list[Tree]:
        return [mul(b, minus(g(0), g(Fraction(1, n))))]

    def each(_: Any, b: Tree) -> list[Tree]:
        if n > MOST_LABELS:
            raise Undecided("theorem C: more than 200 labels")
        top: Tree = ("max", b, mul(q(Fraction(1, n)), add(ONE, b)))
        out = []
        for k in range(1, n + 1):
            left = ("max", ZERO, add(ONE, b, mul(q(-k), top)))
            out.append(minus(mul(top, minus(g(0), g(1))),
                             mul(minus(ONE, left), minus(g(0), g(Fraction(1, k))))))  # fmt: skip
        return out

    return Bound(_null, lambda _: [], single if rule == "concave pair" else each)


def _null(raw: Any, _: str) -> Any:
    if raw is not None:
        raise Rejected("the witness of this rule is null")
    return None


def _margin(w: Work, s: Statement, proof: dict[str, Any]) -> Bound:
    if s.kind != "margin":
        raise Rejected("the rule is for margin losses")
    v: Tree = ("var", "v")
    g, back = s.g, put(s.g, "v", neg(v))
    least: list[Tree] = []
    for name, f in (("even", mul(HALF, add(g, back))), ("worse", back)):
        low, pieces = fields(proof[name], "least pieces")
        value = read(low, "")
        w.value(value, "a least value")
        scores(w, pieces, minus(f, value), Fraction(0), s.bound)
        least.append(value)

    def witness(raw: Any, names: str) -> Any:
        if raw != "inf":
            return read(raw, names)
        if s.bound is not None:
            raise Rejected("an infinite score under a bound")
        return raw

    def sides(t: Any) -> list[Tree]:
        return [] if s.bound is None else [minus(q(s.bound), t), add(q(s.bound), t)]

    def terms(t: Any, b: Tree) -> list[Tree]:
        if t == "inf":
            right, left = limit(w, g, "v", 1), limit(w, g, "v", -1)
            if isinstance(right, int) or isinstance(left, int):
                raise Rejected("an infinite limit of the loss")
        else:
            right, left = put(g, "v", t), put(back, "v", t)
        return [add(mul(minus(ONE, b), least[0]), mul(b, least[1]),
                    mul(q(Fraction(-1, 2)), add(ONE, b), right),
                    mul(q(Fraction(-1, 2)), minus(ONE, b), left))]  # fmt: skip

    return Bound(witness, sides, terms)
