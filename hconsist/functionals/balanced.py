"""Balanced error with known shares of the labels: a target with label weights."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hconsist.arithmetic import exact
from hconsist.decisions import LabelWeights
from hconsist.errors import InvalidInputError


def balanced_error(priors: Sequence[object]) -> LabelWeights:
    """The mean of the labels' error rates: weights 1/(n pi_y).

    Parameters
    ----------
    priors : sequence of numbers
        Shares of the labels, positive, with sum 1.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> str(balanced_error(["1/2", "1/4", "1/4"]))
    'weights:2/3,4/3,4/3'
    """
    read = [exact(v, "a share of a label") for v in priors]
    good = all(isinstance(v, Fraction) and v > 0 for v in read) and sum(read) == 1
    if not good:
        raise InvalidInputError(
            "shares of labels are positive numbers with sum 1",
            ", ".join(map(str, priors)),
            "pass ['1/2', '1/4', '1/4']",
        )
    return LabelWeights(tuple(1 / (len(read) * v) for v in read))
