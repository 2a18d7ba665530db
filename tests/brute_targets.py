"""Targets beyond classification, written from their definitions without the package: costs, what
scores predict, and surrogate regrets; points at random, then nearer and nearer to the worst.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from scipy.special import ndtr

Array = np.ndarray


@dataclass
class Problem:
    """Surrogate regret (s, p), target regret (s, p), numbers of scores and labels.

    ``centre(p)`` gives scores near which random ones are drawn too; ``law`` draws distributions.
    """

    surrogate: Callable[[Array, Array], Array]
    target: Callable[[Array, Array], Array]
    scores: int
    labels: int
    centre: Callable[[Array], Array] | None = None
    law: Callable[[np.random.Generator, int], Array] | None = None
    move: bool = True


def softmax(s: Array) -> Array:
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def klsum(w: Array, v: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(w > 0, w * np.log(w / v), 0.0).sum(axis=-1)


# --- costs, rows are predictions


def zero_one(n: int) -> Array:
    return 1.0 - np.eye(n)


def bit(y: int, i: int) -> int:
    return (y // 2**i) % 2


def costs(target: str, n: int) -> Array:
    name, _, rest = target.partition(":")
    value = rest.split("=")[-1]
    if name == "cost":
        return np.array([[float(eval_fraction(v)) for v in row.split(",")]
                         for row in rest[2:-2].split("],[")])  # fmt: skip
    if name == "ordinal":
        gap = np.abs(np.arange(n)[:, None] - np.arange(n))
        return (gap if rest == "absolute" else gap**2).astype(float)
    if name == "abstain":
        return np.vstack([zero_one(n), np.full((1, n), float(value))])
    if name == "defer" and rest.startswith("experts"):
        m = int(value)
        classes = n // 2**m
        rows = [[float(r != y // 2**m) for y in range(n)] for r in range(classes)]
        return np.array(rows + [[float(bit(y, e)) for y in range(n)] for e in range(m)])
    if name == "defer":
        accuracy = [[float(v) for v in row.split(",")] for row in value[2:-2].split("],[")]
        return np.vstack([zero_one(n), 1 - np.array(accuracy)])
    if name == "weights":
        return zero_one(n) * np.array([float(v) for v in rest.split(",")])
    if name == "hamming":
        return np.array([[bin(r ^ y).count("1") for y in range(n)] for r in range(n)], dtype=float)
    if name == "policy":
        return np.array([[float(bit(y, a)) for y in range(n)] for a in range(int(value))])
    if name in ("borda", "first", "kendall"):
        ranks = list(permutations(range(int(value))))
        if name == "borda":
            return np.array([[float(y.index(r)) for y in ranks] for r in range(int(value))])
        if name == "first":
            return np.array([[float(y[0] != r) for y in ranks] for r in range(int(value))])
        wrong = lambda r, y: sum(  # noqa: E731
            (r.index(a) < r.index(b)) != (y.index(a) < y.index(b))
            for a, b in combinations(range(int(value)), 2)
        )
        return np.array([[float(wrong(r, y)) for y in ranks] for r in ranks])
    if name == "rank-loss":
        m = int(value)
        return np.array([[float(sum(bit(y, r[j]) == 1 and bit(y, r[i]) == 0
                                    for i in range(m) for j in range(i + 1, m)))
                          for y in range(n)] for r in permutations(range(m))])  # fmt: skip
    return zero_one(n)  # zero-one, subset, pairwise


def eval_fraction(text: str) -> float:
    top, _, below = text.partition("/")
    return float(top) / float(below or 1)


# --- what scores predict


def largest(s: Array) -> Array:
    return np.argmax(s, axis=-1)


def signs(s: Array) -> Array:
    return ((s > 0) * 2 ** np.arange(s.shape[-1])).sum(axis=-1)


def positive(s: Array) -> Array:
    return (s > 0).sum(axis=-1)


def order(s: Array) -> Array:
    number = {r: k for k, r in enumerate(permutations(range(s.shape[-1])))}
    return np.array([number[tuple(row)] for row in np.argsort(-s, axis=-1)])


def finite(table: Array, predict: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    def regret(s: Array, p: Array) -> Array:
        expected = p @ table.T
        return expected[np.arange(len(p)), predict(s)] - expected.min(axis=-1)

    return regret


# --- surrogate regrets


def parts(has: Array) -> Callable[[Array, Array], Array]:
    """Logistic losses of parts that a label has (rows)."""

    def regret(s: Array, p: Array) -> Array:
        w, v = p @ has.T, 1 / (1 + np.exp(-np.clip(s, -500, 500)))
        pair = np.stack([w, 1 - w], axis=-1), np.stack([v, 1 - v], axis=-1)
        return klsum(*pair).sum(axis=-1)

    return regret


def forecast(spread: Array) -> Callable[[Array, Array], Array]:
    """Cross-entropy of labels spread over bins (rows)."""
    return lambda s, p: klsum(p @ spread.T, softmax(s))


def least(losses: Callable[[Array], Array], start: Array, p: Array) -> Array:
    """The least risk of smooth convex losses of few scores, by Newton's method with differences."""
    s, size, h = start.copy(), start.shape[1], 1e-4
    risk = lambda x: (losses(x) * p).sum(axis=-1)  # noqa: E731
    value, eye = risk(s), np.eye(size)
    for _ in range(25):
        gradient = np.stack([(risk(s + h * e) - risk(s - h * e)) / (2 * h) for e in eye], axis=-1)
        hessian = np.stack(
            [np.stack([(risk(s + h * (a + b)) - risk(s + h * (a - b)) - risk(s - h * (a - b))
                        + risk(s - h * (a + b))) / (4 * h * h) for a in eye], axis=-1)
             for b in eye], axis=-1)  # fmt: skip
        damped = hessian + 1e-6 * eye + np.ones((size, size)) / size
        step = -np.linalg.solve(damped, gradient[..., None])[..., 0]
        step = step * np.minimum(1.0, 3.0 / (np.abs(step).max(axis=-1, keepdims=True) + 1e-300))
        length = np.ones(len(s))
        for _ in range(12):
            trial = risk(s + length[:, None] * step)
            length = np.where(trial > value + 1e-15, length / 2, length)
        better = risk(s + length[:, None] * step) < value
        s[better] += (length[:, None] * step)[better]
        new = risk(s)
        if np.all(value - new < 1e-11):
            break
        value = new
    return np.minimum(value, risk(s))


