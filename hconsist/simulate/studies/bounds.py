"""Is the target excess ever above the bound at the surrogate excess?

With the gaps on both sides the best-in-class risks cancel: excess plus gap is ``R(h) - E_x[C*(x)]``, which for a finite
distribution is a finite sum. So on finite distributions every comparison is exact up to rounding, and a violation is a
violation. On Gaussian mixtures both sides are averages over a randomised rule, and a violation needs its confidence interval
on the wrong side.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import NUMPY
from hconsist.bounds import Bound, derive
from hconsist.engines.numeric import sweep
from hconsist.errors import EngineCannotAnswerError
from hconsist.hull import ConvexHull
from hconsist.losses import Loss, parse_loss
from hconsist.pointwise import PointwiseProblem
from hconsist.simulate.backend import Backend
from hconsist.simulate.best import best_risk
from hconsist.simulate.conditional import best_scores, conditional_risk, zero_one_regret
from hconsist.simulate.population import population
from hconsist.simulate.studies.mixtures import NAMES, mixture
from hconsist.simulate.study import Cell, Row, Verdict
from hconsist.simulate.training import train

Array = NDArray[np.float64]

#: What a difference of risks may be off by rounding, relative to 1 + risk.
ROUNDING = 1e-9
#: Standard errors on either side: with 8 repeats Student's t at 1 - 1e-4 is 6.1.
SPREAD = 7.0

#: Values of beta that every method of the numeric engine takes at once.
FEW = 21

#: Losses of any number of labels whose best conditional risks are quick to find ...
SOFTMAX = (
    "sum-exp",
    "comp-sum:tau=0.5",
    "logistic",
    "comp-sum:tau=1.5",
    "gce:q=0.7",
    "gce:q=0.9",
    "mae",
    "comp-sum:tau=2.5",
    "infonce",
    "rce",
    "sce",
    "agce",
    "aul",
    "ael",
    "js",
    "taylor-ce",
    "focal",
)
#: ... binary losses ...
BINARY = ("hinge", "squared-hinge", "least-squares", "margin-logistic", "exponential", "sigmoid", "rho-margin", "ramp")
#: ... and losses that cost a Newton iteration for every p: fewer pairs.
SLOW = (("ldr:lam=0.5,c=1", 2), ("brier", 2), ("brier", 3), ("constrained:phi=squared-hinge", 3), ("cosface:scale=2", 2))


def cells(quick: bool) -> list[Cell]:
    """Finite distributions for every loss and number of classes, then trained hypotheses on mixtures."""
    if quick:
        chosen = [(loss, n, 120) for loss in ("logistic", "gce:q=0.7", "mae") for n in (2, 3)]
    else:
        chosen = [(loss, n, 240) for loss in SOFTMAX for n in (2, 3, 5)] + [(loss, 2, 240) for loss in BINARY]
        chosen += [(loss, n, 60) for loss, n in SLOW]
    finite = [{"kind": "finite", "loss": loss, "n": n, "pairs": pairs} for loss, n, pairs in chosen]
    trained = ["logistic", "gce:q=0.7", "mae"] if quick else list(SOFTMAX[:8])
    mixtures = [
        {"kind": "mixture", "distribution": name, "losses": trained, "seeds": 2 if quick else 5}
        for name in (NAMES[:1] if quick else NAMES)
    ]
    return [*finite, *mixtures]


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each pair of a distribution and a hypothesis."""
    if cell["kind"] == "mixture":
        return _mixture(cell, random, backend)
    try:
        return _finite(cell, random)
    except EngineCannotAnswerError as problem:  # reported, and no reason to stop the other cells
        return [_row("unanswered", cell["loss"], cell["n"], "none", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, str(problem))]


def _row(
    kind: str,
    loss: str,
    n: int,
    pair: str,
    target: float,
    target_error: float,
    surrogate: float,
    surrogate_error: float,
    gap: float,
    gap_error: float,
    distribution: str,
) -> Row:
    """Excesses hold the gaps; errors are half-widths of confidence intervals, or rounding."""
    return {
        "kind": kind,
        "loss": loss,
        "n": n,
        "pair": pair,
        "target": float(target),
        "target_error": float(target_error),
        "surrogate": float(surrogate),
        "surrogate_error": float(surrogate_error),
        "gap": float(gap),
        "gap_error": float(gap_error),
        "distribution": distribution,
    }


