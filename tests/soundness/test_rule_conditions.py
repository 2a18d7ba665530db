"""Conditions of rules "pools", "theorem X" and "theorem D", each alone: a file in which nothing
else is wrong is refused by both checkers, and accepted where that one thing is right.

The claim is -10 but where the bound itself is asked about, so that no inequality is in the way.
"""

from __future__ import annotations

import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from forger.build import make, piece, sealed  # noqa: E402

import second_checker  # noqa: E402
from hconsist.checker import Rejected, examine  # noqa: E402
from second_checker.signs import Clock  # noqa: E402
from second_checker.spans import Constants, Span  # noqa: E402
from second_checker.trees import minus, neg, q  # noqa: E402

LOG = ["mul", "-1", ["log", "u"]]


def times(t: Any) -> Any:
    return ["mul", "-1", t]


def power(e: str, scale: str = "1", end: str = "0") -> Any:
    """scale (1 - u^e) and end."""
    return ["softmax", ["add", end, ["mul", scale, ["add", "1", times(["pow", "u", e])]]]]


def pools(line: Any, n: Any = 3, e: str = "4/5", claim: Any = "-10", **changes: Any) -> Any:
    loss = changes.pop("loss", power(e))
    pieces = [piece("0", "1", line, "balls:0")]
    proof = {"rule": "pools", "scaling": e, "pieces": pieces}
    return make(loss, n, ("T >=", claim), proof | changes)


def line(formula: Any, a: Any, r: Any, witness: Any = ("3/4", "1/4")) -> Any:
    pieces = [piece("0", "1", list(witness), "balls:0")]
    proof = {"rule": "theorem X", "factors": [a, r], "pieces": pieces}
    return make(("softmax", formula), "any", ("T >=", "-10"), proof)


def ldr(r: str) -> Any:
    """log(1 - r u) - log u: -1/g' is u (1 - r u)."""
    return ["add", ["log", ["add", "1", ["mul", "-1", r, "u"]]], LOG]


def shape(formula: Any, h: Any, bend: str) -> Any:
    methods = ["algebra:0", "algebra:0", "balls:0"][: 2 if bend == "convex" else 3]
    shaped = {"inverse": h, "bend": bend, "methods": methods}
    pieces = [piece("0", "1", ["3/4", "1/4"], "balls:0")]
    proof = {"rule": "theorem D", "shape": shaped, "pieces": pieces}
    return make(("softmax", formula), "any", ("T >=", "-10"), proof)


def bent(r: str) -> Any:
    return ["mul", "u", ["add", "1", ["mul", "-1", r, "u"]]]


def changed(c: Any, **new: Any) -> Any:
    return sealed({**c, "statement": {**c["statement"], **new}})


def above_half(loss: Any, claim: Any) -> Any:
    """A claim for b > 1/2, by the line b/2 - 1/4 times the height of the loss."""
    c = pools(["1/2", "1/4"], claim=["ifle", "b", "1/2", "-10", claim], loss=loss)
    ends = [("0", "1/2"), ("1/2", "1")]
    pieces = [piece(low, high, ["1/2", "1/4"], "balls:1") for low, high in ends]
    return sealed({**c, "proof": {**c["proof"], "pieces": pieces}})


def refuted(proof: Any, witness: Any, bound: str, loss: Any, n: Any = 3) -> Any:
    """T <= bound fails at b = 1."""
    proof = {k: v for k, v in proof.items() if k != "pieces"}
    return make(loss, n, ("T <=", bound), {**proof, "beta": "1", "witness": witness}, "violated")


def gamma(witness: Any) -> Any:
    """Gamma <= 1, which says nothing, by one line up to 1/10."""
    pieces = [
        piece("0", "1/10", witness, "balls:0") | {"reach": "1/2"},
        piece("1/10", "inf", None, "algebra:0") | {"reach": None},
    ]
    proof = {"rule": "pools", "scaling": "4/5", "pieces": pieces}
    return make(power("4/5"), 3, ("Gamma <=", "1"), proof)


