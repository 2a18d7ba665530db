"""For every test and doctest: no deadline, no window, and no figure left open once somebody has
imported pyplot.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

# No test is timed: a busy machine must not fail one.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

os.environ.setdefault("MPLBACKEND", "Agg")
# Workers of pytest-xdist are told the width of a terminal that they do not have.
os.environ.pop("COLUMNS", None)


#: Modules of an extra, which doctests leave out where its library is not installed.
_EXTRAS = {"torch": "hconsist/torch.py", "sklearn": "hconsist/sklearn.py"}
collect_ignore = [file for name, file in _EXTRAS.items() if importlib.util.find_spec(name) is None]


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    """Figures made through pyplot live until they are closed."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


#: Files, or tests by the beginning of their names, that ``-m quick`` leaves out: files
#: whose tests search, prove, start programs, draw or train.
LONG = (
    "hconsist/certificates",
    "tests/soundness",
    "tests/test_checker",
    "tests/test_choosing.py::test_the_table_knows",
    "tests/test_cli",
    "tests/test_completion.py",
    "tests/test_consistency",
    "tests/test_decisions.py::test_other_costs_are_never_answered_as_zero_one",
    "tests/test_docs.py",
    "tests/test_envelope.py",
    "tests/test_examples.py",
    "tests/test_explore.py",
    "tests/test_exports.py",
    "tests/test_facts",
    "tests/test_forger.py",
    "tests/test_gap_liars.py",
    "tests/test_gaps.py",
    "tests/test_kernel_",
    "tests/test_latex.py",
    "tests/test_numeric",
    "tests/test_packaging.py",
    "tests/test_project_figures.py",
    "tests/test_plots.py",
    "tests/test_proofs.py",
    "tests/test_quality.py::test_passes",
    "tests/test_readme.py",
    "tests/test_rigorous",
    "tests/test_second_checker.py",
    "tests/test_shown.py",
    "tests/test_simulate_",
    "tests/test_symbolic",
    "tests/test_targets_",
    "tests/test_theorems.py",
    "tests/test_verify.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as quick whatever is not known to take long."""
    for item in items:
        if not item.nodeid.startswith(LONG) and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.quick)


#: What tests need that the test extra does not bring: a word of the reason for which they are
#: skipped, and what installs it.
EXTRAS = {
    "chromium": "Debian: apt-get install chromium chromium-driver",
    "zsh": "Debian: apt-get install zsh",
    "fish": "Debian: apt-get install fish",
    "coqc": "Debian: apt-get install coq libcoq-interval",
    "pdflatex": "Debian: apt-get install texlive-latex-base texlive-latex-extra",
    "torch": "pip install -e '.[full]'",
    "z3": "pip install -e '.[full]'",
    "xarray": "pip install -e '.[full]'",
    "dask": "pip install -e '.[full]'",
    "distributed": "pip install -e '.[full]'",
    "sklearn": "pip install -e '.[full]'",
    "jax": "pip install jax",
}


def _left_out(reporter: Any) -> Counter[str]:
    """How many tests were skipped for the lack of each extra."""
    count: Counter[str] = Counter()
    for report in reporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        count.update(name for name in EXTRAS if name in reason)
    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was left out for the lack of a program or a library, and what runs it."""
    for name, number in _left_out(terminalreporter).items():
        terminalreporter.write_line(
            f"left out: {number} tests or files that need {name} ({EXTRAS[name]})"
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where HCONSIST_INSTALLED names extras that are there, a test skipped for one of them fails
    the run: nothing is skipped unseen.
    """
    promised = os.environ.get("HCONSIST_INSTALLED", "").split()
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if promised and reporter is not None and set(promised) & set(_left_out(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
