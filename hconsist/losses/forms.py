"""The forms that a loss can have: a closed list, by which engines know what to do with it.

- `OfSoftmax`: ``g(softmax(s / temperature)_y)``, a curve g on (0, 1];
- `OfMargin`: ``phi((s_y - s_other) / 2)`` for two labels, a curve phi on the line;
- `OfScores`: ``sum_{k != y} phi(-s_k)`` over scores that sum to zero;
- `Pairwise`: the sum, the maximum, or Phi^tau of the sum, of ``phi(s_y - s_k)``;
- `Transport`: ``lam log sum_k exp((c [k != y] + s_k - s_y) / lam)``, lam > 0 and c >= 0;
- `OfProbabilities`: ``f(softmax(s / temperature))_y``, a formula of all labels;
- `ScoreForm`: one of the formulas in `hconsist.losses.forms_of_scores`;
- `General`: any formula of the scores.

A loss has several: cross-entropy is `OfSoftmax`, `Transport`, `OfProbabilities` and `General`, and
for two labels `OfMargin` too. ``loss.form(OfSoftmax)`` is the form, or None; ``loss.form(OfMargin,
2)`` asks for two labels. Each form knows its conditional risk over any arithmetic.

>>> from hconsist.losses import parse_loss
>>> parse_loss("ldr:lam=1,c=2").form(Transport).c
Fraction(2, 1)
>>> parse_loss("mae").form(OfMargin), parse_loss("mae").form(OfMargin, 2) is None
(None, False)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from hconsist.arithmetic import Exact, Ops, Value
from hconsist.losses.facts import Curve, Fact, NotShown
from hconsist.losses.forms_of_scores import ScoreForm

#: How a pairwise loss joins the margins to the other labels.
How = Literal["sum", "max", "comp-sum"]
_IN_SCORES = "every loss as a function of the scores"


@dataclass(frozen=True)
class OfSoftmax:
    """``l(s, y) = g(u_y)``, u = softmax(s / temperature).

    The conditional risk is ``sum_y p_y g(u_y)`` over the simplex, a separable sum.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> from hconsist.losses import parse_loss
    >>> half = np.array([0.5, 0.5])
    >>> float(parse_loss("mae").form(OfSoftmax).risk(half, half, NUMPY))
    0.5
    """

    g: Curve
    temperature: Exact = Fraction(1)

    def risk(self, u: Value, p: Value, ops: Ops) -> Value:
        """The conditional risk at softmax values u: shapes (..., n), (..., n) to (...)."""
        return ops.sum(p * self.g(u, ops))


@dataclass(frozen=True)
class OfMargin:
    """``l(s, y) = phi(v)``, v = (s_y - s_other) / 2, for two labels.

    With eta the probability of label 0 and scores (v, -v) the conditional risk is ``eta phi(v) +
    (1 - eta) phi(-v)``.

    >>> from hconsist.arithmetic import NUMPY
    >>> from hconsist.losses import parse_loss
    >>> parse_loss("least-squares").form(OfMargin).risk(0.5, 1.0, NUMPY)
    0.25
    """

    phi: Curve

    def risk(self, v: Value, eta: Value, ops: Ops) -> Value:
        """The conditional risk at margin v of label 0, which has probability eta."""
        return eta * self.phi(v, ops) + (1 - eta) * self.phi(-v, ops)


@dataclass(frozen=True)
class OfScores:
    """``l(s, y) = sum_{k != y} phi(-s_k)`` over scores that sum to zero.

    The conditional risk is ``sum_k (1 - p_k) phi(-s_k)``, a separable sum.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> from hconsist.losses import parse_loss
    >>> form = parse_loss("constrained:phi=hinge").form(OfScores)
    >>> float(form.risk(np.array([0.0, 0.0]), np.array([0.5, 0.5]), NUMPY))
    1.0
    """

    phi: Curve

    def risk(self, s: Value, p: Value, ops: Ops) -> Value:
        """The conditional risk at scores s that sum to zero: (..., n), (..., n) to (...)."""
        return ops.sum((1 - p) * self.phi(-s, ops))


@dataclass(frozen=True)
class Pairwise:
    """``phi(s_y - s_k)`` over the other labels k, joined: their sum, their maximum, or ``Phi^tau``
    of their sum, ``Phi^tau(v) = ((1 + v)^(1 - tau) - 1)/(1 - tau)``.

    >>> from hconsist.losses import parse_loss
    >>> parse_loss("weston-watkins").form(Pairwise).how
    'sum'
    """

    phi: Curve
    how: How
    losses: Callable[[Value, Ops], Value] = field(compare=False, repr=False)
    tau: Exact | None = None

    def risk(self, s: Value, p: Value, ops: Ops) -> Value:
        """The conditional risk at scores s: shapes (..., n), (..., n) to (...)."""
        return ops.sum(p * self.losses(s, ops))


@dataclass(frozen=True)
class Transport:
    """``l(s, y) = scale lam log sum_k exp((c [k != y] + s_k - s_y) / lam)``, the entropic transport
    form of the LDR losses: convex in the scores as a log-sum-exp of affine functions, with the
    conditional risk's dual a transport problem.

    >>> from hconsist.losses import parse_loss
    >>> form = parse_loss("cosface:scale=2,margin=0").form(Transport)
    >>> form.lam, form.scale
    (Fraction(1, 2), Fraction(2, 1))
    """

    lam: Exact
    c: Exact
    scale: Exact = Fraction(1)

    def losses(self, scores: Value, ops: Ops) -> Value:
        """The losses of all labels."""
        lam, n = ops.const(self.lam), scores.shape[-1]
        exponents = (ops.const(self.c) * ops.off_diagonal(n) - ops.differences(scores)) / lam
        return ops.const(self.scale) * lam * ops.logsumexp(exponents)

    def risk(self, s: Value, p: Value, ops: Ops) -> Value:
        """The conditional risk at scores s: shapes (..., n), (..., n) to (...)."""
        return ops.sum(p * self.losses(s, ops))


@dataclass(frozen=True)
class OfProbabilities:
    """``l(s, y) = f(u)_y``, u = softmax(s / temperature): a formula of all probabilities.

    >>> from hconsist.losses import parse_loss
    >>> parse_loss("brier").form(OfProbabilities).temperature
    Fraction(1, 1)
    """

    f: Callable[[Value, Ops], Value] = field(compare=False)
    temperature: Exact = Fraction(1)

    def risk(self, u: Value, p: Value, ops: Ops) -> Value:
        """The conditional risk at softmax values u: shapes (..., n), (..., n) to (...)."""
        return ops.sum(p * self.f(u, ops))


@dataclass(frozen=True)
class General:
    """Any formula of the scores; every loss has this form.

    >>> from hconsist.losses import parse_loss
    >>> bool(parse_loss("ldr-k").form(General).convex(3))
    True
    """

    losses: Callable[[Value, Ops], Value] = field(compare=False)
    declared: str = ""
    _known: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)

    def risk(self, s: Value, p: Value, ops: Ops) -> Value:
        """The conditional risk at scores s: shapes (..., n), (..., n) to (...)."""
        return ops.sum(p * self.losses(s, ops))

    def convex(self, n_classes: int) -> Fact | NotShown:
        """Whether the loss of every label is convex in the scores: proven by the rules of
        composition, or declared.
        """
        if n_classes not in self._known:
            self._known[n_classes] = self._found(n_classes)
        found: Fact | NotShown = self._known[n_classes]
        return found

    def _found(self, n_classes: int) -> Fact | NotShown:
        from hconsist.losses.proving import convex_in_scores

        reason = convex_in_scores(self.losses, n_classes)
        if not reason:
            return Fact("convex", _IN_SCORES, "proven", "rules of composition")
        if self.declared:
            return Fact("convex", _IN_SCORES, "declared", self.declared)
        return NotShown("convex", _IN_SCORES, reason)


Form: TypeAlias = (
    OfSoftmax | OfMargin | OfScores | Pairwise | Transport | OfProbabilities | ScoreForm | General
)


def of_two_labels(forms: tuple[Form, ...]) -> OfMargin | None:
    """The margin form that a loss of these forms has for two labels, or None."""
    for form in sorted(forms, key=lambda f: not isinstance(f, Transport)):
        match form:
            case Transport():  # a formula that does not overflow
                return margin_of_transport(form)
            case OfSoftmax():
                return margin_of_softmax(form)
            case OfScores():
                return OfMargin(form.phi)
            case Pairwise():
                return margin_of_pairwise(form)
    return None


def margin_of_softmax(form: OfSoftmax) -> OfMargin:
    """The binary margin form of a loss of the softmax value: phi(v) = g(1/(1 + exp(-2 v /
    temperature))).

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> from hconsist.losses import parse_loss
    >>> form = margin_of_softmax(parse_loss("mae").form(OfSoftmax))
    >>> float(form.phi(np.asarray(0.0), NUMPY))
    0.5
    """

    def phi(v: Value, ops: Ops) -> Value:
        one = ops.const(1)
        weight = ops.exp(ops.const(-2 / form.temperature) * v)
        return form.g(one / (one + weight), ops)

    return OfMargin(Curve(f"{form.g.name} as phi", phi, "line"))


def margin_of_transport(form: Transport) -> OfMargin:
    """The binary margin form of an LDR loss: phi(v) = scale lam log(1 + exp((c - 2 v)/lam)).

    >>> from hconsist.losses import parse_loss
    >>> form = margin_of_transport(parse_loss("ldr:lam=1,c=2").form(Transport))
    >>> bool(form.phi.fact("convex"))
    True
    """

    def phi(v: Value, ops: Ops) -> Value:
        exponent = ops.const(form.c / form.lam) - ops.const(2 / form.lam) * v
        return ops.const(form.scale * form.lam) * ops.softplus(exponent)

    return OfMargin(Curve("phi", phi, "line"))


def margin_of_pairwise(form: Pairwise) -> OfMargin:
    """The binary margin form of a pairwise loss: one other label, margin s_y - s_other = 2 v.

    >>> from hconsist.losses import parse_loss
    >>> form = margin_of_pairwise(parse_loss("sum:phi=hinge").form(Pairwise))
    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> float(form.phi(np.asarray(0.25), NUMPY))
    0.5
    """

    def phi(v: Value, ops: Ops) -> Value:
        value = form.phi(v * ops.const(2), ops)
        if form.tau is None:
            return value
        one_plus = value + ops.const(1)
        if form.tau == 1:
            return ops.log(one_plus)
        return (ops.power(one_plus, 1 - form.tau) - ops.const(1)) / ops.const(1 - form.tau)

    return OfMargin(Curve("phi", phi, "line"))


def convex_in_scores(forms: tuple[Form, ...], n_classes: int) -> tuple[Fact, ...] | NotShown:
    """Whether the loss of every label is convex in the scores: the facts that it rests on.

    Transport forms are log-sum-exps of affine functions; a g that falls and is convex in t = -log u
    is one of the convex function t of the scores, composed with a convex increasing one; sums and
    maxima of convex phi of affine margins are convex; for everything else the rules of composition
    must do.

    >>> from hconsist.losses import parse_loss
    >>> bool(convex_in_scores(parse_loss("comp-sum:tau=1/2").forms, 3))
    True
    >>> bool(convex_in_scores(parse_loss("mae").forms, 3))
    False
    """
    for form in forms:
        facts: tuple[Fact, ...] = ()
        match form:
            case Transport():
                return (Fact("convex", _IN_SCORES, "proven", "a log-sum-exp of affine functions"),)
            case OfSoftmax():
                facts = form.g.facts("non-increasing", "convex in -log u")
            case OfMargin() | OfScores():
                facts = form.phi.facts("convex")
            case Pairwise() if form.how != "comp-sum" or form.tau == 0:
                facts = form.phi.facts("convex")
            case General():
                found = form.convex(n_classes)
                return (found,) if found.proven or found.assumption else found  # type: ignore[return-value]
        if facts:
            return facts
    return NotShown("convex", _IN_SCORES)
