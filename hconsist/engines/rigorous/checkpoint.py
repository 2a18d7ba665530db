"""Checkpoints: JSON-ready dictionaries that tell what they are about, and whether they are still as
they were written.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hconsist.errors import InvalidInputError


def seal(content: dict[str, object]) -> dict[str, object]:
    """The content with its digest.

    >>> sorted(seal({"schema": "x"}))
    ['digest', 'schema']
    """
    return {**content, "digest": _digest(content)}


def read(saved: dict[str, object], schema: str, statement: dict[str, object]) -> dict[str, Any]:
    """The content of a checkpoint.

    Raises
    ------
    InvalidInputError
        When it is about another problem, or was changed since it was written.

    >>> read(seal({"schema": "x", "statement": {}}), "x", {})["schema"]
    'x'
    """
    content = {key: value for key, value in saved.items() if key != "digest"}
    if content.get("schema") != schema or content.get("statement") != statement:
        raise InvalidInputError(
            "only the same problem can be resumed", str(saved.get("statement")), "start afresh"
        )
    if saved.get("digest") != _digest(content):
        raise InvalidInputError(
            "a checkpoint must be as it was written", "another digest", "start afresh"
        )
    return content


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
