"""Provers: what can be shown of a curve by exact algebra, and refuted in balls.

A formula is run over exact sums (`terms`) on the intervals where it is smooth (`pieces`); signs of
its derivatives are found there (`signs`, `limits`), and values and slopes are compared where pieces
meet. Curvature and slopes on pieces say nothing of jumps: every fact but the sign includes
continuity. Convexity in several scores is shown by rules of composition (`scores`), and
that a loss sees only differences of scores, and no labels, by its operations (`invariance`).
"""

from hconsist.losses.proving.curves import kinks, prove
from hconsist.losses.proving.invariance import keeps
from hconsist.losses.proving.known import recognise
from hconsist.losses.proving.scores import convex_in_scores

__all__ = ["convex_in_scores", "keeps", "kinks", "prove", "recognise"]
