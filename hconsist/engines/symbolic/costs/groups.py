"""T as the least of the conjugates of some laws, in the shortest form that is shown to be right.

Laws of two values with the same mass m on the larger one have T = kl(x; m), with x linear in beta:
the least of them is kl at the least x, a concave function with corners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import BallOps, Ops, SympyOps, Value, evaluate
from hconsist.engines.derivation import beta_symbol
from hconsist.engines.symbolic.costs.conjugate import binary_divergence, conjugate, expression
from hconsist.engines.symbolic.costs.laws import Law
from hconsist.engines.symbolic.costs.programs import Number

if TYPE_CHECKING:
    from sympy.printing.printer import Printer


def least(laws: Sequence[Law]) -> list[Law]:
    """The laws that no other one lies above: the others do not matter.

    Of laws that are equal one stays.
    """
    kept: list[Law] = []
    for law in laws:
        if any(law.below(other) for other in kept):
            continue
        kept = [other for other in kept if not other.below(law)]
        kept.append(law)
    return kept


@dataclass(frozen=True)
class Group:
    """Laws of two values with one mass on the larger: where each is the least, up to which beta."""

    mass: Expr
    lines: tuple[tuple[Expr, Expr, Expr], ...]  # smallest value, largest value, up to this beta

    @property
    def part(self) -> tuple[Expr, Expr, Expr]:
        """The formula, the largest beta with a finite value, and the value there."""
        return self.formula(), self.lines[-1][2], sympy.log(1 / self.mass)

    def formula(self) -> Expr:
        """kl of the least x."""
        b = beta_symbol()
        parts = [
            (binary_divergence((b - low) / (top - low), self.mass), b <= end)
            for low, top, end in self.lines
        ]
        if len(parts) == 1:
            return parts[0][0]
        return sympy.Piecewise(*parts[:-1], (parts[-1][0], True))


def group(laws: Sequence[Law], zero: Number) -> Group:
    """The least of the lines x = (b - low)/(top - low), from 0 to the largest top."""
    at, lines = zero, []
    remaining = list(laws)

    def height(law: Law, b: Number) -> Number:
        return (b - law.values[0]) / (law.values[1] - law.values[0])

    def slope(law: Law) -> Number:
        return 1 / (law.values[1] - law.values[0])

    while True:
        current = remaining[0]
        for law in remaining[1:]:
            h, g = height(law, at), height(current, at)
            if h < g or (h == g and slope(law) < slope(current)):
                current = law
        flatter = [law for law in remaining if slope(law) < slope(current)]
        end, following = current.top, None
        for law in flatter:
            meet = at + (height(law, at) - height(current, at)) / (slope(current) - slope(law))
            if meet < end:
                end, following = meet, law
        lines.append((expression(current.values[0]), expression(current.top), expression(end)))
        if following is None:
            break
        at, remaining = end, flatter
    return Group(expression(laws[0].masses[1]), tuple(lines))


def grouped(laws: Sequence[Law], zero: Number) -> tuple[list[Group], list[Law]]:
    """Groups of two-valued laws by their mass, and the other laws."""
    groups: list[list[Law]] = []
    others = []
    for law in laws:
        if len(law.values) != 2:
            others.append(law)
            continue
        known = next((g for g in groups if g[0].masses[1] == law.masses[1]), None)
        if known is None:
            groups.append([law])
        else:
            known.append(law)
    return [group(g, zero) for g in groups], others


class Least(sympy.Expr):  # type: ignore[misc]
    """The least of formulas in one variable, each finite up to its own end.

    Parameters
    ----------
    x : sympy.Expr
        At most the largest end.
    variable : sympy.Symbol
        Bound in the formulas.
    *parts : triples
        A formula, its end, and its value there.
    """

    def __new__(cls, x: Expr, variable: Expr, *parts: Expr) -> Expr:
        """Hold the minimum unevaluated."""
        held = [sympy.Tuple(*map(sympy.sympify, part)) for part in parts]
        return sympy.Expr.__new__(cls, sympy.sympify(x), variable, *held)

    @property
    def free_symbols(self) -> set[Expr]:
        """Without the bound variable."""
        found: set[Expr] = self.args[0].free_symbols
        return found

    @property
    def evaluation_arguments(self) -> tuple[Expr, ...]:
        """What `evaluate_in` receives the values of."""
        return (self.args[0],)

    def _eval_subs(self, old: Expr, new: Expr) -> Expr:
        return self.func(self.args[0].subs(old, new), *self.args[1:])

    def evaluate_in(self, ops: Ops, x: Value) -> Value:
        """The value in floats or balls."""
        _, variable, *parts = self.args
        if isinstance(ops, SympyOps):
            return self.func(x, *self.args[1:])
        if isinstance(ops, BallOps):
            result: Value = None
            for formula, end, last in parts:
                top = evaluate(end, {}, ops)
                if x > top:
                    continue
                if x < top:
                    value = evaluate(formula, {variable: x}, ops)
                else:  # the value at the end, approached from below, or nothing
                    value = evaluate(last, {}, ops)
                    value = value.union(value * 0) if len(parts) > 1 else value
                result = value if result is None else result.min(value)
            return result
        betas = np.asarray(x, dtype=float)
        least = np.full(betas.shape, np.inf)
        for formula, end, last in parts:
            inside = np.minimum(betas, float(end))
            with np.errstate(all="ignore"):
                value = np.asarray(evaluate(formula, {variable: inside}, ops), dtype=float)
            value = np.where(betas == float(end), float(last), value)
            least = np.where((betas <= float(end)) & ~(value > least), value, least)
        return least

    def _latex(self, printer: Printer, *args: object) -> str:
        _, _, *parts = self.args
        most = max((end for _, end, _ in parts), key=float)
        shown = [
            printer._print(formula)
            + ("" if end == most else rf"\ (\beta \le {printer._print(end)})")
            for formula, end, _ in parts
        ]
        several = r",\; ".join(shown)
        return rf"\min\left\{{ {several} \right\}}"

    def _sympystr(self, printer: Printer, *args: object) -> str:
        return "Least(" + "; ".join(f"{f} up to {end}" for f, end, _ in self.args[2:]) + ")"


def least_formula(parts: Sequence[tuple[Expr, Expr, Expr]]) -> Expr:
    """The least of formulas: each with the beta up to which it is finite and its value there."""
    if len(parts) == 1:
        return parts[0][0]
    return Least(beta_symbol(), beta_symbol(), *parts)


def of_laws(laws: Sequence[Law]) -> tuple[Expr, Expr, Expr]:
    """The conjugate of the largest moment of some laws, its end and its value there."""
    top = max(law.top for law in laws)
    last = max(law.masses[-1] for law in laws if law.top == top)
    return conjugate(beta_symbol(), laws), expression(top), sympy.log(1 / expression(last))
