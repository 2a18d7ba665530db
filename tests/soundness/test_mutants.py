"""Each mutation of the list must make a test fail; ``python -m tests.soundness.mutants run`` finds
out, and keeps the table.
"""

from __future__ import annotations

import pytest

from tests.soundness import mutants


def test_the_list_fits_the_sources() -> None:
    assert mutants.check_list() == []
    assert len({(m.file, m.old, m.new) for m in mutants.MUTANTS}) == len(mutants.MUTANTS) >= 200


def test_the_record_is_of_the_list() -> None:
    """What the documentation shows as killed is in the list, and no survivor is hidden."""
    known = {str(m) for m in mutants.MUTANTS}
    found = mutants.record()
    assert set(found) <= known
    outcomes = ("killed", "survived", "broke", "equivalent")
    assert all(row["outcome"] in outcomes for row in found.values())
    equivalent = {str(m) for m in mutants.MUTANTS if m.equivalent}
    assert {m for m, row in found.items() if row["outcome"] == "equivalent"} == equivalent


@pytest.mark.slow
def test_every_mutant_is_killed() -> None:
    """Those that the record does not have: ``python -m tests.soundness.mutants run``."""
    assert mutants.main(["run"]) == 0
