"""Forgeries found by hand: each is a false statement, or a true one with a false proof, dressed up
to be accepted. Every one that was ever found stays here.
"""

from __future__ import annotations

from typing import Any

import pytest
from forger.build import EXPONENTIAL_LEAST, HINGE, LOSSES, make, piece, score_piece, sealed

from hconsist.checker import Rejected, check

X, B, U = "x", "b", "u"


def one_less(t: Any) -> Any:
    return ["add", "1", ["mul", "-1", t]]


def joint(t: Any) -> Any:
    """(1 - t)/(1 - x): (1 - 1)/(1 - 1) where both are 1; equal to itself as text only."""
    return ["mul", "1", one_less(t), ["pow", one_less(X), "-1"]]


def void(t: Any) -> Any:
    """0 where it has a value, and it has none where t is 0."""
    return ["add", ["mul", t, ["pow", t, "-1"]], "-1"]


#: Pieces that leave out all but two numbers, as in the report that the first checker accepted.
HOLE = [("0", "1", joint("1")), ("1", "2", joint(X))]


def through_hole(witness: Any, method: Any = "algebra:0") -> list[Any]:
    return [piece(a, b, witness, method, at) for a, b, at in HOLE]


def pair(pieces: list[Any], scaling: str | None = "0") -> dict[str, Any]:
    return {"rule": "pair", "scaling": scaling, "pieces": pieces}


HALVES = ["1/2", "1/2"]
OPTIMAL = [["mul", "1/2", ["add", "1", X]], ["mul", "1/2", one_less(X)]]
LOGISTIC = ["add", ["mul", "1/2", ["add", "1", B], ["log", ["add", "1", B]]],
            ["mul", "1/2", ["xlogx", one_less(B)]]]  # fmt: skip

