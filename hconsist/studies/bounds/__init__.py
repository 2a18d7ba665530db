"""Is the target excess ever above the bound at the surrogate excess?"""

from __future__ import annotations

from hconsist.studies.bounds.experiment import run
from hconsist.studies.bounds.judgement import verdict
from hconsist.studies.bounds.plan import cells
from hconsist.studies.study import figure_of, register

register(
    "bounds",
    "Target excess against surrogate excess of many (distribution, h), below every bound curve?",
    cells,
    run,
    verdict,
    figure_of(__name__),
)
