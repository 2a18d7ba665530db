"""How fast does the excess error follow the surrogate excess when labels are noisy?"""

from __future__ import annotations

from hconsist.studies.noise.experiment import cells, run, verdict
from hconsist.studies.study import figure_of, register

register(
    "noise",
    "Does the excess error follow the exponents predicted under Massart and Tsybakov noise?",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
