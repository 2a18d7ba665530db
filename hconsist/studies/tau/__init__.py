"""Which comp-sum loss does the theory choose, and which wins?"""

from __future__ import annotations

from hconsist.studies.study import figure_of, register
from hconsist.studies.tau.experiment import cells, run, verdict

register(
    "tau",
    "Bound, gap and error across tau: which tau would the theory choose, which wins?",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
