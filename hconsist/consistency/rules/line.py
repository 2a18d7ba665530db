"""phi on the line, cut into smooth pieces that are proven to join: what the margin rules ask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from hconsist.engines.symbolic import margin
from hconsist.errors import EngineCannotAnswerError

if TYPE_CHECKING:
    from sympy import Expr


@dataclass(frozen=True)
class AroundZero:
    """A continuous phi: its formulas right and left of 0, outwards."""

    pieces: margin.MarginPieces

    def slopes(self, knot: int) -> tuple[Expr, Expr]:
        """The slopes of phi on both sides of 0, left then right."""
        import sympy

        f = margin.margin_symbol()
        sides = (-self.pieces.left[knot], self.pieces.right[knot])
        return tuple(sympy.simplify(sympy.diff(e, f).subs(f, 0)) for e in sides)

    @cached_property
    def convex(self) -> bool:
        """Whether phi is proven convex."""
        return margin.is_convex(self.pieces)

    @cached_property
    def decreasing(self) -> bool:
        """Whether phi is proven not to increase."""
        return margin.decreasing(self.pieces)

    @cached_property
    def differentiable(self) -> bool:
        """Whether the slopes of neighbouring pieces are proven finite and equal."""
        import sympy

        f, pieces = margin.margin_symbol(), self.pieces
        jumps = [
            sympy.diff(pieces.right[0], f).subs(f, 0) + sympy.diff(pieces.left[0], f).subs(f, 0)
        ]
        for i, knot in enumerate(pieces.knots[1:], 1):
            for side in (pieces.right, pieces.left):
                jumps.append(sympy.diff(side[i] - side[i - 1], f).subs(f, knot))
        return all(sympy.simplify(jump) == 0 for jump in jumps)

    @property
    def flat_behind(self) -> bool:
        """Whether phi(v) = phi(0) for every v <= 0."""
        return _constant(self.pieces.left)

    @property
    def flat_ahead(self) -> bool:
        """Whether phi is constant beyond its last knot."""
        return _constant(self.pieces.right[-1:])

    @property
    def far_limit(self) -> Expr:
        """The limit of phi at plus infinity, by the formula that holds there."""
        import sympy

        return sympy.limit(self.pieces.right[-1], margin.margin_symbol(), sympy.oo)

    @property
    def behind(self) -> Expr:
        """phi(-f) for all f >= 0 as one formula in `margin_symbol()`; None where it changes."""
        import sympy

        first = self.pieces.left[0]
        same = all(sympy.simplify(other - first) == 0 for other in self.pieces.left[1:])
        return first if same else None


def _constant(formulas: tuple[Expr, ...]) -> bool:
    """Formulas that join and do not vary are one constant."""
    import sympy

    f = margin.margin_symbol()
    return all(not sympy.simplify(formula).has(f) for formula in formulas)


def pieces_of(phi: Expr, v: Expr) -> AroundZero | None:
    """phi cut where its formula changes; None where it was not shown to be continuous."""
    import sympy

    try:
        return AroundZero(margin.split(sympy.sympify(phi), v))
    except EngineCannotAnswerError:
        return None


def vanishes(expression: Expr, v: Expr) -> bool:
    """Whether an expression is proven to be 0 for every real v."""
    import sympy

    line = pieces_of(expression, v)
    formulas = () if line is None else (*line.pieces.right, *line.pieces.left)
    return line is not None and all(sympy.simplify(formula) == 0 for formula in formulas)
