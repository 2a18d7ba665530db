"""phi cut into smooth pieces: where a formula switches, that no piece has a pole, that none jumps.

Everything a derivation says of phi (monotone, convex) rests on the cut: curvature and slopes say
nothing of a jump, so `split` refuses what it could not show to be continuous.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import sympy
from sympy import Expr

from hconsist.engines.symbolic.regular import SWITCHES, continuous_at, smooth_on, zeros
from hconsist.engines.symbolic.signs import constant_sign, holds, sign_on
from hconsist.engines.symbolic.solution import stop
from hconsist.losses.facts import Curve


def margin_symbol() -> Expr:
    """The margin of the likelier label."""
    return sympy.Symbol("f", real=True)


def margin_variable() -> Expr:
    """The argument of phi."""
    return sympy.Symbol("v", real=True)


@dataclass(frozen=True)
class MarginPieces:
    """phi on f >= 0 and its mirror image phi(-f), smooth between the knots 0 = r_0 < r_1 < ... <
    oo, and continuous.

    Parameters
    ----------
    knots : tuple of sympy.Expr
        Where a formula changes, starting with 0.
    right, left : tuple of sympy.Expr
        phi(f) and phi(-f) on [r_i, r_(i+1)].
    curve : Curve or None
        What else is proven of phi, up to a scale of its argument; None where nothing is.
    """

    knots: tuple[Expr, ...]
    right: tuple[Expr, ...]
    left: tuple[Expr, ...]
    curve: Curve | None = None

    @property
    def intervals(self) -> list[tuple[Expr, Expr]]:
        """The intervals of f, one a piece; the last has no end."""
        return list(pairwise([*self.knots, sympy.oo]))


def split(phi: Expr, v: Expr, curve: Curve | None = None) -> MarginPieces:
    """Cut the line where the formula changes.

    Raises
    ------
    EngineCannotAnswerError
        When the order of two switching points stays open, or phi was not shown to be finite and
        continuous.
    """
    f = margin_symbol()
    sides = [_half_line(phi.subs(v, f), f), _half_line(phi.subs(v, -f), f)]
    knots: list[Expr] = [sympy.Integer(0)]
    for side in sides:
        for low, _, _ in side[1:]:
            _insert(knots, low)
    aligned = [_aligned(side, knots) for side in sides]
    pieces = MarginPieces(tuple(knots), tuple(aligned[0]), tuple(aligned[1]), curve)
    _require_continuous(pieces, phi, v)
    return pieces


def _half_line(formula: Expr, f: Expr) -> list[tuple[Expr, Expr, Expr]]:
    """(low, high, smooth formula) on consecutive intervals of f > 0: the innermost switches are
    decided first, each on the intervals between its own switching points.
    """
    waiting, done = [(sympy.Integer(0), sympy.oo, formula)], []
    while waiting:
        low, high, part = waiting.pop(0)
        nodes = [n for n in part.atoms(*SWITCHES) if not any(a.has(*SWITCHES) for a in n.args)]
        if not nodes:
            done.append((low, high, part))
            continue
        if len(waiting) + len(done) > 64:
            raise stop(f"phi = {formula} changes its formula more than 64 times")
        cuts: list[Expr] = [low]
        for difference in _differences(nodes, f):
            if not smooth_on(difference, f, low, high):
                raise stop(f"could not show where {difference} changes its sign")
            for zero in zeros(difference, f):
                if constant_sign(zero - low) is None:
                    raise stop(f"whether {zero} or {low} is larger: give the parameters values")
                inside = high is sympy.oo or constant_sign(high - zero) == 1
                if constant_sign(zero - low) == 1 and inside:
                    _insert(cuts, zero)
        new = []
        for start, end in pairwise([*cuts, high]):
            sample = start + 1 if end is sympy.oo else (start + end) / 2
            chosen = {node: _choose(node, f, sample) for node in nodes}
            new.append((start, end, part.xreplace(chosen)))
        waiting = new + waiting
    return done


def _differences(nodes: list[Expr], f: Expr) -> list[Expr]:
    """The expressions whose signs decide the switches, those that vary with f."""
    found: list[Expr] = []
    for node in nodes:
        if isinstance(node, sympy.Abs):
            found.append(node.args[0])
        elif isinstance(node, sympy.Piecewise):
            relations = (r for _, c in node.args for r in c.atoms(sympy.core.relational.Relational))
            found += [r.lhs - r.rhs for r in relations]
        else:
            found += [p - q for i, p in enumerate(node.args) for q in node.args[:i]]
    return [d for d in dict.fromkeys(found) if d.has(f)]


def _choose(node: Expr, f: Expr, sample: Expr) -> Expr:
    """The branch of a switch at a sample point."""
    if isinstance(node, sympy.Abs):
        sign = constant_sign(node.args[0].subs(f, sample))
        if sign is None:
            raise stop(f"the sign of {node.args[0]} at {f} = {sample}")
        return node.args[0] if sign >= 0 else -node.args[0]
    if isinstance(node, sympy.Piecewise):
        for value, condition in node.args:
            here = condition if condition in (True, False) else condition.subs(f, sample)
            if holds(here):
                return value
            if here != False:  # noqa: E712 (SymPy leaves open what it cannot decide)
                break
        raise stop(f"the branch of {node} at {f} = {sample}")
    best = node.args[0]
    for arg in node.args[1:]:
        sign = constant_sign((arg - best).subs(f, sample))
        if sign is None:
            raise stop(f"the sign of {(arg - best).subs(f, sample)}")
        if (sign > 0) == isinstance(node, sympy.Max):
            best = arg
    return best


def _insert(knots: list[Expr], point: Expr) -> None:
    """Insert in order; a point that is there stays there once."""
    for i, other in enumerate(knots):
        order = constant_sign(point - other)
        if order is None:
            raise stop(f"whether {point} or {other} is larger: give the parameters values")
        if order == 0:
            return
        if order < 0:
            knots.insert(i, point)
            return
    knots.append(point)


def _aligned(side: list[tuple[Expr, Expr, Expr]], knots: list[Expr]) -> list[Expr]:
    """One formula for each interval between the knots, which contain the side's own."""
    found, at = [], 0
    for low in knots:
        while side[at][1] is not sympy.oo and constant_sign(low - side[at][1]) in (0, 1):
            at += 1
        found.append(side[at][2])
    return found


