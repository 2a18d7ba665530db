"""A formula cut into smooth pieces: exact sums on intervals, with the points where they meet.

An interval on which something is undecided is cut at the joints that `RegionOps` asks for: exactly
where they are rational, inside a tiny bracket elsewhere (both sides then cover the bracket).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import Ops, Value
from hconsist.losses.proving.on_interval import RegionOps, SplitError, Term
from hconsist.losses.proving.roots import Joint
from hconsist.losses.proving.signs import OpenInterval
from hconsist.losses.proving.terms import (
    VARIABLE,
    Sum,
    UndecidedError,
    sum_of,
)

_MOST_PIECES = 24


@dataclass(frozen=True)
class SmoothPiece:
    """An exact formula on an interval."""

    interval: OpenInterval
    formula: Sum


@dataclass(frozen=True)
class Pieces:
    """A formula in smooth pieces, left to right, with the joints between them."""

    pieces: tuple[SmoothPiece, ...]
    joints: tuple[Joint, ...]


def cut(
    term: Callable[[Value, Ops], Value], left: Fraction | None, right: Fraction | None
) -> Pieces:
    """The pieces of a formula.

    Raises
    ------
    UndecidedError
        Where the formula is outside what is understood here, with the reason.
    """
    waiting = [OpenInterval(left, right)]
    pieces: list[SmoothPiece] = []
    joints: list[Joint] = []
    ends: list[Joint] = []  # the joint that ends each waiting interval but the last
    while waiting:
        if len(pieces) + len(waiting) > _MOST_PIECES:
            raise UndecidedError("the formula has too many cases")
        interval = waiting.pop(0)
        ops = RegionOps(interval)
        try:
            value = term(Term(VARIABLE, ops), ops)
            pieces.append(SmoothPiece(interval, ops._sum(value)))
            if waiting:
                joints.append(ends.pop(0))
        except SplitError as split:
            points = sorted(split.joints)
            waiting = _cut_at(interval, points, split.difference) + waiting
            ends = points + ends
    return Pieces(tuple(pieces), tuple(joints))


def _cut_at(interval: OpenInterval, joints: list[Joint], difference: Sum) -> list[OpenInterval]:
    """The parts of an interval between joints; on a part next to a bracket the sign of the
    difference is what it is beyond the bracket.
    """
    lefts = [interval.left, *(low for low, _ in joints)]
    rights = [*(high for _, high in joints), interval.right]
    parts = []
    for i, (a, b) in enumerate(zip(lefts, rights, strict=True)):
        part = interval.part(a, b)
        bracketed = [j for j in joints[max(i - 1, 0) : i + 1] if j[0] != j[1]]
        if bracketed:
            inside = OpenInterval(
                joints[i - 1][1] if i else interval.left,
                joints[i][0] if i < len(joints) else interval.right,
            )
            sign = inside.sign(difference)
            if sign is None:
                raise UndecidedError(f"the sign of {difference} between its zeros")
            part.decided[difference] = sign
            part.decided[-difference] = -sign
            loose = {"left"} if i and joints[i - 1] in bracketed else set()
            if i < len(joints) and joints[i] in bracketed:
                loose.add("right")
            part.loose = part.loose | loose
            part.brackets = (*part.brackets, *bracketed)
        parts.append(part)
    return parts


def value_at(term: Callable[[Value, Ops], Value], x: Fraction) -> Sum:
    """The exact value of a formula at a rational point."""
    ops = RegionOps(OpenInterval(x, x))
    return ops._sum(term(Term(sum_of(x), ops), ops))
