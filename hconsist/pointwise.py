"""The one question, and the one answer.

*Given a target regret beta at a point, how small can the surrogate regret be?* `PointwiseProblem`
states it; every engine returns an `Answer`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import NUMPY, exact, is_symbolic
from hconsist.errors import InvalidInputError
from hconsist.hypotheses import Complete, Hypotheses, parse_hypotheses
from hconsist.losses import Loss, Target, ZeroOne, check_distribution, parse_loss, parse_target

if TYPE_CHECKING:
    import sympy


@lru_cache(maxsize=1)
def beta_symbol() -> sympy.Symbol:
    """The target regret, in [0, 1]."""
    import sympy

    return sympy.Symbol("beta", nonnegative=True)


@lru_cache(maxsize=1)
def excess_symbol() -> sympy.Symbol:
    """The surrogate excess, >= 0."""
    import sympy

    return sympy.Symbol("epsilon", nonnegative=True)


@dataclass(frozen=True)
class PointwiseProblem:
    """``T(beta) = inf { surrogate regret(s, p) : target regret(s, p) >= beta }`` at one input.

    The infimum runs over label distributions p, score vectors s that the hypothesis set reaches,
    and, at ties, over the predictions that the ties allow (so that T is closed).

    Parameters
    ----------
    surrogate : Loss or str
        A loss or its spec string.
    target : Target or str
        ``ZeroOne()`` (default) or ``TopK(k)``.
    hypotheses : Hypotheses or str
        ``Complete()`` (default), ``Bounded(B)``, ...
    n_classes : int
        At least 2. A SymPy symbol is accepted by the symbolic engine.

    Raises
    ------
    InvalidInputError
        When the parts do not fit together.

    Source: Mao, Mohri, Zhong, ICML 2023, theorem 1 (general H-consistency bound).

    Examples
    --------
    >>> problem = PointwiseProblem("logistic", n_classes=3)
    >>> float(problem.target_regret([0.5, 0.3, 0.2], [1]).round(12))
    0.2
    """

    surrogate: Loss
    target: Target = field(default_factory=ZeroOne)
    hypotheses: Hypotheses = field(default_factory=Complete)
    n_classes: int | sympy.Symbol = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "surrogate", parse_loss(self.surrogate))
        object.__setattr__(self, "target", parse_target(self.target))
        object.__setattr__(self, "hypotheses", parse_hypotheses(self.hypotheses))
        object.__setattr__(self, "n_classes", check_n_classes(self.n_classes))
        only = self.surrogate.only_classes
        if only is not None and not is_symbolic(self.n_classes) and self.n_classes != only:
            raise InvalidInputError(
                f"{self.surrogate.spec} is defined for n_classes = {only}",
                self.n_classes,
                f"pass n_classes={only}, or lift it: "
                f"'constrained:phi={self.surrogate.spec_name}', 'sum:phi=...'",
            )
        if not is_symbolic(self.n_classes):
            self.target.check(int(self.n_classes))

    @property
    def n(self) -> int:
        """The number of classes, as an integer.

        Raises
        ------
        InvalidInputError
            When it is a symbol.
        """
        if is_symbolic(self.n_classes):
            raise InvalidInputError(
                "n_classes must be a number here", str(self.n_classes), "pass n_classes=3"
            )
        return int(self.n_classes)

    @property
    def is_symbolic(self) -> bool:
        """Whether a loss parameter, the score bound or n_classes is a symbol without a value."""
        return (
            self.surrogate.symbolic
            or is_symbolic(self.n_classes)
            or is_symbolic(self.hypotheses.score_bound)
        )

    def conditional_risk(self, scores: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
        """``C(s, p) = sum_y p_y l(s, y)``.

        Shapes: scores and p (..., n_classes), broadcast together; the result has the leading shape.
        A label of probability 0 contributes 0, also where its loss is infinite.

        Examples
        --------
        >>> float(PointwiseProblem("mae", n_classes=2).conditional_risk([0.0, 0.0], [0.5, 0.5]))
        0.5
        """
        distribution = check_distribution(p, self.n)
        losses = self.surrogate.losses(np.asarray(scores, dtype=float), NUMPY)
        with np.errstate(invalid="ignore"):
            terms = np.where(distribution > 0, distribution * losses, 0.0)
        return np.asarray(terms.sum(axis=-1))

    def target_regret(self, p: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
        """Conditional regret of the target: see `Target.regret`."""
        distribution = check_distribution(p, self.n)
        labels = np.asarray(predicted, dtype=np.intp)
        return self.target.regret(distribution, labels)


def check_n_classes(n: object) -> Any:
    """A number of classes, or a symbol for one.

    >>> check_n_classes(3)
    3
    """
    if is_symbolic(n):
        return n
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 2:
        raise InvalidInputError(
            "n_classes must be a whole number >= 2", n, "pass n_classes=2 for binary problems"
        )
    return int(n)


def check_beta(beta: object) -> Fraction:
    """A target regret in [0, 1], exactly.

    Raises
    ------
    InvalidInputError
        For a value outside [0, 1], or not a number.

    Examples
    --------
    >>> check_beta(0.1)
    Fraction(1, 10)
    """
    value = exact(beta, "beta")
    if not isinstance(value, Fraction) or not 0 <= value <= 1:
        raise InvalidInputError(
            "beta must lie in [0, 1]", str(beta), "beta is a difference of probabilities: pass 0.3"
        )
    return value


@dataclass(frozen=True)
class Witness:
    """A point where a value of T is attained or approached; anyone can evaluate it again.

    Parameters
    ----------
    p : tuple of float or Fraction
        Label distribution.
    scores : tuple of float
        Scores; an infinite optimum is shown by a large finite score.
    predicted : tuple of int
        The labels predicted under the tie rule.
    regret : float
        Surrogate regret evaluated at (p, scores).
    """

    p: tuple[float | Fraction, ...]
    scores: tuple[float, ...]
    predicted: tuple[int, ...]
    regret: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form: exact entries as strings such as ``"1/3"``."""
        return {
            "p": [str(v) if isinstance(v, Fraction) else float(v) for v in self.p],
            "scores": [float(v) for v in self.scores],
            "predicted": list(self.predicted),
            "regret": float(self.regret),
        }


