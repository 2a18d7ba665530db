"""Kinds of false files around rules "theorem X" and "pools": each statement is shown to be false by
a regret that is found here, in floats and from the definitions, and no checker accepts the file.

The honest file claims a line, rounded down by 1/10000: at the right beta T is not above it by more.
"""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from forger.build import make, piece, sealed  # noqa: E402
from forger.truth import value  # noqa: E402

import second_checker  # noqa: E402
from hconsist.checker import Rejected, examine  # noqa: E402

Tree = Any
Certificate = dict[str, Any]
GRID = np.linspace(0, 1, 1201)[1:-1]


def times(*parts: Tree) -> Tree:
    return ["mul", *parts]


def less(s: Tree, t: Tree) -> Tree:
    return ["add", s, ["mul", "-1", t]]


def ldr(r: str, a: str = "1") -> Tree:
    """log((1 - r u)/u)/a: LDR with c/lambda = -log(1 - r) and lambda = 1/a."""
    inverse = str(1 / Fraction(a))
    return times(inverse, less(["log", less("1", times(r, "u"))], ["log", "u"]))


def power(e: str, scale: str = "1") -> Tree:
    return times(scale, less("1", ["pow", "u", e]))


def down(x: float) -> str:
    return str(Fraction(math.floor((x - 1e-4) * 10**6), 10**6))


def number(t: Tree, name: str = "u", at: float = 0.0) -> float:
    return float(value(t, {name: at}))


def line_of_two(g: Tree, u: str = "3/4") -> Tree:
    """A + B b, A and B rounded down: a line that touches T of two labels."""
    x = float(Fraction(u))
    half, up, low = (number(g, "u", y) for y in (0.5, x, 1 - x))
    return ["add", down(half - (up + low) / 2), times("b", down((low - up) / 2))]


def x_file(r: str = "2/5", a: str = "1", n: Any = "any") -> Certificate:
    g = ldr(r, a)
    pieces = [piece("0", "1", ["3/4", "1/4"], "algebra:0")]
    proof = {"rule": "theorem X", "factors": [a, r], "pieces": pieces}
    return make(("softmax", g), n, ("T >=", line_of_two(g)), proof)


def level(e: float, n: int, slope: float) -> float:
    """The least level of a line below the pools."""
    low, high = 0.0, slope
    for _ in range(60):
        mid = (low + high) / 2
        over = max(
            max(k**-e + slope - mid, 0) ** (1 / e) + max(k**-e - slope - mid, 0) ** (1 / e)
            + (k - 2) * max(k**-e - mid, 0) ** (1 / e) for k in range(2, n + 1)
        )  # fmt: skip
        low, high = (low, mid) if over <= 1 else (mid, high)
    return high


def pools_file(e: str = "4/5", n: int = 3, slope: str = "3/10", scale: str = "1") -> Certificate:
    k = str(Fraction(math.ceil((level(float(Fraction(e)), n, float(Fraction(slope))) + 1e-5)
                               * 10**6), 10**6))  # fmt: skip
    c = Fraction(scale)
    claim = ["add", str(-c * Fraction(k)), times("b", str(c * Fraction(slope)))]
    methods = ["algebra:0"] * n
    proof = {"rule": "pools", "scaling": e, "pieces": [piece("0", "1", [slope, k], methods)]}
    return make(("softmax", power(e, scale)), n, ("T >=", claim), proof)


# Regrets, from the definitions: none is below T(b).


def two(g: Tree, b: float) -> float:
    """A tie of two labels, the others with none; the least risk over a grid is not too small."""
    up, low = (1 + b) / 2, (1 - b) / 2
    with np.errstate(all="ignore"):
        risks = up * value(g, {"u": GRID}) + (low * value(g, {"u": 1 - GRID}) if low else 0)
    return number(g, "u", 0.5) - float(np.nanmin(risks))


