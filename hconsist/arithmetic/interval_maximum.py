"""The largest value of a formula over an interval, held unevaluated inside a SymPy expression."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.expressions import evaluate
from hconsist.arithmetic.ops import Ops

if TYPE_CHECKING:
    from sympy import Expr
    from sympy.printing.printer import Printer


@lru_cache(maxsize=1)
def interval_maximum() -> Any:
    """The class of held maxima over an interval; made on first use, as it needs SymPy."""
    import mpmath
    import sympy

    class IntervalMaximum(sympy.Expr):  # type: ignore[misc]
        """``max { body : low <= t <= high }`` for a formula in t.

        Parameters
        ----------
        body, slope : sympy.Expr
            The formula and its derivative by t.
        t : sympy.Symbol
            Bound by the maximum.
        low, high : sympy.Expr
            Without free symbols.

        """

        def __new__(cls, body: Expr, slope: Expr, t: Expr, low: Expr, high: Expr) -> Expr:
            """Hold the maximum unevaluated."""
            return sympy.Expr.__new__(cls, *(sympy.sympify(v) for v in (body, slope, t, low, high)))

        @property
        def free_symbols(self) -> set[Expr]:
            """Without the bound t."""
            free: set[Expr] = self.args[0].free_symbols - {self.args[2]}
            return free

        @property
        def evaluation_arguments(self) -> tuple[Expr, ...]:
            """What `evaluate_in` receives the values of."""
            return tuple(sorted(self.free_symbols, key=str))

        def evaluate_in(self, ops: Ops, *values: Value) -> Value:
            """The value in any arithmetic."""
            body, slope, t, low, high = self.args
            known = dict(zip(self.evaluation_arguments, values, strict=True))
            ends = (evaluate(v, {}, ops) for v in (low, high))
            return ops.maximum_over(
                lambda x, o: evaluate(body, {**known, t: x}, o),
                lambda x, o: evaluate(slope, {**known, t: x}, o),
                *ends,
            )

        def _eval_evalf(self, prec: int) -> Expr:
            if self.free_symbols:
                return self
            body, slope, t, low, high = self.args
            with mpmath.workprec(prec + 30):
                f, d = sympy.lambdify(t, body, "mpmath"), sympy.lambdify(t, slope, "mpmath")
                a, b = mpmath.mpf(sympy.N(low, 60)), mpmath.mpf(sympy.N(high, 60))
                grid = [a + (b - a) * i / 64 for i in range(65)]
                best = max(range(65), key=lambda i: f(grid[i]))
                left, right = grid[max(best - 1, 0)], grid[min(best + 1, 64)]
                for _ in range(prec + 40):
                    middle = (left + right) / 2
                    left, right = (middle, right) if d(middle) > 0 else (left, middle)
                return sympy.Float(max(f(grid[best]), f((left + right) / 2)), precision=prec)

        def _latex(self, printer: Printer, *args: object) -> str:
            body, _, t, low, high = (printer._print(a) for a in self.args)
            return rf"\max_{{{low} \le {t} \le {high}}} \left[ {body} \right]"

    return IntervalMaximum
