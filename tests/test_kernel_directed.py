"""Forgeries against the newest rules, directed at what each assumes: supporting lines of Gamma,
plug-in lines of cost matrices, margin points. Each statement is false, or true with a proof of
nothing.
"""

from __future__ import annotations

from typing import Any

import pytest
from forger.build import HINGE, make, piece, score_piece, sealed

from hconsist.checker import Rejected, check

X, B, E = "x", "b", "e"
METHODS = [None, "algebra:0", "algebra:1", "algebra:2", "balls:0", "balls:1", "balls:2"]


def void(t: Any) -> Any:
    """0 where it has a value, and it has none where t is 0."""
    return ["add", ["mul", t, ["pow", t, "-1"]], "-1"]


def line(low: Any, high: Any, witness: Any, reach: Any, at: Any = X) -> Any:
    return {**piece(low, high, witness, "algebra:0", at), "reach": reach}


def beyond(low: Any, at: Any = X) -> Any:
    return line(low, "inf", None, None, at)


def hinge(claim: Any, *pieces: Any, loss: Any = "hinge", **changes: Any) -> dict[str, Any]:
    return make(loss, 2, ("Gamma <=", claim), {**HINGE, "pieces": list(pieces)}, **changes)


SIGMOID = ("margin", ["pow", ["add", "1", ["exp", "v"]], "-1"])
FALLING = ("margin", ["mul", "-1", "v"])
ONE = line("0", "1", "1", X)
HALF = ["mul", "1/2", E]

GAMMA = {
    # A line must rise: 0 = l(y) >= e only where e <= 0.
    "a slope of 0": hinge("0", line("0", "1", "0", "0"), beyond("1")),
    "a slope that changes sign": hinge(HALF, line("0", "2", ["add", X, "-1"], ["mul", "1/2", X]),
                                       beyond("2")),
    # The claim at and above T(1), at joints, and at 0.
    "below 1 above T(1)": hinge(["mul", E, ["pow", ["add", E, "1"], "-1"]], ONE, beyond("1")),
    "a claim that turns down": hinge(["mul", E, ["add", "2", ["mul", "-1", E]]], ONE, beyond("1")),
    "a claim below 1 far away": hinge(
        ["add", "1", ["mul", "-1/1000", ["max", "0", ["add", E, "-100"]]]], beyond("0")),
    "negative at 0 alone": hinge(["add", E, void(E)], ONE, beyond("1")),
    "a pole above T(1)": hinge(["add", E, void(["add", E, "-3"])], ONE, beyond("1")),
    "a pole at the joint": hinge(["add", E, void(["add", E, "-1"])], ONE, beyond("1")),
    "a pole inside": hinge(["add", E, void(["add", E, "-1/2"])], ONE, beyond("1")),
    # Covering.
    "only the last piece": hinge(HALF, beyond("2")),
    "a last piece from a number of text": hinge(HALF, line("0", "2", "1", X),
                                                beyond(["add", "1", "1"])),
    "a piece to 0 alone": hinge(HALF, line("0", "1", "1", "0", ["mul", "0", X]), beyond("2")),
    "a reach without value": hinge(HALF, line("0", "2", "1", ["mul", "0", ["log", ["add", X,
                                              "-1"]]]), beyond("2")),
    "a null reach with a claim below 1": hinge(HALF, line("0", "2", None, None), beyond("2")),
    "a bounded piece to infinity": hinge(HALF, {**line("0", "inf", "1", X)}, beyond("2")),
    "a case in Gamma": hinge(["ifle", B, "1/2", HALF, E], ONE, beyond("1")),
    "the letter of T": hinge(B, ONE, beyond("1")),
    # Losses.
    "an infinite witness of an unbounded loss": hinge(E, line("0", "1", "inf", X), beyond("1"),
                                                      loss=FALLING),
    "a loss whose worse value is less": hinge(E, ONE, beyond("1"), loss=SIGMOID),
    "a bound on scores smaller than the witness": hinge(E, ONE, beyond("1"), bound="1/2"),
    "a jump, as 0/0": hinge(E, ONE, beyond("1"), loss=(
        "margin", ["mul", "1/2", ["add", "1", ["mul", "-1", "v", ["pow", ["max", "v", ["mul", "-1",
                   "v"]], "-1"]]]])),
    "a pair where theorem A's exponent is none": make(
        "gce", 10, ("Gamma <=", ["pow", E, "1/2"]),
        {"rule": "theorem A", "scaling": "3/4",
         "pieces": [line("0", "1", ["1", "0"], ["pow", X, "1/2"]), beyond("1")]}),
    "a witness off the simplex": make(
        "logistic", 3, ("Gamma <=", E),
        {"rule": "pair", "scaling": "0", "pieces": [line("0", "1", ["1", "1"], X), beyond("1")]}),
    "the concave pair of a convex loss": make(
        "square", 3, ("Gamma <=", ["mul", "3", E]), {"rule": "concave pair", "pieces": [
            line("0", "1/3", None, ["mul", "3", X]), beyond("1/3")]},
        ) | {"statement": make("logistic", 3, ("Gamma <=", E), {"rule": "pair"})["statement"]},
    "the tangent of T above": make("logistic", 3, ("Gamma <=", E), {
        "rule": "tangent", "pieces": [line("0", "1", "1/2", X), beyond("1")]}),
}  # fmt: skip


