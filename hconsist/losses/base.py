"""What a surrogate loss is: one formula over an arithmetic, and what is known of its shape."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal, TypeVar

import numpy as np

from hconsist.arithmetic import Exact, Ops, Value, exact, is_symbolic
from hconsist.arithmetic.logarithms import plain
from hconsist.errors import InvalidInputError
from hconsist.losses.at_scores import OnArrays
from hconsist.losses.facts import Curve
from hconsist.losses.forms import (
    Form,
    General,
    OfMargin,
    OfProbabilities,
    OfSoftmax,
    of_two_labels,
)
from hconsist.losses.kept import Keeps
from hconsist.losses.prediction_forms import PredictionForm
from hconsist.losses.separable import Separable

_F = TypeVar("_F", bound=Form)

#: Coordinates in which every conditional risk is convex, or concave; None when neither is known.
Shape = Literal["convex in softmax", "concave in softmax", "convex in scores"]
#: What a loss scores; "bits" are labels that may be present, "bins" those of a forecast.
ScoresOf = Literal["labels", "predictions", "bits", "thresholds", "items", "bins", "value"]
_DECLARES: dict[Shape | None, str] = {
    "convex in softmax": "convex",
    "concave in softmax": "concave",
}


@dataclass(frozen=True)
class Loss(OnArrays, Keeps, ABC):
    """A surrogate loss l(scores, y): a frozen dataclass whose fields are its parameters, kept
    exactly.

    A subclass writes `losses`, or `of_softmax` / `of_margin` in the families below, once, over an
    ``ops`` arithmetic.
    """

    #: Name in spec strings.
    spec_name: ClassVar[str] = ""
    #: Paper and equation of the definition.
    source: ClassVar[str] = ""
    #: Whether relabelling the classes only permutes the losses.
    symmetric: ClassVar[bool] = True
    #: Whether adding a constant to every score changes nothing.
    shift_invariant: ClassVar[bool] = True
    #: What the scores are of: `ScoresOf`.
    scores_of: ClassVar[ScoresOf] = "labels"
    #: The target that the loss is made for, as a spec; such losses are listed apart.
    made_for: ClassVar[str] = ""
    #: Whether a value is itself found by optimisation, so that many of them take long.
    solves_for_its_value: ClassVar[bool] = False
    #: Number of classes for which the loss is defined; None for every n >= 2.
    only_classes: ClassVar[int | None] = None

    @abstractmethod
    def losses(self, scores: Value, ops: Ops) -> Value:
        """l(scores, y) for every label y: shape (..., n_classes) to (..., n_classes)."""

    def with_costs(self, costs: tuple[tuple[Fraction, ...], ...]) -> Loss:
        """The loss for a target with these costs; the same, unless predictions are scored."""
        del costs
        return self

    def with_points(self, points: tuple[Fraction, ...]) -> Loss:
        """The loss for labels at these points of a line."""
        return self

    def centres(self) -> tuple[Fraction, ...] | None:
        """Of the bins that are scored, where they are not the labels."""

    def order_weights(self, n_scores: int) -> tuple[tuple[Fraction, ...], ...] | None:
        """A with A p in the order of the best scores at p, where that is known."""

    @property
    def shape(self) -> Shape | None:
        """Coordinates in which every conditional risk is convex or concave (None: not known): a
        declaration, which estimates may rely on and proofs may not (`hconsist.losses.facts`).
        """
        return None

    @property
    def separable(self) -> Separable | None:
        """The conditional risk as a separable sum, where it is one."""
        return None

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms of this loss, the most telling first; see `hconsist.losses.forms`."""
        found: tuple[Form, ...] = self.kept("forms", lambda: (*self._own_forms(), self._general()))
        return found

    def form(self, kind: type[_F], n_classes: int | None = None) -> _F | None:
        """This loss in a form of this kind, or None.

        Parameters
        ----------
        kind : type
            One of the classes of `hconsist.losses.forms`.
        n_classes : int, optional
            2 asks for two labels, where most losses are functions of the margin.

        Examples
        --------
        >>> from hconsist.losses import parse_loss
        >>> from hconsist.losses.forms import OfMargin, OfSoftmax
        >>> parse_loss("logistic").form(OfSoftmax).g.fact("convex").origin
        'proven'
        >>> parse_loss("hinge").form(OfSoftmax) is None
        True
        """
        found = next((f for f in self.forms if type(f) is kind), None)
        if found is None and kind is OfMargin and n_classes == 2:
            found = self.kept("binary_form", lambda: of_two_labels(self.forms))
        return found

    def _own_forms(self) -> tuple[Form, ...]:
        """The forms beside the general one."""
        return ()

    def _general(self) -> General:
        declared = f"shape of {type(self).__name__}" if self.shape == "convex in scores" else ""
        return General(self.losses, declared)

    @property
    def sum_to_zero(self) -> bool:
        """Whether the score vectors are constrained to sum to zero."""
        return False

    @property
    def spec(self) -> str:
        """The spec string that the command line reads: ``comp-sum:tau=3/2``."""
        parts = [f"{f.name}={_spec_value(getattr(self, f.name))}" for f in dataclasses.fields(self)]
        return self.spec_name + (":" + ",".join(parts) if parts else "")

    @property
    def temperature(self) -> Exact:
        """What divides the scores before any softmax."""
        return Fraction(1)

    def prediction_form(self, n_scores: int) -> PredictionForm | None:
        """The conditional risk as a function of weights of so many predictions; None where the
        scores are not those of predictions.
        """
        return None

    @property
    def symbolic(self) -> bool:
        """Whether a parameter is a symbol without a value."""
        return any(is_symbolic(getattr(self, f.name)) for f in dataclasses.fields(self))

    @property
    def family(self) -> tuple[object, ...]:
        """What the loss is but for the values of its parameters: two losses of one family differ
        by numbers alone.
        """
        values = (getattr(self, f.name) for f in dataclasses.fields(self))
        return (type(self), *(v.family for v in values if isinstance(v, Loss)))

    def __str__(self) -> str:
        return self.spec

    def _read(self, name: str) -> Exact:
        """Store a parameter exactly; to be called from ``__post_init__``."""
        value = exact(getattr(self, name), name)
        object.__setattr__(self, name, value)
        return value


