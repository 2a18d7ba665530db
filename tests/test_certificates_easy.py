"""Counterexamples that two labels show, and proofs that a closed form suggests."""

from __future__ import annotations

import pytest

from hconsist.certificates import certify, parse_claim
from hconsist.checker import Rejected, check, digest
from hconsist.pointwise import PointwiseProblem

OWN = "softmax:(1-u)/(1+u)"


@pytest.mark.parametrize(
    ("spec", "n", "claim", "verdict"),
    [
        (OWN, 2, "T >= b**2/2", "violated"),
        (OWN, 3, "T >= b**2/2", "violated"),
        (OWN, 2, "T >= b**2/3", "holds"),
        (OWN, 2, "T >= b**2*3334/10000", "violated"),
        ("softmax:-log(u)+1-u", 3, "T >= 3*b**2", "violated"),
    ],
)
def test_easy_claims_are_settled(spec: str, n: int, claim: str, verdict: str) -> None:
    relation, formula = parse_claim(claim, n)
    made = certify(PointwiseProblem(spec, n_classes=n), relation, formula, time_budget=20)
    assert made["verdict"] == verdict
    assert check(made) is not None


def test_a_forged_counterexample_is_rejected() -> None:
    relation, formula = parse_claim("T >= b**2/2", 3)
    made = certify(PointwiseProblem(OWN, n_classes=3), relation, formula, time_budget=20)
    made["statement"]["claim"]["formula"] = ["mul", "1/3", ["pow", "b", "2"]]
    made.pop("digest")
    with pytest.raises(Rejected):
        check({**made, "digest": digest(made)})
