r"""Certificates as theorems of Coq about T, from the lemmas under proofs/.

A script states the loss, the claim and the theorem ``forall b, 0 <= b <= 1 -> T_at_least P b
(claim b)`` (or ``T_at_most``; of a refutation ``exists b, 0 <= b <= 1 /\ ~ T_at_most P b (claim
b)``), with P the problem of proofs/Definitions.v, and proves it: the shape of the loss, every
inequality of every piece, that the pieces cover [0, 1], and the ends of pieces. What cannot be
exported whole is refused with the reason; nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable

from hconsist.arithmetic import precision
from hconsist.checker import Statement, read_statement
from hconsist.checker.reading import Fields
from hconsist.errors import InvalidInputError
from hconsist.exports import (
    coq_costs,
    coq_gamma,
    coq_gaps,
    coq_lower,
    coq_points,
    coq_rules,
    coq_scores,
    coq_upper,
)
from hconsist.exports.coq_terms import refuse

IMPORTS = [
    "From Coq Require Import Reals Lra Lia Arith.",
    "From Coquelicot Require Import Coquelicot.",
    "From Interval Require Import Tactic.",
    "From Hconsist Require Import Sums Convex Definitions Softmax PairLemma ConcaveLosses",
    "  UpperSide Margin Powers Formulas Shapes Ends TheoremA IntegratedBound Gamma",
    "  Above MarginPoints Gaps PlugIn Costs TopLabels TopTies Bounded",
    "  BoundedAbove TheoremD Scores.",
    "Open Scope R_scope.",
    "",
]

Script = Callable[[Statement, Fields], list[str]]

#: The script of each kind of claim and verdict, by rule.
SCRIPTS: dict[tuple[str, str], dict[str, Script]] = {
    ("T >=", "holds"): {
        **dict.fromkeys(coq_rules.LOWER_RULES, coq_lower.holds),
        "plug-in lines": coq_costs.lines_hold,
    },
    ("T >=", "violated"): {
        **dict.fromkeys(coq_points.POINTS, coq_points.refuted),
        "plug-in point": coq_costs.point_refutes,
        "score point": coq_scores.point_refutes,
    },
    ("T <=", "holds"): {"tangent": coq_upper.tangents, "tie": coq_upper.ties_hold},
    ("T <=", "violated"): {
        **dict.fromkeys(coq_rules.LOWER_RULES, coq_lower.refuted),
        "plug-in lines": coq_costs.lines_refute,
    },
    ("Gamma <=", "holds"): dict.fromkeys(coq_rules.LOWER_RULES, coq_gamma.holds),
    ("Gamma <=", "violated"): dict.fromkeys(coq_points.POINTS, coq_points.refuted_gamma),
    ("gap <=", "holds"): {"gap": coq_gaps.holds},
    ("gap >=", "holds"): {"gap": coq_gaps.holds},
}
#: Lemmas that proofs/ states and does not prove yet: the theorem then has them as hypotheses.
HYPOTHESES = {
    "theorem D": {"theorem_D": ("theorem_D_statement", "TheoremD")},
}
#: What is missing for the rules without a script.
_POLYTOPES = "proofs/ has no lemma on least risks at the vertices of cells (weak duality)"
MISSING = {
    "cells": _POLYTOPES,
    "chords": _POLYTOPES,
    "pools": "proofs/ has no lemma on lines below the pools of a power (theorem B)",
    "theorem X": "proofs/ has no statement of theorem X",
    "plug-in curve": "p log p has no enclosure by the tactic interval where p tends to 0",
}


def coq_script(certificate: Fields) -> str:
    """A certificate as a Coq file whose last theorem is the statement, or that it fails.

    Parameters
    ----------
    certificate : dict
        As read from its JSON file.

    Returns
    -------
    str
        For Coq 8.16 with coquelicot and coq-interval, and the compiled proofs/ as ``Hconsist``.

    Raises
    ------
    InvalidInputError
        When the verdict is "undecided".
    EngineCannotAnswerError
        When some part of the proof has no form in Coq yet; the reason says which.

    Examples
    --------
    >>> from hconsist.certificates import certify, parse_claim
    >>> from hconsist.pointwise import PointwiseProblem
    >>> problem = PointwiseProblem("mae", n_classes=3)
    >>> script = coq_script(certify(problem, *parse_claim("T >= b/3", 3)))
    >>> "T_at_least (softmax_problem 3 g) b (claim b)" in script
    True
    """
    if certificate["verdict"] not in ("holds", "violated"):
        raise InvalidInputError(
            "a Coq script needs a certificate with a verdict",
            certificate["verdict"],
            "go on with the search (--resume)",
        )
    with precision(160):
        return "\n".join([*_lines(certificate), ""])


def _lines(certificate: Fields) -> list[str]:
    s, proof = read_statement(certificate["statement"]), certificate["proof"]
    verdict, rule = certificate["verdict"], proof["rule"]
    script = SCRIPTS.get((s.claim_kind, verdict), {}).get(rule)
    if script is None:
        why = MISSING.get(rule, "no script is written")
        raise refuse(f"rule {rule!r} of a claim {s.claim_kind!r}, verdict {verdict!r}: {why}")
    body = script(s, proof)
    words = [f"verdict    {verdict}", *s.words()]
    lines = [f"(* {line.replace('(*', '( *').replace('*)', '* )')} *)" for line in words]
    lines += ["", *IMPORTS]
    for lemma, (statement, file) in HYPOTHESES.get(rule, {}).items():
        lines += [f"(* Not proven in Coq: {statement} of proofs/{file}.v is a hypothesis. *)"]
        lines += ["Section Certificate.", f"Hypothesis {lemma} : {statement}.", ""]
        body = [*body, "End Certificate."]
    return [*lines, *body, "", "Print Assumptions certificate."]
