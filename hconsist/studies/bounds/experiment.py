"""Is the target excess ever above the bound at the surrogate excess?

With the gaps on both sides the best-in-class risks cancel: excess plus gap is ``R(h) - E_x[C*(H,
x)]``, which for a finite distribution is a finite sum. So on finite distributions every comparison
is exact up to rounding, and a violation is a violation. On Gaussian mixtures both sides are
averages over a randomised rule, and a violation needs its confidence interval on the wrong side.

Every loss of the catalogue takes part, and targets with costs of their own: abstention, label
weights, ordinal labels, deferral. Where Gamma is a closed form or rests on certified values of
T, a pair above it is a violation; where T is an estimate, a pair above is told apart ("estimate
exceeded"). Where no bound exists, the counterexample is met by data: a pair without surrogate
excess and with target excess.
"""

from __future__ import annotations

import numpy as np

from hconsist.errors import EngineCannotAnswerError
from hconsist.simulate.backend import Backend
from hconsist.simulate.results import Cell, Row
from hconsist.studies.bounds.chosen import chosen_pairs
from hconsist.studies.bounds.costs import cost_pairs
from hconsist.studies.bounds.finite import finite_pairs
from hconsist.studies.bounds.table import row_of
from hconsist.studies.bounds.trained import trained_pairs


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each pair of a distribution and a hypothesis."""
    if cell["kind"] == "mixture":
        return trained_pairs(cell, random, backend)
    if cell["kind"] == "chosen":
        return chosen_pairs(cell, random, backend)
    if cell["kind"] == "costs":
        return cost_pairs(cell, random)
    try:
        return finite_pairs(cell, random, backend)
    except EngineCannotAnswerError as problem:  # reported, and no reason to stop the other cells
        return [
            row_of(
                "unanswered", cell["loss"], cell["n"], cell["hypotheses"], distribution=str(problem)
            )
        ]
