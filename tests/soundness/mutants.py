"""Source mutations, each of which must make a test fail: constants, directions of inequalities and
conditions inside the provers of facts, the rigorous engine, the two checkers, the symbolic engine
and the rules of consistency (`tests.soundness.mutations`).

From the root of a checkout::

    pip install coverage
    python -m tests.soundness.mutants run                 # what the record does not have yet
    python -m tests.soundness.mutants run --again         # all of them
    python -m tests.soundness.mutants run checker         # one part

Sources are changed in a copy. First it is measured which tests execute which lines; a mutant then
meets the test that killed it last, then the tests that execute its line, the fastest first, until
one fails or `PATIENCE` is over. What was found is written to ``tests/soundness/mutants.json`` after
every mutant, so that a run may be interrupted; the documentation shows it as a table.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.soundness.mutations import GUARDS, PARTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_suffix(".json")
#: What was measured of tests; not kept in the repository.
REACH = ROOT / "build" / "reach"
MUTANTS: list[Mutant] = [mutant for part in PARTS.values() for mutant in part]
#: How many tests are handed to one run of pytest, and how many seconds of tests, as measured, a
#: mutant meets at most.
BATCH = 60
PATIENCE = 40.0


def check_list(mutants: Sequence[Mutant] = MUTANTS) -> list[str]:
    """What of the list no longer fits the sources."""
    wrong = []
    for mutant in mutants:
        places = mutant.places(ROOT)
        if len(places) != 1:
            wrong.append(f"{mutant.file}: {len(places)} times {mutant.old!r}")
            continue
        text = places[0].read_text(encoding="utf-8")
        try:
            compile(text.replace(mutant.old, mutant.new), mutant.file, "exec")
        except SyntaxError:
            wrong.append(f"{mutant}: no Python")
    return wrong


def record() -> dict[str, dict[str, str]]:
    """What was found so far: mutant -> its part, its outcome and the test that killed it."""
    if not RECORD.exists():
        return {}
    found: dict[str, dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def keep(found: dict[str, dict[str, str]]) -> None:
    """Write the record in the order of the list, without mutants that are gone."""
    parts = {str(m): part for part, listed in PARTS.items() for m in listed}
    for m in MUTANTS:
        if m.equivalent:
            row = {"part": parts[str(m)], "outcome": "equivalent", "by": m.equivalent}
            found[str(m)] = row
    ordered = {str(m): found[str(m)] for m in MUTANTS if str(m) in found}
    text = json.dumps(ordered, indent=1, ensure_ascii=False)
    RECORD.write_text(text + "\n", encoding="utf-8")


def copy_of_sources(folder: Path) -> None:
    """The package and its tests in another folder."""
    for name in ("hconsist", "tests", "certificates", "docs", "examples", "second_checker"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)


def statement_lines(text: str, at: int) -> set[int]:
    """The lines of the innermost statement around a character, of its header if it has a body."""
    line = text.count("\n", 0, at) + 1
    best = {line}
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt) or not node.lineno <= line <= (node.end_lineno or 0):
            continue
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or 0
        span = set(range(node.lineno, max(last, node.lineno) + 1))
        if line in span:
            best = span
    return best


def runs_at_import(text: str, line: int) -> bool:
    """Whether a line is outside the bodies of functions."""
    return not any(
        isinstance(node, ast.FunctionDef) and node.body[0].lineno <= line <= (node.end_lineno or 0)
        for node in ast.walk(ast.parse(text))
    )


def _warm() -> None:
    """Import what every test needs and no mutant changes; children are forked from here."""
    for name in ("pytest", "numpy", "scipy.optimize", "sympy", "flint", "cvxpy"):
        importlib.import_module(name)


def _tests(folder: Path, tests: Sequence[str], variables: dict[str, str]) -> None:
    """In a child: run the tests there, and end with pytest's exit code."""
    import pytest

    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    os.environ |= {"OMP_NUM_THREADS": "1", **variables}
    os.chdir(folder)
    for name in [m for m in sys.modules if m.split(".")[0] in ("hconsist", "tests", "conftest")]:
        del sys.modules[name]
    sys.path[:] = [str(folder), *(p for p in sys.path if Path(p or ".").resolve() != ROOT)]
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.soundness.reach"]
    options += [] if "HCONSIST_REACH" in variables else ["-x"]
    for quiet in ("ImportWarning", "pytest.PytestAssertRewriteWarning"):
        options += ["-W", f"ignore::{quiet}"]
    code = pytest.main([*options, *tests])
    os._exit(int(code))


def pytest_in(
    folder: Path, tests: Sequence[str], seconds: float | None, **variables: str
) -> int | None:
    """The exit code of the tests there; None where they do not end in time."""
    _warm()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_tests, args=(folder, tests, variables))
    child.start()
    child.join(seconds)
    if child.exitcode is None:
        child.kill()
        child.join()
        return None
    return child.exitcode


