"""Guesses for softmax losses beyond the complete zero-one problem: several predicted labels, and
bounded scores. The checker judges them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hconsist.certificates.methods import methods_of
from hconsist.certificates.statements import tanh
from hconsist.checker import Statement, Tree
from hconsist.checker.coverage import Piece
from hconsist.checker.enclosures import ball
from hconsist.checker.reading import Fields
from hconsist.checker.rules import ties as rule_of_ties
from hconsist.checker.trees import put

#: Rules whose witnesses are made here.
RULES = ("swap", "bounded swap", "tie")


def options(statement: Fields, relation: str, scaling: Fraction) -> list[Fields]:
    """Rules that may prove a claim about a convex loss."""
    if relation == "<=":
        return [{"rule": "tie"}]
    bounded = "scores" in statement["hypotheses"]
    rule = "bounded swap" if bounded else "swap"
    return [{"rule": rule, "scaling": None if statement["classes"] == 2 else str(scaling)}]


def _loss(statement: Fields, u: float) -> float:
    """The loss at a softmax value, in floats; infinite where it has none."""
    if u <= 0:
        u = 1e-300
    return float(ball(put(statement["loss"]["formula"], "u", str(Fraction(u)))).mid())


def _reach(statement: Fields) -> float:
    """K = exp(2 B)."""
    return math.exp(2 * float(Fraction(statement["hypotheses"]["scores"])))


def best_pair(statement: Fields, b: Fraction) -> tuple[float, float]:
    """Nearly optimal softmax values of two labels of bounded scores, with probabilities (1 + b)/2
    and (1 - b)/2: the first has the highest score, the others the lowest.
    """
    n, most, p = int(statement["classes"]), _reach(statement), float(b)

    def values(t: float) -> tuple[float, float]:
        x = most ** (1 - t)  # the second score falls from the top to the bottom
        total = most + x + n - 2
        return most / total, x / total

    def risk(t: float) -> float:
        first, second = values(t)
        return (1 + p) / 2 * _loss(statement, first) + (1 - p) / 2 * _loss(statement, second)

    low, high = 0.0, 1.0
    for _ in range(50):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if risk(left) <= risk(right):
            high = right
        else:
            low = left
    return values((low + high) / 2)


def _short(x: float) -> str:
    return str(Fraction(x).limit_denominator(10**7))


def rational(statement: Fields, rule: str, b: Fraction, pairs: list[list[Tree]]) -> Sequence[Tree]:
    """Witnesses at one b, from those of two labels and all scores."""
    if rule == "swap":
        return list(pairs)
    if "k" in statement["target"]:
        k = statement["target"]["k"]
        return [[str(Fraction(str(x)) / k) for x in pair] for pair in pairs]
    if "scores" not in statement["hypotheses"]:
        return list(pairs)
    first, second = best_pair(statement, b)
    if rule == "tie":
        return [[_short(first), _short(second)]]
    n, twice = statement["classes"], 2 * Fraction(statement["hypotheses"]["scores"])
    most = twice if n == 2 else max(twice - Fraction(7, 10), Fraction(0))
    v = Fraction(math.log(first / second)).limit_denominator(10**6)
    return [str(min(v, most)), "0"]


def exact(statement: Fields, rule: str, pairs: list[list[Tree]], tilt: Fraction) -> Sequence[Tree]:
    """Witnesses at b = x."""
    if rule == "bounded swap":
        return [["mul", str(4 * tilt), "x"], "0"]
    if rule == "tie" and "k" in statement["target"]:
        share = str(Fraction(1, statement["target"]["k"]))
        return [[["mul", share, t] for t in pair] for pair in pairs]
    if rule == "tie" and statement["classes"] > 2:
        most: Tree = ["exp", str(2 * Fraction(statement["hypotheses"]["scores"]))]
        total: Tree = ["add", ["mul", "2", most], str(statement["classes"] - 2)]
        return [[["mul", most, ["pow", total, "-1"]]] * 2, *pairs]
    return list(pairs)


def closed(statement: Fields, rule: str, exacts: Sequence[Tree]) -> list[list[Fields]]:
    """Families of pieces with exact witnesses."""

    def piece(low: Tree, high: Tree, witness: Tree, at: Tree = "x", more: str = "") -> Fields:
        return {"from": low, "to": high, "at": at, "witness": witness,
                "method": more or "algebra:0"}  # fmt: skip

    found = [[piece("0", "1", w)] for w in exacts]
    if rule == "bounded swap" and statement["classes"] == 2:
        twice = str(2 * Fraction(statement["hypotheses"]["scores"]))
        edge = tanh(str(Fraction(twice) / 2))
        curve = tanh(["mul", "1/2", "x"])
        found += [
            [piece("0", twice, "x", curve), piece(edge, "1", twice, "x", method)]
            for method in ("algebra:0", "balls:0", "balls:1")
        ]
    return found


def refuting(statement: Fields, b: Fraction, pairs: list[list[Tree]]) -> Fields | None:
    """A tie of two groups of labels, whose regret may be below a claim."""
    n, target, more = statement["classes"], statement["target"], {}
    k, bounded = target.get("k", 1), "scores" in statement["hypotheses"]
    if n < 2 * k or not (pairs or bounded):
        return None
    rest = n - 2 * k
    tied = Fraction(1, 2 * k)
    if bounded:
        most = _reach(statement)
        first, second = (Fraction(_short(x)) for x in best_pair(statement, b))
        if rest:
            tied = Fraction(_short(most / (2 * most + rest) - 1e-6))
        more = {"level": _short(_level(statement, b, float(first), float(second)) - 1e-6)}
    else:
        first, second = (Fraction(str(x)) / k for x in pairs[0])

    def spread(x: Fraction, y: Fraction) -> list[str]:
        other = (1 - k * (x + y)) / rest if rest else Fraction(0)
        return [str(x)] * k + [str(y)] * k + [str(other)] * rest

    return {
        "rule": "bounded point" if bounded else "convex point", "beta": str(b),
        "p": spread((1 + b) / (2 * k), (1 - b) / (2 * k)), "point": spread(tied, tied),
        "reference": spread(first, second if rest else 1 / Fraction(k) - first), **more,
    }  # fmt: skip


def _level(statement: Fields, b: Fraction, first: float, second: float) -> float:
    """The least of the tangent plane's shares over the corners of lemma 10."""
    n, most, p = statement["classes"], _reach(statement), float(b)

    def slope(u: float) -> float:
        step = 1e-6 * u
        return (_loss(statement, u + step) - _loss(statement, u - step)) / (2 * step)

    pulls = (1 + p) / 2 * slope(first), (1 - p) / 2 * slope(second)
    corners = [(most, 1.0), (1.0, most), (most, most)]
    return min(float((pulls[0] * x + pulls[1] * y) / (x + y + n - 2)) for x, y in corners)


def methods(read: Statement, piece: Piece, method: str) -> list[str] | None:
    """A method for each inequality of a piece of rule "tie"; None where one has none."""
    count = len(rule_of_ties.corners(read)[1])
    sides = rule_of_ties.on_piece(read, piece, [piece.low, piece.high])
    return methods_of(sides, count, ("algebra:0", method, "balls:0", "balls:1", "balls:2"))
