"""Targets by their spec strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hconsist.decisions.label_sets import TopK, ZeroOne
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError, UnknownNameError


def _zero_one(rest: str, spec: str) -> Target:
    if rest:
        raise InvalidInputError("the zero-one target has no parameter", spec, "write zero-one")
    return ZeroOne()


def _top_k(rest: str, spec: str) -> Target:
    size = rest.removeprefix("k=")
    if not size.isdecimal():
        raise InvalidInputError("a top-k target needs a whole number", spec, "write top-k:2")
    return TopK(int(size))


#: What follows the colon, and the whole spec for messages, to a target.
MAKERS: Mapping[str, Callable[[str, str], Target]] = {"zero-one": _zero_one, "top-k": _top_k}


def parse_target(spec: str | Target) -> Target:
    """The target that a spec string names: ``zero-one`` or ``top-k:K``.

    >>> parse_target("top-k:3")
    TopK(size=3)
    """
    if isinstance(spec, Target):
        return spec
    if not isinstance(spec, str):
        raise InvalidInputError(
            "a target must be a spec string or a Target", spec, "pass 'zero-one' or hc.ZeroOne()"
        )
    name, _, rest = spec.strip().partition(":")
    if name not in MAKERS:
        raise UnknownNameError("target", name, MAKERS)
    return MAKERS[name](rest, spec)
