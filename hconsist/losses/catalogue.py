"""The catalogue of losses by name, and the spec strings ``name:parameter=value,...`` that select
one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses import (
    comp_sum,
    imbalance,
    ldr,
    margin,
    multiclass,
    proper,
    robust,
    spherical_family,
    user,
)
from hconsist.losses.base import Loss, MarginLoss
from hconsist.losses.of_predictions import PREDICTION_LOSSES


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue."""

    name: str
    make: Callable[..., Loss]
    summary: str
    source: str

    @property
    def parameters(self) -> dict[str, str]:
        """Parameter names and their defaults, as they are written in a spec string."""
        return {k: _written(p.default) for k, p in inspect.signature(self.make).parameters.items()}

    @property
    def spec(self) -> str:
        """The spec string with the default parameters written out."""
        shown = ",".join(v if k == "formula" else f"{k}={v}" for k, v in self.parameters.items())
        return self.name + (f":{shown}" if shown else "")


def _written(default: object) -> str:
    if isinstance(default, Fraction):
        return str(float(default)) if default.denominator != 1 else str(default)
    return "hinge" if callable(default) or repr(default).startswith("<") else str(default)


def _of_class(cls: Any, prefix: str = "") -> Entry:
    summary = (cls.__doc__ or "").splitlines()[0].replace("``", "").rstrip(".")
    return Entry(cls.spec_name, cls, prefix + summary, cls.source)


_MMZ = "Mao, Mohri, Zhong, ICML 2023"
_ENTRIES = (
    Entry("comp-sum", comp_sum.CompSum, "comp-sum loss Phi^tau, exponential inner function", _MMZ),
    Entry(
        "sum-exp",
        comp_sum.SumExponential,
        "sum-exponential loss (comp-sum, tau = 0)",
        "Weston, Watkins 1998",
    ),
    Entry("logistic", comp_sum.Logistic, "softmax cross-entropy (comp-sum, tau = 1)", _MMZ),
    Entry(
        "gce",
        comp_sum.GCE,
        "generalized cross-entropy (comp-sum, tau = 1 + q)",
        "Zhang, Sabuncu, NeurIPS 2018",
    ),
    Entry(
        "mae",
        comp_sum.MAE,
        "mean absolute error (comp-sum, tau = 2)",
        "Ghosh, Kumar, Sastry, AAAI 2017",
    ),
    Entry("ldr", ldr.LDR, "LDR-KL loss with margin c and temperature lam", ldr.LDR.source),
    _of_class(ldr.LDRk),
    Entry(
        "ldr-zero",
        ldr.LDRZero,
        "LDR loss at lam = 0: Crammer-Singer with margin c",
        ldr.LDRk.source,
    ),
    _of_class(ldr.LDRInfinity),
    _of_class(ldr.ALDR),
    _of_class(ldr.CosFace),
    _of_class(ldr.InfoNCE),
    *map(
        _of_class, (proper.Brier, proper.Spherical, imbalance.Focal, imbalance.Dice, imbalance.LDAM)
    ),
    *map(
        _of_class,
        (
            robust.ReverseCrossEntropy,
            robust.SCE,
            robust.NCE,
            robust.AGCE,
            robust.AUL,
            robust.AEL,
            robust.JensenShannon,
            robust.RLL,
            robust.TaylorCE,
            robust.SoftTruncated,
            robust.HardTruncated,
            robust.TruncatedGCE,
        ),
    ),
    *map(
        _of_class,
        (spherical_family.TaylorSoftmax, spherical_family.SphericalSoftmax, spherical_family.ZLoss),
    ),
    Entry(
        "weston-watkins",
        multiclass.WestonWatkins,
        "Weston-Watkins loss: sum of the hinge",
        "Weston, Watkins 1998",
    ),
    Entry(
        "crammer-singer",
        multiclass.CrammerSinger,
        "Crammer-Singer loss: max of the hinge",
        "Crammer, Singer 2001",
    ),
    Entry(
        "constrained",
        multiclass.Constrained,
        "constrained loss of a margin loss phi",
        multiclass.Constrained.source,
    ),
    Entry(
        "sum",
        multiclass.Sum,
        "sum loss of a margin loss phi (hinge: Weston-Watkins)",
        multiclass.Sum.source,
    ),
    Entry(
        "max",
        multiclass.Max,
        "max loss of a margin loss phi (hinge: Crammer-Singer)",
        multiclass.Max.source,
    ),
    Entry(
        "comp-sum-margin", multiclass.CompSumMargin, "Phi^tau of a sum of margin losses phi", _MMZ
    ),
    Entry(
        "quadratic-surrogate",
        multiclass.QuadraticSurrogate,
        "quadratic surrogate of the zero-one loss",
        multiclass.QuadraticSurrogate.source,
    ),
    Entry("softmax", user.UserSoftmaxLoss, "your formula of the softmax value u", "user's formula"),
    Entry("margin", user.UserMarginLoss, "your binary formula of the margin v", "user's formula"),
    *(
        _of_class(cls, "binary: ")
        for cls in (
            margin.Hinge,
            margin.SquaredHinge,
            margin.Quadratic,
            margin.MarginLogistic,
            margin.Probit,
            margin.Exponential,
            margin.Sigmoid,
            margin.RhoMargin,
            margin.Ramp,
            margin.MarginFocal,
        )
    ),
)

