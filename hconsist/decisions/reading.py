"""Numbers and tables of numbers in the spec strings of targets. Nothing is evaluated: an entry is a
decimal or a fraction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from hconsist.errors import InvalidInputError, UnknownNameError

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?|[+-]?\d+/\d+")
_ROWS = "write rows in brackets, such as [[0,2,1/2],[1,0,0.3]]"

Rows = tuple[tuple[Fraction, ...], ...]


def number(text: str, name: str) -> Fraction:
    """A decimal or a fraction, exactly.

    Raises
    ------
    InvalidInputError
        For anything else.

    >>> number("1/3", "c"), number("0.3", "c")
    (Fraction(1, 3), Fraction(3, 10))
    """
    entry = text.strip()
    if len(entry) > 60 or not _NUMBER.fullmatch(entry):
        raise InvalidInputError(f"{name} must be a number", entry or "nothing", "write 2, 0.3, 1/3")
    try:
        return Fraction(entry)
    except ZeroDivisionError:
        raise InvalidInputError(f"{name} must be a number", entry, "write 2, 0.3, 1/3") from None


def shown(value: Fraction) -> str:
    """A number as a spec string has it: 0.3 where a short decimal is exact, 1/3 elsewhere.

    >>> shown(Fraction(3, 10)), shown(Fraction(1, 3)), shown(Fraction(2))
    ('0.3', '1/3', '2')
    """
    if value.denominator == 1:
        return str(value)
    decimal = repr(float(value))
    exact = "e" not in decimal and Fraction(decimal) == value
    return decimal if exact else str(value)


def shown_rows(rows: Rows) -> str:
    """Rows as a spec string has them.

    >>> shown_rows(((Fraction(0), Fraction(1, 3)), (Fraction(1), Fraction(0))))
    '[[0,1/3],[1,0]]'
    """
    return "[" + ",".join("[" + ",".join(map(shown, row)) + "]" for row in rows) + "]"


def rows(text: str, name: str) -> Rows:
    """Rows of numbers: ``[[0,1],[1/2,0]]``, or ``@FILE.csv`` with one row a line.

    Raises
    ------
    InvalidInputError
        When the text, or the file, is not rows of numbers, or the file cannot be read.

    >>> rows("[[0, 1], [1/2, 0]]", "a cost")
    ((Fraction(0, 1), Fraction(1, 1)), (Fraction(1, 2), Fraction(0, 1)))
    """
    body = text.strip()
    if body.startswith("@"):
        try:
            content = Path(body[1:]).read_text(encoding="utf-8")
        except (OSError, ValueError) as problem:
            raise InvalidInputError(
                "a table of costs must be a readable CSV file", body[1:], "one row a line, as 0,2,1"
            ) from problem
        lines = [line for line in content.splitlines() if line.strip()]
        return tuple(tuple(number(v, name) for v in line.split(",")) for line in lines)
    if not (body.startswith("[[") and body.endswith("]]")):
        raise InvalidInputError("costs must be rows of numbers", body or "nothing", _ROWS)
    inner = re.split(r"\]\s*,\s*\[", body[2:-2])
    if any("[" in line or "]" in line for line in inner):
        raise InvalidInputError("costs must be rows of numbers", body, _ROWS)
    return tuple(tuple(number(v, name) for v in line.split(",")) for line in inner)


def whole(text: str, name: str, remedy: str) -> int:
    """A whole number.

    Raises
    ------
    InvalidInputError
        For anything else.

    >>> whole("3", "k", "k=3")
    3
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise InvalidInputError(f"{name} must be a whole number", text, f"write {remedy}")
    return int(text)


def settings(
    text: str, spec: str, known: Mapping[str, str], optional: Mapping[str, str] | None = None
) -> dict[str, str]:
    """``name=value`` settings; commas inside brackets belong to the value.

    Parameters
    ----------
    text : str
    spec : str
        The whole spec, for messages.
    known : mapping
        Each setting's name to an example of its value; all are needed.
    optional : mapping, optional
        Each setting that may be left out, to its value then.

    Raises
    ------
    InvalidInputError, UnknownNameError

    >>> settings("accuracy=[[.9,.8]]", "defer:...", {"accuracy": "[[.9,.8]]"})
    {'accuracy': '[[.9,.8]]'}
    """
    found: dict[str, str] = {}
    allowed = {**known, **(optional or {})}
    for part in re.split(r",(?=\s*[a-z]+\s*=)", text) if text.strip() else []:
        key, sign, value = part.partition("=")
        if not sign:
            raise InvalidInputError(
                "a target's setting must read name=value",
                part,
                "write " + ",".join(f"{k}={v}" for k, v in (known or allowed).items()),
            )
        if key.strip() not in allowed:
            raise UnknownNameError("setting of the target", key.strip(), allowed)
        if key.strip() in found:
            raise InvalidInputError("a setting may be given once", spec, f"drop one of the {key}=")
        found[key.strip()] = value.strip()
    missing = [k for k in known if k not in found]
    if missing:
        raise InvalidInputError(
            f"the target needs {', '.join(missing)}",
            spec,
            "write " + ",".join(f"{k}={v}" for k, v in known.items()),
        )
    return {**(optional or {}), **found}
