"""Each mutation of the list must make a test fail; ``python -m tests.soundness.mutants`` prints the
table.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soundness import mutants


def test_the_list_fits_the_sources() -> None:
    assert mutants.check_list() == []
    assert len({(m.file, m.old, m.new) for m in mutants.MUTANTS}) == len(mutants.MUTANTS) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=str)
def test_a_mutant_is_killed(mutant: mutants.Mutant, tmp_path: Path) -> None:
    mutants.copy_of_sources(tmp_path)
    assert mutants.outcome(mutant, tmp_path).startswith("killed")
