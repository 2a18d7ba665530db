"""Does gradient descent with large steps turn logistic regression into the perceptron?"""

from __future__ import annotations

from hconsist.studies.large_steps.experiment import cells, run, verdict
from hconsist.studies.study import figure_of, register

register(
    "large-steps",
    "Does logistic gradient descent with growing steps tend to the batch perceptron?",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
