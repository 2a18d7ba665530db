"""The looks that the figures share: a colour of Okabe and Ito with a marker, so that greyscale
tells them apart too.
"""

from __future__ import annotations

from hconsist.plots import DASHED, DOTTED

__all__ = ["DASHED", "DOTTED", "LOOKS"]

LOOKS = (
    ("#0072B2", "o"),
    ("#D55E00", "s"),
    ("#009E73", "^"),
    ("#CC79A7", "D"),
    ("#E69F00", "v"),
    ("#56B4E9", "P"),
    ("#000000", "X"),
)
