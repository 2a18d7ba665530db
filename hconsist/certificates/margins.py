"""What proofs about margin losses rest on: pieces of the scores on which a risk is above a
number.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

from hconsist.arithmetic import BALLS, precision
from hconsist.certificates.methods import NO_PROOF
from hconsist.checker import Tree
from hconsist.checker.enclosures import ball
from hconsist.checker.obligations import equal, prove
from hconsist.checker.reading import Fields
from hconsist.checker.trees import minus, mul, put
from hconsist.losses import MarginLoss
from hconsist.pointwise import PointwiseProblem


def least_values(statement: Fields) -> list[Fields]:
    """Least values of the even part of a margin loss and of the loss where the label is not
    predicted, with proofs.
    """
    g, top = statement["loss"]["formula"], statement["hypotheses"].get("scores", "inf")
    mirrored, turns = put(g, "v", mul("-1", "v")), sorted({abs(t) for t in kinks(g)})
    even = mul("1/2", ["add", g, mirrored])
    found: dict[str, list[Fields]] = {"even": [], "worse": []}
    for key, risk in (("even", even), ("worse", mirrored)):
        for place in dict.fromkeys(("0", *map(str, turns), top if top != "inf" else "0")):
            least = _folded(put(risk, "v", place))
            pieces = cover(minus(risk, least), "0", top, [Fraction(0), *turns])
            if pieces is not None:
                found[key].append({"least": least, "pieces": pieces})
    return [
        {"rule": "margin", "even": e, "worse": w} for e in found["even"] for w in found["worse"]
    ]


def refuting_point(
    problem: PointwiseProblem, statement: Fields, beta: Fraction, claimed: Fraction
) -> Fields | None:
    """The regret of score 0, by pieces of the scores on which the risk is above a rational
    number.
    """
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    if not isinstance(loss, MarginLoss):
        return None
    g, top = statement["loss"]["formula"], statement["hypotheses"].get("scores", "inf")
    plus, less = str((1 + beta) / 2), str((1 - beta) / 2)
    risk = ["add", mul(plus, g), mul(less, put(g, "v", mul("-1", "v")))]
    best = minimiser(loss, beta, bound)
    with precision(160):
        value = Fraction(float(ball(risk, v=BALLS.const(best)).mid()))
        tie = Fraction(float(ball(risk, v=BALLS.const(0)).mid()))
        slack = (claimed - (tie - value)) / 2
        if slack <= 0:
            return None
        least = (value - min(slack, Fraction(1, 100))).limit_denominator(10**6)
        reach = Fraction(1, 1000)
        places = {best, best - reach, best + reach, *(s * t for t in kinks(g) for s in (1, -1))}
        if bound is not None:
            places = {min(max(v, -bound), bound) for v in places}
        pieces = cover(
            minus(risk, str(least)),
            "-inf" if bound is None else str(-bound),
            top,
            sorted(places),
        )
    return (
        None
        if pieces is None
        else {
            "rule": "margin point",
            "beta": str(beta),
            "point": "0",
            "best": {"least": str(least), "pieces": pieces},
        }
    )


def kinks(t: Tree) -> list[Fraction]:
    """Where the affine branches of the maxima and minima of a margin loss cross."""
    if isinstance(t, str):
        return []
    found = [v for part in t[1:] for v in kinks(part)]
    if t[0] == "max":
        difference = minus(t[1], t[2])
        with precision(160):
            start, step = (ball(difference, v=BALLS.const(v)) for v in (0, 1))
        slope = Fraction(float((step - start).mid())).limit_denominator(10**6)
        if slope:
            found.append((-Fraction(float(start.mid())) / slope).limit_denominator(10**6))
    return found


def _folded(t: Tree) -> Tree:
    """A tree without variables, as a rational where it is one."""
    with precision(160):
        value = Fraction(float(ball(t).mid())).limit_denominator(10**6)
        return str(value) if equal(t, str(value)) else t


def cover(
    t: Tree, start: Tree, stop: Tree, places: list[Fraction], depth: int = 8
) -> list[Fields] | None:
    """Pieces from start to stop on each of which the checker accepts that a tree in v is >= 0; None
    where there are none.

    Parameters
    ----------
    t : Tree
    start, stop : Tree
        Rational strings, or infinite ends.
    places : list of Fraction
        Where to cut first, in increasing order.
    depth : int
        How often a piece may be halved.
    """
    low, high = (None if e in ("inf", "-inf") else Fraction(str(e)) for e in (start, stop))
    inner = [
        p for p in dict.fromkeys(places) if (low is None or p > low) and (high is None or p < high)
    ]
    result: list[Fields] = []
    for x, y in itertools.pairwise(
        [low, *(inner or ([] if low is not None else [Fraction(0)])), high]
    ):
        pieces = _cover(t, x, y, depth)
        if pieces is None:
            return None
        result += pieces
    return result


def _cover(t: Tree, low: Fraction | None, high: Fraction | None, depth: int) -> list[Fields] | None:
    """Pieces of one interval: from its low end upwards or from its high end downwards, or of its
    halves.
    """
    length = "inf" if low is None or high is None else str(high - low)
    ways: list[tuple[str, Tree]] = []
    if low is not None:
        ways.append(("up", "x" if low == 0 else ["add", str(low), "x"]))
    if high is not None:
        mirrored = ["mul", "-1", "x"]
        ways.append(("down", mirrored if high == 0 else ["add", str(high), mirrored]))
    methods = (
        "algebra:0",
        "algebra:1",
        "algebra:2",
        *(() if length == "inf" else ("balls:0", "balls:1", "balls:2")),
    )
    for method, (climb, way) in itertools.product(methods, ways):
        try:
            prove(put(t, "v", way), "x", "0", length, method)
        except NO_PROOF:
            continue
        ends = ("-inf" if low is None else str(low), "inf" if high is None else str(high))
        return [{"from": ends[0], "to": ends[1], "climb": climb, "method": method}]
    if depth == 0 or low is None or high is None:
        return None
    middle = (low + high) / 2
    first = _cover(t, low, middle, depth - 1)
    second = None if first is None else _cover(t, middle, high, depth - 1)
    return None if first is None or second is None else first + second


def minimiser(loss: MarginLoss, b: Fraction, bound: Fraction | None) -> Fraction:
    """A score near the best one at eta = (1 + b)/2, as a rational."""
    import numpy as np
    from scipy.optimize import minimize_scalar

    from hconsist.arithmetic import NUMPY

    reach = 40.0 if bound is None else float(bound)

    def risk(v: float) -> float:
        return float(
            (1 + b) / 2 * loss.of_margin(np.asarray(v), NUMPY)
            + (1 - b) / 2 * loss.of_margin(np.asarray(-v), NUMPY)
        )

    found = minimize_scalar(
        risk, bounds=(-reach, reach), method="bounded", options={"xatol": 1e-12}
    )
    candidates = (
        [float(found.x), 1.0, reach] if bound is None else [float(found.x), reach, min(reach, 1.0)]
    )
    best = min(candidates, key=risk)
    value = Fraction(best).limit_denominator(10**9)
    return value if bound is None else max(-bound, min(bound, value))
