"""The rigorous engine: an enclosure of T(beta) that is a theorem about reals.

The upper side evaluates a rational witness in balls. The lower side is a branch and bound over label distributions, reduced by
symmetry, in which every best-in-class risk is bounded below by a linear minorant of a convex function (a dual certificate).
"""

from __future__ import annotations

import math
from fractions import Fraction

from hconsist.arithmetic import BALLS, endpoints, precision
from hconsist.engines.rigorous.branch import Enclosure, Progress, minimise
from hconsist.engines.rigorous.regions import PairBound, comp_sum_regions
from hconsist.engines.rigorous.risk import Counts, SoftmaxRisk, Values, pool
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import CompSum, Separable, ZeroOne
from hconsist.pointwise import Answer, PointwiseProblem, Witness, check_beta

POOLING = "pooling lemma (docs/theory.md)"
STAR_SHAPE = "star shape of T (docs/theory.md)"
REDUCTION = "reduction lemma for comp-sum losses (docs/theory.md)"
PAIRS = "pair lemma (docs/theory.md)"
CONCAVE = "Theorem C (docs/theory.md)"

#: Working precision in bits: solvers' floats have 53, so the balls add next to nothing to the width.
BITS = 96


def transform(
    problem: PointwiseProblem,
    beta: Fraction,
    *,
    width: float | Fraction = Fraction(1, 10**9),
    max_boxes: int = 100_000,
    progress: Progress | None = None,
) -> Answer:
    """Enclose T(beta).

    Parameters
    ----------
    problem : PointwiseProblem
    beta : Fraction
        In [0, 1].
    width : float or Fraction
        Stop when ``upper - lower`` is at most this.
    max_boxes : int
        Stop after so many simplices; the answer is then proven but wider, and says so in ``reason``.
    progress : callable, optional
        Called with the number of simplices and the bounds so far.

    Raises
    ------
    EngineCannotAnswerError
        For a loss, target or hypothesis set without a method here.

    Examples
    --------
    >>> answer = transform(PointwiseProblem("logistic", n_classes=3), Fraction(1, 2))
    >>> answer.lower <= Fraction("0.13081203594113696") <= answer.upper, answer.width < 1e-9
    (True, True)
    """
    beta = check_beta(beta)
    if problem.is_symbolic:
        raise EngineCannotAnswerError("rigorous", "it needs numbers for every parameter", "symbolic")
    if not isinstance(problem.target, ZeroOne) or problem.hypotheses.score_bound is not None:
        raise EngineCannotAnswerError("rigorous", f"no method for {problem.target} and {problem.hypotheses}", "numeric")
    loss, separable = problem.surrogate, problem.surrogate.separable
    if separable is None or separable.coordinate != "softmax" or loss.shape is None:
        raise EngineCannotAnswerError("rigorous", f"no method for {loss.spec} yet", "numeric")
    with precision(BITS):
        if loss.shape == "concave in softmax":
            return _concave(problem, separable, beta)
        if not isinstance(loss, CompSum):
            raise EngineCannotAnswerError("rigorous", f"no method for {loss.spec} yet", "numeric")
        if beta == 0:
            n = problem.n
            point = Witness((Fraction(1, n),) * n, (0.0,) * n, (1,), 0.0)
            return Answer(0.0, Fraction(0), Fraction(0), point, "rigorous")
        risk = SoftmaxRisk(separable)
        pairs = PairBound(risk, Fraction(loss.tau), beta)
        found = minimise(risk, comp_sum_regions(problem.n, beta), Fraction(width), max_boxes, progress, pairs)
        return _answer(found, problem, risk, separable, Fraction(width), (POOLING, STAR_SHAPE, REDUCTION, PAIRS))


def _answer(
    found: Enclosure,
    problem: PointwiseProblem,
    risk: SoftmaxRisk,
    separable: Separable,
    width: Fraction,
    lemmas: tuple[str, ...],
) -> Answer:
    p, softmax = _expand(found.values, found.counts, risk, problem.n)
    estimate = float((found.lower + found.upper) / 2)
    witness = Witness(p, _scores(softmax, float(separable.temperature)), (1,), float(found.upper))
    reason = "" if found.upper - found.lower <= width else f"the box budget ran out after {found.boxes} boxes"
    return Answer(estimate, found.lower, found.upper, witness, "rigorous", lemmas, reason)


def _expand(values: Values, counts: Counts, risk: SoftmaxRisk, n: int) -> tuple[tuple[Fraction, ...], list[float]]:
    """Labels one by one, zeros included, and the pooled optimum's softmax values."""
    q, sizes, members = pool(values, counts, 1)
    point = risk.optimum(q, sizes)
    left = dict(zip(q[1:], point.coordinates[1:], strict=True))
    p: list[Fraction] = []
    softmax: list[float] = []
    for i, (value, count) in enumerate(zip(values, counts, strict=True)):
        if not count:
            continue
        p += [value] * count
        softmax += [float(point.coordinates[0] if i in members else left[value])] * count
    missing = n - len(p)
    return (*p, *[Fraction(0)] * missing), softmax + [0.0] * missing


def _scores(softmax: list[float], temperature: float) -> tuple[float, ...]:
    """Scores with this softmax; a zero becomes a score 40 temperatures below the others."""
    least = math.log(min(s for s in softmax if s > 0)) - 40.0
    return tuple(temperature * (math.log(s) if s > 0 else least) for s in softmax)


def _concave(problem: PointwiseProblem, separable: Separable, beta: Fraction) -> Answer:
    """Theorem C: risks concave in the softmax value are least at points uniform on k labels; T is a minimum of n numbers."""
    n = problem.n
    top = max(beta, (1 + beta) / n)
    g = {k: separable.term(BALLS.const(Fraction(1, k) if k else 0), BALLS) for k in range(n + 1)}
    best: tuple[Fraction, Fraction, int] | None = None
    lowest: Fraction | None = None
    for k in range(1, n + 1):
        pooled_mass = min(Fraction(1), k * top - beta)
        value = BALLS.const(top) * (g[0] - g[1]) - BALLS.const(pooled_mass) * (g[0] - g[k])
        low, high = endpoints(value)
        lowest = low if lowest is None else min(lowest, low)
        if best is None or high < best[0]:
            best = (high, top, k)
    assert best is not None
    assert lowest is not None
    upper, _, k = best
    # Labels as large as possible in the pool of k, predicted label in second place, the rest of the mass spread by size.
    p = [top, top - beta]
    left = 1 - 2 * top + beta
    while len(p) < n:
        p.append(min(top, max(left, Fraction(0))))
        left -= p[-1]
    if left != 0:
        raise AssertionError("the witness of theorem C does not sum to 1: please report this")
    chosen = {1, *([0] if k > 1 else []), *range(2, k)}
    softmax = [1.0 / k if i in chosen else 0.0 for i in range(n)]
    lower = max(lowest, Fraction(0))
    witness = Witness(tuple(p), _scores(softmax, float(separable.temperature)), (1,), float(upper))
    return Answer(float((lower + upper) / 2), lower, upper, witness, "rigorous", (CONCAVE,))
