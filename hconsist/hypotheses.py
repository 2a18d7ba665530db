"""Hypothesis sets: which score vectors can be reached at a point.

A set enters the pointwise problem only through the scores that its members take at one input x. For
the sets here that is a box [-B(x), B(x)]^n, and T is taken where it is smallest: `losses.boxes`
says of which losses it is proven that T does not fall in larger ones.

A set registers itself: a class under ``@HYPOTHESES.register(name)`` that says which letters of a
spec string stand for which of its parameters. Another package adds its sets by an entry point of
the group ``hconsist.hypotheses``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import Exact, exact, require
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.registry import Registry

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Hypotheses(ABC):
    """A set of score functions, symmetric in the labels and able to predict every label at every
    x.
    """

    #: Whether the scores that can be reached differ from input to input: a class with a
    #: `score_bound_at` of its own says so, whatever it declares.
    depends_on_input: ClassVar[bool] = False
    #: Letters of a spec string, ``name:B=1``, and the parameters that they set.
    letters: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if "score_bound_at" in vars(cls):
            cls.depends_on_input = True

    @property
    @abstractmethod
    def score_bound(self) -> Exact | None:
        """The infimum over x of B(x), where scores at x fill [-B(x), B(x)]; None when scores are
        unbounded.
        """

    @property
    def affine(self) -> Linear | None:
        """The set as affine scores with bounded norms; None for a set of other functions."""
        return None

    def nearest(
        self, wanted: Array, norms: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        """Scores of members at the inputs ``r_i e_i``, as near to those wanted as is easily found.

        Parameters
        ----------
        wanted : array (k, inputs, n)
        norms : array (inputs,)
            The r_i; the first is 0, the origin.
        random : Generator

        Returns
        -------
        scores : array (k, inputs, n)
        written : callable
            The parameters of the i-th member, for people.
        """
        reach = [self.score_bound_at(float(r)) for r in norms]
        boxes = np.array([np.inf if bound is None else bound for bound in reach])[:, None]
        return np.clip(wanted, -boxes, boxes), lambda i: ""

    def score_bound_at(self, norm: float) -> float | None:
        """B(x) at an input of that norm; None when scores are unbounded.

        >>> Linear(weight=2, bias=1).score_bound_at(3.0), Complete().score_bound_at(3.0)
        (7.0, None)
        """
        return None if self.score_bound is None else float(self.score_bound)


#: Every kind of hypothesis set, by its name in spec strings.
HYPOTHESES: Registry[type[Hypotheses]] = Registry("hypothesis set", group="hconsist.hypotheses")


def forms() -> str:
    """The spec strings of all kinds, for help texts: ``complete, bounded:B, linear:W=..,B=..``."""
    return ", ".join(map(_form, HYPOTHESES))


def _form(name: str) -> str:
    letters = HYPOTHESES[name].value.letters
    shown = next(iter(letters)) if len(letters) == 1 else ",".join(f"{k}=.." for k in letters)
    return name + (f":{shown}" if letters else "")


@HYPOTHESES.register("complete")
@dataclass(frozen=True)
class Complete(Hypotheses):
    """All measurable functions, or any set whose scores at each x fill R^n.

    >>> Complete().score_bound is None
    True
    """

    @property
    def score_bound(self) -> None:
        return None

    def __str__(self) -> str:
        return "complete"


@HYPOTHESES.register("bounded")
@dataclass(frozen=True)
class Bounded(Hypotheses):
    """Scores in [-bound, bound] at every x.

    >>> Bounded(2).score_bound
    Fraction(2, 1)
    """

    bound: Exact

    letters: ClassVar[Mapping[str, str]] = {"B": "bound"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "bound", exact(self.bound, "bound"))
        require(
            self.bound > 0,
            "a score bound must be > 0",
            self.bound,
            "pass bounded:1, or complete for no bound",
        )

    @property
    def score_bound(self) -> Exact:
        return self.bound

    def __str__(self) -> str:
        return f"bounded:{self.bound}"


@HYPOTHESES.register("linear")
@dataclass(frozen=True)
class Linear(Hypotheses):
    """Linear scores w.x + b with ||w||_q <= weight and |b| <= bias: at x they fill [-(W|x| + B),
    W|x| + B].

    Source: Awasthi et al., ICML 2022, section 5. The infimum over x, taken at x = 0, leaves B.

    >>> Linear(weight=1, bias="1/2").score_bound
    Fraction(1, 2)
    """

    weight: Exact = Fraction(1)
    bias: Exact = Fraction(1)

    depends_on_input: ClassVar[bool] = True
    letters: ClassVar[Mapping[str, str]] = {"W": "weight", "B": "bias"}

    @property
    def affine(self) -> Linear:
        return self

    def nearest(
        self, wanted: Array, norms: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        wanted, _ = super().nearest(wanted, norms, random)
        b, slopes = wanted[:, 0], _slopes(wanted, norms)
        size = np.linalg.norm(slopes, axis=-1, keepdims=True)
        w = slopes * np.minimum(1.0, float(self.weight) / np.maximum(size, 1e-300))
        scores = np.swapaxes(b[..., None] + w * norms[1:], 1, 2)
        found = np.concatenate([b[:, None], scores], axis=1)
        return found, lambda i: f" w={w[i].tolist()} b={b[i].tolist()}"

    def __post_init__(self) -> None:
        for name in ("weight", "bias"):
            value = exact(getattr(self, name), name)
            object.__setattr__(self, name, value)
            require(value > 0, f"{name} must be > 0", value, f"pass {name}=1")

    @property
    def score_bound(self) -> Exact:
        return self.bias

    def score_bound_at(self, norm: float) -> float:
        return float(self.weight) * norm + float(self.bias)

    def __str__(self) -> str:
        return f"linear:W={self.weight},B={self.bias}"


@HYPOTHESES.register("relu")
@dataclass(frozen=True)
class OneHiddenReLU(Hypotheses):
    """One-hidden-layer ReLU networks ``sum_j u_j relu(w_j.x + b)``, ||u||_1 <= output, ||w||_q <=
    weight, |b| <= bias.

    At x the scores fill [-Lambda (W|x| + B), Lambda (W|x| + B)]; the infimum over x leaves Lambda
    B. Source: Awasthi et al., ICML 2022, section 5.

    >>> OneHiddenReLU(output=3, weight=1, bias=2).score_bound
    Fraction(6, 1)
    """

    output: Exact = Fraction(1)
    weight: Exact = Fraction(1)
    bias: Exact = Fraction(1)

    depends_on_input: ClassVar[bool] = True
    letters: ClassVar[Mapping[str, str]] = {"L": "output", "W": "weight", "B": "bias"}

    def nearest(
        self, wanted: Array, norms: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        """One constant unit, one for each further input, and four at random; output weights scaled
        into their ball.
        """
        wanted, _ = super().nearest(wanted, norms, random)
        slopes, (k, inputs, n) = _slopes(wanted, norms), wanted.shape
        axes = inputs - 1
        weight, bias = float(self.weight), float(self.bias)
        v = random.standard_normal((k, 4, axes))
        v *= weight * random.random((k, 4, 1)) / np.linalg.norm(v, axis=-1, keepdims=True)
        c = bias * random.uniform(-1, 1, (k, 4))
        own = np.vstack([np.zeros(axes), weight * np.eye(axes)])
        v = np.concatenate([np.broadcast_to(own, (k, inputs, axes)), v], axis=1)
        c = np.concatenate([np.broadcast_to([bias, *[0.0] * axes], (k, inputs)), c], axis=1)
        noise = random.choice([0.0, 0.0, 0.1, 0.5], (k, 1, 1)) * random.standard_normal((k, n, 4))
        u = np.concatenate([wanted[:, 0, :, None] / bias, slopes / weight, noise], axis=-1)
        # one factor for all labels: it keeps the order of the scores
        u /= np.maximum(1.0, np.abs(u).sum(-1).max(-1) / float(self.output))[:, None, None]
        x = np.vstack([np.zeros(axes), np.diag(norms[1:])])
        hidden = np.maximum(np.einsum("kjd,id->kij", v, x) + c[:, None], 0.0)
        scores = np.einsum("kij,knj->kin", hidden, u)
        return scores, lambda i: f" u={u[i].tolist()} v={v[i].tolist()} c={c[i].tolist()}"

    def __post_init__(self) -> None:
        for name in ("output", "weight", "bias"):
            value = exact(getattr(self, name), name)
            object.__setattr__(self, name, value)
            require(value > 0, f"{name} must be > 0", value, f"pass {name}=1")

    @property
    def score_bound(self) -> Exact:
        return self.output * self.bias

    def score_bound_at(self, norm: float) -> float:
        return float(self.output) * (float(self.weight) * norm + float(self.bias))

    def __str__(self) -> str:
        return f"relu:L={self.output},W={self.weight},B={self.bias}"


def _slopes(wanted: Array, norms: Array) -> Array:
    """Slopes (k, n, axes) from the origin to each other input."""
    slopes: Array = np.swapaxes(wanted[:, 1:] - wanted[:, :1], 1, 2) / norms[1:]
    return slopes


def check_score_bound(hypotheses: Hypotheses) -> None:
    """Refuse a hypothesis set, of a class that we do not know, whose scores fill no box.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> check_score_bound(Bounded(2))
    """
    bound = hypotheses.score_bound
    if bound is None:
        return
    value = exact(bound, "score bound")
    require(value > 0, "a score bound must be > 0", bound, "return a number > 0, or None")


def parse_hypotheses(spec: str | Hypotheses) -> Hypotheses:
    """The hypothesis set that a spec string names.

    ``complete``, ``bounded:B``, ``linear:W=..,B=..`` or ``relu:L=..,W=..,B=..``, and those that
    other packages registered in `HYPOTHESES`.

    Raises
    ------
    UnknownNameError, InvalidInputError

    Examples
    --------
    >>> parse_hypotheses("bounded:1.5")
    Bounded(bound=Fraction(3, 2))
    """
    if isinstance(spec, Hypotheses):
        return spec
    name, _, rest = spec.strip().partition(":")
    make = HYPOTHESES[name].value
    letters = make.letters
    if len(letters) == 1 and rest and "=" not in rest:
        rest = f"{next(iter(letters))}={rest}"
    arguments: dict[str, str] = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.strip().partition("=")
        if key not in letters:
            raise UnknownNameError(f"parameter of {name}", key, letters or ("none",))
        arguments[letters[key]] = value
    needed = {f.name for f in fields(make) if f.init and f.default is MISSING}
    if missing := needed - set(arguments):
        raise InvalidInputError(
            f"a {name} hypothesis set needs its {', '.join(sorted(missing))}",
            spec,
            f"write {name}:" + ",".join("1" if len(letters) == 1 else f"{k}=1" for k in letters),
        )
    return make(**arguments)


if not TYPE_CHECKING:  # type checkers read the classes

    def __getattr__(name):
        found = HYPOTHESES.by_name_in_code(name) if name[:1].isupper() else None
        if name == "__all__":
            kinds = (entry.value.__name__ for entry in HYPOTHESES.values())
            return ["Hypotheses", "parse_hypotheses", *kinds]
        if found is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return found
