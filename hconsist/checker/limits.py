"""What a file may ask of the checker: verdicts on files, and bounds on size, time and work.

A file that breaks a rule is `Rejected`. A file that asks for more than the bounds below is
`OverLimit`: nothing was shown, either way. The bounds are far above what honest files need; they
exist so that no file can make the checker run for ever or fill the memory.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar

#: Bytes of a file.
BYTES = 32_000_000
#: Nesting of the JSON text, and of one formula.
DEPTH = 100
#: Nodes of one formula in a file, and of one formula that a rule builds from it.
NODES, BUILT_NODES = 20_000, 400_000
#: Bits of the numerator and of the denominator of a number in a file.
BITS = 1_500
#: Numerator, and denominator, of an exponent.
EXPONENT = 400
#: Pieces of one covering, and classes of a rule whose work grows with them.
PIECES, CLASSES, COUNTED_CLASSES = 50_000, 10**9, 200
#: Of a polynomial in the algebra: terms, total degree, bits of a coefficient, generators.
TERMS, DEGREE, COEFFICIENT_BITS, GENERATORS = 4_000, 4_000, 60_000, 24
#: Of a polynomial that is to be factored: terms and total degree. Larger ones are not factored.
FACTOR_TERMS, FACTOR_DEGREE = 400, 200
#: Steps of work in one check (a step is a node visited or a term multiplied), and seconds.
STEPS, SECONDS = 200_000_000, 120.0
#: Bytes of memory of the process that ``hconsist check`` starts.
MEMORY = 4 << 30


class Rejected(Exception):  # noqa: N818 (a verdict on a file, not a failure of the program)
    """The file is not a valid certificate; the message says where it breaks."""


class OverLimit(Rejected):
    """The file asks for more than the checker's limits; nothing is shown. The message names it."""


def need(condition: object, message: str) -> None:
    """Reject unless the condition is exactly True.

    A comparison of balls that overlap is False, and so rejects: what is undecided is not shown.
    """
    if condition is not True:
        raise Rejected(message)


def within(size: int, limit: int, what: str) -> None:
    """Raise `OverLimit` unless size <= limit."""
    if size > limit:
        raise OverLimit(f"over the limit: {what} ({size} > {limit})")


class Work:
    """Steps and seconds left in one check."""

    def __init__(self, steps: int, seconds: float) -> None:
        self.steps, self.limit, self.seconds = 0, steps, seconds
        self.deadline = time.monotonic() + seconds

    def spend(self, steps: int) -> None:
        """Count steps; raise `OverLimit` where they, or the seconds, are used up."""
        self.steps += steps
        if self.steps > self.limit:
            raise OverLimit(f"over the limit: steps of work (> {self.limit})")
        if time.monotonic() > self.deadline:
            raise OverLimit(f"over the limit: seconds (> {self.seconds:g})")


_work: ContextVar[Work | None] = ContextVar("work", default=None)


@contextlib.contextmanager
def budget(steps: int = STEPS, seconds: float = SECONDS) -> Iterator[Work]:
    """Bound the work inside the block."""
    token = _work.set(Work(steps, seconds))
    try:
        work = _work.get()
        assert work is not None
        yield work
    finally:
        _work.reset(token)


def spend(steps: int) -> None:
    """Count steps against the budget of the check that is running, if one is."""
    work = _work.get()
    if work is not None:
        work.spend(steps)
