"""Do random calibrated loss-derivatives, drawn anew at every step, do as well as a fixed loss?"""

from __future__ import annotations

from hconsist.studies.ensloss.experiment import cells, run, verdict
from hconsist.studies.study import figure_of, register

register(
    "ensloss",
    "Random calibrated loss-derivatives against fixed losses.",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
