"""The search for proofs about piecewise-linear losses, from cells of label distributions.

From the corners of cells in which both least risks are linear come lines below T (rule "cells"),
chords above it ("chords"), points where a claim fails ("score point"), and lines of T** for Gamma.
What the checker accepts is all that counts.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from hconsist.arithmetic import precision
from hconsist.certificates.cell_lines import (
    CellLines,
    cuts,
    grid,
    is_below,
    lines_of,
    place,
    shown,
    sorted_hull,
    texts,
)
from hconsist.certificates.files import accepted, sealed
from hconsist.certificates.methods import NO_PROOF
from hconsist.checker import read_statement
from hconsist.checker.obligations import value
from hconsist.checker.reading import Fields
from hconsist.checker.statements import Statement, claim_at, resolved
from hconsist.checker.trees import add, minus, mul, put
from hconsist.engines.rigorous.piecewise.answers import Transform
from hconsist.engines.rigorous.piecewise.cells import Part, RegretPair
from hconsist.engines.rigorous.piecewise.risks import LeastRisks
from hconsist.errors import EngineCannotAnswerError

_SHORTEST = Fraction(1, 2**12)
_CELLS = 3_000


class _OutOfTimeError(Exception):
    """The time budget ended."""


class CellSearch:
    """One statement, and the cells of its problem."""

    def __init__(self, stated: Fields, time_budget: float) -> None:
        self.stated, self.deadline = stated, time.monotonic() + time_budget
        self.read: Statement = read_statement(stated)
        self.least = LeastRisks(self.read)
        self.transform = Transform(self.least)

    def run(self) -> Fields:
        """A certificate about T."""
        try:
            with precision(160):
                if self.read.claim_kind == "T >=":
                    attempts: Iterable[Callable[[], Fields | None]] = (
                        self._refuted, self._lower,
                    )  # fmt: skip
                else:
                    attempts = (self._exceeded, self._upper)
                for attempt in attempts:
                    made = attempt()
                    if made is not None:
                        return made
        except _OutOfTimeError:
            return self._undecided("the time budget ended")
        return self._undecided("the claim was not settled: it is tight or false somewhere")

    def gamma(self) -> Fields:
        """A certificate about Gamma."""
        try:
            with precision(160):
                made = self._gamma()
        except _OutOfTimeError:
            return self._undecided("the time budget ended")
        return made or self._undecided("no supporting lines were found")

    def _tick(self) -> None:
        if time.monotonic() > self.deadline:
            raise _OutOfTimeError

    def _sealed(self, verdict: str, proof: Fields) -> Fields:
        return sealed(self.stated, verdict, proof)

    def _accepted(self, verdict: str, proof: Fields) -> Fields | None:
        return accepted(self._sealed(verdict, proof))

    def _undecided(self, reason: str) -> Fields:
        return self._sealed("undecided", {"reason": reason})

    # ---- the numbers where T bends ----

    def _parts(self) -> list[tuple[RegretPair, Part]]:
        self._tick()
        parts = self.transform.all_parts(_CELLS)
        if not all(part.linear for _, part in parts):
            raise EngineCannotAnswerError("certificate", "there are too many cells", "rigorous")
        return parts

    def _kinks(self, parts: list[tuple[RegretPair, Part]]) -> list[Fraction]:
        found = {b for _, part in parts for b, _, _ in part.corners}
        found |= {Fraction(0), self.read.largest, *cuts(self.read.claim)}
        return sorted(b for b in found if 0 <= b <= self.read.largest)

    # ---- T >= claim ----

    def _refuted(self) -> Fields | None:
        """A point whose regret is below the claim."""
        parts = self._parts()
        kinks = self._kinks(parts)
        middles = [(a + b) / 2 for a, b in itertools.pairwise(kinks)]
        for beta in sorted({*kinks, *middles, *grid(self.read.largest)}):
            self._tick()
            if not beta:
                continue
            found = self._best(parts, beta)
            if found is None:
                continue
            regret, pair, part, p = found
            if not self._above(beta, regret):
                continue
            assert part.right is not None
            proof = {
                "rule": "score point", "beta": str(beta), "predicted": pair.predicted,
                "best": pair.against, "p": texts(p), "scores": texts(part.right.scores),
                "least": self.least.at(p, None).shown,
            }  # fmt: skip
            made = self._accepted("violated", proof)
            if made is not None:
                return made
        return None

    def _above(self, beta: Fraction, regret: Fraction) -> bool:
        """Whether the claim is above a number, at beta."""
        try:
            claimed = value(claim_at(self.read.claim, str(beta)))
        except NO_PROOF:
            return False
        return bool(claimed > value(str(regret)))

    def _best(
        self, parts: list[tuple[RegretPair, Part]], beta: Fraction
    ) -> tuple[Fraction, RegretPair, Part, tuple[Fraction, ...]] | None:
        """T(beta) from above, with the part and the distribution."""
        best: tuple[Fraction, RegretPair, Part, tuple[Fraction, ...]] | None = None
        for pair, part in parts:
            found = place(part, beta)
            if found is not None and (best is None or found[0] < best[0]):
                best = found[0], pair, part, found[1]
        return best

    def _lower(self) -> Fields | None:
        """Lines below each cell, on boxes of b."""
        parts = self._parts()
        table = CellLines(parts)
        pieces = []
        for low, high in itertools.pairwise(self._kinks(parts)):
            todo = [(low, high)]
            while todo:
                self._tick()
                a, b = todo.pop()
                found = self._box(table, a, b)
                if found is not None:
                    witness, methods = found
                    pieces.append({"from": str(a), "to": str(b), "at": "x", "witness": witness,
                                   "method": methods})  # fmt: skip
                elif b - a > _SHORTEST:
                    todo += [((a + b) / 2, b), (a, (a + b) / 2)]
                else:
                    return None
        return self._accepted("holds", {**self._cells(table), "pieces": pieces})

    def _box(
        self, table: CellLines, a: Fraction, b: Fraction
    ) -> tuple[list[int], list[str]] | None:
        """Lines above the claim between two numbers, one of them below each cell."""
        try:
            claim = put(resolved(self.read.claim, [str(a), str(b)]), "b", "x")
        except NO_PROOF:
            return None
        chosen: dict[int, str] = {}
        middle = (a + b) / 2
        for _, part in table.cells:
            if any(is_below(table.found[j], part) for j in chosen):
                continue
            for line in sorted(lines_of(part), key=lambda t: t[0] * middle + t[1], reverse=True)[
                :2
            ]:
                difference = minus(add(mul(str(line[0]), "x"), str(line[1])), claim)
                method = shown(difference, str(a), str(b))
                if method is not None:
                    chosen[table.number(line)] = method
                    break
            else:
                return None
        return (list(chosen), list(chosen.values())) if chosen else None

    def _cells(self, table: CellLines) -> Fields:
        """The cells of all pairs, and what bounds the risks at their corners."""
        symmetric = self.transform.symmetric
        pairs = []
        for pair in self.transform.pairs:
            points = {p for q, part in table.cells if q is pair for p in part.cell.points}
            risks = [
                {"p": texts(p), "least": self.least.at(p, pair.predicted).shown}
                for p in sorted(points)
            ]
            body = self._tree(pair.root, table)
            for ray in reversed(pair.rays):
                body = {"ray": texts(ray), "rest": body}
            pairs.append({"predicted": pair.predicted, "best": pair.against, "risks": risks,
                          "tree": body})  # fmt: skip
        lines = [texts(line) for line in table.found]
        return {"rule": "cells", "symmetric": symmetric, "lines": lines, "pairs": pairs}

    def _tree(self, part: Part, table: CellLines) -> Fields:
        if part.halves is not None:
            assert part.wall is not None
            below, above = (self._tree(half, table) for half in part.halves)
            return {"cut": texts(part.wall), "below": below, "above": above}
        scores = part.best.scores if part.best is not None else self._any_scores()
        return {"scores": texts(scores), "lines": table.below(part)}

    def _any_scores(self) -> tuple[Fraction, ...]:
        return (Fraction(0),) * self.read.scores

    # ---- T <= claim ----

    def _exceeded(self) -> Fields | None:
        """A number at which lines below T are above the claim."""
        parts = self._parts()
        kinks = self._kinks(parts)
        middles = [(a + b) / 2 for a, b in itertools.pairwise(kinks)]
        for beta in sorted({*kinks, *middles, *grid(self.read.largest)}):
            self._tick()
            found = self._best(parts, beta) if beta else None
            if found is None:
                continue
            try:
                claimed = value(claim_at(self.read.claim, str(beta)))
            except NO_PROOF:
                continue
            if not bool(claimed < value(str(found[0]))):
                continue
            table = CellLines(parts)
            witness = sorted({self._highest(table, part, beta) for _, part in parts})
            proof = {**self._cells(table), "beta": str(beta), "witness": witness}
            made = self._accepted("violated", proof)
            if made is not None:
                return made
        return None

    def _highest(self, table: CellLines, part: Part, beta: Fraction) -> int:
        return table.number(max(lines_of(part), key=lambda line: line[0] * beta + line[1]))

    def _upper(self) -> Fields | None:
        """Chords of cells, on boxes of b."""
        parts = self._parts()
        pieces = []
        for low, high in itertools.pairwise(self._kinks(parts)):
            for a, b, pair, part in self._envelope(parts, low, high):
                self._tick()
                found = list(self._chords(pair, part, a, b))
                if not found:
                    return None
                pieces += found
        return self._accepted("holds", {"rule": "chords", "pieces": pieces})

    def _envelope(
        self, parts: list[tuple[RegretPair, Part]], low: Fraction, high: Fraction
    ) -> Iterator[tuple[Fraction, Fraction, RegretPair, Part]]:
        """Intervals on each of which one part's chord is T; every part is affine between kinks."""
        first, last = self._best(parts, low), self._best(parts, high)
        reaching = [t for t in parts if place(t[1], high) is not None]
        if first is None or last is None or not reaching:
            return
        ends = [(pair, part, place(part, low), place(part, high)) for pair, part in reaching]
        lines = [(pair, part, x[0], y[0]) for pair, part, x, y in ends if x and y]
        here = min(lines, key=lambda t: (t[2], t[3]))
        there = min(lines, key=lambda t: (t[3], t[2]))
        if here[3] <= there[3]:
            yield low, high, here[0], here[1]
            return
        if there[2] <= here[2]:
            yield low, high, there[0], there[1]
            return
        gap, rise = there[2] - here[2], (here[3] - here[2]) - (there[3] - there[2])
        middle = low + (high - low) * gap / rise
        yield from self._envelope(parts, low, middle)
        yield from self._envelope(parts, middle, high)

    def _chords(
        self, pair: RegretPair, part: Part, low: Fraction, high: Fraction
    ) -> Iterator[Fields]:
        """Pieces on which a part's chord is shown to be at most the claim; none where it is not."""
        assert part.right is not None
        ends = []
        for b in (low, high):
            found_at = place(part, b)
            assert found_at is not None
            least = self.least.at(found_at[1], None).shown
            ends.append({"b": str(b), "p": texts(found_at[1]), "least": least})
        witness = {"predicted": pair.predicted, "best": pair.against,
                   "scores": texts(part.right.scores), "ends": ends}  # fmt: skip
        under, over = (place(part, b)[0] for b in (low, high))  # type: ignore[index]
        slope = (over - under) / (high - low)
        line = add(str(under - slope * low), mul(str(slope), "x"))
        found, todo = [], [(low, high)]
        while todo:
            self._tick()
            a, b = todo.pop()
            method = None
            try:
                claim = put(resolved(self.read.claim, [str(a), str(b)]), "b", "x")
                method = shown(minus(claim, line), str(a), str(b))
            except NO_PROOF:
                pass
            if method is not None:
                found.append({"from": str(a), "to": str(b), "at": "x", "witness": witness,
                              "method": method})  # fmt: skip
            elif b - a > _SHORTEST:
                todo += [((a + b) / 2, b), (a, (a + b) / 2)]
            else:
                return
        yield from found

    # ---- Gamma <= claim ----

    def _gamma(self) -> Fields | None:
        """Edges of T**, on boxes of the excess."""
        parts = self._parts()
        table = CellLines(parts)
        corners = self.transform.corners(_CELLS)
        hull = sorted_hull([(b, low) for b, low, _ in corners])
        top = hull[-1][1]
        pieces = []
        for (b, v), (c, w) in itertools.pairwise(hull):
            slope = (w - v) / (c - b)
            if slope <= 0:
                continue
            level = v - slope * b
            witness = [table.number((slope, level))]
            reach = add(mul(str(1 / slope), "x"), str(-level / slope))
            todo = [(v, w)]
            while todo:
                self._tick()
                x, y = todo.pop()
                method = shown(minus(put(self.read.claim, "e", "x"), reach), str(x), str(y))
                if method is not None:
                    methods = [method, "algebra:0", "algebra:0"]
                    ends = {"from": str(x), "to": str(y), "at": "x"}
                    pieces.append({**ends, "witness": witness, "reach": reach, "method": methods})
                elif y - x > _SHORTEST:
                    todo += [((x + y) / 2, y), (x, (x + y) / 2)]
                else:
                    return None
        last = {"from": str(top), "to": "inf", "at": "x", "witness": None, "reach": None}
        if not table.found:
            table.number((Fraction(0), Fraction(0)))
        for method in ("algebra:0", "algebra:1", "algebra:2"):
            proof = {**self._cells(table), "pieces": [*pieces, {**last, "method": method}]}
            made = self._accepted("holds", proof)
            if made is not None:
                return made
        return None
