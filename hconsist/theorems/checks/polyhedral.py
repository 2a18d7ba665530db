"""Polyhedral losses: normal sets at their vertices, and exact constants of linear regret bounds.

A polyhedral loss has finitely many vertices v with loss vectors L(v); it is calibrated for a
target when the set of p that are best served by each v lies in the set of p best served by one
prediction (Ramaswamy, Agarwal, JMLR 2016, theorems 6 and 8). With a link, the smallest c with
target regret <= c surrogate regret is a maximum of linear programs over the vertices of the
arrangement of the loss and of the link (Finocchiaro, Frongillo, Waggoner, JMLR 2024, theorem 19).
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hconsist.arithmetic import exact
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.checks import CHECKS, Check, Verdict

Array = NDArray[np.float64]
Rows = list[list[Fraction]]


def _rows(rows: list[list[str]]) -> Rows:
    return [[Fraction(exact(v, "an entry")) for v in row] for row in rows]


def _corners(halves: Rows) -> list[tuple[Fraction, ...]]:
    """The vertices of {p in the simplex of three labels : <a, p> <= 0 for every a}."""
    walls = [*halves, *([Fraction(-int(i == k)) for i in range(3)] for k in range(3))]
    found = set()
    for a, b in itertools.combinations(walls, 2):
        # the line a.p = b.p = 0 in direction a x b, scaled to the simplex
        p = [a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3] for k in range(3)]
        total = sum(p)
        if total == 0:
            continue
        q = tuple(v / total for v in p)
        if all(sum(x * y for x, y in zip(w, q, strict=True)) <= 0 for w in walls):
            found.add(q)
    return sorted(found)


def _costs(target: str) -> Rows:
    """Rows are predictions."""
    one, half = Fraction(1), Fraction(1, 2)
    zero_one = [[Fraction(int(r != y)) for y in range(3)] for r in range(3)]
    if target == "ordinal":
        return [[abs(Fraction(r - y)) * one for y in range(3)] for r in range(3)]
    return [*zero_one, [half] * 3] if target == "abstain" else zero_one


@CHECKS.register("normal-sets")
def normal_sets(vertices: list[list[str]], target: str, calibrated: bool = True) -> Check:
    """Whether the normal set of every loss vector (three labels) lies in one trigger set."""
    points, costs = _rows(vertices), _costs(target)

    def fits(z: list[Fraction]) -> bool:
        corners = _corners([[a - b for a, b in zip(z, v, strict=True)] for v in points if v != z])
        return any(
            all(
                sum((a - b) * q for a, b, q in zip(row, other, p, strict=True)) <= 0
                for p in corners
                for other in costs
            )
            for row in costs
        )

    def check(problem: PointwiseProblem | None) -> Verdict:
        del problem
        bad = [z for z in points if not fits(z)]
        shown = "; ".join("(" + ", ".join(map(str, z)) + ")" for z in bad)
        evidence = f"{len(points)} vertices" + (
            f", in no single trigger set: {shown}" if bad else ""
        )
        return (not bad) == calibrated, float(len(bad)), evidence

    return check


@CHECKS.register("not-a-vertex")
def not_a_vertex(vertices: list[list[str]], point: list[str], p: list[str]) -> Check:
    """Whether a loss vector is attainable, given all vertices: <p, point> is at least the least
    value over them.
    """
    rows, (z, weights) = _rows(vertices), _rows([point, p])

    def check(problem: PointwiseProblem | None) -> Verdict:
        del problem
        least = min(sum(a * b for a, b in zip(row, weights, strict=True)) for row in rows)
        value = sum(a * b for a, b in zip(z, weights, strict=True))
        return (
            value >= least,
            float(value - least),
            f"p = ({', '.join(p)}): {value} at ({', '.join(point)}), at least {least} on the set",
        )

    return check


def _encoded(u: Array) -> Array:
    """The losses max_j (1 - code(y)_j u_j)_+ of the four labels coded by signs, at points u."""
    codes = np.array(list(itertools.product((1.0, -1.0), repeat=2)))
    return np.asarray(np.maximum(0, np.max(1 - codes * u[..., None, :], axis=-1)))


def _link(u: Array, link: str, threshold: Fraction) -> set[int]:
    """The predictions on whose closed region u lies; 4 abstains."""
    size = np.min(np.abs(u)) if link == "box" else np.sum(np.abs(u))
    level = float(threshold)
    found = {4} if size <= level + 1e-12 else set()
    if size >= level - 1e-12:
        codes = list(itertools.product((1, -1), repeat=2))
        found |= {k for k, code in enumerate(codes) if all(np.array(code) * u >= -1e-12)}
    return found


def _lines(link: str, threshold: float) -> list[tuple[float, float, float]]:
    """a u_1 + b u_2 = c: where the losses bend, and the walls of the link."""
    found: list[tuple[float, float, float]] = [(1.0, 0.0, s) for s in (-1.0, 0.0, 1.0)] + [
        (0.0, 1.0, s) for s in (-1, 0, 1)
    ]
    found += [(1.0, 1.0, 0.0), (1.0, -1.0, 0.0)]
    if link == "box":
        found += [(1.0, 0.0, s * threshold) for s in (-1, 1)]
        found += [(0.0, 1.0, s * threshold) for s in (-1, 1)]
    else:
        found += [(a, b, threshold) for a in (-1.0, 1.0) for b in (-1.0, 1.0)]
    return found


@CHECKS.register("linear-constant")
def linear_constant(link: str, threshold: str, constant: str) -> Check:
    """The smallest c with abstention regret <= c surrogate regret for binary encoded predictions of
    four labels: link "box" abstains when min |u_i| <= threshold, "sum" when |u_1| + |u_2| is.
    """
    from scipy.optimize import linprog

    level, claimed = Fraction(exact(threshold, "t")), float(exact(constant, "c"))

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        points = []
        for (a, b, c), (d, e, f) in itertools.combinations(_lines(link, float(level)), 2):
            if a * e != b * d:
                points.append(
                    np.asarray(np.linalg.solve([[a, b], [d, e]], [c, f]), dtype=np.float64)
                )
        # every optimum is at a corner of a cell; the symmetries of the square leave one octant
        points = [u for u in points if 2 >= u[0] >= u[1] >= 0]
        best = _encoded(np.array([*itertools.product((1.0, -1.0), repeat=2), (0.0, 0.0)]))
        costs = np.vstack([1 - np.eye(4), np.full(4, 0.5)])
        worst, where = 0.0, ""
        for u in points:
            losses = _encoded(u)
            for r in _link(u, link, level):
                for other in range(5):
                    found = linprog(
                        -(costs[r] - costs[other]),
                        A_ub=losses - best,
                        b_ub=np.ones(len(best)),
                        bounds=(0, None),
                    )
                    value = np.inf if found.status == 3 else -found.fun
                    if value > worst:
                        worst, where = value, f"u = ({u[0]:g}, {u[1]:g})"
        return (
            abs(worst - claimed) <= 1e-7,
            -abs(worst - claimed),
            f"the smallest constant is {worst:.6f}, attained at {where}",
        )

    return check
