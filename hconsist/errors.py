"""The exceptions of the package.

Every message has three parts in a fixed order: the rule that was broken, the value that was
received, and the remedy. They are raised before any work starts.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fractions import Fraction

#: The longest part of a received value that a message repeats.
_LONGEST = 200


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
    """A value as it was probably typed: an exact 6/5 as 1.2. What would be read as nothing, or
    would break the line, is quoted; what is long is cut.

    >>> _shown(""), _shown("a\\n"), len(_shown("9" * 1000)) < 250
    ("''", "'a\\\\n'", True)
    """
    if isinstance(value, Fraction):
        try:
            decimal = repr(float(value))
        except OverflowError:
            return _cut(str(value))
        exact = "e" not in decimal and value.denominator > 1 and Fraction(decimal) == value
        return decimal if exact else _cut(str(value))
    if isinstance(value, str) and value.strip() and value.isprintable():
        return _cut(value)
    return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"


class UnknownNameError(InvalidInputError):
    """A name is not in a catalogue; the message suggests the nearest one.

    Examples
    --------
    >>> print(UnknownNameError("loss", "logistc", ["logistic", "mae"]))
    unknown loss; received logistc; did you mean 'logistic'? (known: logistic, mae)
    """

    def __init__(self, kind: str, received: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = _nearest(received, names, 1, 0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        shown = ", ".join(
            names if len(names) <= 12 else [*_nearest(received, names, 6, 0.3), "..."]
        )
        self.kind, self.known = kind, names
        super().__init__(f"unknown {kind}", received, f"{hint}(known: {shown})")

    def __reduce__(self) -> tuple[type, tuple[str, object, list[str]]]:  # type: ignore[override]
        return type(self), (self.kind, self.received, self.known)


def _nearest(received: str, names: list[str], count: int, cutoff: float) -> list[str]:
    """The names nearest to what was typed, in any case: GCE is gce."""
    folded = {name.casefold(): name for name in names}
    found = difflib.get_close_matches(received.casefold()[:100], folded, count, cutoff)
    return [folded[name] for name in found]


class EngineCannotAnswerError(HconsistError):
    """An engine has no method for a problem: says what stopped it and which engine to try.

    Examples
    --------
    >>> print(EngineCannotAnswerError("symbolic", "no closed form for n = 3", "numeric"))
    the symbolic engine cannot answer: no closed form for n = 3; try engine='numeric'

    ``methods`` holds pairs of a method's name and why it does not apply: what it needs, or what
    could not be shown.
    """

    def __init__(
        self,
        engine: str,
        reason: str,
        alternative: str | None = None,
        methods: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.engine, self.reason, self.alternative = engine, reason, alternative
        self.methods = methods
        hint = f"; try engine={alternative!r}" if alternative else ""
        super().__init__(f"the {engine} engine cannot answer: {reason}{hint}")

    def __reduce__(
        self,
    ) -> tuple[type, tuple[str, str, str | None, tuple[tuple[str, str], ...]]]:
        return type(self), (self.engine, self.reason, self.alternative, self.methods)
