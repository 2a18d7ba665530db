"""Certificates written by hand, for forgeries."""

from __future__ import annotations

from typing import Any

from hconsist.checker import SCHEMA, digest

LOSSES: dict[str, tuple[str, Any]] = {
    "logistic": ("softmax", ["mul", "-1", ["log", "u"]]),
    "mae": ("softmax", ["add", "1", ["mul", "-1", "u"]]),
    "square": ("softmax", ["add", "1/2", ["mul", "-1/2", ["pow", "u", "2"]]]),
    "gce": ("softmax", ["add", "2", ["mul", "-2", ["pow", "u", "1/2"]]]),
    "hinge": ("margin", ["max", "0", ["add", "1", ["mul", "-1", "v"]]]),
    "exponential": ("margin", ["exp", ["mul", "-1", "v"]]),
}
LEMMAS = {
    "pair": ["pair lemma", "pooling lemma"],
    "theorem A": ["pooling lemma", "theorem A"],
    "concave pair": ["concave pair lemma"],
    "theorem C": ["theorem C"],
    "margin": ["margin lemma"],
    "plug-in lines": ["plug-in lemma"],
    "theorem D": ["pooling lemma", "theorem D"],
    "theorem X": ["theorem X"],
    "pools": ["theorem B"],
    "swap": [],
    "bounded swap": [],
}
#: Rules without lemmas that do not bound T from below.
OTHERS = [
    "tangent", "tie", "convex point", "concave point", "margin point", "bounded point",
]  # fmt: skip


def sealed(c: dict[str, Any]) -> dict[str, Any]:
    """With the digest that belongs to it: no forger forgets that."""
    return {**{k: v for k, v in c.items() if k != "digest"}, "digest": digest(c)}


def make(
    loss: str | tuple[str, Any],
    classes: Any,
    claim: tuple[str, Any],
    proof: dict[str, Any],
    verdict: str = "holds",
    bound: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A certificate of a loss, by name or as (kind, formula)."""
    kind, formula = LOSSES[loss] if isinstance(loss, str) else loss
    bounded = {"kind": "bounded", "scores": bound}
    statement = {
        "loss": {"spec": None, "kind": kind, "formula": formula},
        "classes": classes,
        "target": {"kind": "zero-one"},
        "hypotheses": {"kind": "complete"} if bound is None else bounded,
        "claim": {"kind": claim[0], "formula": claim[1]},
    }
    c = {
        "schema": SCHEMA,
        "statement": statement,
        "verdict": verdict,
        "lemmas": LEMMAS.get(proof.get("rule", ""), []),
        "proof": proof,
    }
    return sealed(c | changes)


def piece(low: Any, high: Any, witness: Any, method: Any = "algebra:0", at: Any = "x") -> Any:
    return {"from": low, "to": high, "at": at, "witness": witness, "method": method}


def score_piece(low: str, high: str, climb: str = "up", method: str = "algebra:0") -> Any:
    return {"from": low, "to": high, "climb": climb, "method": method}


#: Hinge: (g(v) + g(-v))/2 >= 1 and g(-v) >= 1 on [0, inf).
HINGE_LEAST = [score_piece("0", "1"), score_piece("1", "inf")]
HINGE = {
    "rule": "margin",
    "even": {"least": "1", "pieces": HINGE_LEAST},
    "worse": {"least": "1", "pieces": HINGE_LEAST},
}
EXPONENTIAL_LEAST = [score_piece("0", "inf", "up", "algebra:2")]
