"""Losses of the label's softmax value, l = phi(softmax(s)_y), on complete hypothesis sets.

The scores enter through S = softmax(s), any point of the open simplex, so the conditional risk is
sum_k p_k phi(S_k). With the marginal loss psi = -phi' the best S solves p_k psi(S_k) = lambda. Two
shapes carry the derivations:

- power: psi(u) = c u^(-m), every loss of the comp-sum family up to scale (m = 2 - tau);
- any phi whose reciprocal marginal h = 1/psi vanishes at 0 and is convex, or concave with h^2
  convex (theorem D of
  docs/theory.md), or is finite at 0 and meets theorem H: then two labels decide for every number of
  classes.

Read in this order: `form` (the formula), `solve` (which derivation fits), `powers`, `concave`,
`convex`, `two_labels` (one stationary point), `bounded` (scores in a box), `witnesses`.
"""

from __future__ import annotations

from hconsist.engines.symbolic.softmax.form import Power, share
from hconsist.engines.symbolic.softmax.powers import of_power
from hconsist.engines.symbolic.softmax.solve import as_share, solve

__all__ = ["Power", "as_share", "of_power", "share", "solve"]