def _spec_value(value: object) -> str:
    if isinstance(value, Fraction):
        decimal = repr(float(value))
        if value.denominator != 1 and "e" not in decimal and Fraction(decimal) == value:
            return decimal
    return str(value)


@dataclass(frozen=True)
class ProbabilityLoss(Loss):
    """A loss that sees the scores only through softmax(scores / temperature)."""

    @abstractmethod
    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        """The losses of all labels at predicted probabilities q: shape (..., n_classes) to (...,
        n_classes).
        """

    def losses(self, scores: Value, ops: Ops) -> Value:
        # In floats u is carried by log u: neither it nor its powers underflow.
        logs = ops.logarithmic()
        return plain(
            self.of_probabilities(logs.softmax(scores / ops.const(self.temperature)), logs)
        )

    def _own_forms(self) -> tuple[Form, ...]:
        return (OfProbabilities(self.of_probabilities, self.temperature),)


@dataclass(frozen=True)
class SoftmaxLoss(ProbabilityLoss):
    """A loss of the label's own softmax value: l = phi(softmax(scores / temperature)_y), phi
    decreasing.

    Nothing need be declared: what can be proven of phi is found (`hconsist.losses.facts`).
    """

    @abstractmethod
    def of_softmax(self, u: Value, ops: Ops) -> Value:
        """phi(u) for softmax values u in (0, 1], elementwise."""

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        return self.of_softmax(q, ops)

    @property
    def shape(self) -> Shape | None:
        """Convex or concave in the softmax value where that is proven; a class may declare it."""
        if self.symbolic:
            return None
        g = self.kept("bare_curve", lambda: Curve("g", self.of_softmax, "unit"))
        if g.fact("convex"):
            return "convex in softmax"
        return "concave in softmax" if g.fact("concave") else None

    @property
    def separable(self) -> Separable:
        return Separable("softmax", self.of_softmax, temperature=self.temperature)

    def _own_forms(self) -> tuple[Form, ...]:
        shape = None if type(self).shape is SoftmaxLoss.shape else self.shape
        declared = (
            {_DECLARES[shape]: f"shape of {type(self).__name__}"} if shape in _DECLARES else {}
        )
        g = Curve("g", self.of_softmax, "unit", declared)
        return (OfSoftmax(g, self.temperature), *super()._own_forms())


@dataclass(frozen=True)
class MarginLoss(Loss):
    """A binary loss of the margin: l = phi(u), u = (s_y - s_other) / 2, so that scores (f, -f) have
    margin f.

    Scores in [-B, B] give margins in [-B, B]. `Constrained`, `Sum`, `Max` and `CompSum` build
    multi-class losses from it.
    """

    only_classes: ClassVar[int | None] = 2
    #: Whether phi is convex on the whole line.
    convex: ClassVar[bool] = False

    @abstractmethod
    def of_margin(self, u: Value, ops: Ops) -> Value:
        """phi(u) for margins u in R, elementwise."""

    def losses(self, scores: Value, ops: Ops) -> Value:
        d = ops.differences(scores)
        return self.of_margin(ops.sum(d) / ops.const(2), ops)

    @property
    def shape(self) -> Shape | None:
        """Convex in the scores, where that is declared by ``convex`` or proven."""
        if self.convex:
            return "convex in scores"
        if self.symbolic:
            return None
        phi = self.kept("bare_curve", lambda: Curve("phi", self.of_margin, "line"))
        return "convex in scores" if phi.fact("convex") else None

    def _own_forms(self) -> tuple[Form, ...]:
        overridden = type(self).shape is not MarginLoss.shape and self.shape == "convex in scores"
        name = type(self).__name__
        declared = {"convex": f"{'shape' if overridden else 'convex'} of {name}"}
        phi = Curve("phi", self.of_margin, "line", declared if self.convex or overridden else {})
        return (OfMargin(phi),)

    @property
    def kinks(self) -> tuple[Exact, ...] | None:
        """The margins where phi bends, for a non-increasing piecewise linear phi >= 0; None for
        every other phi.
        """
        return None

    @property
    def separable(self) -> Separable:
        return Separable("scores", self.of_margin)

    @property
    def sum_to_zero(self) -> bool:
        return True  # only the difference of the two scores matters: take (f, -f)