def ranking_losses(name: str, m: int) -> Callable[[Array], Array]:
    ranks = list(permutations(range(m)))
    if name == "ranknet":
        return lambda s: np.stack(
            [sum(np.log1p(np.exp(s[..., b] - s[..., a])) for a, b in combinations(y, 2))
             for y in ranks], axis=-1)  # fmt: skip
    return lambda s: np.stack(
        [sum(np.log(np.exp(s[..., list(y[k:])]).sum(axis=-1)) - s[..., y[k]] for k in range(m - 1))
         for y in ranks], axis=-1)  # fmt: skip


def best_number(losses: Callable[[Array], Array], low: float, high: float, p: Array) -> Array:
    """The least risk over numbers: losses convex in h, each p on a line of its own."""
    left, right = np.full(len(p), low), np.full(len(p), high)
    for _ in range(30):
        t = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, 9)
        i = np.argmin((losses(t) * p[:, None, :]).sum(axis=-1), axis=1)
        rows = np.arange(len(p))
        left, right = t[rows, np.maximum(i - 1, 0)], t[rows, np.minimum(i + 1, 8)]
    return (losses((left + right)[:, None] / 2) * p[:, None, :]).sum(axis=-1)[:, 0]


# --- the search


@np.errstate(all="ignore")  # scores move far out
def points(
    problem: Problem, beta: float, value: float, size: int, seed: int = 0, rounds: int = 60
) -> tuple[float, float]:
    """Smallest surrogate regret less T over points of target regret >= beta, and the smallest ratio
    of the two that is found."""
    random = np.random.default_rng(seed)
    p = (
        problem.law(random, size)
        if problem.law
        else random.dirichlet(np.full(problem.labels, 0.5), size=size)
    )
    s = 2 * random.standard_normal((size, problem.scores))
    s = s * random.random((size, 1)) ** 3  # ties are often at 0
    if problem.centre is not None:
        close = random.random(size) < 0.7
        scale = 10 ** random.uniform(-2, 0.3, size=(size, 1))
        near = problem.centre(p) + scale * random.standard_normal(s.shape)
        s[close] = near[close]
    surrogate, target = problem.surrogate(s, p), problem.target(s, p)
    excess = float(np.min(np.where(target >= beta, surrogate - value, np.inf)))

    def merit(surrogate: Array, target: Array) -> Array:  # far from beta, then below it
        return surrogate + 10 * np.maximum(beta - target, 0.0) * (1 + value)

    kept = np.argsort(merit(surrogate, target))[:300]
    s, p = s[kept], p[kept]
    surrogate, target = surrogate[kept], target[kept]
    least_found = np.inf
    for step in np.geomspace(0.7, 1e-4, rounds):
        for _ in range(5):
            near_s, near_p = s + step * random.standard_normal(s.shape), p
            along = random.random() < 0.6  # along the difference of two other points
            if along:
                i, j = random.integers(len(s), size=(2, len(s)))
                reach = random.choice([0.3, 0.8, 1.6], size=(len(s), 1))
                near_s = s + reach * (s[i] - s[j]) + 0.01 * step * random.standard_normal(s.shape)
            if problem.move:
                logs = np.log(p + 1e-12)
                turn = 2 * step * random.standard_normal(p.shape)
                if along:
                    turn = reach * (logs[i] - logs[j]) + 0.02 * turn
                near_p = np.exp(logs + turn)
                gone = random.random(p.shape) < (0.1 if random.random() < 0.3 else 0.0)
                near_p = np.where(gone, near_p * 1e-6, near_p) + 1e-300
                near_p = near_p / near_p.sum(axis=-1, keepdims=True)
            a, b = problem.surrogate(near_s, near_p), problem.target(near_s, near_p)
            fits = b >= beta
            if fits.any():
                excess = min(excess, float((a - value)[fits].min()))
                least_found = min(least_found, float(a[fits].min()))
            better = merit(a, b) < merit(surrogate, target)
            s[better], p[better] = near_s[better], near_p[better]
            surrogate[better], target[better] = a[better], b[better]
        if step < 0.05:  # the worse ones start again from the better ones
            rank = np.argsort(merit(surrogate, target))
            worse, good = rank[200:], rank[:100]
            s[worse], p[worse] = s[good], p[good]
            surrogate[worse], target[worse] = surrogate[good], target[good]
    ratio = least_found / value if value > 1e-9 else 1.0 + least_found
    return excess, ratio


