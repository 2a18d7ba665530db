"""What the search over ranked scores, the least value over a line and the meeting of two methods
rest on, each against numbers found another way; and formulas that they must refuse.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from hconsist.arithmetic import BALLS, NUMPY, Ops, Value, precision
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.jet import Jet, variable
from hconsist.engines import rigorous
from hconsist.engines.rigorous import methods as rigorous_methods
from hconsist.engines.rigorous.line import bound_over, convex_least, hull, least
from hconsist.engines.rigorous.methods import three_labels
from hconsist.engines.rigorous.methods.plan import BITS, Budget
from hconsist.engines.rigorous.ranked import Cells, _down, _least_model, _middle, _taylor, _up
from hconsist.losses.base import ProbabilityLoss
from hconsist.losses.facts import Curve
from hconsist.losses.spherical_family import ZLoss
from hconsist.pointwise import Answer, PointwiseProblem, Witness

HALF = Fraction(1, 2)


def plan(loss: Any, target: str = "zero-one", hypotheses: str = "complete", n: int = 3) -> Any:
    question = rigorous.question_of(PointwiseProblem(loss, target, hypotheses, n))
    with precision(BITS):
        return three_labels.plan(question)


def answer(loss: Any, beta: Fraction, *where: str, most: int = 300) -> Answer:
    with precision(BITS):
        found: Answer = plan(loss, *where).answer(beta, Budget(max_boxes=most))
    return found


# -- the least value of a model
def exact_least(f: Fraction, g: list[Fraction], h: list[list[Fraction]]) -> Fraction:
    """Over the triangle around 0, by Fermat's rule on each of its faces."""
    third = Fraction(1, 3)
    corners = [(-third, -third), (2 * third, -third), (-third, 2 * third)]

    def at(x: tuple[Fraction, Fraction]) -> Fraction:
        square = sum(x[i] * h[i][j] * x[j] for i in (0, 1) for j in (0, 1))
        return f + g[0] * x[0] + g[1] * x[1] + square / 2

    found = [at(c) for c in corners]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        m = tuple(v - u for u, v in zip(corners[a], corners[b], strict=True))
        slope = sum((g[i] + sum(h[i][j] * corners[a][j] for j in (0, 1))) * m[i] for i in (0, 1))
        curve = sum(m[i] * h[i][j] * m[j] for i in (0, 1) for j in (0, 1))
        if curve > 0 and 0 <= -slope / curve <= 1:
            t = -slope / curve
            found.append(at((corners[a][0] + t * m[0], corners[a][1] + t * m[1])))
    det = h[0][0] * h[1][1] - h[0][1] ** 2
    if det > 0:
        x = (h[0][1] * g[1] - h[1][1] * g[0]) / det, (h[0][1] * g[0] - h[0][0] * g[1]) / det
        if min(x) >= -third and x[0] + x[1] <= third:
            found.append(at(x))
    return min(found)


def exact(values: Any) -> Any:
    return [exact(v) for v in values] if np.ndim(values) else Fraction(float(values))


def cells_of(value: Any, slope: Any, bend: Any, least_: float = -np.inf) -> Cells:
    """One cell with these bounds of every loss."""
    region = ((Fraction(1), Fraction(0), Fraction(0)), (HALF, HALF, Fraction(0)),
              (Fraction(1, 3),) * 3)  # fmt: skip
    cells = Cells(lambda x: Jet(x.v * 0, x.d1, x.d2, many=x.many), region)
    for table, row in zip(cells._rows, (value, slope, bend, 0.0, least_), strict=True):
        table.put(0, np.broadcast_to(row, table._rows.shape[1:]))
    return cells


