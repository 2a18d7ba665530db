"""Fits that did not converge are told: by a warning, or counted for whoever asked to count."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class NotConvergedWarning(UserWarning):
    """Some fits ended with a gradient above the tolerance."""


@dataclass
class FitCount:
    """Fits, and how many of them did not converge."""

    fits: int = 0
    unconverged: int = 0


_TALLY: ContextVar[FitCount | None] = ContextVar("_TALLY", default=None)


@contextlib.contextmanager
def counting() -> Iterator[FitCount]:
    """Count the fits inside instead of warning of them one by one.

    >>> with counting() as tally:
    ...     tell(np.array([True, False]), np.array([0.0, 1.0]), 1e-7)
    >>> tally
    FitCount(fits=2, unconverged=1)
    """
    tally = FitCount()
    token = _TALLY.set(tally)
    try:
        yield tally
    finally:
        _TALLY.reset(token)


def tell(converged: NDArray[np.bool_], gradient: NDArray[np.float64], tolerance: float) -> None:
    """Count fits, or warn of those that did not converge."""
    tally, missed = _TALLY.get(), int((~converged).sum())
    if tally is not None:
        tally.fits, tally.unconverged = tally.fits + converged.size, tally.unconverged + missed
    elif missed:
        warnings.warn(
            f"{missed} of {converged.size} fits stopped with a gradient above {tolerance:g} (the "
            f"largest: {np.max(gradient[~converged]):.2g}); raise max_iterations or l2, or expect "
            "this of a loss with kinks",
            NotConvergedWarning,
            stacklevel=3,
        )