def costed(
    matrix: Any, claim: Any, witness: Any, reaches: list[tuple[int, int, Any]], at: Any = X,
    loss: Any = "logistic", start: Any = "0",
) -> dict[str, Any]:  # fmt: skip
    """A proof of one piece for each pair."""
    pairs = [
        {"predicted": r, "best": s, "pieces": [piece(start, d, witness, "algebra:0", at)]}
        for r, s, d in reaches
    ]
    made = make(loss, len(matrix[0]), ("T >=", claim), {"rule": "plug-in lines", "pairs": pairs})
    made["statement"]["target"] = {"kind": "costs", "matrix": matrix}
    return sealed(made)


def weights(slope: Any, level: Any, *m: Any) -> dict[str, Any]:
    return {"slope": slope, "level": level, "weights": list(m)}


BINARY = [["0", "1"], ["1", "0"]]
BOTH = [(0, 1, "1"), (1, 0, "1")]
FLAT = weights("0", "1", "0", "0")  # T >= 0
HUGE = "1" + "0" * 60

COSTS = {
    "T >= b from nothing": costed(BINARY, B, FLAT, BOTH),
    "a negative slope": costed(BINARY, B, weights("-1", "1/2", "0", "0"), BOTH),
    "a level below 0": costed(BINARY, B, weights("1", "-1", "4", "4"), BOTH),
    "a level of 0": costed(BINARY, B, weights("1", "0", "3", "3"), BOTH),
    "a level of 1/100": costed(BINARY, "1", weights("0", "1/100", "0", "0"), BOTH),
    "weights below 0": costed(BINARY, B, weights("1", "1/3", "-3", "-3"), BOTH),
    "weights of another prediction": costed(BINARY, B, weights("1", "1", "2", "0"), BOTH),
    "weights too few": costed(BINARY, B, weights("1", "1", "2"), BOTH),
    "weights too many": costed(BINARY, B, weights("1", "1", "2", "2", "2"), BOTH),
    "a slope without value": costed(BINARY, B, weights(["mul", "100", ["log", ["add", X, "-2"]]],
                                                       "1", "0", "0"), BOTH),
    "a level of 0 log 0": costed(BINARY, B, weights("0", ["exp", ["mul", "-1", ["pow", X, "-1"]]],
                                                    "0", "0"), BOTH),
    "b only up to 1/2": costed(BINARY, ["max", "0", ["mul", "100", ["add", B, "-1/2"]]], FLAT,
                               [(0, 1, "1/2"), (1, 0, "1/2")]),
    "b from 1/2 on": costed(BINARY, ["mul", "1/1000", ["add", "1", ["mul", "-1", B]]], FLAT, BOTH,
                            start="1/2"),
    "one pair only": costed(BINARY, B, FLAT, [(0, 1, "1")]),
    "one pair twice": costed(BINARY, B, FLAT, [(0, 1, "1"), (0, 1, "1")]),
    "no pairs": costed(BINARY, B, FLAT, []),
    "pairs beyond the matrix": costed(BINARY, B, FLAT, [(0, 1, "1"), (1, 2, "1")]),
    "pairs counted from the end": costed(BINARY, B, FLAT, [(-2, 1, "1"), (1, 0, "1")]),
    "a pair of truth values": costed(BINARY, "0", FLAT, [(False, True, "1"), (True, False, "1")]),
    "a claim that is false at 0 alone": costed(
        BINARY, ["ifle", B, "0", "1", "0"], FLAT, BOTH),
    "a claim false beyond 1, on [0, 3]": costed(
        [["0", "3"], ["1", "0"]], ["max", "0", ["mul", "9", ["add", B, "-1"]]], FLAT,
        [(0, 1, "1"), (1, 0, "1")]),
    "false beyond 1, with a case": costed(
        [["0", "3"], ["1", "0"]], ["ifle", B, "1", "0", "9"], FLAT, [(0, 1, "3"), (1, 0, "1")]),
    "one prediction": costed([["0", "1"]], "0", weights("0", "1", "0"), [(0, 0, "1")]),
    "no prediction": costed([[]], "0", FLAT, []),
    "two equal predictions": costed([["0", "1"], ["0", "1"]], "5", FLAT, []),
    "equal but for the text": costed([["0", "1"], ["0", "2/2"]], "5", FLAT, []),
    "rows of other lengths": costed([["0", "1"], ["1", "0", "0"]], "0", FLAT, BOTH),
    "costs that are numbers": costed([[0, 1], [1, 0]], "0", FLAT, BOTH),
    "costs with a decimal point": costed([["0", "0.5"], ["1", "0"]], "0", FLAT, BOTH),
    "infinite costs": costed([["0", "inf"], ["1", "0"]], "0", FLAT, BOTH),
    "a dominated prediction left out": costed(
        [["0", "1"], ["1", "0"], ["2", "2"]], "0", weights("0", "1", "0", "0", "0"), BOTH),
    "huge costs as if they were small": costed(
        [["0", HUGE], [HUGE, "0"]], ["mul", "1/2", ["pow", B, "2"]], weights(X, "1", "0", "0"),
        [(0, 1, HUGE), (1, 0, HUGE)]),
    "another base of the logarithm": costed(
        BINARY, "0", FLAT, BOTH, loss=("softmax", ["mul", "-2", ["log", "u"]])),
    "a loss with a hidden void": costed(
        BINARY, "0", FLAT, BOTH,
        loss=("softmax", ["add", ["mul", "-1", ["log", "u"]], void(["add", "u", "-1/2"])])),
    "a margin loss": costed(BINARY, "0", FLAT, BOTH, loss="hinge"),
    "a joint without value": costed(BINARY, B, FLAT, BOTH, at=["mul", X, X, ["pow", X, "-1"]]),
}  # fmt: skip