@pytest.mark.parametrize("thin", [1.0, 1e-4, 3e-11, 5e-12, -1e-3])
def test_a_model_is_not_below_its_bound(thin: float) -> None:
    random = np.random.default_rng(3)
    one = np.array([1.0, 0.0, 0.0])
    for k in range(40):
        turn = np.linalg.qr(random.normal(size=(2, 2)))[0] if k else np.eye(2)
        h = turn @ np.diag([1.0, thin]) @ turn.T
        h = (h + h.T) / 2
        x = random.uniform(-0.3, 0.3, 2) if k else np.zeros(2)
        g = -h @ x
        low, _ = cells_of(0.0, g, h).bounds(one)
        truth = exact_least(Fraction(0), exact(g), exact(h))
        assert Fraction(float(low[0])) <= truth
        assert low[0] >= float(truth) - 1e-6  # the lowest point of a thin bowl is known so far


def test_sums_of_floats_are_rounded_down_and_up() -> None:
    random = np.random.default_rng(5)
    for _ in range(40):
        value, w = random.normal(size=3) * [1, 1e3, 1e-3], random.dirichlet([1.0] * 3)
        truth = sum((a * b for a, b in zip(exact(value), exact(w), strict=True)), Fraction(0))
        cells = cells_of(value, 0.0, 0.0)
        assert Fraction(float(cells.bounds(w)[0][0])) <= truth
        flat = cells_of(-1e9, 0.0, 0.0, 0.0)
        flat._rows[4].put(0, value)
        assert Fraction(float(flat.bounds(w)[0][0])) <= truth
        cells._values.put(0, value)
        assert Fraction(float(cells.values(w)[0])) >= truth


def test_what_is_not_a_number_bounds_nothing() -> None:
    low, _ = _least_model(np.array([0.0]), np.full((1, 2), np.nan), np.zeros((1, 2, 2)))
    assert low[0] == -np.inf
    assert cells_of(np.nan, 0.0, 0.0).bounds(np.ones(3) / 3)[0][0] == -np.inf


def test_a_model_of_an_edge() -> None:
    low, shares = _least_model(np.zeros(1), np.array([[0.25]]), np.array([[[1.0]]]))
    assert low[0] == pytest.approx(-1 / 32)
    assert shares[0] == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("value", ["1/3", "-2/7", "1e-320", "-1e-310", "1e30", "123456789/10007"])
def test_floats_around_a_ball(value: str) -> None:
    exact_ = Fraction(value) / 3
    with precision(BITS):
        ball = BALLS.const(exact_)
        m, r = _middle(ball)
        assert Fraction(_down(ball)) < exact_ < Fraction(_up(ball))
    assert abs(Fraction(m) - exact_) <= Fraction(r)


def test_no_error_is_lost_to_rounding() -> None:
    """What is known of three losses is [-r, r] alone."""
    random = np.random.default_rng(11)
    unknown, zero = [[BALLS.const(1) / BALLS.const(0)] * 2] * 2, BALLS.const(0)
    one = (np.ones(2), np.ones(2))
    for _ in range(30):
        r, w = exact(random.uniform(0.1, 1, 3)), random.dirichlet([1.0] * 3)
        cells = cells_of(0.0, 0.0, 0.0)
        for y in range(3):
            wide = BALLS.const(-r[y]).union(BALLS.const(r[y]))
            found = _taylor((zero, unknown[0], wide, unknown[0], unknown), one, -9.0)
            for table, part in zip(cells._rows, found, strict=True):
                table._rows[0, y] = part
        truth = -sum((a * b for a, b in zip(r, exact(w), strict=True)), Fraction(0))
        assert Fraction(float(cells.bounds(w)[0][0])) <= truth


def test_points_are_of_the_region_and_reached() -> None:
    with precision(BITS):
        question = rigorous.question_of(PointwiseProblem("mae", n_classes=3))
        made: Any = three_labels._of_softmax(question)
        cells = Cells(made[0].losses, made[0].region, made[0].g, Fraction(2))
        for shares in ([0.0, -0.5, 1.5], [0.0, 1.5, 1.5], [-1.0, 1.0, 1.0], [0.9, 0.05, 0.05]):
            cells._try(0, np.array(shares))
        assert all(max(x) <= 2 * min(x) for x in cells.points)
        free = Cells(made[0].losses, made[0].region, made[0].g)
        for shares in ([0.0, -0.5, 1.5], [0.0, 1.5, 1.5], [-1.0, 1.0, 1.0], [0.9, 0.05, 0.05]):
            free._try(0, np.array(shares))
        assert all(1 >= x[0] >= x[1] >= x[2] >= 0 and sum(x) == 1 for x in free.points)