FALSE_CLAIMS: dict[str, dict[str, Any]] = {
    # The report's own file, and the others that it names.
    "logistic T <= b^10": make("logistic", 3, ("T <=", ["pow", B, "10"]),
                               {"rule": "tangent", "pieces": through_hole("1/2")}),
    "hinge T >= sqrt b": make("hinge", 2, ("T >=", ["pow", B, "1/2"]),
                              {**HINGE, "pieces": through_hole("1")}),
    "mae T >= b/3 + 100 b (b - 1/20)(1 - b)": make(
        "mae", 3,
        ("T >=", ["add", ["mul", "1/3", B],
                  ["mul", "100", B, ["add", B, "-1/20"], one_less(B)]]),
        {"rule": "concave pair", "pieces": through_hole(None)}),
    "logistic T >= b (1 - b)": make("logistic", "any", ("T >=", ["mul", B, one_less(B)]),
                                    pair(through_hole(HALVES))),
    # Joints without a value, in other clothes.
    "joint of two poles": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "1", "1", at=["mul", X, one_less(X), ["pow", one_less(X),
                                                                            "-1"]])]}),
    "joint of log 0": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "1", "1", at=["mul", "0", ["log", X]]),
                            piece("0", "1", "1", at=["add", "1", ["mul", "0", ["log", X]]])]}),
    "a jump between": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "1", "1", at="0"), piece("0", "1", "1", at="1")]}),
    "one end only": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "1", "1", at="0")]}),
    "a pole inside": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "1", "1", at=["mul", "-1", "1/2", ["add", "1", [
            "mul", "1/2", ["pow", ["add", X, "-1/2"], "-1"]]]])]}),
    # Claims without a value somewhere, or false at one number.
    "false at 0 alone": make("hinge", 2, ("T >=", ["ifle", B, "0", "5", B]),
                             {**HINGE, "pieces": [piece("0", "1", "1")]}),
    "false up to 1/2": make(
        "hinge", 2, ("T >=", ["ifle", B, "1/2", ["mul", "2", B], B]),
        {**HINGE, "pieces": [piece("0", "1/2", "1"), piece("1/2", "1", "1")]}),
    "claim with a pole at 1": make(
        "hinge", 2, ("T >=", ["mul", B, one_less(B), ["pow", one_less(B), "-1"]]),
        {**HINGE, "pieces": [piece("0", "1", "1")]}),
    "claim 0 log 0": make(
        "hinge", 2, ("T >=", ["add", B, ["mul", one_less(B), ["log", one_less(B)]]]),
        {**HINGE, "pieces": [piece("0", "1", "1")]}),
    "claim with a void": make("hinge", 2, ("T >=", ["add", B, void(["add", B, "-1/2"])]),
                              {**HINGE, "pieces": [piece("0", "1", "1")]}),
    # Domains.
    "negative base": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "1", ["add", "1", ["mul", "0", ["pow", ["add", X, "-2"],
                                                                       "1/2"]]])]}),
    "log of two negatives": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "1", "1", at=["add", X, ["log", ["mul", ["add", X, "-2"],
                            ["add", X, "-2"], ["pow", ["add", X, "-2"], "-2"]]], X])]}),
    "even root of a square": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("-1", "1", "1", at=["pow", ["pow", X, "2"], "1/2"])]}),
    "downwards": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "-1", "1", at=["mul", "-1", X])]}),
    "infinite end": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "pieces": [piece("0", "inf", "1")]}),
    # Witnesses.
    "witness off the simplex": make("logistic", 3, ("T >=", B),
                                    pair([piece("0", "1", ["1", "1"])])),
    "negative witness": make("logistic", 3, ("T >=", B), pair([piece("0", "1", ["2", "-1"])])),
    "tangent outside": make("logistic", 3, ("T <=", "0"),
                            {"rule": "tangent", "pieces": [piece("0", "1", "2")]}),
    "score beyond the bound": make("hinge", 2, ("T >=", B), {
        "rule": "margin", "pieces": [piece("0", "1", "1")],
        "even": {"least": "1", "pieces": [score_piece("0", "1/2")]},
        "worse": {"least": "1", "pieces": [score_piece("0", "1/2")]}}, bound="1/2"),
    "infinite score under a bound": make("hinge", 2, ("T >=", B), {
        "rule": "margin", "pieces": [piece("0", "1", "inf")],
        "even": {"least": "1", "pieces": [score_piece("0", "1/2")]},
        "worse": {"least": "1", "pieces": [score_piece("0", "1/2")]}}, bound="1/2"),
    # Least values that are none.
    "scores left out": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        "rule": "margin", "pieces": [piece("0", "1", "1")],
        "even": {"least": "1", "pieces": [score_piece("0", "1"), score_piece("1", "inf")]},
        "worse": {"least": "2", "pieces": [score_piece("1", "inf")]}}),
    "scores that stop": make("hinge", 2, ("T >=", ["mul", "3", B]), {
        "rule": "margin", "pieces": [piece("0", "1", "1")],
        "even": {"least": "1", "pieces": [score_piece("0", "1")]},
        "worse": {"least": "1", "pieces": [score_piece("0", "1")]}}),
    "a least value too large": make("hinge", 2, ("T >=", ["mul", "2", B]), {
        **HINGE, "worse": {"least": "2", "pieces": HINGE["even"]["pieces"]},
        "pieces": [piece("0", "1", "1")]}),
    "no least value of a loss with the wrong slope": make(
        ("margin", ["max", "0", ["add", "1", "v"]]), 2, ("T >=", B),
        {**HINGE, "pieces": [piece("0", "1", "1")]}),
    # Conditions of lemmas.
    "theorem A beyond 3/2": make(
        ("softmax", ["add", "4/3", ["mul", "-4/3", ["pow", U, "3/4"]]]), 10,
        ("T >=", ["mul", "1/4", ["pow", B, "2"]]),
        {"rule": "theorem A", "scaling": "3/4",
         "pieces": [piece("0", "1", OPTIMAL, "balls:2")]}),
    "pair with e > 0 for every n": make(
        "gce", "any", ("T >=", ["mul", "1/8", ["pow", B, "2"]]),
        pair([piece("0", "1", OPTIMAL, "balls:2")], "1/2")),
    "a scaling that is none": make(
        "gce", 3, ("T >=", ["mul", "1/4", ["pow", B, "2"]]),
        pair([piece("0", "1", OPTIMAL, "balls:2")], "0")),
    "pair for a concave loss": make("square", 3, ("T >=", B), pair([piece("0", "1", ["1", "0"])])),
    "theorem C for a convex loss": make("logistic", 3, ("T >=", "0"), {
        "rule": "theorem C", "pieces": [piece("0", "1", None)]}),
    "concave pair for every n": make("mae", "any", ("T >=", ["mul", "1/3", B]), {
        "rule": "concave pair", "pieces": [piece("0", "1", None)]}),
    "concave pair of fewer labels": make("mae", 4, ("T >=", ["mul", "1/3", B]), {
        "rule": "concave pair", "pieces": [piece("0", "1", None)]}),
    "a loss with a pole in (0, 1)": make(
        ("softmax", ["pow", ["add", U, "-1/2"], "-1"]), 2, ("T >=", B),
        pair([piece("0", "1", ["1", "0"])], None)),
    "a loss that hides where it has no value": make(
        ("softmax", ["add", ["mul", "-1", ["log", U]],
                     ["mul", "0", ["log", ["add", U, "-1/2"]]]]), 2, ("T >=", "0"),
        pair([piece("0", "1", HALVES)], None)),
    "a rising loss": make(("softmax", ["pow", U, "2"]), 2, ("T >=", "0"),
                          pair([piece("0", "1", HALVES)], None)),
    "a loss with a kink, declared convex": make(
        ("softmax", ["max", ["mul", "-1", U], ["add", "-1", U]]), 2, ("T >=", "0"),
        pair([piece("0", "1", HALVES)], None)),
    "a margin loss with a jump": make(
        ("margin", ["ifle", "v", "0", "1", "0"]), 2, ("T >=", B),
        {**HINGE, "pieces": [piece("0", "1", "1")]}),
    "a margin loss with a pole": make(
        ("margin", ["pow", ["add", "v", "-1"], "-2"]), 2, ("T >=", B), {
            "rule": "margin", "pieces": [piece("0", "1", "0")],
            "even": {"least": "0", "pieces": [score_piece("0", "inf")]},
            "worse": {"least": "0", "pieces": [score_piece("0", "inf")]}}),
    "a margin loss without a value at 0": make(
        ("margin", ["add", ["exp", ["mul", "-1", "v"]], void("v")]), 2, ("T >=", "0"), {
            "rule": "margin", "pieces": [piece("0", "1", "1")],
            "even": {"least": "1", "pieces": EXPONENTIAL_LEAST},
            "worse": {"least": "1", "pieces": [score_piece("0", "inf", "up", "algebra:1")]}}),
    # True claims called violated.
    "true claim, target regret too small": make(
        "logistic", 3, ("T >=", ["mul", "1/2", ["pow", B, "2"]]),
        {"rule": "convex point", "beta": "1/2", "p": ["1/3", "1/3", "1/3"],
         "point": ["1/3", "1/3", "1/3"], "reference": ["1/3", "1/3", "1/3"]}, "violated"),
    "true claim, p off the simplex": make(
        "logistic", 3, ("T >=", ["mul", "1/2", ["pow", B, "2"]]),
        {"rule": "convex point", "beta": "1/2", "p": ["1", "1/2", "-1/2"],
         "point": ["1/2", "1/2", "0"], "reference": ["1", "0", "0"]}, "violated"),
    "true claim, reference off the simplex": make(
        "logistic", 3, ("T >=", ["mul", "1/2", ["pow", B, "2"]]),
        {"rule": "convex point", "beta": "1/2", "p": ["3/4", "1/4", "0"],
         "point": ["1/2", "1/2", "0"], "reference": ["3", "1", "-3"]}, "violated"),
    "true claim, fewer labels": make(
        "mae", 4, ("T >=", ["mul", "1/4", B]),
        {"rule": "concave point", "beta": "1/2", "p": ["3/4", "1/4"], "point": ["1/2", "1/2"]},
        "violated"),
    "true claim, prediction of the best label": make(
        "logistic", 2, ("T >=", ["mul", "1/2", ["pow", B, "2"]]),
        {"rule": "convex point", "beta": "1/2", "p": ["3/4", "1/4"], "point": ["3/4", "1/4"],
         "reference": ["3/4", "1/4"]}, "violated"),
    "true claim, wrong score": make(
        "hinge", 2, ("T >=", B),
        {"rule": "margin point", "beta": "1/2", "point": "1",
         "best": {"least": "0", "pieces": [score_piece("-inf", "-1", "down"),
                                           score_piece("-1", "1"), score_piece("1", "inf")]}},
        "violated"),
    "true claim, least risk of some scores only": make(
        "hinge", 2, ("T >=", B),
        {"rule": "margin point", "beta": "1/2", "point": "0",
         "best": {"least": "1", "pieces": [score_piece("-1", "0")]}}, "violated"),
    "true claim T <=, at a joint without value": make(
        "logistic", 3, ("T <=", ["add", "1", void(["add", B, "-1/2"])]),
        {"rule": "pair", "scaling": "0", "beta": "1/2", "witness": ["3/4", "1/4"]}, "violated"),
    "true claim T <=, witness off the simplex": make(
        "logistic", 3, ("T <=", B),
        {"rule": "pair", "scaling": "0", "beta": "1/2", "witness": ["2", "1"]}, "violated"),
    "beta beyond 1": make(
        "hinge", 2, ("T <=", "1"), {**HINGE, "beta": "2", "witness": "1"}, "violated"),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE_CLAIMS)
