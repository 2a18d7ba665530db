"""The click application: commands found by name and loaded when they run, errors told in one
line.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NoReturn

import click

from hconsist import __version__
from hconsist.cli import COMMANDS, help_text
from hconsist.errors import EngineCannotAnswerError, HconsistError, UnknownNameError


class ExitCode(IntEnum):
    """What the program says to its caller. A command returns one; None counts as HOLDS."""

    HOLDS = 0
    VIOLATED = 1
    BAD_INPUT = 2
    UNDECIDED = 3
    INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group whose commands are modules ``hconsist.cli.<name>`` with an attribute ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table, without importing anything."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that was asked for."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"hconsist.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown name gets the nearest one suggested."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """The text that is also printed without click."""
        return help_text().rstrip("\n")

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run, tell an error in one line on stderr, exit with an `ExitCode`."""
        extra.pop("standalone_mode", None)
        try:
            code = super().main(args, prog_name or "hconsist", standalone_mode=False, **extra)
        except click.Abort:  # Ctrl-C
            sys.exit(ExitCode.INTERRUPTED)
        except click.exceptions.NoArgsIsHelpError as missing:
            click.echo(missing.format_message(), err=True)
            sys.exit(ExitCode.BAD_INPUT)
        except click.UsageError as problem:
            path = problem.ctx.command_path if problem.ctx else "hconsist"
            _tell(f"{problem.format_message().rstrip('.')} (see '{path} --help')")
            sys.exit(ExitCode.BAD_INPUT)
        except click.ClickException as problem:
            _tell(problem.format_message())
            sys.exit(ExitCode.BAD_INPUT)
        except EngineCannotAnswerError as problem:
            _tell(str(problem))
            sys.exit(ExitCode.UNDECIDED)
        except HconsistError as problem:
            _tell(str(problem))
            sys.exit(ExitCode.BAD_INPUT)
        except OSError as problem:
            _tell(
                f"{problem.strerror or problem}"
                + (f": {problem.filename}" if problem.filename else "")
            )
            sys.exit(ExitCode.BAD_INPUT)
        sys.exit(ExitCode.HOLDS if code is None else int(code))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a closed pipe is passed on past click, which would exit 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            from hconsist.cli import leave_closed_pipe

            leave_closed_pipe()


def _tell(message: str) -> None:
    click.echo(f"hconsist: {' '.join(message.split())}", err=True)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="hconsist")
def app() -> None:
    """H-consistency bounds of classification losses."""
