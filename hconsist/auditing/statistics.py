"""Means with intervals, and reading of logits and labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.errors import InvalidInputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ConfidenceInterval:
    """An estimate between two sides.

    Parameters
    ----------
    value, low, high : float
    how : str
        How the sides were found, and at which level.
    """

    value: float
    low: float
    high: float
    how: str

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g}; {self.how})"


def mean_interval(values: Array, level: float) -> ConfidenceInterval:
    """The mean of independent values, with an interval by Student's t.

    >>> print(mean_interval(np.array([0.0, 1.0, 2.0]), 0.95))
    1 (-1.484 to 3.484; 95 % by Student's t)
    """
    from scipy.stats import t

    m = len(values)
    mean = float(values.mean())
    spread = float(values.std(ddof=1) / np.sqrt(m)) if m > 1 else float("inf")
    reach = float(t.ppf((1 + level) / 2, max(m - 1, 1))) * spread
    return ConfidenceInterval(mean, mean - reach, mean + reach, f"{100 * level:g} % by Student's t")


def share_interval(hits: int, of: int, level: float) -> ConfidenceInterval:
    """A share of independent trials, with the interval of Clopper and Pearson, which holds at any
    sample size.

    >>> print(share_interval(0, 10, 0.95))
    0 (0 to 0.3085; 95 % by Clopper and Pearson)
    """
    from scipy.stats import binomtest

    found = binomtest(hits, of).proportion_ci(level, "exact")
    how = f"{100 * level:g} % by Clopper and Pearson"
    return ConfidenceInterval(hits / of, float(found.low), float(found.high), how)


def read_logits(values: ArrayLike) -> Array:
    """Logits as doubles of shape (N, K).

    Raises
    ------
    InvalidInputError
    """
    logits = np.asarray(values)
    remedy = "save model outputs before the softmax, one row an example"
    if logits.ndim != 2 or logits.shape[0] < 2 or logits.shape[1] < 2:
        raise InvalidInputError(
            "logits must have shape (N, K), N and K >= 2", f"shape {logits.shape}", remedy
        )
    if logits.dtype.kind not in "fiu" or not np.isfinite(logits).all():
        received = str(logits.dtype)
        if logits.dtype.kind == "f":
            received = f"{int((~np.isfinite(logits)).sum())} that are not"
        raise InvalidInputError("logits must be finite numbers", received, remedy)
    return logits.astype(float)


def read_labels(values: ArrayLike, n: int, k: int) -> tuple[NDArray[np.int64] | None, Array | None]:
    """Labels (N,), or label distributions (N, K): one of the two is None.

    Whole numbers of shape (N, K) are counts of annotators.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> read_labels([[3, 1], [0, 2]], 2, 2)[1]
    array([[0.75, 0.25],
           [0.  , 1.  ]])
    """
    labels = np.asarray(values)
    if labels.ndim == 1:
        whole = labels.dtype.kind in "iub" or (
            labels.dtype.kind == "f" and bool((labels == np.round(labels)).all())
        )
        if labels.shape != (n,) or not whole or labels.min() < 0 or labels.max() >= k:
            raise InvalidInputError(
                f"labels must be {n} whole numbers in 0..{k - 1}",
                f"{labels.dtype}, shape {labels.shape}"
                + (f", from {labels.min()} to {labels.max()}" if whole and labels.size else ""),
                "columns of the logits are labels 0, 1, ...",
            )
        return labels.astype(np.int64), None
    if labels.shape != (n, k) or labels.dtype.kind not in "fiu":
        raise InvalidInputError(
            f"labels must have shape ({n},), or ({n}, {k}) for label distributions",
            f"{labels.dtype}, shape {labels.shape}",
            "one label, or one distribution, an example",
        )
    p, total = labels.astype(float), labels.sum(axis=1)
    counted = labels.dtype.kind in "iu"
    off = 0.0 if counted else float(np.abs(total - 1).max())
    if not np.isfinite(p).all() or p.min() < 0 or (total <= 0).any() or off > 1e-3:
        raise InvalidInputError(
            "label distributions must be non-negative and sum to 1",
            f"least entry {p.min():g}, sums {total.min():g} to {total.max():g}",
            "pass annotators' counts as whole numbers, or divide by their number",
        )
    return None, p / p.sum(axis=1, keepdims=True)
