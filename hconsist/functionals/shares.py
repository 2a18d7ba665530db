"""The share of positives: what metrics of a ranking or of counts need to know."""

from __future__ import annotations

from fractions import Fraction

from hconsist.arithmetic import exact
from hconsist.errors import InvalidInputError


def share_of_positives(value: object) -> Fraction:
    """A share in (0, 1), exactly.

    Raises
    ------
    InvalidInputError

    >>> share_of_positives(0.1)
    Fraction(1, 10)
    """
    share = exact(value, "the share of positives")
    if not isinstance(share, Fraction) or not 0 < share < 1:
        raise InvalidInputError("the share of positives must lie in (0, 1)", str(value), "pass 0.1")
    return share
