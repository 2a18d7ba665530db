"""Forgeries at random: an honest file, its statement made false, its proof bent to fit."""

from __future__ import annotations

import copy
import json
import random
from fractions import Fraction
from typing import Any

from forger.build import LEMMAS, OTHERS, piece, score_piece, sealed

METHODS = [f"{kind}:{k}" for kind in ("algebra", "balls") for k in range(7)]
ONE_LESS = ["add", "1", ["mul", "-1", "x"]]


def traps(t: Any) -> list[Any]:
    """Trees that look like t, or like a harmless number, and have no value somewhere, or another
    value.
    """
    less = ["add", "1", ["mul", "-1", t]]
    return [
        ["mul", t, less, ["pow", less, "-1"]],
        ["mul", less, ["pow", ONE_LESS, "-1"]],
        ["add", t, ["mul", "0", ["log", t]]],
        ["add", t, ["mul", "0", ["pow", less, "-1"]]],
        ["pow", ["pow", t, "2"], "1/2"],
        ["pow", ["pow", t, "1/2"], "2"],
        ["exp", ["log", t]],
        ["log", ["exp", t]],
        ["mul", "1/2", ["log", ["pow", ["exp", t], "2"]]],
        ["max", t, ["mul", "-1", t]],
        ["max", t, less],
        ["mul", "-1", ["max", ["mul", "-1", t], ["mul", "-1", less]]],
        ["add", t, ["xlogx", less], ["mul", "-1", less, ["log", less]]],
        ["mul", t, ["pow", t, "-1"], t],
        ["pow", t, "3"],
        ["mul", "2", t],
        ["add", t, "1/1000"],
        ["mul", "1000001/1000000", t],
        less,
        "0", "1", "1/2", "2", "-1", t,
    ]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value."""
    listed = list(enumerate(value)) if isinstance(value, list) else []
    below = list(value.items()) if isinstance(value, dict) else listed
    return [path, *(p for k, v in below for p in places(v, (*path, k)))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    at(value, path[:-1])[path[-1]] = json.loads(json.dumps(new))


def is_tree(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], str) and value[0].isalpha() and len(value) > 1
    return isinstance(value, str) and (value in ("x", "u", "v", "b", "e") or value[-1:].isdigit())


def spoil_statement(c: dict[str, Any], r: random.Random) -> bool:
    """Change what is stated; True where the loss stays what it was."""
    s = c["statement"]
    claim = s["claim"]
    f, up = claim["formula"], claim["kind"] == "T >="
    if "matrix" in s["target"] and r.random() < 0.4:
        spoil_costs(s["target"]["matrix"], r)
        return False
    factor = Fraction(r.choice([101, 110, 150, 200, 1000]), 100)
    scale = str(factor if up else 1 / factor)
    kind = r.randrange(12)
    if kind < 4:
        claim["formula"] = ["mul", scale, f]
    elif claim["kind"] == "Gamma <=" and kind < 9:
        less = ["add", f, ["mul", "-1/10", "e", ["pow", ["add", "e", "1"], "-1"]]]
        wave = ["mul", "-1", ["max", ["mul", "-1", f], ["mul", "-1", ["mul", scale, f]]]]
        hidden = ["add", f, ["mul", "0", ["log", ["add", "e", r.choice(["0", "-1/4", "-1"])]]]]
        claim["formula"] = r.choice(
            [less, wave, hidden, "e", ["pow", "e", "2"], "1", "0", ["mul", f, f, ["pow", f, "-1"]],
             ["add", f, "-1/100"], ["mul", f, ["pow", ["add", "e", "1"], "-1"]]])  # fmt: skip
    elif kind == 4:
        bump = ["mul", str(r.choice([4, 100])), "b", ["add", "1", ["mul", "-1", "b"]]]
        claim["formula"] = ["add", f, bump if up else ["mul", "-1", bump]]
    elif kind == 5:
        cut = r.choice(["0", "1/2", "1/4", "1", ["pow", "2", "-1"]])
        arms = [f, ["mul", scale, f]]
        r.shuffle(arms)
        claim["formula"] = ["ifle", "b", cut, *arms]
    elif kind == 6:
        claim["formula"] = r.choice([["pow", "b", "1/2"], "b", ["pow", "b", "10"], "0", "1"])
    elif kind == 7:
        claim["kind"] = "T <=" if up else "T >="
        claim["formula"] = ["mul", str(1 / factor if up else factor), f]
    elif kind == 8:
        below = ["add", "b", r.choice(["-1/2", "-1", "-1/4"])]
        void = r.choice([["mul", "0", ["pow", below, "-1"]], ["mul", "0", ["log", ["pow", below,
                        "2"]]], ["mul", below, ["pow", below, "-1"]]])  # fmt: skip
        claim["formula"] = ["add", f, void]
    elif kind == 9:
        s["classes"] = r.choice([2, 3, 4, 10, 100, "any"])
        claim["formula"] = ["mul", scale, f]
    elif kind == 10 and "matrix" not in s["target"]:
        if s["loss"]["kind"] == "softmax" and r.random() < 0.4:
            s["target"] = r.choice([{"kind": "zero-one"}, {"kind": "top", "k": r.choice([2, 3])}])
        else:
            bound = {"kind": "bounded", "scores": r.choice(["1/2", "1", "1/10", "2"])}
            s["hypotheses"] = r.choice([{"kind": "complete"}, bound])
        if s["classes"] == "any":
            s["classes"] = r.choice([2, 3, 4])
        claim["formula"] = ["mul", scale, f]
        return False
    else:
        spots = [p for p in places(s["loss"]["formula"]) if p and is_tree(at(s, ("loss", "formula",
                 *p)))]  # fmt: skip
        if spots:
            path = ("loss", "formula", *r.choice(spots))
            put(s, path, r.choice(traps(at(s, path))))
        claim["formula"] = ["mul", scale, f]
        return False
    return True


def spoil_costs(matrix: list[list[str]], r: random.Random) -> None:
    """Other costs: one entry, a row more or less, the same row twice, all of them larger."""
    row = r.choice(matrix)
    y, kind = r.randrange(len(row)), r.randrange(6)
    if kind == 0:
        row[y] = r.choice(["0", "-1", "5", "1/3", "1000000", "1/1000000", "0.5"])
    elif kind == 1:
        matrix.append([r.choice(["0", "1/4", "1/8", "1", "3"])] * len(row))
    elif kind == 2:
        matrix.insert(r.randrange(len(matrix)), list(row))
    elif kind == 3:
        matrix.remove(row)
    elif kind == 4:
        factor = r.choice([Fraction(3, 2), Fraction(2), Fraction(1000)])
        matrix[:] = [[str(factor * Fraction(x)) for x in line] for line in matrix]
    else:
        matrix[:] = [line[1:] + line[:1] for line in matrix]


def new_pairs(matrix: list[list[str]], r: random.Random) -> list[dict[str, Any]]:
    """Lines for a cost matrix from nothing: every pair, one piece, a witness at random."""
    found = []
    for k, row in enumerate(matrix):
        for best, other in enumerate(matrix):
            reach = max(Fraction(x) - Fraction(y) for x, y in zip(row, other, strict=False))
            if reach <= 0:
                continue
            witness = {
                "slope": r.choice(["0", "1", "x", ["mul", "4", "x"], "-1", "100"]),
                "level": r.choice(["0", "1", "-1", "2", "x", "1/2", ["exp", "x"]]),
                "weights": [r.choice(["0", "1", "x", "-1", "1000"]) for _ in matrix],
            }
            pieces = [piece("0", str(reach), witness, r.choice(METHODS), r.choice(traps("x")))]
            if r.random() < 0.5:
                pieces[0]["at"] = "x"
            found.append({"predicted": k, "best": best, "pieces": pieces})
    return found  # fmt: skip


def new_proof(c: dict[str, Any], r: random.Random) -> dict[str, Any]:
    """A proof from nothing, of a rule at random."""
    rule = r.choice([*LEMMAS, *OTHERS])
    witness = r.choice([["1/2", "1/2"], ["1", "0"], ["x", "0"], None, "1", "x", "inf", "0", "1/2"])
    pieces = [piece("0", "1", witness, r.choice(METHODS), r.choice(traps("x")))]
    if r.random() < 0.5:
        pieces.append(piece("0", r.choice(["1", "2"]), witness, r.choice(METHODS), "x"))
    wrong = [score_piece("0", "1"), score_piece("1", "inf")]
    n = c["statement"]["classes"]
    n = n if isinstance(n, int) and n < 20 else 3
    p = [str(Fraction(k, 4)) for k in r.choice([(3, 1), (2, 2), (4, 0), (5, -1)])] + ["0"] * (n - 2)
    extra: dict[str, Any] = {
        "scaling": r.choice([None, "0", "1/2", "1/4", "-1", "1"]),
        "even": {"least": r.choice(["0", "1", "-1"]), "pieces": wrong},
        "worse": {"least": r.choice(["0", "1", "2"]), "pieces": wrong},
        "best": {"least": r.choice(["0", "1", "1/2"]), "pieces": [score_piece("-inf", "0", "down"),
                                                                  *wrong]},
        "p": p,
        "point": r.choice([p, p[::-1], ["1/2", "1/2"] + ["0"] * (n - 2), "0", "1", "-1"]),
        "reference": r.choice([p, p[::-1]]),
        "beta": r.choice(["1/2", "1", "0", "1/10", "2"]),
        "witness": witness,
        "pieces": pieces,
        "level": r.choice(["-1", "0", "-1/2", "-2", "1", ["mul", "-1", ["exp", "1"]]]),
        "shape": {"inverse": r.choice(["u", ["pow", "u", "2"], ["pow", "u", "1/2"], "1"]),
                  "bend": r.choice(["convex", "concave"]), "methods": ["algebra:0"] * 2},
        "factors": r.choice([["1", "0"], ["1", "1/2"], ["2", "1/3"], ["1", "x"], ["-1", "0"]]),
        "excess": r.choice(["0", "1/100", "1/10", "1"]),
        "share": r.choice(["1", "1/2", "2", "0"]),
    }  # fmt: skip
    keys = {
        "pair": "scaling", "theorem A": "scaling", "margin": "even worse", "concave pair": "",
        "theorem C": "", "tangent": "", "convex point": "beta p point reference",
        "concave point": "beta p point", "margin point": "beta point best", "plug-in lines": "",
        "swap": "scaling", "bounded swap": "scaling", "theorem D": "shape", "tie": "",
        "pools": "scaling", "theorem X": "factors",
        "bounded point": "beta p point reference level",
    }[rule].split()  # fmt: skip
    if not rule.endswith("point"):
        keys += ["beta", "witness"] if c["verdict"] == "violated" else ["pieces"]
    elif c["statement"]["claim"]["kind"] == "Gamma <=":
        keys += ["excess", "share"]
    matrix = c["statement"]["target"].get("matrix")
    if matrix and c["verdict"] == "holds" and r.random() < 0.7:
        return {"rule": "plug-in lines", "pairs": new_pairs(matrix, r)}
    if c["statement"]["claim"]["kind"] == "Gamma <=" and "pieces" in keys:
        reach = r.choice(["x", ["mul", "2", "x"], "1", "0", None])
        for p in pieces:
            p["reach"] = reach
        low = r.choice(["0", "1/2", "1", "-1", "100"])
        pieces.append({**piece(low, "inf", None, r.choice(METHODS)), "reach": None})
    return {"rule": rule, **json.loads(json.dumps({k: extra[k] for k in keys}))}


def spoil_proof(c: dict[str, Any], r: random.Random) -> None:
    """One change of the proof."""
    proof = c["proof"]
    kind = r.randrange(10)
    pieces = proof.get("pieces")
    if proof.get("pairs"):
        listed = proof["pairs"]
        if r.random() < 0.2:
            k = r.randrange(len(listed))
            r.choice(
                [
                    lambda: listed.pop(k),
                    lambda: listed.insert(k, copy.deepcopy(listed[k])),
                    lambda: r.shuffle(listed),
                ]
            )()
            return
        pieces = r.choice(listed)["pieces"]
    if kind == 0 and pieces:
        k = r.randrange(len(pieces))
        r.choice([lambda: pieces.pop(k), lambda: pieces.insert(k, copy.deepcopy(pieces[k])),
                  lambda: r.shuffle(pieces)])()  # fmt: skip
    elif kind == 1 and pieces:
        for p in pieces:
            p["method"] = r.choice(METHODS)
    elif kind == 2 and pieces:
        k = r.randrange(len(pieces))
        ends = [("0", "1", ["mul", ["add", "1", "-1"], ["pow", ONE_LESS, "-1"]]),
                ("1", "2", ["mul", ONE_LESS, ["pow", ONE_LESS, "-1"]])]  # fmt: skip
        made = [{**pieces[k], "from": a, "to": b, "at": t} for a, b, t in ends]
        pieces[k : k + 1] = json.loads(json.dumps(made))
    elif kind == 3:
        c["proof"] = new_proof(c, r)
    elif kind == 4:
        rule = r.choice([*LEMMAS, *OTHERS])
        proof["rule"] = rule
        if "scaling" in proof and r.random() < 0.5:
            proof["scaling"] = r.choice([None, "0", "1/2", "1/4", "-1", "1"])
    else:
        spots = [p for p in places(proof) if p and p != ("rule",) and is_tree(at(proof, p))]
        if spots:
            path = r.choice(spots)
            put(proof, path, r.choice(traps(at(proof, path))))


def forge(base: dict[str, Any], r: random.Random) -> tuple[dict[str, Any], bool]:
    """A forgery, and whether the loss is the honest one's."""
    c = json.loads(json.dumps(base))  # no two places share a list
    same_loss = spoil_statement(c, r)
    for _ in range(r.choice([0, 1, 1, 2, 2, 3, 5])):
        spoil_proof(c, r)
    c["lemmas"] = LEMMAS.get(c["proof"]["rule"], [])
    return sealed(c), same_loss


def slander(base: dict[str, Any], r: random.Random) -> dict[str, Any]:
    """A true statement, called violated."""
    c = json.loads(json.dumps(base))  # no two places share a list
    claim = c["statement"]["claim"]
    factor = Fraction(r.choice([50, 90, 99, 100]), 100)
    claim["formula"] = ["mul", str(factor if claim["kind"] == "T >=" else 1 / factor),
                        claim["formula"]]  # fmt: skip
    c["verdict"] = "violated"
    c["proof"] = new_proof(c, r)
    for _ in range(r.choice([0, 1, 2])):
        spoil_proof(c, r)
    c["lemmas"] = LEMMAS.get(c["proof"]["rule"], [])
    return sealed(c)
