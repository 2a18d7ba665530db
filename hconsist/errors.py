"""The exceptions of the package.

Every message has three parts in a fixed order: the rule that was broken, the value that was
received, and the remedy. They are raised before any work starts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fractions import Fraction


class HconsistError(Exception):
    """Base class of everything that the package raises on purpose."""


class InvalidInputError(HconsistError, ValueError):
    """An argument breaks a rule.

    Parameters
    ----------
    rule : str
        What must hold, as a full clause: ``"tau must be >= 0"``.
    received : object
        The offending value; its ``repr`` is shown.
    remedy : str
        What to pass instead.

    Examples
    --------
    >>> str(InvalidInputError("tau must be >= 0", -1, "pass tau=0 for the sum-exponential loss"))
    'tau must be >= 0; received -1; pass tau=0 for the sum-exponential loss'
    """

    def __init__(self, rule: str, received: object, remedy: str) -> None:
        self.rule, self.received, self.remedy = rule, received, remedy
        super().__init__(f"{rule}; received {_shown(received)}; {remedy}")

    def __reduce__(self) -> tuple[type, tuple[str, object, str]]:
        return type(self), (self.rule, self.received, self.remedy)


def _shown(value: object) -> str:
    """A value as it was probably typed: an exact 6/5 as 1.2."""
    if isinstance(value, Fraction):
        decimal = repr(float(value))
        return (
            decimal
            if Fraction(decimal) == value and "e" not in decimal and value.denominator > 1
            else str(value)
        )
    return value if isinstance(value, str) else repr(value)


class UnknownNameError(InvalidInputError):
    """A name is not in a catalogue; the message suggests the nearest one.

    Examples
    --------
    >>> print(UnknownNameError("loss", "logistc", ["logistic", "mae"]))
    unknown loss; received logistc; did you mean 'logistic'? (known: logistic, mae)
    """

    def __init__(self, kind: str, received: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(received, names, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        shown = ", ".join(
            names
            if len(names) <= 12
            else [*difflib.get_close_matches(received, names, 6, 0.3), "..."]
        )
        self.kind, self.known = kind, names
        super().__init__(f"unknown {kind}", received, f"{hint}(known: {shown})")

    def __reduce__(self) -> tuple[type, tuple[str, object, list[str]]]:  # type: ignore[override]
        return type(self), (self.kind, self.received, self.known)


class EngineCannotAnswerError(HconsistError):
    """An engine has no method for a problem: says what stopped it and which engine to try.

    Examples
    --------
    >>> print(EngineCannotAnswerError("symbolic", "no closed form for n = 3", "numeric"))
    the symbolic engine cannot answer: no closed form for n = 3; try engine='numeric'
    """

    def __init__(self, engine: str, reason: str, alternative: str | None = None) -> None:
        self.engine, self.reason, self.alternative = engine, reason, alternative
        hint = f"; try engine={alternative!r}" if alternative else ""
        super().__init__(f"the {engine} engine cannot answer: {reason}{hint}")

    def __reduce__(self) -> tuple[type, tuple[str, str, str | None]]:
        return type(self), (self.engine, self.reason, self.alternative)
