"""What a command may use: a time budget, and the memory that is there.

The budget is kept by an alarm, which interrupts whatever Python does; once more every second, in
case the first interruption was swallowed. A thread ends a program whose compiled code heeds no
alarm. What was finished by then is kept: a command says by `keeps` what that is.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click

from hconsist.errors import InvalidInputError

F = TypeVar("F", bound=Callable[..., object])

#: Seconds that a command for one value may take, and one for a table or a figure.
ONE_VALUE, MANY_VALUES = 60.0, 600.0
#: Bytes that an answer takes for each label, at the least.
PER_LABEL = 500
#: Seconds between the alarm and the end of a program that does not heed it.
GRACE = 10.0

_META = "hconsist.cli.limits"
#: Whether the program may end its process (it may not inside a caller's own).
owns_process = False


class BudgetSpent(BaseException):
    """The time budget ended; not an `Exception`, so that no method takes it for its own failure."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"{seconds:g} s")


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.5 on
    """A number of seconds >= 0; inf for no limit, where a command has none of its own."""

    name = "seconds"

    def __init__(self, least: float = 0.0, most: float = math.inf) -> None:
        self.least, self.most = least, most

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, or an error that names the rule."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not self.least <= number <= self.most:
            endless = self.most == math.inf
            raise InvalidInputError(
                f"a time budget must be a number of seconds >= {self.least:g}"
                + ("" if endless else f" and at most {self.most:g}"),
                str(value),
                "pass --time-budget 60" + (", or inf for no limit" if endless else ""),
            )
        return number


def time_budget_option(seconds: float, expose: bool = False) -> Callable[[F], F]:
    """``--time-budget``, kept by an alarm; the command gets the number when ``expose``."""

    def arm(ctx: click.Context, _: click.Parameter, value: float) -> float:
        if not ctx.resilient_parsing:
            ctx.meta[_META] = ctx.with_resource(_deadline(value))
        return value

    return click.option(
        "--time-budget",
        type=Seconds(),
        default=seconds,
        show_default=True,
        metavar="S",
        expose_value=expose,
        callback=arm,
        help="Seconds after which the program stops, undecided; inf: no limit.",
    )


def leave_time_to_answer() -> None:
    """The engine keeps the budget by itself and answers with what it has: the alarm comes later."""
    deadline = click.get_current_context().meta.get(_META)
    if deadline is not None:
        deadline.set(1.25 * deadline.seconds + 5)


def keeps(what: str) -> None:
    """Say what an interrupt or a spent budget leaves behind; told on stderr when it comes."""
    failures = click.get_current_context().find_root().obj
    if failures is not None:
        failures.kept = what


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.hard: threading.Timer | None = None

    def set(self, after: float) -> None:
        self.clear()
        if not math.isfinite(after) or after > threading.TIMEOUT_MAX:
            return
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, max(after, 1e-3), 1.0)
        if owns_process:
            self.hard = threading.Timer(after + GRACE, _end, (self.seconds,))
            self.hard.daemon = True
            self.hard.start()

    def clear(self) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        if self.hard is not None:
            self.hard.cancel()


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[_Deadline]:
    made = _Deadline(seconds)
    if threading.current_thread() is not threading.main_thread():
        yield made  # a caller's thread: no alarm reaches it
        return

    def spent(*_: object) -> None:
        raise BudgetSpent(seconds)

    before = signal.signal(signal.SIGALRM, spent) if hasattr(signal, "SIGALRM") else None
    try:
        made.set(seconds)
        yield made
    finally:
        made.clear()
        if before is not None:
            signal.signal(signal.SIGALRM, before)


def _end(seconds: float) -> None:
    """End a program that did not heed its alarm: undecided."""
    with contextlib.suppress(OSError):
        os.write(2, f"hconsist: {spent_message(seconds)[0]}\n".encode())
    os._exit(3)


def spent_message(seconds: float) -> tuple[str, str, str, str]:
    """The line for a spent budget, and its rule, received value and remedy."""
    rule, received = "the answer must come within the time budget", f"{seconds:g} s"
    remedy = "pass a longer --time-budget, fewer classes, or a simpler loss"
    return f"undecided: {rule}; received {received}; {remedy}", rule, received, remedy


# -- memory
def available_memory() -> int:
    """Bytes that the program can still take, as far as the system says so; a large number where it
    does not.
    """
    found = [2**62]
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(free.split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):  # what a container may use
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        used = int((group / "memory.current").read_text(encoding="ascii"))
        found.append(max(limit - used, 0))
    return min(found)


def check_memory(n_classes: int) -> None:
    """Refuse a number of classes whose distributions do not fit into memory.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> check_memory(10**12)
    Traceback (most recent call last):
    ...
    hconsist.errors.InvalidInputError: the distributions must fit into memory; \
received 1000000000000 classes (500000000 MB needed); lower the number of classes, or derive with \
-n n, which keeps it a symbol
    """
    if isinstance(n_classes, int) and n_classes * PER_LABEL > min(available_memory(), 2**42):
        raise InvalidInputError(
            "the distributions must fit into memory",
            f"{n_classes} classes ({n_classes * PER_LABEL // 10**6} MB needed)",
            "lower the number of classes, or derive with -n n, which keeps it a symbol",
        )


def bound_memory() -> None:
    """Let an allocation beyond what is there fail with an error that can be told, instead of the
    system ending the program.
    """
    if sys.platform != "linux":
        return
    import resource

    limit = available_memory() + 2**28
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