BELOW = ["add", ["mul", "1/4", "b"], "-3/20"]
BOUNDED = {"kind": "bounded", "scores": "5"}
TOP = {"kind": "top", "k": 2}
HALF = ["add", "1/2", "u"]
#: u/(1 - u/3), which is convex, and its loss.
UP = ["mul", "u", ["pow", ["add", "1", ["mul", "-1/3", "u"]], "-1"]]
UP_LOSS = ["add", LOG, ["mul", "1/3", "u"]]
LINES = {"rule": "pools", "scaling": "4/5"}
THIRD = ("softmax", ldr("1/3"))
#: (1 - u)/(1 - u).
ONE_BELOW_1 = ["mul", ["add", "1", times("u")], ["pow", ["add", "1", times("u")], "-1"]]
#: The file that is right, and the one that is wrong.
CASES: dict[str, tuple[Any, Any]] = {
    "the pool of two labels": (pools(["1/10", "11/5000"], 3), pools(["1/10", "21/10000"], 3)),
    "two labels in all": (pools(["4/5", "3/8"], 2), pools(["4/5", "37/100"], 2)),
    "the pool of three labels": (pools(["1/2", "53/500"], 3), pools(["1/2", "1/10"], 3)),
    "the pool of four labels": (pools(["3/10", "107/5000"], 4), pools(["3/10", "211/10000"], 4)),
    "the pool of six labels": (pools(["3/10", "57/2000"], 6), pools(["3/10", "17/625"], 6)),
    "a level": (pools(["1/5", "1/4"], claim="-1/3"), pools(["1/5", "1/4"], claim="-1/10")),
    "the loss at 1": (above_half(power("4/5", "1", "5"), BELOW),
                      above_half(power("4/5", "1", "5"), ["add", "b", "-51/100"])),
    "the height of a small loss": (above_half(power("4/5"), BELOW),
                                   above_half(power("4/5", "1/10"), BELOW)),
    "bounded scores": (pools(["1/2", "1/2"]), changed(pools(["1/2", "1/2"]), hypotheses=BOUNDED)),
    "two predicted labels": (pools(["1/2", "1/2"], 4),
                             changed(pools(["1/2", "1/2"], 4), target=TOP)),
    "theorem X: bounded scores": (changed(line(ldr("1/3"), "1", "1/3"), classes=3),
        changed(line(ldr("1/3"), "1", "1/3"), classes=3, hypotheses=BOUNDED)),
    "theorem X: two predicted labels": (changed(line(ldr("1/3"), "1", "1/3"), classes=4),
        changed(line(ldr("1/3"), "1", "1/3"), classes=4, target=TOP)),
    "T <= by a line above the pools": (
        refuted(LINES, ["1/2", "53/500"], "1/10", power("4/5")),
        refuted(LINES, ["1/2", "1/10"], "1/10", power("4/5")),
    ),
    "T <= by a falling line": (
        refuted(LINES, ["1/2", "53/500"], "-10", power("4/5")),
        refuted(LINES, ["-1/2", "53/500"], "-10", power("4/5")),
    ),
    "T <= by values beyond the simplex": (
        refuted(line(ldr("1/3"), "1", "1/3")["proof"], ["3/4", "1/4"], "-10", THIRD),
        refuted(line(ldr("1/3"), "1", "1/3")["proof"], ["3/4", "13/50"], "-10", THIRD),
    ),
    "Gamma by a line above the pools": (gamma(["1/2", "53/500"]), gamma(["1/2", "1/10"])),
    "a negative level": (pools(["1/10", "1/100"]), pools(["0", "-1/1000000"])),
    "a negative slope": (pools(["1/10", "1/100"]), pools(["-1/10", "1/100"])),
    "a scaling of 1/2": (pools(["1/2", "1/2"], e="51/100"), pools(["1/2", "1/2"], e="1/2")),
    "a scaling of 2/5": (pools(["1/2", "1/2"], e="51/100"), pools(["1/2", "1/2"], e="2/5")),
    "a scaling of 1": (pools(["1/2", "1/2"], e="99/100"), pools(["1/2", "1/2"], e="1")),
    "a rising loss": (pools(["1/2", "1/2"]), pools(["1/2", "1/2"], loss=power("4/5", "-1"))),
    "a loss that does not scale": (
        pools(["1/2", "1/2"]), pools(["1/2", "1/2"], loss=power("3/5")),
    ),
    "a constant margin loss": (
        pools(["1/2", "1/2"], 2, loss=("softmax", "1")),
        pools(["1/2", "1/2"], 2, loss=("margin", "1")),
    ),
    "three numbers in a witness": (pools(["1/2", "1/2"]), pools(["1/2", "1/2", "0"])),
    "every number of labels": (pools(["1/2", "1/2"]), pools(["1/2", "1/2"], "any")),
    "a share above 1/2": (line(ldr("1/2"), "1", "1/2"), line(ldr("51/100"), "1", "51/100")),
    "a share below 0": (
        line(ldr("1/100"), "1", "1/100"),
        line(["add", ["log", ["add", "1", ["mul", "1/100", "u"]]], LOG], "1", "-1/100"),
    ),
    "theorem X: a loss without a value at 1": (
        line(ldr("1/3"), "1", "1/3"), line(["add", ldr("1/3"), ONE_BELOW_1], "1", "1/3"),
    ),
    "a factor of another loss": (line(ldr("1/3"), "1", "1/3"), line(ldr("1/3"), "2", "1/3")),
    "a share of another loss": (line(ldr("1/3"), "1", "1/3"), line(ldr("1/3"), "1", "1/4")),
    "theorem D: h is not convex": (
        shape(UP_LOSS, UP, "convex"), shape(ldr("1/5"), bent("1/5"), "convex"),
    ),
    "theorem D: h is not concave": (
        shape(ldr("1/5"), bent("1/5"), "concave"), shape(UP_LOSS, UP, "concave"),
    ),
    "theorem D: h^2 is not convex": (
        shape(ldr("1/5"), bent("1/5"), "concave"), shape(ldr("2/5"), bent("2/5"), "concave"),
    ),
    "theorem D: h is not 0 at 0": (
        shape(LOG, "u", "convex"), shape(times(["log", HALF]), HALF, "convex"),
    ),
    "theorem D: h of another loss": (
        shape(LOG, "u", "convex"), shape(LOG, ["mul", "2", "u"], "convex"),
    ),
}  # fmt: skip


