"""Targets by their spec strings: each registers itself where it is defined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from hconsist.decisions import reading
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError
from hconsist.registry import Registry


class Readable(Protocol):
    """A class of targets that reads its own spec strings."""

    @classmethod
    def read(cls, rest: str, spec: str) -> Target:
        """The target of what follows the colon; the whole spec is for messages."""


@dataclass(frozen=True)
class Maker:
    """How a name becomes a target.

    Parameters
    ----------
    make : callable
        What follows the colon, and the whole spec for messages, to the target.
    form : str
        The spec as a user writes it.
    summary : str
        What a prediction costs.
    kind : type or None
        The class, which is then a name of the package; None for a function that reads.
    """

    make: Callable[[str, str], Target]
    form: str
    summary: str
    kind: type[Any] | None = None

    @property
    def __name__(self) -> str:
        return "" if self.kind is None else self.kind.__name__


Read = TypeVar("Read", bound=Callable[[str, str], Target] | type[Readable])

#: Every kind of target, by its name in spec strings.
MAKERS: Registry[Maker] = Registry("target", package="hconsist.decisions", group="hconsist.targets")


def register_target(
    name: str, form: str, summary: str, kind: type[Any] | None = None
) -> Callable[[Read], Read]:
    """Register a class of targets with a class method ``read``, or a function that reads a target;
    another package does so through the group hconsist.targets.

    Parameters
    ----------
    name, form, summary : str
        The name before the colon, the spec as a user writes it, what a prediction costs.
    kind : type, optional
        The class that a function makes, so that it is a name of the package.
    """

    def decorate(given: Read) -> Read:
        own: Any = given if isinstance(given, type) else None
        make: Any = given if own is None else own.read
        maker = Maker(make, form, summary, own or kind)
        MAKERS.add(name, maker, summary=summary, home=given.__module__)
        return given

    return decorate


def forms() -> str:
    """How every target is written, for help."""
    return ", ".join(entry.value.form for entry in MAKERS.values())


def whole(rest: str, spec: str) -> int:
    """The k of ``name:k=3``, 3 where it is left out.

    Raises
    ------
    InvalidInputError
    """
    return reading.whole(reading.settings(rest, spec, {"k": "3"})["k"], "k", "k=3")


def parse_target(spec: str | Target) -> Target:
    """The target that a spec string names; see `MAKERS`.

    Raises
    ------
    InvalidInputError, UnknownNameError
        For a spec that names no target, with the remedy.

    >>> parse_target("top-k:3")
    TopK(size=3)
    >>> str(parse_target("cost:[[0, 2], [1/3, 0]]"))
    'cost:[[0,2],[1/3,0]]'
    """
    if isinstance(spec, Target):
        return spec
    if not isinstance(spec, str):
        raise InvalidInputError(
            "a target must be a spec string or a Target", spec, "pass 'zero-one' or hc.ZeroOne()"
        )
    name, _, rest = spec.strip().partition(":")
    return MAKERS[name].value.make(rest, spec)
