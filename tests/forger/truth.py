"""What is known of a statement without the checker: plain floats, brute force, definitions.

`is_false` says True only where the statement is false by a wide margin; `is_true` only of losses
whose T is known to be the value of a tie of two labels. Neither uses the package.
"""

from __future__ import annotations

import functools
import json
import math
from fractions import Fraction
from typing import Any

import numpy as np

#: Where claims are compared; the ends included.
BETAS = [Fraction(k, 16) for k in range(17)] + [Fraction(1, 1000), Fraction(999, 1000)]
MARGIN = 1e-3


class MalformedError(Exception):
    """No statement at all."""


def value(t: Any, env: dict[str, Any]) -> Any:
    """A tree at a point, or at an array of points; nan where any part has no value."""
    if isinstance(t, str):
        return np.asarray(env[t] if t in env else float(number(t)), dtype=float)
    if not (isinstance(t, list) and len(t) > 1):
        raise MalformedError(t)
    op = t[0]
    if op == "ifle":
        return np.where(env["b"] <= value(t[2], env), value(t[3], env), value(t[4], env))
    x = value(t[1], env)
    if op == "pow":
        if not isinstance(t[2], str):
            raise MalformedError(t)
        e = number(t[2])
        y = np.power(x, int(e) if e.denominator == 1 and e > 0 else float(e))
    elif op in ("exp", "log"):
        y = getattr(np, op)(x)
    elif op == "xlogx":
        y = np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, x)))
    else:
        y = x
        for part in t[2:]:
            z = value(part, env)
            y = y + z if op == "add" else y * z if op == "mul" else np.maximum(y, z)
    return np.where(np.isfinite(y), y, np.nan)


number = functools.lru_cache(maxsize=4096)(Fraction)


def least(f: Any, low: float, high: float) -> float:
    """The least value of a function of arrays on an interval: a grid, refined around its best."""
    best = math.inf
    for _ in range(4):
        grid = np.linspace(low, high, 161)
        values = np.where(np.isnan(f(grid)), np.inf, f(grid))
        k = int(values.argmin())
        best = min(best, float(values[k]))
        low, high = grid[max(k - 1, 0)], grid[min(k + 1, 160)]
    return best


class Truth:
    """Regrets of a loss by brute force."""

    def __init__(self, statement: dict[str, Any]) -> None:
        self.kind, self.g = statement["loss"]["kind"], statement["loss"]["formula"]
        self.n = statement["classes"]
        self.bound = statement["hypotheses"].get("scores")
        self.k = statement["target"].get("k", 1)

    def loss(self, z: Any) -> Any:
        """The loss term; nan where it has no value."""
        return value(self.g, {"u": z, "v": z})

    def tie(self, b: float) -> float:
        """The regret of a tie of two labels (two groups of k) at target regret b: at least T(b)."""
        if self.kind == "softmax" and self.bound:
            return self.boxed(b)
        if self.k > 1 and (self.n == "any" or self.n < 2 * self.k):
            return math.inf

        def risk(z: Any, y: Any) -> Any:
            right = (1 + b) / 2 * self.loss(z)
            return right + (1 - b) / 2 * self.loss(y) if b < 1 else right

        if self.kind == "softmax":
            best = least(lambda s: risk(s / self.k, (1 - s) / self.k), 0.0, 1.0)
            return float(risk(0.5 / self.k, 0.5 / self.k)) - best
        reach = float(Fraction(self.bound)) if self.bound else 30.0
        return float(risk(0.0, 0.0)) - least(lambda v: risk(v, -v), -reach, reach)

    def boxed(self, b: float) -> float:
        """The same for softmax values of bounded scores: the others are as low as may be."""
        if self.n == "any":
            return math.inf
        most, rest = math.exp(2 * float(Fraction(self.bound))), int(self.n) - 2

        def risk(x: Any) -> Any:
            """The first label has the highest score; exp of the second is x."""
            total = most + x + rest
            return (1 + b) / 2 * self.loss(most / total) + (1 - b) / 2 * self.loss(x / total)

        return float(risk(most)) - least(risk, 1.0, most)

    def vertices(self, b: float) -> float:
        """The least regret over ties of k labels, for concave losses: C* is at a vertex."""
        if self.n == "any":
            return math.inf
        n, best = int(self.n), math.inf
        zero, one = float(self.loss(0.0)), float(self.loss(1.0))
        lowest = max(b, (1 + b) / n)
        for k in range(2, min(n, 12) + 1):
            for m in [lowest, (1 + b) / 2, *((1 + b) / j for j in range(2, k + 1))]:
                if lowest <= m <= (1 + b) / 2:
                    # p: labels at m as far as they go, and m - b; predicted: a tie of k.
                    mass = min(1.0, k * m - b)
                    best = min(best, m * (zero - one) - mass * (zero - float(self.loss(1 / k))))
        return best

    def concave(self) -> bool:
        """Whether it looks concave on a grid."""
        grid = self.loss(np.linspace(0, 1, 17))
        return bool(np.isfinite(grid).all() and (np.diff(grid, 2) <= 1e-12).all())


