"""A piecewise linear phi bends where it bends, be it between the points of a grid."""

import pytest

from hconsist.engines import transform
from hconsist.pointwise import PointwiseProblem


@pytest.mark.parametrize(
    ("spec", "target", "n", "beta"),
    [
        ("ova:phi=margin:Abs(v-1/3)+Max(0,-v)", "zero-one", 3, "2/5"),
        ("binary-relevance:phi=margin:Abs(v-1/3)+Max(0,-v)", "hamming:k=2", 4, "4/5"),
    ],
)
def test_kinks_between_the_points_of_a_grid(spec, target, n, beta) -> None:
    # by hand: two labels at 7/10 and 3/10, whose best scores are 1/3 and -1/3; at 0 each costs 1/30
    answer = transform(PointwiseProblem(spec, target, n_classes=n), beta)
    assert answer.estimate == pytest.approx(1 / 15, abs=1e-9)
