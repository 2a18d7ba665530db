"""Forms of losses that no curve of one variable tells: each holds the formula itself, so that what
is concluded from the form is about the loss.

- `LargestTerms`: the mean of the largest of ``c [k != y] + s_k - s_y``, or of all of them;
- `AdaptiveTransport`: `Transport` at the best temperature, with a price for it;
- `LabelMargins`: cross-entropy after each label's score is lowered by a margin of its own;
- `Standardised`: a curve of the label's standardised score;
- `OfWeights`: cross-entropy of ``w(s_y) / sum_k w(s_k)``, a curve w.

>>> from hconsist.losses import parse_loss
>>> parse_loss("ldr-k:k=2,c=1").form(LargestTerms)
LargestTerms(count=2, c=Fraction(1, 1))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import Exact, Ops, Value
from hconsist.errors import InvalidInputError
from hconsist.losses.facts import Curve


class ScoreForm(ABC):
    """A formula of the scores, written in the form."""

    @abstractmethod
    def losses(self, scores: Value, ops: Ops) -> Value:
        """The losses of all labels: shape (..., n) to (..., n)."""

    def risk(self, s: Value, p: Value, ops: Ops) -> Value:
        """The conditional risk at scores s: shapes (..., n), (..., n) to (...)."""
        return ops.sum(p * self.losses(s, ops))


def _terms(c: Exact, scores: Value, ops: Ops) -> Value:
    """``c [k != y] + s_k - s_y``, a row for each label y."""
    return ops.const(c) * ops.off_diagonal(scores.shape[-1]) - ops.differences(scores)


@dataclass(frozen=True)
class LargestTerms(ScoreForm):
    """The mean of the ``count`` largest of ``c [k != y] + s_k - s_y`` over all labels k: piecewise
    linear and convex in the scores. count None: of all of them, which is linear.

    >>> from hconsist.arithmetic import NUMPY
    >>> import numpy as np
    >>> LargestTerms(None, Fraction(1)).losses(np.array([1.0, 0.0]), NUMPY)
    array([0., 1.])
    """

    count: int | None
    c: Exact

    def losses(self, scores: Value, ops: Ops) -> Value:
        n = scores.shape[-1]
        if self.count is None:
            return ops.sum(_terms(self.c, scores, ops)) / ops.const(n)
        if self.count > n:
            raise InvalidInputError(
                "k must be <= n_classes", f"k={self.count}, n_classes={n}", f"pass k={n} or less"
            )
        return ops.top_sum(_terms(self.c, scores, ops), self.count) / ops.const(self.count)


@dataclass(frozen=True)
class AdaptiveTransport(ScoreForm):
    """``max_lam lam log((1/n) sum_k exp((c [k != y] + s_k - s_y) / lam)) - (a/2) (lam - lam0)^2``
    with ``a = alpha log(n) / lam0``, over ``lam0 (1 - 1/alpha) <= lam <= lam0``.
    """

    lam0: Exact
    alpha: Exact
    c: Exact

    def losses(self, scores: Value, ops: Ops) -> Value:
        lam0 = ops.const(self.lam0)
        log_n = ops.log(ops.const(scores.shape[-1]))
        stiffness = ops.const(self.alpha) * log_n / lam0
        margins = _terms(self.c, scores, ops)

        def log_sum(lam: Value, o: Ops) -> tuple[Value, Value]:
            """log sum_k exp(m_k / lam) and the exponents, one row per label."""
            exponents = margins / (lam[..., None] if getattr(lam, "shape", ()) else lam)
            return o.logsumexp(exponents), exponents

        def value(lam: Value, o: Ops) -> Value:
            distance = lam - lam0
            return lam * (log_sum(lam, o)[0] - log_n) - stiffness * distance * distance / o.const(2)

        def slope(lam: Value, o: Ops) -> Value:
            # d/dlam of lam log mean exp(m / lam) is log mean exp(m / lam) - mean_q(m / lam) =
            # -KL(q, uniform).
            total, exponents = log_sum(lam, o)
            return (
                total - log_n - o.sum(o.softmax(exponents) * exponents) - stiffness * (lam - lam0)
            )

        lowest = lam0 * ops.const(1 - 1 / self.alpha)
        return ops.maximum_over(value, slope, lowest, lam0)


@dataclass(frozen=True)
class LabelMargins(ScoreForm):
    """``log sum_k exp(Delta_y [k != y] + s_k - s_y)`` with ``Delta_y = margin growth^(y - n + 1)``.

    >>> LabelMargins(Fraction(1), Fraction(2)).margins(3)
    [Fraction(1, 4), Fraction(1, 2), Fraction(1, 1)]
    """

    margin: Exact
    growth: Exact

    def margins(self, n: int) -> list[Exact]:
        """Delta_y for y = 0..n-1, exactly."""
        return [self.margin * self.growth ** (y - n + 1) for y in range(n)]

    def losses(self, scores: Value, ops: Ops) -> Value:
        margins = self.margins(scores.shape[-1])
        shifts = ops.matrix(
            [
                [Fraction(0) if k == y else m for k in range(len(margins))]
                for y, m in enumerate(margins)
            ]
        )
        return ops.logsumexp(shifts - ops.differences(scores))


@dataclass(frozen=True)
class Standardised(ScoreForm):
    """``g(z_y)`` of the standardised scores ``z = (s - mean) / std``, std that of the population:
    ``sum_k z_k = 0`` and ``sum_k z_k^2 = n``.
    """

    g: Curve

    def losses(self, scores: Value, ops: Ops) -> Value:
        n = ops.const(scores.shape[-1])
        centred = scores - ops.total(scores) / n
        spread = ops.power(ops.total(ops.power(centred, 2)) / n, Fraction(1, 2))
        return self.g(centred / spread, ops)


@dataclass(frozen=True)
class OfWeights(ScoreForm):
    """``-log(w(s_y) / sum_k w(s_k))`` with a positive curve w: cross-entropy of probabilities that
    need not be ordered as the scores.
    """

    w: Curve

    def losses(self, scores: Value, ops: Ops) -> Value:
        weights = self.w(scores, ops)
        return ops.log(ops.total(weights)) - ops.log(weights)
