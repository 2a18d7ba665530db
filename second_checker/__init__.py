"""A second checker of the certificates of `docs/certificate.md`, written from that page alone.

It shares no code with the package, imports the standard library only, and calculates with whole
numbers and fractions. Read the files in this order: `trees`, `reading` (the file), `intervals`
(enclosures), `polynomials` (Sturm), `forms` (identities), `signs`, `spans` (what is shown on an
interval), `coverage`, `losses` (piecewise linear), `cells`, `lower`, `rules`, `plugin`, `gaps`
(the rules). `README.md` says what it trusts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from .cells import chords, score_point
from .coverage import Work
from .gaps import gap
from .lower import RULES
from .plugin import curve, forecast_point, lines_above, plug_in
from .reading import SCHEMA, Statement, digest, fields, statement
from .rules import (
    bounded_point,
    concave_point,
    convex_point,
    gamma,
    gamma_violated,
    lower_holds,
    margin_point,
    refutes,
    tangent,
    tie,
    upper_violated,  # fmt: skip
)
from .signs import Clock
from .spans import Constants
from .trees import Rejected, Undecided

__all__ = ["Rejected", "Result", "Undecided", "check", "digest"]


@dataclass(frozen=True)
class Result:
    """What was shown of a file: "holds", "violated", "undecided" or "rejected"; in the last two
    cases `reason` says why. `agrees`: the file's own verdict was verified.
    """

    verdict: str
    reason: str
    stated: str
    agrees: bool


POINTS = {"convex point": convex_point, "concave point": concave_point,
          "margin point": margin_point, "score point": score_point,
          "bounded point": bounded_point}  # fmt: skip
UPPER = {"tangent": tangent, "chords": chords, "plug-in curve": curve, "tie": tie}


def _rule(s: Statement, verdict: str, rule: Any) -> tuple[Any, list[str]]:
    """The function that checks, and the lemmas the file must name."""
    key = (s.relation, verdict)
    if isinstance(rule, str):
        lemmas = RULES[rule][0] if rule in RULES else []
        if key == ("T >=", "holds") and rule == "plug-in lines":
            return plug_in, ["plug-in lemma"]
        if key == ("T <=", "violated") and rule == "plug-in lines":
            return lines_above, ["plug-in lemma"]
        if key == ("T <=", "holds") and rule in UPPER:
            return UPPER[rule], []
        if key == ("T >=", "violated") and rule == "plug-in point":
            return forecast_point, []
        if key == ("T >=", "violated") and rule in POINTS:
            return refutes(POINTS[rule]), []
        if key == ("Gamma <=", "violated") and rule in POINTS:
            return gamma_violated(POINTS[rule]), []
        if key in (("gap <=", "holds"), ("gap >=", "holds")) and rule == "gap":
            return gap, []
        if rule in RULES and key == ("T >=", "holds"):
            return lower_holds, lemmas
        if rule in RULES and key == ("Gamma <=", "holds"):
            return gamma, lemmas
        if rule in RULES and key == ("T <=", "violated"):
            return upper_violated, lemmas
    raise Rejected(f"no rule {str(rule)[:40]!r} for a claim {s.relation} that is {verdict}")


def check(c: Any, seconds: float = 120.0) -> Result:
    """Check a certificate, an object as `json.loads` gives it."""
    stated = ""
    try:
        schema, raw, verdict, lemmas, proof, seal = fields(
            c, "schema statement verdict lemmas proof digest"
        )
        if schema != SCHEMA:
            raise Rejected(f"the schema is not {SCHEMA}")
        if seal != digest(c):
            raise Rejected("the digest is another")
        s = statement(raw)
        stated = s.in_words()
        if verdict == "undecided":
            optional = " progress" if isinstance(proof, dict) and "progress" in proof else ""
            reason = fields(proof, "reason" + optional)[0]
            if lemmas != [] or not isinstance(reason, str) or "\n" in reason:
                raise Rejected("an undecided file has a reason of one line and no lemmas")
            return Result("undecided", f"the file claims neither: {reason}", stated, True)
        if not isinstance(proof, dict) or verdict not in ("holds", "violated"):
            raise Rejected("no verdict of the schema, or no proof")
        run, needed = _rule(s, verdict, proof.get("rule"))
        if lemmas != needed:
            raise Rejected(f"the lemmas are not {needed}")
        clock = Clock(time.monotonic() + seconds)
        run(Work(clock, Constants(clock)), s, proof)
        return Result(verdict, "", stated, True)
    except Rejected as error:
        return Result("rejected", str(error), stated, False)
    except Undecided as error:
        return Result("undecided", str(error), stated, False)
    except RecursionError:
        return Result("undecided", "nesting over the limit", stated, False)
