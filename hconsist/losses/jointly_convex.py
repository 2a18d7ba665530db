"""Surrogate regrets that are a KL divergence or a squared distance of w = A p and of coordinates of
the scores, by SymPy: jointly convex in the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import SYMPY
from hconsist.losses.base import Loss
from hconsist.losses.cross_entropy import scale_of
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.prediction_forms import Rows, Squares, WeightedMargins, WeightedSoftmax

#: Labels at most for which a regret of probabilities is expanded.
_MOST_EXPANDED = 6

ConvexKind = Literal["kl on a simplex", "kl of each", "square of each", "square on a simplex"]


@dataclass(frozen=True)
class JointlyConvex:
    """The regret at scores with coordinates v is ``scale D(weights @ p, v)``.

    Parameters
    ----------
    kind : str
        D: KL of vectors with one sum; the sum of binary KL divergences; the squared distance; that
        of distributions.
    weights : rows
    scale : Fraction
    origin : Fraction
        The coordinate of the score 0, where scores are on a line each.
    """

    kind: ConvexKind
    weights: Rows
    scale: Fraction
    origin: Fraction = Fraction(0)


def jointly_convex(loss: Loss, n_classes: int, n_scores: int) -> JointlyConvex | None:
    """The divergence that a loss's regret is shown to be; None where it is not.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> found = jointly_convex(parse_loss("brier"), 3, 3)
    >>> found.kind, found.scale
    ('square on a simplex', Fraction(1, 1))
    >>> jointly_convex(parse_loss("gce:q=1/2"), 3, 3) is None
    True
    """
    if loss.symbolic:
        return None
    form = loss.prediction_form(n_scores)
    if form is None:
        scale = quadratic_scale(loss, n_classes)
        every = range(n_classes)
        unit = tuple(tuple(Fraction(int(i == y)) for y in every) for i in every)
        return None if scale is None else JointlyConvex("square on a simplex", unit, scale)
    match form:
        case WeightedSoftmax():
            scale = scale_of(form.g.g)
            if scale is None:
                return None
            return JointlyConvex("kl on a simplex", form.weights, scale)
        case WeightedMargins():
            half = Fraction(1, 2)
            if (unit_of := logistic_unit(form.phi.phi)) is not None:
                return JointlyConvex("kl of each", form.weights, unit_of, half)
            if (lead := square_unit(form.phi.phi)) is not None:
                return JointlyConvex("square of each", form.weights, 4 * lead, half)
            return None
        case Squares():
            return JointlyConvex("square of each", form.weights, Fraction(1))


def logistic_unit(phi: Curve) -> Fraction | None:
    """The c of ``phi(v) = c log(1 + exp(-v))`` up to a constant; None for another phi."""
    import sympy

    v = sympy.Symbol("v", real=True)
    slope = sympy.diff(sympy.sympify(phi(v, SYMPY)), v)
    unit = -2 * slope.subs(v, 0)
    if unit.is_Rational and unit > 0 and sympy.simplify(slope + unit / (1 + sympy.exp(v))) == 0:
        return Fraction(int(unit.p), int(unit.q))
    return None


def square_unit(phi: Curve) -> Fraction | None:
    """The c of ``phi(v) = c (1 - v)^2`` up to a constant; None for another phi."""
    import sympy

    v = sympy.Symbol("v", real=True)
    formula = sympy.sympify(phi(v, SYMPY))
    if not formula.is_polynomial(v) or sympy.Poly(formula, v).degree() != 2:
        return None
    lead = sympy.Poly(formula, v).coeff_monomial(v**2)
    if not (lead.is_Rational and lead > 0):
        return None
    if not sympy.expand(formula - lead * (1 - v) ** 2).is_constant():
        return None
    return Fraction(int(lead.p), int(lead.q))


def quadratic_scale(loss: Loss, n: int) -> Fraction | None:
    """c where the regret of a forecast q is ``c |p - q|^2``, expanded; None where it is not."""
    import sympy

    form = loss.form(OfProbabilities, n)
    if form is None or n > _MOST_EXPANDED:
        return None
    q, p = (sympy.symbols(f"{x}1:{n}", positive=True) for x in "qp")
    full: list[NDArray[np.object_]] = [np.array([*x, 1 - sum(x)], dtype=object) for x in (q, p)]
    try:
        losses = [form.f(x, SYMPY) for x in full]
        regret = sympy.expand(sum(full[1] * (losses[0] - losses[1])))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    distance = sympy.expand(sum((full[0] - full[1]) ** 2))
    scale = sympy.simplify(regret / distance)
    return Fraction(int(scale.p), int(scale.q)) if scale.is_Rational and scale > 0 else None
