"""Bounds of Gamma by supporting lines: right ones hold, wrong ones are refused."""

from __future__ import annotations

from typing import Any

import pytest
import sympy
from forger.build import HINGE, make, piece, sealed

from hconsist.certificates import certify_gamma
from hconsist.checker import Rejected, check
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

HALF = [["mul", "1/2", ["add", "1", "x"]], ["mul", "1/2", ["add", "1", ["mul", "-1", "x"]]]]
SQUARE = ["mul", "1/2", ["pow", "x", "2"]]
ROOT = ["pow", ["mul", "2", "e"], "1/2"]


def line(
    low: str, high: str, witness: Any, reach: Any, method: Any = "algebra:0", at: Any = "x"
) -> Any:
    return {**piece(low, high, witness, method, at), "reach": reach}


FIRST = line("0", "9/10", HALF, "x", ["algebra:0", "balls:1", "balls:2"], SQUARE)
SECOND = line("9/10", "1", ["97/100", "3/100"], "x", ["algebra:0", "balls:0", "balls:0"], SQUARE)


def hinge(claim: Any, pieces: list[Any]) -> dict[str, Any]:
    return make("hinge", 2, ("Gamma <=", claim), {**HINGE, "pieces": pieces})


def logistic(claim: Any, pieces: list[Any]) -> dict[str, Any]:
    proof = {"rule": "pair", "scaling": "0", "pieces": pieces}
    return make("logistic", "any", ("Gamma <=", claim), proof)


def beyond(low: str, method: str = "algebra:1") -> Any:
    return line(low, "inf", None, None, method)


RIGHT = [
    hinge("e", [line("0", "1", "1", "x"), beyond("1")]),
    hinge(["mul", "2", "e"], [line("0", "1/2", "1", ["mul", "2", "x"]), beyond("1/2")]),
    hinge("1", [beyond("0")]),
    hinge("e", [line("0", "1", "1", "x"), line("1", "2", None, None), beyond("2")]),
    make(
        "mae", 3, ("Gamma <=", ["mul", "3", "e"]),
        {"rule": "concave pair",
         "pieces": [line("0", "1/3", None, ["mul", "3", "x"]), beyond("1/3")]},
    ),
]  # fmt: skip


@pytest.mark.parametrize("made", RIGHT)
def test_right_bounds_hold(made: dict[str, Any]) -> None:
    assert check(made) == "holds"


@pytest.mark.parametrize(
    ("spec", "n", "claim", "inverse"),
    [
        ("logistic", 3, "sqrt(2*e)", "b**2/2"),
        ("hinge", 2, "e", "b"),
        ("mae", 3, "3*e", "b/3"),
        ("gce:q=0.5", 10, "2*sqrt(e)", "b**2/4"),
    ],
)
def test_lines_are_found(spec: str, n: int, claim: str, inverse: str) -> None:
    b, e = beta_symbol(), excess_symbol()
    right = sympy.sympify(claim, {"e": e}), sympy.sympify(inverse, {"b": b})
    made = certify_gamma(PointwiseProblem(spec, n_classes=n), *right)
    assert check(made) == made["verdict"] == "holds"
    made["statement"]["claim"]["formula"] = ["mul", "99/100", made["statement"]["claim"]["formula"]]
    with pytest.raises(Rejected):
        check(sealed(made))


def test_lines_that_are_not_there_are_not_found() -> None:
    b, e = beta_symbol(), excess_symbol()
    with pytest.raises(EngineCannotAnswerError):
        certify_gamma(PointwiseProblem("hinge", n_classes=2), e / 2, 2 * b)


HALF_X = ["mul", "1/2", "x"]
FALSE = {
    "a line of slope 1 says no more": hinge(
        ["mul", "1/2", "e"], [line("0", "2", "1", HALF_X), beyond("2")]),
    "a reach above the claim": hinge(
        ["mul", "1/2", "e"], [line("0", "2", "1", "x"), beyond("2")]),
    "nothing beyond 1/2": hinge("e", [line("0", "1/2", "1", "x"), beyond("1/2")]),
    "a gap": hinge(["mul", "1/2", "e"], [line("0", "1/4", "1", "x"), beyond("2")]),
    "a flat line": hinge(["mul", "1/2", "e"], [line("0", "2", "0", HALF_X), beyond("2")]),
    "no last piece": hinge("e", [line("0", "1", "1", "x")]),
    "no piece": hinge("e", []),
    "a last piece with a witness": hinge("e", [line("0", "1", "1", "x"),
                                               line("1", "inf", "1", "x")]),
    "a last piece that runs elsewhere": hinge(
        ["mul", "1/2", "e"],
        [line("0", "1/2", "1", "x"), line("1/2", "inf", None, None, "algebra:0",
                                          ["mul", "4", "x"])]),
    "a claim without a value at 0": hinge(
        ["mul", "e", "e", ["pow", "e", "-1"]], [line("0", "1", "1", "x"), beyond("1")]),
    "a root too small": logistic(["mul", "9/10", ROOT], [FIRST, SECOND, beyond("1/2")]),
    "a last root too small": logistic(
        ["mul", "9/10", ROOT], [{**FIRST, "reach": ["mul", "9/10", "x"]},
                                {**SECOND, "reach": ["mul", "9/10", "x"]}, beyond("1/2")]),
    "theorem C gives no line": make(
        "mae", 3, ("Gamma <=", "e"),
        {"rule": "theorem C", "pieces": [line("0", "1", None, "x"), beyond("1")]}),
    "mae": make("mae", 3, ("Gamma <=", ["mul", "2", "e"]), {
        "rule": "concave pair",
        "pieces": [line("0", "1/2", None, ["mul", "2", "x"]), beyond("1/2")]}),
    "a falling line": hinge("0", [line("0", "1", "-1", "x"), beyond("1")]),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
@pytest.mark.parametrize("method", [None, "algebra:0", "algebra:1", "balls:0", "balls:1"])
def test_wrong_bounds_are_refused(name: str, method: str | None) -> None:
    made = FALSE[name]
    pieces = made["proof"]["pieces"]
    if method:
        pieces = [{**p, "method": method} for p in pieces]
    proof = {**made["proof"], "pieces": pieces}
    s = made["statement"]
    loss = (s["loss"]["kind"], s["loss"]["formula"])
    claim = (s["claim"]["kind"], s["claim"]["formula"])
    with pytest.raises(Rejected):
        check(make(loss, s["classes"], claim, proof))
