"""The Tab key in bash, zsh and fish themselves, on a terminal where they need one."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hconsist.cli import completion, main

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")

#: What is typed, and what must be offered or filled in.
TYPED = {
    "hconsist ver": "verify",
    "hconsist derive sum-e": "sum-exp",
    "hconsist plot mae js:p": "js:pi=0.5",
    "hconsist transform mae --target abst": "abstain:c=0.25",
    "hconsist derive gce:": "gce:q=0.7",
    "hconsist bound mae --target ordinal:sq": "ordinal:squared",
    "hconsist derive mae --hypotheses bou": "bounded:",
    "hconsist verify comp-sum-mae-e": "comp-sum-mae-exact",
    "hconsist simulate two-": "two-gaussians",
}
SHELLS = ("bash", "zsh", "fish")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the program on its path and nothing else."""
    folder = tmp_path_factory.mktemp("home")
    program = folder / "hconsist"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hconsist "$@"\n')
    program.chmod(0o755)
    return folder


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COMP_", "_HCONSIST"))}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return kept | {
        "HOME": str(home), "PATH": f"{home}:{os.environ['PATH']}", "PYTHONPATH": path,
        "TERM": "dumb", "COLUMNS": "200", "PS1": "> ", "ZDOTDIR": str(home), "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")


def documented(shell: str) -> str:
    """The line of the documentation that sets a shell up."""
    (line,) = re.findall(rf"`([^`]*{shell}_source[^`]*)`", DOCS)
    return str(line).replace("\\|", "|")


def on_a_terminal(words: list[str], home: Path, setup: str, typed: dict[str, str]) -> list[str]:
    """What a shell on a terminal shows for each line typed and the Tab key."""
    pid, terminal = pty.fork()
    if pid == 0:  # the child: a shell
        os.chdir(home)
        os.execvpe(words[0], words, environment(home))
    seen = ""

    def until(pattern: str, since: int) -> bool:
        nonlocal seen
        end = time.monotonic() + 60
        while not re.search(pattern, seen[since:]):
            if time.monotonic() > end:
                return False
            if select.select([terminal], [], [], 1)[0]:
                try:
                    seen += os.read(terminal, 4096).decode(errors="replace")
                except OSError:
                    return False
        return True

    try:
        os.write(terminal, f"{setup}; echo rea''dy\n".encode())
        assert until("ready", 0), seen
        shown = []
        for line, offered in typed.items():
            start = len(seen)
            os.write(terminal, f"{line}\t".encode())
            found = until(re.escape(offered), start)
            shown.append(seen[start:] if found else "")
            os.write(terminal, b"\x15")  # forget the line
        return shown
    finally:
        os.close(terminal)
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def check(shell: str, home: Path, typed: dict[str, str]) -> None:
    needs(shell)
    setup = documented(shell)
    if shell == "fish":
        script = setup + "\n" + "\n".join(f"echo + (complete -C '{line}')" for line in typed)
        done = subprocess.run(
            ["fish", "--no-config", "-c", script],
            env=environment(home), capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        shown = done.stdout.split("+ ")[1:]
    else:
        words = ["bash", "--norc", "-i"] if shell == "bash" else ["zsh", "-f", "-i"]
        if shell == "zsh":
            setup = f"autoload -Uz compinit && compinit -u -D && {setup}"
        shown = on_a_terminal(words, home, setup, typed)
    for line, words_shown in zip(typed, shown, strict=True):
        assert typed[line] in words_shown, (line, words_shown)


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_losses_and_targets(shell: str, home: Path) -> None:
    check(shell, home, dict(list(TYPED.items())[2:4]))


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_everything(shell: str, home: Path) -> None:
    check(shell, home, TYPED)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("derive gce:", ["q=0.7"]),
        ("derive gce:q=0.7 --target ordinal:", ["absolute", "squared"]),
        ("derive zebra", []),
        ("derive cosface:", []),
        ("cite zebra", [""]),
    ],
)
def test_bash_is_given_what_follows_its_own_ends_of_words(
    typed: str,
    offered: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COMP_WORDS", f"hconsist {typed}")
    monkeypatch.setenv("_HCONSIST_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit):
        main([])
    kind = "file" if typed.startswith("cite") else "plain"
    words = capsys.readouterr().out.split()
    assert [word for word in words if word != "file,zebra"] == [f"{kind},{w}" for w in offered if w]
    assert ("file,zebra" in words) == (kind == "file")


def test_candidates_are_single_words_that_the_commands_take() -> None:
    from hconsist.decisions import parse_target
    from hconsist.losses import parse_loss

    for name in completion._losses():
        assert completion._WORD.fullmatch(name)
        if not name.endswith(":"):
            parse_loss(name)
    for name in completion._targets():
        if not name.endswith(":"):
            parse_target(name)
    assert len(completion._statements()) > 200 and "noise" in completion._studies()
    assert "bounded:" in completion._hypotheses() and "bounds" in completion._figures()
