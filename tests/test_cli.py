"""The command line: what it prints where, how it exits, what it does not load and does not
write.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

import hconsist.cli
from hconsist.cli import COMMANDS, help_text, main

PACKAGE = Path(hconsist.__file__).parent
NOT_COMMANDS = {
    "completion",
    "app",
    "cluster",
    "failures",
    "limits",
    "options",
    "output",
    "table",
    "pictures",
    "search",
}


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
        [sys.executable, "-m", "hconsist", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


# --- the program as a whole


def test_table_lists_exactly_the_command_modules() -> None:
    modules = {
        m.name.replace("_", "-") for m in pkgutil.iter_modules(hconsist.cli.__path__)
    } - NOT_COMMANDS
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
    options = {
        option for parameter in app.get_params(click.Context(app)) for option in parameter.opts
    }
    assert options == set(
        re.findall(r"(?<![\w-])--?[a-z]+", plain.split("Options:")[1].split("Commands:")[0])
    )


@pytest.mark.parametrize("words", [("--help",), ("-h",)])
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom hconsist.cli import main\n"
        f"try: main({list(words)!r})\nexcept SystemExit: pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(PACKAGE.parent)},
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
    """But NumPy, where the help lists what is registered: hypothesis sets and targets."""
    for name in COMMANDS:
        code = (
            "import sys\nfrom hconsist.cli import main\n"
            f"try: main([{name!r}, '--help'])\nexcept SystemExit: pass\n"
            "print(sorted({'numpy', 'sympy', 'cvxpy', 'scipy', 'matplotlib', 'flint'} & "
            "{*sys.modules}), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stderr.strip() in ("[]", "['numpy']"), name


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


@pytest.mark.parametrize("words", [["--help"], ["losses"], ["losses", "--help"]])
def test_closed_pipe_is_quiet(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "hconsist", *words],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_interrupt_is_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hconsist.engines.transform", interrupted)
    result = run("transform", "mae", "--beta", "0.5")
    assert (result.code, result.out, result.err.strip()) == (130, "", "")


def test_interrupted_work_is_quiet_and_leaves_nothing(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "hconsist",
        "plot",
        "gce:q=0.7",
        "-n",
        "1000",
        "--engine",
        "numeric",
        "-o",
        "a.svg",
    ]
    # A shell that starts this test in the background hands down a SIGINT that is ignored: undo
    # that.
    heed = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **heed
    ) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "gce:q=0.7, 1000 classes\n"  # the work has begun
        time.sleep(1.0)  # and its modules are loaded
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.strip()) == (130, "", "")
    assert list(tmp_path.iterdir()) == []


# --- bad input

BAD = {
    "transform comp-sum:tau=-1 --beta 0.5": "tau must be >= 0; received -1",
    "transform gce:q=2 --beta 0.5": "q must lie in (0, 1]; received 2",
    "transform gce:q=1.2 --beta 0.5": "q must lie in (0, 1]; received 1.2",
    "transform mae --beta 1.5": "beta must lie in [0, 1]; received 1.5",
    "transform mae --beta x": "beta must be a finite number; received x",
    "transform mae --beta nan": "beta must be a finite number; received nan",
    "transform mae": "Missing option '--beta'",
    "transform logistc --beta 0.5": "did you mean 'logistic'?",
    "transform gce:p=0.7 --beta 0.5": "unknown parameter of gce; received p",
    "transform mae --beta 0.5 --classes 1": "n_classes must be a whole number >= 2; received 1",
    "transform mae --beta 0.5 --classes 2.5": "'2.5' is not a whole number, nor the letter n",
    "transform mae --beta 0.5 --engine numerical": "numeric",
    "transform mae --beta 0.5 --clases 3": "--classes",
    "transform mae --beta 0.5 --hypotheses bonded:1": "did you mean 'bounded'?",
    "transform mae --beta 0.5 --hypotheses bounded:-1": "a score bound must be > 0; received -1",
    "transform mae --beta 0.5 --target top-k:2": "a top-k target needs k < n_classes",
    "transform hinge -n 3 --beta 0.5": "hinge is defined for n_classes = 2; received 3",
    "bound mae --excess -0.1": "excess must be a number >= 0; received -0.1",
    "bound mae --excess 0.1 --gap -1": "gap must be a number >= 0; received -1",
    "derive mae --json --latex": "--json and --latex exclude each other",
    "derive mae --standalone": "--standalone goes with --latex",
    "derive mae -n m": "'m' is not a whole number, nor the letter n",
    "zoo mae logstic": "did you mean 'logistic'?",
    "plot mae": "Missing option '-o'",
    "plot -o a.svg": "Missing argument 'SPEC...'",
    "plot mae -o a.txt": "the output file must end in .svg, .pdf, .png; received a.txt",
    "plot mae -o nowhere/a.svg": "the output folder must exist; received nowhere",
    "plot mae -o taken.svg": "the output must be a file; received taken.svg",
    "plot mae logistc -o a.svg": "did you mean 'logistic'?",
    "plot mae -n 10 -n 0 -o a.svg": "n_classes must be a whole number >= 2; received 0",
}
if Path("/proc/self").exists():
    BAD["plot mae -o /proc/a.svg"] = "the output folder must be writable; received /proc"


@pytest.mark.parametrize("line", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(
    line: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken.svg").mkdir()
    monkeypatch.chdir(tmp_path)
    result = run(*line.split())
    assert (result.code, bool(result.out)) == (2, "--json" in line)
    assert BAD[line] in result.err
    assert result.err.startswith("hconsist: ") and result.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["taken.svg"]


def test_bad_input_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = process("transform", "mae", "--beta", "1.5", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "hconsist: beta must lie in [0, 1]; received 1.5; beta is a difference of "
        "probabilities: pass 0.3\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_undecided_exits_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from hconsist.errors import EngineCannotAnswerError
    from hconsist.pointwise import Answer

    def undecided(*args: object, **options: object) -> Answer:
        return Answer(None, None, None, None, "rigorous", reason="balls overlap")

    def unable(*args: object, **options: object) -> Answer:
        raise EngineCannotAnswerError("symbolic", "no closed form", "numeric")

    monkeypatch.setattr("hconsist.engines.transform", undecided)
    result = run("transform", "mae", "--beta", "0.5")
    assert result.code == 3
    assert "balls overlap" in result.out
    monkeypatch.setattr("hconsist.engines.transform", unable)
    result = run("transform", "mae", "--beta", "0.5")
    assert (result.code, result.out) == (3, "")
    assert "try --engine numeric" in result.err  # an option that transform has


# --- budgets and checkpoints
def test_a_search_goes_on_from_its_checkpoint(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    words = [
        "transform",
        "ldr:lam=1,c=1",
        "-n",
        "4",
        "--beta",
        "1/10",
        "--engine",
        "rigorous",
        "--checkpoint",
        str(file),
    ]
    first = run(*words, "--width", "1e-9", "--time-budget", "0.3", "--json")
    assert first.code == 3
    assert "time budget" in json.loads(first.out)["reason"]
    done = json.loads(file.read_text())["boxes"]
    second = run(*words, "--width", "1e-9", "--time-budget", "0.3", "--json")
    assert json.loads(file.read_text())["boxes"] > done
    assert json.loads(second.out)["lower"] >= json.loads(first.out)["lower"]
    other = run(*[w if w != "1/10" else "1/5" for w in words])
    assert other.code == 2
    assert "only the same problem can be resumed" in other.err


def test_gamma_by_the_rigorous_engine_takes_a_tolerance_and_a_checkpoint(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "gamma.json"
    words = [
        "bound",
        "gce:q=0.7",
        "-n",
        "3",
        "--excess",
        "0.01",
        "--engine",
        "rigorous",
        "--checkpoint",
        str(file),
        "--json",
    ]
    rough = json.loads(run(*words, "--tolerance", "0.01").out)
    fine = json.loads(run(*words, "--tolerance", "1e-6").out)
    assert rough["lower"] <= fine["lower"] <= fine["upper"] <= rough["upper"]
    assert fine["upper"] - fine["lower"] <= 1e-6 * fine["upper"]
    refused = run("bound", "mae", "--excess", "0.1", "--tolerance", "0.1")
    assert refused.code == 2
    assert "--engine rigorous" in refused.err


# --- transform, bound, plot


def test_transform_json(run: Run) -> None:
    result = run("transform", "mae", "-n", "4", "--beta", "1/2", "--json")
    answer = json.loads(result.out)
    assert (result.code, result.err) == (0, "")
    assert (answer["schema"], answer["inputs"]) == (
        1,
        {
            "loss": "mae",
            "n_classes": 4,
            "hypotheses": "complete",
            "target": "zero-one",
            "beta": "1/2",
        },
    )
    assert {"estimate", "lower", "upper", "witness", "engine", "assumptions"} == set(answer) - {
        "schema",
        "inputs",
    }
    assert answer["estimate"] == pytest.approx(1 / 6)
    assert (answer["lower"], answer["upper"], answer["engine"]) == (None, None, "numeric")
    witness = answer["witness"]
    assert {"p", "scores", "predicted"} <= set(witness)
    p, regret = witness["p"], witness["regret"]
    assert sum(p) == pytest.approx(1) and max(p) - p[witness["predicted"][0]] == pytest.approx(0.5)
    assert regret == pytest.approx(answer["estimate"])


@pytest.mark.parametrize("spec", ["logistic", "gce:q=0.5", "mae"])
def test_derive_json_is_read_back_by_sympy(spec: str, run: Run) -> None:
    import sympy

    derived = json.loads(run("derive", spec, "-n", "3", "--json").out)
    value = json.loads(
        run("transform", spec, "-n", "3", "--beta", "1/4", "--engine", "symbolic", "--json").out
    )
    assert float(
        sympy.sympify(derived["transform"], {"beta": sympy.Rational(1, 4)})
    ) == pytest.approx(value["estimate"], rel=1e-12)
    assert len(derived["steps"]) > 3 and derived["assumptions"] == []


def test_derive_in_words_and_in_latex(run: Run) -> None:
    words = run("derive", "gce:q=0.5", "-n", "10").out
    assert "T(beta) =" in words and "Steps" in words and "Rests on: the definitions alone." in words
    assert max(len(line) for line in words.splitlines() if "\\" not in line) <= 100
    latex = run("derive", "gce:q=0.5", "-n", "10", "--latex").out
    assert r"\beta^{2} + 1" in latex and "% needs \\usepackage{amsmath" in latex
    whole = run("derive", "gce:q=0.5", "-n", "10", "--latex", "--standalone").out
    assert whole.startswith(r"\documentclass") and whole.endswith("\\end{document}\n")


def test_a_very_long_formula_is_cut_with_a_pointer(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run("derive", "gce:q=0.7").out
    monkeypatch.setattr("hconsist.cli.derive.LONGEST", 40)
    cut = run("derive", "gce:q=0.7").out
    assert "--json prints" in cut and "--json prints" not in whole
    longest = max(whole.splitlines(), key=len)  # two formulas of one step
    assert longest not in cut and longest[:40] in cut
    assert max(map(len, cut.splitlines())) <= 100 < len(longest)  # the width of the prose


def test_derive_keeps_the_number_of_classes_a_symbol(run: Run) -> None:
    assert json.loads(run("derive", "logistic", "-n", "n", "--json").out)["n_classes"] == "n"


def test_no_closed_form_exits_3(run: Run) -> None:
    result = run("derive", "softmax:exp(-u)*(1-u)**3", "-n", "3")
    assert (result.code, result.out) == (3, "")
    # derive itself has no such option
    assert "hconsist transform, bound and plot answer with --engine numeric" in result.err


def test_a_value_that_is_not_a_number_is_undecided(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hconsist.pointwise import Answer

    monkeypatch.setattr(
        "hconsist.engines.transform",
        lambda *a, **o: Answer(float("nan"), None, None, None, "numeric"),
    )
    result = run("transform", "mae", "--beta", "0.5", "--json")
    assert (result.code, json.loads(result.out)["estimate"]) == (3, None)


def test_bound_adds_the_gap(run: Run) -> None:
    together = json.loads(
        run("bound", "mae", "--excess", "0.1", "--gap", "1/20", "--engine", "numeric", "--json").out
    )
    alone = json.loads(run("bound", "mae", "--excess", "0.15", "--engine", "numeric", "--json").out)
    assert together.pop("inputs") != alone.pop("inputs")
    assert together == alone
    assert alone["estimate"] == pytest.approx(0.3)


@pytest.mark.parametrize("words", [(), ("--log",), ("--exact-only",), ("--of", "transform")])
def test_plot_writes_one_file(words: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    result = run(
        "plot",
        "mae",
        "logistic",
        "-n",
        "3",
        "--engine",
        "numeric",
        "-o",
        str(tmp_path / "a.svg"),
        *words,
    )
    assert (result.code, result.out) == (0, "")
    assert "wrote" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "mae: numerical estimate" in text
    assert ("published, Mao" in text) == (words != ("--exact-only",))
    assert (tmp_path / "a.svg").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_failed_plot_keeps_the_old_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.svg").write_text("old", encoding="utf-8")
    monkeypatch.setattr("hconsist.plots.save", full)
    result = run("plot", "mae", "--engine", "numeric", "-o", str(tmp_path / "a.svg"))
    assert result.code == 2
    assert "No space left on device" in result.err
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


# --- losses


def test_losses_json_is_the_catalogue(run: Run) -> None:
    from hconsist.losses import CATALOGUE, parse_loss

    listed = json.loads(run("losses", "--json").out)
    assert [entry["name"] for entry in listed] == list(CATALOGUE)
    assert {"name": "gce", "parameters": {"q": "0.7"}}.items() <= listed[3].items()
    shown = [line.split("  ")[0] for line in run("losses").out.splitlines()[1:]]
    assert shown.count("FOR OTHER TARGETS") == 1  # the head of the second table
    for spec in shown:
        if spec != "FOR OTHER TARGETS":
            parse_loss(spec)  # every spec shown can be typed
