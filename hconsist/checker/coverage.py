"""Coverings: pieces that lead through an interval, so that every number in it is taken.

**Lemma 4 (levels).** Pieces k = 1..m each have a curve at_k, continuous on [from_k, to_k], with
ends y_(k-1) and y_k (in either order), y_0 = start and y_m = stop, start <= stop. Then every
number of [start, stop] lies between the ends of some piece, and every number strictly between the
ends of a piece is taken by its curve at some x in the *open* (from_k, to_k).
*Proof.* The y_k form a chain from start to stop, so a number of [start, stop] lies in the hull of
some consecutive pair. The rest is the intermediate value theorem; a number other than both ends is
taken inside.

What is proven on the open pieces therefore holds at all numbers of [start, stop] but the y_k; what
holds at those is said in the rule that uses the covering.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hconsist.checker.limits import PIECES, Rejected, need
from hconsist.checker.obligations import Continuous, Equal, Number, Obligation, Sign, equal
from hconsist.checker.reading import Fields, fields, items, text
from hconsist.checker.trees import Tree, check_tree, put, rational


@dataclass(frozen=True)
class Piece:
    """One piece of a covering: x runs from `low` to `high`, the number covered is ``at(x)``."""

    low: Tree
    high: Tree
    at: Tree
    data: Fields

    def methods(self, count: int) -> list[str]:
        """One method for each of a piece's inequalities; a single one serves all."""
        method = self.data["method"]
        if isinstance(method, list):
            need(len(items(method, "method", 1000)) == count, f"a piece needs {count} methods")
            return [text(m, "a method") for m in method]
        return [text(method, "a method")] * count

    def signs(self, terms: list[tuple[Tree, str]]) -> Iterator[Sign]:
        """Obligations that terms (with reasons) are >= 0 on the piece, by the piece's methods."""
        for (term, reason), method in zip(terms, self.methods(len(terms)), strict=True):
            yield Sign(term, "x", self.low, self.high, method, False, reason)

    def ends(self) -> list[Tree]:
        """The numbers at both ends of x, as trees without variables."""
        return [put(self.at, "x", e) for e in (self.low, self.high)]


def read_piece(value: object, keys: str) -> Piece:
    """A piece with the keys from, to, at, method, and others of the rule."""
    data = fields(value, "a piece", f"from to at method {keys}")
    check_tree(data["from"])
    check_tree(data["to"])
    check_tree(data["at"], "x")
    return Piece(data["from"], data["to"], data["at"], data)


def covering(
    pieces: list[Any], start: Tree, stop: Tree, keys: str = "witness"
) -> Iterator[tuple[Piece, list[Tree], list[Obligation]]]:
    """Pieces from start to stop, their ends in order, and the obligations of lemma 4."""
    here, last = start, len(items(pieces, "pieces", PIECES)) - 1
    for k, raw in enumerate(pieces):
        piece = read_piece(raw, keys)
        ends = piece.ends()
        if not equal(ends[0], here):
            ends.reverse()
        found: list[Obligation] = [
            Equal(ends[0], here, "the pieces leave a gap"),
            Continuous(piece.at, "x", piece.low, piece.high, "a piece is not continuous"),
            Number(ends[1], "", "a piece has no end"),
        ]
        if k == last:
            found.append(Equal(ends[1], stop, "the pieces end too early"))
        yield piece, ends, found
        here = ends[1]


def scores(
    pieces: list[Any], start: Tree, stop: Tree, term: Tree, what: str
) -> Iterator[Obligation]:
    """Obligations that a tree in v is >= 0 for every score v from start to stop.

    A score piece runs from a rational, or "-inf", to a rational, or "inf"; consecutive pieces share
    their ends. With ``climb`` "up" its ladder starts at the low end, v = from + x; with "down" at
    the high end, v = to - x; a piece with an infinite end climbs from the other. At the ends that
    are numbers the term has a value, so it is continuous there (lemma 1), and >= 0 as a limit.
    """
    here, last = start, len(items(pieces, "pieces", PIECES)) - 1
    for k, raw in enumerate(pieces):
        data = fields(raw, "a piece of scores", "from to climb method")
        low, high = data["from"], data["to"]
        need(low == here, "the pieces of scores leave a gap")
        need(k < last or high == stop, "the pieces of scores end too early")
        climb = text(data["climb"], "climb", "up", "down")
        for e, infinite in ((low, "-inf"), (high, "inf")):
            if e != infinite:
                rational(e)
                yield Number(put(term, "v", e), "", what)
        base = low if climb == "up" else high
        if base in ("-inf", "inf"):
            raise Rejected("a ladder cannot climb from an infinite score")
        bounded = low != "-inf" and high != "inf"
        length = str(Fraction(high) - Fraction(low)) if bounded else "inf"
        curve: Tree = ["add", base, "x"] if climb == "up" else ["add", base, ["mul", "-1", "x"]]
        if base == "0":
            curve = "x" if climb == "up" else ["mul", "-1", "x"]
        yield Sign(
            put(term, "v", curve), "x", "0", length, text(data["method"], "a method"), False, what
        )
        here = high
