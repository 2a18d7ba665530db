"""A pytest plugin for the run of mutants: which lines of the package each test executes, how long
it takes, and which test failed first.

``HCONSIST_REACH`` names a JSON file to write the first two to, ``HCONSIST_KILLER`` a text file for
the last.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

#: The packages that mutants change; files are named from the first.
WATCHED = ["hconsist", "second_checker"]
_reach: dict[str, dict[str, list[int]]] = {}
_seconds: dict[str, float] = {}
_failed: set[str] = set()


def _watched() -> Any:
    import coverage

    watch = coverage.Coverage(data_file=None, source=WATCHED, messages=False)
    quiet = ["no-data-collected", "module-not-measured", "already-imported", "module-not-imported"]
    watch.set_option("run:disable_warnings", quiet)
    return watch


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Each test under a measurement of its own: fixtures count for the test that makes them."""
    if "HCONSIST_REACH" not in os.environ:
        yield
        return
    watch = _watched()
    watch.start()
    yield
    watch.stop()
    data, root = watch.get_data(), Path.cwd()
    _reach[item.nodeid] = {
        os.path.relpath(file, root / "hconsist"): sorted(data.lines(file) or ())
        for file in data.measured_files()
        if any(Path(file).is_relative_to(root / name) for name in WATCHED)
    }


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """The time of a test, and the first failure."""
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration
    target = os.environ.get("HCONSIST_KILLER")
    if report.failed:
        _reach.pop(report.nodeid, None)
        _failed.add(report.nodeid)
    if target and report.failed and not Path(target).exists():
        Path(target).write_text(report.nodeid, encoding="utf-8")


def pytest_sessionfinish() -> None:
    """Write what was measured."""
    if target := os.environ.get("HCONSIST_REACH"):
        found = {
            name: {"seconds": round(_seconds.get(name, 0.0), 3), "lines": lines}
            for name, lines in _reach.items()
            if name not in _failed  # kills nothing
        }
        Path(target).write_text(json.dumps(found), encoding="utf-8")
