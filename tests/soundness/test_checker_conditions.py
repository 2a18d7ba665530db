"""Each condition of each rule of the checker alone: a certificate that is right in everything else
is accepted, and rejected when that one thing is wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from forger.build import HINGE, make, piece, score_piece

from hconsist.checker import Rejected, check, examine

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


RIGHT = {
    "concave pair": concave_pair(),
    "margin": margin_line(),
    "convex point": convex_point(),
    "concave point": concave_point(),
}
WRONG = {
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
