"""Do label-distributionally robust losses stand label noise better than others?"""

from __future__ import annotations

from hconsist.studies.ldr.experiment import cells, run, verdict
from hconsist.studies.study import figure_of, register

register(
    "ldr",
    "LDR losses against cross-entropy, GCE, SCE and MAE under label noise.",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
