"""A minimizability gap and its parts, from estimates or between proven bounds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hconsist.distributions import Estimate
from hconsist.errors import EngineCannotAnswerError


@dataclass(frozen=True)
class Gap:
    """A minimizability gap and its two parts.

    Parameters
    ----------
    value : Estimate
        ``risk - conditional``.
    risk : Estimate
        R*_l(H), the best-in-class risk.
    conditional : Estimate
        E_x[C*_l(H, x)].
    exact : bool
        Whether both parts are closed forms or finite sums of them; a solver's or a quadrature's
        value is an estimate.
    reason : str
        How the parts were found.
    lower, upper : Fraction or None
        Proven bounds of the gap; None where nothing is proven.
    """

    value: Estimate
    risk: Estimate
    conditional: Estimate
    exact: bool
    reason: str
    lower: Fraction | None = None
    upper: Fraction | None = None

    def __float__(self) -> float:
        return float(self.value)


def difference(risk: Estimate, expected: Estimate, exact_parts: bool, reason: str) -> Gap:
    """The gap of two estimates; no gap is negative, so neither is what is shown as one.

    Raises
    ------
    EngineCannotAnswerError
        Where the difference is negative by more than the errors allow.
    """
    method = f"{risk.method} - {expected.method}"
    value = Estimate(float(risk) - float(expected), risk.error + expected.error, method)
    if float(value) < -(value.error + 1e-6 * (1 + abs(float(risk)))):  # no gap is negative
        raise EngineCannotAnswerError("numeric", f"a solver missed a least risk: {method}: {value}")
    return Gap(value, risk, expected, exact_parts, reason)


def enclosed(low: Fraction, high: Fraction) -> Estimate:
    """A number between proven bounds."""
    return Estimate(float((low + high) / 2), float((high - low) / 2), "enclosure")


def between(
    risk: tuple[Fraction, Fraction], expected: tuple[Fraction, Fraction], reason: str
) -> Gap:
    """The gap of two risks between proven bounds."""
    # No gap is negative.
    low, high = max(risk[0] - expected[1], Fraction(0)), risk[1] - expected[0]
    return Gap(enclosed(low, high), enclosed(*risk), enclosed(*expected), False, reason, low, high)
