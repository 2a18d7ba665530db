"""The search for a certificate of T >= claim for plug-in cross-entropy and a cost matrix.

For each pair of predictions the chord of the exponential over the range [-a, g] of the cost
difference d gives an admissible level and weight; slopes are affine in b near 0 and rational
elsewhere. It reaches the bound kl((b + a)/(a + g); a/(a + g)) of each pair, not always T itself.
"""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import precision
from hconsist.certificates.margins import NO_PROOF
from hconsist.checker import SCHEMA, Rejected, Tree, check, digest, discharge, read_statement
from hconsist.checker.coverage import Piece
from hconsist.checker.obligations import Identity
from hconsist.checker.rules import plugin
from hconsist.checker.trees import add, mul
from hconsist.errors import EngineCannotAnswerError

_METHODS = ("algebra:0", "balls:0", "balls:1", "balls:2", "balls:3", "balls:4")
CROSS_ENTROPY: Tree = ["mul", "-1", ["log", "u"]]
_SHORTEST = Fraction(1, 2**10)


def certify_costs(
    costs: list[list[Fraction]],
    claim: Tree,
    *,
    loss: dict[str, Any] | None = None,
    deadline: float = math.inf,
) -> dict[str, Any]:
    """A certificate that ``T(b) >= claim(b)`` for cross-entropy and the costs of predictions.

    Parameters
    ----------
    costs : list of lists of Fraction
        Rows are predictions, columns labels.
    claim : Tree
        In "b"; see docs/certificate.md.
    loss : dict, optional
        Spec, kind and formula, as a certificate states them: cross-entropy under a name.
    deadline : float
        By `time.monotonic`; the search ends there.

    Raises
    ------
    EngineCannotAnswerError
        Where no proof was found, or time was up. It may be that the claim is false.

    Examples
    --------
    >>> zero_one = [[Fraction(i != j) for j in range(3)] for i in range(3)]
    >>> certify_costs(zero_one, ["mul", "1/2", ["pow", "b", "2"]])["verdict"]
    'holds'
    """
    matrix = [[str(Fraction(c)) for c in row] for row in costs]
    statement = {
        "loss": loss or {"spec": None, "kind": "softmax", "formula": CROSS_ENTROPY},
        "classes": len(costs[0]),
        "target": {"kind": "costs", "matrix": matrix},
        "hypotheses": {"kind": "complete"},
        "claim": {"kind": "T >=", "formula": claim},
    }
    try:
        read = read_statement(statement)
        cross_entropy = Identity(add(read.g, ["log", "u"]), "the loss is not cross-entropy")
        discharge(cross_entropy)
    except Rejected as problem:
        raise EngineCannotAnswerError("certificate", str(problem), "rigorous") from problem
    assert read.costs is not None
    with precision(160):
        listed = [
            {"predicted": r, "best": s, "pieces": _pieces(read, r, s, deadline)}
            for r, s in plugin.pairs(read.costs)
        ]
    c = {
        "schema": SCHEMA,
        "statement": statement,
        "verdict": "holds",
        "lemmas": list(plugin.LEMMAS),
        "proof": {"rule": "plug-in lines", "pairs": listed},
    }
    made = {**c, "digest": digest(c)}
    try:
        check(made)
    except Rejected as problem:  # a claim above 0 at 0, say
        raise EngineCannotAnswerError("certificate", str(problem), "rigorous") from problem
    return made


def _pieces(read: Any, r: int, s: int, deadline: float) -> list[dict[str, Any]]:
    d = [x - y for x, y in zip(read.costs[r], read.costs[s], strict=True)]
    low, high = max(-min(d), Fraction(0)), max(d)
    todo, done = [(Fraction(0), high)], []
    while todo:
        if time.monotonic() > deadline:
            raise EngineCannotAnswerError("certificate", "the time budget ended", None)
        first, last = todo.pop()
        found = None
        for slope in _slopes(first, last, low, high):
            found = found or _piece(read, r, s, first, last, _chord(slope, low, high, s, read))
        if found is not None:
            done.append(found)
        elif last - first > _SHORTEST:
            middle = (first + last) / 2
            todo += [(middle, last), (first, middle)]
        else:
            reason = f"no line for predictions {r}, {s} on [{float(first):g}, {float(last):g}]"
            raise EngineCannotAnswerError("certificate", reason, None)
    return done


def _slopes(first: Fraction, last: Fraction, low: Fraction, high: Fraction) -> list[Tree]:
    """lam = 4 b/(a + g)^2, and the slope of the pair's bound at the middle, rational."""
    whole = low + high
    b = (first + last) / 2
    u, w = float((b + low) / whole), float(low / whole)
    u = min(u, 1 - 1e-9)
    w = max(w, 1e-9)
    best = math.log(u * (1 - w) / (w * (1 - u))) / float(whole)
    fixed = str(Fraction(best).limit_denominator(1000))
    near: Tree = ["mul", str(4 / whole**2), "x"]
    steep: list[Tree] = [] if low == 0 else [["mul", str(1 / (low * high)), "x"]]
    return [near, *steep, fixed] if first == 0 else [fixed, near, *steep]


def _chord(slope: Tree, low: Fraction, high: Fraction, s: int, read: Any) -> dict[str, Any]:
    """Level and weights of the chord of exp(lam d) over [-a, g]."""
    whole = low + high
    down, up = ["exp", mul(str(-low), slope)], ["exp", mul(str(high), slope)]
    if low == 0:
        level, weight = "1", mul(str(1 / whole), add(up, "-1"))
    else:
        level = add(mul(str(high / whole), down), mul(str(low / whole), up))
        weight = mul(str(1 / whole), add(up, mul("-1", down)))
    weights = [weight if k == s else "0" for k in range(len(read.costs))]
    return {"slope": slope, "level": level, "weights": weights}


def _piece(
    read: Any, r: int, s: int, first: Fraction, last: Fraction, witness: dict[str, Any]
) -> dict[str, Any] | None:
    """A piece with a method for each inequality, as the checker accepts them."""
    ends: list[Tree] = [str(first), str(last)]
    data: dict[str, Any] = {"from": ends[0], "to": ends[1], "at": "x", "witness": witness}
    count = 1 + len(read.costs[0]) + len(read.costs)  # the line, labels, weights
    chosen: list[str] = []
    table: list[list[Any]] = []
    for method in _METHODS:
        piece = Piece(ends[0], ends[1], "x", {**data, "method": [method] * count})
        found = list(plugin.on_piece(read, r, s, piece, ends))
        if not table:
            for fixed in found[:-count]:
                try:
                    discharge(fixed)
                except NO_PROOF:
                    return None
        table.append(found[-count:])
    for k in range(count):
        for method, row in zip(_METHODS, table, strict=True):
            try:
                discharge(row[k])
            except NO_PROOF:
                continue
            chosen.append(method)
            break
        else:
            return None
    return {**data, "method": chosen}