# -- a Taylor bound
@pytest.mark.parametrize("d", [1, 2])
def test_what_is_known_up_to_an_interval_is_bounded_at_the_corners(d: int) -> None:
    zero, wide = BALLS.const(0), BALLS.const(-1).union(BALLS.const(1))
    ones, far = np.ones(d), [Fraction(d, d + 1)] + [Fraction(-1, d + 1)] * (d - 1)
    unknown = BALLS.const(1) / BALLS.const(0)
    reach = sum(abs(v) for v in far)
    flat = [[zero] * d] * d
    _, _, _, e, _ = _taylor((zero, [zero] * d, zero, [zero] * d, [[wide] * d] * d),
                            (ones, ones), -9.0)  # fmt: skip
    assert e >= float(reach**2) / 2
    _, _, _, e, _ = _taylor((zero, [wide] * d, zero, [zero] * d, flat), (ones, ones), -9.0)
    assert e >= float(reach)
    bends = [[unknown] * d] * d
    _, _, _, e, _ = _taylor((zero, [zero] * d, zero, [wide] * d, bends), (ones, ones), -9.0)
    assert e >= float(reach)
    slopes = [unknown] * d
    v, _, _, e, _ = _taylor((zero, slopes, wide, slopes, bends), (ones, ones), -9.0)
    assert v - e <= -1


def test_losses_known_up_to_an_interval() -> None:
    def losses(x: Jet) -> Jet:
        wide = np.empty(3, dtype=object)
        wide[:] = [BALLS.const(0).union(BALLS.const(1))] * 3
        return Jet(wide)

    third = (Fraction(1, 3),) * 3
    with precision(BITS):
        cells = Cells(losses, ((Fraction(1), Fraction(0), Fraction(0)), (HALF, HALF, 0), third))  # type: ignore[arg-type]
    assert cells.values(np.ones(3) / 3).min() >= 1
    assert cells.bounds(np.ones(3) / 3)[0].max() <= 0


def test_halved_cells_cover_the_region() -> None:
    with precision(BITS):
        made: Any = three_labels._of_softmax(
            rigorous.question_of(PointwiseProblem("mae", n_classes=3))
        )
        cells = Cells(made[0].losses, made[0].region, made[0].g)
        area = abs(np.linalg.det(np.array(cells.corners[0], dtype=float)))
        low, high, _ = cells.least([Fraction(3, 10), Fraction(4, 10), Fraction(3, 10)], 0.0, 60)
    total = sum(abs(np.linalg.det(np.array(c, dtype=float))) for c in cells.corners)
    assert total == pytest.approx(area)
    assert low <= 0.65 <= high  # the first two labels at 1/2 each


# -- which scores are looked at
def test_a_box_is_covered_and_points_are_reached() -> None:
    with precision(BITS):
        question = rigorous.question_of(
            PointwiseProblem("logistic", hypotheses="bounded:1", n_classes=3)
        )
        made: Any = three_labels._of_softmax(question)
    ranked = made[0]
    with precision(4 * BITS):
        e2 = BALLS.exp(BALLS.const(2))
        (a, _, b), (c, _, d), _ = ranked.region
        assert BALLS.const(a / b) >= e2
        assert BALLS.const(c / d) >= e2
        assert BALLS.const(ranked.ratio) <= e2
    assert all(sum(corner) == 1 for corner in ranked.region)


