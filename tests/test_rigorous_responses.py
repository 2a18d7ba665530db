"""Affine responses: a lower bound of T for top-k targets, whatever the number of labels is."""

from fractions import Fraction

import numpy as np
import pytest

from hconsist.arithmetic import NUMPY
from hconsist.engines.rigorous.box import reach
from hconsist.engines.rigorous.responses import regret_is_more
from hconsist.engines.rigorous.responses.answers import Response, fit
from hconsist.engines.rigorous.responses.certificate import Certifier
from hconsist.engines.rigorous.responses.layouts import LabelGroup, MeansRegion, regions
from hconsist.engines.rigorous.responses.solving import Inverse
from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfSoftmax

BETA = Fraction(3, 10)


def _curve(spec: str) -> Curve:
    form = parse_loss(spec).form(OfSoftmax)
    assert form is not None
    return form.g


@pytest.mark.parametrize("n", [10, 1000])
def test_what_is_below_t_is_proven_and_what_is_above_is_not(n: int) -> None:
    # T(3/10) = 0.0139283 at p = (3/10, 0, 7/10, 0, ...), the second and third predicted
    g = _curve("gce:q=0.7")
    assert regret_is_more(g, None, n, 2, BETA, Fraction(1, 200)) == ""
    if n == 10:
        assert "budget" in regret_is_more(g, None, n, 2, BETA, Fraction(15, 10**3), max_boxes=20)


@pytest.mark.parametrize("depth", [3, 9, 18])
def test_around_the_best_scores_the_bound_meets_the_regret(depth: int) -> None:
    """Best risks of GCE are ``(1 - (sum p^a)^(1/a)) / q``, a = 1/(1 - q), at values like p^a."""
    q, a = 0.7, 1 / 0.3
    p, pooled = np.array([0.3, 0.0, 0.7, 0.0]), np.array([0.15, 0.15, 0.7, 0.0])
    best, tied = (((x**a).sum() ** (1 / a)) for x in (p, pooled))
    regret = (best - tied) / q
    assert abs(regret - 0.0139283) < 1e-7
    tied_scores = pooled**a / (pooled**a).sum()
    certifier = Certifier(_curve("gce:q=0.7"), None, BETA)
    region = next(regions(4, 2, Fraction(0)))  # labels: missed, predicted, the other, likely
    means = tied_scores[[0, 1, 3, 2]]

    def inside(part: MeansRegion) -> float:
        corners = np.array([[float(x) for x in v] for v in part.vertices]).T
        return float(np.linalg.lstsq(corners, means, rcond=None)[0].min())

    for _ in range(depth):
        region = max(region.halves(), key=inside)
    assert inside(region) > -1e-12
    _, slope = certifier.proves(region, Fraction(1, 100), 1.0)
    assert not certifier.proves(region, Fraction(regret + 1e-9), slope)[0]
    if depth == 18:
        assert certifier.proves(region, Fraction(regret - 1e-5), slope)[0]


def test_a_sum_bounds_the_largest_label_inside_the_region_too() -> None:
    # the least of t and the sum is 0 at both vertices, and 1/6 between them
    groups = (LabelGroup(1, -1, "tied"), LabelGroup(1, 1, "tied"), LabelGroup(2, 0, "below"))
    one, two = Fraction(1), Fraction(2)
    region = MeansRegion(groups, 0, ((one / 2, one / 2, 0 * one), (0 * one, 0 * one, one / 2)))
    middle = tuple((x + y) / 2 for x, y in zip(*region.vertices, strict=True))
    assert region.most(2) >= min(middle[0], two * middle[2]) == Fraction(1, 4)


def test_a_changed_answer_is_refused() -> None:
    certifier = Certifier(_curve("gce:q=0.7"), None, BETA)
    region = next(regions(10, 2, Fraction(0)))
    one, two = region.vertices[:2]
    inside = tuple((9 * x + y) / 10 for x, y in zip(one, two, strict=True))
    region = MeansRegion(region.groups, region.top, (one, inside))
    lines = [Response(Fraction(0), Fraction(1))] * len(region.groups)
    answers = fit(region, lines, Fraction(0), Fraction(0))
    assert answers is not None
    assert certifier._holds(region, 0, answers, Fraction(1, 10**6))
    assert not certifier._holds(region, 0, answers, -Fraction(1, 10**6))


def _box() -> MeansRegion:
    """Two labels of one value, three below, one above, all within a factor 4."""
    return next(regions(6, 2, Fraction(1, 4)))


