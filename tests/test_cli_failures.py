"""How commands fail: exit code 1 means violated and nothing else, no failure shows a traceback, a
spent budget and a closed pipe end quietly.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hconsist.cli import limits, main
from hconsist.cli.failures import SCHEMA, ExitCode

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(list(words))
        shown = capsys.readouterr()
        return int(left.value.code or 0), shown.out, shown.err

    return call


def process(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hconsist", *words],
        check=False, capture_output=True, text=True, timeout=120, **options,
    )  # fmt: skip


# -- bad input


BAD = {
    "transform mae --beta 1/2 -n 1000000000000": "the distributions must fit into memory",
    "zoo mae -n 1000000000000": "the distributions must fit into memory",
    "plot mae -n 3 -n 1000000000000 -o a.svg": "the distributions must fit into memory",
    "transform mae --beta 1/2 --time-budget nan": "a time budget must be a number of seconds >= 0",
    "transform mae --beta 1/2 --time-budget -1": "received -1",
    "certify mae --claim T>=b -o a.json --time-budget nan": "a time budget must be a number",
    "check a.json --time-budget nan": "a time budget must be a number of seconds >= 0.001",
    "check a.json --time-budget inf": "at most 1e+06; received inf; pass --time-budget 60",
    "verify --all --jobs 0": "jobs must be at least 1, or -1 for all cores; received 0",
    "verify --all --jobs -2": "jobs must be at least 1, or -1 for all cores; received -2",
    "simulate tau -o . --jobs 0": "jobs must be at least 1, or -1 for all cores; received 0",
    "transform GCE:q=0.5 --beta 1/2": "did you mean 'gce'?",
    "transform gce:q=1e999999999 --beta 1/2": "at most 1000 digits",
    "transform mae --hypotheses bounded:1e999999999 --beta 1/2": "at most 1000 digits",
    "derive mae -n ²": "'²' is not a whole number",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_input_exits_2_and_names_the_rule(
    line: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*line.split())
    assert (code, out) == (2, "")
    assert BAD[line] in err
    assert err.startswith("hconsist: ") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_empty_value_is_named(run: Run) -> None:
    assert "received ''" in run("transform", "mae", "--beta", "")[2]


def test_a_checkpoint_nested_beyond_reading_is_bad_input(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_text("[" * 100_000)
    words = ("transform", "mae", "--beta", "1/2", "--engine", "rigorous", "--checkpoint", str(file))
    code, _, err = run(*words)
    assert code == 2 and "a checkpoint must be a JSON file" in err


# -- tables


def test_tables_heed_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    whole = run("losses")[1]
    assert max(map(len, whole.splitlines())) > 100
    for width in (60, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = run("losses")[1]
        assert max(map(len, shown.splitlines())) <= width
        assert sorted("".join(shown.split())) == sorted("".join(whole.split()))  # nothing is lost
    monkeypatch.setenv("COLUMNS", "nonsense")
    assert run("losses")[1] == whole


# -- errors as JSON


@pytest.mark.parametrize(
    ("line", "code", "received"),
    [
        ("transform mae --beta 1.5 --json", 2, "1.5"),
        ("transform mae --json", 2, "transform mae --json"),
        ("derive softmax:exp(-u)*(1-u)**3 -n 3 --json", 3, "phi(u)"),
        ("zoo logistc --json", 2, "logistc"),
    ],
)
def test_an_error_is_json_on_stdout_when_json_was_asked_for(
    line: str, code: int, received: str, run: Run
) -> None:
    left, out, err = run(*line.split())
    shown = json.loads(out)
    assert (left, set(shown), shown["schema"]) == (code, {"schema", "error"}, 1)
    assert set(shown["error"]) == {"rule", "received", "remedy"}
    assert received in shown["error"]["received"] and shown["error"]["remedy"]
    assert err.startswith("hconsist: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    "line", ["transform mae --beta 1/2", "bound mae --excess 1/9", "derive mae", "tightness mae"]
)
def test_json_repeats_its_inputs_and_its_schema(line: str, run: Run) -> None:
    shown = json.loads(run(*line.split(), "--json")[1])
    assert shown["schema"] == 1
    inputs = shown.get("inputs", shown)
    assert inputs["loss"] in ("mae", "comp-sum:tau=2") and inputs["n_classes"] == 2


DOCUMENTED = {
    "transform": "mae --beta 1/2",
    "bound": "mae --excess 1/9",
    "derive": "mae",
    "tightness": "mae",
    "certify": "mae --claim T>=b/2 -o c.json",
    "check": "c.json",
    "choose": "mae",
    "losses": "",
    "methods": "mae",
    "zoo": "mae",
    "verify": "comp-sum-mae-exact",
}


def test_the_documented_keys_are_those_of_the_schema(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    docs = (Path(__file__).parents[1] / "docs" / "command_line.md").read_text(encoding="utf-8")
    assert f"the version of the layout, now {SCHEMA};" in docs.replace("\n", " ")
    rows = re.findall(r"^\| (`.*) \| an? (object|list) \| ([^;\n]*).* \|$", docs, re.M)
    documented = {name: row for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert set(documented) == set(DOCUMENTED)
    for name, words in DOCUMENTED.items():
        _, kind, keys = documented[name]
        shown = json.loads(run(name, *words.split(), "--json")[1])
        assert isinstance(shown, list) == (kind == "list"), name
        entry = shown[0] if isinstance(shown, list) else shown
        known = set(re.findall(r"`(\w+)`", keys))
        assert set(entry) - ({"schema", "reason", "note"} - known) == known, name


# -- errors of ours


@pytest.mark.parametrize("problem", [ZeroDivisionError("x"), RecursionError(), ValueError("a\nb")])
def test_an_unexpected_error_exits_4_in_one_line(
    problem: Exception, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **options: object) -> None:
        raise problem

    monkeypatch.setattr("hconsist.engines.transform", fails)
    code, out, err = run("transform", "mae", "--beta", "0.5")
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert type(problem).__name__ in err and "HCONSIST_TRACEBACK=1" in err
    monkeypatch.setenv("HCONSIST_TRACEBACK", "1")
    code, _, err = run("transform", "mae", "--beta", "0.5")
    assert code == 4 and "Traceback (most recent call last)" in err


def test_memory_that_ends_is_undecided(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("hconsist.engines.transform", fails)
    code, out, err = run("transform", "mae", "--beta", "0.5")
    assert (code, out) == (3, "") and "lower the number of classes" in err


# -- time


def test_a_spent_budget_is_undecided(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*args: object, **options: object) -> None:
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # an engine that takes any error for its own does not swallow it
                continue

    monkeypatch.setattr("hconsist.engines.transform", endless)
    code, out, err = run("transform", "mae", "--beta", "0.5", "--time-budget", "0.2")
    assert (code, out) == (3, "")
    assert "the answer must come within the time budget; received 0.2 s; pass a longer" in err


def test_a_budget_swallowed_once_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    swallowed = []
    with pytest.raises(limits.BudgetSpent), limits._deadline(0.05):
        while True:
            try:
                time.sleep(0.01)
            except limits.BudgetSpent:
                if swallowed:
                    raise
                swallowed.append(True)
    time.sleep(1.1)  # and no alarm is left over


@pytest.mark.parametrize(
    "line",
    [
        "transform mae -n 1000000 --beta 1/2 --engine symbolic",
        "transform mae -n 1000000 --beta 1/2 --engine rigorous",
        "transform gce:q=1e-300 -n 3 --beta 1/2",
        "transform comp-sum:tau=1e9 -n 3 --beta 1/2",
        "derive sigmoid:k=1000",
        "derive sigmoid:k=1000 --hypotheses bounded:1",
        "derive margin:(1-v)**4 --hypotheses bounded:1",
        "bound truncated-gce -n 4 --excess 1/10",
        "bound logistic -n 1000000 --excess 1/10 --engine numeric",
    ],
)
def test_every_command_answers_or_stops_in_its_budget(line: str) -> None:
    start = time.monotonic()
    done = process(*line.split(), "--time-budget", "3")
    assert done.returncode in (0, 3), done.stderr
    assert time.monotonic() - start < 3 * 1.25 + 5 + limits.GRACE + 25  # budget, grace, imports
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or done.stderr.count("\n") >= 1 or "undecided" in done.stdout


def test_a_program_that_heeds_no_alarm_is_ended() -> None:
    code = (
        "import signal, time\n"
        "from hconsist.cli import limits\n"
        "limits.owns_process, limits.GRACE = True, 0.2\n"
        "with limits._deadline(0.2):\n"
        "    signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "    time.sleep(60)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == ExitCode.UNDECIDED
    assert "the answer must come within the time budget" in done.stderr


# -- interrupts and what is kept


def test_an_interrupt_says_what_was_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hconsist.engines.transform", interrupted)
    file = tmp_path / "state.json"
    words = ("transform", "mae", "--beta", "1/2", "--engine", "rigorous", "--checkpoint", str(file))
    code, out, err = run(*words)
    assert (code, out) == (130, "")
    assert f"interrupted; {file} keeps what was finished" in err


@pytest.mark.parametrize("stopped", [KeyboardInterrupt(), limits.BudgetSpent(600)])
def test_the_zoo_keeps_what_it_had(
    stopped: BaseException, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hconsist import zoo as module

    whole = module.zoo_of

    def two_rows(*args: Any) -> Any:
        for number, row in enumerate(whole(*args)):
            if number == 2:
                raise stopped
            yield row

    monkeypatch.setattr(module, "zoo_of", two_rows)
    code, out, err = run("zoo", "mae", "hinge", "logistic", "-n", "3")
    assert code == (130 if isinstance(stopped, KeyboardInterrupt) else 3)
    assert [line.split()[0] for line in out.splitlines()] == ["LOSS", "mae", "hinge"]
    assert "the 2 losses finished by then are on stdout" in err


# -- streams that are closed, full, or narrow


@pytest.mark.parametrize("words", ["--version", "losses --json", "transform mae --beta 1/2", "-h"])
def test_a_reader_that_leaves_is_no_error(words: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "hconsist", *words.split()],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/bin/sh").exists(), reason="needs a shell")
@pytest.mark.parametrize(
    ("redirection", "codes"), [(">&-", (0, 141)), ("2>&-", (0,)), (">/dev/full", (2,))]
)
def test_a_closed_or_full_stdout_is_no_violation(redirection: str, codes: tuple[int, ...]) -> None:
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    for words in ("losses", "--help"):
        shell = f'"{sys.executable}" -m hconsist {words} {redirection}'
        done = subprocess.run(
            ["/bin/sh", "-c", shell], check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode in codes, (words, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_narrow_encoding_prints_every_letter() -> None:
    done = process("losses", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")


# -- anything at all


VALUES = st.sampled_from(
    [
        "", " ", "0", "1", "-1", "nan", "inf", "-inf", "1e300", "1e-300", "1/0", "1/3", "x", "²",
        "0x10", "1e999999999", "mae", "hinge", "logistic:", "mae:q=1", "gce:q=0", "gce:q=1",
        "gce:q=", "comp-sum:tau=2", "comp-sum:tau=nan", "softmax:", "softmax:-log(u)",
        "softmax:1/0", "softmax:u", "margin:-v", "margin:sqrt(1+v**2)-v", "constrained:phi=mae",
        "sum:phi=", "bounded:1", "bounded:1e300", "bounded:", "complete", "linear:W=0",
        "top-k:0", "top-k:2", "zero-one", "T >= b", "T <= 1/0", "2", "3", "--json", "\u0443",
        "numeric", "symbolic", "rigorous",
    ]
)  # fmt: skip
OPTIONS = st.sampled_from(
    ["--beta", "--excess", "--gap", "-n", "--hypotheses", "--target", "--engine", "--width",
     "--tolerance", "--time-budget", "--claim", "--jobs", "--checkpoint", "--nonsense"]
)  # fmt: skip
COMMANDS = st.sampled_from(["transform", "bound", "derive", "tightness", "certify", "check", "zoo"])


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    command=COMMANDS,
    spec=VALUES,
    options=st.lists(st.tuples(OPTIONS, VALUES), max_size=3, unique_by=lambda t: t[0]),
)
def test_any_words_end_in_a_code_that_is_meant(
    command: str,
    spec: str,
    options: list[tuple[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [command, spec, *(word for pair in options for word in pair)]
    needed = {"transform": ("--beta", "1/3"), "bound": ("--excess", "1/9")}
    if command in needed and needed[command][0] not in words:
        words += needed[command]
    if command == "certify":
        words += ["-o", "a.json"] + ([] if "--claim" in words else ["--claim", "T >= b/9"])
    if command not in ("check",) and "--time-budget" not in words:
        words += ["--time-budget", "2"]
    with pytest.raises(SystemExit) as left:
        main(words)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    code = int(left.value.code or 0)
    assert code in (0, 2, 3) or (code == 1 and command in ("certify", "check", "tightness")), (
        words,
        shown.err,
    )


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("bound crammer-singer -n 3 --excess 0.01", "does not vanish"),
        ("bound crammer-singer -n 3 --excess 0.01 --engine numeric", "does not vanish"),
        ("bound softmax:u**2 -n 3 --excess 0.01", "no bound exists"),
        ("bound mae -n 3 --excess 0.01", ""),
        ("bound logistic -n 3 --excess 0.01 --engine numeric", ""),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the program keeps them to itself
def test_a_bound_that_says_nothing_says_so(line: str, note: str, run: Run) -> None:
    code, out, _ = run(*line.split(), "--json")
    found = json.loads(out).get("note", "")
    assert code == 0 and note in found and bool(found) == bool(note)


def test_an_interrupt_behind_another_error_is_an_interrupt() -> None:
    from hconsist.cli.failures import interrupted

    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise ImportError("a module that was stopped while it loaded") from stop
    except ImportError as problem:
        assert interrupted(problem)
    assert not interrupted(ImportError("no such module")) and not interrupted(None)