@dataclass(frozen=True)
class Late(ProbabilityLoss):
    """It falls beyond 1/10, where most of it does, and rises below 1/20."""

    spec_name: ClassVar[str] = "late"

    def of_probabilities(self, q: Value, ops: Ops) -> Value:
        rest = ops.maximum(ops.const(Fraction(1, 20)) - q, ops.const(0))
        return ops.const(1) - q - 2 * rest + ops.const(0) * ops.total(q)


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (Late(), "larger softmax value"),
        ("softmax:u**2", "non-increasing"),
        ("softmax:Max(1-u,u-1/2)", "non-increasing"),
        ("sum:phi=squared-hinge", "piecewise linear"),
        ("sum:phi=exponential", "piecewise linear"),
    ],
    ids=str,
)
def test_labels_in_a_wrong_order_are_refused(loss: Any, reason: str) -> None:
    assert reason in str(plan(loss))


def test_a_loss_that_rises_with_the_standardised_score_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(ZLoss, "of_standardised", lambda self, z, ops: ops.softplus(z))
    assert "non-increasing" in str(plan(ZLoss(Fraction(7, 5), Fraction(11, 10))))


def test_margins_beyond_the_last_bend_are_closed_up() -> None:
    def of(phi: Any, bound: Fraction | None = None) -> Any:
        form = SimpleNamespace(phi=Curve("phi", phi, "line"), losses=None)
        question: Any = SimpleNamespace(pairwise=form, bound=bound)
        return three_labels._of_margins(question)

    def hinge(v: Value, ops: Ops) -> Value:
        return ops.maximum(ops.const(0), ops.const(2) - v)

    assert of(hinge)[0].region == ((0, 0, 0), (4, 0, 0), (4, 4, 0))
    assert of(hinge, Fraction(3))[0].region == ((0, 0, 0), (6, 0, 0), (6, 6, 0))
    assert "bounded below" in of(lambda v, ops: -v)
    assert "non-increasing" in of(lambda v, ops: ops.maximum(v, ops.const(0)), Fraction(1))


def test_other_numbers_of_labels_are_refused() -> None:
    assert "three labels" in str(plan("dice:gamma=1", n=4))
    assert "permut" in str(plan("ldam:margin=0.5,growth=1.5")) or "tell the labels" in str(
        plan("ldam:margin=0.5,growth=1.5")
    )


# -- against a grid of scores and of p
def on_a_grid(loss: Any, beta: float, k: int, bound: float) -> float:
    """T up to what a grid of p and of scores misses."""
    axis = np.linspace(-bound, bound, 33)
    s = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    values = PointwiseProblem(loss, n_classes=3).surrogate.losses(s, NUMPY)
    low = np.inf
    for x in np.linspace(0, (1 - beta) / 2, 25):
        p = np.array([x + beta, x, 1 - beta - 2 * x])
        if p.min() < 0 or (p[2] > p[0] + 1e-12 if k == 1 else p[2] < p[1] - 1e-12):
            continue
        risk = values @ p
        wrong = s[:, 1] >= s.max(axis=1) if k == 1 else s[:, 0] <= s[:, 1:].min(axis=1)
        low = min(low, float(risk[wrong].min() - risk.min()))
    return low


@pytest.mark.parametrize("target", ["zero-one", "top-k:2"])
@pytest.mark.parametrize(
    ("loss", "near"),
    [("softmax:Max(1-u,3/2-3*u)", 0.01), ("sum:phi=margin-logistic", 5e-4)],
)
def test_a_grid_is_near(loss: str, near: float, target: str) -> None:
    found = answer(loss, HALF, target, "bounded:1")
    grid = on_a_grid(loss, 0.5, 2 if "top" in target else 1, 1.0)
    assert found.lower is not None and found.upper is not None
    assert float(found.lower) - near <= grid <= float(found.upper) + near
    assert found.width is not None and found.width < 2 * near


@pytest.mark.parametrize("bound", ["1/1000000", "50"])
def test_extreme_boxes(bound: str) -> None:
    """MAE with scores of a box: from a hair around 1/3 to all but everything."""
    found = answer("softmax:1-u", HALF, "zero-one", f"bounded:{bound}")
    truth = on_a_grid("softmax:1-u", 0.5, 1, float(Fraction(bound)))
    assert found.lower is not None and found.upper is not None
    assert float(found.lower) <= truth + 1e-12
    assert float(found.upper) >= truth - (1e-2 * min(1.0, float(Fraction(bound))))


