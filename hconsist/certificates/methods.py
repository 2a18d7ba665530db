"""The checker's methods, tried on inequalities in turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from flint.utils.flint_exceptions import FlintError

from hconsist.checker import Rejected, discharge
from hconsist.checker.obligations import Obligation

#: What the checker's rules may raise on a proof that does not fit.
NO_PROOF = (Rejected, FlintError, ArithmeticError)


def all_hold(obligations: Iterable[Obligation]) -> bool:
    """Whether the checker accepts them all, each by its own method."""
    try:
        for obligation in obligations:
            discharge(obligation)
    except NO_PROOF:
        return False
    return True


def first_method(obligation: Obligation, ways: Iterable[str]) -> str | None:
    """The first method by which an inequality is shown."""
    for way in dict.fromkeys(ways):
        if all_hold([replace(obligation, method=way)]):  # type: ignore[arg-type]
            return way
    return None


def methods_of(
    obligations: Iterable[Obligation], count: int, ways: Sequence[str]
) -> list[str] | None:
    """A method for each of the last ``count`` obligations of a piece; None where one has none, or
    where one of the others does not hold.
    """
    try:
        listed = list(obligations)
    except NO_PROOF:
        return None
    if not all_hold(listed[:-count]):
        return None
    chosen = []
    for obligation in listed[-count:]:
        way = first_method(obligation, ways)
        if way is None:
            return None
        chosen.append(way)
    return chosen
