"""What an audit finds: risks, regrets or excesses, the bound, calibration, classes."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from hconsist.auditing.statistics import ConfidenceInterval


@dataclass(frozen=True)
class Side:
    """An excess surrogate risk, and the excess error that the bound allows it.

    Parameters
    ----------
    excess : float
        Over all functions, so that gaps are 0.
    most : float
        Gamma(excess): no hypothesis with this excess has more excess error; rounded up where it is
        proven.
    proven : bool
        Whether Gamma is, by the symbolic or the rigorous engine.
    means : str
        What the excess is, and what it rests on.
    """

    excess: float
    most: float
    proven: bool
    means: str


@dataclass(frozen=True)
class Findings:
    """What was found of a classifier; ``as_dict`` is ready for JSON.

    Parameters
    ----------
    loss : str
    examples, classes : int
    labels : {"hard", "soft"}
    risk, error : Interval
    regret, surrogate_regret : Interval or None
        Soft labels: means of the pointwise excess error and excess risk.
    sides : tuple of Side
    lost : dict
        Soft labels: where the excess risk went, in its own units; the parts sum to it.
    calibration : list of dict
        Bins of the predicted label's probability.
    calibration_error : float
    probabilities : str
        Whence the probabilities are.
    per_class : list of dict
    notes : tuple of str
    """

    loss: str
    examples: int
    classes: int
    labels: str
    risk: ConfidenceInterval
    error: ConfidenceInterval
    regret: ConfidenceInterval | None
    surrogate_regret: ConfidenceInterval | None
    sides: tuple[Side, ...]
    lost: dict[str, float]
    calibration: list[dict[str, float]]
    calibration_error: float
    probabilities: str
    per_class: list[dict[str, float]]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Everything, ready for JSON."""
        return asdict(self)
