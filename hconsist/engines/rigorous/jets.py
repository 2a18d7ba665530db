"""The jets of this engine: one variable, over floats to find a place and over balls to prove."""

from __future__ import annotations

from hconsist.arithmetic.derivatives import BALL_JETS, FLOAT_JETS
from hconsist.arithmetic.derivatives import Jets as JetOps
from hconsist.arithmetic.jet import Jet, variable

__all__ = ["BALL_JETS", "FLOAT_JETS", "Jet", "JetOps", "variable"]