def verdict(rows: Sequence[Row], factor: float = 1.0) -> Verdict:
    """Compare every pair with its bound.

    Parameters
    ----------
    rows : sequence of rows
    factor : float
        Multiplies every bound Gamma: below 1 it plants a false bound, which the study must catch.
    """
    unanswered = sorted({row["loss"] for row in rows if row["kind"] == "unanswered"})
    rows = [row for row in rows if row["kind"] != "unanswered"]
    violations, undecided, near = [], 0, 0
    for (loss, n), group in _grouped(rows).items():
        curve = curve_of(loss, n)
        target, surrogate = (np.array([row[key] for row in group]) for key in ("target", "surrogate"))
        target_error, surrogate_error = (np.array([row[f"{key}_error"] for row in group]) for key in ("target", "surrogate"))
        # target <= factor Gamma(surrogate) says T**(target / factor) <= surrogate
        reached = np.maximum(target - target_error, 0.0) / factor
        allowed = surrogate + surrogate_error
        states = curve.compare(reached, allowed)
        undecided += int(np.sum(states == 0))
        found = [
            {**row, "bound": factor * float(curve.gamma(row["surrogate"]))}
            for row, state in zip(group, states, strict=True)
            if state < 0
        ]
        violations += found
        bound = factor * curve.gamma(surrogate)
        near += int(np.sum((target >= 0.99 * bound) & (bound > 0)))
    exact = sum(row["kind"] != "mixture" for row in rows)
    summary = (
        f"{len(rows)} pairs of a distribution and a hypothesis: {exact} on finite distributions (exact up to rounding), "
        f"{len(rows) - exact} trained on mixtures ({SPREAD:g} standard errors)",
        f"{len(violations)} violations, {undecided} undecided; {near} pairs come within 1 % of their bound",
        *([f"without a bound or a best risk from any engine: {', '.join(unanswered)}"] if unanswered else []),
    )
    status = "violated" if violations else "undecided" if undecided or not rows else "holds"
    return Verdict(status, summary, tuple(violations))  # type: ignore[arg-type]


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, int], list[Row]]:
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["loss"], row["n"]), []).append(row)
    return groups


# --- the bound --------------------------------------------------------------------------------------------------------


class Curve:
    """T** of a bound, bracketed on a grid.

    The chords of a convex function lie above it and their prolongations below it. Pairs under a chord are decided by the closed
    form of T** where there is one, and otherwise on a grid refined around them.
    """

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        uniform = {Fraction(i, 100) for i in range(101)}
        fine = {Fraction(round(b * 10**7), 10**7) for b in np.geomspace(1e-4, 0.02, 60)}
        self.grid = np.array([float(b) for b in sorted(uniform | fine)])
        self.coarse = False
        try:
            values = self._values(self.grid)
        except EngineCannotAnswerError:  # a search that takes few values of beta: chords of a coarse grid, and no refinement
            self.coarse, self.grid = True, np.linspace(0, 1, FEW)
            values = self._values(self.grid)
        # An engine may leave a value undecided: the hull of the others is still above T**.
        self.grid, self.values = self.grid[np.isfinite(values)], values[np.isfinite(values)]
        self.nodes = _hull(self.grid, self.values)

    def _values(self, betas: Array) -> Array:
        return self.bound.envelope_curve(betas) if self.bound.derivation else self.bound.transform_curve(betas)

    def gamma(self, excess: Any) -> Array:
        """The largest target excess at a surrogate excess, by the chords (an estimate, at most the true value)."""
        x, y = self.nodes
        rising = np.concatenate([[True], np.diff(y) > 0])
        return np.asarray(np.interp(excess, y[rising], x[rising]))

    def compare(self, target: Array, surrogate: Array) -> NDArray[np.int64]:
        """1 where T**(target) <= surrogate, -1 where it is above, 0 where that cannot be told."""
        slack = ROUNDING * (1 + np.abs(surrogate))
        states = np.where(_upper(self.nodes, target) <= surrogate + slack, 1, 0)
        between = np.flatnonzero(states == 0)
        if not between.size:
            return states
        if self.bound.derivation:
            values = self._values(np.clip(target[between], 0.0, 1.0))
            above = (values > surrogate[between] + slack[between]) | (target[between] > 1 + 1e-9)
            states[between] = np.where(above, -1, 1)
            return states
        nodes = self.nodes if self.coarse else self._refined(target[between])
        enough = _upper(nodes, target[between]) <= surrogate[between] + slack[between]
        # The numeric engine's T is an estimate: only what is clearly below the refined curve is called a violation.
        above = _lower(nodes, target[between]) > surrogate[between] * (1 + 1e-5) + slack[between]
        states[between] = np.where(enough, 1, np.where(above, -1, 0))
        return states

    def _refined(self, target: Array) -> tuple[Array, Array]:
        """The hull with more points around both ends of every chord that a target lies under."""
        x, _ = self.nodes
        right = np.unique(np.clip(np.searchsorted(x, target), 1, len(x) - 1))
        ends = np.unique(np.concatenate([x[right - 1], x[right]]))
        place = np.searchsorted(self.grid, ends)
        spacing = self.grid[np.minimum(place + 1, len(self.grid) - 1)] - self.grid[np.maximum(place - 1, 0)]
        extra = (ends[:, None] + spacing[:, None] * np.linspace(-0.5, 0.5, 12)).ravel()
        extra = np.unique(np.round(np.clip(np.concatenate([extra, np.clip(target, 0, 1)]), 0, 1), 9))
        extra = np.setdiff1d(extra, self.grid)
        betas, values = np.concatenate([self.grid, extra]), np.concatenate([self.values, self._values(extra)])
        order = np.argsort(betas)
        order = order[np.isfinite(values[order])]
        return _hull(betas[order], values[order])


