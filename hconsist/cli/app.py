"""The click application: commands found by name and loaded when they run, errors told in one
line.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from hconsist import __version__
from hconsist.cli.failures import ExitCode as ExitCode
from hconsist.cli.failures import Failures
from hconsist.cli.table import COMMANDS, help_text, leave_closed_pipe
from hconsist.errors import UnknownNameError


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
        words = list(sys.argv[1:] if args is None else args)
        failures = Failures(words)
        if "_HCONSIST_COMPLETE" in os.environ:
            from hconsist.cli.completion import install

            install()
        try:
            code = super().main(
                words, prog_name or "hconsist", standalone_mode=False, obj=failures, **extra
            )
        except SystemExit as left:  # click's own way out of a closed pipe
            if left.code == 1:
                leave_closed_pipe()
            raise
        except BaseException as problem:
            if os.environ.get("HCONSIST_TRACEBACK") and isinstance(problem, Exception):
                traceback.print_exc()
            sys.exit(failures.tell(problem))
        sys.exit(ExitCode.HOLDS if code is None else int(code))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a closed pipe is passed on past click, which would exit 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            leave_closed_pipe()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="hconsist")
def app() -> None:
    """H-consistency bounds of classification losses."""