@pytest.mark.parametrize(("rate", "fits"), [("1/4", True), ("3/8", True), ("1/2", False)])
def test_answers_above_the_floor_are_within_the_ratio(rate: str, fits: bool) -> None:
    # at (4/15, 4/15, 1/15, ..., 4/15) a label of 4/15 answers 1/40 + rate / 5: 1/10 at most
    quarter, constant, region = Fraction(1, 4), Response(Fraction(1, 10), Fraction(0)), _box()
    rising = Response(Fraction(0), Fraction(rate), "above floor")
    answers = fit(region, [constant, constant, rising, constant], quarter, quarter)
    assert (answers is not None) == fits
    if answers is not None:
        top, slope = answers.lines[0].start, answers.lines[2].rate
        for v, floor in zip(region.vertices, answers.floors, strict=True):
            most = floor + slope * (v[0] - quarter * v[region.top])
            assert max(top, most) <= 4 * floor
            assert 3 * top + 3 * (floor + slope * (v[2] - quarter * v[region.top])) <= 1


def test_lines_that_fall_or_keep_a_value_in_a_box_are_refused() -> None:
    quarter, constant, region = Fraction(1, 4), Response(Fraction(1, 10), Fraction(0)), _box()
    for line in (
        Response(Fraction(1, 10), -Fraction(1, 100)),
        Response(Fraction(0), Fraction(1), "same"),
    ):
        assert fit(region, [constant, constant, constant, line], quarter, quarter) is None


def test_a_pole_beyond_floats_is_no_error() -> None:
    curve = _curve("softmax:1/u**12")
    assert Inverse(curve.term).value(1e-40) == np.inf
    assert "budget" in regret_is_more(curve, None, 8, 2, BETA, Fraction(10**6), max_boxes=3)


def test_a_region_of_one_point_has_a_bound() -> None:
    # at t = 1/4, 0, 1/4 for all of K: one number is all that the labels above can have
    groups = (LabelGroup(1, -1, "tied"), LabelGroup(1, 1, "tied"), LabelGroup(2, 0, "above"))
    region = MeansRegion(groups, 2, ((Fraction(1, 4),) * 3,) * 2)
    certifier = Certifier(_curve("gce:q=0.7"), None, BETA)
    assert certifier.proves(region, Fraction(1, 100), 1.0)[0]
    assert not certifier.proves(region, Fraction(1, 2), 1.0)[0]


@pytest.mark.parametrize("spec", ["softmax:Max(0,1-2*u)+1-u", "softmax:1/u", "gce:q=0.7"])
@pytest.mark.parametrize("bound", [None, Fraction(1)])
def test_no_scores_of_a_proven_region_have_a_smaller_regret(
    spec: str, bound: Fraction | None
) -> None:
    """At scores of a region, distributions of regret beta, against the best scores of a grid."""
    g, rng = _curve(spec), np.random.default_rng(0)
    certifier = Certifier(g, None if bound is None else reach(bound, Fraction(1)), BETA)
    n, k, ratio = 4, 2, np.inf if bound is None else np.exp(2.0)
    grid = rng.dirichlet(np.full(n, 0.7), 1_000)
    grid = grid[grid.max(1) <= ratio * grid.min(1)]
    checked = 0
    for region in regions(n, k, certifier.least):
        part = region
        for _ in range(5):
            part = part.halves()[int(rng.integers(2))]
        low = Fraction(0)
        for step in (Fraction(1, 2**i) for i in range(1, 9)):
            low += step if certifier.proves(part, low + step, 1.0)[0] else 0
        counts = [group.count for group in part.groups]
        tilts = np.repeat([group.tilt for group in part.groups], counts)
        means = np.array([[float(x) for x in v] for v in part.vertices])
        for mix in rng.dirichlet(np.ones(len(means)), 20):
            s = np.repeat(mix @ means, counts)
            p = rng.dirichlet(np.full(n, 0.5), 400)
            p = p[-(p @ tilts) >= float(BETA)]
            if (np.isfinite(ratio) and s.max() > ratio * s.min()) or not len(p):
                continue
            regret = p @ g(s, NUMPY) - (g(grid, NUMPY) @ p.T).min(0)
            # the grid's best risk is no less than the best one: a true regret is larger
            spare = 0.05 if low else 0.0
            assert (regret >= float(low) - spare).all()
            checked += 1
    assert checked
