"""Piecewise-linear losses of all scores: lines below T from cells of distributions, chords above.

A cell is what all its walls leave of the simplex. Its corners are found from their definition:
where as many walls as there are labels, less one, hold with equality and nothing else solves them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .coverage import Work, covering, listed, order, resolved
from .losses import Losses, Vector, distribution, dot, numbers, shape
from .reading import Statement, fields
from .trees import ZERO, Rejected, Tree, Undecided, add, minus, mul, put, q, rational

MOST_SOLVES, MOST_CUTS = 20_000, 80
PIECE = "from to at witness method"


def solved(rows: list[Vector]) -> Vector | None:
    """The only p with <row, p> = 0 for these rows and sum 1; None where it is not the only one."""
    n = len(rows[0])
    table = [[*row, Fraction(0)] for row in rows] + [[Fraction(1)] * (n + 1)]
    for k in range(n):
        pivot = next((i for i in range(k, n) if table[i][k]), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [a / table[k][k] for a in table[k]]
        for i in range(n):
            if i != k and table[i][k]:
                table[i] = [a - table[i][k] * b for a, b in zip(table[i], table[k], strict=True)]
    return tuple(row[n] for row in table)


def corners(walls: list[Vector]) -> list[Vector]:
    """The vertices of the cell."""
    n = len(walls[0])
    found: list[Vector] = []
    for count, rows in enumerate(itertools.combinations(walls, n - 1)):
        if count > MOST_SOLVES:
            raise Undecided("a cell with too many walls")
        p = solved(list(rows))
        if p is not None and p not in found and all(dot(w, p) >= 0 for w in walls):
            found.append(p)
    return found


def rows_of(s: Statement) -> tuple[Vector, ...]:
    """The costs, zero-one included."""
    if s.costs is not None:
        return s.costs
    assert s.n is not None
    return tuple(tuple(Fraction(r != y) for y in range(s.n)) for r in range(s.n))


def largest(s: Statement) -> Fraction:
    """The largest target regret."""
    return (
        Fraction(1) if s.costs is None else max(max(c) - min(c) for c in zip(*s.costs, strict=True))
    )


def symmetric(losses: Losses) -> bool:
    """Whether exchanging two neighbouring labels is seen to exchange their losses."""
    n = len(losses.forms)
    plain = list(range(n))
    for k in range(n - 1):
        order = [*plain[:k], k + 1, k, *plain[k + 2 :]]
        if any(shape(f, order) != shape(losses.forms[order[y]], plain)
               for y, f in enumerate(losses.forms)):  # fmt: skip
            return False
    return True


def difference(x: Vector, y: Vector) -> Vector:
    """x - y."""
    return tuple(a - b for a, b in zip(x, y, strict=True))


class Cells:
    """The proof of rule "cells": its lines, and for each cell those that were shown below it."""

    def __init__(self, s: Statement, proof: dict[str, Any]) -> None:
        self.losses = Losses(s)
        lines = [numbers(line, 2) for line in listed(proof["lines"])]
        if not lines or any(slope < 0 for slope, _ in lines):
            raise Rejected("lines have slopes >= 0")
        self.lines = lines
        flag = proof["symmetric"]
        if flag is not True and flag is not False:
            raise Rejected("symmetric is true or false")
        rows = rows_of(s)
        if flag and (s.costs is not None or not symmetric(self.losses)):
            raise Rejected("the loss is not seen to be symmetric")
        wanted = [(0, 1)] if flag else [
            (r, k) for r in range(len(rows)) for k in range(len(rows))
            if max(difference(rows[r], rows[k])) > 0
        ]  # fmt: skip
        pairs = listed(proof["pairs"])
        if len(pairs) != len(wanted):
            raise Rejected("not one entry for each pair of predictions")
        self.named: list[set[int]] = []
        for raw, (r, best) in zip(pairs, wanted, strict=True):
            self._pair(raw, rows, r, best, bool(flag))

    def _pair(self, raw: Any, rows: tuple[Vector, ...], r: int, best: int, sort: bool) -> None:
        predicted, against, risks, tree = fields(raw, "predicted best risks tree")
        if (
            type(predicted) is not int
            or type(against) is not int
            or (predicted, against) != (r, best)
        ):
            raise Rejected("the pairs are out of order")
        n = len(rows[0])
        floors = {}
        for entry in listed(risks):
            point, least = fields(entry, "p least")
            p = distribution(point, n)
            floors[p] = self.losses.floor(p, least, r)
        walls = [tuple(Fraction(i == k) for i in range(n)) for k in range(n)]
        walls += [difference(row, rows[best]) for row in rows if row != rows[best]]
        if sort:
            walls += [
                tuple(Fraction((i == k) - (i == k + 1)) for i in range(n)) for k in range(1, n - 1)
            ]
        d = difference(rows[r], rows[best])
        for cell, scores, named in self._leaves(tree, walls, 0):
            at = self.losses.at(self.losses.scores(scores))
            for p in corners(cell):
                if p not in floors:
                    raise Rejected("no bound of the risk at a corner of a cell")
                b, regret = dot(p, d), floors[p] - dot(p, at)
                for j in named:
                    if regret < self.lines[j][0] * b + self.lines[j][1]:
                        raise Rejected("a line is not below its cell")
            self.named.append(set(named))

    def _leaves(
        self, tree: Any, walls: list[Vector], depth: int
    ) -> Iterator[tuple[list[Vector], Any, list[int]]]:
        if depth > MOST_CUTS:
            raise Undecided("cells cut too often")
        n = len(walls[0])
        if isinstance(tree, dict) and "cut" in tree:
            cut, low, high = fields(tree, "cut below above")
            wall = numbers(cut, n)
            yield from self._leaves(low, [*walls, tuple(-a for a in wall)], depth + 1)
            yield from self._leaves(high, [*walls, wall], depth + 1)
        elif isinstance(tree, dict) and "ray" in tree:
            ray, rest = fields(tree, "ray rest")
            yield from self._leaves(rest, [*walls, self.losses.rise(ray)], depth + 1)
        else:
            scores, named = fields(tree, "scores lines")
            yield walls, scores, self.chosen(named)

    def chosen(self, raw: Any) -> list[int]:
        """Numbers of lines."""
        for j in listed(raw):
            if type(j) is not int or not 0 <= j < len(self.lines):
                raise Rejected("no line of that number")
        if not raw:
            raise Rejected("no line is named")
        return list(raw)

    def witness(self, raw: Any, _: str) -> list[int]:
        """Lines of which one is below each cell."""
        chosen = self.chosen(raw)
        if any(named.isdisjoint(chosen) for named in self.named):
            raise Rejected("a cell has none of these lines below it")
        return chosen

    def terms(self, chosen: list[int], b: Tree) -> list[Tree]:
        """The lines at b."""
        return [add(mul(q(self.lines[j][0]), b), q(self.lines[j][1])) for j in chosen]


def _pair_of(s: Statement, predicted: Any, best: Any) -> Vector:
    """The difference of costs of two predictions."""
    rows = rows_of(s)
    for k in (predicted, best):
        if type(k) is not int or not 0 <= k < len(rows):
            raise Rejected("no prediction of that number")
    return difference(rows[predicted], rows[best])


def chords(w: Work, s: Statement, proof: dict[str, Any]) -> None:
    """T <= claim by chords between distributions."""
    losses, pieces = Losses(s), fields(proof, "rule pieces")[1]
    for piece in covering(w, pieces, PIECE, ZERO, q(largest(s))):
        claim = resolved(w, s.claim, piece.numbers)
        for y in piece.numbers:
            w.value(put(claim, "b", y), "the claim at an end number")
        predicted, best, scores, ends = fields(piece.rest["witness"], "predicted best scores ends")
        d = _pair_of(s, predicted, best)
        at = losses.at(losses.scores(scores, predicted))
        if not isinstance(ends, list) or len(ends) != 2:
            raise Rejected("a chord has two ends")
        found = []
        for end in ends:
            b, point, least = fields(end, "b p least")
            p = distribution(point, len(d))
            if dot(p, d) < rational(b):
                raise Rejected("the target regret is below that of the chord")
            found.append((rational(b), dot(p, at) - losses.floor(p, least, None)))
        (low, under), (high, over) = found
        if not low < high:
            raise Rejected("a chord runs upwards")
        piece.span.must(minus(piece.at, q(low)), 0, "within the chord")
        piece.span.must(minus(q(high), piece.at), 0, "within the chord")
        share = mul(minus(piece.at, q(low)), q(1 / (high - low)))
        line = add(q(under), mul(q(over - under), share))
        piece.span.must(minus(put(claim, "b", piece.at), line), order_of(piece), "claim >= chord")


def order_of(piece: Any) -> int:
    """The order of a piece's single method."""
    method = piece.rest["method"]
    if isinstance(method, list):
        if len(method) != 1:
            raise Rejected("one method for one inequality")
        method = method[0]
    return order(method)


def score_point(w: Work, s: Statement, proof: dict[str, Any], judge: Any) -> None:
    """A regret at a target regret of beta or more, by one distribution and scores."""
    losses = Losses(s)
    _, beta, predicted, best, p, scores, least = fields(
        proof, "rule beta predicted best p scores least"
    )
    b = rational(beta)
    if not 0 <= b <= largest(s):
        raise Rejected("beta is no target regret")
    d = _pair_of(s, predicted, best)
    point = distribution(p, len(d))
    if dot(point, d) < b:
        raise Rejected("the target regret is less than beta")
    at = losses.at(losses.scores(scores, predicted))
    judge(q(dot(point, at) - losses.floor(point, least, None)))