# --- problems by their names


def problem(surrogate: str, target: str, n: int) -> Problem:
    """The problem of a setting of the table."""
    base = surrogate.partition(":")[0]
    if target.startswith(("squared-error", "absolute-error")):
        return numbers(surrogate, target, n)
    if target.startswith("top-k"):
        return top_k(int(target[6:]), n)
    table = costs(target, n)
    items = len(table)
    if base in ("logistic", "two-hot", "gce"):
        by = lambda s: np.argmin(softmax(s) @ table.T, axis=-1)  # noqa: E731
        loss = forecast(np.eye(n)) if base != "gce" else gce
        return Problem(loss, finite(table, by), n, n, lambda p: np.log(p + 1e-9))
    if base == "weighted":
        top = table.max(axis=0) if "offset=label" in surrogate else table.max()
        weights = top - table
        return Problem(
            weighted(weights, "mae" in surrogate), finite(table, largest), items, n,
            lambda p: np.log(p @ weights.T + 1e-9),
        )  # fmt: skip
    if base in ("ova", "cost-regression"):
        if surrogate == "cost-regression:square":
            loss = lambda s, p: ((s + p @ table.T) ** 2).sum(axis=-1)  # noqa: E731
            return Problem(loss, finite(table, largest), items, n, lambda p: -p @ table.T)
        return Problem(parts(1 - table), finite(table, largest), items, n, logits(1 - table))
    if base in ("dpo", "ipo", "slic"):
        return Problem(preference(base), finite(table, largest), 2, 2)
    if base == "binary-relevance":
        k = n.bit_length() - 1
        has = np.array([[float(bit(y, i)) for y in range(n)] for i in range(k)])
        by = signs if items == n else order
        return Problem(parts(has), finite(table, by), k, n, logits(has))
    if base == "cumulative":
        has = np.array([[float(y > j) for y in range(n)] for j in range(n - 1)])
        return Problem(parts(has), finite(table, positive), n - 1, n, logits(has))
    m = next(k for k in range(2, 7) if math.factorial(k) == n)
    by = largest if items == m else order
    if base == "list-softmax":
        has = np.array([[float(y[0] == i) for y in permutations(range(m))] for i in range(m)])
        centre = lambda p: np.log(p @ has.T + 1e-9)  # noqa: E731
        return Problem(forecast(has), finite(table, by), m, n, centre)
    losses = ranking_losses(base, m)

    def regret(s: Array, p: Array) -> Array:
        start = np.zeros_like(s)
        return (losses(s) * p).sum(axis=-1) - least(losses, start, p)

    return Problem(regret, finite(table, by), m, n)


def logits(has: Array) -> Callable[[Array], Array]:
    def centre(p: Array) -> Array:
        w = np.clip(p @ has.T, 1e-6, 1 - 1e-6)
        return np.log(w / (1 - w))

    return centre


def gce(s: Array, p: Array) -> Array:
    """q = 1/2: the least risk is 2 (1 - |p|_2)."""
    return 2 * (np.sqrt((p**2).sum(axis=-1)) - (p * np.sqrt(softmax(s))).sum(axis=-1))


