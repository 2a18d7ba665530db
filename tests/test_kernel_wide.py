"""Bounded softmax values, several predicted labels, gaps, Gamma violated, losses by their shape:
honest files hold, and each condition forged is refused, by both checkers.
"""

from __future__ import annotations

import functools
import json
import math
import random
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forger import gaps, truth
from forger.build import sealed

from hconsist.certificates import certify_claim, certify_gap, parse_gap_claim, pools, read_inputs
from hconsist.checker import Rejected, check, examine
from hconsist.cli.check import _check_spec
from hconsist.distributions import Finite
from hconsist.errors import EngineCannotAnswerError, HconsistError, InvalidInputError
from hconsist.exports import smt_script
from hconsist.pointwise import PointwiseProblem

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import second_checker  # noqa: E402

FILES = {f.stem: f for f in sorted((ROOT / "certificates" / "wide").glob("*.json"))}


@functools.cache
def text(name: str) -> str:
    return FILES[name].read_text(encoding="utf-8")


def made(name: str) -> dict[str, Any]:
    return json.loads(text(name))  # type: ignore[no-any-return]


def accepted(c: dict[str, Any]) -> bool:
    try:
        return examine(c, seconds=20.0).verdict == c["verdict"]
    except Rejected:
        return False


@pytest.mark.parametrize("name", FILES)
def test_files_kept_show_their_verdict(name: str) -> None:
    c = made(name)
    assert check(c) == c["verdict"] == ("violated" if "violated" in name else "holds")
    _check_spec(c["statement"], FILES[name])
    if not c["statement"]["claim"]["kind"].startswith("gap"):
        assert not truth.is_false(c["statement"], True) or "violated" in name
    elif c["statement"]["loss"]["kind"] != "scores":
        assert not truth.gap_is_false(c["statement"])


def piece_of(c: dict[str, Any]) -> dict[str, Any]:
    return c["proof"]["pieces"][-1]  # type: ignore[no-any-return]