def tied(e: float, n: int, b: float) -> float:
    """Ties of k = 2, ..., n labels for 1 - u^e, whose least risk is 1 less a norm of p."""
    a, best = 1 / (1 - e), math.inf
    for k in range(2, n + 1):
        x = np.linspace(0, (1 - b) / 2, 400) if k > 2 else np.array([(1 - b) / 2])
        y = (1 - b - 2 * x) / max(k - 2, 1)
        norms = ((x + b) ** a + x**a + (k - 2) * y**a) ** (1 / a)
        best = min(best, float(norms.min()) - k**-e)
    return best


def tied_of_three(r: float, b: float) -> float:
    """LDR, labels 1 and j tied with shares s, and a third: p is stationary there but for a move of
    b/2. The risk is convex in the scores, of which the best are found by descent.
    """
    best = math.inf
    for s in (0.35, 0.4, 0.45):
        u = np.array([s, s, 1 - 2 * s])
        h = u * (1 - r * u)
        p = h / h.sum() + np.array([b / 2, -b / 2, 0])
        risk, z, least = float(p @ np.log(1 / u - r)), np.log(u), math.inf
        for _ in range(300):
            u = np.exp(z - z.max())
            u /= u.sum()
            least = min(least, float(p @ np.log(1 / u - r)))
            pull = p / (1 - r * u)  # -p u g'
            z = z + 0.5 * (pull - u * pull.sum())
        best = min(best, risk - least)
    return best


# The kinds: files, and a number that T is not above, at every b.

Upper = Callable[[float], float]
BOUNDED = {"kind": "bounded", "scores": "1/4"}


def changed(c: Certificate, *changes: Callable[[Certificate], Any]) -> Certificate:
    c = copy.deepcopy(c)
    for change in changes:
        change(c)
    return sealed(c)


def loss(g: Tree, kind: str = "softmax", spec: str | None = None) -> Callable[[Certificate], Any]:
    return lambda c: c["statement"]["loss"].update(formula=g, kind=kind, spec=spec)


def stated(**new: Any) -> Callable[[Certificate], Any]:
    return lambda c: c["statement"].update(new)


def claimed(**new: Any) -> Callable[[Certificate], Any]:
    return lambda c: c["statement"]["claim"].update(new)


def proof(**new: Any) -> Callable[[Certificate], Any]:
    return lambda c: c["proof"].update(new)


def pieces(**new: Any) -> Callable[[Certificate], Any]:
    return lambda c: [p.update(new) for p in c["proof"]["pieces"]]


def lemmas(*names: str) -> Callable[[Certificate], Any]:
    return lambda c: c.update(lemmas=list(names))


def of_two(g: Tree) -> Upper:
    return lambda b: two(g, b)


def of_powers(e: str, n: int, scale: float = 1.0) -> Upper:
    return lambda b: scale * tied(float(Fraction(e)), n, b)


def in_a_box(g: Tree, bound: float) -> Upper:
    """n = 2 and bounded scores: the best share is at most 1/(1 + exp(-2 B))."""

    def upper(b: float) -> float:
        most = 1 / (1 + math.exp(-2 * bound))
        u = np.linspace(1 - most, most, 2001)
        up, low = (1 + b) / 2, (1 - b) / 2
        return number(g, "u", 0.5) - float((up * value(g, {"u": u})
                                            + low * value(g, {"u": 1 - u})).min())  # fmt: skip

    return upper


def top_two(g: Tree) -> Upper:
    """Two groups of two labels tie."""

    def upper(b: float) -> float:
        up, low = (1 + b) / 2, (1 - b) / 2
        risks = up * value(g, {"u": GRID / 2}) + low * value(g, {"u": (1 - GRID) / 2})
        return number(g, "u", 0.25) - float(risks.min())

    return upper


