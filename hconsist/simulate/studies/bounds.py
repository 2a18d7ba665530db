"""Is the target excess ever above the bound at the surrogate excess?

With the gaps on both sides the best-in-class risks cancel: excess plus gap is ``R(h) - E_x[C*(H,
x)]``, which for a finite distribution is a finite sum. So on finite distributions every comparison
is exact up to rounding, and a violation is a violation. On Gaussian mixtures both sides are
averages over a randomised rule, and a violation needs its confidence interval on the wrong side.

Every loss of the catalogue takes part. Where Gamma is a closed form or rests on certified values of
T, a pair above it is a violation; where T is an estimate, a pair above is told apart ("estimate
exceeded"). Where no bound exists, the counterexample is met by data: a pair without surrogate
excess and with target excess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hconsist.consistency import verdict as consistency_verdict
from hconsist.errors import EngineCannotAnswerError
from hconsist.hypotheses import Complete, Linear, OneHiddenReLU, parse_hypotheses
from hconsist.losses import CATALOGUE, Loss, parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.best import best_risk
from hconsist.simulate.conditional import conditional_risk, zero_one_regret
from hconsist.simulate.curves import FEW, ROUNDING, Curve, curve_of, plain
from hconsist.simulate.optimum import best_in_class, is_unbounded_below, two_label_transform
from hconsist.simulate.population import population
from hconsist.simulate.studies.mixtures import NAMES, mixture
from hconsist.simulate.study import Cell, Row, Verdict
from hconsist.simulate.training import train

Array = NDArray[np.float64]
#: Weights (k, 4), label distributions (k, 4, n) and scores (k, 4, n) of k pairs on up to four
#: inputs.
Pairs = tuple[Array, Array, Array]

#: Standard errors on either side: Student's t of 16 repeats at 0.01 / 4000, so that 2000
#: comparisons of two means each, one family, hold together with 99 % confidence.
SPREAD = 7.0
REPEATS = 16
CONFIDENCE = 0.99
#: Which false bound the study plants: Gamma times this.
PLANTED = 0.7

#: Other parameters than the default ones, for losses whose bounds change with them.
PARAMETERS = {
    "comp-sum": ("comp-sum:tau=0.5", "comp-sum:tau=1.5", "comp-sum:tau=2.5"),
    "gce": ("gce:q=0.7", "gce:q=0.9"),
    "ldr": ("ldr:lam=1,c=0", "ldr:lam=0.5,c=1"),
    "cosface": ("cosface:scale=2",),
    "constrained": (
        "constrained:phi=hinge",
        "constrained:phi=squared-hinge",
        "constrained:phi=exponential",
    ),
    "sum": ("sum:phi=squared-hinge", "sum:phi=exponential", "sum:phi=rho-margin"),
    "max": ("max:phi=exponential", "max:phi=rho-margin"),
    "comp-sum-margin": ("comp-sum-margin:phi=hinge,tau=1", "comp-sum-margin:phi=rho-margin,tau=1"),
    "softmax": ("softmax:(1 - u)**2",),
    "margin": ("margin:Max(0, 1 - v)**3",),
}
#: Losses whose best conditional risks are quick to find at five labels too.
FIVE = (
    *(
        "sum-exp",
        "comp-sum:tau=0.5",
        "logistic",
        "comp-sum:tau=1.5",
        "gce:q=0.7",
        "gce:q=0.9",
        "mae",
        "comp-sum:tau=2.5",
    ),
    *("infonce", "rce", "sce", "agce", "aul", "ael", "js", "taylor-ce", "focal"),
)
#: No bound at any target regret (T = 0 on [0, 1)): (loss, fewest classes). Their counterexamples
#: are all there is to meet.
NO_BOUND = {"nce": 3, "taylor-softmax": 2, "spherical-softmax": 2}
#: A search finds their best conditional risks or T at three classes (ALDR maximises inside): fewer
#: pairs, shorter climbs.
SEARCHED = (
    "dice",
    "ldam",
    "rll",
    "z-loss",
    "hard-truncated",
    "truncated-gce",
    "spherical",
    "max:phi=exponential",
    "aldr",
)
#: Linear and ReLU hypotheses of bounded norms, with score bounds 1, 1/2 and 1 at the origin.
BOUNDED = ("linear:W=1,B=1", "linear:W=1,B=1/2", "relu:L=2,W=1,B=1/2")
#: Losses of more than two labels on bounded hypothesis sets.
BOUNDED_SOFTMAX = (
    "sum-exp",
    "logistic",
    "gce:q=0.7",
    "mae",
    "focal",
    "ldr-k:k=2",
    "ldr-zero",
    "ldr-inf",
    "sum:phi=hinge",
)
#: What is trained on mixtures, over which hypothesis sets.
TRAINED = FIVE[:8]
TRAINED_BOUNDED = (
    "hinge",
    "squared-hinge",
    "exponential",
    "margin-logistic",
    "logistic",
    "gce:q=0.7",
)
MODELS = ("linear", "rff:features=32,scale=1", "relu:width=8")


def specs() -> list[str]:
    """The losses of the study, the whole catalogue: by name, or with other parameters.

    >>> len({parse_loss(spec).spec_name for spec in specs()}) >= 40
    True
    """
    return [spec for name in CATALOGUE for spec in PARAMETERS.get(name, (name,))]


def cells(quick: bool) -> list[Cell]:
    """Finite distributions for every loss, hypothesis set and number of classes, then trained
    hypotheses on mixtures.
    """
    if quick:
        chosen = [
            (loss, n, "complete", 120) for loss in ("logistic", "gce:q=0.7", "mae") for n in (2, 3)
        ]
        chosen += [("hinge", 2, BOUNDED[0], 80), ("exponential", 2, BOUNDED[2], 80)]
        chosen += [
            ("js", 2, "complete", 80),
            ("dice", 2, "complete", 80),
        ]  # a certified bound, and an estimate
        chosen += [
            ("weston-watkins", 3, "complete", 80),
            ("nce", 3, "complete", 0),
            ("ldr-inf", 2, "complete", 0),
        ]
        plans = [(NAMES[0], "linear", ["logistic", "gce:q=0.7", "mae"], 2)]
    else:
        chosen = []
        for spec in specs():
            only = parse_loss(spec).only_classes
            chosen += [
                (spec, n, "complete", _pairs_of(spec, n)) for n in ((only,) if only else (2, 3))
            ]
        chosen += [(spec, 5, "complete", 160) for spec in FIVE]
        margins = [spec for spec in specs() if parse_loss(spec).only_classes == 2]
        chosen += [
            (spec, 2, hypotheses, 120)
            for spec in (*margins, *BOUNDED_SOFTMAX)
            for hypotheses in BOUNDED
        ]
        chosen += [(spec, 3, BOUNDED[0], 120) for spec in BOUNDED_SOFTMAX]
        plans = [(name, "linear", list(TRAINED), 5) for name in NAMES]
        plans += [(name, model, list(TRAINED), 2) for name in NAMES[:3] for model in MODELS[1:]]
        plans += [
            (name, BOUNDED[0], list(TRAINED_BOUNDED), 3)
            for name in NAMES
            if mixture(name).n_classes == 2
        ]
    finite = [
        {"kind": "finite", "loss": loss, "n": n, "hypotheses": h, "pairs": k}
        for loss, n, h, k in chosen
    ]
    mixtures = [
        {"kind": "mixture", "distribution": name, "model": model, "losses": losses, "seeds": seeds}
        for name, model, losses, seeds in plans
    ]
    return [*finite, *mixtures]


def _pairs_of(spec: str, n: int) -> int:
    if n >= NO_BOUND.get(spec, n + 1):
        return 0
    return 80 if _searched(spec, n) else 240


def _searched(spec: str, n: int) -> bool:
    return any(spec.startswith(name) for name in SEARCHED) and (n == 3 or spec.startswith("aldr"))


def run(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """One row for each pair of a distribution and a hypothesis."""
    if cell["kind"] == "mixture":
        return _mixture(cell, random, backend)
    try:
        return _finite(cell, random)
    except EngineCannotAnswerError as problem:  # reported, and no reason to stop the other cells
        return [
            _row(
                "unanswered", cell["loss"], cell["n"], cell["hypotheses"], distribution=str(problem)
            )
        ]


def _row(
    kind: str,
    loss: str,
    n: int,
    hypotheses: str,
    pair: str = "",
    distribution: str = "",
    **numbers: float,
) -> Row:
    """One pair, or one line that says why there is none.

    Target and surrogate are excesses that hold the gaps; errors are half-widths of confidence
    intervals, or rounding. The bound is Gamma at the largest surrogate excess allowed by its error,
    the ceiling a proven upper bound on it; the gap is how much of the surrogate excess is one,
    where it was measured.
    """
    values = (
        "target",
        "target_error",
        "surrogate",
        "surrogate_error",
        "gap",
        "gap_error",
        "bound",
        "ceiling",
    )
    return {
        "kind": kind,
        "loss": loss,
        "n": n,
        "hypotheses": hypotheses,
        "pair": pair,
        **{
            name: float(numbers.get(name, 1.0 if name in ("bound", "ceiling") else 0.0))
            for name in values
        },
        "standing": "none",
        "distribution": distribution,
    }


#: Kinds of rows that are no pairs under a bound.
_OTHER = ("unanswered", "counterexample", "unbounded")


def verdict(rows: Sequence[Row], factor: float = 1.0) -> Verdict:
    """Compare every pair with its bound.

    Parameters
    ----------
    rows : sequence of rows
    factor : float
        Multiplies every bound Gamma: below 1 it plants a false bound, which the study must catch.
    """
    pairs = [row for row in rows if row["kind"] not in _OTHER]
    proven = [{**row, "status": "violated"} for row in pairs if _beyond(row, "ceiling", factor)]
    exceeded = [
        {**row, "status": "estimate exceeded"}
        for row in pairs
        if _beyond(row, "bound", factor) and not _beyond(row, "ceiling", factor)
    ]
    false = [{**row, "status": "no counterexample"} for row in rows if not _as_promised(row)]
    unanswered = [row for row in rows if row["kind"] == "unanswered"]
    near = sum(row["bound"] > 0 and row["target"] >= 0.99 * row["bound"] for row in pairs)
    trained = sum(row["kind"] == "mixture" for row in pairs)
    groups: dict[str, list[Row]] = {}
    for row in pairs:
        groups.setdefault(f"{row['loss']} (n={row['n']}, {row['hypotheses']})", []).append(row)
    missed = [
        name
        for name, group in groups.items()
        if not any(_beyond(row, "bound", PLANTED) for row in group)
    ]
    standing = {
        word: sum(group[0]["standing"] == word for group in groups.values()) for word in _STANDINGS
    }
    summary = [
        f"{len(pairs)} pairs of a distribution and a hypothesis, "
        f"{len({row['loss'] for row in pairs})} losses: "
        f"{len(pairs) - trained} on finite distributions (exact up to rounding), {trained} "
        "trained on mixtures "
        f"({SPREAD:g} standard errors: {CONFIDENCE:.0%} confidence for all of up to 2000 together)",
        f"{len(proven)} violations of a proven bound, {len(exceeded)} pairs above an estimate; "
        f"{near} pairs come within 1 % of "
        "their bound",
        "bounds by what stands behind them: "
        + ", ".join(f"{count} {word}" for word, count in standing.items()),
        f"a planted false bound ({PLANTED:g} times Gamma) is caught for "
        f"{len(groups) - len(missed)} of {len(groups)}"
        + (f"; not for {', '.join(missed)}" if missed else ""),
    ]
    met = [row for row in rows if row["kind"] == "counterexample"]
    if met:
        summary.append(
            "no bound that vanishes with the surrogate excess, counterexample met by data: "
            + _named(met)
        )
    unbounded = [row for row in rows if row["kind"] == "unbounded"]
    if unbounded:
        summary.append("risk without a lower bound, so no regret: " + _named(unbounded))
    if unanswered:
        summary.append("without a bound or a best risk from any engine: " + _named(unanswered))
    violations = [*proven, *false, *exceeded]
    status = (
        "violated"
        if proven or false
        else "undecided"
        if exceeded or not (pairs or met or unbounded)
        else "holds"
    )
    return Verdict(status, tuple(summary), tuple(violations))  # type: ignore[arg-type]


_STANDINGS = {"proven": 0, "certified": 0, "estimate": 0}


def _named(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(f"{row['loss']} (n={row['n']})" for row in rows))


def _beyond(row: Row, name: str, factor: float) -> bool:
    if name == "ceiling" and row["standing"] not in ("proven", "certified"):
        return False
    # target regrets are sums of at most four products: exact but for the last bits
    return bool(row["target"] - row["target_error"] > factor * row[name] * (1 + 1e-9) + 1e-12)


def _as_promised(row: Row) -> bool:
    """Whether a counterexample is one: target excess without surrogate excess; or a risk that falls
    without limit.
    """
    if row["kind"] == "counterexample":
        return bool(row["target"] > 0 and row["surrogate"] <= row["surrogate_error"])
    return bool(row["kind"] != "unbounded" or row["surrogate"] < -1000)


def _bounded_rows(rows: list[Row], curve: Curve) -> list[Row]:
    """The rows with their bounds."""
    if rows:
        excess = np.array([row["surrogate"] + row["surrogate_error"] for row in rows])
        target = np.array([row["target"] for row in rows])
        bound = curve.above(excess, target)
        ceiling = bound if curve.proven else curve.ceiling(excess)
        for row, b, c in zip(rows, bound, ceiling, strict=True):
            row["bound"], row["ceiling"], row["standing"] = float(b), float(c), curve.standing
    return rows


# --- where no bound exists


def _counterexamples(spec: str, n: int) -> list[Row]:
    """Target excess without surrogate excess, from the verdict on consistency; evaluated in floats,
    from the formula.
    """
    loss = parse_loss(spec)
    found = consistency_verdict(loss, n).counterexample
    if found is None:
        return []
    scores = np.array([float(s) for s in found.scores(0 if found.attained else 100_000)])
    p = np.array([float(v) for v in found.p])
    excess = float(conditional_risk(loss, scores, p)) - float(found.floor)
    return [
        _row(
            "counterexample",
            spec,
            n,
            "complete",
            "attained" if found.attained else "approached",
            _described(np.ones(1), p[None], scores[None]),
            target=float(zero_one_regret(scores, p)),
            surrogate=excess,
            surrogate_error=ROUNDING if found.attained else 1e-3,
        )
    ]


def _unbounded(spec: str, n: int) -> Row:
    """A distribution whose risk falls without limit as the score of its likeliest label grows."""
    p = np.array([0.7, 0.3, *[0.0] * (n - 2)])
    scores = np.array([100_000.0, *[0.0] * (n - 1)])
    risk = float(conditional_risk(parse_loss(spec), scores, p))
    return _row(
        "unbounded",
        spec,
        n,
        "complete",
        "",
        _described(np.ones(1), p[None], scores[None]),
        surrogate=risk,
    )


# --- finite distributions

#: Norms of the four inputs r_i e_i, the origin first, that bounded hypothesis sets are tried on.
NORMS = np.array([0.0, 0.5, 1.0, 2.0])


class Members:
    """Scores of hypotheses on four inputs: any at all, or those nearest to the ones wanted that a
    bounded set reaches.

    Linear functions and ReLU networks interpolate any scores at the inputs ``r_i e_i``; where the
    norms of the result are too large they are cut.

    Examples
    --------
    >>> members = Members("linear:W=1,B=1", 2)
    >>> scores, _ = members.nearest(np.full((1, 4, 2), 9.0), np.random.default_rng(0))
    >>> scores[0, :, 0].round(3)  # |b| <= 1 and |w| <= 1: wanted was 9
    array([1.   , 1.289, 1.577, 2.155])
    """

    def __init__(self, spec: str, n: int) -> None:
        self.hypotheses, self.n = parse_hypotheses(spec), n
        bounds = [self.hypotheses.score_bound_at(float(r)) for r in NORMS]
        self.reach = (
            None if bounds[0] is None else np.array([float(b) for b in bounds if b is not None])
        )

    def nearest(
        self, wanted: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        """Scores (k, 4, n) of members of the set, and how to write the parameters of the i-th."""
        if isinstance(self.hypotheses, Complete):
            return wanted, lambda i: ""
        # cut to what any member reaches: what lies far beyond the box says nothing about the labels
        assert self.reach is not None
        wanted = np.clip(wanted, -self.reach[:, None], self.reach[:, None])
        slopes = np.swapaxes(wanted[:, 1:] - wanted[:, :1], 1, 2) / NORMS[1:]  # (k, n, 3)
        if isinstance(self.hypotheses, Linear):
            size, b = float(self.hypotheses.weight), wanted[:, 0]
            norms = np.linalg.norm(slopes, axis=-1, keepdims=True)
            w = slopes * np.minimum(1.0, size / np.maximum(norms, 1e-300))
            scores = np.swapaxes(b[..., None] + w * NORMS[1:], 1, 2)
            return np.concatenate(
                [b[:, None], scores], axis=1
            ), lambda i: f" w={w[i].tolist()} b={b[i].tolist()}"
        assert isinstance(self.hypotheses, OneHiddenReLU)
        return self._networks(self.hypotheses, wanted, slopes, random)

    def _networks(
        self, h: OneHiddenReLU, wanted: Array, slopes: Array, random: np.random.Generator
    ) -> tuple[Array, Callable[[int], str]]:
        """One constant unit, three that each see one input, and four at random; output weights
        scaled into their ball.
        """
        k, n = len(wanted), self.n
        weight, bias = float(h.weight), float(h.bias)
        v = random.standard_normal((k, 4, 3))
        v *= weight * random.random((k, 4, 1)) / np.linalg.norm(v, axis=-1, keepdims=True)
        c = bias * random.uniform(-1, 1, (k, 4))
        v = np.concatenate(
            [np.broadcast_to(np.vstack([np.zeros(3), weight * np.eye(3)]), (k, 4, 3)), v], axis=1
        )
        c = np.concatenate([np.broadcast_to([bias, 0.0, 0.0, 0.0], (k, 4)), c], axis=1)
        noise = random.choice([0.0, 0.0, 0.1, 0.5], (k, 1, 1)) * random.standard_normal((k, n, 4))
        u = np.concatenate(
            [wanted[:, 0, :, None] / bias, slopes / weight, noise], axis=-1
        )  # (k, n, 8)
        # one factor for all labels: it keeps the order of the scores
        u /= np.maximum(1.0, np.abs(u).sum(-1).max(-1) / float(h.output))[:, None, None]
        inputs = np.vstack([np.zeros(3), np.diag(NORMS[1:])])
        hidden = np.maximum(np.einsum("kjd,id->kij", v, inputs) + c[:, None], 0.0)
        scores = np.einsum("kij,knj->kin", hidden, u)
        return scores, lambda i: f" u={u[i].tolist()} v={v[i].tolist()} c={c[i].tolist()}"


def _finite(cell: Cell, random: np.random.Generator) -> list[Row]:
    """Pairs of four kinds on up to four inputs each, a quarter of each kind, and the counterexample
    where there is one.
    """
    spec, n, hypotheses, size = cell["loss"], cell["n"], cell["hypotheses"], cell["pairs"] // 4
    loss, complete = parse_loss(spec), hypotheses == "complete"
    if complete and is_unbounded_below(loss, n):
        return [
            _unbounded(spec, n),
            *(_counterexamples(spec, n) if n > 2 and spec != "ldr-inf" else []),
        ]
    rows = _counterexamples(spec, n) if complete else []
    if not size:
        return rows
    curve, members = curve_of(spec, n, hypotheses), Members(hypotheses, n)
    steps = 8 if _searched(spec, n) else 25
    kinds = {
        "random": _random_pairs(n, size, random),
        "adversarial": _tied_pairs(loss, n, size, members, random),
        "witness": _witness_pairs(curve, n, size, random),
    }
    kinds["climbed"] = _climb(loss, _joined(kinds, size, random), curve, members, random, steps)
    pairs = []
    for kind, (weights, p, wanted) in kinds.items():
        scores, written = members.nearest(wanted, random)
        target, surrogate = _excesses(loss, weights, p, scores, members.reach)
        for i in range(len(target)):
            rounding = ROUNDING * (1 + abs(surrogate[i]))
            text = _described(weights[i], p[i], scores[i])
            if not complete:
                text += f" norms={NORMS[weights[i] > 0].tolist()}" + written(i)
            pairs.append(
                _row(
                    kind,
                    spec,
                    n,
                    hypotheses,
                    f"{kind}:{i}",
                    text,
                    target=target[i],
                    surrogate=surrogate[i],
                    surrogate_error=rounding,
                )
            )
    return [*rows, *_bounded_rows(pairs, curve)]


def _described(weights: Array, p: Array, scores: Array) -> str:
    used = weights > 0
    return f"weights={weights[used].tolist()} p={p[used].tolist()} scores={scores[used].tolist()}"


def _excesses(
    loss: Loss, weights: Array, p: Array, scores: Array, reach: Array | None = None
) -> tuple[Array, Array]:
    """Target and surrogate excess plus gap: weights (k, m), p and scores (k, m, n), reach (m,), to
    (k,) each.
    """
    best, _ = best_in_class(
        loss, p.reshape(-1, p.shape[-1]), None if reach is None else np.tile(reach, len(p))
    )
    regret = conditional_risk(loss, scores, p) - best.reshape(p.shape[:-1])
    return (weights * zero_one_regret(scores, p)).sum(-1), (weights * regret).sum(-1)


def _weights(size: int, random: np.random.Generator) -> Array:
    """P(x) on one to four inputs."""
    weights = random.dirichlet(np.ones(4), size)
    weights[np.arange(4) >= random.integers(1, 5, (size, 1))] = 0.0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _some_distributions(n: int, size: int, random: np.random.Generator) -> Array:
    """From nearly deterministic to nearly uniform; no probability is so small that logarithms lose
    it.
    """
    concentration = random.choice([0.2, 1.0, 5.0], size=(size, 4, 1))
    draws = np.maximum(random.gamma(np.broadcast_to(concentration, (size, 4, n))), 1e-9)
    return np.asarray(draws / draws.sum(axis=-1, keepdims=True))


def _random_pairs(n: int, size: int, random: np.random.Generator) -> Pairs:
    p = _some_distributions(n, size, random)
    scores = random.standard_normal(p.shape) * random.choice([0.3, 1.0, 3.0], size=(size, 4, 1))
    return _weights(size, random), p, scores


def _tied_pairs(
    loss: Loss, n: int, size: int, members: Members, random: np.random.Generator
) -> Pairs:
    """The best scores after the wrong label was pooled with the labels above it: the cheapest way
    to err (pooling lemma).
    """
    p = _some_distributions(n, size, random)
    wrong = random.integers(n, size=(size, 4))
    pooled = _pooled(p, wrong)
    reach = None if members.reach is None else np.tile(members.reach, size)
    _, scores = best_in_class(loss, pooled.reshape(-1, n), reach)
    if reach is None and loss.shift_invariant:
        scores = np.maximum(scores - scores.max(-1, keepdims=True), -60.0)
    scores = scores.reshape(p.shape)
    if _at_vertices(scores):  # every label at the vertex: predict the wrong one
        scores = np.where(np.arange(n) == wrong[..., None], 0.0, -60.0)
    lift = np.where(np.arange(n) == wrong[..., None], 1e-9, 0.0)
    top = np.where(np.arange(n) == wrong[..., None], scores.max(-1, keepdims=True), scores)
    return _weights(size, random), p, top + lift


def _at_vertices(scores: Array) -> bool:
    """Whether every score vector puts all weight on one label."""
    return bool(np.all(np.sort(scores, axis=-1)[..., -2] <= -50.0))


def _pooled(p: Array, wrong: NDArray[np.int64]) -> Array:
    """Average p over the wrong label and the smallest set of top labels whose mean is at least
    every label left out.
    """
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


def _witness_pairs(curve: Curve, n: int, size: int, random: np.random.Generator) -> Pairs:
    """Witnesses of T at random target regrets, labels permuted, on one input or several; some
    scores moved a little.
    """
    known = _witnesses(
        curve,
        np.round(np.concatenate([random.uniform(0.02, 0.98, 24), np.geomspace(0.01, 0.9, 8)]), 4),
    )
    touching = _witnesses(curve, curve.touching) if curve.touching.size else known
    first = len(known)
    known = [*known, *touching]
    known_p, known_s = (np.array([pair[i] for pair in known]) for i in (0, 1))
    # half of the pairs mix the points where T touches its envelope: below its chords no single
    # input comes close
    start = np.where(random.random((size, 1)) < 0.5, first, 0)
    chosen = random.integers(start, np.where(start, len(known), first), size=(size, 4))
    p, scores = known_p[chosen], known_s[chosen]
    if curve.problem.surrogate.symmetric:
        order = random.permuted(np.broadcast_to(np.arange(n), p.shape), axis=-1)
        p, scores = np.take_along_axis(p, order, -1), np.take_along_axis(scores, order, -1)
    moved = random.random((size, 1, 1)) < 0.3
    scores = scores + np.where(moved, 0.01 * random.standard_normal(scores.shape), 0.0)
    weights = _weights(size, random)
    alone = random.random(size) < 0.5
    weights[alone] = np.eye(4)[0]
    return weights, p / p.sum(-1, keepdims=True), scores


def _witnesses(curve: Curve, betas: Array) -> list[tuple[Array, Array]]:
    problem = curve.problem
    if curve.coarse:
        return curve.witnesses
    if problem.n == 2 and problem.surrogate.shift_invariant:
        bound = problem.hypotheses.score_bound
        _, p, scores = two_label_transform(
            problem.surrogate, betas, None if bound is None else float(bound)
        )
        return list(zip(p, scores, strict=True))
    try:
        return plain(problem, betas.tolist())
    except EngineCannotAnswerError:
        return plain(problem, betas[-FEW:].tolist())


def _joined(kinds: dict[str, Pairs], size: int, random: np.random.Generator) -> Pairs:
    weights, p, scores = (np.concatenate([pairs[i] for pairs in kinds.values()]) for i in range(3))
    chosen = random.integers(len(weights), size=size)
    return weights[chosen], p[chosen], scores[chosen]


def _climb(
    loss: Loss,
    pairs: Pairs,
    curve: Curve,
    members: Members,
    random: np.random.Generator,
    steps: int,
) -> Pairs:
    """Random moves of distributions and scores, kept where the pair comes closer to its bound."""
    weights, p, wanted = pairs
    scores, _ = members.nearest(wanted, random)

    def closeness(p: Array, scores: Array) -> Array:
        target, surrogate = _excesses(loss, weights, p, scores, members.reach)
        # rounding rules the ratio of two tiny excesses: such pairs say nothing
        return np.where(surrogate > 1e-5, target / np.maximum(curve.gamma(surrogate), 1e-12), 0.0)

    best = closeness(p, scores)
    for step in range(steps):
        scale = 0.3 * 0.85**step
        trial = p * np.exp(scale * random.standard_normal(p.shape))
        trial = np.maximum(trial, 1e-9)
        trial /= trial.sum(-1, keepdims=True)
        moved, _ = members.nearest(scores + scale * random.standard_normal(scores.shape), random)
        value = closeness(trial, moved)
        better = value > best
        p, scores = (
            np.where(better[:, None, None], trial, p),
            np.where(better[:, None, None], moved, scores),
        )
        best = np.where(better, value, best)
    return weights, p, scores


# --- mixtures


def _mixture(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """Hypotheses trained on samples of several sizes, every loss and seed in one batch."""
    distribution, model = mixture(cell["distribution"]), cell["model"]
    n, sizes = distribution.n_classes, (20, 100, 500)
    # linear functions, networks with an output bias, ...: without bounds their scores fill R^n at
    # every input
    hypotheses = model if model in BOUNDED else "complete"
    nodes = population(
        distribution, log2_points=8, repeats=REPEATS, seed=int(random.integers(2**31))
    )
    problems = [
        (loss, m, s) for loss in cell["losses"] for m in sizes for s in range(cell["seeds"])
    ]
    streams = {(m, s): random.spawn(1)[0] for m in sizes for s in range(cell["seeds"])}
    samples = {key: distribution.sample(max(sizes), stream) for key, stream in streams.items()}
    x = np.stack([samples[m, s][0] for _, m, s in problems])
    y = np.stack([samples[m, s][1] for _, m, s in problems])
    weights = np.stack([(np.arange(max(sizes)) < m) / m for _, m, s in problems])
    fit = train(
        [loss for loss, _, _ in problems],
        model,
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
    norms = np.linalg.norm(nodes.x, axis=-1).ravel()
    set_ = parse_hypotheses(hypotheses)
    reach = (
        None
        if set_.score_bound is None
        else np.array([set_.score_bound_at(float(r)) for r in norms], dtype=float)
    )
    rows = []
    for spec in cell["losses"]:
        loss = parse_loss(spec)
        labels, weight = nodes.p.reshape(-1, n), np.tile(nodes.weights, len(nodes.x)) / len(nodes.x)
        best, _ = best_in_class(loss, labels, reach)
        # not needed for the comparison, where R*(H) cancels: how much of the excess is gap
        within = best_risk(loss, model, nodes, restarts=1, backend=backend)
        gap = float(within.estimate) - float(best @ weight)
        group = []
        for i in [k for k, problem in enumerate(problems) if problem[0] == spec]:
            regret = conditional_risk(loss, scores[i], nodes.p) - best.reshape(nodes.p.shape[:-1])
            surrogate, surrogate_error = nodes.mean(regret)
            _, m, s = problems[i]
            group.append(
                _row(
                    "mixture",
                    spec,
                    n,
                    hypotheses,
                    f"m={m},seed={s}",
                    f"{cell['distribution']}; {model}; parameters={fit.parameters[i].tolist()}",
                    target=target[i],
                    target_error=SPREAD * target_error[i],
                    surrogate=float(surrogate),
                    surrogate_error=SPREAD * float(surrogate_error),
                    gap=gap,
                    gap_error=within.estimate.error,
                )
            )
        rows += _bounded_rows(group, curve_of(spec, n, hypotheses))
    return rows
