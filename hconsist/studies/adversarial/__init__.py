"""Robust error under an l2 ball, for linear scores, where the supremum is exact."""

from __future__ import annotations

from hconsist.studies.adversarial.experiment import cells, run, verdict
from hconsist.studies.study import figure_of, register

register(
    "adversarial",
    "Robust error of linear rules: plain, worst-margin and smooth adversarial training.",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
