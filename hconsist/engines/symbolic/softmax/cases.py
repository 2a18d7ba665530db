"""Two labels, one parameter as a symbol: the shape of phi below, at and above 1, each derived by
itself. In each case the parameter is written in a number that is only positive, d/(1 + d) or 1 + d,
so that what is shown holds on the whole of the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from fractions import Fraction

import sympy
from sympy import Expr

from hconsist.engines.derivation import Derivation, Step, beta_symbol
from hconsist.engines.symbolic.nodes import ConvexMinimum, UnimodalMinimum
from hconsist.engines.symbolic.softmax.form import require_smooth, share
from hconsist.engines.symbolic.softmax.shown import shown
from hconsist.engines.symbolic.softmax.two_labels import one_turn
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import Loss
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def by_cases(problem: PointwiseProblem, phi: Expr, steps: list[Step], reason: str) -> Solution:
    """T of two labels on complete scores where no formula for all values of a parameter is shown.

    Parameters
    ----------
    problem, phi, steps
    reason : str
        Why there is none for all values.

    Raises
    ------
    EngineCannotAnswerError
        With the case that is not derived.
    """
    u = share()
    symbols = phi.free_symbols - {u}
    if len(symbols) != 1:
        raise stop(reason)
    theta, values, lines, shapes = symbols.pop(), [], [], []
    for case, at in _cases(problem.surrogate, theta):
        written, own = phi.subs(theta, at), phi
        if at.is_number:
            written = own = sympy.limit(phi, theta, at)
        try:
            require_smooth(written, u)
            shape = _shape(written, u)
            T, envelope = _of_shape(shape, own, u)
        except EngineCannotAnswerError as refused:
            raise stop(f"{reason}; for {case}: {refused.reason}") from refused
        values.append((T, case))
        lines.append((envelope, case))
        shapes.append(f"{shape} for {case}")
    if not values:
        raise stop(reason)
    T, envelope = sympy.Piecewise(*values), sympy.Piecewise(*lines)
    steps = [
        *steps,
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(T)}",
            "One case for each range of the parameter: phi falls and is "
            + ", ".join(shapes)
            + ". Where the risk has one stationary point the best share is there and a wrong "
            "prediction is best at the tie; where phi is concave the best shares are the ends, "
            "and the tie for a wrong prediction",
        ),
        Step(
            rf"\mathcal{{T}}^{{**}}(\beta) = {tex(envelope)}",
            "T is convex where the tie is the best wrong prediction, as the risks are affine in "
            "beta; for a concave phi it is a minimum of two lines, and its envelope a chord",
        ),
    ]
    return Solution(Derivation(problem, T, envelope, steps=tuple(steps)))


def _cases(loss: Loss, theta: Expr) -> Iterator[tuple[Expr, Expr]]:
    """The ranges of a parameter that its loss takes, and it in a positive number or as a value."""
    d = sympy.Dummy("d", positive=True)
    names = [f.name for f in fields(loss) if getattr(loss, f.name) == theta]
    for case, at, sample in (
        (theta < 1, d / (1 + d), Fraction(1, 2)),
        (sympy.Eq(theta, 1), sympy.Integer(1), Fraction(1)),
        (theta > 1, 1 + d, Fraction(2)),
    ):
        try:
            replace(loss, **dict.fromkeys(names, sample))
        except InvalidInputError:
            continue
        yield case, at


def _shape(phi: Expr, u: Expr) -> str:
    """What is shown of phi, in words."""
    if not shown("non-increasing", phi, u):
        raise stop(f"could not show that phi(u) = {phi} falls on (0, 1)")
    if shown("convex", phi, u):
        return "convex"
    if shown("concave", phi, u):
        return "concave"
    if one_turn(-sympy.diff(phi, u), u):
        return "of one stationary point"
    raise stop(
        f"could not show that phi(u) = {phi} is convex or concave on (0, 1), nor that psi(1 - s)/"
        "psi(s), psi = -phi', does not decrease there"
    )


def _of_shape(shape: str, phi: Expr, u: Expr) -> tuple[Expr, Expr]:
    """T and its envelope."""
    b, s, half, one = beta_symbol(), sympy.Symbol("s", positive=True), sympy.Rational(1, 2), 1
    tie = phi.subs(u, half)
    if shape == "concave":
        start, end = phi.subs(u, 0), phi.subs(u, one)
        if start.has(sympy.oo, sympy.zoo, sympy.nan):
            raise stop(f"phi(u) = {phi} is not finite at 0")
        drop = start - end
        tied = tie - (start + end) / 2 + b * drop / 2
        return sympy.Min(b * drop, tied, evaluate=False), b * (tie - end)
    risk = (1 + b) / 2 * phi.subs(u, s) + (1 - b) / 2 * phi.subs(u, 1 - s)
    node = ConvexMinimum if shape == "convex" else UnimodalMinimum
    T = tie - node(risk, s, half, sympy.Integer(one))
    return T, T
