"""Facts of a curve from the signs on its pieces."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import BALLS, precision
from hconsist.arithmetic.balls import BallOps, possible
from hconsist.arithmetic.exact import Value
from hconsist.losses.origin import Asked, Fact, NotShown
from hconsist.losses.proving import limits
from hconsist.losses.proving.on_interval import RegionOps, Term
from hconsist.losses.proving.pieces import Pieces, cut, value_at
from hconsist.losses.proving.roots import Joint
from hconsist.losses.proving.signs import OpenInterval
from hconsist.losses.proving.terms import VARIABLE, Sum, UndecidedError, constant_sign, work

BITS = 128
_NEAR_ZERO = Fraction(1, 2**64)
_ENDS: dict[str, tuple[Fraction | None, Fraction | None]] = {
    "unit": (Fraction(0), Fraction(1)),
    "line": (None, None),
}


def prove(curve: Asked, what: str) -> Fact | NotShown:
    """What can be shown of a curve; total: whatever goes wrong is a reason."""
    with precision(BITS):
        against = _refuted(curve, what)  # first: it is quick, and spares a vain search
        if against:
            return NotShown(what, curve.on, against, refuted=True)
        try:
            with work():
                return Fact(what, curve.on, "proven", _CHECKS[what](curve, pieces_of(curve)))
        except ContraryError as contrary:
            return NotShown(what, curve.on, str(contrary), refuted=True)
        except UndecidedError as open_:
            reason = str(open_)
        except Exception as problem:  # a stranger's formula may do anything
            reason = f"the formula is beyond the prover ({type(problem).__name__}: {problem})"
    return NotShown(what, curve.on, reason)


class ContraryError(UndecidedError):
    """The opposite is shown."""


def kinks(curve: Asked) -> tuple[Fraction, ...] | None:
    """Every point where the curve may fail to be smooth; None where they are not known exactly."""
    with precision(BITS):
        try:
            pieces = pieces_of(curve)
        except Exception:
            return None
    if any(low != high for low, high in pieces.joints):
        return None
    pairs = itertools.pairwise(piece.formula for piece in pieces.pieces)
    return tuple(j[0] for j, (a, b) in zip(pieces.joints, pairs, strict=True) if a != b)


def pieces_of(curve: Asked) -> Pieces:
    """The pieces of a curve, cut once."""
    if "pieces" not in curve._known:
        try:
            with work():
                curve._known["pieces"] = cut(curve.term, *_ENDS[curve.domain])
        except Exception as problem:
            curve._known["pieces"] = problem
            raise
    found = curve._known["pieces"]
    if isinstance(found, Exception):
        raise found
    pieces: Pieces = found
    return pieces


# -- what each fact asks of the pieces
def _continuous(curve: Asked, pieces: Pieces) -> str:
    formulas = [piece.formula for piece in pieces.pieces]
    for (low, high), (a, b) in zip(pieces.joints, itertools.pairwise(formulas), strict=True):
        if low != high:  # the root of a difference whose larger (smaller) side is taken
            _smooth_across((low, high), a, b)
            continue
        here = value_at(curve.term, low)
        if constant_sign(limits.at(a, low) - here) != 0 or (
            constant_sign(limits.at(b, low) - here) != 0
        ):
            raise UndecidedError(f"could not show that the pieces meet at {low}")
    if curve.domain == "unit":
        end = Fraction(1)
        if constant_sign(limits.at(formulas[-1], end) - value_at(curve.term, end)) != 0:
            raise UndecidedError("could not show continuity at 1")
        # no softmax value is 0, but engines take g there for its limit
        if curve.term(BALLS.const(0), BALLS).is_finite() and not _one_case_from_zero(curve):
            _continuous_at_zero(curve, pieces)
    return _counted("smooth", pieces) + (", equal where they meet" if pieces.joints else "")


def _smooth_across(joint: Joint, *formulas: Sum) -> None:
    """Neither pole nor root of 0 inside a bracket: signs that hold beside it say nothing there."""
    bracket = BALLS.const(joint[0]).union(BALLS.const(joint[1]))
    if not all(formula.ball(bracket).is_finite() for formula in formulas):
        raise UndecidedError(f"could not show that the pieces meet at {_short(joint[0])}")


def _counted(how: str, pieces: Pieces) -> str:
    n = len(pieces.pieces)
    return how if n == 1 else f"{how} on {n} pieces"


def _signs(pieces: Pieces, of: Callable[[Sum], Sum], wanted: set[int], name: str) -> str:
    for piece in pieces.pieces:
        sign = piece.interval.sign(of(piece.formula))
        if sign == 0 and 0 not in wanted:
            raise ContraryError(f"{name} is 0 on {_written(piece.interval)}")
        if sign not in wanted:
            if sign is not None and abs(sign) > 1 and not piece.interval.loose:
                raise ContraryError(
                    f"{name} is {'positive' if sign > 0 else 'negative'} on "
                    f"{_written(piece.interval)}"
                )
            raise UndecidedError(f"the sign of {name} on {_written(piece.interval)} stayed open")
    return _counted(f"sign of {name}, by algebra", pieces)


def _written(interval: OpenInterval) -> str:
    left = "-inf" if interval.left is None else _short(interval.left)
    right = "inf" if interval.right is None else _short(interval.right)
    return f"({left}, {right})"


def _short(value: Fraction) -> str:
    return str(value) if value.denominator < 10**6 else f"{float(value):.6g}"


def _slope_jumps(pieces: Pieces, sign: int) -> None:
    """Slopes do not fall (sign 1) or rise (sign -1) where pieces meet."""
    pairs = itertools.pairwise(piece.formula for piece in pieces.pieces)
    for joint, (a, b) in zip(pieces.joints, pairs, strict=True):
        jump = b.derivative - a.derivative
        if joint[0] == joint[1]:
            found = constant_sign(
                limits.at(b.derivative, joint[0]) - limits.at(a.derivative, joint[0])
            )
        else:
            _smooth_across(joint, a.derivative, b.derivative)
            ball = jump.ball(BALLS.const(joint[0]).union(BALLS.const(joint[1])))
            found = 3 if ball >= 0 else -3 if ball <= 0 else None
        if found is None or found * sign < 0:
            raise UndecidedError(f"the slopes on both sides of {_short(joint[0])} stayed open")


def _slope(f: Sum) -> Sum:
    return f.derivative


def _bend(f: Sum) -> Sum:
    return f.derivative.derivative


def _bend_in_log(f: Sum) -> Sum:
    return VARIABLE * (VARIABLE * f.derivative.derivative + f.derivative)


def _monotone(wanted: set[int]) -> Callable[[Asked, Pieces], str]:
    def check(curve: Asked, pieces: Pieces) -> str:
        _continuous(curve, pieces)
        sign = max(wanted)
        convex = curve.fact("convex" if sign <= 0 else "concave")
        if convex.proven:  # then the slope at the right end is the extreme one
            last = pieces.pieces[-1]
            slope = limits.end_sign(
                last.formula.derivative, last.interval.right, "+inf", from_right=False
            )
            strict = 0 not in wanted
            if slope is not None and (slope == -3 if sign <= 0 else slope == 3):
                return f"{convex.what}, with the sign of the slope at the right end"
            if slope == 0 and not strict:
                return f"{convex.what}, with slope 0 at the right end"
        return _signs(pieces, _slope, wanted, "the slope")

    return check


def _curved(
    wanted: set[int], sign: int, of: Callable[[Sum], Sum] = _bend
) -> Callable[[Asked, Pieces], str]:
    def check(curve: Asked, pieces: Pieces) -> str:
        _continuous(curve, pieces)
        proof = _signs(pieces, of, wanted, "the second derivative")
        _slope_jumps(pieces, sign)
        return proof

    return check


def _non_negative(curve: Asked, pieces: Pieces) -> str:
    _continuous(curve, pieces)
    return _signs(pieces, lambda f: f, {0, 1, 2, 3}, "the value")


def _bounded_below(curve: Asked, pieces: Pieces) -> str:
    _continuous(curve, pieces)
    ends = [("0", 0)] if curve.domain == "unit" else [("-inf", 0), ("+inf", -1)]
    for end, index in ends:
        piece = pieces.pieces[index]
        found = limits.lead(piece.formula, end)
        falls = found is not None and found.growth > limits.FLAT and found.sign == -3
        if falls:
            raise ContraryError(f"it falls without bound towards {end}")
        if found is None and piece.interval.sign(piece.formula) not in {0, 1, 2, 3}:
            raise UndecidedError(f"the limit at {end} stayed open")
    return "continuous, and bounded below near the ends"


def _falls(curve: Asked, pieces: Pieces) -> str:
    for sign in _signs_of_slope_at_zero(pieces):
        if sign != -3:
            raise UndecidedError("the sign of the slope at 0 stayed open")
    _continuous(curve, pieces)
    return "slope at 0, exactly"


def _signs_of_slope_at_zero(pieces: Pieces) -> list[int | None]:
    zero, found = Fraction(0), []
    for piece in pieces.pieces:
        a, b = piece.interval.left, piece.interval.right
        if (a is None or a <= zero) and (b is None or zero <= b):
            found.append(constant_sign(limits.at(piece.formula.derivative, zero)))
    return found


def _linear(curve: Asked, pieces: Pieces) -> str:
    _continuous(curve, pieces)
    for piece in pieces.pieces:
        bend = _bend(piece.formula).expanded
        if not bend.is_zero:
            inner = piece.interval.inner()
            beside = piece.interval.part(inner, piece.interval.right).inner()
            balls = [bend.ball(BALLS.const(x)) for x in (inner, beside)]
            raise (ContraryError if any(b > 0 or b < 0 for b in balls) else UndecidedError)(
                f"not linear on {_written(piece.interval)}"
            )
    return _counted("linear", pieces)


def _continuous_at_zero(curve: Asked, pieces: Pieces) -> str:
    zero = Fraction(0)
    here = value_at(curve.term, zero)
    first = pieces.pieces[0].formula
    try:
        gap = constant_sign(limits.at(first, zero) - here)
    except UndecidedError:
        found = limits.lead(first - here, "0")
        gap = (
            0
            if (first - here).is_zero or (found is not None and found.growth < limits.FLAT)
            else None
        )
    if gap != 0:
        raise UndecidedError("could not show that the limit at 0 is the value there")
    return "limit at 0, exactly"


class _OneCase(BallOps):
    """Balls for which one case alone may hold: a formula that is finite there is continuous."""

    def select(self, branches: list[tuple[Value, Value]], *, continuous: bool = False) -> Value:
        if len(possible(*(part for branch in branches for part in branch))) > 1:
            raise UndecidedError("several cases")
        return super().select(branches, continuous=continuous)


def _one_case_from_zero(curve: Asked) -> bool:
    near = BALLS.const(0).union(BALLS.const(_NEAR_ZERO))
    try:
        return bool(curve.term(near, _OneCase()).is_finite())
    except Exception:  # a stranger's formula may do anything
        return False


def _odd(curve: Asked, pieces: Pieces) -> str:
    interval = OpenInterval(Fraction(0), None)
    ops = RegionOps(interval)
    values = [curve.term(Term(x, ops), ops).sum for x in (VARIABLE, -VARIABLE)]
    if interval.sign((values[0] + values[1]).derivative) != 0:
        raise UndecidedError("could not show that phi(v) + phi(-v) is constant")
    return _continuous(curve, pieces) + ", by algebra"


_UP, _DOWN = {0, 1, 2, 3}, {0, -1, -2, -3}
_CHECKS: dict[str, Callable[[Any, Pieces], str]] = {
    "continuous": _continuous,
    "non-increasing": _monotone(_DOWN),
    "non-decreasing": _monotone(_UP),
    "decreasing": _monotone({-2, -3}),
    "increasing": _monotone({2, 3}),
    "convex": _curved(_UP, 1),
    "concave": _curved(_DOWN, -1),
    "strictly convex": _curved({2, 3}, 1),
    "strictly concave": _curved({-2, -3}, -1),
    "convex in -log u": _curved(_UP, 1, _bend_in_log),
    "piecewise linear": _linear,
    "non-negative": _non_negative,
    "bounded below": _bounded_below,
    "falls at 0": _falls,
    "continuous at 0": _continuous_at_zero,
    "odd about a level": _odd,
}


# -- refutations
def _refuted(curve: Asked, what: str) -> str:
    """Why it certainly does not hold, or nothing."""
    try:
        return _against(curve, what)
    except Exception:
        return ""


def _against(curve: Asked, what: str) -> str:
    joints = _known_joints(curve)
    if what == "falls at 0":
        signs = _signs_of_slope_at_zero(pieces_of(curve))
        return "its slope at 0 is not negative" if any(s in (0, 3) for s in signs) else ""
    if what == "continuous":
        return _jump(curve)
    if what.startswith("odd") or what.endswith("at 0"):
        return ""
    points = _points(curve, joints)
    values = [(x, v) for x in points if (v := _value(curve, x)) is not None]
    if what == "non-negative":
        bad = next((x for x, v in values if v < 0), None)
        return "" if bad is None else f"it is negative at {_short(bad)}"
    direction = {"increasing": -1, "non-decreasing": -1, "decreasing": 1, "non-increasing": 1}
    if what in direction:
        for (x, v), (y, w) in itertools.pairwise(values):
            if (w > v) if direction[what] > 0 else (w < v):
                verb = "rises" if direction[what] > 0 else "falls"
                return f"it {verb} from {_short(x)} to {_short(y)}"
        return ""
    if "conv" not in what and "conc" not in what:
        return ""
    at = _minus_log if what == "convex in -log u" else BALLS.const
    for (x, u), (y, v), (z, w) in zip(values, values[1:], values[2:], strict=False):
        share = (at(z) - at(y)) / (at(z) - at(x))
        chord = share * u + (1 - share) * w
        if (v > chord) if "convex" in what else (v < chord):
            side = "above" if "convex" in what else "below"
            return f"at {_short(y)} it is {side} its chord from {_short(x)} to {_short(z)}"
    return ""


def _minus_log(x: Fraction) -> Value:
    return -BALLS.log(BALLS.const(x))


def _jump(curve: Asked) -> str:
    pieces = pieces_of(curve)
    pairs = itertools.pairwise(piece.formula for piece in pieces.pieces)
    for (low, high), (a, b) in zip(pieces.joints, pairs, strict=True):
        if low == high and constant_sign(limits.at(a, low) - limits.at(b, low)) in (3, -3):
            return f"it jumps at {_short(low)}"
    return ""


def _known_joints(curve: Asked) -> tuple[Joint, ...]:
    try:
        return pieces_of(curve).joints
    except Exception:
        return ()


def _points(curve: Asked, joints: tuple[Joint, ...]) -> list[Fraction]:
    if curve.domain == "unit":
        grid = [Fraction(1, 2**i) for i in range(30, 5, -4)]
        grid += [Fraction(i, 32) for i in range(1, 33)] + [1 - Fraction(1, 2**i) for i in (8, 16)]
    else:
        grid = [Fraction(i, 4) for i in range(-24, 25)]
        grid += [Fraction(s * i) for s in (1, -1) for i in (8, 12, 16, 32, 64)]
    tiny = Fraction(1, 2**20)
    grid += [j + d for low, _ in joints for j in (low,) for d in (-tiny, Fraction(0), tiny)]
    inside = grid if curve.domain == "line" else [x for x in grid if 0 < x <= 1]
    return sorted(set(inside))


def _value(curve: Asked, x: Fraction) -> Value:
    ball = curve.term(BALLS.const(x), BALLS)
    return ball if ball.is_finite() else None
