"""What every label answers to scores of a region: affine in the means of the groups, within reach.

A label answers ``start + rate s`` to its own softmax value s. Where softmax values are within a
factor of each other, a group may answer the least value in reach, the floor, or the floor and a
share of what it is above its own floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from hconsist.engines.rigorous.responses.layouts import MeansRegion

#: Answers are no less: g is asked for nowhere at 0, where its formula need not have the limit.
LEAST = Fraction(1, 2**400)


@dataclass(frozen=True)
class Response:
    """``start + rate s``, of the label's own value s; s itself ("same"); ``rate (s - least)`` above
    the floor; or the floor itself.
    """

    start: Fraction
    rate: Fraction
    kind: Literal["own", "same", "above floor", "floor"] = "own"


@dataclass(frozen=True)
class Answers:
    """Lines of all groups, with the floor at each vertex, of sum 1 at most.

    Parameters
    ----------
    lines : tuple of Response
    floors : tuple of Fraction
        At each vertex; empty where there is no floor.
    excess : Fraction
        By how much the answers that move were too large, as a share.
    """

    lines: tuple[Response, ...]
    floors: tuple[Fraction, ...]
    excess: Fraction


def fit(
    region: MeansRegion, lines: Sequence[Response], safe: Fraction, least: Fraction
) -> Answers | None:
    """These lines, put within reach: above the floor, and those that move scaled to a sum of 1.

    Parameters
    ----------
    region : MeansRegion
    lines : sequence of Response
    safe, least : Fraction
        At least, and at most, the least ratio of two softmax values; 0 where there is none.

    Returns
    -------
    Answers or None
        None where the lines cannot be mended.
    """
    if any(a.rate < 0 or (safe and a.kind == "same") for a in lines):
        return None  # larger values answer more, and in a box all answers are in reach of a floor
    none = [LEAST] * len(region.vertices)
    fitted = [_raised(region, a, g, none) for g, a in enumerate(lines)]
    floors: list[Fraction] = []
    for _ in range(3 if safe else 0):
        highs = [_highest(region, a, g) for g, a in enumerate(fitted) if a.kind == "own"]
        best = max(highs, key=sum)
        lift = max(max(x - y for x, y in zip(one, best, strict=True)) for one in highs)
        floors = [safe * (x + lift) for x in best]
        before = fitted
        fitted = [_raised(region, a, g, floors) for g, a in enumerate(before)]
        if fitted == before:
            break
    else:
        if safe:
            return None
    if not all(_in_reach(region, a, g, floors, safe, least) for g, a in enumerate(fitted)):
        return None
    scale: Fraction | None = None
    for j in range(len(region.vertices)):
        kept = moved = Fraction(0)
        for g, a in enumerate(fitted):
            mass = region.groups[g].count * _mean(region, a, g, j, floors, least)
            kept, moved = (kept + mass, moved) if a.kind == "same" else (kept, moved + mass)
        if kept > 1 or not moved:
            return None
        room = (1 - kept) / moved
        scale = room if scale is None else min(scale, room)
    if not scale:
        return None
    scaled = [
        a if a.kind == "same" else replace(a, start=scale * a.start, rate=scale * a.rate)
        for a in fitted
    ]
    return Answers(tuple(scaled), tuple(scale * f for f in floors), 1 / scale - 1)


def _highest(region: MeansRegion, a: Response, g: int) -> list[Fraction]:
    """The largest answer of a label of the group, at each vertex."""
    return [a.start + a.rate * s for s in region.highest(g)]


def _in_reach(
    region: MeansRegion,
    a: Response,
    g: int,
    floors: Sequence[Fraction],
    safe: Fraction,
    least: Fraction,
) -> bool:
    """Whether answers that start from the floor are within the ratio of it."""
    if a.kind != "above floor":
        return True
    highs = zip(floors, region.highest(g), region.vertices, strict=True)
    return all(safe * (f + a.rate * (s - least * v[region.top])) <= f for f, s, v in highs)


def _raised(region: MeansRegion, a: Response, g: int, floors: Sequence[Fraction]) -> Response:
    """The line of a group, raised where the least answer of a label is below the floor."""
    if a.kind != "own":
        return a
    many, side = region.groups[g].count > 1, region.groups[g].side
    zero = Fraction(0)
    lows = [
        v[g] if side == "tied" or not many else v[0] if side == "above" else zero
        for v in region.vertices
    ]
    short = max(f - a.start - a.rate * s for f, s in zip(floors, lows, strict=True))
    return replace(a, start=a.start + short) if short > 0 else a


def _mean(
    region: MeansRegion, a: Response, g: int, j: int, floors: Sequence[Fraction], least: Fraction
) -> Fraction:
    """The mean answer of the group at a vertex."""
    v = region.vertices[j]
    if a.kind in ("own", "same"):
        return a.start + a.rate * v[g]
    if a.kind == "floor":
        return floors[j]
    return floors[j] + a.rate * (v[g] - least * v[region.top])
