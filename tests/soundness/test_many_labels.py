"""Methods for many labels: each bound against a number found in another way, each condition by
what is refused without it (`tests.soundness.mutations.many_labels`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hconsist.arithmetic import BALLS, NUMPY, precision
from hconsist.engines.rigorous import question_of
from hconsist.engines.rigorous.masses import (
    _SCALES,
    MassBound,
    Spread,
    reciprocal_slope,
    scaled,
    shape_of,
    uniform,
)
from hconsist.engines.rigorous.methods import closed, few_labels, masses
from hconsist.engines.rigorous.methods.plan import BITS, Budget, Plan, Question
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.losses import parse_loss
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfProbabilities, OfSoftmax
from hconsist.losses.forms_of_scores import Standardised
from hconsist.pointwise import PointwiseProblem

BETA = Fraction(3, 10)
F = Fraction


def _curve(spec: str) -> Curve:
    form = parse_loss(spec).form(OfSoftmax)
    assert form is not None
    return form.g


# -- the mass of the largest value
#: g, and where ``p g(u) + m u`` is least on (0, 1].
SHAPES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "exp(-u/2)": (lambda u: np.exp(-u / 2), lambda p, m: 2 * np.log(p / (2 * m))),
    "exp(-2*u)": (lambda u: np.exp(-2 * u), lambda p, m: np.log(2 * p / m) / 2),
    "-log(u)": (lambda u: -np.log(u), lambda p, m: p / m),
    "-log(u)/5 + 3*(1-u)": (
        lambda u: -np.log(u) / 5 + 3 * (1 - u),
        lambda p, m: 0.2 / np.maximum(m / p - 3, 0.2),
    ),
}
LABELS = 7


def _best(formula: str, p: Any) -> Any:
    """The least risks at rows of p from below, by duality: for every m, the sum of all
    ``min(p g(u) + m u)``, less m.
    """
    g, at = SHAPES[formula]
    p = np.maximum(p, 1e-12)
    low, high = np.full((len(p), 1), 1e-9), np.full((len(p), 1), 100.0)
    for _ in range(60):
        m = np.sqrt(low * high)
        large = np.clip(at(p, m), 1e-300, 1).sum(1, keepdims=True) > 1
        low, high = np.where(large, m, low), np.where(large, high, m)
    u = np.clip(at(p, m), 1e-300, 1)
    return (p * g(u) + m * u).sum(1) - m[:, 0]


def _distributions(rng: Any) -> Any:
    """b and half of the rest at label 0, the other half at label 1, for many rests."""
    rows = []
    beta, eyes = float(BETA), np.eye(LABELS - 2)
    kinds = [*np.cumsum(eyes, 0), *np.cumsum(eyes[::-1], 0)]
    kinds += list(rng.dirichlet([0.5] * (LABELS - 2), 9))
    for kind in kinds:
        for share in np.linspace(0, 1, 81):
            x = (1 - beta) * (1 - share) / 2
            rows.append([x + beta, x, *((1 - beta) * share * kind / kind.sum())])
    return np.array(rows)


def _scores(k: int, M: float, rng: Any) -> Any:
    """M for two labels; others share the rest, none with more than M."""
    rest, many = 1 - 2 * M, LABELS - 2
    none = [0.0] * (many - k + 1)
    rows = [[M] * (k - 2) + [rest - (k - 2) * M] + none, [rest / (k - 1)] * (k - 1) + none]
    rows += [list(row) for row in rest * rng.dirichlet([1.0] * many, 30) if row.max() <= M]
    rows.append([rest / many] * many)
    return np.maximum(np.array([[M, M, *row] for row in rows]), 1e-12)


@pytest.mark.parametrize(
    ("formula", "k"),
    [("exp(-u/2)", 2), ("exp(-u/2)", 3), ("exp(-2*u)", 4), ("-log(u)", 2),
     ("-log(u)/5 + 3*(1-u)", 3)],
)  # fmt: skip
def test_whatever_the_shares_are_the_bound_is_below_every_regret(formula: str, k: int) -> None:
    """Shares of what labels keep, good and bad ones, other ones at both ends of an interval."""
    g, rng = _curve(f"softmax:{formula}"), np.random.default_rng(k)
    p, plain = _distributions(rng), SHAPES[formula][0]
    best, sharp = _best(formula, p), 0.0
    with precision(BITS):
        shape = shape_of(g)
        assert not isinstance(shape, str)
        assert shape.equal == ("log" not in formula)
        point = F(1) if k < 4 else F(7, 10)  # there others do best in equal shares
        for left, right in ((point, point), (F(1, 3), F(3, 4))):
            low, high = (F(1, k) * x + F(1, k + 1) * (1 - x) for x in (left, right))
            least = min(
                (plain(_scores(k, M, rng)) @ p.T - best).min()
                for M in np.linspace(float(low), float(high), 4 if low < high else 1)
            )
            bound = MassBound(g, shape, LABELS, BETA)
            found = float(bound.over(k, low, high))
            assert found <= least + 1e-9
            sharp = max(sharp, found / least)
            good = [bound._chosen[k, M] for M in (low, high)]
            for i in range(12):
                for M, (one, two, parts) in zip((low, high), good, strict=True):
                    pull = rng.choice([0.0, 0.3, 1.0], 4) * (i % 4 > 0)
                    to = rng.choice([0.001, 0.5, 1.0], 4)
                    x = [a + w * (t - a) for a, w, t in zip([one, two, *parts], pull, to)]  # noqa: B905
                    bound._chosen[k, M] = x[0], x[1], x[2:]
                assert float(bound.over(k, low, high)) <= least + 1e-9
    assert sharp > 0.5


def test_all_masses_are_bounded_by_the_least_of_the_parts() -> None:
    """Far from the end of the search the bound is the least over all intervals of M."""
    g = _curve("softmax:-log(u)/5 + 3*(1-u)")
    with precision(BITS):
        shape = shape_of(g)
        assert not isinstance(shape, str)
        for n in (3, 4):
            bound = MassBound(g, shape, n, BETA)
            least = min(bound.over(k, F(1, k + 1), F(1, k)) for k in range(2, n))
            assert bound.least(F(1), boxes=0) == least
            assert bound.least(F(1), boxes=2) <= min(
                bound.over(k, F(1, k), F(1, k)) for k in range(2, n)
            )


def test_both_facts_are_asked_for_and_named() -> None:
    def shape(*known: str) -> Spread | str:
        found = _curve("softmax:exp(-u/2)").facts("convex")

        class Asked(Curve):
            def facts(self, *whats: Any) -> tuple[Any, ...]:
                return found if set(whats) <= set(known) else ()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hconsist.engines.rigorous.masses.Curve", Asked)
            return shape_of(_curve("softmax:exp(-u/2)"))

    for few in ((), ("convex",), ("convex in -log u",)):
        assert isinstance(shape(*few), str)
    first, second = shape("concave"), shape("convex", "convex in -log u")
    assert not isinstance(first, str) and (first.equal, len(first.facts)) == (False, 1)
    assert not isinstance(second, str) and (second.equal, len(second.facts)) == (True, 2)


@pytest.mark.parametrize(
    "formula", ["-log(u)/5 + 3*(1-u)", "1-u+(1-u)**2/4", "exp(-u/2)", "1/u", "u**-3"]
)
def test_what_is_proven_of_the_shape_is_so(formula: str) -> None:
    """Slopes by differences of g, of the interval on which something was said."""
    for c in _SCALES:
        g = _curve(f"softmax:{formula}")
        h, u = 1e-4, np.linspace(0.01, float(c) - 0.01, 40)
        value = lambda u, g=g: np.asarray(g(u, NUMPY), dtype=float)  # noqa: E731
        slope = (value(u + h) - value(u - h)) / (2 * h)
        ours, sign = reciprocal_slope(g, c), np.diff(-1 / slope, 2)
        values = np.asarray(ours(u / float(c), NUMPY), dtype=float)
        assert np.allclose(values, -1 / slope, rtol=1e-4)
        assert not ours.fact("concave") or sign.max() < 1e-6
        assert not ours.fact("convex") or sign.min() > -1e-6
        falls = scaled(g, c).facts("convex in -log u")
        assert not falls or np.diff(u * slope).max() < 1e-6


def test_the_regret_of_a_tie_is_rounded_up() -> None:
    """A risk and a loss that are known to a tenth only."""
    tenth = BALLS.const(0).union(BALLS.const(F(1, 10)))
    seen: list[Any] = []

    class Risk:
        def best_in_class(self, p: Any, counts: Any) -> tuple[Any, Any]:
            seen.append((p, counts))
            return tenth, tenth + 1

    g = Curve("u", lambda u, ops: u * 0 + tenth + 1, "unit")
    found, p = uniform(g, Risk(), 7, BETA, 4)
    assert found >= F(11, 10)
    for p, counts in seen:
        assert counts == (1, 1, 2, 3)
        assert p[0] - p[1] == BETA and p[0] + p[1] + 2 * p[2] == 1
    assert uniform(g, Risk(), 7, BETA, 2)[1] == ((1 + BETA) / 2, (1 - BETA) / 2, 0, 0)


# -- what the methods refuse
@pytest.mark.parametrize(
    ("plan", "loss", "more", "why"),
    [
        (masses.plan, "logistic", {"n_classes": 5}, "six labels"),
        (masses.plan, "logistic", {"n_classes": 201}, "six labels"),
        (masses.plan, "logistic", {"n_classes": 7, "hypotheses": "bounded:1"}, "complete"),
        (masses.plan, "logistic", {"n_classes": 7, "target": "top-k:2"}, "one predicted"),
        (masses.plan, "softmax:1-u**2", {"n_classes": 7}, "convex"),
        (masses.plan, "softmax:u", {"n_classes": 7}, "non-increasing"),
        (masses.plan, "softmax:Max(1-u, 2-4*u)", {"n_classes": 7}, "could not show"),
        (closed.of_cosine, "spherical", {"n_classes": 3, "hypotheses": "bounded:1"}, "complete"),
        (closed.of_cosine, "spherical", {"n_classes": 4, "target": "top-k:2"}, "one predicted"),
        (closed.of_cosine, "spherical", {"n_classes": 201}, "at most"),
        (closed.of_cosine, "brier", {"n_classes": 3}, "no cosines"),
        (closed.of_two_scores, "z-loss:a=1,b=1", {"n_classes": 3}, "two labels"),
        (few_labels.plan, "logistic", {"n_classes": 5}, "more than"),
        (few_labels.plan, "logistic", {"n_classes": 8, "target": "top-k:4"}, "more than"),
    ],
)
def test_a_problem_without_what_the_proof_asks_for_is_refused(
    plan: Any, loss: str, more: dict[str, Any], why: str
) -> None:
    with precision(BITS):
        found = plan(question_of(PointwiseProblem(loss, **more)))
    assert isinstance(found, str)
    assert why in found


def _as_if(question: Question, **surrogate: Any) -> Question:
    """The same question of another loss, of which only this is known."""
    known = {"scores_of": "labels", "form": question.problem.surrogate.form, **surrogate}
    problem = SimpleNamespace(surrogate=SimpleNamespace(**known), n=question.n, n_scores=question.n)
    return replace(question, problem=problem)  # type: ignore[arg-type]


STANDARDISED = question_of(PointwiseProblem("z-loss:a=1,b=1", n_classes=2))


@pytest.mark.parametrize(
    ("plan", "question"),
    [
        (masses.plan, question_of(PointwiseProblem("logistic", n_classes=7))),
        (closed.of_cosine, question_of(PointwiseProblem("spherical", n_classes=3))),
        (closed.of_two_scores, STANDARDISED),
    ],
)
def test_scores_of_other_things_are_refused(plan: Any, question: Question) -> None:
    with precision(BITS):
        assert not isinstance(plan(_as_if(question)), str)
        assert "scores the labels" in plan(_as_if(question, scores_of="bits"))
        assert "zero-one" in plan(replace(question, k=0))


def test_few_labels_of_another_target_are_refused() -> None:
    question = question_of(PointwiseProblem("logistic", n_classes=7))
    assert "needs the zero-one" in few_labels.plan(replace(question, k=0))


def test_a_loss_of_two_standardised_scores_must_not_rise() -> None:
    curve = Curve("z**2", lambda z, ops: z * z + z, "line")
    with precision(BITS):
        found = closed.of_two_scores(_as_if(STANDARDISED, form=lambda _: Standardised(curve)))
    assert isinstance(found, str) and "non-increasing" in found


def test_the_scale_of_a_cosine_is_that_of_t() -> None:
    def losses(q: Any, ops: Any) -> Any:
        return 1 - 2 * q / ops.power(ops.total(q * q), F(1, 2))

    form = OfProbabilities(losses, F(1))
    question = question_of(PointwiseProblem("spherical", n_classes=3))
    with precision(BITS):
        plan = closed.of_cosine(_as_if(question, form=lambda _: form))
        assert not isinstance(plan, str)
        found = plan.answer(BETA, Budget())
    exact = 2 * (np.sqrt((1 + 0.09) / 2) - np.sqrt(0.5))
    assert float(found.lower) == pytest.approx(exact, abs=1e-14)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (masses.plan, PointwiseProblem("logistic", n_classes=7)),
        (closed.of_cosine, PointwiseProblem("spherical", n_classes=3)),
        (closed.of_two_scores, PointwiseProblem("z-loss:a=1,b=1", n_classes=2)),
        (few_labels.plan, PointwiseProblem("mae", n_classes=7)),
    ],
)
def test_where_no_regret_is_asked_for_all_labels_tie(plan: Any, problem: PointwiseProblem) -> None:
    with precision(BITS):
        found = plan(question_of(problem)).answer(F(0), Budget())
    assert found.lower == found.upper == found.witness.regret == 0
    assert len(set(found.witness.p)) == 1


def test_the_mass_rests_on_the_shape_of_the_loss_too() -> None:
    with precision(BITS):
        found = masses.plan(question_of(PointwiseProblem("logistic", n_classes=7)))
    assert not isinstance(found, str)
    assert {"convex", "non-increasing", "concave"} <= {fact.what for fact in found.rests_on}


def test_of_two_methods_the_larger_lower_bound_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another method finds a smaller upper bound, and a lower one that is 0 or larger."""
    question = question_of(PointwiseProblem("agce:a=1,q=0.5", n_classes=7))
    plan = masses.plan(question)
    assert not isinstance(plan, str)
    monkeypatch.setattr(MassBound, "pools", lambda _: [5])
    with precision(BITS):
        monkeypatch.setattr(few_labels, "plan", lambda _: "none")
        alone = plan.answer(BETA, Budget(max_boxes=0))
        assert alone.lower is not None and alone.upper is not None
        assert alone.lower < alone.upper and alone.reason
        upper = (alone.lower + alone.upper * 9) / 10
        for lower in (F(0), (alone.lower + upper) / 2):
            other = replace(alone, lower=lower, upper=upper, reason="")
            monkeypatch.setattr(few_labels, "plan", lambda _, other=other: Plan(lambda *_: other))
            found = plan.answer(BETA, Budget(max_boxes=0))
            assert found.upper == upper
            assert found.lower == max(alone.lower, lower)


