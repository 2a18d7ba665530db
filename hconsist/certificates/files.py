"""Certificates on disk."""

from __future__ import annotations

import json
from pathlib import Path

from hconsist.checker.reading import Fields
from hconsist.errors import InvalidInputError


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
