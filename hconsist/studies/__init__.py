"""Experiments on what the theory promises; `run_study` runs one of `STUDIES`, `draw` draws it."""

from hconsist.studies.drawing import draw
from hconsist.studies.run import reproduce, run_cell, run_study, unconverged
from hconsist.studies.study import STUDIES, Study, Verdict, study

__all__ = [
    "STUDIES",
    "Study",
    "Verdict",
    "draw",
    "reproduce",
    "run_cell",
    "run_study",
    "study",
    "unconverged",
]