def agree(certificate: Any) -> list[bool]:
    """What the two checkers say."""
    try:
        first = examine(certificate).verdict == certificate["verdict"]
    except Rejected:
        first = False
    return [first, second_checker.check(certificate).agrees]


@pytest.mark.parametrize("name", CASES)
def test_one_condition_alone_decides(name: str) -> None:
    right, wrong = CASES[name]
    assert agree(right) == [True, True]
    assert agree(wrong) == [False, False]


def span(low: Fraction | None, high: Fraction | None) -> Span:
    clock = Clock(time.monotonic() + 20)
    ends = [None if end is None else q(end) for end in (low, high)]
    return Span("x", ends[0], ends[1], Constants(clock), clock)


X: Any = ("var", "x")
#: sqrt(x) - x, concave, and 0 at both ends of [0, 1].
ARCH = minus(("pow", X, Fraction(1, 2)), X)


def test_the_second_checker_takes_chords_of_concave_functions_alone() -> None:
    zero, one = Fraction(0), Fraction(1)
    assert span(zero, one).chord(ARCH)
    assert not span(zero, one).chord(neg(ARCH))  # convex
    assert not span(zero, one).chord(minus(ARCH, q(Fraction(1, 8))))  # below 0 at both ends
    assert not span(zero, Fraction(2)).chord(ARCH)  # at the upper end
    assert not span(zero, one).chord(minus(ARCH, minus(q(1), X)))  # at the lower one
    assert not span(zero, None).chord(ARCH)
    kink: Any = ("max", minus(q(Fraction(1, 2)), X), minus(X, q(Fraction(1, 2))))
    assert not span(zero, one).chord(minus(kink, q(Fraction(1, 2))))  # straight but for a kink
    pole: Any = ("pow", minus(X, q(Fraction(1, 2))), Fraction(-2))
    assert not span(zero, one).chord(neg(minus(q(4), pole)))  # no value at 1/2
    # concave away from a point without a slope
    wedge: Any = ("pow", ("pow", minus(X, q(Fraction(1, 2))), Fraction(2)), Fraction(1, 2))
    assert not span(zero, one).chord(minus(wedge, q(Fraction(1, 2))))


def test_the_second_checker_encloses_constants_on_infinite_intervals_and_nothing_else() -> None:
    root: Any = minus(("pow", q(2), Fraction(1, 2)), ("exp", q(Fraction(1, 3))))
    for prover in (span(Fraction(0), None).prover, span(None, None).prover):
        assert prover.positive(root) and prover.nonneg(root)
        assert not prover.nonneg(neg(root)) and not prover.positive(minus(root, root))
        # by less than is seen
        below_0 = minus(("log", q(2)), ("log", q(2 + Fraction(1, 10**300))))
        assert not prover.positive(("max", q(0), below_0))
        below = minus(("exp", neg(("pow", X, Fraction(2)))), q(Fraction(1, 2)))
        assert not prover.nonneg(below) and not prover.nonneg(neg(below))