# -- over a line
def jets(f: Any) -> Any:
    return lambda x: f(variable(x))


@pytest.mark.parametrize(
    ("formula", "low", "high", "truth"),
    [
        (jets(lambda t: t), 1, 2, 1.0),
        (jets(lambda t: -t), 1, 2, -2.0),
        (jets(lambda t: 1 - (t - 1) * (t - 1)), 0, 3, -3.0),
        (jets(lambda t: (t - 1) * (t - 1)), 0, 3, 0.0),
        (jets(lambda t: t * t * t * t - t * t), -1, 2, -0.25),
        (jets(lambda t: BALL_JETS.absolute(t - BALLS.const(Fraction(1, 3))) * 3), -1, 2, 0.0),
    ],
)
@pytest.mark.parametrize("most", [1, 5, 300])
def test_the_least_over_a_line(formula: Any, low: int, high: int, truth: float, most: int) -> None:
    found = least(formula, Fraction(low), Fraction(high), Fraction(1, 10**6), most)
    assert float(found.low) <= truth <= float(found.high)
    assert float(found.high - found.low) <= (1e-5 if most == 300 else 1000)


@pytest.mark.parametrize(
    ("formula", "truth"),
    [
        (jets(lambda t: t), 1),
        (jets(lambda t: -t), -2),
        (jets(lambda t: 5 * t - 2 * t * t), 2),
        (jets(lambda t: (t - 1) * (2 - t)), 0),
        (jets(lambda t: (2 * t - 3) * (2 * t - 3) * (t + 1)), 0),
        (jets(lambda t: 100 * t * t - 320 * t), -256),
    ],
)
def test_a_bound_over_a_part_is_below(formula: Any, truth: int) -> None:
    one, two = Fraction(1), Fraction(2)
    ends = [formula(BALLS.const(one)), formula(BALLS.const(two))]
    found = bound_over(formula, formula(hull(one, two)), ends, one, two)
    assert found is not None
    assert truth - 2 <= found <= truth


@pytest.mark.parametrize(
    ("low", "high", "truth"), [(1, 3, 0.5), (-3, -1, 2.5), (-3, 3, 0.0), (None, None, 0.0)]
)
def test_the_least_of_a_convex_formula(low: Any, high: Any, truth: float) -> None:
    """x^2/2, and -2x more below 0."""
    half = jets(lambda t: t * t * BALLS.const(HALF) + BALL_JETS.maximum(-t * 2, 0 * t))
    ends = [None if x is None else Fraction(x) for x in (low, high)]
    found = convex_least(half, *ends)
    assert float(found.low) <= truth <= float(found.high) + 1e-9
    assert found.high - found.low < 1e-3


def test_a_part_without_a_bound_has_none() -> None:
    with pytest.raises(ArithmeticError):
        least(jets(BALL_JETS.log), Fraction(0), Fraction(1), Fraction(1, 10), 2000)


def test_a_value_known_up_to_an_interval_is_attained_from_above() -> None:
    def formula(x: Value) -> Jet:
        return Jet(BALLS.const(0).union(BALLS.const(1)))

    found = least(formula, Fraction(0), Fraction(1), Fraction(1, 10), 9)
    assert found.low <= 0
    assert found.high >= 1


def test_a_jump_that_no_ball_places_ends_the_search() -> None:
    looked = []

    def formula(x: Value) -> Jet:
        looked.append(1)
        return Jet(BALLS.const(0).union(BALLS.const(1)))

    found = least(formula, Fraction(0), Fraction(1), Fraction(1, 10), 8000)
    assert found.high - found.low >= 1
    assert len(looked) < 8000


