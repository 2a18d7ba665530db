"""Numeric engine: T by convex optimisation, with a witness; an estimate, never a proof.

Inner problem (over scores): `inner` solves it in batches over grouped distributions, `oracle` is
the readable check by CVXPY. Outer problem (over p): `search`, with the pooling lemma; `exhaustive`
backs it for few classes without the lemma. Losses that are concave between kinks have finitely many
scores to try: `kinked` (and `vertices`, in closed form). Two labels are a problem in one variable:
`binary`, for every loss. For the rest, `levels`, a search over score vectors of few values, and
`direct` where the loss tells the labels apart. `answers` evaluates each witness anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from hconsist.engines.numeric import (
    binary,
    direct,
    general,
    kinked,
    levels,
    oracle,
    search,
    vertices,
)
from hconsist.engines.numeric import exhaustive as exhaustive_
from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.answers import tie, unbounded
from hconsist.engines.numeric.inner import Inner, SeparableSoftmax
from hconsist.engines.numeric.methods import inner_solver
from hconsist.engines.numeric.oracle import BestInClass
from hconsist.engines.numeric.shapes import known_shape, order
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import SoftmaxLoss, check_distribution
from hconsist.pointwise import Answer, PointwiseProblem

__all__ = ["BestInClass", "best_in_class", "exhaustive", "sweep", "transform"]

Array = NDArray[np.float64]

DIRECT = "a pattern search from a grid of distributions and scores; it may miss a narrow minimum"
LEVELS = (
    "scores of at most three values to start from, then linear programs over p and local searches "
    "over the scores in turns; it may miss a narrow minimum"
)

#: A sweep over more values of beta than this searches globally at so many and follows the solutions
#: in between.
_ANCHORS = 24
#: A gap beyond this is told.
_GAP = 1e-6
#: A witness has a probability and a score for every label: more classes, or more of them over all
#: values of beta together, are refused.
MOST_LABELS, MOST_NUMBERS = 10**6, 10**7

POOLING = (
    "the search uses the pooling lemma (docs/theory.md) and the pool structure of its candidates"
)


VERTICES = (
    "scores at the vertices of the arrangement of kinks (docs/theory.md, finite scores), "
    "linear programs over p"
)

#: T(0): of a distribution without a preference every prediction is a best one.
TIE = "no prediction has a target regret at the uniform distribution"

REWARDS = (
    "T = 0: no loss falls when its label's score rises (seen on a sample of scores), so the best "
    "scores predict a least likely label"
)

SLOW = "the risk is still falling at scores of 10^30: its infimum is not known"


def transform(problem: PointwiseProblem, beta: object, *, seed: int = 0) -> Answer:
    """Estimate T(beta) and show where it is attained.

    Domain: every problem whose conditional risk is convex in the softmax values or in the scores,
    concave in the softmax values, or concave between the kinks of a piecewise linear margin; the
    zero-one target and few classes for other losses.

    Parameters
    ----------
    problem : PointwiseProblem
    beta : number in [0, 1]
    seed : int
        Of the random starts, where the method has any.

    Returns
    -------
    Answer
        ``estimate`` and ``witness``; ``lower`` and ``upper`` are None, as nothing is proven. Where
        a solver failed the estimate is None and ``reason`` holds the residual.

    Raises
    ------
    EngineCannotAnswerError
        When there is no method for the problem.

    Examples
    --------
    >>> round(transform(PointwiseProblem("mae", n_classes=100), "1/10").estimate, 12)
    0.009090909091
    """
    return sweep(problem, [beta], seed=seed)[0]


def sweep(problem: PointwiseProblem, betas: Iterable[object], *, seed: int = 0) -> list[Answer]:
    """`transform` at many values of beta at once, vectorised.

    Examples
    --------
    >>> answers = sweep(PointwiseProblem("logistic", n_classes=10), [0, "1/2"])
    >>> [round(a.estimate, 10) for a in answers]
    [0.0, 0.1308120359]
    """
    values = [problem.check_beta(b) for b in betas]
    if not values:
        return []
    if problem.n > MOST_LABELS or problem.n * len(values) > MOST_NUMBERS:
        raise EngineCannotAnswerError(
            "numeric",
            f"{len(values)} witnesses of {problem.n} labels are more than its memory is meant for: "
            f"at most {MOST_LABELS} classes, and {MOST_NUMBERS} numbers together",
        )
    array = np.array([float(b) for b in values])
    with threadpool_limits(
        1
    ):  # the matrices are tiny: threads of BLAS only get in each other's way
        return _answers(problem, values, array, seed)


def _answers(
    problem: PointwiseProblem, values: list[Fraction], array: Array, seed: int
) -> list[Answer]:
    if problem.decision.structure.top is None or problem.surrogate.scores_predictions:
        return general.answers(problem, values)
    loss, k = problem.surrogate, problem.top_k("numeric")
    if problem.n == 2 and loss.shift_invariant and k == 1:
        return _two_labels(problem, array)
    if loss.symmetric and np.any(array == 0):
        rest = array != 0
        others = iter(
            _answers(problem, [v for v in values if v], array[rest], seed) if rest.any() else []
        )
        return [next(others) if v else tie(problem, (TIE,)) for v in values]
    if loss.symmetric and (direction := order(loss)) != -1:
        if direction == 1:
            return [_no_bound(problem, float(b)) for b in array]
    elif (inner := _inner(problem)) is not None:
        return _pooled_or_levels(problem, inner, values, array, seed)
    else:
        found = _finitely_many(problem, values, array)
        if found is not None:
            return found
    refusal = _too_much(problem, k, len(values))
    if refusal:
        raise EngineCannotAnswerError("numeric", refusal)
    if not loss.symmetric:
        return _directly(problem, array)
    found = _by_levels(problem, array)
    if problem.n <= direct.MOST_CLASSES and k == 1 and array.size <= direct.MOST_BETAS:
        # Two searches that miss different things: each value is its witness's regret, the smaller
        # one is nearer to the least.
        return [_nearer(a, b) for a, b in zip(found, _directly(problem, array), strict=True)]
    return found


def _nearer(first: Answer, second: Answer) -> Answer:
    """The answer with the smaller estimate; one that has an estimate before one that has none."""
    values = [np.inf if a.estimate is None else a.estimate for a in (first, second)]
    return second if values[1] < values[0] else first


def _inner(problem: PointwiseProblem) -> Inner | None:
    try:
        with np.errstate(all="ignore"):  # what overflows is found by the residuals
            return inner_solver(problem)
    except OverflowError:  # a constant of the formula is no float
        return None


def _pooled_or_levels(
    problem: PointwiseProblem, inner: Inner, values: list[Fraction], array: Array, seed: int
) -> list[Answer]:
    """The pooled search; where its solver fails (margins of a thousand temperatures), the search
    over levels, which needs no derivative.
    """
    try:
        with np.errstate(all="ignore"):
            found = _pooled(problem, inner, values, array, seed)
        failed = [i for i, one in enumerate(found) if one.estimate is None]
    except (np.linalg.LinAlgError, OverflowError):
        found, failed = [], list(range(len(values)))
    k = problem.top_k("numeric")
    if not failed or _too_much(problem, k, len(failed)):
        if not found:
            raise EngineCannotAnswerError(
                "numeric", f"the solver failed on {problem.surrogate.spec}: pass fewer betas"
            )
        return found
    others = dict(zip(failed, _by_levels(problem, array[failed]), strict=True))
    return [others[i] if i in others else found[i] for i in range(len(values))]


def _finitely_many(
    problem: PointwiseProblem, values: list[Fraction], array: Array
) -> list[Answer] | None:
    """Losses whose best scores are among finitely many; None for the others."""
    loss, plain = problem.surrogate, problem.hypotheses.score_bound is None
    if (
        plain
        and problem.top_k("numeric") == 1
        and isinstance(loss, SoftmaxLoss)
        and (known_shape(loss) == "concave in softmax" or kinked.is_linear(loss))
    ):
        return _at_vertices(problem, loss, values, array)
    if not loss.symmetric or (scores := kinked.score_vertices(problem)) is None:
        return None
    return [
        _answer(problem, s.p, s.free, s.tied, s.predicted, s.value, 0.0, (VERTICES,))
        if s.value != np.inf
        else unbounded((VERTICES,))
        for s in kinked.smallest_regret(problem, scores, array)
    ]


def _no_bound(problem: PointwiseProblem, beta: float) -> Answer:
    """A loss that never falls as its label's score rises: best scores predict a least likely label,
    whatever they are; equal ones stand for them in the witness.
    """
    n, k = problem.n, problem.top_k("numeric")
    p = np.full(n, (1.0 - beta) / n)
    p[0] += beta
    return _answer(problem, p, np.zeros(n), np.zeros(n), np.arange(1, k + 1), 0.0, 0.0, (REWARDS,))


def _too_much(problem: PointwiseProblem, k: int, betas: int) -> str:
    """Why a problem without a better method is beyond the direct searches; empty where it is not.

    They take a second or more for each beta: an envelope on hundreds would not come back.
    """
    spec, symmetric = problem.surrogate.spec, problem.surrogate.symmetric
    if betas > direct.MOST_BETAS:
        return f"{spec} needs a direct search, for {direct.MOST_BETAS} betas at most"
    most = levels.MOST_CLASSES if symmetric else direct.MOST_CLASSES
    if problem.n > most or (k > 1 and not symmetric):
        return (
            f"no method for {spec}, {problem.target}, {problem.hypotheses} beyond {most} classes"
            + ("" if symmetric else " and the zero-one target: the loss tells the labels apart")
        )
    return ""


def best_in_class(
    problem: PointwiseProblem,
    p: ArrayLike,
    predicted: Sequence[int] | None = None,
    *,
    method: Literal["fast", "oracle"] = "fast",
) -> BestInClass:
    """Best-in-class conditional risk at p, over all scores or over those that predict a given set.

    Parameters
    ----------
    problem : PointwiseProblem
    p : array-like (n_classes,)
    predicted : sequence of int, optional
        The labels that the scores must predict (ties allowed); as many as the target predicts.
    method : {"fast", "oracle"}
        The batched Newton method that the search uses, or the convex program of CVXPY with its dual
        bound.

    Raises
    ------
    InvalidInputError
        When p is not a distribution, or predicted not a set of labels of the right size.
    EngineCannotAnswerError
        When the method cannot treat the loss.

    Examples
    --------
    >>> problem = PointwiseProblem("logistic", n_classes=3)
    >>> round(best_in_class(problem, [0.5, 0.25, 0.25]).risk, 10)
    1.0397207708
    >>> round(best_in_class(problem, [0.5, 0.25, 0.25], [1]).risk, 10)
    1.08219553
    """
    distribution = check_distribution(p, problem.n).reshape(problem.n)
    size = problem.top_k("numeric") if predicted is not None else 0
    if predicted is not None and (
        len(set(predicted)) != size or not all(0 <= int(j) < problem.n for j in predicted)
    ):
        raise InvalidInputError(
            f"predicted must be {size} different labels below {problem.n}",
            list(predicted),
            "pass label numbers from 0",
        )
    if method == "oracle":
        return oracle.solve(
            problem, distribution, None if predicted is None else tuple(map(int, predicted))
        )
    inner = inner_solver(problem)
    if inner is None:
        raise EngineCannotAnswerError(
            "numeric", f"no batched method for {problem.surrogate.spec}; pass method='oracle'"
        )
    ones = np.ones((1, problem.n))
    q = distribution[None]
    if predicted is not None:
        q, _ = search.pool(q, ones, np.isin(np.arange(problem.n), list(predicted)))
    optimum = inner.solve(q, ones)
    residual = float(optimum.residual[0])
    known = residual <= search.ACCEPTED_RESIDUAL
    return BestInClass(
        float(optimum.risk[0]) if known else None,
        None,
        optimum.scores[0] if known else None,
        f"newton, residual {residual:.1e}",
    )


def exhaustive(problem: PointwiseProblem, beta: object, *, resolution: int = 16) -> Answer:
    """T(beta) for n <= 4 by a grid over all p and all sets of tied labels, refined: the backing of
    `transform`.

    Raises
    ------
    EngineCannotAnswerError
        For more than 4 classes, or where `transform` needs no search.

    Examples
    --------
    >>> problem = PointwiseProblem("gce:q=0.9", n_classes=3)
    >>> abs(exhaustive(problem, 0.5).estimate - transform(problem, 0.5).estimate) < 1e-9
    True
    """
    value = problem.check_beta(beta)
    inner = inner_solver(problem)
    if problem.n > 4 or problem.top_k("numeric") != 1 or inner is None:
        raise EngineCannotAnswerError(
            "numeric", "exhaustion is for a smooth convex loss, n_classes <= 4, zero-one"
        )
    regret, p = exhaustive_.smallest_regret(inner, problem.n, float(value), resolution)
    pooled, _ = search.pool(p[None], np.ones((1, p.size)), np.arange(p.size) == 1)
    ones = np.ones((1, p.size))
    best, tied = inner.solve(p[None], ones), inner.solve(pooled, ones)
    residual = float(max(best.residual[0], tied.residual[0]))
    return _answer(
        problem,
        p,
        best.scores[0],
        tied.scores[0],
        np.array([1]),
        regret,
        residual,
        ("a grid over p, refined locally",),
    )


def _pooled(
    problem: PointwiseProblem, inner: Inner, betas: list[Fraction], array: Array, seed: int
) -> list[Answer]:
    n, k = problem.n, problem.top_k("numeric")
    anchors = np.unique(array)
    dense = anchors.size > _ANCHORS and not isinstance(inner, SeparableSoftmax)
    if dense:
        anchors = anchors[np.round(np.linspace(0, anchors.size - 1, _ANCHORS)).astype(int)]
    found = search.smallest_regret(inner, n, k, anchors, seed=seed)
    found = (
        search.follow(inner, found, anchors, n, k, array)
        if dense
        else found.take(np.searchsorted(anchors, array))
    )
    groups = search.ZERO_ONE if k == 1 else search.TOP_K
    predicted = search.predicted_groups(groups)
    layout = found.candidates.layout
    best, tied = inner.solve(found.p, layout), inner.solve(found.pooled, layout)
    answers = []
    for i in range(len(betas)):
        repeat = layout[i].astype(int)
        p, good, bad = (np.repeat(v[i], repeat) for v in (found.p, best.scores, tied.scores))
        labels = np.flatnonzero(np.repeat(predicted, repeat))
        answers.append(
            _answer(
                problem,
                p,
                good,
                bad,
                labels,
                float(found.value[i]),
                float(found.residual[i]),
                (POOLING,),
            )
        )
    return answers


def _two_labels(problem: PointwiseProblem, array: Array) -> list[Answer]:
    """Each order of the labels: one is enough where the loss does not tell them apart."""
    tops = (0,) if problem.surrogate.symmetric else (0, 1)
    found = [binary.smallest_regret(problem, array, top) for top in tops]
    answers = []
    for i in range(array.size):
        top = min(tops, key=lambda t: found[t].regret[i])
        row = found[top]
        if not np.isfinite(row.regret[i]):
            answers.append(unbounded(()))
            continue
        other = np.array([-1.0, 1.0]) if top == 0 else np.array([1.0, -1.0])
        answers.append(
            _answer(
                problem,
                0.5 - other * row.beta[i] / 2,
                other * row.free[i] / 2,
                other * row.tied[i] / 2,
                np.array([1 - top]),
                float(row.regret[i]),
                0.0,
                (),
                SLOW if row.slow[i] else "",
            )
        )
    return answers


def _by_levels(problem: PointwiseProblem, array: Array) -> list[Answer]:
    search_, answers = levels.Levels(problem), []
    for beta in array:
        s = search_.smallest_regret(float(beta))
        found = _answer(problem, s.p, s.free, s.tied, s.predicted, s.value, 0.0, (LEVELS,))
        if s.gap > _GAP and not found.reason:
            found = replace(
                found, reason=f"the linear program over p leaves {s.gap:.1e} below the value"
            )
        answers.append(found)
    return answers


def _directly(problem: PointwiseProblem, array: Array) -> list[Answer]:
    tables = direct.Direct(problem)
    answers = []
    for beta in array:
        value, p, tied, free, predicted = tables.smallest_regret(float(beta))
        answers.append(
            _answer(problem, p, free, tied, np.array([predicted]), value, 0.0, (DIRECT,))
        )
    return answers


def _at_vertices(
    problem: PointwiseProblem, loss: SoftmaxLoss, betas: list[Fraction], array: Array
) -> list[Answer]:
    value, largest, size = vertices.smallest_regret(loss, problem.n, array)
    answers = []
    for i in range(len(betas)):
        p = vertices.distribution(float(array[i]), float(largest[i]), problem.n)
        order = np.argsort(-np.where(np.arange(p.size) == 1, 2.0, p), kind="stable")[: size[i]]
        good, bad = np.full(p.size, -np.inf), np.full(p.size, -np.inf)
        good[0], bad[order] = 0.0, 0.0
        answers.append(_answer(problem, p, good, bad, np.array([1]), float(value[i]), 0.0, ()))
    return answers