X, G = x_file(), ldr("2/5")
P, Q = pools_file(), power("4/5")
#: The same of (1 - u^e)/e.
R = pools_file(slope="1", scale="5/4")
T_X, T_P = of_two(G), of_powers("4/5", 3)
MAE, SQUARE = less("1", "u"), ["pow", less("1", "u"), "2"]
BENT = ["add", G, times("1/10", less("1", "u"))]
BUMP = ["max", G, less(times("3", less("1", "u")), "1/4")]
#: Rule "theorem X" where the shares of the theorem end: claims between T and T of two labels.
BEYOND = x_file("7/10")
NEAR_0: Tree = ["mul", "16/10", ["pow", "b", "2"]]

#: A file, and what T is at most (for a claim T >=, or Gamma <=, that is false).
KINDS: dict[str, tuple[Certificate, Upper]] = {
    # theorem X
    "c is smaller": (changed(X, loss(ldr("1/10")), proof(factors=["1", "1/10"])),
                     of_two(ldr("1/10"))),
    "c is 0": (changed(X, loss(ldr("0")), proof(factors=["1", "0"])), of_two(ldr("0"))),
    "c is smaller, the factors are not": (changed(X, loss(ldr("1/10"))), of_two(ldr("1/10"))),
    "lambda is smaller": (changed(X, loss(ldr("2/5", "10/9")), proof(factors=["10/9", "2/5"])),
                          of_two(ldr("2/5", "10/9"))),
    "lambda is smaller, the factors are not": (changed(X, loss(ldr("2/5", "10/9"))),
                                               of_two(ldr("2/5", "10/9"))),
    "c is beyond, three labels": (
        changed(BEYOND, stated(classes=3), claimed(formula=NEAR_0),
                pieces(witness=[["add", "1/2", times("3/5", "x")],
                                less("1/2", times("3/5", "x"))], method="balls:2")),
        lambda b: tied_of_three(0.7, b) if b <= 0.1 else math.inf),
    "c is beyond, every n": (
        changed(BEYOND, claimed(formula=NEAR_0), proof(factors=["1", "1/2"])),
        lambda b: tied_of_three(0.7, b) if b <= 0.1 else math.inf),
    "a larger value": (changed(X, claimed(formula=["add", "1/1000", line_of_two(G)])), T_X),
    "a larger slope": (changed(X, claimed(formula=["add", times("1/100", "b"), line_of_two(G)])),
                       T_X),
    "b for 2 b": (changed(X, lambda c: c["proof"]["pieces"][0].update(at=times("2", "x"), to="1/2"),
                          claimed(formula=["max", times("2", line_of_two(G)), "-1"])), T_X),
    "a claim above 0 at 0": (changed(X, claimed(formula=["max", "1/100", line_of_two(G)])), T_X),
    "one beta alone": (changed(X, claimed(formula=["ifle", "b", "99/100", line_of_two(G), "2"])),
                       T_X),
    "a part left out": (changed(X, pieces(to="9/10"),
                                claimed(formula=["ifle", "b", "9/10", line_of_two(G), "2"])), T_X),
    "a witness beyond the simplex": (
        changed(X, pieces(witness=["4/5", "1/4"]),
                claimed(formula=["add", "1/50", line_of_two(G)])), T_X),
    "a witness without a value": (
        changed(X, pieces(witness=["1", "0"]), claimed(formula="b")), T_X),
    "Gamma of a line": (
        changed(X, claimed(kind="Gamma <=", formula="e"), pieces(reach="x")), T_X),
    "two predicted labels": (changed(X, stated(target={"kind": "top", "k": 2}, classes=4)),
                             top_two(G)),
    "bounded scores": (changed(X, stated(hypotheses=BOUNDED, classes=2)), in_a_box(G, 0.25)),
    "half the costs": (
        changed(X, stated(classes=2, target={"kind": "costs", "matrix": [["0", "2"], ["2", "0"]]})),
        lambda b: two(G, b / 2)),
    "another loss of the name": (
        changed(X, loss(times("-1", ["log", "u"]), spec="ldr:lam=1,c=1/2")),
        of_two(times("-1", ["log", "u"]))),
    "half the loss": (changed(X, loss(times("1/2", G))), of_two(times("1/2", G))),
    "a square for the loss": (changed(X, loss(SQUARE)), of_two(SQUARE)),
    "1 - u for the loss": (changed(X, loss(MAE)), of_two(MAE)),
    "9/10 of the loss and another": (
        changed(X, loss(["add", times("9/10", G), times("1/100", MAE)])),
        of_two(["add", times("9/10", G), times("1/100", MAE)])),
    "rule theorem D": (
        changed(X, loss(ldr("1/10")), lemmas("pooling lemma", "theorem D"),
                lambda c: c.update(proof={
                    "rule": "theorem D", "pieces": c["proof"]["pieces"],
                    "shape": {"inverse": times("u", less("1", times("1/10", "u"))),
                              "bend": "concave", "methods": ["algebra:0"] * 3}})),
        of_two(ldr("1/10"))),
    # pools
    "tau is larger": (changed(R, loss(power("17/20", "20/17")), proof(scaling="17/20")),
                      of_powers("17/20", 3, 20 / 17)),
    "tau is smaller": (changed(P, loss(power("3/5")), proof(scaling="3/5")), of_powers("3/5", 3)),
    "tau is smaller, the scaling is not": (changed(P, loss(power("3/5"))), of_powers("3/5", 3)),
    "tau is 2": (changed(R, loss(MAE), proof(scaling="1")),
                 lambda b: min(max(b / k, b - 1 / k) for k in (2, 3))),
    "a rising level": (changed(P, claimed(formula=["add", times("3/10", "b"), "-1/50"])), T_P),
    "a larger slope of the line": (
        changed(P, lambda c: c["proof"]["pieces"][0]["witness"].__setitem__(0, "8/25"),
                lambda c: c["statement"]["claim"]["formula"].__setitem__(2, times("b", "8/25"))),
        T_P),
    "half the loss of the line": (changed(P, loss(power("4/5", "1/2"))), of_powers("4/5", 3, 0.5)),
    "more labels": (changed(pools_file("9/10", 2, "3/10"), stated(classes=4), pieces(
        method=["algebra:0"] * 4)), of_powers("9/10", 4)),
    "every n": (changed(pools_file("9/10", 2, "3/10"), stated(classes="any")),
                of_powers("9/10", 4)),
    "no level": (changed(P, claimed(formula=times("3/10", "b")), lambda c: c["proof"]["pieces"][0][
        "witness"].__setitem__(1, "0")), T_P),
    "a level below 0": (
        changed(P, claimed(formula=["add", times("3/10", "b"), "1/100"]),
                lambda c: c["proof"]["pieces"][0]["witness"].__setitem__(1, "-1/100")), T_P),
    "Gamma of a line below the pools": (
        changed(P, claimed(kind="Gamma <=", formula="e"), pieces(reach="x")), T_P),
    "several labels of the pools": (
        changed(pools_file("4/5", 4), stated(target={"kind": "top", "k": 2})), top_two(Q)),
    "bounded scores of the pools": (
        changed(pools_file("4/5", 2), stated(hypotheses=BOUNDED)),
        in_a_box(Q, 0.25)),
    "another loss of the pools' name": (
        changed(P, loss(power("2/3"), spec="comp-sum:tau=1.8")), of_powers("2/3", 3)),
    "rule theorem A": (
        changed(pools_file("9/10", 2, "3/10"), stated(classes=4),
                lemmas("pooling lemma", "theorem A"), proof(rule="theorem A"),
                pieces(witness=["1", "0"], method="algebra:0")),
        of_powers("9/10", 4)),
    "rule theorem X": (
        changed(P, lemmas("theorem X"), claimed(formula=["add", times("3/10", "b"), "-1/50"]),
                lambda c: c.update(proof={"rule": "theorem X", "factors": ["1", "0"],
                    "pieces": [piece("0", "1", ["3/4", "1/4"], "algebra:0")]})), T_P),
    "rule pools of LDR": (
        changed(X, stated(classes=3), lemmas("theorem B"), lambda c: c.update(proof=copy.deepcopy(
            P["proof"])), claimed(formula="b")), T_X),
}  # fmt: skip
#: T <= a line that T is above somewhere, "holds"; and T <= 1, which is true, "violated".
ABOVE: dict[str, Certificate] = {
    "X: T <= a line": changed(X, claimed(kind="T <=")),
    "X: T <= a line, rule tangent": changed(
        X,
        claimed(kind="T <="),
        lemmas(),
        lambda c: c["proof"].pop("factors"),
        proof(rule="tangent"),
        pieces(witness="3/4"),
    ),
    "pools: T <= a line": changed(P, claimed(kind="T <=")),
}
TRUE: dict[str, Certificate] = {
    f"{name}: T <= {most}, violated": sealed({
        **changed(c, claimed(kind="T <=", formula=most)), "verdict": "violated",
        "proof": {**{k: v for k, v in c["proof"].items() if k != "pieces"},
                  "beta": "1", "witness": witness},
    })
    for name, c, most, witness in [
        ("X", X, "5/4", ["3/4", "1/4"]), ("X", X, "5/4", ["1", "1"]), ("X", X, "5/4", ["1", "0"]),
        ("pools", P, "1/2", ["3/10", "1/4"]), ("pools", P, "1/2", ["2", "1/4"]),
        ("pools", P, "1/2", ["1", "0"]),
    ]
}  # fmt: skip


