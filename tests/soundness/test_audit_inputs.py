"""No bound is called proven of an audit whose inputs contradict each other."""

from __future__ import annotations

import numpy as np
import pytest

import hconsist as hc
from hconsist.errors import InvalidInputError

RANDOM = np.random.default_rng(0)
LOGITS, LABELS = RANDOM.normal(size=(40, 3)), RANDOM.integers(0, 3, 40)


@pytest.mark.parametrize("best", [float("inf"), float("nan"), -float("inf"), 100.0, 2.0])
def test_a_best_risk_above_the_risk_of_these_logits_is_refused(best: float) -> None:
    # "proven: an excess error of at most 5e-60", where 62 % of the labels are missed
    with pytest.raises(InvalidInputError, match="best_risk"):
        hc.audit(LOGITS, LABELS, best_risk=best)


def test_a_best_risk_below_it_is_read() -> None:
    without, given = (hc.audit(LOGITS, LABELS, best_risk=r).sides[0] for r in (None, 1.0))
    assert given.excess == pytest.approx(without.excess - 1.0)
