"""Checks of statements that no relation of the package says: programs by name, which a paper's file
calls with values.

A module registers a maker under a name; ``check = "name"`` and ``given = { ... }`` in a claim call
it. What it makes says whether the statement is true where it looked, by how much, and the evidence.
"""

from __future__ import annotations

from collections.abc import Callable

from hconsist.errors import InvalidInputError
from hconsist.pointwise import PointwiseProblem
from hconsist.registry import Registry

#: Whether the statement is true at what was evaluated, the smallest slack, and the evidence.
Verdict = tuple[bool, float, str]
Check = Callable[[PointwiseProblem], Verdict]
Maker = Callable[..., Check]

#: Every check, by the name that files use.
CHECKS: Registry[Maker] = Registry(
    "check", package="hconsist.theorems.checks", group="hconsist.checks"
)


def check_named(name: str, given: dict[str, object]) -> Check:
    """The check of a name with the values that a claim gives.

    Raises
    ------
    UnknownNameError, InvalidInputError
        For a name that is not registered, or values that the check does not take.

    >>> check_named("divergence", {"of": "hellinger", "bound": "V**2/4"})(None)[0]
    True
    """
    maker = CHECKS[name].value
    try:
        return maker(**given)
    except TypeError as problem:
        raise InvalidInputError(
            f"the check {name} takes other values", given, str(problem)
        ) from problem
