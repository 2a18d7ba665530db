"""How a command fails: one line on stderr, a document on stdout where JSON was asked for, and an
exit code that says which kind of failure it was.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import click

from hconsist.cli.limits import BudgetSpent, spent_message
from hconsist.errors import EngineCannotAnswerError, HconsistError, InvalidInputError

#: The version of what ``--json`` prints: raised when a key changes its meaning or goes.
SCHEMA = 1


class ExitCode(IntEnum):
    """What the program says to its caller. A command returns one; None counts as HOLDS."""

    HOLDS = 0
    VIOLATED = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    FAILED = 4
    INTERRUPTED = 130
    CLOSED = 141


class Told(NamedTuple):
    """A failure in words; ``line`` is what stderr shows, the rest is its JSON."""

    code: ExitCode
    line: str
    rule: str
    received: str
    remedy: str


#: What a command that has no ``--engine`` recommends where its engine has no method.
_INSTEAD = {
    "derive": "hconsist transform, bound and plot answer with --engine {0}",
    "certify": "hconsist transform answers at single values with --engine {0}",
}


def interrupted(problem: BaseException | None) -> bool:
    """Whether Ctrl-C is behind a failure: a module stopped while it loads raises an error of
    its own over it.

    >>> interrupted(KeyboardInterrupt()), interrupted(ImportError("no such module"))
    (True, False)
    """
    for _ in range(20):
        if problem is None or isinstance(problem, click.Abort | KeyboardInterrupt):
            return problem is not None
        problem = problem.__cause__ or problem.__context__
    return False


class Failures:
    """Tells a failure of the command that ``words`` asked for.

    ``kept`` is what the command has said that it leaves behind when it is stopped.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.kept = list(words), ""

    def tell(self, problem: BaseException) -> ExitCode:
        """Say it on stderr, and on stdout in JSON with ``--json``; the code to exit with."""
        if interrupted(problem):
            if self.kept:
                say(f"interrupted; {self.kept}")
            return ExitCode.INTERRUPTED
        if isinstance(problem, click.exceptions.NoArgsIsHelpError):
            click.echo(problem.format_message(), err=True)
            return ExitCode.BAD_INPUT
        told = self.words_of(problem)
        say(told.line + (f"; {self.kept}" if self.kept and told.code != 2 else ""))
        if "--json" in self.words:
            error = {"rule": told.rule, "received": told.received, "remedy": told.remedy}
            click.echo(json.dumps({"schema": SCHEMA, "error": error}, indent=2, ensure_ascii=False))
        return told.code

    def words_of(self, problem: BaseException) -> Told:
        """A failure in words."""
        if isinstance(problem, click.UsageError):
            path = problem.ctx.command_path if problem.ctx else "hconsist"
            rule, remedy = problem.format_message().rstrip("."), f"see '{path} --help'"
            received = " ".join(self.words)
            return Told(ExitCode.BAD_INPUT, f"{rule} ({remedy})", rule, received, remedy)
        if isinstance(problem, click.ClickException):
            rule = problem.format_message()
            return Told(ExitCode.BAD_INPUT, rule, rule, " ".join(self.words), "")
        if isinstance(problem, EngineCannotAnswerError):
            rule, remedy = f"the {problem.engine} engine cannot answer", self.instead(problem)
            line = f"{rule}: {problem.reason}" + (f"; {remedy}" if remedy else "")
            return Told(ExitCode.UNDECIDED, line, rule, problem.reason, remedy)
        if isinstance(problem, InvalidInputError):
            shown = (
                problem.received if isinstance(problem.received, str) else repr(problem.received)
            )
            return Told(
                ExitCode.BAD_INPUT, str(problem), problem.rule, shown[:1000], problem.remedy
            )
        if isinstance(problem, HconsistError):
            return Told(ExitCode.BAD_INPUT, str(problem), str(problem), "", "")
        if isinstance(problem, BudgetSpent):
            return Told(ExitCode.UNDECIDED, *spent_message(problem.seconds))
        if isinstance(problem, MemoryError):
            rule, remedy = "the work must fit into memory", "lower the number of classes"
            return Told(ExitCode.UNDECIDED, f"undecided: {rule}; {remedy}", rule, "", remedy)
        if isinstance(problem, OSError):
            rule = str(problem.strerror or problem)
            file = str(problem.filename) if problem.filename else ""
            return Told(
                ExitCode.BAD_INPUT,
                rule + (f": {file}" if file else ""),
                rule,
                file,
                "write elsewhere",
            )
        return unexpected(problem)

    def instead(self, problem: EngineCannotAnswerError) -> str:
        """What to try: an option that the command has."""
        if problem.alternative is None:
            return ""
        command = next((word for word in self.words if not word.startswith("-")), "")
        return _INSTEAD.get(command, "try --engine {0}").format(problem.alternative)


def unexpected(problem: BaseException) -> Told:
    """An error of ours."""
    what = " ".join(str(problem).split())[:200]
    rule = f"an error of hconsist itself: {type(problem).__name__}" + (f": {what}" if what else "")
    remedy = "set HCONSIST_TRACEBACK=1 to see where, and report it"
    return Told(ExitCode.FAILED, f"{rule}; {remedy}", rule, "", remedy)


def say(message: str) -> None:
    """One line on stderr."""
    click.echo(f"hconsist: {' '.join(message.split())}", err=True)
