"""What a derivation produces, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.engines.derivation import Derivation
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import Witness

if TYPE_CHECKING:
    from sympy import Expr


@dataclass(frozen=True)
class Solution:
    """A derivation with what the values of T need.

    Parameters
    ----------
    derivation : Derivation
    lower : sympy.Expr or None
        A proven lower bound on T where the transform is proven from above only; None where the
        transform is exact.
    upper_only : bool
        Whether the transform is proven from above only.
    at_one : sympy.Expr or None
        T(1), where the closed form has a removable singularity there.
    lower_only : bool
        Whether the transform is proven from below only.
    witness : callable or None
        A point that attains or approaches T(beta).
    reach : Fraction or None
        The largest beta at which T is finite, where that is below the target's largest regret.
    exact_at : callable or None
        Whether a transform proven from below is exact at one beta; None where it is or is not
        everywhere.
    """

    derivation: Derivation
    lower: Expr | None = None
    upper_only: bool = False
    at_one: Expr | None = None
    lower_only: bool = False
    witness: Callable[[Fraction], Witness] | None = None
    reach: Fraction | None = None
    exact_at: Callable[[Fraction], bool] | None = None


def stop(reason: str) -> EngineCannotAnswerError:
    """The exception that says what stopped a derivation."""
    return EngineCannotAnswerError("symbolic", reason, "numeric")


class UndefinedTransformError(EngineCannotAnswerError):
    """There is no T: no surrogate regret is defined, which is an answer."""


def undefined(reason: str) -> UndefinedTransformError:
    """The exception that says why there is no T."""
    return UndefinedTransformError("symbolic", reason)
