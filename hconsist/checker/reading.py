"""Reading JSON strictly: what is not exactly of the schema is rejected, never guessed at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

from hconsist.checker.limits import BYTES, DEPTH, OverLimit, Rejected, need, within

#: An object of a certificate. JSON does not say of what kind a value is: `fields`, `items`, `text`
#: and the readers of numbers and trees ask, each where it is used.
Fields: TypeAlias = dict[str, Any]


def parse(data: bytes) -> Any:
    """A JSON text as lists, objects, strings, whole numbers, booleans and null.

    Raises
    ------
    Rejected
        For text that is not UTF-8 or not JSON, for a key given twice, for numbers that are not
        whole, and for NaN and infinities.
    OverLimit
        For a file that is too long, or nested too deeply.
    """
    within(len(data), BYTES, "bytes of the file")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Rejected(f"the file is not UTF-8: {problem.reason}") from problem
    within(nesting(text), 2 * DEPTH, "nesting of the file")
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_whole,
        )
    except ValueError as problem:
        raise Rejected(f"the file is not JSON: {problem}") from problem


def nesting(text: str) -> int:
    """The depth of brackets outside strings."""
    depth = deepest = 0
    inside = escaped = False
    for c in text:
        if inside:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == '"':
                inside = False
        elif c == '"':
            inside = True
        elif c in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif c in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [k for k, _ in pairs]
    for k in keys:
        need(keys.count(k) == 1, f"the key {k!r:.40} is given twice")
    return dict(pairs)


def _no_float(text: str) -> NoReturn:
    raise Rejected(f"a number must be a string or a small whole number: {text:.30}")


def _whole(text: str) -> int:
    within(len(text), 20, "digits of a whole number")
    return int(text)


def fields(value: object, name: str, keys: str, optional: str = "") -> Fields:
    """An object with exactly these keys (separated by spaces), and perhaps the optional ones."""
    if not isinstance(value, dict):
        raise Rejected(f"{name} must be an object")
    required, allowed = set(keys.split()), set(keys.split()) | set(optional.split())
    for key in value:
        need(key in allowed, f"{name} has an unknown key: {key!r:.40}")
    for key in required:
        need(key in value, f"{name} lacks the key {key!r}")
    return value


def items(value: object, name: str, most: int, least: int = 1) -> list[Any]:
    """A list of bounded length."""
    if not isinstance(value, list):
        raise Rejected(f"{name} must be a list")
    within(len(value), most, name)
    need(len(value) >= least, f"{name} must have {least} or more entries")
    return value


def text(value: object, name: str, *choices: str) -> str:
    """A short string; one of the choices, if any are given."""
    if not isinstance(value, str):
        raise Rejected(f"{name} must be a string")
    need(len(value) <= 200 and value.isprintable(), f"{name} must be one short line")
    need(not choices or value in choices, f"{name} must be one of {', '.join(choices)}")
    return value


def digest(certificate: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of everything but the digest itself.

    It guards against accidents (a cut file, a changed figure), not against forgers: anyone can
    compute it.
    """
    body = {k: v for k, v in certificate.items() if k != "digest"}
    try:
        written = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except RecursionError as problem:
        raise OverLimit("over the limit: nesting of the file") from problem
    except (TypeError, ValueError) as problem:
        raise Rejected(f"not JSON: {problem}") from problem
    return hashlib.sha256(written.encode()).hexdigest()
