"""Case distinctions of SymPy: whether they jump, and whether they leave no case out.

Balls cannot tell two branches apart where they meet. Whether the function jumps there is decided
once for the formula, by exact algebra at every boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Expr


@dataclass(frozen=True)
class Cases:
    """What is proven of a case distinction in one variable.

    Parameters
    ----------
    continuous : bool
        The branches meet at every boundary: kinks at most, no jump. False: not proven.
    exhaustive : bool
        Some case holds for every real number.
    """

    continuous: bool = False
    exhaustive: bool = False


@lru_cache(maxsize=1024)
def study(cases: Expr) -> Cases:
    """What is proven of a `sympy.Piecewise` whose conditions are linear inequalities in its one
    variable.

    Examples
    --------
    >>> import sympy
    >>> v = sympy.Symbol("v", real=True)
    >>> study(sympy.Piecewise((1 - v, v < 1), (0, True)))
    Cases(continuous=True, exhaustive=True)
    >>> study(sympy.Piecewise((1 - v, v < 1), (2, v >= 1)))
    Cases(continuous=False, exhaustive=True)
    """
    import sympy

    if len(cases.free_symbols) != 1:
        return Cases()
    (x,) = cases.free_symbols
    points = _boundaries([condition for _, condition in cases.args], x)
    if points is None:
        return Cases()
    between = _between(points)
    here = [_branch(cases, x, t) for t in points]
    beside = [_branch(cases, x, t) for t in between]
    if None in here or None in beside:
        return Cases()
    inner = [p for value, _ in cases.args for p in value.atoms(sympy.Piecewise)]
    meet = all(study(p).continuous for p in inner) and all(
        _meet((left, at, right), x, t)
        for t, at, left, right in zip(points, here, beside, beside[1:], strict=False)
        if not (x.is_positive and t <= 0)  # outside the domain of the variable
    )
    return Cases(meet, True)


def _boundaries(conditions: list[Expr], x: Expr) -> list[Expr] | None:
    """Where a condition changes, in increasing order; None where that is not plain to see."""
    import sympy

    points: set[Expr] = set()
    for condition in conditions:
        for part in condition.atoms(sympy.core.relational.Relational):
            if not isinstance(
                part,
                sympy.StrictLessThan | sympy.LessThan | sympy.StrictGreaterThan | sympy.GreaterThan,
            ):
                return None
            difference = sympy.expand(part.lhs - part.rhs)
            slope = sympy.diff(difference, x)
            if slope.free_symbols or slope == 0:
                return None
            points.add(sympy.nsimplify(-difference.subs(x, 0) / slope))
    ordered = sorted(points, key=float)
    if any((a < b) != True for a, b in pairwise(ordered)):  # noqa: E712 (SymPy's own truth values)
        return None
    return ordered


def _between(points: list[Expr]) -> list[Expr]:
    """A number in each of the intervals that the points leave."""
    if not points:
        return [0]
    middles = [(a + b) / 2 for a, b in pairwise(points)]
    return [points[0] - 1, *middles, points[-1] + 1]


def _branch(cases: Expr, x: Expr, t: Expr) -> Expr:
    """The formula that holds at t; None where none does."""
    for value, condition in cases.args:
        if condition.subs(x, t) == True:  # noqa: E712 (SymPy's own truth values)
            return value
    return None


def _meet(branches: tuple[Expr, ...], x: Expr, t: Expr) -> bool:
    """Whether the branches have one finite value at t."""
    values = [b.subs(x, t) for b in dict.fromkeys(branches)]
    return all(v.is_finite for v in values) and all(_vanishes(v - values[0]) for v in values[1:])


def _vanishes(number: Expr) -> bool:
    """Whether a number is shown to be 0: as a rational function of one power w of e, which is 0 at
    e only if it is 0 for every w, or by SymPy's rules.

    >>> import sympy
    >>> _vanishes(sympy.tanh(3) - (sympy.exp(6) - 1) / (sympy.exp(6) + 1))
    True
    """
    import sympy

    plain = number.rewrite([sympy.tanh, sympy.sinh, sympy.cosh], sympy.exp)
    rates = {e: sympy.Integer(1) if e is sympy.E else e.args[0]
             for e in plain.atoms(sympy.exp, type(sympy.E))}  # fmt: skip
    if rates and all(r.is_Rational for r in rates.values()):
        w = sympy.Dummy("w", positive=True)
        whole = sympy.ilcm(1, *(r.q for r in rates.values()))
        plain = plain.xreplace({e: w ** (r * whole) for e, r in rates.items()})
        if plain.is_rational_function(w):
            return bool(sympy.cancel(sympy.together(plain)) == 0)
    return bool(sympy.simplify(number) == 0)
