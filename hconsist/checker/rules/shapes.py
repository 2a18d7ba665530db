"""Conditions on a loss g of the softmax value u: what is proven about its shape on (0, 1).

g has a value at every u in (0, 1], is continuous there (lemma 1), differentiable on (0, 1) with
derivative g' (lemma 2), and g' <= 0; moreover g'' >= 0 (convex), or g'' <= 0 and g has a value at 0
(concave; so g is continuous on [0, 1]). Where g has no value at 0, g(0) stands for the limit, which
exists, as g falls, and may be infinite: softmax values of scores are never 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from hconsist.checker.obligations import Continuous, Number, Obligation, Sign
from hconsist.checker.statements import Statement
from hconsist.checker.trees import derivative, mul


def falls(s: Statement) -> Iterator[Obligation]:
    """g has values on (0, 1], and does not increase."""
    yield Continuous(s.g, "u", "0", "1", "the loss has no value somewhere in (0, 1)")
    yield Number(s.loss("1"), "", "the loss has no value at u = 1")
    slope = mul("-1", derivative(s.g, "u"))
    yield Sign(slope, "u", "0", "1", "algebra:0", False, "the loss must fall in the softmax value")


def convex(s: Statement) -> Iterator[Obligation]:
    """g falls, and is convex on (0, 1]."""
    yield from falls(s)
    bend = derivative(derivative(s.g, "u"), "u")
    yield Sign(bend, "u", "0", "1", "algebra:0", False, "the loss must be convex")


def concave(s: Statement) -> Iterator[Obligation]:
    """g falls, is concave on (0, 1], and has a value at 0."""
    yield from falls(s)
    yield Number(s.loss("0"), "", "the loss has no value at u = 0")
    bend = mul("-1", derivative(derivative(s.g, "u"), "u"))
    yield Sign(bend, "u", "0", "1", "algebra:0", False, "the loss must be concave")
