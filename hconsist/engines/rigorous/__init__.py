"""The rigorous engine: an enclosure of T(beta) that is a theorem about reals.

The upper side evaluates a rational witness in balls. The lower side is a branch and bound over
label distributions, reduced by symmetry, in which every best-in-class risk is bounded below by a
linear minorant of a convex function (a dual certificate).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import BALLS, endpoints, precision
from hconsist.engines.rigorous import plugin
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.branch import Checkpoint, Enclosure, Progress, Risk, Search
from hconsist.engines.rigorous.constrained import FALLING, ConstrainedRisk
from hconsist.engines.rigorous.envelope import BITS as ENVELOPE_BITS
from hconsist.engines.rigorous.envelope import Envelope, Supports
from hconsist.engines.rigorous.gaps import (
    LinearGap,
    best_in_class_risk,
    linear_gap,
    minimizability_gap,
)
from hconsist.engines.rigorous.jets import BALL_JETS, variable
from hconsist.engines.rigorous.regions import (
    PairBound,
    Simplex,
    comp_sum_regions,
    everything,
    sorted_region,
    top_k_everything,
    top_k_regions,
)
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.engines.rigorous.supports import (
    FiniteScores,
    MarginScores,
    Pools,
    Searched,
    Vertices,
    tie_curvature,
)
from hconsist.engines.rigorous.transport import LDRRisk
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import (
    LDR,
    CompSum,
    Constrained,
    Hinge,
    Logistic,
    Loss,
    MarginLoss,
    Ramp,
    RhoMargin,
    Separable,
    Sigmoid,
    SoftmaxLoss,
    SquaredHinge,
)
from hconsist.pointwise import Answer, PointwiseProblem, Witness

__all__ = [
    "best_in_class_risk",
    "envelope",
    "linear_gap",
    "minimizability_gap",
    "transform",
    "LinearGap",
]

POOLING = "pooling lemma (docs/theory.md)"
STAR_SHAPE = "star shape of T (docs/theory.md)"
REDUCTION = "reduction lemma for comp-sum losses (docs/theory.md)"
PAIRS = "pair lemma (docs/theory.md)"
POOLING_SETS = "pooling lemma for top-k targets (docs/theory.md)"
TOP_K = "Theorem E (docs/theory.md)"
TWO_LABELS = "Theorem A (docs/theory.md)"
CONSTRAINED = "Theorem F (docs/theory.md)"
QUADRATIC = "Theorem K (docs/theory.md)"
POOLS = "Theorem B (docs/theory.md)"
CONCAVE = "Theorem C (docs/theory.md)"

#: Working precision in bits: solvers' floats have 53, so the balls add next to nothing to the
#: width.
BITS = 96


def transform(
    problem: PointwiseProblem,
    beta: Fraction,
    *,
    width: float | Fraction | None = None,
    max_boxes: int | None = None,
    time_budget: float | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    resume: dict[str, Any] | None = None,
) -> Answer:
    """Enclose T(beta).

    Parameters
    ----------
    problem : PointwiseProblem
    beta : Fraction
        In [0, 1].
    width : float or Fraction, optional
        Stop when ``upper - lower`` is at most this; 1e-9 for comp-sum and margin losses, 1e-6 for
        others, unless given.
    max_boxes : int, optional
        Stop after so many simplices (100 000 for comp-sum and margin losses, 5 000 for others,
        unless given); the answer is then proven but wider, and says so in ``reason``.
    time_budget : float, optional
        Seconds, of the search over label distributions; likewise.
    progress : callable, optional
        Called with the number of simplices and the bounds so far.
    checkpoint : callable, optional
        Called every few seconds, and when a budget ends the search, with everything that is
        finished, JSON-ready. An interrupt (Ctrl-C) then ends the search with what is proven, too;
        without a checkpoint it passes on. Losses whose T is a formula or a search over one score
        are done at once and have none.
    resume : dict, optional
        A checkpoint of the same problem and beta, whose finished work is taken over.

    Raises
    ------
    InvalidInputError
        When the checkpoint is about another problem, or was changed.
    EngineCannotAnswerError
        For a loss, target or hypothesis set without a method here.

    Examples
    --------
    >>> answer = transform(PointwiseProblem("logistic", n_classes=3), Fraction(1, 2))
    >>> answer.lower <= Fraction("0.13081203594113696") <= answer.upper, answer.width < 1e-9
    (True, True)
    """
    beta = problem.check_beta(beta)
    if problem.decision.structure.top is None:
        with precision(BITS):
            return plugin.transform(problem, beta, Fraction(width or Fraction(1, 10**9)))
    k = problem.top_k("rigorous", "numeric")
    if problem.is_symbolic:
        raise EngineCannotAnswerError(
            "rigorous", "it needs numbers for every parameter", "symbolic"
        )
    loss, separable = problem.surrogate, problem.surrogate.separable
    refused = EngineCannotAnswerError(
        "rigorous", f"no method for {loss.spec}, {problem.hypotheses}, {problem.target}", "numeric"
    )
    bound = problem.hypotheses.score_bound
    easy = isinstance(loss, CompSum | MarginLoss)
    width = (
        Fraction(width) if width is not None else Fraction(1, 10**9) if easy else Fraction(1, 10**6)
    )
    max_boxes = max_boxes if max_boxes is not None else 100_000 if easy else 5_000
    if bound is not None and not isinstance(bound, Fraction):
        raise refused
    if k > 1 and (bound is not None or not _ranks(loss)):
        raise EngineCannotAnswerError(
            "rigorous",
            "top-k targets need a softmax loss convex in the softmax value, or LDR, with "
            f"complete scores, not {loss.spec}",
            "numeric",
        )
    with precision(BITS):
        if isinstance(loss, MarginLoss):
            return _binary(problem, loss, beta, bound, width, max_boxes)
        if bound is not None:
            raise refused
        if isinstance(loss, SoftmaxLoss) and not isinstance(loss, LDR) and not _decreasing(loss):
            raise EngineCannotAnswerError(
                "rigorous", f"{loss.spec} is not proven to decrease in the softmax value", "numeric"
            )
        if beta == 0:
            n = problem.n
            point = Witness((Fraction(1, n),) * n, (0.0,) * n, tuple(range(1, k + 1)), 0.0)
            return Answer(0.0, Fraction(0), Fraction(0), point, "rigorous")
        if k > 1 and loss == Logistic() and problem.n >= 2 * k:
            return _top_k_logistic(problem, beta)
        if (
            separable is not None
            and separable.coordinate == "softmax"
            and loss.shape == "concave in softmax"
        ):
            return _concave(problem, separable, beta)
        risk: Risk
        regions: Iterable[Simplex]
        pairs: PairBound | None = None
        lemmas: tuple[str, ...]
        if k > 1 and problem.n <= 5:
            risk = LDRRisk(loss) if isinstance(loss, LDR) else SoftmaxRisk(loss.separable)  # type: ignore[arg-type]
            lemmas, regions = (POOLING_SETS,), top_k_regions(problem.n, k, beta)
        elif k > 1:
            raise EngineCannotAnswerError(
                "rigorous", "top-k targets are searched up to five labels", "numeric"
            )
        elif isinstance(loss, CompSum):
            risk = SoftmaxRisk(loss.separable)
            lemmas = (POOLING, STAR_SHAPE, REDUCTION, PAIRS)
            regions = comp_sum_regions(problem.n, beta)
            pairs = PairBound(risk, Fraction(loss.tau), beta)
        elif (
            problem.n <= 5
            and isinstance(loss, LDR | SoftmaxLoss)
            and loss.shape in ("convex in softmax", "convex in scores")
        ):
            risk = LDRRisk(loss) if isinstance(loss, LDR) else SoftmaxRisk(loss.separable)
            lemmas, regions = (POOLING, STAR_SHAPE), [sorted_region(problem.n, beta)]
        elif (
            problem.n <= 4
            and beta < 1
            and isinstance(loss, Constrained)
            and isinstance(loss.phi, FALLING)
        ):
            risk = ConstrainedRisk(loss.separable)
            lemmas, regions = (POOLING, STAR_SHAPE), [sorted_region(problem.n, beta)]
        else:
            raise refused
        search = Search(
            risk, regions, pairs, statement={**_statement(problem), "beta": str(beta), "bits": BITS}
        )
        if resume is not None:
            search.resume(resume)
        found = search.run(
            width, max_boxes, time_budget=time_budget, progress=progress, checkpoint=checkpoint
        )
        return _answer(
            found, problem, risk, float(separable.temperature) if separable else 1.0, lemmas
        )


def _ranks(loss: Loss) -> bool:
    """Whether the pooling lemma holds for sets of predicted labels, with a risk that is searched
    here.
    """
    return isinstance(loss, LDR) or (
        isinstance(loss, SoftmaxLoss) and loss.shape == "convex in softmax"
    )


def _top_k_logistic(problem: PointwiseProblem, beta: Fraction) -> Answer:
    """Theorem E: T of the zero-one target and two labels, on twice k labels."""
    k = problem.top_k("rigorous")
    rest = problem.n - 2 * k
    risk = SoftmaxRisk(Logistic().separable)
    tied = risk.best_in_class((Fraction(1, 2),), (2,))
    split = risk.best_in_class(((1 + beta) / 2, (1 - beta) / 2), (1, 1))
    lower, upper = endpoints(tied[0] - split[1])[0], endpoints(tied[1] - split[0])[1]
    p = (*[(1 + beta) / (2 * k)] * k, *[(1 - beta) / (2 * k)] * k, *[Fraction(0)] * rest)
    witness = Witness(
        p, _scores([1.0] * (2 * k) + [0.0] * rest, 1.0), tuple(range(k, 2 * k)), float(upper)
    )
    return Answer(
        float((lower + upper) / 2), max(lower, Fraction(0)), upper, witness, "rigorous", (TOP_K,)
    )


def _decreasing(loss: SoftmaxLoss) -> bool:
    """Whether a convex g falls at 1, or a concave one at 0: then it falls on [0, 1]."""
    end = BALLS.const(1 if loss.shape == "convex in softmax" else 0)
    return bool(loss.of_softmax(variable(end), BALL_JETS).d1 <= 0)


def _answer(
    found: Enclosure,
    problem: PointwiseProblem,
    risk: Risk,
    temperature: float,
    lemmas: tuple[str, ...],
) -> Answer:
    p, coordinates = _expand(found, risk, problem.n)
    if isinstance(risk, ConstrainedRisk):
        scores = tuple(s or 0.0 for s in coordinates)
    elif isinstance(risk, LDRRisk):
        least = min(s for s in coordinates if s is not None) - 40.0 * temperature
        scores = tuple(least if s is None else s for s in coordinates)
    else:
        scores = _scores([s or 0.0 for s in coordinates], temperature)
    estimate = float((found.lower + found.upper) / 2)
    swapped, k = found.simplex.swapped, found.simplex.k
    witness = Witness(p, scores, tuple(range(swapped, swapped + k)), float(found.upper))
    return Answer(estimate, found.lower, found.upper, witness, "rigorous", lemmas, found.reason)


def _expand(
    found: Enclosure, risk: Risk, n: int
) -> tuple[tuple[Fraction, ...], list[float | None]]:
    """Labels one by one, zeros included, and the coordinates of the pooled optimum; None where a
    label is out of play.
    """
    values, counts = found.values, found.counts
    q, sizes, members = found.simplex.pool(values)
    point = risk.optimum(q, sizes)
    first = 1 if members else 0
    left = dict(zip(q[first:], point.coordinates[first:], strict=True))
    p: list[Fraction] = []
    coordinates: list[float | None] = []
    for i, (value, count) in enumerate(zip(values, counts, strict=True)):
        if count:
            p += [value] * count
            at = point.coordinates[0] if i in members else left[value]
            coordinates += [
                float(at) if value or i in members or isinstance(risk, ConstrainedRisk) else None
            ] * count
    missing = n - len(p)
    return (*p, *[Fraction(0)] * missing), coordinates + [None] * missing


def _scores(softmax: list[float], temperature: float) -> tuple[float, ...]:
    """Scores with this softmax; a zero becomes a score 40 temperatures below the others."""
    least = math.log(min(s for s in softmax if s > 0)) - 40.0
    return tuple(temperature * (math.log(s) if s > 0 else least) for s in softmax)


def _binary(
    problem: PointwiseProblem,
    loss: MarginLoss,
    beta: Fraction,
    bound: Fraction | None,
    width: Fraction,
    max_boxes: int,
) -> Answer:
    """T = inf over f <= 0 minus inf over f, at eta = (1 + beta)/2; it does not fall with beta."""
    risk = BinaryRisk(loss, beta, bound)
    if loss.convex or loss.shape == "convex in scores":
        if not BinaryRisk(loss, Fraction(1), bound).slope(Fraction(0)) < 0:
            raise EngineCannotAnswerError(
                "rigorous", f"{loss.spec} has no negative slope at 0", "numeric"
            )
        tied = endpoints(
            risk.value(BALLS.const(0))
        )  # R falls up to 0: its slope there is beta phi'(0)
        low, high, _ = risk.convex_minimum()
        lower, upper, worst = tied[0] - high, tied[1] - low, 0.0
    elif isinstance(loss, Sigmoid | RhoMargin | Ramp):  # non-increasing
        wrong = risk.monotone_minimum(False, width / 4, max_boxes)
        right = risk.monotone_minimum(True, width / 4, max_boxes)
        lower, upper, worst = (
            wrong[0] - min(right[1], wrong[1]),
            wrong[1] - min(right[0], wrong[0]),
            wrong[2],
        )
    else:
        raise EngineCannotAnswerError(
            "rigorous", f"{loss.spec} is neither convex nor known to decrease", "numeric"
        )
    lower = max(lower, Fraction(0))
    witness = Witness(((1 + beta) / 2, (1 - beta) / 2), (worst, -worst), (1,), float(upper))
    reason = "" if upper - lower <= width else "the box budget ran out"
    return Answer(float((lower + upper) / 2), lower, upper, witness, "rigorous", (), reason)


def envelope(problem: PointwiseProblem) -> Envelope:
    """T** and Gamma of a problem between proven lines and points; see `Envelope`.

    Raises
    ------
    EngineCannotAnswerError
        For a loss, target or hypothesis set without a method here.

    Examples
    --------
    >>> found = envelope(PointwiseProblem("mae", n_classes=3))
    >>> low, high, reason = found.gamma(Fraction(1, 10), Fraction(1, 10**9))
    >>> low <= Fraction(3, 10) <= high, float(high - low) < 1e-9, reason
    (True, True, '')
    """
    if problem.is_symbolic:
        raise EngineCannotAnswerError(
            "rigorous", "it needs numbers for every parameter", "symbolic"
        )
    with precision(ENVELOPE_BITS):
        return Envelope(_supports(problem), _statement(problem))


def _statement(problem: PointwiseProblem) -> dict[str, Any]:
    """The problem in words, by which a checkpoint is recognised."""
    return {
        "loss": problem.surrogate.spec,
        "classes": problem.n,
        "hypotheses": str(problem.hypotheses),
        "target": str(problem.target),
    }


def _supports(problem: PointwiseProblem) -> Supports:
    """What supporting lines of T rest on for this problem."""
    loss, n, bound = problem.surrogate, problem.n, problem.hypotheses.score_bound
    refused = EngineCannotAnswerError(
        "rigorous",
        f"no supporting lines of T for {loss.spec}, {problem.hypotheses}, {problem.target}",
        "numeric",
    )
    if bound is not None and not isinstance(bound, Fraction):
        raise refused
    if problem.top_k("rigorous", "numeric") > 1:
        return _top_k_supports(problem, refused)
    if isinstance(loss, MarginLoss) and (loss.convex or loss.shape == "convex in scores"):
        if not BinaryRisk(loss, Fraction(1), bound).slope(Fraction(0)) < 0:
            raise EngineCannotAnswerError(
                "rigorous", f"{loss.spec} has no negative slope at 0", "numeric"
            )
        return MarginScores(loss, bound)
    if isinstance(loss, Sigmoid):  # affine in tanh(k f)
        return FiniteScores(loss, (Fraction(0), bound))
    if isinstance(loss, RhoMargin | Ramp):  # piecewise linear, flat from the outermost kink on
        kinks = {abs(Fraction(k)) for k in loss.kinks} | {Fraction(0)}
        inside = kinks if bound is None else {k for k in kinks if k < bound} | {bound}
        return FiniteScores(loss, sorted(inside))
    pool_ends = [Fraction(0), *(Fraction(1, m) for m in range(n - 1, 0, -1))]
    if isinstance(loss, Constrained) and bound is None and isinstance(loss.phi, Hinge):
        return Vertices(
            tuple((b, t, t) for b in pool_ends for t in [_constrained_hinge(n, b)]), (CONSTRAINED,)
        )
    if isinstance(loss, Constrained) and bound is None and isinstance(loss.phi, FALLING) and n <= 4:
        curvature = (
            Fraction(1, 2) if isinstance(loss.phi, SquaredHinge) else Fraction(1, 4)
        )  # of 2 T_2(b/2)
        return Searched(
            ConstrainedRisk(loss.separable),
            [everything(n)],
            (POOLING, STAR_SHAPE, CONSTRAINED),
            5_000,
            ((Fraction(1), curvature),),
        )
    if bound is not None or not isinstance(loss, SoftmaxLoss):
        raise refused
    if not isinstance(loss, LDR) and not _decreasing(loss):
        raise EngineCannotAnswerError(
            "rigorous", f"{loss.spec} is not proven to decrease in the softmax value", "numeric"
        )
    if loss.shape == "concave in softmax" or (isinstance(loss, CompSum) and loss.tau == 2):
        terms = _uniform_terms(loss.separable, n)
        return Vertices(tuple((b, *_least_pool(n, terms, b)[:2]) for b in pool_ends), (CONCAVE,))
    if isinstance(loss, CompSum) and loss.tau <= Fraction(3, 2):
        return Pools(loss.of_softmax, (2,), (POOLING, PAIRS if loss.tau <= 1 else TWO_LABELS))
    if isinstance(loss, CompSum):
        return Pools(loss.of_softmax, range(2, n + 1), (POOLING, POOLS))
    if n == 2 and loss.shape in ("convex in softmax", "convex in scores"):
        return Pools(
            loss.of_softmax, (2,), (POOLING,), LDRRisk(loss) if isinstance(loss, LDR) else None
        )
    if n <= 5 and isinstance(loss, LDR):
        return Searched(
            LDRRisk(loss),
            [everything(n)],
            (POOLING, STAR_SHAPE, QUADRATIC),
            5_000,
            ((Fraction(1), Fraction(loss.lam) / 2),),
        )
    if n <= 5 and loss.shape == "convex in softmax":
        curvature_at = tie_curvature(loss.of_softmax, n)
        return Searched(
            SoftmaxRisk(loss.separable),
            [everything(n)],
            (POOLING, STAR_SHAPE, PAIRS),
            5_000,
            curvature_at,
        )
    raise refused


def _top_k_supports(problem: PointwiseProblem, refused: EngineCannotAnswerError) -> Supports:
    """Supporting lines for a top-k target, k >= 2."""
    loss, n, k = problem.surrogate, problem.n, problem.top_k("rigorous")
    if (
        problem.hypotheses.score_bound is not None
        or not _ranks(loss)
        or (n > 5 and loss != Logistic())
    ):
        raise refused
    if loss == Logistic() and n >= 2 * k:
        return Pools(Logistic().of_softmax, (2,), (TOP_K,))
    if n > 5 or (
        isinstance(loss, SoftmaxLoss) and not isinstance(loss, LDR) and not _decreasing(loss)
    ):
        raise refused
    risk = LDRRisk(loss) if isinstance(loss, LDR) else SoftmaxRisk(loss.separable)  # type: ignore[arg-type]
    return Searched(risk, top_k_everything(n, k), (POOLING_SETS,), 5_000)


def _constrained_hinge(n: int, beta: Fraction) -> Fraction:
    """T(beta) by theorem F (i): n times that of the mean absolute error."""
    return n * min(max(beta / k, beta - Fraction(1, k)) for k in range(2, n + 1))


def _concave(problem: PointwiseProblem, separable: Separable, beta: Fraction) -> Answer:
    """Theorem C: risks concave in the softmax value are least at points uniform on k labels; T is a
    minimum of n numbers.
    """
    n = problem.n
    lower, upper, k = _least_pool(n, _uniform_terms(separable, n), beta)
    top = max(beta, (1 + beta) / n)
    # Labels as large as possible in the pool of k, predicted label in second place, the rest of the
    # mass spread by size.
    p = [top, top - beta]
    left = 1 - 2 * top + beta
    while len(p) < n:
        p.append(min(top, max(left, Fraction(0))))
        left -= p[-1]
    if left != 0:
        raise AssertionError("the witness of theorem C does not sum to 1: please report this")
    chosen = {1, *([0] if k > 1 else []), *range(2, k)}
    softmax = [1.0 / k if i in chosen else 0.0 for i in range(n)]
    witness = Witness(tuple(p), _scores(softmax, float(separable.temperature)), (1,), float(upper))
    return Answer(float((lower + upper) / 2), lower, upper, witness, "rigorous", (CONCAVE,))


def _least_pool(n: int, g: list[Any], beta: Fraction) -> tuple[Fraction, Fraction, int]:
    """Bounds of T(beta) by theorem C, and the number of labels in the best pool."""
    top = max(beta, (1 + beta) / n)
    lowest, upper, best = None, None, 0
    for k in range(1, n + 1):
        pooled_mass = min(Fraction(1), k * top - beta)
        low, high = endpoints(
            BALLS.const(top) * (g[0] - g[1]) - BALLS.const(pooled_mass) * (g[0] - g[k])
        )
        lowest = low if lowest is None else min(lowest, low)
        if upper is None or high < upper:
            upper, best = high, k
    assert lowest is not None
    assert upper is not None
    return max(lowest, Fraction(0)), upper, best


def _uniform_terms(separable: Separable, n: int) -> list[Any]:
    """g(0), g(1), g(1/2), ..., g(1/n)."""
    return [separable.term(BALLS.const(Fraction(1, k) if k else 0), BALLS) for k in range(n + 1)]