#: Methods that write a formula, and by which of them each family does.
_FORMULAS = ("losses", "of_probabilities", "of_softmax", "of_margin")
#: What a class says about itself: none of it is believed by proofs.
_ABOUT = {"spec_name", "source", "spec", "symmetric", "shift_invariant", "shape", "convex", "kinks",
          "made_for", "family", "separable"}  # fmt: skip


def check_values(loss: Loss) -> None:
    """Refuse a loss whose values are redefined where its forms are not, in its class or on one
    instance (what is found out of their formulas would not be about them), or whose softmax values
    are not in the order of the scores.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> check_values(parse_loss("logistic"))
    """
    temperature = loss.temperature
    exact = isinstance(temperature, Fraction) or hasattr(temperature, "free_symbols")
    if not exact or (temperature > 0) == False:  # noqa: E712 (SymPy leaves it open)
        raise InvalidInputError(
            "the temperature of a loss is a Fraction > 0", temperature, "write Fraction(1, 2)"
        )
    kind = type(loss).__mro__
    told = next(c for c in kind if "_own_forms" in vars(c))
    if told is Loss and not {ProbabilityLoss, MarginLoss} & set(kind):
        return
    family: dict[type, str] = {
        ProbabilityLoss: "of_probabilities",
        SoftmaxLoss: "of_softmax",
        MarginLoss: "of_margin",
    }
    written = {name for name in _FORMULAS if name != family.get(told)}
    if told.__module__.startswith("hconsist.") and told not in family:
        # a loss of the package with forms of its own: whatever they are made of, but for _abc_impl
        written |= {name for c in told.__mro__ for name in vars(c) if name[:2] not in ("__", "_a")}
    strangers = [c for c in kind[: kind.index(told)] if not c.__module__.startswith("hconsist.")]
    redefined = {n for c in (*strangers, loss) for n in (written - _ABOUT) & set(vars(c))}
    redefined -= {f.name for f in dataclasses.fields(loss)}
    if redefined or {ProbabilityLoss, MarginLoss} <= set(kind):
        raise InvalidInputError(
            "a loss of the softmax values or of the margin is given by its formula, and losses may "
            "not be redefined",
            f"{', '.join(sorted(redefined)) or 'two families'} of {type(loss).__name__}",
            "define of_softmax, of_probabilities or of_margin alone, in a class derived from "
            "SoftmaxLoss, ProbabilityLoss or MarginLoss, or derive from Loss",
        )


def convex_if(convex: object, concave: object) -> Shape | None:
    """The shape by two conditions that SymPy may leave open."""
    if convex == True:  # noqa: E712
        return "convex in softmax"
    return "concave in softmax" if concave == True else None  # noqa: E712


def total(vector: Value, ops: Ops) -> Value:
    """The sum over classes, shaped so that it combines with the vector again: (..., n) to (..., 1)
    or (..., n).

    >>> from hconsist.arithmetic import NUMPY
    >>> total(np.array([1.0, 2.0]), NUMPY)
    array([3.])
    """
    return ops.total(vector)


def check_distribution(p: object, n_classes: int) -> np.ndarray:
    """A label distribution as a float array of shape (..., n_classes).

    Raises
    ------
    InvalidInputError
        When an entry is negative or not finite, a sum is not 1, or the last axis is not the
        classes.

    Examples
    --------
    >>> check_distribution([0.25, 0.75], 2)
    array([0.25, 0.75])
    """
    array = np.asarray(p, dtype=float)
    remedy = f"pass {n_classes} non-negative numbers that sum to 1"
    if array.ndim == 0 or array.shape[-1] != n_classes:
        raise InvalidInputError(
            f"p must have shape (..., {n_classes})", f"shape {array.shape}", remedy
        )
    if not np.all(np.isfinite(array)) or np.any(array < 0):
        raise InvalidInputError("p must be non-negative and finite", array.tolist(), remedy)
    if np.any(np.abs(array.sum(axis=-1) - 1) > 1e-9):
        raise InvalidInputError("p must sum to 1", array.tolist(), remedy)
    return array
