"""Forgeries of the rules for piecewise-linear losses and for costs: an honest file whose T is known
in closed form, its claim made false, its proof bent to fit.
"""

from __future__ import annotations

import copy
import functools
import json
import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from forger.build import sealed
from forger.mutate import METHODS, at, places, put
from forger.truth import MalformedError, value

#: Numbers in [0, 1] where claims are compared with T, in units of the largest target regret.
SHARES = [Fraction(k, 16) for k in range(1, 17)] + [Fraction(1, 1000), Fraction(999, 1000)]
MARGIN = 1e-6
NUMBERS = ["0", "1", "-1", "1/2", "2", "1/3", "-1/2", "3/2", "1/1000", "100", "1/6", "5"]
TREES = ["x", ["mul", "2", "x"], ["add", "1", ["mul", "-1", "x"]], ["pow", "x", "2"],
         ["mul", "0", ["pow", "x", "-1"]], ["add", "x", ["mul", "0", ["log", "x"]]]]  # fmt: skip


#: T of Weston-Watkins for three labels where it bends: along the chord from p = (1/3, 1/2, 1/6) to
#: (0, 1, 0).
BENDS = ([0.0, 1 / 6, 1.0], [0.0, 0.0, 1.0])


def weston_watkins(b: float) -> float:
    """T for three labels."""
    return float(np.interp(b, *BENDS))


def constrained_hinge(b: float) -> float:
    """Theorem F, three labels."""
    return 3 * min(max(b / 2, b - 1 / 2), max(b / 3, b - 1 / 3))


def cross_entropy(spread: float) -> Callable[[float], float]:
    """T of cross-entropy where two labels of cost difference +-spread tie."""

    def t(b: float) -> float:
        u = (1 + b / spread) / 2
        return sum(v * math.log(2 * v) for v in (u, 1 - u) if v > 0)

    return t


def pools(e: float, n: int) -> Callable[[float], float]:
    """The least value of theorem B's pools, for 1/e - u^e/e: a norm is least at some x."""
    a = 1 / (1 - e)

    @functools.cache
    def t(b: float) -> float:
        def norm(x: float, k: int) -> float:
            y = (1 - 2 * x - b) / (k - 2) if k > 2 else 0.0
            return float(((x + b) ** a + x**a + (k - 2) * y**a) ** (1 / a))

        found = [norm((1 - b) / 2, 2) - 2**-e]
        for k in range(3, n + 1):
            low, high = 0.0, (1 - b) / 2
            for _ in range(60):
                left, right = (2 * low + high) / 3, (low + 2 * high) / 3
                low, high = (low, right) if norm(left, k) < norm(right, k) else (left, high)
            found.append(norm(low, k) - k**-e)
        return min(found) / e

    return t


def is_false(c: dict[str, Any], t: Callable[[float], float], largest: float) -> bool:
    """Whether the claim fails at some number, or has no value there."""
    claim = c["statement"]["claim"]
    for share in SHARES:
        b = float(share) * largest
        try:
            with np.errstate(all="ignore"):
                if claim["kind"] == "Gamma <=":
                    claimed = float(value(claim["formula"], {"e": max(t(b), 0.0)}))
                    wrong = claimed < b - MARGIN
                else:
                    claimed = float(value(claim["formula"], {"b": b}))
                    below = claim["kind"] == "T >="
                    wrong = claimed > t(b) + MARGIN if below else claimed < t(b) - MARGIN
        except (MalformedError, KeyError, IndexError, TypeError, ValueError):
            return False
        if wrong or math.isnan(claimed):
            return True
    return False


