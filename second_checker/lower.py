"""The rules that bound T from below: their conditions, the sides of a witness, and their terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .cells import Cells
from .coverage import Work, limit, order, scores
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
    "swap": ([], "scaling"),
    "bounded swap": ([], "scaling"),
    "theorem D": (["pooling lemma", "theorem D"], "shape"),
    "theorem X": (["theorem X"], "factors"),
    "pools": (["theorem B"], "scaling"),
}


@dataclass
class Bound:
    """T(b) >= each of terms(witness, b), where sides(witness) and more(witness) are all >= 0 (any
    b >= 0); those of more have a method each.
    """

    witness: Callable[[Any, str], Any]
    sides: Callable[[Any], list[Tree]]
    terms: Callable[[Any, Tree], list[Tree]]
    more: Callable[[Any], list[Tree]] = lambda _: []


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
    if rule in ("swap", "bounded swap"):
        return _swap(w, s, proof)
    only_all_scores(s)
    if s.k > 1:
        raise Rejected("the rule is for one predicted label")
    if rule == "theorem D":
        return _theorem_d(w, s, proof)
    if rule == "theorem X":
        return _theorem_x(w, s, proof)
    if rule == "pools":
        return _pools(w, s, proof)
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
        return [_times(factor, _gap(s, b, *pair))]

    return Bound(_two, _shares, terms)


def only_all_scores(s: Statement) -> None:
    """Softmax values of all scores, or another kind of loss."""
    if s.kind == "softmax" and s.bound is not None:
        raise Rejected("the rule is for all scores")


def _gap(s: Statement, b: Tree, u: Tree, v: Tree) -> Tree:
    return add(put(s.g, "u", HALF), mul(q(Fraction(-1, 2)), add(ONE, b), put(s.g, "u", u)),
               mul(q(Fraction(-1, 2)), minus(ONE, b), put(s.g, "u", v)))  # fmt: skip


def _two(raw: Any, names: str) -> Any:
    if not isinstance(raw, list) or len(raw) != 2:
        raise Rejected("the witness is a list of two trees")
    return [read(t, names) for t in raw]


def _times(factor: Tree, t: Tree) -> Tree:
    return t if factor == ONE else mul(factor, t)


def _shares(pair: Any) -> list[Tree]:
    return [pair[0], pair[1], minus(ONE, add(pair[0], pair[1]))]


def _swap(w: Work, s: Statement, proof: dict[str, Any]) -> Bound:
    """Two labels exchange shares; with bounded scores the witness is a difference of scores."""
    boxed = proof["rule"] == "bounded swap"
    if boxed != (s.bound is not None) or (boxed and s.k > 1):
        raise Rejected("swap is for all scores, bounded swap for bounded ones and zero-one")
    convex(w, s)
    e = Fraction(0)
    if s.n != 2:
        e = rational(proof["scaling"])
        if e > 0 and (s.n is None or s.k > 1):
            raise Rejected("a scaling e > 0 is for the zero-one target, n given")
        _scales(w, s.g, e)
    elif proof["scaling"] is not None:
        raise Rejected("the scaling of two labels is null")
    factor: Tree = ("pow", q(Fraction(1, s.n)), e) if e > 0 and s.n is not None else ONE
    if not boxed:
        return Bound(_two, _shares, lambda pair, b: [_times(factor, _gap(s, b, *pair))])
    assert s.n is not None and s.bound is not None
    twice, others = 2 * s.bound, q(s.n - 2)
    small: Tree = mul(others, ("exp", q(-twice)))
    most = q(twice if s.n == 2 else twice - Fraction(7, 10))

    def terms(v: Any, b: Tree) -> list[Tree]:
        down: Tree = ("exp", neg(v))
        u = mul(add(ONE, mul(HALF, small)), ("pow", add(ONE, down, small), Fraction(-1)))
        return [_times(factor, _gap(s, b, u, mul(down, u)))]

    return Bound(read, lambda v: [v, minus(most, v)], terms)


def _theorem_d(w: Work, s: Statement, proof: dict[str, Any]) -> Bound:
    """The shape of h = -1/g': 0 at 0, increasing, and convex, or concave with a convex square."""
    _softmax(s)
    slope = falls(w, s.g)
    raw, bend, methods = fields(proof["shape"], "inverse bend methods")
    h, span = read(raw, "u"), w.span("u", ZERO, ONE)
    span.must_vanish(add(ONE, mul(h, slope)), "1 + h g' = 0 on (0, 1)")
    span.must_have_values(h, "h has values on (0, 1)")
    w.equal(put(h, "u", ZERO), [ZERO], "h(0) = 0")
    first = derivative(h, "u")
    second, square = derivative(first, "u"), derivative(mul(q(2), h, first), "u")
    if bend not in ("convex", "concave"):
        raise Rejected("the bend of h is convex or concave")
    wanted = [second] if bend == "convex" else [neg(second), square]
    if not isinstance(methods, list) or len(methods) != 1 + len(wanted):
        raise Rejected("a method for each inequality of h")
    if not span.positive(first, order(methods[0])):
        span.blame(first, "h increases")
        raise Undecided("h increases: not shown")
    for t, method in zip(wanted, methods[1:], strict=True):
        span.must(t, order(method), "the curvature of h")
    return Bound(_two, _shares, lambda pair, b: [_gap(s, b, *pair)])


def _theorem_x(w: Work, s: Statement, proof: dict[str, Any]) -> Bound:
    """g' = -1/(a u (1 - r u)), 0 <= r <= 1/2."""
    _softmax(s)
    slope = falls(w, s.g)
    a, r = _two(proof["factors"], "")
    w.constant(a, "the factor", strict=True)
    w.constant(r, "the share")
    w.constant(minus(HALF, r), "1/2 less the share")
    h = mul(a, U, minus(ONE, mul(r, U)))
    w.span("u", ZERO, ONE).must_vanish(add(ONE, mul(h, slope)), "1 + h g' = 0 on (0, 1)")
    return Bound(_two, _shares, lambda pair, b: [_gap(s, b, *pair)])


def _pools(w: Work, s: Statement, proof: dict[str, Any]) -> Bound:
    """Lines below every pool: g is g(1) + (g(0) - g(1)) (1 - u^e), 1/2 < e < 1."""
    e = rational(proof["scaling"])
    if s.n is None or not Fraction(1, 2) < e < 1:
        raise Rejected("pools need n and 1/2 < e < 1")
    if s.n > MOST_LABELS:
        raise Undecided("pools of more than 200 labels")
    n = s.n
    convex(w, s)
    zero, one = put(s.g, "u", ZERO), put(s.g, "u", ONE)
    w.value(zero, "g(0)")
    _scales(w, s.g, e)
    height = minus(zero, one)

    def line(pair: Any, b: Tree) -> list[Tree]:
        return [mul(height, minus(mul(pair[0], b), pair[1]))]

    def more(pair: Any) -> list[Tree]:
        slope, level = pair

        def power(*terms: Tree) -> Tree:
            return ("pow", ("max", ZERO, minus(add(*terms), level)), 1 / e)

        out = []
        for k in range(2, n + 1):
            tied: Tree = mul(q(Fraction(1, k)), ("pow", q(k), 1 - e))
            others = [mul(q(k - 2), power(tied))] if k > 2 else []
            pool = add(power(tied, slope), power(tied, neg(slope)), *others)
            out.append(minus(ONE, pool))
        return out

    return Bound(_two, list, line, more)


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
