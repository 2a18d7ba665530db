"""Best-in-class conditional risks C*(H, x) of many label distributions at once, for any loss and
any reach of the scores.

What a study compares with a bound is a regret, so it needs C* at thousands of (x, p) pairs, each
with its own box of scores: [-B(x), B(x)]^n for a bounded hypothesis set, R^n for a complete one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY, exact
from hconsist.engines.numeric import kinked
from hconsist.engines.numeric.direct import MOST_CLASSES, Direct
from hconsist.engines.numeric.methods import inner_solver
from hconsist.errors import EngineCannotAnswerError
from hconsist.hypotheses import Bounded, Complete
from hconsist.losses import Loss, MarginLoss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.conditional import best_scores, far_margin, on_the_line

Array = NDArray[np.float64]


def is_unbounded_below(loss: Loss, n: int) -> bool:
    """Whether the risk of some label distribution falls without limit over all scores, so that no
    regret exists there.

    >>> from hconsist.losses import parse_loss
    >>> [is_unbounded_below(parse_loss(spec), 3) for spec in ("ldr-k:k=2", "logistic")]
    [True, False]
    """
    # of a loss that is convex, or flat, far out: by its slope where only the true label is raised
    raised = np.where(np.arange(n) == 0, 1.0, 0.0) - 1 / n
    with np.errstate(all="ignore"):
        near, far = (float(loss.losses(t * raised, NUMPY)[0]) for t in (1e6, 2e6))
    return bool(far - near < -1.0)


def least_conditional_risk(loss: Loss, p: Array, reach: Array | None = None) -> tuple[Array, Array]:
    """C*(H, x) and scores that attain or approach it.

    Parameters
    ----------
    loss : Loss
    p : array (m, n)
    reach : array (m,), optional
        B(x) for each row: scores fill [-B(x), B(x)]^n. Without it they fill R^n.

    Returns
    -------
    risk : array (m,)
    scores : array (m, n)

    Raises
    ------
    EngineCannotAnswerError
        Where there is no method.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> p = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> least_conditional_risk(parse_loss("hinge"), p, np.array([0.5, 2.0]))[0].round(12)
    array([0.6, 0.2])
    """
    m, n = p.shape
    if (
        n == 2
        and loss.shift_invariant
        and (isinstance(loss, MarginLoss) or not _solved(loss, reach))
    ):
        far = np.full(m, far_margin(loss)) if reach is None else reach
        return on_the_line(loss, p, -far, far)
    if reach is None:
        try:
            return best_scores(loss, p)
        except EngineCannotAnswerError:
            return _of_problem(PointwiseProblem(loss, hypotheses=Complete(), n_classes=n), p)
    risk, scores = np.empty(m), np.empty((m, n))
    for bound in np.unique(reach):
        rows = reach == bound
        problem = PointwiseProblem(
            loss, hypotheses=Bounded(exact(float(bound), "bound")), n_classes=n
        )
        risk[rows], scores[rows] = _of_problem(problem, p[rows])
    return risk, scores


def _solved(loss: Loss, reach: Array | None) -> bool:
    """Whether the numeric engine has a batched solver for two labels, and few enough boxes to call
    it for each.
    """
    hypotheses = Complete() if reach is None else Bounded(1)
    few = reach is None or np.unique(reach).size <= 8
    return (
        few and inner_solver(PointwiseProblem(loss, hypotheses=hypotheses, n_classes=2)) is not None
    )


def two_label_transform(
    loss: Loss, betas: Array, reach: float | None = None
) -> tuple[Array, Array, Array]:
    """T of two labels by a search over the one margin: values (k,), and the p and scores (k, 2) of
    their witnesses.

    p is fixed by beta, up to the order of the labels; the wrong label may be predicted by a tie.

    >>> from hconsist.losses import parse_loss
    >>> two_label_transform(parse_loss("hinge"), np.array([0.5]))[0].round(12)
    array([0.5])
    """
    far = np.full(len(betas), far_margin(loss) if reach is None else reach)
    zero = np.zeros_like(far)
    p = np.stack([(1 + betas) / 2, (1 - betas) / 2], axis=-1)
    found = []
    for distribution, low, high in ((p, -far, zero), (p[:, ::-1], zero, far)):
        wrong, scores = on_the_line(loss, distribution, low, high)
        free, _ = on_the_line(loss, distribution, -far, far)
        found.append((np.maximum(wrong - free, 0.0), distribution, scores))
    second = (found[1][0] < found[0][0] - 1e-15)[:, None]
    value = np.where(second[:, 0], found[1][0], found[0][0])
    return (
        value,
        np.asarray(np.where(second, found[1][1], found[0][1])),
        np.asarray(np.where(second, found[1][2], found[0][2])),
    )


def _of_problem(problem: PointwiseProblem, p: Array) -> tuple[Array, Array]:
    loss = problem.surrogate
    inner = inner_solver(problem)
    if inner is not None:
        found = inner.solve(p, np.ones_like(p))
        risk, scores = np.array(found.risk), np.array(found.scores)
        failed = ~(found.residual <= 1e-9)
        if failed.any():
            risk[failed], scores[failed] = _search(problem, p[failed])
        return risk, scores
    if problem.hypotheses.score_bound is None and is_unbounded_below(loss, problem.n):
        raise EngineCannotAnswerError(
            "numeric", f"the risk of {loss.spec} has no lower bound over all scores"
        )
    if loss.symmetric and (vertices := kinked.score_vertices(problem)) is not None:
        order = np.argsort(-p, axis=-1, kind="stable")
        table = np.asarray(loss.losses(vertices, NUMPY), dtype=float)
        risks = np.take_along_axis(p, order, -1) @ table.T
        scores = np.empty_like(p)
        np.put_along_axis(scores, order, vertices[risks.argmin(axis=-1)], -1)
        return risks.min(axis=-1), scores
    return _search(problem, p)


@lru_cache(maxsize=8)
def _tables(problem: PointwiseProblem) -> Direct:
    return Direct(problem)


def _search(problem: PointwiseProblem, p: Array) -> tuple[Array, Array]:
    """Tables of the direct search; of a symmetric loss also from the best nodes where unlikely
    labels are given up.
    """
    if problem.n > MOST_CLASSES:
        raise EngineCannotAnswerError(
            "numeric", f"no method for the best risk of {problem.surrogate.spec}"
        )
    tables, n = _tables(problem), problem.n
    order = (
        np.argsort(-p, axis=-1, kind="stable")
        if problem.surrogate.symmetric
        else np.broadcast_to(np.arange(n), p.shape)
    )
    q = np.take_along_axis(p, order, -1)
    far = np.sort(tables.scores, axis=-1)
    starts = [np.ones(len(far), dtype=bool)]
    if problem.hypotheses.score_bound is None and problem.surrogate.symmetric:
        starts += [
            np.all(tables.scores[:, kept:] < far[:, -1:] - 20 * tables.unit, axis=-1)
            for kept in range(1, n)
        ]
    risk, scores = np.full(len(p), np.inf), np.zeros_like(p)
    for allowed in starts:
        nodes, table = tables.scores[allowed], tables.table[allowed]
        for part in np.array_split(np.arange(len(p)), len(p) // 500 + 1):
            start = nodes[np.argmin(q[part] @ table.T, axis=-1)]
            value, found = tables.polish(q[part], start, None, 0.5 * tables.unit)
            better = value < risk[part]
            risk[part], scores[part] = (
                np.where(better, value, risk[part]),
                np.where(better[:, None], found, scores[part]),
            )
    result = np.empty_like(scores)
    np.put_along_axis(result, order, scores, -1)
    return risk, result