ALL = [score_piece("-inf", "-1", "down"), score_piece("-1", "1"), score_piece("1", "inf")]


def point(
    loss: Any, claim: Any, beta: str, at: str, least: Any, pieces: Any = ALL, **more: Any
) -> Any:
    proof = {"rule": "margin point", "beta": beta, "point": at,
             "best": {"least": least, "pieces": pieces}}  # fmt: skip
    return make(loss, 2, ("T >=", claim), proof, "violated", **more)


POINTS = {
    "a least risk that is no least": point("hinge", B, "1/2", "0", "3/4"),
    "scores left out in the middle": point("hinge", B, "1/2", "0", "3/4", [
        score_piece("-inf", "0", "down"), score_piece("2", "inf")]),
    "scores up to 1/2 of all": point("hinge", B, "1/2", "0", "3/4", [
        score_piece("-inf", "0", "down"), score_piece("0", "1/2")]),
    "a score that predicts right": point("hinge", B, "1/2", "1/10", "1/2"),
    "a score beyond the bound": point("hinge", ["mul", "1/2", B], "1/2", "-1", "3/4", [
        score_piece("-1/2", "1/2")], bound="1/2"),
    "equality is no violation": point("hinge", B, "1/2", "0", "1/2"),
    "beta below 0": point("hinge", B, "-1/2", "0", "1/2"),
    "beta beyond 1": point("hinge", B, "2", "0", "0"),
    "a claim without a value there": point("hinge", ["add", B, void(["add", B, "-1/2"])], "1/2",
                                           "0", "1/2"),
    "a loss unbounded below": point(("margin", ["mul", "-1", "v"]), "100", "1/2", "0", "0"),
    "a score of -inf": point("hinge", B, "1/2", "-inf", "1/2"),
    "Gamma called violated": {**point("hinge", B, "1/2", "0", "1/2"), "statement": make(
        "hinge", 2, ("Gamma <=", E), {})["statement"]},
}  # fmt: skip

FORGERIES = {f"{kind}: {name}": made for kind, listed in (
    ("Gamma", GAMMA), ("costs", COSTS), ("margin point", POINTS)) for name, made in listed.items()
}  # fmt: skip


def with_method(proof: Any, method: str) -> Any:
    """The proof with one method everywhere."""
    if isinstance(proof, list):
        return [with_method(part, method) for part in proof]
    if not isinstance(proof, dict):
        return proof
    return {k: method if k == "method" else with_method(v, method) for k, v in proof.items()}


@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("method", METHODS)
def test_a_directed_forgery_is_refused(name: str, method: str | None) -> None:
    made = FORGERIES[name]
    proof = made["proof"] if method is None else with_method(made["proof"], method)
    with pytest.raises(Rejected):
        check(sealed({**made, "proof": proof}))


HONEST = {
    "binary costs": costed(BINARY, "0", FLAT, BOTH),
    "costs on [0, 3]": costed([["0", "3"], ["1", "0"]], "0", FLAT, [(0, 1, "3"), (1, 0, "1")]),
    "huge costs": costed([["0", HUGE], [HUGE, "0"]], "0", FLAT, [(0, 1, HUGE), (1, 0, HUGE)]),
    "a dominated prediction": costed(
        [["0", "0"], ["2", "2"]], "0", FLAT, [(1, 0, "2")]),
    "a score that predicts wrong": point("hinge", ["mul", "11/10", B], "1/2", "0", "1/2"),
    "hinge": hinge(E, ONE, beyond("1")),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_what_the_forgeries_resemble_is_accepted(name: str) -> None:
    assert check(HONEST[name]) == HONEST[name]["verdict"]
