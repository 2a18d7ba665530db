"""Each condition of each rule of the checker alone: a certificate that is right in everything else
is accepted, and rejected when that one thing is wrong.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import flint
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from forger.build import HINGE, make, piece, score_piece

from hconsist.checker import Rejected, check, examine
from hconsist.checker.algebra import Algebra
from hconsist.checker.enclosures import ball
from hconsist.checker.infinity import limit

B = "b"
THIRD = ["mul", "1/3", B]


def concave_pair(
    claim: Any = THIRD, n: int = 3, *pieces: Any, loss: Any = "mae", **changes: Any
) -> dict[str, Any]:
    """T >= b/3 of the MAE at three labels."""
    chosen = list(pieces) or [piece("0", "1", None)]
    return make(loss, n, ("T >=", claim), {"rule": "concave pair", "pieces": chosen}, **changes)


def margin_line(claim: Any = B, *pieces: Any, loss: Any = "hinge", **proof: Any) -> dict[str, Any]:
    """T >= b of the hinge."""
    chosen = list(pieces) or [piece("0", "1", "1")]
    return make(loss, 2, ("T >=", claim), {**HINGE, "pieces": chosen, **proof})


def convex_point(p: Any = ("3/4", "1/4"), point: Any = ("1/2", "1/2"), **changes: Any) -> Any:
    """T(1/2) < 1/2 of the logistic loss: 0.1308."""
    proof = {"rule": "convex point", "beta": "1/2", "p": list(p), "point": list(point)}
    proof["reference"] = list(changes.pop("reference", ("3/4", "1/4")))
    proof |= {"beta": changes.pop("beta", "1/2")}
    loss, claim = changes.pop("loss", "logistic"), changes.pop("claim", B)
    return make(loss, len(p), ("T >=", claim), proof, "violated", **changes)


def concave_point(
    p: Any = ("3/4", "1/4", "0"),
    point: Any = ("1/2", "1/2", "0"),
    loss: Any = "mae",
    claim: Any = B,
) -> Any:
    """T(1/2) < 1/2 of the MAE: 1/4 there."""
    proof = {"rule": "concave point", "beta": "1/2", "p": list(p), "point": list(point)}
    return make(loss, len(p), ("T >=", claim), proof, "violated")


GCE_3_4 = ("softmax", ["mul", "4/3", ["add", "1", ["mul", "-1", ["pow", "u", "3/4"]]]])
HALVES = piece("0", "1", ["1/2", "1/2"])


def scaled(rule: str, loss: Any, n: int | str, scaling: str) -> Any:
    """T >= 0 by equal shares: true, and the loss scales as it says."""
    return make(loss, n, ("T >=", "0"), {"rule": rule, "scaling": scaling, "pieces": [HALVES]})


#: 1 - v on [0, 1], 1 before and 0 after.
RAMP = ("margin", ["add", "1", ["mul", "-1", ["max", "0", "v"]], ["max", "0", ["add", "v", "-1"]]])
SIGMOID = ("margin", ["mul", "2", ["pow", ["add", "1", ["exp", ["mul", "2", "v"]]], "-1"]])
PARABOLA = ("margin", ["pow", ["add", "v", "2"], "2"])


def ramp(claim: Any) -> Any:
    """T >= b of the ramp: its even part is at least 1/2, its value at wrong scores 1."""
    even = {"least": "1/2", "pieces": [score_piece("0", "1"), score_piece("1", "inf")]}
    worse = {"least": "1", "pieces": [score_piece("0", "1"), score_piece("1", "inf")]}
    pieces = [piece("0", "1", "1", "algebra:2")]
    return make(RAMP, 2, ("T >=", claim), {**HINGE, "even": even, "worse": worse, "pieces": pieces})


def at_infinity(bound: str | None) -> Any:
    """T >= b of the sigmoid, by an infinite score; with a bound T is smaller."""
    top = "inf" if bound is None else bound
    parts = {
        key: {"least": "1", "pieces": [score_piece("0", top, "up", method)]}
        for key, method in (("even", "algebra:0"), ("worse", "algebra:1"))
    }
    proof = {**HINGE, **parts, "pieces": [piece("0", "1", "inf")]}
    return make(SIGMOID, 2, ("T >=", B), proof, bound=bound)


def below_the_bound(at: str) -> Any:
    """The best risk of a parabola at b = 1/2 with |v| <= 1/2 is 13/4, at -1/2; at -1 it is 3."""
    best = {"least": "13/4", "pieces": [score_piece("-1/2", "1/2")]}
    proof = {"rule": "margin point", "beta": "1/2", "point": at, "best": best}
    return make(PARABOLA, 2, ("T >=", ["add", B, "-1/4"]), proof, "violated", bound="1/2")


def backwards(claim: Any) -> Any:
    """The second piece runs from 1 down to 1/2: nothing covers (1/3, 1/2)."""
    down = piece("0", "1", None, "algebra:2", ["add", "1", ["mul", "-1/2", "x"]])
    return concave_pair(claim, 3, piece("0", "1/3", None), down)


BUMP = ["ifle", B, "1/3", THIRD, ["ifle", B, "499/1000", "5", THIRD]]
#: -u^2/u, without a value at 0.
VOID = ("softmax", ["mul", "-1", "u", "u", ["pow", "u", "-1"]])

RIGHT = {
    "theorem A": scaled("theorem A", "gce", "any", "1/2"),
    "pair, every n": scaled("pair", "logistic", "any", "0"),
    "pair, ten labels": scaled("pair", "gce", 10, "1/2"),
    "ramp": ramp(B),
    "an infinite score": at_infinity(None),
    "a score at the bound": below_the_bound("-1/2"),
    "concave pair": concave_pair(),
    "margin": margin_line(),
    "convex point": convex_point(),
    "concave point": concave_point(),
}
WRONG = {
    "theorem A, tau of 7/4": scaled("theorem A", GCE_3_4, "any", "3/4"),
    "pair, every n, positive scaling": scaled("pair", "gce", "any", "1/2"),
    "ramp, the two parts exchanged": ramp(["mul", "5/4", B, ["add", "1", ["mul", "-1", B]]]),
    "an infinite score beyond the bound": at_infinity("1/2"),
    "a score beyond the bound": below_the_bound("-1"),
    "concave point, a negative share": concave_point(
        point=("2/3", "2/3", "-1/3"), claim=["mul", "1/5", B]
    ),
    "concave pair, a gap behind a piece that runs down": backwards(BUMP),
    "concave pair, a void at 0": concave_pair("0", loss=VOID),
    "concave pair, claim too large": concave_pair(["mul", "34/100", B]),
    "concave pair, one label more": concave_pair(THIRD, 4),
    "concave pair, a convex loss": concave_pair(["mul", "1/100", B], loss="gce"),
    "concave pair, a rising loss": concave_pair(["mul", "-1", B], loss=("softmax", "u")),
    "concave pair, a loss without a value at 0": concave_pair(
        ["mul", "1/100", B], loss=("softmax", ["add", ["log", "u"], ["mul", "-3", "u"]])
    ),
    "concave pair, a gap": concave_pair(THIRD, 3, piece("0", "1/3", None), piece("1/2", "1", None)),
    "concave pair, it stops early": concave_pair(THIRD, 3, piece("0", "9/10", None)),
    "concave pair, a positive claim at 0": concave_pair(["ifle", B, "0", "1", THIRD]),
    "concave pair, other lemmas": concave_pair(lemmas=["pair lemma"]),
    "margin, claim too large": margin_line(["mul", "11/10", B]),
    "margin, a witness that costs more": margin_line(B, piece("0", "1", "1/2")),
    "margin, a least value too large": margin_line(
        ["mul", "3/2", B], worse={"least": "3/2", "pieces": HINGE["worse"]["pieces"]}
    ),
    "margin, an even part too large": margin_line(
        ["add", B, ["mul", "1/10", ["add", "1", ["mul", "-1", B]]]],
        even={"least": "11/10", "pieces": HINGE["even"]["pieces"]},
    ),
    "margin, scores left out": margin_line(
        even={"least": "1", "pieces": [score_piece("0", "1"), score_piece("2", "inf")]}
    ),
    "margin, scores that stop": margin_line(
        worse={"least": "1", "pieces": [score_piece("0", "1")]}
    ),
    "convex point, no gap": convex_point(point=("3/4", "1/4")),
    "convex point, too small a gap": convex_point(p=("2/3", "1/3")),
    "convex point, masses above 1": convex_point(p=("3/4", "1/2")),
    "convex point, a negative value": convex_point(point=("-1/2", "3/2")),
    "convex point, a poor reference": convex_point(
        reference=("1/100", "99/100"), claim=["mul", "1/2", B]
    ),
    "convex point, beta beyond 1": convex_point(p=("1", "0"), beta="3/2"),
    "convex point, a true claim": convex_point(claim=["mul", "1/8", B]),
    "convex point, a concave loss": convex_point(loss="square", claim=["mul", "3/4", B]),
    "concave point, a true claim": concave_point(claim=["mul", "1/3", B]),
    "concave point, a convex loss": concave_point(loss="gce"),
    "concave point, no gap": concave_point(point=("1", "0", "0")),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_accepted(name: str) -> None:
    assert examine(RIGHT[name]).verdict == RIGHT[name]["verdict"]


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_thing_is_rejected(name: str) -> None:
    with pytest.raises(Rejected):
        check(WRONG[name])


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (concave_pair(["add", THIRD, "1/100"]), "the claim is positive at b = 0"),
        (
            make("mae", 3, ("Gamma <=", "1"), {"rule": "theorem C", "pieces": []}),
            "the bounds of this rule are no lines",
        ),
    ],
)
def test_the_condition_that_failed_is_told(certificate: Any, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        check(certificate)


def test_limits_of_no_form_are_refused() -> None:
    for tree, form in (
        (["mul", "0", "v"], r"0 \* inf"),
        (["mul", ["exp", ["mul", "-1", "v"]], "v"], r"0 \* inf"),
        (["add", "v", ["mul", "-1", "v"]], "inf - inf"),
    ):
        with pytest.raises(Rejected, match=form):
            limit(tree, "v", "inf")
    assert limit(["mul", "-2", "v"], "v", "inf") == "-inf"


def test_enclosures_hold_the_turn_and_refuse_a_pole() -> None:
    ends = [flint.arb(1) / 10, flint.arb(9) / 10]
    found = ball(["xlogx", "u"], u=ends[0].union(ends[1]))
    assert found.contains((-flint.arb(1)).exp() * -1)
    right = ball(["xlogx", "u"], u=(flint.arb(1) / 2).union(ends[1]))
    assert not right.contains((-flint.arb(1)).exp() * -1)
    with pytest.raises(Rejected, match="a division"):
        ball(["pow", "u", "-1"], u=flint.arb(-1).union(flint.arb(1)))


@pytest.mark.parametrize(
    ("low", "tree"),
    [
        ("0", ["add", "x", "-1/2"]),
        ("-1", ["add", "x", "1/2"]),
        ("0", ["add", "1/2", ["mul", "-1", "x"]]),
    ],
)
def test_algebra_shows_no_sign_of_what_changes_it(low: str, tree: Any) -> None:
    form = Algebra(Fraction(low), Fraction(1), tree)
    assert not form.positive and not form.nonnegative
    assert Algebra(Fraction(0), Fraction(1), ["add", "x", "1/2"]).positive