def _require_continuous(pieces: MarginPieces, phi: Expr, v: Expr) -> None:
    """Every piece smooth inside, and equal to its neighbours and to phi itself at the knots."""
    f = margin_symbol()
    for i, (low, high) in enumerate(pieces.intervals):
        for formula in (pieces.right[i], pieces.left[i]):
            if not smooth_on(formula, f, low, high):
                raise stop(f"could not show that {formula} is finite and smooth on ({low}, {high})")
    for i, knot in enumerate(pieces.knots):
        for side, sign in ((pieces.right, 1), (pieces.left, -1)):
            around = [side[i]] if i == 0 else [side[i - 1], side[i]]
            why = continuous_at([e.subs(f, knot) for e in around], phi.subs(v, sign * knot))
            if why:
                raise stop(
                    f"could not show that phi is continuous at {sign * knot}, where its values "
                    f"are {why}: a jump leaves monotonicity and convexity open"
                )


def is_convex(pieces: MarginPieces) -> bool:
    """Whether phi, which is continuous, is provably convex on the line: curvature on each piece,
    slopes across the knots.
    """
    f = margin_symbol()
    if pieces.curve is not None and pieces.curve.fact("convex").proven:
        return True
    for i, (low, high) in enumerate(pieces.intervals):
        for formula in (pieces.right[i], pieces.left[i]):
            if sign_on(sympy.diff(formula, f, 2), f, low, high) not in (0, 1):
                return False
        if i:
            # in the mirrored variable slopes increase outwards as well
            for side in (pieces.right, pieces.left):
                jump = (sympy.diff(side[i], f) - sympy.diff(side[i - 1], f)).subs(f, low)
                if constant_sign(jump) not in (0, 1):
                    return False
    jump = (sympy.diff(pieces.right[0], f) + sympy.diff(pieces.left[0], f)).subs(f, 0)
    return constant_sign(sympy.simplify(jump)) in (0, 1)


def decreasing(pieces: MarginPieces) -> bool:
    """Whether phi, which is continuous, provably does not increase on the line."""
    f = margin_symbol()
    if pieces.curve is not None and pieces.curve.fact("non-increasing").proven:
        return True
    return all(
        sign_on(sympy.diff(formula, f), f, low, high) in falls
        for i, (low, high) in enumerate(pieces.intervals)
        for formula, falls in ((pieces.right[i], (0, -1)), (pieces.left[i], (0, 1)))
    )