def _hull(betas: Array, values: Array) -> tuple[Array, Array]:
    hull = ConvexHull.of(betas.tolist(), values.tolist())
    return np.asarray(hull.betas, dtype=float), np.asarray(hull.values, dtype=float)


def _upper(nodes: tuple[Array, Array], beta: Array) -> Array:
    """The chords at target regrets up to the last node; infinite above it."""
    return np.where(beta > nodes[0][-1] + 1e-9, np.inf, np.interp(beta, *nodes))


def _lower(nodes: tuple[Array, Array], beta: Array) -> Array:
    """The prolonged neighbours of each chord; infinite above 1."""
    x, y = nodes
    slopes = np.concatenate([[0.0], np.diff(y) / np.diff(x), [1e300]])
    i = np.clip(np.searchsorted(x, beta), 1, len(x) - 1)
    left = y[i - 1] + slopes[i - 1] * (beta - x[i - 1])
    right = y[i] - slopes[i + 1] * (x[i] - beta)
    known = np.where(beta <= x[-1], np.maximum(left, right), y[-1])
    return np.where(beta > 1 + 1e-9, np.inf, np.maximum(known, 0.0))


@lru_cache(maxsize=256)
def curve_of(loss: str, n: int) -> Curve:
    """The curve of a loss for unrestricted hypotheses and the zero-one target."""
    return Curve(derive(loss, n_classes=n))


# --- finite distributions ---------------------------------------------------------------------------------------------


def _finite(cell: Cell, random: np.random.Generator) -> list[Row]:
    """Pairs of four kinds on up to four inputs each, a quarter of each kind."""
    loss, n, pairs = parse_loss(cell["loss"]), cell["n"], cell["pairs"]
    size = pairs // 4
    kinds = {
        "random": _random_pairs(n, size, random),
        "adversarial": _tied_pairs(loss, n, size, random),
        "witness": _witness_pairs(loss, n, size, random),
    }
    kinds["climbed"] = _climb(loss, n, _joined(kinds, size, random), random)
    rows = []
    for kind, (weights, p, scores) in kinds.items():
        target, surrogate = _excesses(loss, weights, p, scores)
        rounding = ROUNDING * (1 + np.abs(surrogate))
        rows += [
            _row(
                kind,
                cell["loss"],
                n,
                f"{kind}:{i}",
                target[i],
                0.0,
                surrogate[i],
                rounding[i],
                0.0,
                0.0,
                _described(weights[i], p[i], scores[i]),
            )
            for i in range(len(target))
        ]
    return rows


def _described(weights: Array, p: Array, scores: Array) -> str:
    used = weights > 0
    return f"weights={weights[used].tolist()} p={p[used].tolist()} scores={scores[used].tolist()}"


