"""How many samples do naive Bayes and logistic regression need as the dimension grows?"""

from __future__ import annotations

from hconsist.studies.nb_vs_lr.experiment import cells, run, verdict
from hconsist.studies.study import figure_of, register

register(
    "nb-vs-lr",
    "Samples that naive Bayes and logistic regression need as the dimension grows.",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
