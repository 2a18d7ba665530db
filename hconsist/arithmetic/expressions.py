"""A SymPy expression, evaluated in any arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic.exact import Value, exact
from hconsist.arithmetic.ops import Ops
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    import sympy


def evaluate(expression: sympy.Expr, values: Mapping[sympy.Symbol, Value], ops: Ops) -> Value:
    """Evaluate a SymPy expression in any arithmetic, without passing through floats.

    Parameters
    ----------
    expression : sympy.Expr
        Built from + * **, exp, log, tanh (and sinh, cosh), sqrt, Abs, Max, Min, rational numbers,
        pi, E.
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

    cache: dict[Any, Value] = {}

    def constant(e: Any) -> Value:
        if e.is_Rational:
            return ops.const(Fraction(int(e.p), int(e.q)))
        if e.is_Float:
            return ops.const(exact(e, "a coefficient"))
        if e is sympy.E:
            return ops.exp(ops.const(1))
        if e is sympy.pi:
            return ops.pi()
        raise InvalidInputError(
            "an expression must be built from known functions",
            str(e),
            f"rewrite {e} by exp and log",
        )

    def walk(e: Any) -> Value:
        if e not in cache:
            cache[e] = visit(e)
        return cache[e]

    def x_log_x(product: Any) -> Value:
        """A product with a factor g log(g), which tends to 0 with g; None where there is none."""
        for logarithm in product.args:
            if not isinstance(logarithm, sympy.log):
                continue
            inner, g = logarithm.args[0].primitive()
            for factor in product.args:
                coefficient, rest = factor.primitive()
                if rest in (g, -g) and inner.is_Rational and not g.is_Number:
                    others = [f for f in product.args if f is not logarithm and f is not factor]
                    ratio = (coefficient if rest == g else -coefficient) / inner
                    total = ops.const(Fraction(int(ratio.p), int(ratio.q))) * ops.xlogx(
                        walk(logarithm.args[0])
                    )
                    for other in others:
                        total = total * walk(other)
                    return total
        return None

    def visit(e: Any) -> Value:
        if e in values:
            return values[e]
        if e.is_Symbol:
            raise InvalidInputError(
                "every symbol of an expression needs a value",
                str(e),
                f"give a value for {e} (known: {list(values)})",
            )
        if e.is_Number or e.is_NumberSymbol:
            return constant(e)
        if e.is_Mul:
            continued = x_log_x(e)
            if continued is not None:
                return continued
        if e.is_Add or e.is_Mul:
            total = walk(e.args[0])
            for arg in e.args[1:]:
                total = total + walk(arg) if e.is_Add else total * walk(arg)
            return total
        if isinstance(e, sympy.exp):
            return ops.exp(walk(e.args[0]))
        if e.is_Pow:
            base, exponent = e.args
            if exponent.is_Rational:
                return ops.power(walk(base), Fraction(int(exponent.p), int(exponent.q)))
            if not exponent.free_symbols:
                return ops.power(walk(base), exponent)
            return ops.exp(walk(exponent) * ops.log(walk(base)))
        unary = {sympy.log: ops.log, sympy.tanh: ops.tanh, sympy.Abs: ops.absolute}
        for cls, function in unary.items():
            if isinstance(e, cls):
                return function(walk(e.args[0]))
        if isinstance(e, sympy.sinh | sympy.cosh | sympy.coth | sympy.sech):
            return walk(e.rewrite(sympy.exp))
        if isinstance(e, sympy.Max | sympy.Min):
            pick = ops.maximum if isinstance(e, sympy.Max) else ops.minimum
            result = walk(e.args[0])
            for arg in e.args[1:]:
                result = pick(result, walk(arg))
            return result
        if isinstance(e, sympy.Piecewise):
            branches = [(walk_condition(condition), value) for value, condition in e.args]
            return ops.select(
                [(decided, walk(value)) for decided, value in branches if decided is not False]
            )
        if hasattr(
            e, "evaluate_in"
        ):  # a function of ours that knows its own value in every arithmetic
            return e.evaluate_in(
                ops, *(walk(a) for a in getattr(e, "evaluation_arguments", e.args))
            )
        raise InvalidInputError(
            "an expression must be built from known functions",
            str(e),
            f"rewrite {e.func} by exp and log",
        )

    def walk_condition(c: Any) -> Value:
        if c == True or c == False:  # noqa: E712 (SymPy's own truth values)
            return bool(c)
        if isinstance(c, sympy.And | sympy.Or):
            decided = [walk_condition(a) for a in c.args]
            return ops.all_of(decided) if isinstance(c, sympy.And) else ops.any_of(decided)
        if isinstance(c, sympy.LessThan | sympy.StrictLessThan):
            return ops.less(walk(c.lhs), walk(c.rhs), strict=isinstance(c, sympy.StrictLessThan))
        if isinstance(c, sympy.GreaterThan | sympy.StrictGreaterThan):
            return ops.less(walk(c.rhs), walk(c.lhs), strict=isinstance(c, sympy.StrictGreaterThan))
        raise InvalidInputError(
            "a condition must be an inequality", str(c), "rewrite it by <, <=, And, Or"
        )

    return walk(sympy.sympify(expression))
