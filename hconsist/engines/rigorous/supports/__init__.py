"""Lines below T, a class for each reason why they are (docs/theory.md, "Supporting lines")."""

from hconsist.engines.rigorous.supports.forecasts import Forecasts
from hconsist.engines.rigorous.supports.known import Vertices
from hconsist.engines.rigorous.supports.margins import FiniteScores, MarginScores
from hconsist.engines.rigorous.supports.pools import Pools, tie_curvature
from hconsist.engines.rigorous.supports.searched import Searched

__all__ = [
    "FiniteScores",
    "Forecasts",
    "MarginScores",
    "Pools",
    "Searched",
    "Vertices",
    "tie_curvature",
]
