"""Cross-entropy with a cost matrix: right claims hold, forgeries are refused."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from forger.build import sealed

from hconsist.certificates.plugin import certify_costs
from hconsist.checker import Rejected, check
from hconsist.errors import EngineCannotAnswerError

COSTS = {
    "zero-one": [[Fraction(i != j) for j in range(3)] for i in range(3)],
    "ordinal": [[Fraction(abs(i - j)) for j in range(3)] for i in range(3)],
    "reject": [*([Fraction(i != j) for j in range(3)] for i in range(3)), [Fraction(1, 4)] * 3],
}
#: T is at least c b^2, by the range of cost differences: c = 2/(a + g)^2.
CONSTANTS = {"zero-one": Fraction(1, 2), "ordinal": Fraction(1, 8), "reject": Fraction(1, 2)}


def claim(c: Fraction) -> Any:
    return ["mul", str(c), ["pow", "b", "2"]]


@functools.cache
def certified(name: str) -> dict[str, Any]:
    return certify_costs(COSTS[name], claim(CONSTANTS[name]))


@pytest.mark.parametrize("name", COSTS)
def test_right_claims_hold(name: str) -> None:
    assert check(certified(name)) == "holds"
    assert certified(name)["lemmas"] == ["plug-in lemma"]


@pytest.mark.parametrize("name", COSTS)
def test_the_claims_are_true_by_brute_force(name: str) -> None:
    """KL(p; q) at random p and q, against the claim at the target regret of what q predicts."""
    r, costs = np.random.default_rng(5), np.array(COSTS[name], dtype=float)
    for _ in range(4000):
        p, q = r.dirichlet([0.6] * 3), r.dirichlet([0.6] * 3)
        expected = costs @ q
        regret = (costs @ p)[int(expected.argmin())] - (costs @ p).min()
        divergence = float(np.sum(p * np.log(np.maximum(p, 1e-300) / np.maximum(q, 1e-300))))
        assert divergence >= float(CONSTANTS[name]) * regret**2 - 1e-9


@pytest.mark.parametrize("name", ["zero-one", "ordinal"])
def test_a_larger_constant_is_not_found(name: str) -> None:
    """It is false: T is kl((1 + b/g)/2; 1/2), that is c b^2 to second order."""
    b, g = 0.1, 1.0 if name == "zero-one" else 2.0
    u = (1 + b / g) / 2
    exact = u * math.log(2 * u) + (1 - u) * math.log(2 - 2 * u)
    larger = CONSTANTS[name] * Fraction(51, 50)
    assert exact < float(larger) * b**2
    with pytest.raises(EngineCannotAnswerError):
        certify_costs(COSTS[name], claim(larger))


def pieces_of(c: dict[str, Any]) -> list[dict[str, Any]]:
    return [p for pair in c["proof"]["pairs"] for p in pair["pieces"]]


def each_piece(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def on_all(c: dict[str, Any]) -> None:
        for p in pieces_of(c):
            change(p)

    return on_all


def weights(value: str) -> Callable[[dict[str, Any]], None]:
    return each_piece(lambda p: p["witness"].update(weights=[value] * len(p["witness"]["weights"])))


FORGERIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a larger claim": lambda c: c["statement"]["claim"].update(formula=claim(Fraction(3, 5))),
    "false at 0": lambda c: c["statement"]["claim"].update(formula=["add", claim(Fraction(1, 2)),
                                                                    "1/1000"]),
    "another loss": lambda c: c["statement"]["loss"].update(
        formula=["mul", "-1/2", ["log", "u"]]),
    "a loss equal on part": lambda c: c["statement"]["loss"].update(
        formula=["max", ["mul", "-1", ["log", "u"]], "1"]),
    "larger costs": lambda c: c["statement"]["target"].update(
        matrix=[[str(3 * Fraction(x)) for x in row] for row in c["statement"]["target"]["matrix"]]),
    "one more prediction": lambda c: c["statement"]["target"]["matrix"].append(["1/8"] * 3),
    "the same prediction twice": lambda c: c["statement"]["target"]["matrix"].append(
        c["statement"]["target"]["matrix"][0]),
    "a pair left out": lambda c: c["proof"]["pairs"].pop(),
    "a pair twice": lambda c: c["proof"]["pairs"].__setitem__(1, c["proof"]["pairs"][0]),
    "pairs the other way round": lambda c: [
        p.update(predicted=p["best"], best=p["predicted"]) for p in c["proof"]["pairs"]],
    "a piece left out": lambda c: c["proof"]["pairs"][2]["pieces"].pop(0),
    "negative weights": weights("-1"),
    "no weights": weights("0"),
    "large weights": weights("1000"),
    "a level too small": each_piece(lambda p: p["witness"].update(level="1")),
    "a level of 0": each_piece(lambda p: p["witness"].update(level="0")),
    "a negative slope": each_piece(lambda p: p["witness"].update(slope=["mul", "-1", "x"])),
    "a steep slope": each_piece(lambda p: p["witness"].update(slope="100")),
    "fewer labels": lambda c: c["statement"].update(classes=2),
    "every number of labels": lambda c: c["statement"].update(classes="any"),
    "zero-one by name": lambda c: c["statement"].update(target={"kind": "zero-one"}),
    "the rule of a pair": lambda c: c["proof"].update(rule="pair"),
    "other lemmas": lambda c: c.update(lemmas=[]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused(name: str) -> None:
    for target in ("zero-one", "ordinal"):
        made = copy.deepcopy(certified(target))
        FORGERIES[name](made)
        with pytest.raises(Rejected):
            check(sealed(made))
