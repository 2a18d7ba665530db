"""Targets by their spec strings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hconsist.decisions import reading
from hconsist.decisions.finite import (
    Abstain,
    CostMatrix,
    Defer,
    Hamming,
    LabelWeights,
    Ordinal,
    SubsetZeroOne,
)
from hconsist.decisions.label_sets import TopK, ZeroOne
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError
from hconsist.registry import Registry


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
    """

    make: Callable[[str, str], Target]
    form: str
    summary: str


Read = Callable[[str, str], Target]

#: Every kind of target, by its name in spec strings.
MAKERS: Registry[Maker] = Registry("target", group="hconsist.targets")


def register_target(name: str, form: str, summary: str) -> Callable[[Read], Read]:
    """Register what reads a target; another package does so through the group hconsist.targets.

    Parameters
    ----------
    name, form, summary : str
        The name before the colon, the spec as a user writes it, what a prediction costs.
    """

    def decorate(make: Read) -> Read:
        MAKERS.add(name, Maker(make, form, summary), summary=summary)
        return make

    return decorate


@register_target("zero-one", "zero-one", "1 unless the label is predicted")
def _zero_one(rest: str, spec: str) -> Target:
    if rest:
        raise InvalidInputError("the zero-one target has no parameter", spec, "write zero-one")
    return ZeroOne()


@register_target("top-k", "top-k:2", "1 unless the label is among the k predicted")
def _top_k(rest: str, spec: str) -> Target:
    size = rest.removeprefix("k=")
    if not size.isdecimal():
        raise InvalidInputError("a top-k target needs a whole number", spec, "write top-k:2")
    return TopK(int(size))


@register_target(
    "cost",
    "cost:[[0,2],[1,0]] or cost:@FILE.csv",
    "rows are predictions, columns labels; entries such as 2, 0.3, 1/3",
)
def _cost(rest: str, spec: str) -> Target:
    del spec
    return CostMatrix(reading.rows(rest, "a cost"))


@register_target("ordinal", "ordinal:absolute|squared", "|r - y| or (r - y)^2")
def _ordinal(rest: str, spec: str) -> Target:
    del spec
    return Ordinal(rest or "absolute")  # type: ignore[arg-type]


@register_target("abstain", "abstain:c=0.25", "zero-one, and c for the prediction n, reject")
def _abstain(rest: str, spec: str) -> Target:
    return Abstain(reading.number(reading.settings(rest, spec, {"c": "0.25"})["c"], "c"))


@register_target(
    "defer",
    "defer:accuracy=[[.9,.8,.1],[.3,.3,.9]] or defer:experts=2",
    "zero-one, and predictions n, n+1, ... for the experts: their error on the label",
)
def _defer(rest: str, spec: str) -> Target:
    from hconsist.decisions.arms import Experts

    if rest.strip().startswith("experts"):
        experts = reading.settings(rest, spec, {"experts": "2"})["experts"]
        return Experts(reading.whole(experts, "the number of experts", "experts=2"))
    given = reading.settings(rest, spec, {"accuracy": "[[.9,.8,.1],[.3,.3,.9]]"})
    return Defer(reading.rows(given["accuracy"], "an accuracy"))


@register_target("weights", "weights:3,2,1", "w_y unless the label y is predicted")
def _weights(rest: str, spec: str) -> Target:
    del spec
    return LabelWeights(tuple(reading.number(v, "a weight") for v in rest.split(",")))


def _whole(rest: str, spec: str) -> int:
    return reading.whole(reading.settings(rest, spec, {"k": "3"})["k"], "k", "k=3")


@register_target("hamming", "hamming:k=3", "of 2^k label sets: how many of the k labels are wrong")
def _hamming(rest: str, spec: str) -> Target:
    return Hamming(_whole(rest, spec))


@register_target("subset", "subset:k=3", "of 2^k label sets: 1 unless the whole set is predicted")
def _subset(rest: str, spec: str) -> Target:
    return SubsetZeroOne(_whole(rest, spec))


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
