"""For every test and doctest: no deadline, no window, and no figure left open once somebody has
imported pyplot.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No test is timed: a busy machine must not fail one.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

os.environ.setdefault("MPLBACKEND", "Agg")


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
    "tests/test_cli",
    "tests/test_consistency",
    "tests/test_docs.py",
    "tests/test_envelope.py",
    "tests/test_examples.py",
    "tests/test_explore.py",
    "tests/test_exports.py",
    "tests/test_facts",
    "tests/test_forger.py",
    "tests/test_gaps.py",
    "tests/test_kernel_",
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
    "tests/test_theorems.py",
    "tests/test_verify.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as quick whatever is not known to take long."""
    for item in items:
        if not item.nodeid.startswith(LONG) and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.quick)
