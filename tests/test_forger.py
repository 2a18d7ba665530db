"""No false statement is accepted: random forgeries, judged by brute force, not by the checker.

The slow run makes 60,000 of false statements about T, 6,000 about Gamma and costs, and 15,000 of
the rules for piecewise-linear losses and for costs both ways::

    python -m pytest -m slow tests/test_forger.py
"""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from forger import exact
from forger.mutate import forge, slander
from forger.truth import is_false, is_true
from test_kernel_forgeries import HONEST
from test_kernel_gamma import RIGHT
from test_kernel_piecewise import made as piecewise
from test_kernel_plugin import COSTS, certified, other

from hconsist.checker import Rejected, check, examine

FOLDER = Path(__file__).parent.parent / "certificates"
FILES = sorted([*FOLDER.glob("*.json"), *(FOLDER / "wide").glob("*.json")])


@functools.cache
def kept() -> tuple[dict[str, Any], ...]:
    """Files of the repository that hold."""
    found = (json.loads(f.read_text(encoding="utf-8")) for f in FILES)
    return tuple(
        c for c in found if c["verdict"] == "holds" and "inputs" not in c["statement"]["claim"]
    )


def bases(kind: str = "T") -> list[dict[str, Any]]:
    """Honest files that hold: those of the repository, and the hand-made, about T, Gamma, costs."""
    made = [*kept(), *HONEST.values(), *RIGHT, root(), *(certified(name) for name in COSTS)]
    return [c for c in made if c["verdict"] == "holds" and kind_of(c["statement"]) == kind]


@functools.cache
def root() -> dict[str, Any]:
    """Gamma(e) <= sqrt(2 e) for the logistic loss: a file, as a search is held to a time."""
    file = FOLDER / "typed" / "logistic-gamma-root.json"
    return json.loads(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def kind_of(statement: dict[str, Any]) -> str:
    """What a statement is about, for the forger."""
    if statement["target"]["kind"] == "costs":
        return "costs"
    return str(statement["claim"]["kind"].split()[0])


def accepted(c: dict[str, Any]) -> bool:
    try:
        return examine(c, seconds=20.0).verdict == c["verdict"]
    except Rejected:
        return False


def tried(seed: int, count: int, kind: str = "T") -> tuple[int, int]:
    """Make forgeries until so many are of false statements; how many, and how many true claims were
    called violated.
    """
    r = random.Random(seed)
    honest = bases(kind)
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


@pytest.mark.parametrize("kind", ["T", "Gamma", "costs"])
def test_honest_files_are_true_by_brute_force(kind: str) -> None:
    for c in bases(kind):
        assert not is_false(c["statement"], True), c["statement"]
        assert check(c) == "holds"


@pytest.mark.parametrize("seed", range(3))
def test_no_forgery_is_accepted(seed: int) -> None:
    false, slandered = tried(seed, 60)
    assert false == 60
    assert slandered > 0


@pytest.mark.parametrize("kind", ["Gamma", "costs"])
def test_no_forgery_about_gamma_or_costs_is_accepted(kind: str) -> None:
    assert tried(3, 40, kind)[0] == 40


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Gamma", "costs"])
@pytest.mark.parametrize("seed", range(200, 203))
def test_no_forgery_of_many_about_gamma_or_costs_is_accepted(kind: str, seed: int) -> None:
    false, _ = tried(seed, 1_000, kind)
    print(f"seed {seed}, {kind}: {false} false statements")
    assert false == 1_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_no_forgery_of_many_is_accepted(seed: int) -> None:
    false, slandered = tried(seed, 5_000)
    print(f"seed {seed}: {false} false statements, {slandered} true ones called violated")
    assert false == 5_000
    assert slandered > 100


def wide(name: str) -> dict[str, Any]:
    """A file of the folder "wide"."""
    return json.loads((FOLDER / "wide" / f"{name}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


#: Honest files of the rules for piecewise-linear losses and costs, with T and its largest number.
KNOWN: dict[str, tuple[Any, Any, float]] = {
    "ww above": (piecewise, exact.weston_watkins, 1.0),
    "ww below": (piecewise, exact.weston_watkins, 1.0),
    "ww gamma": (piecewise, exact.weston_watkins, 1.0),
    "ww below, too low": (piecewise, exact.weston_watkins, 1.0),
    "ww above, too steep": (piecewise, exact.weston_watkins, 1.0),
    "constrained above": (piecewise, exact.constrained_hinge, 1.0),
    "constrained below": (piecewise, exact.constrained_hinge, 1.0),
    "zero-one, a curve": (other, exact.cross_entropy(1.0), 1.0),
    "zero-one, lines above": (other, exact.cross_entropy(1.0), 1.0),
    "ordinal, a curve": (other, exact.cross_entropy(2.0), 2.0),
    "ordinal, a point": (other, exact.cross_entropy(2.0), 2.0),
    "pools": (wide, exact.pools(0.8, 3), 1.0),
}


def forged_exactly(seed: int, count: int) -> tuple[int, int]:
    """Forgeries of false statements, and true ones called violated, of these files."""
    r = random.Random(seed)
    names = list(KNOWN)
    files = {name: KNOWN[name][0](name) for name in names}
    false = slandered = made = 0
    while false < count:
        made += 1
        assert made < 40 * count, "too few forgeries are of false statements"
        name = r.choice(names)
        _, t, largest = KNOWN[name]
        if made % 8 == 0 and files[name]["verdict"] == "holds":
            c = exact.slander(files[name], list(files.values()), r)
            slandered += 1
            assert not accepted(c), json.dumps(c)
            continue
        c = exact.forge(files[name], list(files.values()), r)
        wrong = exact.is_false(c, t, largest)
        if wrong == (c["verdict"] == "violated"):
            continue
        false += 1
        assert not accepted(c), json.dumps(c)
    return false, slandered


@pytest.mark.parametrize("name", KNOWN)
def test_honest_files_agree_with_closed_forms(name: str) -> None:
    make, t, largest = KNOWN[name]
    c = make(name)
    assert exact.is_false(c, t, largest) == (c["verdict"] == "violated")


def test_no_forgery_of_exact_rules_is_accepted() -> None:
    assert forged_exactly(7, 150)[0] == 150


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 305))
def test_no_forgery_of_many_of_exact_rules_is_accepted(seed: int) -> None:
    false, slandered = forged_exactly(seed, 3_000)
    print(f"seed {seed}: {false} false statements, {slandered} true ones called violated")
    assert false == 3_000
