"""Piecewise-linear formulas of scores: exact values, lines below them, and relabelled copies.

A *piecewise-linear tree* is built from rationals, scores s1, s2, ..., sums, products in which all
factors but at most one are without scores and maxima, and maxima. Nothing in it can fail to have a
value: it has one at every vector of scores, by exact arithmetic of rationals. `read` brings it to
the form

    f(s) = constant + <slopes, s> + sum over j of c_j max(f_j(s), g_j(s)),   f_j, g_j of this form.

**Lemma 5 (lines below).** A maximum stands *upright* where the product of the factors above it is
>= 0, *upside down* otherwise. Give each upright maximum a weight w in [0, 1], and each one that is
upside down a choice of one of its parts. Replacing c max(f, g) by c (w f + (1 - w) g) where it is
upright, and by c times the chosen part where it is upside down, gives an affine function of s. Fix
the weights for each of the choices: then f is at least the least of these affine functions, one
for each way to choose. *Proof.* Upright, max(f, g) >= w f + (1 - w) g; upside down, c max(f, g) is
the lesser of c f and c g. Where a part stands under a factor >= 0, a lower bound of it is one of
the whole; under a factor < 0 its inner maxima stand the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hconsist.checker.limits import BITS, Rejected, need, spend, within
from hconsist.checker.trees import Tree, rational

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Piecewise:
    """constant + <slopes, s> + sum of c max(left, right)."""

    constant: Fraction
    slopes: Vector
    maxima: tuple[tuple[Fraction, Piecewise, Piecewise], ...]


def names_of(count: int) -> list[str]:
    """The letters of so many scores: s1, s2, ..."""
    return [f"s{k + 1}" for k in range(count)]


def _small(x: Fraction) -> Fraction:
    within(max(x.numerator.bit_length(), x.denominator.bit_length()), 20 * BITS, "bits of a number")
    return x


def read(t: Tree, names: list[str]) -> Piecewise:
    """The form of a tree that `check_tree` has read; rejected where it is not piecewise linear."""
    spend(1)
    if isinstance(t, str):
        if t in names:
            slopes = tuple(Fraction(name == t) for name in names)
            return Piecewise(Fraction(0), slopes, ())
        return Piecewise(rational(t), (Fraction(0),) * len(names), ())
    need(t[0] in ("add", "mul", "max"), f"not piecewise linear: {t[0]!r:.20}")
    parts = [read(a, names) for a in t[1:]]
    if t[0] == "max":
        zero = Piecewise(Fraction(0), (Fraction(0),) * len(names), ())
        return Piecewise(zero.constant, zero.slopes, ((Fraction(1), parts[0], parts[1]),))
    result = parts[0]
    for part in parts[1:]:
        if t[0] == "add":
            slopes = tuple(x + y for x, y in zip(result.slopes, part.slopes, strict=True))
            result = Piecewise(
                _small(result.constant + part.constant), slopes, result.maxima + part.maxima
            )
        elif _plain(result):
            result = _scaled(part, result.constant)
        elif _plain(part):
            result = _scaled(result, part.constant)
        else:
            raise Rejected("not piecewise linear: a product of two formulas of scores")
    return result


def _plain(f: Piecewise) -> bool:
    return not f.maxima and not any(f.slopes)


def _scaled(f: Piecewise, c: Fraction) -> Piecewise:
    spend(1 + len(f.maxima))
    maxima = tuple((_small(c * k), left, right) for k, left, right in f.maxima if c)
    return Piecewise(_small(c * f.constant), tuple(c * x for x in f.slopes), maxima)


def value(f: Piecewise, s: Sequence[Fraction]) -> Fraction:
    """The value at rational scores."""
    spend(1 + len(s))
    total = f.constant + sum((a * x for a, x in zip(f.slopes, s, strict=True) if a), Fraction(0))
    for c, left, right in f.maxima:
        total += c * max(value(left, s), value(right, s))
    return _small(total)


def rise(f: Piecewise, ray: Sequence[Fraction]) -> Fraction:
    """The limit of f(s + t ray)/t as t grows, whatever s: constants drop out."""
    spend(1 + len(ray))
    total = sum((a * x for a, x in zip(f.slopes, ray, strict=True) if a), Fraction(0))
    for c, left, right in f.maxima:
        total += c * max(rise(left, ray), rise(right, ray))
    return _small(total)


def upside_down(f: Piecewise, sign: int = 1) -> int:
    """How many maxima stand upside down."""
    spend(1)
    total = 0
    for c, left, right in f.maxima:
        side = sign if c > 0 else -sign
        total += (side < 0) + upside_down(left, side) + upside_down(right, side)
    return total


def line_below(
    f: Piecewise, weights: Iterator[Fraction], choices: Iterator[int]
) -> tuple[Fraction, list[Fraction]]:
    """The affine function of lemma 5, as a constant and slopes; maxima in the order of the tree."""
    total = [Fraction(0)] * (1 + len(f.slopes))

    def walk(g: Piecewise, factor: Fraction, sign: int) -> None:
        spend(1 + len(g.slopes))
        total[0] += factor * g.constant
        for k, a in enumerate(g.slopes):
            total[1 + k] += factor * a
        for c, left, right in g.maxima:
            side = sign if c > 0 else -sign
            if side > 0:
                share = next(weights, None)
                if share is None:
                    raise Rejected("a weight for each maximum that stands upright")
                need(0 <= share <= 1, "a weight is not in [0, 1]")
            else:
                share = Fraction(1 - next(choices))
            walk(left, factor * c * share, side)
            walk(right, factor * c * (1 - share), side)

    walk(f, Fraction(1), 1)
    return total[0], total[1:]


def relabelled(f: Piecewise, order: Sequence[int]) -> Piecewise:
    """f where score k is replaced by score ``order[k]``."""
    slopes = [Fraction(0)] * len(f.slopes)
    for k, a in enumerate(f.slopes):
        slopes[order[k]] += a
    maxima = tuple((c, relabelled(g, order), relabelled(h, order)) for c, g, h in f.maxima)
    return Piecewise(f.constant, tuple(slopes), maxima)


def likeness(f: Piecewise) -> tuple[object, ...]:
    """What equal functions often share, and different ones never: f with its maxima in one order,
    maxima within maxima as one of several parts, and parts that are repeated once.
    """
    spend(1 + len(f.maxima))
    maxima = sorted(
        (c, tuple(sorted(set(_parts(left) + _parts(right))))) for c, left, right in f.maxima
    )
    return f.constant, f.slopes, tuple(maxima)


def _parts(f: Piecewise) -> list[tuple[object, ...]]:
    """The parts of which f is the largest."""
    if f.constant == 0 and not any(f.slopes) and len(f.maxima) == 1 and f.maxima[0][0] == 1:
        return _parts(f.maxima[0][1]) + _parts(f.maxima[0][2])
    return [likeness(f)]