def spoil_claim(c: dict[str, Any], r: random.Random) -> None:
    """Another claim about the same loss, usually false."""
    claim = c["statement"]["claim"]
    f, letter = claim["formula"], "e" if claim["kind"] == "Gamma <=" else "b"
    up = claim["kind"] == "T >="
    factor = Fraction(r.choice([1001, 1010, 1100, 1500, 2000, 10_000]), 1000)
    scale = str(factor if up else 1 / factor)
    shift = r.choice(["1/1000", "1/100", "1/10"])
    void = ["mul", "0", ["pow", ["add", letter, r.choice(["-1/2", "-1", "-1/4"])], "-1"]]
    claim["formula"] = r.choice([
        ["mul", scale, f],
        ["add", f, shift if up else "-" + shift],
        ["add", f, void],
        ["add", f, ["mul", "1/2" if up else "-1/2", letter, ["pow", letter, "3"]]],
        ["mul", scale, ["max", f, ["mul", "-1", f]]],
        letter, ["mul", "2", letter], ["pow", letter, "2"], ["pow", letter, "1/2"], "0", "1",
    ])  # fmt: skip
    if claim["kind"] != "Gamma <=" and r.random() < 0.25:
        cut = r.choice(["1/2", "1/4", "1", "9/10"])
        arms = [f, claim["formula"]]
        r.shuffle(arms)
        claim["formula"] = ["ifle", "b", cut, *arms]
    if r.random() < 0.1:
        claim["kind"] = r.choice(["T >=", "T <="]) if letter == "b" else claim["kind"]


def spoil_proof(proof: dict[str, Any], r: random.Random) -> None:
    """One change anywhere in a proof."""
    spots = [p for p in places(proof) if p]
    path = r.choice(spots)
    old, kind = at(proof, path), r.randrange(6)
    above = at(proof, path[:-1])
    if isinstance(above, list) and kind == 0:
        above.pop(path[-1])
    elif isinstance(above, list) and kind == 1:
        above.insert(r.randrange(len(above) + 1), copy.deepcopy(old))
    elif isinstance(above, list) and kind == 2:
        r.shuffle(above)
    elif kind == 3:
        put(proof, path, at(proof, r.choice(spots)))
    elif isinstance(old, bool):
        put(proof, path, not old)
    elif isinstance(old, int):
        put(proof, path, r.choice([0, 1, 2, 3, old + 1, True]))
    elif isinstance(old, str) and old in METHODS:
        put(proof, path, r.choice(METHODS))
    elif isinstance(old, str) and old[-1:].isdigit():
        near = str(Fraction(old) + r.choice([Fraction(1, 100), Fraction(-1, 100), Fraction(1)]))
        put(proof, path, r.choice([*NUMBERS, near, *TREES[:2]]))
    elif isinstance(old, list) and old and isinstance(old[0], str):
        put(proof, path, r.choice([*NUMBERS, *TREES]))


def steepened(proof: dict[str, Any], r: random.Random) -> None:
    """All lines of rule "cells", or all regrets of a curve, moved the same way."""
    step = Fraction(r.choice([1, 10, 100, 1000]), 1000)
    if "lines" in proof:
        proof["lines"] = [[a, str(Fraction(b) + step)] for a, b in proof["lines"]]
    for piece in proof.get("pieces", []):
        witness = piece["witness"]
        if isinstance(witness, dict) and "ends" in witness:
            for end in witness["ends"]:
                end["b"] = str(Fraction(end["b"]) + step)


def forge(base: dict[str, Any], others: list[dict[str, Any]], r: random.Random) -> dict[str, Any]:
    """A forgery of an honest file, its statement false more often than not."""
    c = json.loads(json.dumps(base))
    spoil_claim(c, r)
    if r.random() < 0.15:  # the proof of another file
        c["proof"] = json.loads(json.dumps(r.choice(others)["proof"]))
    if r.random() < 0.2:
        steepened(c["proof"], r)
    for _ in range(r.choice([0, 1, 1, 2, 3])):
        try:
            spoil_proof(c["proof"], r)
        except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError):
            continue
    rule = c["proof"].get("rule") if isinstance(c["proof"], dict) else None
    c["lemmas"] = ["plug-in lemma"] if rule == "plug-in lines" else []
    return sealed(c)


def slander(base: dict[str, Any], others: list[dict[str, Any]], r: random.Random) -> dict[str, Any]:
    """A true statement, called violated."""
    c = json.loads(json.dumps(base))
    c["verdict"] = "violated"
    c["proof"] = json.loads(
        json.dumps(r.choice([o for o in others if o["verdict"] == "violated"])["proof"])
    )
    for _ in range(r.choice([0, 1, 2])):
        try:
            spoil_proof(c["proof"], r)
        except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError):
            continue
    c["lemmas"] = ["plug-in lemma"] if c["proof"].get("rule") == "plug-in lines" else []
    return sealed(c)