@dataclass(frozen=True)
class Answer:
    """What an engine knows about one value.

    Parameters
    ----------
    estimate : float or None
        The best guess. A solver's value is an estimate and nothing more.
    lower, upper : Fraction or None
        Proven bounds (exact rationals), None where nothing is proven.
    witness : Witness or None
    engine : str
        "symbolic", "numeric" or "rigorous".
    assumptions : tuple of str
        What the answer rests on, in words; empty when on nothing but the definitions.
    reason : str
        Why the answer is undecided (estimate None, or bounds not as close as asked); empty
        otherwise.

    Examples
    --------
    >>> Answer(0.5, Fraction(1, 2), Fraction(1, 2), None, "symbolic").proven
    True
    """

    estimate: float | None
    lower: Fraction | None
    upper: Fraction | None
    witness: Witness | None
    engine: str
    assumptions: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise AssertionError(
                f"an engine returned lower {self.lower} > upper {self.upper}: please report this"
            )

    @property
    def proven(self) -> bool:
        """Whether both sides are bounded with a proof."""
        return self.lower is not None and self.upper is not None

    @property
    def width(self) -> float | None:
        """``upper - lower`` where both are proven."""
        if self.lower is None or self.upper is None:
            return None
        return float(self.upper - self.lower)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form. Proven bounds are rounded outward to floats; null where not proven."""
        return {
            "estimate": self.estimate,
            "lower": None if self.lower is None else round_down(self.lower),
            "upper": None if self.upper is None else round_up(self.upper),
            "witness": None if self.witness is None else self.witness.as_dict(),
            "engine": self.engine,
            "assumptions": list(self.assumptions),
            **({"reason": self.reason} if self.reason else {}),
        }


def round_down(value: Fraction) -> float:
    """The largest float that is at most the rational.

    >>> Fraction(round_down(Fraction(1, 3))) <= Fraction(1, 3)
    True
    """
    nearest = float(value)
    return nearest if Fraction(nearest) <= value else float(np.nextafter(nearest, -np.inf))


def round_up(value: Fraction) -> float:
    """The smallest float that is at least the rational.

    >>> Fraction(round_up(Fraction(1, 3))) >= Fraction(1, 3)
    True
    """
    return -round_down(-value)
