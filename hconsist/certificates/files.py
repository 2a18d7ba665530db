"""Certificates as files: sealed, accepted, and read from disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from hconsist.checker import SCHEMA, Rejected, check, digest
from hconsist.checker.reading import Fields
from hconsist.errors import InvalidInputError


def sealed(statement: Fields, verdict: str, proof: Fields, lemmas: Sequence[str] = ()) -> Fields:
    """A certificate with its digest."""
    made = {
        "schema": SCHEMA, "statement": statement, "verdict": verdict, "lemmas": list(lemmas),
        "proof": proof,
    }  # fmt: skip
    return {**made, "digest": digest(made)}


def accepted(certificate: Fields) -> Fields | None:
    """The certificate, where the checker accepts it."""
    try:
        check(certificate)
    except Rejected:
        return None
    return certificate


def read(path: Path) -> Fields:
    """A certificate file.

    Raises
    ------
    InvalidInputError
        When it cannot be read or is not JSON.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidInputError(
            "a certificate must be a readable JSON file", str(path), str(problem)
        ) from problem
    if not isinstance(value, dict):
        raise InvalidInputError(
            "a certificate must be a JSON object", str(path), "write one with hconsist certify"
        )
    return value
