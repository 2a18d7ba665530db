"""Affine responses: answers, conditions and layouts, each against grids of scores
(`tests.soundness.mutations.many_labels`).
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

from hconsist.arithmetic import BALLS, NUMPY, precision
from hconsist.engines.rigorous.methods.plan import BITS
from hconsist.engines.rigorous.responses import regret_is_more
from hconsist.engines.rigorous.responses.answers import Answers, Response, fit
from hconsist.engines.rigorous.responses.certificate import Certifier
from hconsist.engines.rigorous.responses.layouts import LabelGroup, MeansRegion, regions
from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfSoftmax

BETA = Fraction(3, 10)
F = Fraction


def _curve(spec: str) -> Curve:
    form = parse_loss(spec).form(OfSoftmax)
    assert form is not None
    return form.g


def _value(g: Curve, u: Any) -> Any:
    return np.asarray(g(np.asarray(u, dtype=float), NUMPY), dtype=float)


# -- affine responses: answers
def _sums(region: MeansRegion, answers: Answers, least: Fraction) -> list[Fraction]:
    found = []
    for j, v in enumerate(region.vertices):
        total = F(0)
        for g, (group, a) in enumerate(zip(region.groups, answers.lines, strict=True)):
            if a.kind in ("own", "same"):
                mean = a.start + a.rate * v[g]
            else:
                mean = answers.floors[j]
                if a.kind == "above floor":
                    mean += a.rate * (v[g] - least * v[region.top])
            total += group.count * mean
        found.append(total)
    return found


def _lines(rng: Any, many: int, kinds: list[str]) -> list[Response]:
    lines = []
    for g in range(many):
        kind: Any = str(rng.choice(kinds)) if g >= 2 else "own"
        start, rate = (F(int(rng.integers(-4, 20)), 40), F(int(rng.integers(-1, 16)), 10))
        if kind == "same":
            start, rate = F(0), F(1)
        lines.append(Response(start, rate, kind))
    return lines


@pytest.mark.parametrize("inverse", [F(0), F(1, 4)])
def test_answers_of_random_lines_are_within_reach(inverse: Fraction) -> None:
    """Sum 1 at most; no answer of any label is 0 or more than a factor away from another."""
    rng, accepted = np.random.default_rng(5), 0
    kinds = ["own", "same"] if not inverse else ["own", "own", "floor", "above floor", "same"]
    for region in [*regions(7, 3, inverse), *regions(5, 1, inverse)]:
        for _ in range(40):
            lines = _lines(rng, len(region.groups), kinds)
            safe, least = inverse * F(101, 100), inverse
            answers = fit(region, lines, safe, least)
            if answers is None:
                continue
            accepted += 1
            assert all(a.rate >= 0 for a in answers.lines)
            assert max(_sums(region, answers, least)) <= 1
            for v, j in zip(region.vertices, itertools.count()):
                lows, highs = [], []
                floor = answers.floors[j] if answers.floors else F(0)
                for g, (group, a) in enumerate(zip(region.groups, answers.lines, strict=True)):
                    one = group.count == 1 or group.side == "tied"
                    low = v[g] if one else v[0] if group.side == "above" else least * v[region.top]
                    rest = group.count * v[g] - (group.count - 1) * v[0]
                    high = v[g] if one else v[0] if group.side == "below" else rest
                    if a.kind == "floor":
                        lows, highs = [*lows, floor], [*highs, floor]
                    elif a.kind == "above floor":
                        s = least * v[region.top]
                        lows, highs = [*lows, floor], [*highs, floor + a.rate * (high - s)]
                    elif a.kind == "own":
                        lows.append(a.start + a.rate * low)
                        highs.append(a.start + a.rate * high)
                if inverse:
                    assert max(highs) * safe <= min([*lows, floor])
                else:
                    assert all(x > 0 for x in lows)
    assert accepted > 10


# -- affine responses: conditions of labels
PIECES = "softmax:Piecewise((3-5*u,u<1/5),(9/4-5*u/4,u<3/5),(3-5*u/2,True))"  # not convex


@pytest.mark.parametrize(
    "spec",
    [PIECES, "softmax:1-u**2", "softmax:Max(1-u,3-12*u)", "softmax:1/u", "softmax:exp(-5*u)"],
)
def test_a_condition_that_is_said_to_hold_holds_on_a_grid(spec: str) -> None:
    """``g(start + rate s) - g(s) <= goal`` at a goal a little below the largest, and above it."""
    g, rng = _curve(spec), np.random.default_rng(1)
    certifier, proven = Certifier(g, None, BETA), 0
    value = partial(_value, g)
    with precision(BITS):
        for _ in range(14):
            line = Response(F(int(rng.integers(1, 8)), 40), F(int(rng.integers(0, 30)), 20))
            low = F(int(rng.integers(1, 30)), 100)
            high = low + F(int(rng.integers(0, 25)), 100)
            s = np.linspace(float(low), float(high), 101)
            most = F(float((value(float(line.start) + float(line.rate) * s) - value(s)).max()))
            spare = F(1, 10**6)
            part = partial(_part, certifier, line, most - spare)
            assert not certifier._cut(part, low, high, 40)
            assert not certifier._part(line, low, high, most - spare)
            for share in (F(1, 4), F(1, 40)):
                far = most - share
                assert not certifier._part(line, low, high, far)
            part = partial(_part, certifier, line, most + F(1, 50))
            proven += certifier._cut(part, low, high, 40)
    assert proven > 10


def _part(
    certifier: Certifier, line: Response, goal: Fraction, a: Fraction, c: Fraction
) -> bool | None:
    return certifier._part(line, a, c, goal)


@pytest.mark.parametrize(
    "spec", [PIECES, "softmax:1-u**2", "softmax:Max(1-u,3-12*u)", "softmax:1/u"]
)
def test_a_condition_above_a_floor_holds_on_a_grid(spec: str) -> None:
    """``g(floor + rate d) - g(least + d) <= goal`` at every mixture of two ends."""
    g, rng = _curve(spec), np.random.default_rng(2)
    certifier, proven = Certifier(g, BALLS.const(4), BETA), 0
    value = partial(_value, g)
    with precision(BITS):
        for _ in range(25):
            ends = [tuple(F(int(x), 60) for x in rng.integers(2, 12, 2)) for _ in "12"]
            rate, low = F(int(rng.integers(0, 20)), 20), F(int(rng.integers(0, 5)), 40)
            high = low + F(int(rng.integers(0, 20)), 60)
            mix, d = np.meshgrid(np.linspace(0, 1, 9), np.linspace(float(low), float(high), 33))
            (f, s), (t, r) = [[float(x) for x in e] for e in ends]
            floor, least = f + mix * (t - f), s + mix * (r - s)
            most = F(float((value(floor + float(rate) * d) - value(least + d)).max()))
            for below in (F(1, 10**6), F(1, 40), F(1, 4)):
                assert not certifier._over(rate, ends, low, high, most - below)
            proven += bool(certifier._over(rate, ends, low, high, most + F(1, 5)))
    assert proven


@pytest.mark.parametrize("spec", [PIECES, "softmax:1-u**2", "softmax:exp(-5*u)"])
@pytest.mark.parametrize("inverse", [F(0), F(1, 4)])
def test_what_holds_for_a_group_holds_for_its_labels(spec: str, inverse: Fraction) -> None:
    """Labels of every group, at random scores of a region: all within what is said to hold."""
    g, rng, proven = _curve(spec), np.random.default_rng(3), 0
    value = partial(_value, g)
    ratio = None if not inverse else BALLS.const(1 / inverse)
    with precision(BITS):
        certifier = Certifier(g, ratio, BETA)
        kinds = ["own", "same"] if not inverse else ["own", "own", "floor", "above floor"]
        for region in [*regions(7, 3, inverse), *regions(5, 1, inverse)]:
            part = region
            for _ in range(int(rng.integers(1, 5))):
                part = part.halves()[int(rng.integers(2))]
            for _ in range(2):
                answers = fit(part, _lines(rng, len(part.groups), kinds), inverse, inverse)
                if answers is None:
                    continue
                for i, (group, line) in enumerate(zip(part.groups, answers.lines, strict=True)):
                    worst = -np.inf
                    many = len(part.vertices)
                    for w in [*np.eye(many), *rng.dirichlet([1.0] * many, 6)]:
                        v = w @ np.array([[float(x) for x in u] for u in part.vertices])
                        floors = [float(x) for x in answers.floors] or [0.0] * many
                        floor = float(w @ np.array(floors))
                        least = float(inverse) * v[part.top]
                        for s in _values(group, v[i], v[0], least):
                            answer = (floor if line.kind == "floor"
                                      else floor + float(line.rate) * (s - least)
                                      if line.kind == "above floor"
                                      else float(line.start) + float(line.rate) * s)  # fmt: skip
                            if answer > 0 and s > 0:
                                worst = max(worst, float(value(answer) - value(s)))
                    for below in (1e-6, 0.1):
                        assert not certifier._holds(part, i, answers, F(worst - below))
                    proven += certifier._holds(part, i, answers, F(worst + 0.3))
    assert proven > 10


def _values(group: LabelGroup, mean: float, t: float, least: float) -> list[float]:
    """Values that labels of the group can have, all at a time or one."""
    if group.count == 1 or group.side == "tied":
        return [mean]
    if group.side == "above":
        return [t, mean, group.count * mean - (group.count - 1) * t]
    low = max(least, group.count * mean - (group.count - 1) * t)
    return [low, mean, min(t, group.count * mean - (group.count - 1) * least)]


def test_a_line_that_rises_faster_may_answer_less_than_labels_have() -> None:
    """Labels above t answer ``11/10 s - 1/10``: less than s, all below 1."""
    groups = (LabelGroup(1, -1, "tied"), LabelGroup(1, 1, "tied"), LabelGroup(2, 0, "above"))
    region = MeansRegion(groups, 2, ((F(1, 8), F(1, 8), F(3, 8)), (F(1, 5), F(1, 5), F(3, 10))))
    line = Response(F(-1, 10), F(11, 10))
    with precision(BITS):
        certifier = Certifier(_curve("softmax:1-u"), None, BETA)
        assert not certifier._holds(region, 2, Answers((line,) * 3, (), F(0)), F(0))
        assert certifier._holds(region, 2, Answers((line,) * 3, (), F(0)), F(1, 10))


def test_what_balls_leave_open_does_not_hold() -> None:
    """A loss that is known to a tenth only."""
    tenth = BALLS.const(0).union(BALLS.const(F(1, 10)))
    certifier = Certifier(_curve("softmax:1-u"), None, BETA)
    certifier.term = lambda u, ops: 1 - u + (tenth if ops is BALLS else 0)
    with precision(BITS):
        certifier.convex = True
        for goal, holds in ((F(1, 11), False), (F(2, 11), True)):
            assert certifier._crude(F(1, 2), F(1, 2), goal) == holds
            line, ends = F(1), [(F(1, 8), F(1, 8)), (F(1, 4), F(1, 4))]
            assert bool(certifier._over(line, ends, F(0), F(0), goal)) == holds


def test_convexity_is_known_up_to_one_only() -> None:
    """``1 - u``, and nothing that could be relied on above 1: one answer there is no proof."""
    certifier = Certifier(_curve("softmax:Piecewise((1-u,u<=1),(-50,True))"), BALLS.const(5), BETA)
    with precision(BITS):
        certifier.convex = True
        ends, rate, high = [(F(3, 10), F(1, 5))] * 2, F(9, 10), F(39, 50)
        # answer less own value: 1/10 at d = 0, 3/100 at 7/10
        assert not certifier._over(rate, ends, F(0), high, -F(8, 100))
        assert certifier._over(rate, ends, F(0), F(3, 20), -F(8, 100))


@pytest.mark.parametrize("least", range(3))
def test_all_groups_must_hold(monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    region = next(regions(6, 2, F(0)))
    certifier = Certifier(_curve("mae"), None, BETA)
    with precision(BITS):
        monkeypatch.setattr(Certifier, "_holds", lambda *_: True)
        assert certifier.proves(region, F(1, 100), 1.0)[0]
        for left in (least, len(region.groups) - 1):
            monkeypatch.setattr(Certifier, "_holds", lambda _, r, g, *rest, left=left: g != left)
            assert not certifier.proves(region, F(1, 100), 1.0)[0]


@pytest.mark.parametrize("inverse", [F(0), F(1, 5)])
@pytest.mark.parametrize(("n", "k"), [(6, 3), (7, 2), (5, 1), (5, 4)])
def test_every_pooled_vector_of_scores_is_in_a_region(n: int, k: int, inverse: Fraction) -> None:
    """m labels missed, m in their place, others on their side of t: some region holds the means."""
    rng, found = np.random.default_rng(4), list(regions(n, k, inverse))
    for _ in range(60):
        m = int(rng.integers(1, min(k, n - k) + 1))
        spread_below = bool(rng.integers(2))
        low = float(inverse)
        t = rng.uniform(low, 1)
        t = t if inverse == 0 else rng.uniform(low, 1)
        below, above = partial(rng.uniform, low, t), partial(rng.uniform, t, 1.0)
        a = [t, *(below(m - 1) if spread_below else [t] * (m - 1))]
        b = [t, *([t] * (m - 1) if spread_below else above(m - 1))]
        rest, likely = below(n - k - m), above(k - m)
        s = np.array([*a, *b, *rest, *likely])
        total, held = s.sum(), False
        for region in found:
            groups = {(g.tilt, g.side): g.count for g in region.groups}
            means = []
            for g in region.groups:
                values = {(-1, "tied"): a[: g.count], (1, "tied"): b[: g.count], (0, "below"): rest,
                          (0, "above"): likely, (-1, "below"): a[1:], (1, "above"): b[1:]}[
                              g.tilt, g.side]  # fmt: skip
                if len(values) != g.count or (g.side == "tied" and max(values) > min(values)):
                    break
                means.append(float(np.mean(values)) / total)
            else:
                if sum(groups.values()) != n or sum(g.count for g in region.groups) != n:
                    continue
                corners = np.array([[float(x) for x in v] for v in region.vertices]).T
                weights = np.linalg.lstsq(corners, np.array(means), rcond=None)[0]
                near = np.allclose(corners @ weights, means, atol=1e-9)
                if near and weights.min() > -1e-9:
                    held = True
                    assert means[region.top] >= max(means) - 1e-9
        assert held


def test_regions_are_cut_in_two_that_cover_them() -> None:
    for region in regions(7, 3, F(0)):
        one, two = region.halves()
        corners = {*one.vertices, *two.vertices}
        assert set(region.vertices) < corners
        assert len(corners) == len(region.vertices) + 1
        assert region.vertices != one.vertices != two.vertices


def test_the_ratio_is_rounded_to_both_sides() -> None:
    ratio = BALLS.const(3).union(BALLS.const(4))
    certifier = Certifier(_curve("mae"), ratio, BETA)
    assert certifier.least <= F(1, 4) < F(1, 3) <= certifier.safe
    wide = BALLS.const(1).union(BALLS.const(10**9))
    assert "not known well" in regret_is_more(_curve("mae"), wide, 6, 2, BETA, F(1, 100))


def test_a_slope_below_zero_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hconsist.engines.rigorous.responses.solving.LeastSum.ease", lambda *_: (-1.0, -1.0)
    )
    certifier = Certifier(_curve("mae"), None, BETA)
    region = next(regions(6, 2, F(0)))
    assert not certifier.proves(region, -F(10), 1.0)[0]


@pytest.mark.parametrize("stop", [{"max_boxes": 1}, {"time_budget": -1.0}])
def test_a_search_that_ends_early_proves_nothing(stop: dict[str, Any]) -> None:
    assert "budget ran out" in regret_is_more(_curve("mae"), None, 7, 2, BETA, F(1), **stop)


@pytest.mark.parametrize("half", [0, 1])
def test_every_region_and_both_halves_must_hold(monkeypatch: pytest.MonkeyPatch, half: int) -> None:
    """What holds a point of the last region never holds."""
    region = list(regions(7, 2, F(0)))[-1]
    point = region.halves()[half].vertices[-1 - half]
    ask = lambda self, part, *_: (point not in part.vertices, 1.0)  # noqa: E731
    monkeypatch.setattr(Certifier, "proves", ask)
    assert "budget" in regret_is_more(_curve("mae"), None, 7, 2, BETA, F(1), max_boxes=20)
    others = lambda self, part, *_: (part != region, 1.0)  # noqa: E731
    monkeypatch.setattr(Certifier, "proves", others)
    assert regret_is_more(_curve("mae"), None, 7, 2, BETA, F(1), max_boxes=20) == ""