#: Every named loss, by its name.
CATALOGUE: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def _split(spec: str, kind: str) -> tuple[str, dict[str, str]]:
    name, _, rest = spec.strip().partition(":")
    parameters: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in rest.split(",")) if rest else ()):
        key, sign, value = part.partition("=")
        if not sign or not key or not value:
            raise InvalidInputError(
                f"a {kind} spec must read name:parameter=value,...",
                spec,
                f"write {part or key!r} as parameter=value",
            )
        if key in parameters:
            raise InvalidInputError(
                f"a parameter of a {kind} spec may be given once", spec, f"drop one of the {key}="
            )
        parameters[key] = value
    return name, parameters


def parse_loss(spec: str | Loss) -> Loss:
    """The loss that a spec string names.

    Parameters
    ----------
    spec : str
        ``name`` or ``name:parameter=value,...``; numbers as decimals or fractions, kept exactly. A
        loss passes unchanged.

    Raises
    ------
    UnknownNameError
        For a name or a parameter that is not in the catalogue, with the nearest one.
    InvalidInputError
        For a spec that cannot be read or a parameter outside its domain.

    Examples
    --------
    >>> parse_loss("gce:q=0.7")
    CompSum(tau=Fraction(17, 10))
    >>> parse_loss("constrained:phi=sigmoid,k=2").spec
    'constrained:phi=sigmoid,k=2'
    """
    if isinstance(spec, Loss):
        return spec
    if not isinstance(spec, str) or not spec.strip():
        raise InvalidInputError(
            "a loss must be a spec string or a Loss", spec, "pass 'logistic' or hc.CompSum(tau=1)"
        )
    name, colon, rest = spec.strip().partition(":")
    if name in CATALOGUE and "formula" in CATALOGUE[name].parameters:
        # the rest is a formula, commas and all; an empty one is an error of the formula
        return CATALOGUE[name].make(rest) if colon else CATALOGUE[name].make()
    if name in PREDICTION_LOSSES:
        return PREDICTION_LOSSES[name](rest, parse_loss)
    name, given = _split(spec, "loss")
    if name not in CATALOGUE:
        raise UnknownNameError("loss", name, (*CATALOGUE, *PREDICTION_LOSSES))
    make = CATALOGUE[name].make
    known = set(inspect.signature(make).parameters)
    arguments: dict[str, object] = {k: v for k, v in given.items() if k in known and k != "phi"}
    leftover = {k: v for k, v in given.items() if k not in known}
    if "phi" in known:
        inner = parse_loss(given.get("phi", "hinge") + (":" if leftover else "") + _join(leftover))
        if not isinstance(inner, MarginLoss):
            raise InvalidInputError(
                "phi must be a binary margin loss",
                inner.spec,
                "use hinge, exponential, sigmoid, ...",
            )
        return make(phi=inner, **arguments)
    if leftover:
        raise UnknownNameError(f"parameter of {name}", next(iter(leftover)), known or {"none"})
    return make(**arguments)


def _join(parameters: Mapping[str, str]) -> str:
    return ",".join(f"{k}={v}" for k, v in parameters.items())