def _excesses(loss: Loss, weights: Array, p: Array, scores: Array) -> tuple[Array, Array]:
    """Target and surrogate excess plus gap: weights (k, m), p and scores (k, m, n) to (k,) each."""
    best, _ = best_scores(loss, p.reshape(-1, p.shape[-1]))
    regret = conditional_risk(loss, scores, p) - best.reshape(p.shape[:-1])
    return (weights * zero_one_regret(scores, p)).sum(-1), (weights * regret).sum(-1)


def _weights(size: int, random: np.random.Generator) -> Array:
    """P(x) on one to four inputs."""
    weights = random.dirichlet(np.ones(4), size)
    weights[np.arange(4) >= random.integers(1, 5, (size, 1))] = 0.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _some_distributions(n: int, size: int, random: np.random.Generator) -> Array:
    """From nearly deterministic to nearly uniform; no probability is so small that logarithms lose it."""
    concentration = random.choice([0.2, 1.0, 5.0], size=(size, 4, 1))
    draws = np.maximum(random.gamma(np.broadcast_to(concentration, (size, 4, n))), 1e-9)
    return np.asarray(draws / draws.sum(axis=-1, keepdims=True))


def _random_pairs(n: int, size: int, random: np.random.Generator) -> tuple[Array, Array, Array]:
    p = _some_distributions(n, size, random)
    scores = random.standard_normal(p.shape) * random.choice([0.3, 1.0, 3.0], size=(size, 4, 1))
    return _weights(size, random), p, scores