def reach(part: str, folder: Path, again: bool = False) -> dict[str, Any]:
    """Test -> its seconds and the lines it executes, for the guards of a part; measured once."""
    found: dict[str, Any] = {}
    for guard in GUARDS[part]:
        if not (folder / guard).exists():
            continue
        kept = REACH / f"{Path(guard).stem}.json"
        if again or not kept.exists():
            REACH.mkdir(parents=True, exist_ok=True)
            code = pytest_in(folder, [guard], None, HCONSIST_REACH=str(kept))
            if not kept.exists():
                raise SystemExit(f"{guard} does not run without any mutation (exit code {code})")
        found |= json.loads(kept.read_text(encoding="utf-8"))
    return found


def candidates(
    mutant: Mutant, measured: dict[str, Any], file: str, text: str, patience: float
) -> list[str]:
    """The tests that execute the changed statement, the fastest first; every test of the file for
    what runs at import.
    """
    lines = statement_lines(text, text.index(mutant.old))
    touching = {
        name: test["seconds"]
        for name, test in measured.items()
        if lines & set(test["lines"].get(file, ()))
    }
    if not touching or runs_at_import(text, min(lines)):  # of which coverage tells the first test
        touching = {n: t["seconds"] for n, t in measured.items() if file in t["lines"]}
    spent, chosen = 0.0, []
    for name in sorted(touching, key=touching.__getitem__):
        spent += touching[name]
        if chosen and spent > patience:
            break
        chosen.append(name)
    return chosen


def _batches(first: str | None, tests: list[str]) -> Iterator[list[str]]:
    if first is not None:
        yield [first]
    for start in range(0, len(tests), BATCH):
        yield tests[start : start + BATCH]


def outcome(
    mutant: Mutant,
    folder: Path,
    measured: dict[str, Any],
    killer: str | None = None,
    patience: float = PATIENCE,
) -> tuple[str, str]:
    """("killed", test), ("survived", how many tests ran), or ("broke", why) for a change after
    which no test can be collected.
    """
    (target,), said = mutant.places(folder), folder / "killer.txt"
    original = target.read_text(encoding="utf-8")
    file = os.path.relpath(target, folder / "hconsist")
    tests = candidates(mutant, measured, file, original, patience)
    target.write_text(original.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        for batch in _batches(killer if killer in measured else None, tests):
            said.unlink(missing_ok=True)
            allowed = 60 + 10 * sum(measured[name]["seconds"] for name in batch)
            code = pytest_in(folder, batch, allowed, HCONSIST_KILLER=str(said))
            if code is None:
                return "killed", f"does not end: {batch[0]}"
            if code == 1 and said.exists():
                return "killed", said.read_text(encoding="utf-8")
            if code != 0:
                return "broke", f"pytest exits with {code}"
    finally:
        target.write_text(original, encoding="utf-8")
    return "survived", f"{len(tests)} tests"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run mutants, keep the record, and print the survivors."""
    parser = argparse.ArgumentParser(prog="python -m tests.soundness.mutants")
    parser.add_argument("command", choices=["run", "check"])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all when left out")
    parser.add_argument("--again", action="store_true", help="also what the record has as killed")
    parser.add_argument("--measure", action="store_true", help="measure anew what tests execute")
    parser.add_argument("--seconds", type=float, default=PATIENCE, help="of tests for a mutant")
    given = parser.parse_args(arguments)
    if wrong := check_list():
        raise SystemExit("the list does not fit the sources:\n" + "\n".join(wrong))
    found = record()
    if given.command == "run":
        with tempfile.TemporaryDirectory() as name:
            copy_of_sources(Path(name))
            for part in given.parts or PARTS:
                _run_part(part, Path(name), found, given)
    same = sum(bool(m.equivalent) for m in MUTANTS)
    left = [m for m in MUTANTS if not _settled(m, found)]
    print(f"{len(MUTANTS) - len(left) - same} of {len(MUTANTS)} killed, {same} equivalent")
    for mutant in left:
        print(found.get(str(mutant), {}).get("outcome", "not run"), mutant)
    return 1 if left else 0


def _settled(mutant: Mutant, found: dict[str, dict[str, str]]) -> bool:
    return bool(mutant.equivalent) or found.get(str(mutant), {}).get("outcome") == "killed"


def _run_part(
    part: str, folder: Path, found: dict[str, dict[str, str]], given: argparse.Namespace
) -> None:
    waiting = [
        m for m in PARTS[part] if not m.equivalent and (given.again or not _settled(m, found))
    ]
    measured = reach(part, folder, given.measure) if waiting else {}
    for mutant in waiting:
        before = found.get(str(mutant), {})
        result, by = outcome(mutant, folder, measured, before.get("by"), given.seconds)
        found[str(mutant)] = {"part": part, "outcome": result, "by": by}
        keep(found)
        print(f"{result:9} {mutant}  [{by}]", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
