"""Binary margin losses l = phi(v) on scores in [-B, B], B finite, infinite or a symbol.

With eta = (1 + beta)/2 and the margin f of the likelier label, the conditional risk is
C(f) = eta phi(f) + (1 - eta) phi(-f), and T(beta) = inf over f <= 0 of C minus inf over |f| <= B of
C.

Read in this order: `pieces` (phi cut into smooth pieces, proven continuous), `convex` (a convex
phi: stationarity), `corners` (a phi concave between its corners), `solve` (which of them applies).
"""

from __future__ import annotations

from hconsist.engines.symbolic.margin.pieces import (
    MarginPieces,
    decreasing,
    is_convex,
    margin_symbol,
    margin_variable,
    split,
)
from hconsist.engines.symbolic.margin.solve import (
    derive_margin,
    of_softmax,
    of_two_classes,
    solve,
)

__all__ = [
    "MarginPieces",
    "decreasing",
    "derive_margin",
    "is_convex",
    "margin_symbol",
    "margin_variable",
    "of_softmax",
    "of_two_classes",
    "solve",
    "split",
]
