"""Does the error of the mean estimator follow sqrt(d / m), and what do unlabeled points add?"""

from __future__ import annotations

from hconsist.studies.study import figure_of, register
from hconsist.studies.two_gaussians.experiment import cells, run, verdict

register(
    "two-gaussians",
    "Error against d/m, and what unlabeled points in and out of the domain add.",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
