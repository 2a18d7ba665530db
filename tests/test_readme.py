"""What the README says is true."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

import hconsist
from hconsist import theorems
from hconsist.cli import COMMANDS, main
from hconsist.verify.gain import gain
from hconsist.verify.table import gains_table, quoted_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


SET_UP = [block for block in blocks("sh") if "venv" in block]


def test_python_examples() -> None:
    examples = blocks("python")
    assert examples
    for block in examples:
        test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
        assert test.examples
        results = doctest.DocTestRunner(verbose=False).run(test)
        assert results.failed == 0


def test_two_commands_do_all_the_set_up() -> None:
    assert len(SET_UP) == 2
    assert all(block.count("\n") == 1 for block in SET_UP)
    work, check = SET_UP
    assert "hconsist derive" in work and "hconsist plot" in work
    assert check.rstrip().endswith("/pytest")
    assert "/bin/pytest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for block in SET_UP:
        subprocess.run(["bash", "-n", "-c", block], check=True)


def lines() -> list[str]:
    """Every line of shell in the README that calls hconsist, without its comment and without the
    set-up of an environment.
    """
    shown = [line.split("  #")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    calls = [
        [part.strip().removeprefix(".venv/bin/") for part in line.split("&&")] for line in shown
    ]
    return [
        " && ".join(part for part in parts if part.startswith("hconsist "))
        for parts in calls
        if "hconsist " in str(parts)
    ]


@pytest.mark.parametrize("line", lines())
def test_commands_run(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in line.split(" && "):
        _, *words = shlex.split(command)
        with pytest.raises(SystemExit) as left:
            main(words)
        assert not left.value.code


def session() -> list[tuple[str, list[str]]]:
    """The commands of the first screen, each with the runs of lines shown of what it prints."""
    (block,) = blocks("console")
    found = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        runs = [run.rstrip() for run in re.split(r"\.\.\.\n", printed) if run.strip()]
        found.append((command.split("  #")[0].strip(), runs))
    return found


def test_the_first_screen_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert README.index("```console") < README.index("![")
    commands = [shlex.split(command)[1] for command, _ in session()]
    assert commands == ["derive", "tightness", "certify", "check"]
    for command, runs in session():
        with pytest.raises(SystemExit) as left:
            main(shlex.split(command)[1:])
        assert not left.value.code
        rest = capsys.readouterr().out
        assert runs, command
        for run in runs:
            _, found, rest = rest.partition(run)
            assert found == run, (command, run)


def test_the_readme_is_short() -> None:
    assert README.count("\n") < 150


def test_every_command_is_shown_or_listed() -> None:
    assert len(lines()) >= 8
    shown = {shlex.split(command)[1] for line in lines() for command in line.split(" && ")}
    shown |= {shlex.split(command)[1] for command, _ in session()}
    assert (
        {"derive", "transform", "bound", "plot", "losses", "certify", "check"}
        <= shown
        <= set(COMMANDS)
    )


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_citation_is_of_this_version() -> None:
    assert f"version = {{{hconsist.__version__}}}" in README
    assert f"\nversion: {hconsist.__version__}\n" in (ROOT / "CITATION.cff").read_text(
        encoding="utf-8"
    )


def test_torch_is_never_pulled_in_by_the_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    assert not any(name.startswith("torch") for name in wanted)


def test_verdict_table_is_of_this_catalogue() -> None:
    record = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    table = record.split("<!-- verdicts: begin -->\n")[1].split("<!-- verdicts: end -->")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.strip().splitlines()[2:]
    ]
    shown = {row[0].strip("`"): row for row in rows}
    catalogue = theorems.catalogue()
    assert list(shown) == list(catalogue)
    for name, entry in catalogue.items():
        assert shown[name][1:3] == [entry.paper, entry.claim + (" (new)" if entry.new else "")]
        assert shown[name][3] == "holds"


def test_readme_counts_the_catalogue() -> None:
    entries = theorems.catalogue().values()
    counts = {
        "statements": len(entries),
        "are new": sum(entry.new for entry in entries),
        "of them improve": sum(entry.claim == "not tight" for entry in entries),
        "sentences fail as printed": sum(entry.claim == "fails as printed" for entry in entries),
    }
    text = " ".join(README.split())
    for words, count in counts.items():
        found = re.search(f"(\\d+) {words}", text)
        assert found and int(found[1]) == count, words
    gains = [gain(entry) for entry in entries if entry.claim == "not tight"]
    assert f"by factors from {min(gains):.2f} to {max(gains):.2f}," in text


def test_the_record_lists_sources_and_gains() -> None:
    record = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    for name, table in (("quoted", quoted_table()), ("gains", gains_table())):
        shown = record.split(f"<!-- {name}: begin -->\n")[1].split(f"<!-- {name}: end -->")[0]
        assert shown.strip() == table, f"hconsist.verify.table.{name}_table() prints it"