# -- two methods
def enclosed(low: str, high: str, name: str) -> Answer:
    witness = Witness((Fraction(1),), (0.0,), (0,), float(Fraction(high)))
    return Answer(0.0, Fraction(low), Fraction(high), witness, "rigorous", (name,), f"{name} ended")


@pytest.mark.parametrize(
    ("first", "second", "low", "high", "names", "witness"),
    [
        (("0", "1/2"), ("1/4", "1"), "1/4", "1/2", ("a", "b"), 0.5),
        (("1/4", "1"), ("0", "1/2"), "1/4", "1/2", ("a", "b"), 0.5),
        (("0", "1"), ("1/4", "1/2"), "1/4", "1/2", ("b",), 0.5),
        (("1/4", "1/2"), ("0", "1"), "1/4", "1/2", ("a",), 0.5),
    ],
)
def test_two_enclosures_meet(
    first: Any, second: Any, low: str, high: str, names: Any, witness: float
) -> None:
    found = rigorous._met(enclosed(*first, "a"), enclosed(*second, "b"), Fraction(1, 10))
    assert (found.lower, found.upper) == (Fraction(low), Fraction(high))
    assert found.assumptions == names
    assert found.witness is not None
    assert found.witness.regret == witness
    assert found.reason
    near = rigorous._met(enclosed(*first, "a"), enclosed(*second, "b"), Fraction(1, 2))
    assert near.reason == "" or near.assumptions == ("a",)


def test_two_enclosures_that_do_not_meet_are_an_error() -> None:
    for pair in ((("0", "1/4"), ("1/2", "1")), (("1/2", "1"), ("0", "1/4"))):
        with pytest.raises(AssertionError, match="contradict"):
            rigorous._met(enclosed(*pair[0], "a"), enclosed(*pair[1], "b"), HALF)


def test_later_methods_are_asked_while_it_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(answer=lambda beta, budget: enclosed("1/4", "1/2", "b"))
    monkeypatch.setattr(rigorous, "later_plans", lambda question: [other])
    one = enclosed("0", "1", "a")
    found = rigorous._closer(None, HALF, Budget(width=HALF), one, 0.0)  # type: ignore[arg-type]
    assert (found.lower, found.upper) == (Fraction(1, 4), HALF)
    assert rigorous._closer(None, HALF, Budget(width=Fraction(1)), one, 0.0) is one  # type: ignore[arg-type]


def test_how_long_later_methods_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def plan_of(name: str, low: str, high: str) -> Any:
        def answer_(beta: Fraction, budget: Budget) -> Answer:
            asked.append(name)
            assert budget.time_budget is not None
            assert budget.time_budget > 0
            found = enclosed(low, high, name)
            return found if low != high else dataclasses.replace(found, lower=None, upper=None)

        return SimpleNamespace(answer=answer_)

    plans = [plan_of("none", "0", "0"), plan_of("b", "0", "3/4"),
             plan_of("c", "1/2", "5000001/10000000"), plan_of("d", "0", "1")]  # fmt: skip
    monkeypatch.setattr(rigorous, "later_plans", lambda question: plans)
    one: Any = enclosed("0", "1", "a")
    closer: Any = rigorous._closer
    assert closer(None, HALF, Budget(), one, 0.0).assumptions == ("c",)
    assert asked == ["none", "b", "c"]
    asked.clear()
    assert closer(None, HALF, Budget(time_budget=5.0), one, time.monotonic()).assumptions == ("c",)
    assert closer(None, HALF, Budget(time_budget=5.0), one, time.monotonic() - 6) is one
    assert asked == ["none", "b", "c"]


def test_no_later_plan_rests_on_what_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [SimpleNamespace(rests_on=[SimpleNamespace(proven=p)]) for p in (1, 0, 1)]
    tried = [SimpleNamespace(reason="", found=p) for p in plans]
    monkeypatch.setattr(rigorous_methods, "tries", lambda *_: iter(tried))
    assert list(rigorous_methods.later_plans(None)) == plans[2:]  # type: ignore[arg-type]
