"""Provers: what can be shown of a curve, by algebra first and in balls where that is not enough."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hconsist.losses.facts import Curve, Fact, NotShown

__all__ = ["convex_in_scores", "kinks", "prove"]


def prove(curve: Curve, what: str) -> Fact | NotShown:
    """What can be shown."""
    return NotShown(what, curve.on, "")


def kinks(curve: Curve) -> tuple[Fraction, ...] | None:
    """Where the curve may fail to be smooth."""
    return None


def convex_in_scores(losses: Callable[..., Any], n_classes: int) -> str:
    """Why the losses are not shown to be convex in the scores; empty when they are."""
    return "no prover"