def proof(**new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda c: c["proof"].update(new)


def stated(**new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda c: c["statement"].update(new)


def claimed(**new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda c: c["statement"]["claim"].update(new)


def pieces(**new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda c: [p.update(new) for p in c["proof"]["pieces"]]  # type: ignore[func-returns-value]


def bounded(b: str) -> dict[str, Any]:
    return {"kind": "bounded", "scores": b}


def first(key: str, **new: Any) -> Callable[[dict[str, Any]], None]:
    return lambda c: c["proof"][key][0].update(new)


HALF_X = ["mul", "1/2", "x"]
ONE_MORE = ["add", "1", ["pow", "e", "1/2"]]
ALL_TOP: dict[str, Any] = {
    "a larger claim": claimed(formula=["mul", "11/10", "b"]),
    "three labels": stated(target={"kind": "top", "k": 3}),
    "as many as there are": stated(target={"kind": "top", "k": 4}),
    "one label, as several": stated(target={"kind": "top", "k": 1}),
    "k is true": stated(target={"kind": "top", "k": True}),
    "every number of labels": stated(classes="any"),
    "bounded scores": stated(hypotheses=bounded("3")),
    "a margin loss": lambda c: c["statement"]["loss"].update(kind="margin"),
}
#: Changes of a file, each of one condition of its rule.
FORGERIES: dict[str, dict[str, Any]] = {
    "top-2-logistic": {
        **{k: v for k, v in ALL_TOP.items() if k not in ("three labels",)},
        "witness beyond the simplex": pieces(witness=["1", "1"]),
        "a negative witness": pieces(witness=["2", "-1"]),
        "a scaling that is none": proof(scaling="-1"),
        "a scaling above 0": proof(scaling="1/2"),
        "another rule": proof(rule="pair"),
        "a rule of one label": lambda c: (proof(rule="theorem A", scaling="1/2")(c),
                                          c.update(lemmas=["pooling lemma", "theorem A"])),
        "another loss": lambda c: c["statement"]["loss"].update(
            formula=["add", "1", ["mul", "-1", "u"]]),
        "costs": stated(target={"kind": "costs", "matrix": [["0"] * 4, ["1"] * 4]}),
        "bounded swap": proof(rule="bounded swap"),
    },
    "top-2-logistic-below": {
        "fewer labels than two groups": stated(classes=3),
        "a smaller claim": lambda c: claimed(
            formula=["mul", "9/10", c["statement"]["claim"]["formula"]])(c),
        "three labels": stated(target={"kind": "top", "k": 3}),
        "one label": stated(target={"kind": "zero-one"}),
        "a witness outside": pieces(witness=["2", "1"]),
        "bounded scores": stated(hypotheses=bounded("1")),
        "rule tangent": proof(rule="tangent"),
        "a point without value": pieces(witness=["0", "0"]),
    },
    "top-2-logistic-gamma": {
        "a smaller claim": claimed(formula=["pow", "e", "1/2"]),
        "bounded scores": stated(hypotheses=bounded("1")),
        "no reach": pieces(reach=None),
        "rule pair": lambda c: (proof(rule="pair")(c), c.update(lemmas=["pair lemma",
                                                                        "pooling lemma"])),
    },
    "top-2-logistic-violated": {
        "a true claim": claimed(formula=["mul", "1/2", ["pow", "b", "2"]]),
        "a larger beta": proof(beta="1"),
        "one label at the point": proof(point=["1", "0", "0", "0"]),
        "the best set": proof(point=["1/2", "1/2", "0", "0"]),
        "off the simplex": proof(p=["1", "1", "-1", "0"]),
        "bounded scores": stated(hypotheses=bounded("1")),
        "three labels": stated(target={"kind": "top", "k": 3}),
    },
    "bounded-logistic": {
        "a larger claim": claimed(formula=["mul", "3/5", ["pow", "b", "2"]]),
        "a smaller bound": stated(hypotheses=bounded("1/2")),
        "three labels": lambda c: (stated(classes=3)(c), proof(scaling="0")(c)),
        "a score beyond the bound": lambda c: piece_of(c).update(witness="3"),
        "a negative score": lambda c: piece_of(c).update(witness="-1"),
        "rule swap": proof(rule="swap"),
        "rule pair": lambda c: (proof(rule="pair")(c), c.update(lemmas=["pair lemma",
                                                                        "pooling lemma"])),
        "several labels": stated(target={"kind": "top", "k": 2}),
        "every number of labels": stated(classes="any"),
        "no scaling of two labels": proof(scaling="0"),
    },
    "bounded-logistic-three": {
        "a larger claim": claimed(formula=["max", "0", ["add", "b", "-2/5"]]),
        "more labels": stated(classes=30),
        "a smaller bound": stated(hypotheses=bounded("1")),
        "the whole difference": pieces(witness="4"),
        "all scores": stated(hypotheses={"kind": "complete"}),
        "no scaling": proof(scaling=None),
        "another scaling": proof(scaling="-1"),
    },
    "bounded-logistic-three-below": {
        "a smaller claim": claimed(formula=["mul", "3/5", "b"]),
        "a tiny claim": claimed(formula=["mul", "1/100", "b"]),
        "a larger bound": stated(hypotheses=bounded("10")),
        "all scores": stated(hypotheses={"kind": "complete"}),
        "two corners": lambda c: [p.update(method=p["method"][:2]) for p in c["proof"]["pieces"]],
        "a witness outside": pieces(witness=["2", "1/2"]),
    },
    "bounded-logistic-violated": {
        "a true claim": claimed(formula=["mul", "9/20", ["pow", "b", "2"]]),
        "a level above": proof(level="-9/10"),
        "a point beyond the bound": proof(point=["1/10", "9/10"]),
        "a share 0": proof(point=["0", "1"]),
        "all scores": stated(hypotheses={"kind": "complete"}),
        "rule convex point": lambda c: (proof(rule="convex point")(c), c["proof"].pop("level")),
        "a larger beta": proof(beta="1"),
        "another prediction": proof(point=["3/5", "2/5"]),
    },
    "logistic-gamma-violated": {
        "a true claim": claimed(formula=["pow", ["mul", "2", "e"], "1/2"]),
        "a smaller excess": lambda c: proof(
            excess=str(Fraction(c["proof"]["excess"]) * Fraction(9, 10)))(c),
        "a negative excess": proof(excess="-1"),
        "an excess by a number": proof(excess=1),
        "a share above 1": proof(share="2"),
        "a share of 0": proof(share="0"),
        "a larger beta": proof(beta="9/10"),
        "beta beyond 1": proof(beta="2"),
        "no share": lambda c: c["proof"].pop("share"),
        "every number of labels": stated(classes="any"),
        "a claim without a value": claimed(formula=["mul", "0", ["log", ["add", "e", "-1"]]]),
        "bounded scores": stated(hypotheses=bounded("1/10")),
        "costs": stated(target={"kind": "costs", "matrix": [["0", "1", "1"], ["1", "0", "1"]]}),
    },
    "mae-gamma-violated": {
        "a true claim": claimed(formula=["mul", "3", "e"]),
        "a true claim, and a large share": lambda c: (
            claimed(formula=["mul", "3", "e"])(c), proof(share="1", excess="1/2")(c)),
    },
    "hinge-gamma-violated": {
        "a true claim": claimed(formula="e"),
        "a least risk too large": lambda c: c["proof"]["best"].update(least="1"),
        "a score that predicts the other": proof(point="1"),
    },
    "ldr-margin-every-n": {
        "a larger claim": claimed(formula=["mul", "2/3", ["pow", "b", "2"]]),
        "another h": lambda c: c["proof"]["shape"].update(inverse="u"),
        "h is convex": lambda c: c["proof"]["shape"].update(bend="convex", methods=["balls:0"] * 2),
        "fewer methods": lambda c: c["proof"]["shape"].update(methods=["balls:0"] * 2),
        "another loss": lambda c: c["statement"]["loss"].update(
            formula=["add", "2", ["mul", "-2", ["pow", "u", "1/2"]]]),
        "a rising loss": lambda c: c["statement"]["loss"].update(formula=["log", "u"]),
        "several labels": lambda c: (stated(target={"kind": "top", "k": 2})(c),
                                     stated(classes=4)(c)),
        "bounded scores": lambda c: (stated(hypotheses=bounded("2"))(c), stated(classes=3)(c)),
        "no lemma": lambda c: c.update(lemmas=[]),
        "a witness beyond the simplex": pieces(witness=["1", "1"]),
    },
    "ldr-larger-margin": {
        "a larger claim": claimed(formula=["mul", "6/7", ["pow", "b", "2"]]),
        "another factor": lambda c: c["proof"]["factors"].__setitem__(0, "2"),
        "a share above 1/2": lambda c: (
            c["proof"].update(factors=["4", "3/4"]),
            c["statement"]["loss"].update(formula=["mul", "1/4", ["log", ["add", ["mul", "4", [
                "pow", "u", "-1"]], "-3"]]]))[0],
        "a negative share": lambda c: c["proof"]["factors"].__setitem__(1, "-1/2"),
        "a factor in u": lambda c: c["proof"]["factors"].__setitem__(0, "u"),
        "a third factor": lambda c: c["proof"]["factors"].append("0"),
        "another loss": lambda c: c["statement"]["loss"].update(
            formula=["add", "2", ["mul", "-2", ["pow", "u", "1/2"]]]),
        "a rising loss": lambda c: c["statement"]["loss"].update(formula=["log", "u"]),
        "several labels": lambda c: (stated(target={"kind": "top", "k": 2})(c),
                                     stated(classes=4)(c)),
        "bounded scores": lambda c: (stated(hypotheses=bounded("2"))(c), stated(classes=3)(c)),
        "no lemma": lambda c: c.update(lemmas=[]),
        "rule pair": lambda c: (proof(rule="pair")(c), c.update(lemmas=["pair lemma",
                                                                        "pooling lemma"])),
        "a witness beyond the simplex": pieces(witness=["1", "1"]),
    },
    "pools": {
        "a larger claim": lambda c: claimed(
            formula=["mul", "1001/1000", c["statement"]["claim"]["formula"]])(c),
        "every number of labels": stated(classes="any"),
        "no level": lambda c: [p["witness"].__setitem__(1, "0") for p in c["proof"]["pieces"]],
        "a lower level": lambda c: [p["witness"].__setitem__(1, ["mul", "9/10", p["witness"][1]])
                                    for p in c["proof"]["pieces"]],
        "a falling line": pieces(witness=["-1", "0"]),
        "a line and more": pieces(witness=["1/2", "1/4", "0"]),
        "another scaling": proof(scaling="3/4"),
        "a scaling of theorem A": proof(scaling="1/2"),
        "a scaling of theorem C": proof(scaling="1"),
        "fewer methods": lambda c: [p["method"].pop() for p in c["proof"]["pieces"]],
        "another loss": lambda c: c["statement"]["loss"].update(
            formula=["add", "2", ["mul", "-2", ["pow", "u", "1/2"]]]),
        "a loss without a value at 0": lambda c: c["statement"]["loss"].update(
            formula=["mul", "-5/4", ["pow", "u", "9/5"], ["pow", "u", "-1"]]),
        "a rising loss": lambda c: c["statement"]["loss"].update(formula=["pow", "u", "4/5"]),
        "rule theorem A": lambda c: (proof(rule="theorem A")(c),
                                     c.update(lemmas=["pooling lemma", "theorem A"])),
        "rule pair": lambda c: (proof(rule="pair")(c), c.update(lemmas=["pair lemma",
                                                                        "pooling lemma"])),
        "bounded scores": stated(hypotheses=bounded("1")),
        "several labels": lambda c: (stated(target={"kind": "top", "k": 2})(c),
                                     stated(classes=4)(c)),
        "no lemma": lambda c: c.update(lemmas=[]),
    },
    "pools-gamma": {
        "a smaller claim": lambda c: claimed(
            formula=["mul", "999/1000", c["statement"]["claim"]["formula"]])(c),
        "no level": lambda c: [p["witness"].__setitem__(1, "0") for p in c["proof"]["pieces"]
                               if p["witness"]],
        "bounded scores": stated(hypotheses=bounded("1")),
        "rule theorem A": lambda c: (proof(rule="theorem A")(c),
                                     c.update(lemmas=["pooling lemma", "theorem A"])),
    },
    "gap-logistic": {
        "a smaller claim": claimed(formula="9/25"),
        "the other side": claimed(kind="gap >="),
        "a level above": first("below", level="-9/10"),
        "a reference off the simplex": first("below", reference=["1", "1", "-1"]),
        "scores off the simplex": lambda c: c["proof"]["above"].__setitem__(0, ["1", "1", "-1"]),
        "one infimum left out": lambda c: c["proof"]["below"].pop(),
        "weights beyond 1": lambda c: c["statement"]["claim"]["inputs"][0].update(weight="1"),
        "a negative weight": lambda c: [r.update(weight=w) for r, w in zip(
            c["statement"]["claim"]["inputs"], ("1", "1/2", "-1/2"), strict=True)],
        "another distribution": lambda c: c["statement"]["claim"]["inputs"][0].update(
            p=["0", "0", "1"]),
        "p off the simplex": lambda c: c["statement"]["claim"]["inputs"][0].update(
            p=["2", "-1", "0"]),
        "p of fewer labels": lambda c: c["statement"]["claim"]["inputs"][0].update(p=["1", "0"]),
        "concave": proof(shape="concave", below=[None] * 3),
        "no shape": proof(shape=None),
        "all functions, and a claim below 0": lambda c: (
            claimed(members="all", formula="-1/1000")(c), proof(above=[])(c)),
        "other functions": claimed(members="linear"),
        "bounded scores": stated(hypotheses=bounded("1/10")),
        "a target": stated(target={"kind": "zero-one"}),
        "a formula in b": claimed(formula="b"),
        "every number of labels": stated(classes="any"),
        "no inputs": claimed(inputs=[]),
        "violated": lambda c: c.update(verdict="violated"),
    },
    "gap-logistic-below": {"a larger claim": claimed(formula="37/100"),
                           "a level above": first("below", level="0")},
    "gap-logistic-bounded": {
        "a smaller claim": claimed(formula="31/100"),
        "all scores": stated(hypotheses={"kind": "complete"}),
        "scores beyond the bound": lambda c: c["proof"]["above"].__setitem__(
            0, ["98/100", "1/100", "1/100"]),
        "a share 0": lambda c: c["proof"]["above"].__setitem__(0, ["1/2", "1/2", "0"]),
        "a level above": lambda c: [d.update(level="-9/10") for d in c["proof"]["below"]],
        "a larger bound": stated(hypotheses=bounded("5")),
    },
    "gap-mae": {
        "a smaller claim": claimed(formula="23/100"),
        "bounded scores": stated(hypotheses=bounded("1")),
        "a convex loss": lambda c: c["statement"]["loss"].update(formula=["mul", "-1", ["log",
                                                                                         "u"]]),
        "data for a vertex": lambda c: c["proof"]["below"].__setitem__(0, "0"),
    },
    "gap-hinge": {
        "a larger claim": claimed(formula="51/100"),
        "a least risk too large": first("below", least="11/10"),
        "scores left out": lambda c: c["proof"]["below"][0]["pieces"].pop(),
        "a bound on scores": stated(hypotheses=bounded("1/2")),
        "a score that is none": lambda c: c["proof"]["above"].__setitem__(
            0, {"reference": ["2/3", "1/3"], "level": "0"}),
        "a score by a formula": lambda c: c["proof"]["above"].__setitem__(0, ["add", "0", "0"]),
    },
    "gap-weston-watkins": {
        "a smaller claim": claimed(formula="4/5"),
        "a bound on scores": stated(hypotheses=bounded("1/10")),
        "weights beyond 1": lambda c: [e.update(weights=["2"] * len(e["weights"]))
                                       for d in c["proof"]["below"] for e in d],
    },
    "gap-logistic-all": {
        "a claim below 0": claimed(formula="-1/1000000"),
        "constant scores": claimed(members="constant"),
        "no bounds from below": proof(below=[]),
    },
}  # fmt: skip
CASES = [(name, key) for name, table in FORGERIES.items() for key in table]


@pytest.mark.parametrize(("name", "key"), CASES)
def test_a_forgery_is_refused_by_both_checkers(name: str, key: str) -> None:
    c = made(name)
    FORGERIES[name][key](c)
    c = sealed(c)
    with pytest.raises(Rejected):
        check(c)
    assert not second_checker.check(c, seconds=10.0).agrees


def test_every_file_is_forged() -> None:
    assert set(FORGERIES) == set(FILES)


def trivial(name: str, claim: str, *changed: dict[str, Any]) -> dict[str, Any]:
    """A file with a claim that any witness shows, so that only what makes one admissible counts."""
    c = made(name)
    c["statement"]["claim"]["formula"] = claim
    whole = {"from": "0", "to": "1", "at": "x", "method": "balls:0"}
    c["proof"]["pieces"] = [whole | change for change in changed]
    return sealed(c)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("top-2-logistic", ["3/4", "1/4"], ["3/4", "13/50"]),
        ("bounded-logistic", "2", "2001/1000"),
        ("bounded-logistic", "0", "-1/1000"),
        ("bounded-logistic-three", "33/10", "3301/1000"),
        ("bounded-logistic-three", "0", "-1/1000"),
        ("ldr-margin-every-n", ["3/4", "1/4"], ["3/4", "13/50"]),
        ("ldr-larger-margin", ["3/4", "1/4"], ["3/4", "13/50"]),
        ("pools", ["1/2", "1/4"], ["1/2", "1/20"]),  # the pool of three labels is above 1
        ("pools", ["1/2", "1/4"], ["-1/2", "1/4"]),
        ("pools", ["1/10", "1/100"], ["0", "-1/1000"]),
    ],
)
def test_a_witness_must_be_admissible(name: str, right: Any, wrong: Any) -> None:
    for checker in (accepted, lambda c: second_checker.check(c).agrees):
        assert checker(trivial(name, "-10", {"witness": right}))
        assert not checker(trivial(name, "-10", {"witness": wrong}))


def test_a_line_must_be_below_the_pool_of_each_number_of_labels() -> None:
    """3/10 b - 3/125 is below the pools of two and of three labels, not below that of ten."""
    for n, right in ((3, True), (10, False)):
        c = trivial("pools", "-10", {"witness": ["3/10", "3/125"]})
        c = sealed({**c, "statement": {**c["statement"], "classes": n}})
        assert accepted(c) == second_checker.check(c).agrees == right


def test_lines_below_the_pools_are_below_regrets() -> None:
    """Rule "pools" by definition, at random: p, softmax values that predict a label, any scaling.
    Values that tie k labels but for one come nearest, with p at its best for them.
    """
    r = np.random.default_rng(8)
    least = math.inf
    for _ in range(400):
        n, e = int(r.integers(2, 7)), Fraction(int(r.integers(51, 100)), 100)
        slope = float(r.uniform(0, 1.2))
        level = pools.level_of(e, n, slope)
        lines, power = np.zeros((200, n)), 1 / (1 - float(e))
        values = r.dirichlet([0.5] * n, 200)
        tied = np.arange(n) < r.integers(2, n + 1, 200)[:, None]
        rest = r.integers(2, n + 1, 200)
        values[:100] = np.where(tied, 1.0, 0.0)[:100]
        part = r.random(100) * (r.random(100) < 0.5)
        values[np.arange(100), np.minimum(rest[:100], n - 1)] += part
        values /= values.sum(1, keepdims=True)
        values = np.sort(values, 1)[:, ::-1]  # label 0 is predicted
        lines[:, 0], lines[:, 1] = -slope, slope  # label 1 is said to be better
        q = np.maximum(values ** float(e) + lines - level, 0) ** (1 / float(e))
        for p in (r.dirichlet([0.6] * n, 200), q ** (1 - float(e)) + 1e-300):
            p = p / p.sum(1, keepdims=True)
            regret = np.linalg.norm(p, power, axis=1) - (p * values ** float(e)).sum(1)
            line = slope * (p[:, 1] - p[:, 0]) - level
            least = min(least, float((regret - line).min()))
    assert -1e-9 < least < 1e-4


def test_a_share_of_more_than_half_is_refused_for_its_size_alone() -> None:
    """LDR with exp(c/lambda) = 4: all else of rule "theorem X" is right, and the claim is tiny."""
    for r, right in (("1/2", True), ("3/4", False)):
        c = trivial("ldr-larger-margin", "-10", {"witness": ["3/4", "1/4"]})
        more = ["add", ["log", ["add", "1", ["mul", "-" + r, "u"]]], ["mul", "-1", ["log", "u"]]]
        c["statement"]["loss"]["formula"] = more
        c = sealed({**c, "proof": {**c["proof"], "factors": ["1", r]}})
        assert accepted(c) == second_checker.check(c).agrees == right


def test_the_sum_of_theorem_x_is_at_most_one() -> None:
    """Its proof at random: the competitor's softmax values, for every share up to 1/2."""
    r = np.random.default_rng(9)
    largest = -math.inf
    for _ in range(3000):
        share, u, n = float(r.uniform(0, 0.5)), float(r.uniform(0.5, 1)), int(r.integers(2, 7))
        first, second = ((1 / q - share) / (2 - share) for q in (u, 1 - u + 1e-12))
        values = r.dirichlet([0.5] * n)
        if r.random() < 0.5:
            values = np.where(np.arange(n) < r.integers(2, n + 1), 1.0, r.random(n))
            values /= values.sum()
        values = np.sort(values)[::-1]
        f = np.full(n, math.sqrt(first * second))
        f[0], f[1] = second, first  # label 0 is predicted, label 1 better
        largest = max(largest, float((values / (f + (1 - f) * share * values)).sum()))
    assert 1 - 1e-3 < largest < 1 + 1e-9


@pytest.mark.parametrize("name", ["top-2-logistic-below", "bounded-logistic-three-below"])
def test_a_tangent_point_must_be_in_the_square(name: str) -> None:
    for checker in (accepted, lambda c: second_checker.check(c).agrees):
        assert checker(trivial(name, "10", {"witness": ["1/3", "1/4"]}))
        assert not checker(trivial(name, "10", {"witness": ["1/3", "-1/4"]}))
        assert not checker(trivial(name, "10", {"witness": ["11/10", "1/4"]}))


def test_the_corners_are_not_below_the_softmax_values_of_the_box() -> None:
    """Lemma 10 by random scores: the first two values are at most a mean of corners."""
    from scipy.optimize import linprog

    r = np.random.default_rng(5)
    for _ in range(60):
        n, bound = int(r.integers(2, 6)), float(r.uniform(0.05, 3))
        h = np.where(r.random(n) < 0.4, r.choice([-bound, bound], n), r.uniform(-bound, bound, n))
        values, most = np.exp(h) / np.exp(h).sum(), np.exp(2 * bound)
        tied, low = most / (2 * most + n - 2), 1 / (most + n - 1)
        corners = np.array([[most * low, low], [low, most * low], [tied, tied]])
        found = linprog(np.zeros(3), -corners.T, -values[:2] + 1e-9, np.ones((1, 3)), [1.0])
        assert found.status == 0


def test_t_of_bounded_scores_is_above_the_bound_of_a_swap() -> None:
    """The bound of rule "bounded swap" against random scores and distributions."""
    r = np.random.default_rng(6)
    loss, seen = json.dumps({"kind": "softmax", "formula": ["mul", "-1", ["log", "u"]]}), 0
    for _ in range(60):
        n, bound = int(r.integers(2, 4)), float(r.uniform(0.1, 2))
        most = np.exp(2 * bound)
        limit = 2 * bound - (0.7 if n > 2 else 0)
        if limit < 0:
            continue
        v = float(r.uniform(0, limit))
        u = (1 + (n - 2) / (2 * most)) / (1 + np.exp(-v) + (n - 2) / most)
        p, h = r.dirichlet([0.5] * n), r.uniform(-bound, bound, n)
        if r.random() < 0.7:
            h = np.where(r.random(n) < 0.6, np.where(h > 0, bound, -bound), h)
        j = int(h.argmax())
        b = p.max() - p[j]
        gap = np.log(2) + (1 + b) / 2 * np.log(u) + (1 - b) / 2 * np.log(u * np.exp(-v))
        risk = -(p * np.log(np.exp(h) / np.exp(h).sum())).sum()
        best = truth.infimum(loss, str(Fraction(bound)), tuple(p))
        if b > 0:
            seen += gap > 0
            assert risk - best >= gap - 1e-6
    assert seen > 5


GAPS = [name for name in FILES if name.startswith("gap") and "weston" not in name]


def forged_gaps(seed: int, count: int, judge: Callable[[dict[str, Any]], bool] = accepted) -> int:
    """Forgeries of false statements about gaps, none accepted."""
    r = random.Random(seed)
    false = tries = 0
    while false < count:
        tries += 1
        assert tries < 40 * count, "too few forgeries are of false statements"
        c = gaps.forge(made(r.choice(GAPS)), r)
        if truth.gap_is_false(c["statement"]):
            false += 1
            assert not judge(c), json.dumps(c)
    return false


def test_no_forgery_of_a_gap_is_accepted() -> None:
    assert forged_gaps(1, 40) == 40


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(400, 403))
def test_no_forgery_of_many_of_a_gap_is_accepted(seed: int) -> None:
    assert forged_gaps(seed, 1_000) == 1_000


def test_a_gap_of_bounded_scores_takes_no_score_beyond_the_bound() -> None:
    """The hinge's gap is 1/4 for scores in [-1/2, 1/2]; scores of 1 would show 1/2."""
    for score, claim, right in (("1/2", "1/4", True), ("1", "1/2", False)):
        c = made("gap-hinge")
        c["statement"]["hypotheses"] = {"kind": "bounded", "scores": "1/2"}
        c["statement"]["claim"]["formula"] = claim
        piece = {"from": "-1/2", "to": "1/2", "climb": "up", "method": "algebra:0"}
        c["proof"]["above"] = [score, "-" + score]
        c["proof"]["below"] = [{"least": "1", "pieces": [piece]}]
        assert accepted(sealed(c)) == right
        assert second_checker.check(sealed(c)).agrees == right


def test_a_gap_of_a_concave_loss_is_of_all_scores() -> None:
    for bound, right in (({"kind": "complete"}, True), ({"kind": "bounded", "scores": "1"}, False)):
        c = made("gap-mae")
        c["statement"]["hypotheses"] = bound
        c["statement"]["claim"]["formula"] = "1"
        c["proof"]["above"] = [["1/2", "1/4", "1/4"]]
        assert accepted(sealed(c)) == right


def test_a_gap_of_infinite_infima_is_told_to_be_infinite() -> None:
    c = made("gap-hinge")
    c["statement"] = {
        **c["statement"],
        "loss": {"spec": None, "kind": "margin", "formula": ["mul", "-1", "v"]},
        "claim": {
            "kind": "gap >=",
            "formula": "1000",
            "members": "constant",
            "inputs": [{"weight": "1/2", "p": p} for p in (["1", "0"], ["0", "1"])],
        },
    }
    down, up = (
        {"from": a, "to": b, "climb": climb, "method": "algebra:0"}
        for a, b, climb in (("-inf", "0", "down"), ("0", "inf", "up"))
    )
    below = [{"least": "0", "pieces": [down, up]}]
    c["proof"] = {"rule": "gap", "shape": None, "above": ["1000", "-1000"], "below": below}
    read = examine(sealed(c), seconds=20.0)
    assert read.verdict == "holds"  # the risk of constants is 0, the mean of the infima -inf
    assert any("inf where the infimum" in line for line in read.statement.words())
    c["statement"]["claim"]["members"] = "all"  # there the gap is no number, or 0
    c["proof"] |= {"above": []}
    assert not accepted(sealed(c))
    assert not second_checker.check(sealed(c)).agrees


def test_gaps_are_certified_or_the_reason_is_given(tmp_path: Path) -> None:
    d = Finite(["1/2", "1/2"], [["3/4", "1/4"], ["1/4", "3/4"]])
    problem = PointwiseProblem("logistic", n_classes=2)
    assert certify_gap(problem, d, ">=", "13/100")["verdict"] == "holds"
    with pytest.raises(EngineCannotAnswerError):
        certify_gap(problem, d, "<=", "13/100")
    for wrong in ("gap = 1", "gap <= x", "gap <= 1/0", "T >= b"):
        with pytest.raises(InvalidInputError):
            parse_gap_claim(wrong)
    file = tmp_path / "inputs.json"
    for content in ("", "[1]", "{}", '[{"weight": "1"}]', '[{"weight": "1", "p": ["1", "1"]}]'):
        file.write_text(content)
        with pytest.raises(InvalidInputError):
            read_inputs(file)


def test_other_provers_refuse_what_they_cannot_state() -> None:
    for name in FILES:
        with pytest.raises(HconsistError):
            smt_script(made(name)["statement"])


def test_what_was_not_proven_before_is_proven() -> None:
    for claim, verdict in (("Gamma <= u", "violated"), ("Gamma <= 3*sqrt(u)", "holds")):
        made_now = certify_claim(PointwiseProblem("logistic", n_classes=3), claim)
        assert made_now["verdict"] == verdict


@pytest.mark.slow
def test_minima_over_pools_are_found() -> None:
    """T >= T(1) b^2, attained at b = 1, and the bound of Gamma that follows (corollary of B)."""
    problem = PointwiseProblem("gce:q=4/5", n_classes=4)
    best = "(5/4*(1 - 2**(-4/5)))"
    for claim in (f"T >= {best}*b**2", f"Gamma <= sqrt(u/{best})"):
        found = certify_claim(problem, claim, time_budget=300.0)
        assert (found["verdict"], found["proof"]["rule"]) == ("holds", "pools")
        assert second_checker.check(found).agrees
    refuted = certify_claim(problem, f"T <= {best}*b**2")
    assert refuted["verdict"] == "violated"
