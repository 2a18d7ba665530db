"""A user's own loss, from a SymPy expression of the softmax value or of the margin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from hconsist.arithmetic import Ops, Value, evaluate
from hconsist.errors import InvalidInputError
from hconsist.formula import parse_formula
from hconsist.losses.base import MarginLoss, SoftmaxLoss
from hconsist.losses.catalogue import register_loss

if TYPE_CHECKING:
    import sympy
    from sympy import Expr


def _parse(expression: object, name: str) -> sympy.Expr:
    """Read a formula in one variable; the variable is made real (a softmax value positive)."""
    import sympy

    symbol = sympy.Symbol(name, positive=True) if name == "u" else sympy.Symbol(name, real=True)
    remedy = f"write it as a formula of {name} alone, such as 'exp(-{name})'"
    rule = f"a loss formula with exactly one variable, {name},"
    if isinstance(expression, str):
        formula: Expr = parse_formula(expression, {name: symbol}, rule)
    else:
        try:  # strictly: SymPy would evaluate the text of an object that it does not know
            formula = sympy.nsimplify(sympy.sympify(expression, strict=True), rational=True)
        except (sympy.SympifyError, TypeError, AttributeError) as problem:
            raise InvalidInputError(
                "a loss formula must be a text or a SymPy expression", expression, remedy
            ) from problem
    variables = formula.free_symbols - {symbol}
    if len(variables | ({symbol} & formula.free_symbols)) != 1:
        raise InvalidInputError(
            f"a loss formula must have exactly one variable, {name}", str(formula), remedy
        )
    return formula.xreplace(dict.fromkeys(variables, symbol))


class _Formula:
    """A loss term given by a formula of one variable."""

    formula: Expr
    spec_name: ClassVar[str]
    variable: ClassVar[str]
    source: ClassVar[str] = "user's formula"
    symbolic: ClassVar[bool] = False

    @property
    def family(self) -> tuple[object, ...]:
        """The formula: a loss of its own, not a parameter of a family."""
        return (type(self), self.formula)

    def __post_init__(self) -> None:
        formula = _parse(self.formula, self.variable)
        object.__setattr__(self, "formula", formula)

    def value(self, u: Value, ops: Ops) -> Value:
        """The formula at u, in any arithmetic."""
        return evaluate(self.formula, {_symbol(self.formula): u}, ops)

    @property
    def spec(self) -> str:
        return f"{self.spec_name}:{self.formula}"


@register_loss
@dataclass(frozen=True)
class UserSoftmaxLoss(_Formula, SoftmaxLoss):
    """Your formula phi(u) of the label's softmax value, u in (0, 1].

    Parameters
    ----------
    formula : str or sympy.Expr
        In one variable: the softmax value of the label. Decimals are read exactly.

    Raises
    ------
    InvalidInputError
        When the formula is unreadable or has not exactly one variable.

    Examples
    --------
    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> UserSoftmaxLoss("(1 - u)**2").losses(np.zeros(2), NUMPY)
    array([0.25, 0.25])
    """

    formula: Expr = field(default="-log(u)")

    spec_name: ClassVar[str] = "softmax"
    variable: ClassVar[str] = "u"

    def of_softmax(self, u: Value, ops: Ops) -> Value:
        return self.value(u, ops)


@register_loss
@dataclass(frozen=True)
class UserMarginLoss(_Formula, MarginLoss):
    """Your formula phi(u) of the margin, u in R.

    Parameters
    ----------
    formula : str or sympy.Expr
        In one variable: the margin. Decimals are read exactly.

    Examples
    --------
    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> UserMarginLoss("Max(0, 1 - v)**3").of_margin(np.array([-1.0, 0.0]), NUMPY)
    array([8., 1.])
    """

    formula: Expr = field(default="exp(-v)")

    spec_name: ClassVar[str] = "margin"
    variable: ClassVar[str] = "v"

    def of_margin(self, u: Value, ops: Ops) -> Value:
        return self.value(u, ops)


def _symbol(formula: sympy.Expr) -> sympy.Symbol:
    (symbol,) = formula.free_symbols
    return symbol