@pytest.mark.parametrize(
    ("k", "pair", "failed"),
    [(2, "0", ""), (2, "0", "no"), (1, "0", "no"), (1, "1/1000", "no"), (1, "1/1000", "")],
)
def test_a_lower_bound_is_what_one_of_two_lemmas_proves(
    monkeypatch: pytest.MonkeyPatch, k: int, pair: str, failed: str
) -> None:
    """Nothing is known from below where both fail, and the pair lemma speaks of one label."""
    asked: list[Fraction] = []

    def least_pair(*_: Any) -> Fraction:
        assert k == 1
        return F(pair)

    def regret_is_more(g: Any, ratio: Any, *rest: Any, **_: Any) -> str:
        *known, more = rest
        assert known == [7, k, BETA]
        asked.append(more)
        return failed

    monkeypatch.setattr(few_labels, "least_pair", least_pair)
    monkeypatch.setattr(few_labels, "regret_is_more", regret_is_more)
    width = F(1, 100) if k == 2 else F(1, 10**4)
    spec, target = ("gce:q=0.7", "top-k:2") if k == 2 else ("gce:q=0.7", "zero-one")
    problem = PointwiseProblem(spec, target=target, n_classes=7)
    with precision(BITS):
        plan = few_labels.plan(question_of(problem))
        assert not isinstance(plan, str)
        found = plan.answer(BETA, Budget(width=width))
    assert len(asked) == 1
    assert found.upper is not None
    assert found.lower == (F(pair) if failed else asked[0])
    if failed:
        assert found.reason
    else:
        assert 0 < found.upper - asked[0] <= width and not found.reason


# -- few labels of many
@pytest.mark.parametrize(("n", "k"), [(7, 1), (8, 1), (8, 2), (9, 3)])
def test_distributions_on_few_labels_have_the_target_regret(n: int, k: int) -> None:
    risk = SoftmaxRisk(_curve("mae"))
    with precision(BITS):
        simplices = [*few_labels.few(n, k, BETA), *few_labels.shared(risk, n, k, BETA)]
    for simplex in simplices:
        assert sum(simplex.counts) == n
        for v in simplex.vertices:
            labels = [x for x, c in zip(v, simplex.counts, strict=True) for _ in range(c)]
            assert sum(labels) == 1 and min(labels) >= 0
            predicted = range(simplex.swapped, simplex.swapped + k)
            top = sum(sorted(labels, reverse=True)[:k])
            assert top - sum(labels[i] for i in predicted) >= BETA
            assert simplex.regret(v) >= BETA