def accepted(c: Certificate) -> list[bool]:
    try:
        first = examine(c).verdict == c["verdict"]
    except Rejected:
        first = False
    return [first, second_checker.check(c, 20.0).agrees]


def excess(c: Certificate, upper: Upper, count: int = 20) -> float:
    """By how much the claim is wrong, at the worst of some numbers."""
    claim, most = c["statement"]["claim"], 2 if c["statement"]["target"]["kind"] == "costs" else 1
    found = []
    for b in (most * k / count for k in range(count + 1)):
        t = upper(b)
        if math.isinf(t):
            continue
        if claim["kind"] == "Gamma <=":
            found.append(b - number(claim["formula"], "e", t))
        else:
            found.append(number(claim["formula"], "b", b) - t)
    return max(found)


HONEST = [X, P, pools_file("2/3", 4), pools_file("9/10", 5)]


@pytest.mark.parametrize("c", HONEST)
def test_the_honest_files_are_accepted_and_nearly_sharp(c: Certificate) -> None:
    e, n = c["proof"].get("scaling"), c["statement"]["classes"]
    g = c["statement"]["loss"]["formula"]
    upper = of_powers(e, n) if e else of_two(g)
    assert accepted(c) == [True, True]
    assert -5e-3 < excess(c, upper, 40) <= 0


@pytest.mark.parametrize("kind", KINDS)
def test_no_false_file_is_accepted(kind: str) -> None:
    c, upper = KINDS[kind]
    assert excess(c, upper) > 1e-5  # false, by a regret
    assert accepted(c) == [False, False]


@pytest.mark.parametrize("kind", ABOVE)
def test_no_upper_bound_that_is_too_low_is_accepted(kind: str) -> None:
    """At b = 1 the regret is g(1/2) - g(1) or more, whatever is predicted: S_1 <= 1/2."""
    c = ABOVE[kind]
    g = c["statement"]["loss"]["formula"]
    assert excess(c, lambda b: number(g, "u", 0.5) - number(g, "u", 1.0)) < 0
    assert accepted(c) == [False, False]


@pytest.mark.parametrize("kind", TRUE)
def test_no_true_upper_bound_is_called_violated(kind: str) -> None:
    c = TRUE[kind]
    upper = T_X if kind.startswith("X") else T_P
    assert max(upper(k / 20) for k in range(21)) < number(c["statement"]["claim"]["formula"])
    assert accepted(c) == [False, False]
