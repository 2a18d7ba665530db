"""No false statement is accepted: random forgeries, judged by brute force, not by the checker.

The slow run makes 60,000 of false statements (about ten minutes)::

    python -m pytest -m slow tests/test_forger.py
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from forger.mutate import forge, slander
from forger.truth import is_false, is_true
from test_kernel_forgeries import HONEST

from hconsist.checker import Rejected, check, examine

FILES = sorted((Path(__file__).parent.parent / "certificates").glob("*.json"))


def bases() -> list[dict[str, Any]]:
    """Honest files that hold about T: those of the repository that are short, and the hand-made."""
    kept = [json.loads(f.read_text(encoding="utf-8")) for f in FILES]
    made = [c for c in [*kept, *HONEST.values()] if c["verdict"] == "holds"]
    return [
        c
        for c in made
        if c["statement"]["target"]["kind"] == "zero-one"
        and c["statement"]["claim"]["kind"] in ("T >=", "T <=")
    ]


def accepted(c: dict[str, Any]) -> bool:
    try:
        return examine(c, seconds=20.0).verdict == c["verdict"]
    except Rejected:
        return False


def tried(seed: int, count: int) -> tuple[int, int]:
    """Make forgeries until so many are of false statements; how many, and how many true claims were
    called violated.
    """
    r = random.Random(seed)
    honest = bases()
    known = [is_true(c["statement"]) for c in honest]
    false = slandered = made = 0
    while false < count:
        made += 1
        assert made < 40 * count, "too few forgeries are of false statements"
        k = r.randrange(len(honest))
        if made % 8 == 0 and known[k]:
            c = slander(honest[k], r)
            if is_true(c["statement"]):
                slandered += 1
                assert not accepted(c), json.dumps(c)
            continue
        c, same_loss = forge(honest[k], r)
        if not is_false(c["statement"], known[k] and same_loss):
            continue
        false += 1
        assert not accepted(c), json.dumps(c)
    return false, slandered


def test_honest_files_are_true_by_brute_force() -> None:
    for c in bases():
        assert not is_false(c["statement"], True), c["statement"]
        assert check(c) == "holds"


@pytest.mark.parametrize("seed", range(3))
def test_no_forgery_is_accepted(seed: int) -> None:
    false, slandered = tried(seed, 60)
    assert false == 60
    assert slandered > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_no_forgery_of_many_is_accepted(seed: int) -> None:
    false, slandered = tried(seed, 5_000)
    print(f"seed {seed}: {false} false statements, {slandered} true ones called violated")
    assert false == 5_000
    assert slandered > 100
