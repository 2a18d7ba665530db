"""The best risk of a power of max(0, a + b v) is that of a + b v where a is positive only."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY
from hconsist.engines.symbolic.best_in_class import derive_best_in_class
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Constrained, Loss, UserMarginLoss, parse_loss
from hconsist.pointwise import PointwiseProblem

POWERS = ["Max(0,v-1)**2", "Max(0,-1-v)**2", "Max(0,2+v)**2", "Max(0,1-v)**2", "Max(0,-v)**2"]


def least(loss: Loss, p: np.ndarray) -> float:
    """Over a grid of scores that sum to zero."""
    axis = np.linspace(-6, 6, 601)
    free = np.stack(np.meshgrid(*[axis] * (len(p) - 1)), axis=-1).reshape(-1, len(p) - 1)
    scores = np.concatenate([free, -free.sum(1, keepdims=True)], axis=1)
    return float((np.asarray(loss.losses(scores, NUMPY)) @ p).min())


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("n", [2, 3])
def test_a_closed_form_is_the_least_risk(power: str, n: int) -> None:
    # 4 p_1 p_2 was said of max(0, v - 1)^2, whose least risk is 0
    loss = parse_loss(f"margin:{power}") if n == 2 else Constrained(UserMarginLoss(power))
    p = np.array([float(Fraction(v)) for v in ("7/10", "3/10")] if n == 2 else [0.5, 0.3, 0.2])
    try:
        found = derive_best_in_class(PointwiseProblem(loss, n_classes=n))
    except EngineCannotAnswerError:
        return
    assert float(found(p)) == pytest.approx(least(loss, p), abs=1e-3)
