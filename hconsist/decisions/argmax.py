"""Predictions that are labels: the zero-one and the top-k target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hconsist.arithmetic import is_symbolic
from hconsist.decisions.costs import Uniform
from hconsist.decisions.decision import Decision
from hconsist.decisions.specs import register_target
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr


@register_target("zero-one", "zero-one", "1 unless the label is predicted")
@dataclass(frozen=True)
class ZeroOne(Target):
    """Zero-one loss: the predicted label is an argmax of the scores, ties falling on the worst
    label.

    >>> import numpy as np
    >>> float(ZeroOne().regret(np.array([0.7, 0.3]), np.array([1])).round(12))
    0.4
    """

    @classmethod
    def read(cls, rest: str, spec: str) -> ZeroOne:
        """From its spec string."""
        if rest:
            raise InvalidInputError("the zero-one target has no parameter", spec, "write zero-one")
        return cls()

    def decision(self, n_classes: int | Expr) -> Decision:
        """A label that is not the predicted one costs 1."""
        return Decision(Uniform(n_classes))

    def __str__(self) -> str:
        return "zero-one"


@register_target("top-k", "top-k:2", "1 unless the label is among the k predicted")
@dataclass(frozen=True)
class TopK(Target):
    """Top-k loss: the k labels with the largest scores are predicted, ties falling on the worst
    labels.

    >>> import numpy as np
    >>> float(TopK(2).regret(np.array([0.5, 0.3, 0.2]), np.array([0, 2])).round(12))
    0.1
    """

    size: int = 1

    @classmethod
    def read(cls, rest: str, spec: str) -> TopK:
        """From its spec string."""
        size = rest.removeprefix("k=")
        if not size.isdecimal():
            raise InvalidInputError("a top-k target needs a whole number", spec, "write top-k:2")
        return cls(int(size))

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise InvalidInputError("k must be a whole number >= 1", self.size, "pass TopK(2)")

    @property
    def k(self) -> int:
        """How many labels are predicted."""
        return self.size

    def decision(self, n_classes: int | Expr) -> Decision:
        """Each of the k predicted labels costs 1 when it is not the true one: k - 1, and 1 more
        when none is.
        """
        if not is_symbolic(n_classes) and not self.size < n_classes:
            raise InvalidInputError(
                "a top-k target needs k < n_classes",
                f"k={self.size}, n_classes={n_classes}",
                "lower k or raise n_classes",
            )
        return Decision(Uniform(n_classes), self.size)

    def __str__(self) -> str:
        return f"top-k:{self.size}"
