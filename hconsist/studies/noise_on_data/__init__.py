"""Is the order of losses that theory predicts under label noise the one that real data show?"""

from __future__ import annotations

from hconsist.studies.noise_on_data.experiment import cells, run
from hconsist.studies.noise_on_data.judgement import verdict
from hconsist.studies.study import figure_of, register

register(
    "noise-on-data",
    "Losses under label noise on real data: is the order of theory the measured one?",
    cells,
    run,
    verdict,
    figure_of(__name__),
    reads_data=True,
)
