"""A SymPy expression, evaluated in any arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hconsist.arithmetic.cases import study
from hconsist.arithmetic.exact import Value, exact
from hconsist.arithmetic.functions import FUNCTIONS
from hconsist.arithmetic.ops import Ops
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    import sympy
    from sympy import Expr


def evaluate(expression: sympy.Expr, values: Mapping[sympy.Symbol, Value], ops: Ops) -> Value:
    """Evaluate a SymPy expression in any arithmetic, without passing through floats.

    Parameters
    ----------
    expression : sympy.Expr
        Built from + * **, the functions of the table that SymPy has (exp, log, tanh, erf, ...),
        sinh, cosh, sqrt, Abs, Max, Min, Piecewise, rational numbers, pi, E.
    values : mapping
        A value of the target arithmetic for every free symbol.
    ops : Ops

    Raises
    ------
    InvalidInputError
        For a function that the arithmetic does not know, or a symbol without a value.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from hconsist.arithmetic import NUMPY
    >>> b = sympy.Symbol("b")
    >>> float(evaluate(sympy.sqrt(b) / 3, {b: np.asarray(4.0)}, NUMPY))  # doctest: +ELLIPSIS
    0.666...
    """
    import sympy

    return _Evaluation(values, ops).value(sympy.sympify(expression))


class _Evaluation:
    """One evaluation: each part of the expression once."""

    def __init__(self, values: Mapping[Expr, Value], ops: Ops) -> None:
        self.values, self.ops = values, ops
        self._known: dict[Expr, Value] = {}

    def value(self, e: Expr) -> Value:
        """The value of a part."""
        if e not in self._known:
            self._known[e] = self._visit(e)
        return self._known[e]

    def _visit(self, e: Expr) -> Value:
        import sympy

        ops = self.ops
        if e in self.values:
            return self.values[e]
        if e.is_Symbol:
            raise InvalidInputError(
                "every symbol of an expression needs a value",
                str(e),
                f"give a value for {e} (known: {list(self.values)})",
            )
        if e.is_Number or e.is_NumberSymbol:
            return self._constant(e)
        if e.is_Add:
            return self._sum(e)
        if e.is_Mul:
            return self._product(e)
        if e.is_Pow:
            return self._power(e)
        if isinstance(e, sympy.log):
            return self._log(e.args[0])
        row = FUNCTIONS.get(type(e).__name__)
        if row is not None and row.symbol is None:
            return getattr(ops, row.name)(self.value(e.args[0]))
        if isinstance(e, sympy.Abs):
            return ops.absolute(self.value(e.args[0]))
        if isinstance(e, sympy.sinh | sympy.cosh | sympy.coth | sympy.sech):
            return self.value(e.rewrite(sympy.exp))
        if isinstance(e, sympy.Max | sympy.Min):
            pick = ops.maximum if isinstance(e, sympy.Max) else ops.minimum
            result = self.value(e.args[0])
            for arg in e.args[1:]:
                result = pick(result, self.value(arg))
            return result
        if isinstance(e, sympy.Piecewise):
            return self._cases(e)
        if hasattr(e, "evaluate_in"):  # a function of ours that knows its value in any arithmetic
            arguments = getattr(e, "evaluation_arguments", e.args)
            return e.evaluate_in(ops, *(self.value(a) for a in arguments))
        raise _unknown(e)

    def _constant(self, e: Expr) -> Value:
        import sympy

        if e.is_Rational:
            return self.ops.const(Fraction(int(e.p), int(e.q)))
        if e.is_Float:
            return self.ops.const(exact(e, "a coefficient"))
        if e is sympy.E:
            return self.ops.exp(self.ops.const(1))
        if e is sympy.pi:
            return self.ops.pi()
        raise _unknown(e)

    def _sum(self, e: Expr) -> Value:
        total = self.value(e.args[0])
        for arg in e.args[1:]:
            if arg.is_Mul and arg.args[0] == -1 and len(arg.args) == 2:
                total = total - self.value(arg.args[1])  # 1 - u, which need not cancel
            else:
                total = total + self.value(arg)
        return total

    def _product(self, e: Expr) -> Value:
        continued = self._x_log_x(e)
        if continued is not None:
            return continued
        total = self.value(e.args[0])
        for arg in e.args[1:]:
            total = total * self.value(arg)
        return total

    def _x_log_x(self, product: Expr) -> Value:
        """A product with a factor g log(g), which tends to 0 with g; None where there is none."""
        import sympy

        for logarithm in product.args:
            if not isinstance(logarithm, sympy.log):
                continue
            inner, g = logarithm.args[0].primitive()
            for factor in product.args:
                coefficient, rest = factor.primitive()
                if rest in (g, -g) and inner.is_Rational and not g.is_Number:
                    others = [f for f in product.args if f is not logarithm and f is not factor]
                    ratio = (coefficient if rest == g else -coefficient) / inner
                    total = self._constant(ratio) * self.ops.xlogx(self.value(logarithm.args[0]))
                    for other in others:
                        total = total * self.value(other)
                    return total
        return None

    def _power(self, e: Expr) -> Value:
        base, exponent = e.args
        if exponent.is_Rational:
            return self.ops.power(self.value(base), Fraction(int(exponent.p), int(exponent.q)))
        if not exponent.free_symbols:
            return self.ops.power(self.value(base), exponent)
        return self.ops.exp(self.value(exponent) * self.ops.log(self.value(base)))

    def _log(self, g: Expr) -> Value:
        """log g, of 1 + exp(z) and of the normal distribution function without overflow."""
        import sympy

        if g.is_Add and len(g.args) == 2 and g.args[0].is_Number:
            number, rest = g.args
            if number == 1 and isinstance(rest, sympy.exp):
                return self.ops.softplus(self.value(rest.args[0]))
            coefficient, rest = rest.as_coeff_Mul()
            if number == coefficient and number > 0 and isinstance(rest, sympy.erf):
                return self._log_ndtr(2 * number, sympy.sqrt(2) * rest.args[0])
            if number == -coefficient and number > 0 and isinstance(rest, sympy.erf):
                return self._log_ndtr(2 * number, -sympy.sqrt(2) * rest.args[0])
        coefficient, rest = g.as_coeff_Mul()
        if coefficient > 0 and isinstance(rest, sympy.erfc):
            return self._log_ndtr(2 * coefficient, -sympy.sqrt(2) * rest.args[0])
        return self.ops.log(self.value(g))

    def _log_ndtr(self, factor: Expr, z: Expr) -> Value:
        """``log(factor Phi(z))``."""
        result = self.ops.log_ndtr(self.value(z))
        return result if factor == 1 else result + self.ops.log(self._constant(factor))

    def _cases(self, e: Expr) -> Value:
        proven = study(e)
        branches = []
        with np.errstate(all="ignore"):  # arrays run every branch everywhere
            for i, (value, condition) in enumerate(e.args):
                last = proven.exhaustive and i + 1 == len(e.args)
                holds = True if last else self._condition(condition)
                if holds is not False:
                    branches.append((holds, self._spread(value, e)))
                if holds is True:
                    break
            return self.ops.select(branches, continuous=proven.continuous)

    def _spread(self, value: Value, cases: Expr) -> Value:
        """The value of a branch; a constant one has the shape, and the derivative 0, of a
        variable.
        """
        if value.free_symbols or not cases.free_symbols:
            return self.value(value)
        return self.value(value) + 0 * self.value(min(cases.free_symbols, key=str))

    def _condition(self, c: Expr) -> Value:
        import sympy

        if c == True or c == False:  # noqa: E712 (SymPy's own truth values)
            return bool(c)
        if isinstance(c, sympy.And | sympy.Or):
            decided = [self._condition(a) for a in c.args]
            return (
                self.ops.all_of(decided) if isinstance(c, sympy.And) else self.ops.any_of(decided)
            )
        strict = isinstance(c, sympy.StrictLessThan | sympy.StrictGreaterThan)
        if isinstance(c, sympy.LessThan | sympy.StrictLessThan):
            return self.ops.less(self.value(c.lhs), self.value(c.rhs), strict=strict)
        if isinstance(c, sympy.GreaterThan | sympy.StrictGreaterThan):
            return self.ops.less(self.value(c.rhs), self.value(c.lhs), strict=strict)
        raise InvalidInputError(
            "a condition must be an inequality", str(c), "rewrite it by <, <=, And, Or"
        )


def _unknown(e: Expr) -> InvalidInputError:
    return InvalidInputError(
        "an expression must be built from known functions",
        str(e),
        f"rewrite {e.func} by exp and log",
    )
