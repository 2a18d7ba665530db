"""The registry of losses, and the spec strings ``name:parameter=value,...`` that select one.

A loss registers itself where it is written: `register_loss` above a class, `register_maker` above a
function that makes members of a family. Everything else follows: the catalogue, spec strings,
``hc.Name``, help texts, docs pages and tests. Another package adds losses by an entry point of the
group ``hconsist.losses`` that names a module of theirs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses.base import Loss, MarginLoss
from hconsist.registry import Registry

C = TypeVar("C", bound=type[Loss])
M = TypeVar("M", bound=Callable[..., Loss])

#: Every loss by its name in spec strings: its class, or the function that makes it.
LOSSES: Registry[Callable[..., Loss]] = Registry(
    "loss", package="hconsist.losses", group="hconsist.losses"
)


def register_loss(cls: C) -> C:
    """Register a class of losses under its `spec_name`: summary from its docstring, source its own.

    >>> from hconsist.losses import CATALOGUE
    >>> CATALOGUE["brier"].make.__name__, CATALOGUE["brier"].source
    ('Brier', 'Brier 1950; Gneiting, Raftery, JASA 2007')
    """
    return LOSSES.register(cls.spec_name, source=cls.source)(cls)


def register_maker(name: str, source: str) -> Callable[[M], M]:
    """Register a function that makes a loss of some family: ``gce`` makes a comp-sum loss.

    Parameters
    ----------
    name : str
        In spec strings; the parameters are those of the function.
    source : str
        The paper.
    """
    return LOSSES.register(name, source=source)


@dataclass(frozen=True)
class CatalogueEntry:
    """One line of the catalogue."""

    name: str
    make: Callable[..., Loss]
    summary: str
    source: str

    @property
    def parameters(self) -> dict[str, str]:
        """Parameter names and their defaults, as they are written in a spec string."""
        return {k: _written(p.default) for k, p in _settable(self.make).items()}

    @property
    def spec(self) -> str:
        """The spec string with the default parameters written out."""
        shown = ",".join(v if k == "formula" else f"{k}={v}" for k, v in self.parameters.items())
        return self.name + (f":{shown}" if shown else "")


def _settable(make: Callable[..., Loss]) -> dict[str, inspect.Parameter]:
    """The parameters of a spec string; what only a target can set is keyword-only."""
    found = inspect.signature(make).parameters
    return {k: p for k, p in found.items() if p.kind is not p.KEYWORD_ONLY}


def _written(default: object) -> str:
    if isinstance(default, Fraction):
        return str(float(default)) if default.denominator != 1 else str(default)
    return "hinge" if callable(default) or repr(default).startswith("<") else str(default)


def _for_targets(make: Callable[..., Loss]) -> bool:
    return getattr(make, "scores_of", "labels") != "labels" or bool(getattr(make, "made_for", ""))


def _binary(make: Callable[..., Loss]) -> bool:
    return isinstance(make, type) and issubclass(make, MarginLoss)


class _Catalogue(Mapping[str, CatalogueEntry]):
    """Registered losses, the binary ones last: those for classification, whose scores are those of
    the labels, or those made for other targets.
    """

    def __init__(self, for_targets: bool) -> None:
        self._for_targets = for_targets

    def _lists(self, make: Callable[..., Loss]) -> bool:
        return _for_targets(make) == self._for_targets

    def __getitem__(self, name: str) -> CatalogueEntry:
        found = LOSSES[name]
        if not self._lists(found.value):
            raise KeyError(name)
        words = found.summary.replace("`", "").partition(". Source:")[0].partition(". Units:")[0]
        words = ("binary: " if _binary(found.value) else "") + words
        return CatalogueEntry(name, found.value, words, found.source)

    def __contains__(self, name: object) -> bool:
        return name in LOSSES and self._lists(LOSSES[str(name)].value)

    def __iter__(self) -> Iterator[str]:
        known = [e for e in LOSSES.values() if self._lists(e.value)]
        return iter([e.name for e in sorted(known, key=lambda e: _binary(e.value))])

    def __len__(self) -> int:
        return sum(self._lists(e.value) for e in LOSSES.values())


#: Every named loss of the labels' scores, by its name.
CATALOGUE: Mapping[str, CatalogueEntry] = _Catalogue(for_targets=False)
#: Every loss made for targets beyond classification, by its name.
FOR_TARGETS: Mapping[str, CatalogueEntry] = _Catalogue(for_targets=True)


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
        ``name`` or ``name:parameter=value,...``; numbers as decimals or fractions, kept exactly,
        or the parameter's own name, ``gce:q=q``, for a symbol: a positive number, or a negative one
        where the parameter is one (``rce:A=A``). A loss passes unchanged.

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
    >>> parse_loss("gce:q=q").tau
    q + 1
    """
    if isinstance(spec, Loss):
        return spec
    if not isinstance(spec, str) or not spec.strip():
        raise InvalidInputError(
            "a loss must be a spec string or a Loss", spec, "pass 'logistic' or hc.CompSum(tau=1)"
        )
    name, colon, rest = spec.strip().partition(":")
    make = LOSSES[name].value
    read: Callable[..., Loss] | None = getattr(make, "read", None)
    if read is not None:  # a spelling of its own
        return read(rest, parse_loss)
    known = set(_settable(make))
    if "formula" in known:
        # the rest is a formula, commas and all; an empty one is an error of the formula
        return make(rest) if colon else make()
    name, given = _split(spec, "loss")
    arguments: dict[str, object] = {
        k: _as_symbol(k, v) for k, v in given.items() if k in known and k != "phi"
    }
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
    try:
        return make(**arguments)
    except InvalidInputError:
        for k, v in given.items():
            if k in arguments and arguments[k] != v:  # a parameter may be a negative number
                try:
                    return make(**{**arguments, k: _as_symbol(k, v, -1)})
                except InvalidInputError:
                    continue
        raise


#: Parameters whose own names mean something else in a derived formula.
_TAKEN = ("beta", "n", "b")


def _as_symbol(name: str, value: str, sign: int = 1) -> object:
    """A symbol of that sign where a parameter is given as its own name, ``q=q``; else the value."""
    if value != name or name in _TAKEN:
        return value
    import sympy

    known = {"positive": True} if sign > 0 else {"negative": True}
    return sympy.Symbol("lambda" if name == "lam" else name, **known)


def _join(parameters: Mapping[str, str]) -> str:
    return ",".join(f"{k}={v}" for k, v in parameters.items())
