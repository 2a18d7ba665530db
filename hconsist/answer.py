"""The one answer: what an engine estimates, what is proven, on what that rests, and the point where
anyone can evaluate it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

import numpy as np

#: Why there is no value where T is infinite: a `reason` of an `Answer`.
UNREACHED = "no prediction has that target regret at a finite surrogate regret"
#: The same where it is infinite as no risk there has an infimum.
UNBOUNDED = (
    "every distribution with this target regret has a risk that is unbounded below: no "
    "regret exists"
)


#: The three engines; each `Answer` names the one that gave it.
EngineName = Literal["symbolic", "numeric", "rigorous"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


@dataclass(frozen=True)
class Witness:
    """A point where a value of T is attained or approached; anyone can evaluate it again.

    Parameters
    ----------
    p : tuple of float or Fraction
        Label distribution.
    scores : tuple of float
        Scores; an infinite optimum is shown by a large finite score.
    predicted : tuple of int, or of float
        The labels predicted under the tie rule; the number, where one is predicted.
    regret : float
        Surrogate regret evaluated at (p, scores).
    prediction_regret : float or None
        Target regret of the prediction at p, evaluated from the costs.
    """

    p: tuple[float | Fraction, ...]
    scores: tuple[float, ...]
    predicted: tuple[int | float, ...]
    regret: float
    prediction_regret: float | None = None

    def as_dict(self) -> dict[str, object]:
        """JSON-ready form: exact entries as strings such as ``"1/3"``."""
        return {
            "p": [str(v) if isinstance(v, Fraction) else float(v) for v in self.p],
            "scores": [float(v) for v in self.scores],
            "predicted": list(self.predicted),
            "regret": float(self.regret),
            **(
                {}
                if self.prediction_regret is None
                else {"prediction_regret": self.prediction_regret}
            ),
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

    def _repr_html_(self) -> str:
        """For notebooks: the value or its enclosure, and whether it is proven."""
        if self.proven:
            value = f"between {self.as_dict()['lower']!r} and {self.as_dict()['upper']!r}"
        else:
            value = "undecided" if self.estimate is None else f"{self.estimate!r}"
        facts = [("reason", self.reason)] if self.reason else []
        if self.witness is not None:
            p = ", ".join(f"{float(v):.6g}" for v in self.witness.p[:8])
            more = ", ..." if len(self.witness.p) > 8 else ""
            facts.append(("attained or approached at p", f"({p}{more})"))
        from hconsist.cards import card

        return card(value, [("status", self.status), *facts])

    @property
    def status(self) -> str:
        """Proven, estimate or undecided, in words, with what it rests on."""
        rests = "; ".join(self.assumptions) or "the definitions alone"
        if self.lower is None and self.upper is None:
            word = "undecided" if self.estimate is None else "estimate"
            return f"{word} ({self.engine} engine)"
        sides = "proven" if self.proven else "proven on one side"
        return f"{sides} ({self.engine} engine), resting on {rests}"

    def as_dict(self) -> dict[str, object]:
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
    return 0.0 - round_down(-value)
