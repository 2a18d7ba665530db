"""Pairwise losses of an exponential phi: functions of the label's own softmax value."""

from __future__ import annotations

import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, evaluate, to_sympy
from hconsist.engines.symbolic.margin import margin_variable
from hconsist.engines.symbolic.signs import holds
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfSoftmax, Pairwise


def joined(form: Pairwise, x: Expr) -> Expr:
    """What a pairwise loss makes of the sum x of its phi: the sum itself, or Phi^tau of it."""
    tau = None if form.tau is None else to_sympy(form.tau)
    if tau is None:
        return x
    return sympy.log(1 + x) if tau == 1 else ((1 + x) ** (1 - tau) - 1) / (1 - tau)


def own_share(form: Pairwise) -> OfSoftmax | None:
    """The loss as a function of the label's own softmax value q at scores ``rate s``, where phi(v)
    is ``scale exp(-rate v)``: then ``sum_{k != y} phi(s_y - s_k) = scale (1/q_y - 1)``, for any
    number of labels. None for every other phi.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> same = own_share(parse_loss("sum:phi=exponential").form(Pairwise))
    >>> same.g(sympy.Symbol("u", positive=True), SYMPY)
    (1 - u)/u
    """
    if form.how == "max":
        return None
    v, u = margin_variable(), sympy.Symbol("u", positive=True)
    phi = sympy.sympify(form.phi(v, SYMPY))
    if not phi.has(v):
        return None
    rate = sympy.simplify(-sympy.diff(phi, v) / phi)
    if rate.has(v) or not holds(rate > 0):
        return None
    scale = sympy.simplify(phi * sympy.exp(rate * v))
    if scale.has(v):
        return None
    value = sympy.simplify(joined(form, scale * (1 / u - 1)))
    return OfSoftmax(Curve("g", lambda z, ops: evaluate(value, {u: z}, ops), "unit"), 1 / rate)