def _tied_pairs(loss: Loss, n: int, size: int, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """The best scores after the wrong label was pooled with the labels above it: the cheapest way to err (pooling lemma)."""
    p = _some_distributions(n, size, random)
    wrong = random.integers(n, size=(size, 4))
    pooled = _pooled(p, wrong)
    _, scores = best_scores(loss, pooled.reshape(-1, n))
    scores = np.maximum(scores - scores.max(-1, keepdims=True), -60.0).reshape(p.shape)
    if _at_vertices(scores):  # every label at the vertex: predict the wrong one
        scores = np.where(np.arange(n) == wrong[..., None], 0.0, -60.0)
    lift = np.where(np.arange(n) == wrong[..., None], 1e-9, 0.0)
    top = np.where(np.arange(n) == wrong[..., None], scores.max(-1, keepdims=True), scores)
    return _weights(size, random), p, top + lift


def _at_vertices(scores: Array) -> bool:
    """Whether every score vector puts all weight on one label."""
    return bool(np.all(np.sort(scores, axis=-1)[..., -2] <= -50.0))


def _pooled(p: Array, wrong: NDArray[np.int64]) -> Array:
    """Average p over the wrong label and the smallest set of top labels whose mean is at least every label left out."""
    n = p.shape[-1]
    result = p.copy()
    for index in np.ndindex(wrong.shape):
        j, row = wrong[index], p[index]
        order = [k for k in np.argsort(-row, kind="stable") if k != j]
        for count in range(n):
            members = [j, *order[:count]]
            mean = row[members].mean()
            if count == n - 1 or mean >= row[order[count]]:
                break
        result[index][members] = mean
    return result


def _witness_pairs(loss: Loss, n: int, size: int, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Witnesses of T at random target regrets, labels permuted, on one input or several; some scores moved a little."""
    problem = PointwiseProblem(loss, n_classes=n)
    betas = np.round(np.concatenate([random.uniform(0.02, 0.98, 24), np.geomspace(0.01, 0.9, 8)]), 4).tolist()
    try:
        answers = sweep(problem, betas)
    except EngineCannotAnswerError:
        answers = sweep(problem, betas[-FEW:])
    answers = [a for a in answers if a.witness is not None]
    known_p = np.array([[float(v) for v in a.witness.p] for a in answers if a.witness])
    known_s = np.array([a.witness.scores for a in answers if a.witness])
    chosen = random.integers(len(answers), size=(size, 4))
    p, scores = known_p[chosen], known_s[chosen]
    order = random.permuted(np.broadcast_to(np.arange(n), p.shape), axis=-1)
    p, scores = np.take_along_axis(p, order, -1), np.take_along_axis(scores, order, -1)
    moved = random.random((size, 1, 1)) < 0.3
    scores = scores + np.where(moved, 0.01 * random.standard_normal(scores.shape), 0.0)
    weights = _weights(size, random)
    alone = random.random(size) < 0.5
    weights[alone] = np.eye(4)[0]
    return weights, p / p.sum(-1, keepdims=True), scores


def _joined(kinds: dict[str, tuple[Array, Array, Array]], size: int, random: np.random.Generator) -> tuple[Array, Array, Array]:
    weights, p, scores = (np.concatenate([pairs[i] for pairs in kinds.values()]) for i in range(3))
    chosen = random.integers(len(weights), size=size)
    return weights[chosen], p[chosen], scores[chosen]


def _climb(
    loss: Loss, n: int, pairs: tuple[Array, Array, Array], random: np.random.Generator, steps: int = 25
) -> tuple[Array, Array, Array]:
    """Random moves of distributions and scores, kept where the pair comes closer to its bound."""
    weights, p, scores = pairs
    curve = curve_of(loss.spec, n)

    def closeness(p: Array, scores: Array) -> Array:
        target, surrogate = _excesses(loss, weights, p, scores)
        # rounding rules the ratio of two tiny excesses: such pairs say nothing
        return np.where(surrogate > 1e-5, target / np.maximum(curve.gamma(surrogate), 1e-12), 0.0)

    best = closeness(p, scores)
    for step in range(steps):
        scale = 0.3 * 0.85**step
        trial = p * np.exp(scale * random.standard_normal(p.shape))
        trial = np.maximum(trial, 1e-9)
        trial /= trial.sum(-1, keepdims=True)
        moved = scores + scale * random.standard_normal(scores.shape)
        value = closeness(trial, moved)
        better = value > best
        p, scores = np.where(better[:, None, None], trial, p), np.where(better[:, None, None], moved, scores)
        best = np.where(better, value, best)
    return weights, p, scores


# --- mixtures ---------------------------------------------------------------------------------------------------------


def _mixture(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """Linear hypotheses trained on samples of several sizes, every loss and seed in one batch."""
    distribution = mixture(cell["distribution"])
    n, sizes = distribution.n_classes, (20, 100, 500)
    nodes = population(distribution, log2_points=9, repeats=8, seed=int(random.integers(2**31)))
    problems = [(loss, m, s) for loss in cell["losses"] for m in sizes for s in range(cell["seeds"])]
    streams = {(m, s): random.spawn(1)[0] for m in sizes for s in range(cell["seeds"])}
    samples = {key: distribution.sample(max(sizes), stream) for key, stream in streams.items()}
    x = np.stack([samples[m, s][0] for _, m, s in problems])
    y = np.stack([samples[m, s][1] for _, m, s in problems])
    weights = np.stack([(np.arange(max(sizes)) < m) / m for _, m, s in problems])
    fit = train(
        [loss for loss, _, _ in problems],
        "linear",
        x,
        y,
        n_classes=n,
        sample_weights=weights,
        l2=1e-3,
        restarts=1,
        tolerance=1e-6,
        max_iterations=200,
        backend=backend,
    )
    scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)  # (B, repeats, m, n)
    target, target_error = nodes.mean(zero_one_regret(scores, nodes.p))
    rows = []
    for spec in cell["losses"]:
        loss = parse_loss(spec)
        labels, weight = nodes.p.reshape(-1, n), np.tile(nodes.weights, len(nodes.x)) / len(nodes.x)
        best, _ = best_scores(loss, labels)
        # not needed for the comparison, where R*(H) cancels: how much of the excess is gap
        within = best_risk(loss, "linear", nodes, restarts=1, backend=backend)
        gap = float(within.estimate) - float(best @ weight)
        for i in [k for k, problem in enumerate(problems) if problem[0] == spec]:
            regret = (nodes.p * loss.losses(scores[i], NUMPY)).sum(-1) - best.reshape(nodes.p.shape[:-1])
            surrogate, surrogate_error = nodes.mean(regret)
            _, m, s = problems[i]
            rows.append(
                _row(
                    "mixture",
                    spec,
                    n,
                    f"m={m},seed={s}",
                    target[i],
                    SPREAD * target_error[i],
                    float(surrogate),
                    SPREAD * float(surrogate_error),
                    gap,
                    within.estimate.error,
                    f"{cell['distribution']}; parameters={fit.parameters[i].tolist()}",
                )
            )
    return rows
