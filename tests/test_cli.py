"""The command line: what it prints where, how it exits, what it does not load and does not write."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

import hconsist.cli
from hconsist.cli import COMMANDS, help_text, main

PACKAGE = Path(hconsist.__file__).parent
NOT_COMMANDS = {"app", "options", "output"}


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process."""

    def call(*words: str) -> Result:
        with pytest.raises(SystemExit) as left:
            main(list(words))
        captured = capsys.readouterr()
        return Result(int(left.value.code or 0), captured.out, captured.err)

    return call


def process(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hconsist", *words], check=False, capture_output=True, text=True, timeout=120, **options
    )


# --- the program as a whole ---------------------------------------------------------------------------------------


def test_table_lists_exactly_the_command_modules() -> None:
    modules = {m.name.replace("_", "-") for m in pkgutil.iter_modules(hconsist.cli.__path__)} - NOT_COMMANDS
    assert modules == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_match_the_table_and_explain_themselves(name: str, run: Run) -> None:
    command = importlib.import_module(f"hconsist.cli.{name.replace('-', '_')}").command
    assert isinstance(command, click.Command)
    assert (command.name, command.short_help) == (name, COMMANDS[name])
    assert all(len(line) <= 80 for line in help_text().splitlines())
    shown = run(name, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: hconsist {name} ")


def test_help_printed_without_click_is_the_help_of_click(run: Run) -> None:
    from hconsist.cli.app import app

    plain = run("--help").out
    assert plain == help_text()
    assert app.get_help(click.Context(app)) + "\n" == plain
    options = {option for parameter in app.get_params(click.Context(app)) for option in parameter.opts}
    assert options == set(re.findall(r"(?<![\w-])--?[a-z]+", plain.split("Options:")[1].split("Commands:")[0]))


@pytest.mark.parametrize("words", [("--help",), ("-h",)])
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom hconsist.cli import main\n"
        f"try: main({list(words)!r})\nexcept SystemExit: pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PACKAGE.parent)}
    )
    loaded = set(json.loads(done.stderr.replace("'", '"')))
    assert done.stdout == help_text()
    assert not loaded & {
        "numpy",
        "sympy",
        "cvxpy",
        "scipy",
        "matplotlib",
        "flint",
        "click",
        "rich",
        "typing",
        "re",
        "importlib.metadata",
    }


def test_help_of_a_command_loads_no_mathematics() -> None:
    for name in COMMANDS:
        code = (
            "import sys\nfrom hconsist.cli import main\n"
            f"try: main([{name!r}, '--help'])\nexcept SystemExit: pass\n"
            "print(sorted({'numpy', 'sympy', 'cvxpy', 'scipy', 'matplotlib', 'flint'} & {*sys.modules}), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.strip() == "[]", name


def test_version(run: Run) -> None:
    assert run("--version").out == f"hconsist, version {hconsist.__version__}\n"


def test_unknown_command_suggests_the_nearest(run: Run) -> None:
    result = run("losse")
    assert (result.code, result.out) == (2, "")
    assert "did you mean 'losses'?" in result.err
    assert result.err.count("\n") == 1


def test_no_command_shows_the_help_and_exits_2(run: Run) -> None:
    result = run()
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: hconsist")


def test_closed_pipe_is_quiet() -> None:
    done = subprocess.run(
        f"{sys.executable} -m hconsist losses | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        check=False,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode in (0, 141)


# --- losses ---------------------------------------------------------------------------------------------------------


def test_losses_json_is_the_catalogue(run: Run) -> None:
    from hconsist.losses import CATALOGUE, parse_loss

    listed = json.loads(run("losses", "--json").out)
    assert [entry["name"] for entry in listed] == list(CATALOGUE)
    assert {"name": "gce", "parameters": {"q": "0.7"}}.items() <= listed[3].items()
    for line in run("losses").out.splitlines()[1:]:
        parse_loss(line.split("  ")[0])  # every spec shown can be typed