def test_a_forgery_is_rejected(name: str) -> None:
    with pytest.raises(Rejected):
        check(FALSE_CLAIMS[name])


@pytest.mark.parametrize("name", FALSE_CLAIMS)
@pytest.mark.parametrize(
    "method", ["algebra:1", "algebra:2", "balls:0", "balls:1", "balls:2", "balls:6"]
)
def test_no_method_makes_a_forgery_right(name: str, method: str) -> None:
    made = FALSE_CLAIMS[name]
    pieces = [{**p, "method": method} for p in made["proof"].get("pieces", [])]
    with pytest.raises(Rejected):
        check(
            sealed({**made, "proof": {**made["proof"], **({"pieces": pieces} if pieces else {})}})
        )


HONEST = {
    "hinge": make("hinge", 2, ("T >=", B), {**HINGE, "pieces": [piece("0", "1", "1")]}),
    "logistic, exact": make("logistic", "any", ("T >=", LOGISTIC),
                            pair([piece("0", "1", OPTIMAL)])),
    "logistic, exact, above": make("logistic", "any", ("T <=", LOGISTIC), {
        "rule": "tangent", "pieces": [piece("0", "1", OPTIMAL[0])]}),
    "mae": make("mae", 3, ("T >=", ["mul", "1/3", B]), {
        "rule": "concave pair", "pieces": [piece("0", "1", None)]}),
    "cases": make("hinge", 2, ("T >=", ["ifle", B, "1/2", "0", B]), {
        **HINGE, "pieces": [piece("0", "1/2", "1"), piece("1/2", "1", "1")]}),
    "least squares' limit": make("exponential", 2, ("T >=", "0"), {
        "rule": "margin", "pieces": [piece("0", "1", "0")],
        "even": {"least": "1", "pieces": EXPONENTIAL_LEAST},
        "worse": {"least": "1", "pieces": [score_piece("0", "inf", "up", "algebra:1")]}}),
    "mae violated": make("mae", 3, ("T >=", B), {
        "rule": "concave point", "beta": "1/3", "p": ["2/3", "1/3", "0"],
        "point": ["1/2", "1/2", "0"]}, "violated"),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_files_that_forgeries_resemble_are_accepted(name: str) -> None:
    assert check(HONEST[name]) == HONEST[name]["verdict"]


def test_every_loss_of_the_forger_is_named() -> None:
    assert {kind for kind, _ in LOSSES.values()} == {"softmax", "margin"}
