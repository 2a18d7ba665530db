"""Numeric engine: T by convex optimisation, with a witness; an estimate, never a proof.

Inner problem (over scores): `inner`, `water` and `smooth` solve it in batches over grouped
distributions, `oracle` is the readable check by CVXPY. Outer problem (over p): `search`, with the
pooling lemma; `grids` backs it for few classes without the lemma. Losses that are concave
between kinks have finitely many scores to try: `kinked` (and `vertices`, in closed form). Two
labels are a problem in one variable: `binary`, for every loss. For the rest, `levels`, a search
over score vectors of few values; `asymmetric` and `direct` where the loss tells the labels apart;
`zeros` where T = 0 is a theorem. `ways` tells which of them answers; `answers` evaluates each
witness anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from hconsist.engines.numeric.answers import answer as _answer
from hconsist.engines.numeric.ways import answers
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import check_distribution
from hconsist.losses.flags import refuted
from hconsist.pointwise import Answer, PointwiseProblem

if TYPE_CHECKING:
    from hconsist.engines.numeric.oracle import BestInClass

__all__ = ["best_in_class", "exhaustive", "sweep", "transform"]

#: A witness has a probability and a score for every label: more classes, or more of them over all
#: values of beta together, are refused.
MOST_LABELS, MOST_NUMBERS = 10**6, 10**7


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
    if lie := refuted(problem.surrogate, problem.n):
        raise EngineCannotAnswerError("numeric", lie)
    array = np.array([float(b) for b in values])
    if problem.n == 2:  # nothing that threads could share
        return answers(problem, values, array, seed)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # the matrices are tiny: threads only get in each other's way
        return answers(problem, values, array, seed)


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
    from hconsist.engines.numeric import candidates, oracle, search
    from hconsist.engines.numeric.methods import inner_solver

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
        q, _ = candidates.pool(q, ones, np.isin(np.arange(problem.n), list(predicted)))
    optimum = inner.solve(q, ones)
    residual = float(optimum.residual[0])
    known = residual <= search.ACCEPTED_RESIDUAL
    return oracle.BestInClass(
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
    from hconsist.engines.numeric import candidates, grids
    from hconsist.engines.numeric.methods import inner_solver

    value = problem.check_beta(beta)
    inner = inner_solver(problem)
    if problem.n > 4 or problem.top_k("numeric") != 1 or inner is None:
        raise EngineCannotAnswerError(
            "numeric", "exhaustion is for a smooth convex loss, n_classes <= 4, zero-one"
        )
    regret, p = grids.smallest_regret(inner, problem.n, float(value), resolution)
    pooled, _ = candidates.pool(p[None], np.ones((1, p.size)), np.arange(p.size) == 1)
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
