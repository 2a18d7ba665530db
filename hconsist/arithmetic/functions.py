"""The table of elementary functions: how each is computed in every arithmetic, and its derivatives.

One row adds a function everywhere: formulas speak it as ``ops.name(x)``, SymPy expressions by the
SymPy function of that name, and jets differentiate it. (The checker keeps its own list on purpose.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, overload

from hconsist.arithmetic import special
from hconsist.arithmetic.exact import Value

if TYPE_CHECKING:
    from flint import arb
    from sympy import Expr


@dataclass(frozen=True, eq=False)
class Elementary:
    """One row: a function f of a real number.

    Parameters
    ----------
    domain : str
        Where f is defined.
    scalar : callable
        f of a Python float.
    first : callable
        ``f'`` from (x, y, ops) with y = f(x), in any arithmetic.
    second : callable
        ``f''`` from (x, y, d, ops) with y = f(x) and d = f'(x).
    array : callable, optional
        f of an array from (x, namespace); the namespace's function of that name unless given.
    ball : callable, optional
        f of a ball, containing every value; the ball's method of that name unless given.
    monotone : bool
        Whether balls take the hull of the values at both ends, which loses nothing.
    symbol : callable, optional
        The SymPy expression from (x, SymPy); SymPy's function of that name unless given.
    program : callable, optional
        The CVXPY expression from (x, CVXPY); convex programs do without f unless given.

    Examples
    --------
    >>> from hconsist.arithmetic import BALLS, NUMPY
    >>> NUMPY.erf(0.5) == math.erf(0.5), FUNCTIONS["erf"].domain
    (True, 'R')
    """

    domain: str
    scalar: Callable[[float], float]
    first: Callable[[Value, Value, Any], Value]  # of ops: the table speaks of itself
    second: Callable[[Value, Value, Value, Any], Value]
    array: Callable[[Value, ModuleType], Value] | None = None
    ball: Callable[[arb], arb] | None = None
    monotone: bool = False
    symbol: Callable[[Expr, ModuleType], Expr] | None = None
    program: Callable[[Value, ModuleType], Value] | None = None

    #: Of the row, set where it is entered in the table.
    name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    @overload
    def __get__(self, ops: None, owner: type) -> Elementary: ...
    @overload
    def __get__(self, ops: Functions, owner: type) -> Callable[[Value], Value]: ...

    def __get__(self, ops: Functions | None, owner: type) -> Elementary | Callable[[Value], Value]:
        return self if ops is None else partial(ops.apply, self)

    def of_array(self, x: Value, xp: ModuleType) -> Value:
        """f of an array of the namespace."""
        return self.array(x, xp) if self.array else getattr(xp, self.name)(x)

    def of_ball(self, x: arb) -> arb:
        """A ball that contains f of every point of x."""
        if self.monotone and x.rad() > 0:
            return self._of_ball(x.lower()).union(self._of_ball(x.upper()))
        return self._of_ball(x)

    def _of_ball(self, x: arb) -> arb:
        return self.ball(x) if self.ball else getattr(x, self.name)()

    def of_symbol(self, x: Expr, sympy: ModuleType) -> Expr:
        """f as a SymPy expression."""
        return self.symbol(x, sympy) if self.symbol else getattr(sympy, self.name)(x)


class Functions:
    """The rows. Each is a method of every arithmetic: ``ops.exp(x)``, elementwise."""

    def apply(self, function: Elementary, x: Value) -> Value:
        """An elementary function, elementwise."""
        raise NotImplementedError

    exp = Elementary(
        domain="R",
        scalar=math.exp,
        first=lambda x, y, ops: y,
        second=lambda x, y, d, ops: y,
        program=lambda x, cp: cp.exp(x),
    )
    expm1 = Elementary(  # exp(x) - 1 without cancellation near 0
        domain="R",
        scalar=math.expm1,
        first=lambda x, y, ops: ops.exp(x),
        second=lambda x, y, d, ops: d,
        symbol=lambda x, sympy: sympy.exp(x) - 1,
        program=lambda x, cp: cp.exp(x) - 1,
    )
    log = Elementary(
        domain="(0, inf)",
        scalar=math.log,
        first=lambda x, y, ops: 1 / x,
        second=lambda x, y, d, ops: -d * d,
        program=lambda x, cp: cp.log(x),
    )
    tanh = Elementary(
        domain="R",
        scalar=math.tanh,
        first=lambda x, y, ops: 1 - y * y,
        second=lambda x, y, d, ops: -2 * y * d,
    )
    erf = Elementary(  # 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x
        domain="R",
        scalar=math.erf,
        first=lambda x, y, ops: 2 * ops.exp(-x * x) / ops.power(ops.pi(), special.HALF),
        second=lambda x, y, d, ops: -2 * x * d,
        array=special.erf,
        monotone=True,
    )
    erfc = Elementary(  # 1 - erf(x)
        domain="R",
        scalar=math.erfc,
        first=lambda x, y, ops: -2 * ops.exp(-x * x) / ops.power(ops.pi(), special.HALF),
        second=lambda x, y, d, ops: -2 * x * d,
        array=special.erfc,
        monotone=True,
    )
    log_ndtr = Elementary(  # log Phi(x), Phi the standard normal distribution function
        domain="R",
        scalar=special.log_ndtr_scalar,
        first=lambda x, y, ops: ops.inverse_mills(x),
        second=lambda x, y, d, ops: -d * (x + d),
        array=special.log_ndtr,
        ball=special.log_ndtr_ball,
        monotone=True,
        symbol=lambda x, sympy: sympy.log(sympy.erfc(-x / sympy.sqrt(2)) / 2),
    )
    inverse_mills = Elementary(  # density / distribution function of the standard normal law
        domain="R",
        scalar=special.inverse_mills_scalar,
        first=lambda x, y, ops: -y * (x + y),
        second=lambda x, y, d, ops: -d * (x + 2 * y) - y,
        array=special.inverse_mills,
        ball=special.inverse_mills_ball,
        monotone=True,
        symbol=lambda x, sympy: (
            sympy.sqrt(2 / sympy.pi) * sympy.exp(-(x**2) / 2) / sympy.erfc(-x / sympy.sqrt(2))
        ),
    )
    sigmoid = Elementary(  # 1 / (1 + exp(-x))
        domain="R",
        scalar=special.sigmoid_scalar,
        first=lambda x, y, ops: y * ops.sigmoid(-x),
        second=lambda x, y, d, ops: d * (1 - 2 * y),
        array=special.sigmoid,
        ball=lambda x: 1 / (1 + (-x).exp()),
        symbol=lambda x, sympy: 1 / (1 + sympy.exp(-x)),
    )
    softplus = Elementary(  # log(1 + exp(x))
        domain="R",
        scalar=special.softplus_scalar,
        first=lambda x, y, ops: ops.sigmoid(x),
        second=lambda x, y, d, ops: d * ops.sigmoid(-x),
        array=special.softplus,
        ball=lambda x: (x.exp() + 1).log(),
        symbol=lambda x, sympy: sympy.log(sympy.exp(x) + 1),
        program=lambda x, cp: cp.logistic(x),
    )
    xlogx = Elementary(  # x log(x), 0 at 0
        domain="[0, inf)",
        scalar=lambda x: x * math.log(x) if x > 0 else 0.0,
        first=lambda x, y, ops: ops.log(ops.away_from_zero(x)) + 1,
        second=lambda x, y, d, ops: 1 / ops.away_from_zero(x),
        array=special.xlogx,
        ball=special.xlogx_ball,
        symbol=lambda x, sympy: sympy.Integer(0) if x == 0 else x * sympy.log(x),
        program=lambda x, cp: -cp.entr(x),
    )


#: Every row by its name.
FUNCTIONS: Mapping[str, Elementary] = {
    name: row for name, row in vars(Functions).items() if isinstance(row, Elementary)
}
