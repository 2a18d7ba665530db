"""Conditional risks that are separable sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hconsist.arithmetic import Exact, Ops, Value


@dataclass(frozen=True)
class Separable:
    """Conditional risk as a separable sum: ``sum_k w_k g(z_k)`` subject to ``sum_k z_k = total``.

    The coordinates z are ordered as the scores. Comp-sum losses take z = softmax(scores), total 1;
    binary margin and constrained losses take z = scores, total 0. A weight w_k is p_k, or 1 - p_k
    when ``complement`` is true.

    Parameters
    ----------
    coordinate : {"softmax", "scores"}
        What z is.
    term : callable
        ``g(z, ops)``, elementwise.
    complement : bool
        Whether the weights are 1 - p.
    temperature : Fraction or sympy.Expr
        For softmax coordinates: z = softmax(scores / temperature).
    """

    coordinate: Literal["softmax", "scores"]
    term: Callable[[Value, Ops], Value]
    complement: bool = False
    temperature: Exact = Fraction(1)

    @property
    def total(self) -> int:
        """What the coordinates sum to."""
        return 1 if self.coordinate == "softmax" else 0
