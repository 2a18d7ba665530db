"""Figures of bounds: functions take ``ax=None``, draw, and return the Axes.

Without an ``ax`` a figure in the house style is made, through pyplot only where the caller has
imported pyplot (so that it shows in a notebook). Curves differ in colour, marker and line style,
and carry their name, so that they read in greyscale.
"""

from hconsist.plots.bounds import bound_curves, transform_curves
from hconsist.plots.published import best_published
from hconsist.plots.style import DASHED, DOTTED, STYLE, axes_in_style, figure_of, save
from hconsist.plots.tightness import tightness_curves

__all__ = [
    "DASHED",
    "DOTTED",
    "STYLE",
    "axes_in_style",
    "best_published",
    "bound_curves",
    "figure_of",
    "save",
    "tightness_curves",
    "transform_curves",
]
