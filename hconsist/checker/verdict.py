"""The verdict on a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flint
from flint.utils.flint_exceptions import FlintError

from hconsist.checker.enclosures import PRECISION
from hconsist.checker.limits import SECONDS, STEPS, OverLimit, Rejected, budget, need
from hconsist.checker.obligations import Obligation, discharge
from hconsist.checker.reading import Fields, digest, fields, items, text
from hconsist.checker.rules import rule_of
from hconsist.checker.statements import Statement, read_statement

SCHEMA = "hconsist-certificate/4"
VERDICTS = ("holds", "violated", "undecided")


@dataclass(frozen=True)
class Report:
    """What was checked: the verdict, the statement it is about, and what it rests on.

    Attributes
    ----------
    verdict : {"holds", "violated", "undecided"}
    statement : Statement
    lemmas : tuple of str
    obligations : int
        How many small facts were proven.
    """

    verdict: str
    statement: Statement
    lemmas: tuple[str, ...]
    obligations: int


def opened(certificate: object) -> tuple[Statement, str, Fields]:
    """The statement, the verdict and the proof of a certificate, checked for form."""
    if not isinstance(certificate, dict) or certificate.get("schema") != SCHEMA:
        raise Rejected(f"the schema is not {SCHEMA}")
    c = fields(certificate, "a certificate", "schema statement verdict lemmas proof digest")
    need(c["digest"] == digest(c), "the digest does not match: the file was changed")
    verdict = text(c["verdict"], "verdict", *VERDICTS)
    for lemma in items(c["lemmas"], "lemmas", 100, 0):
        text(lemma, "a lemma")
    if not isinstance(c["proof"], dict):
        raise Rejected("proof must be an object")
    return read_statement(c["statement"]), verdict, c["proof"]


def obligations(certificate: object) -> Iterator[Obligation]:
    """What is left to prove, once the rule of the certificate is applied.

    The rule's theorem says that the verdict follows from these and its lemmas. Nothing is proven
    here; some sizes and signs of rational numbers are compared on the way.

    Raises
    ------
    Rejected
        Where the proof is not of the rule's form.
    """
    statement, verdict, proof = opened(certificate)
    if verdict != "undecided":
        rule, _ = rule_of(statement, verdict, proof)
        yield from rule(statement, proof)


def examine(certificate: Any, steps: int = STEPS, seconds: float = SECONDS) -> Report:
    """Check a certificate within a budget.

    Parameters
    ----------
    certificate : dict
        As read from JSON.
    steps : int
        Limit of work.
    seconds : float
        Limit of time.

    Raises
    ------
    Rejected
        Where the file is not a certificate, or does not prove its verdict.
    OverLimit
        Where it asks for more than the limits: nothing is shown.
    """
    try:
        with budget(steps, seconds), flint.ctx.workprec(PRECISION):
            statement, verdict, proof = opened(certificate)
            lemmas: tuple[str, ...] = ()
            count = 0
            if verdict == "undecided":
                text(fields(proof, "proof", "reason", "progress")["reason"], "reason")
            else:
                rule, lemmas = rule_of(statement, verdict, proof)
                for obligation in rule(statement, proof):
                    discharge(obligation)
                    count += 1
            need(
                list(lemmas) == certificate["lemmas"],
                "the lemmas are not those that the proof uses",
            )
            return Report(verdict, statement, lemmas, count)
    except (RecursionError, MemoryError) as problem:
        raise OverLimit("over the limit: nesting or memory") from problem
    except (FlintError, ArithmeticError) as problem:
        raise Rejected(f"not shown: {type(problem).__name__}: {problem}") from problem


def check(certificate: object) -> str:
    """The verdict of a certificate: "holds", "violated" or "undecided".

    Raises
    ------
    Rejected
        Where the file does not prove its verdict; `OverLimit` where it is beyond the limits.
    """
    return examine(certificate).verdict