def weighted(weights: Array, mae: bool) -> Callable[[Array, Array], Array]:
    def regret(s: Array, p: Array) -> Array:
        w, q = p @ weights.T, softmax(s)
        if mae:
            return w.max(axis=-1) - (w * q).sum(axis=-1)
        return klsum(w, q * w.sum(axis=-1, keepdims=True))

    return regret


def preference(name: str) -> Callable[[Array, Array], Array]:
    def regret(s: Array, p: Array) -> Array:
        h, x = s[:, 0] - s[:, 1], p[:, 0]
        if name == "dpo":
            y = 0.9 * x + 0.1 * (1 - x)
            v = 1 / (1 + np.exp(-0.1 * np.clip(h, -5000, 5000)))
            return klsum(np.stack([y, 1 - y], axis=-1), np.stack([v, 1 - v], axis=-1))
        if name == "ipo":
            return (h - (2 * x - 1) / 2) ** 2
        return x * np.maximum(1 - h, 0) + (1 - x) * np.maximum(1 + h, 0) - 2 * np.minimum(x, 1 - x)

    return regret


def top_k(k: int, n: int) -> Problem:
    def target(s: Array, p: Array) -> Array:
        chosen = np.argsort(-s, axis=-1)[:, :k]
        best = np.sort(p, axis=-1)[:, n - k :].sum(axis=-1)
        return best - np.take_along_axis(p, chosen, axis=-1).sum(axis=-1)

    return Problem(forecast(np.eye(n)), target, n, n, lambda p: np.log(p + 1e-9))


def numbers(surrogate: str, target: str, n: int) -> Problem:
    base, _, value = surrogate.partition(":")
    settings = dict(part.split("=") for part in target.partition(":")[2].split(","))
    y = float(settings["range"]) * np.arange(n) / (n - 1)
    squared = target.startswith("squared")

    def error(h: Array, p: Array) -> Array:
        if squared:
            return (h - p @ y) ** 2
        medians = np.abs(y[:, None] - y)
        return (p * np.abs(h[:, None] - y)).sum(axis=-1) - (p @ medians).min(axis=-1)

    if base in ("logistic", "two-hot"):

        def predict(s: Array) -> Array:
            if squared or settings.get("decode") == "mean":
                return softmax(s) @ y
            return y[np.argmin(softmax(s) @ np.abs(y[:, None] - y), axis=-1)]

        return Problem(
            forecast(np.eye(n)), lambda s, p: error(predict(s), p), n, n,
            lambda p: np.log(p + 1e-9),
        )  # fmt: skip
    if base == "hl-gauss":
        bins, width = 5, y[-1] / 5
        edges = width * np.arange(bins + 1)
        below = ndtr((edges[:, None] - y) / (0.75 * width))
        spread = np.diff(below, axis=0) / (below[-1] - below[0])
        centres = (edges[1:] + edges[:-1]) / 2
        return Problem(
            forecast(spread), lambda s, p: error(softmax(s) @ centres, p), bins, n,
            lambda p: np.log(p @ spread.T + 1e-9),
        )  # fmt: skip
    number = eval_fraction(value.split("=")[-1])
    of: dict[str, Callable[[Array], Array]] = {
        "huber": lambda u: np.where(u <= number, u**2 / 2, number * u - number**2 / 2),
        "lp": lambda u: u**number,
        "eps-insensitive": lambda u: np.maximum(u - number, 0),
    }
    losses = lambda h: of[base](np.abs(h[..., None] - y))  # noqa: E731

    def inside(s: Array) -> Array:
        return y[-1] / (1 + np.exp(-np.clip(s[:, 0], -500, 500)))

    def regret(s: Array, p: Array) -> Array:
        return (losses(inside(s)) * p).sum(axis=-1) - best_number(losses, y[0], y[-1], p)

    law = None
    if settings.get("law") == "symmetric":
        pairs = [(i, j) for i in range(n) for j in range(i, n)]
        middles = {}
        for i, j in pairs:
            middles.setdefault(i + j, []).append((i, j))

        def law(random: np.random.Generator, size: int) -> Array:
            p = np.zeros((size, n))
            keys = random.choice(list(middles), size=size)
            for row, key in enumerate(keys):
                weights = random.dirichlet(np.full(len(middles[key]), 0.3))
                for (i, j), w in zip(middles[key], weights, strict=True):
                    p[row, i] += w / 2
                    p[row, j] += w / 2
            return p

    return Problem(regret, lambda s, p: error(inside(s), p), 1, n, law=law, move=law is None)
