"""Whether a loss is cross-entropy: the surrogate regret at a forecast q is then c KL(p; q)."""

from __future__ import annotations

from fractions import Fraction

from hconsist.arithmetic import SYMPY
from hconsist.losses.base import Loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfSoftmax


def cross_entropy_scale(loss: Loss) -> Fraction | None:
    """c where the loss is ``-c log u + constant`` of the softmax value u, by its derivative; None
    where it is not shown to be.

    >>> from hconsist.losses import parse_loss
    >>> cross_entropy_scale(parse_loss("logistic")), cross_entropy_scale(parse_loss("mae"))
    (Fraction(1, 1), None)
    """
    form = loss.form(OfSoftmax)
    return None if form is None or loss.symbolic else scale_of(form.g)


def scale_of(g: Curve) -> Fraction | None:
    """c where a curve is ``-c log u + constant``, by its derivative."""
    import sympy

    u = sympy.Symbol("u", positive=True)
    scale = sympy.simplify(-u * sympy.diff(sympy.sympify(g(u, SYMPY)), u))
    if not scale.is_Rational or not scale > 0:
        return None
    return Fraction(int(scale.p), int(scale.q))