@functools.lru_cache(maxsize=256)
def upper_values(key: str, vertices: bool) -> tuple[float, ...]:
    """Upper bounds of T at the betas, for the loss, classes and bound of a statement."""
    truth = Truth(json.loads(key))
    with np.errstate(all="ignore"):
        values = [truth.tie(float(b)) for b in BETAS]
        plain = truth.kind == "softmax" and not truth.bound and truth.k == 1
        if vertices and plain and truth.concave():
            values = [min(v, truth.vertices(float(b))) for v, b in zip(values, BETAS, strict=True)]
    return tuple(values)


def uppers(statement: dict[str, Any], vertices: bool) -> tuple[float, ...]:
    key = {k: statement[k] for k in ("loss", "classes", "hypotheses", "target")}
    return upper_values(json.dumps(key), vertices)


def claimed_values(statement: dict[str, Any]) -> list[float]:
    """The claim at the betas; nan where it has no value."""
    b = np.array([float(b) for b in BETAS])
    with np.errstate(all="ignore"):
        return [
            float(c)
            for c in np.broadcast_to(value(statement["claim"]["formula"], {"b": b}), b.shape)
        ]


def is_false(statement: dict[str, Any], known: bool) -> bool:
    """Whether a claim fails by a wide margin at some beta, or has no value at one.

    `known` says that T is the value of a tie of two labels; without it T <= claims are not judged.
    """
    kind = statement["claim"]["kind"]
    try:
        if statement["target"]["kind"] == "costs":
            return kind != "T >=" or costs_refute(statement)
        bounds = uppers(statement, kind != "T <=")
        if kind == "Gamma <=":
            return gamma_refuted(statement, bounds)
        claimed = claimed_values(statement)
    except (MalformedError, KeyError, IndexError, TypeError, ValueError):
        return False
    for claim, bound in zip(claimed, bounds, strict=True):
        if math.isnan(claim):
            return True
        if not math.isfinite(bound):
            continue
        slack = MARGIN * (1 + abs(bound))
        if kind == "T >=" and claim > bound + slack:
            return True
        if kind == "T <=" and known and claim < bound - slack:
            return True
    return False


def gamma_refuted(statement: dict[str, Any], bounds: tuple[float, ...]) -> bool:
    """Whether Gamma is above the claim: Gamma(e) >= b for every e >= a regret at b, as T** <= T."""
    for b, bound in zip(BETAS, bounds, strict=True):
        if not math.isfinite(bound):
            continue
        for e in (max(bound, 0.0), max(bound, 0.0) + 0.25, 10.0):
            with np.errstate(all="ignore"):
                claimed = float(value(statement["claim"]["formula"], {"e": e}))
            if math.isnan(claimed) or claimed < float(b) - MARGIN:
                return True
    return False


@functools.lru_cache(maxsize=4096)
def cost_regrets(matrix: str) -> tuple[np.ndarray, np.ndarray]:
    """Target regrets and KL(p; q) of random q, many of them ties, and of p that tilt q towards
    another prediction: each says that T at its target regret is at most its divergence.
    """
    r = np.random.default_rng(1)
    costs = np.array([[float(Fraction(x)) for x in row] for row in json.loads(matrix)])
    n, regrets, divergences = costs.shape[1], [], []
    a, b = r.dirichlet([0.7] * n, 600), r.dirichlet([0.7] * n, 600)
    first = (a @ costs.T).argmin(1)
    low, high = np.zeros(600), np.ones(600)
    for _ in range(40):  # the last q on the way from a to b at which a's prediction is best
        middle = (low + high) / 2
        expected = (a + middle[:, None] * (b - a)) @ costs.T
        same = expected[np.arange(600), first] <= expected.min(1)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    for q in (a, a + low[:, None] * (b - a), 0.999 * (a + low[:, None] * (b - a)) + 0.001 / n):
        expected = q @ costs.T
        chosen = expected.argmin(1)
        for other in range(len(costs)):
            for lam in (0.05, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 30.0):
                p = q * np.exp(np.minimum(lam * (costs[chosen] - costs[other]), 300.0))
                p = p / p.sum(1, keepdims=True)
                under = p @ costs.T
                regrets.append(under[np.arange(600), chosen] - under.min(1))
                ratio = np.where(p > 0, p, 1.0) / np.where(p > 0, q, 1.0)
                divergences.append((p * np.log(ratio)).sum(1))
    order = np.argsort(np.concatenate(regrets))
    kl = np.concatenate(divergences)[order]
    return np.concatenate(regrets)[order], np.minimum.accumulate(kl[::-1])[::-1]


