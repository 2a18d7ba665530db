"""Forgeries about gaps: an honest file, its statement made false, its proof bent to fit."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

from forger.build import sealed
from forger.mutate import at, is_tree, places, put, traps


def distribution(n: int, r: random.Random) -> list[str]:
    """A distribution, mostly; sometimes one off the simplex."""
    parts = [r.randrange(5) for _ in range(n)]
    parts[r.randrange(n)] += 1
    total = sum(parts) + (r.random() < 0.05)
    p = [str(Fraction(k, total)) for k in parts]
    if r.random() < 0.05:
        p[0], p[1] = str(Fraction(p[0]) + 1), str(Fraction(p[1]) - 1)
    return p


def bound(kind: str, shape: Any, n: int, r: random.Random) -> Any:
    """What may stand in "above" or "below"."""
    y = distribution(n, r)
    level = r.choice(["-1", "0", "-1/2", "-2", "1", "-10"])
    return r.choice([y, {"reference": y, "level": level}, None, "0", "1", "-1", y])


def forge(base: dict[str, Any], r: random.Random) -> dict[str, Any]:
    """A forgery."""
    c = json.loads(json.dumps(base))
    s, proof = c["statement"], c["proof"]
    claim, n = s["claim"], s["classes"]
    kind = r.randrange(9)
    if kind < 3:
        by = r.choice(["1/100", "1/10", "1"])
        sign = "-1" if claim["kind"] == "gap <=" else "1"
        claim["formula"] = ["add", claim["formula"], ["mul", sign, by]]
    elif kind == 3:
        claim["kind"] = "gap >=" if claim["kind"] == "gap <=" else "gap <="
        if r.random() < 0.8:
            proof["above"], proof["below"] = proof["below"], proof["above"]
    elif kind == 4:
        claim["inputs"][r.randrange(len(claim["inputs"]))]["p"] = distribution(n, r)
    elif kind == 5:
        row = r.choice(claim["inputs"])
        row["weight"] = r.choice(["1", "0", "-1", "2", row["weight"], "1/2"])
    elif kind == 6:
        claim["members"] = r.choice(["all", "constant"])
        claim["formula"] = r.choice(["0", claim["formula"]])
    elif kind == 7:
        bounded = {"kind": "bounded", "scores": r.choice(["1/10", "1", "3"])}
        s["hypotheses"] = r.choice([{"kind": "complete"}, bounded])
    else:
        spots = [p for p in places(s["loss"]["formula"]) if p and is_tree(at(s, ("loss", "formula",
                 *p)))]  # fmt: skip
        path = ("loss", "formula", *r.choice(spots))
        put(s, path, r.choice(traps(at(s, path))))
    for _ in range(r.choice([0, 1, 1, 2, 4])):
        spoil(c, r)
    return sealed(c)


def spoil(c: dict[str, Any], r: random.Random) -> None:
    """One change of the proof."""
    proof, n = c["proof"], c["statement"]["classes"]
    side = proof[r.choice(["above", "below"])]
    kind = r.randrange(6)
    if kind == 0:
        proof["shape"] = r.choice(["convex", "concave", None])
    elif kind == 1 and side:
        side[r.randrange(len(side))] = bound(c["statement"]["loss"]["kind"], proof["shape"], n, r)
    elif kind == 2 and side:
        r.choice([side.pop, lambda: side.append(side[0])])()
    elif kind == 3 and side and isinstance(side[0], dict):
        key = r.choice(list(side[0]))
        if key in ("level", "least"):
            step = r.choice(["1/100", "1", "-1"])
            side[0][key] = ["add", side[0][key], step]
    elif kind == 4 and side:
        r.shuffle(side)
    else:
        spots = [p for p in places(proof) if p and is_tree(at(proof, p)) and p[0] != "rule"]
        if spots:
            path = r.choice(spots)
            put(proof, path, r.choice(["0", "1", "1/2", "-1", "2", *traps(at(proof, path))]))