def costs_refute(statement: dict[str, Any]) -> bool:
    """Whether a cost matrix and cross-entropy have regrets below the claim, or it has no value."""
    loss, matrix = statement["loss"], statement["target"]["matrix"]
    regrets, best = cost_regrets(json.dumps(matrix))
    spread = np.array([[float(Fraction(x)) for x in row] for row in matrix])
    top = float((spread.max(0) - spread.min(0)).max())
    u = np.linspace(0.01, 0.99, 50)
    with np.errstate(all="ignore"):
        if not np.allclose(value(loss["formula"], {"u": u}), -np.log(u), atol=1e-6):
            return True  # another loss: the rule may not speak of it
        for share in (0.0, 0.001, 0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.999, 1.0):
            claimed = float(value(statement["claim"]["formula"], {"b": share * top}))
            k = int(np.searchsorted(regrets, share * top - 1e-12))
            bound = best[k] if k < len(best) else math.inf
            if share == 0.0:
                bound = 0.0
            if math.isnan(claimed) or claimed > bound + MARGIN * (1 + abs(bound)):
                return True
    return False


def gamma_is_true(statement: dict[str, Any]) -> bool:
    """Whether Gamma, the inverse of the value of a tie where that is convex, satisfies the claim:
    at values of T and beyond, for claims that grow.
    """
    e = np.array(sorted(uppers(statement, True)))
    with np.errstate(all="ignore"):
        fine = np.concatenate([np.linspace(0, e[-1], 200), [e[-1] + 1, 10.0]])
        grows = np.diff(value(statement["claim"]["formula"], {"e": fine}) * np.ones(202))
        claimed = value(statement["claim"]["formula"], {"e": e}) * np.ones(len(e))
        betas = np.array(sorted(map(float, BETAS)))
        bends = np.diff(np.diff(e) / np.diff(betas))
        convex = bool((bends >= -1e-6).all())
        return convex and bool((grows >= 0).all() and (claimed >= betas - 1e-9).all())


def is_true(statement: dict[str, Any]) -> bool:
    """Whether T, known to be the value of a tie, satisfies the claim, up to rounding."""
    if statement["target"]["kind"] == "costs":
        return False  # no rule calls these violated
    if statement["claim"]["kind"] == "Gamma <=":
        return gamma_is_true(statement)
    sign = 1 if statement["claim"]["kind"] == "T >=" else -1
    bounds = uppers(statement, True)
    claimed = claimed_values(statement)
    return all(sign * (c - t) <= 1e-6 for c, t in zip(claimed, bounds, strict=True))


# ---- gaps ----


def gap(statement: dict[str, Any]) -> float:
    """The gap of constant scores by brute force: softmax values, or the score of a margin, on
    grids; two or three labels. nan where that is no number.
    """
    inputs = statement["claim"]["inputs"]
    weights = np.array([float(Fraction(row["weight"])) for row in inputs])
    p = np.array([[float(Fraction(x)) for x in row["p"]] for row in inputs])
    if statement["claim"]["members"] == "all":
        return 0.0
    with np.errstate(all="ignore"):
        risks = [infimum(json.dumps(statement["loss"]), statement["hypotheses"].get("scores"),
                         tuple(row)) for row in (*p, weights @ p)]  # fmt: skip
    return float(risks[-1] - weights @ np.array(risks[:-1]))


@functools.lru_cache(maxsize=4096)
def infimum(loss: str, bound: str | None, p: tuple[float, ...]) -> float:
    """The least risk at p over scores, on a grid that is refined around its best."""
    data = json.loads(loss)
    g, name = data["formula"], "u" if data["kind"] == "softmax" else "v"
    reach = float(Fraction(bound)) if bound else 30.0
    centre, width = np.zeros(len(p)), reach
    best = math.inf
    free = 1 if name == "v" else len(p)
    for _ in range(14):
        axis = np.linspace(-1, 1, 21) * width
        grid = np.stack(np.meshgrid(*[axis] * free, indexing="ij"), -1).reshape(-1, free)
        scores = np.clip(centre[:free] + grid, -reach, reach)
        if name == "v":
            z = np.concatenate([scores, -scores], 1)
        else:
            z = np.exp(scores - scores.max(1, keepdims=True))
            z = z / z.sum(1, keepdims=True)
        losses = np.broadcast_to(value(g, {name: z}), z.shape)
        risk = sum(w * losses[:, k] for k, w in enumerate(p) if w)
        risk = np.where(np.isnan(risk), math.inf, risk)
        k = int(risk.argmin())
        if risk[k] < best:
            best, centre = float(risk[k]), np.pad(scores[k], (0, len(p) - free))
        width *= 0.5
    return best


def gap_is_false(statement: dict[str, Any]) -> bool:
    """Whether a claim about a gap fails by a wide margin."""
    try:
        with np.errstate(all="ignore"):
            claimed = float(value(statement["claim"]["formula"], {}))
            found = gap(statement)
    except (MalformedError, KeyError, IndexError, TypeError, ValueError):
        return False
    if not math.isfinite(found):
        return False
    side = 1 if statement["claim"]["kind"] == "gap <=" else -1
    return math.isnan(claimed) or side * (found - claimed) > 2e-3
