"""The second checker agrees with the first on honest files, and takes no forgery."""

from __future__ import annotations

import ast
import copy
import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flint import arb, ctx
from forger.build import sealed
from forger.mutate import forge, slander
from forger.truth import is_false, is_true
from test_forger import bases
from test_kernel_forgeries import FALSE_CLAIMS, HONEST
from test_kernel_gamma import FALSE as FALSE_GAMMA
from test_kernel_piecewise import ABOVE, BELOW, CLAIMS, POINT
from test_kernel_piecewise import made as piecewise
from test_kernel_plugin import COSTS, FORGERIES, OTHERS, _changes, certified, other
from test_kernel_wide import forged_gaps

from hconsist import checker

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from second_checker import check, intervals, polynomials  # noqa: E402
from second_checker.reading import load, parse  # noqa: E402
from second_checker.trees import Rejected  # noqa: E402

FILES = sorted((ROOT / "certificates").rglob("*.json"))
#: Files of the rules for piecewise-linear losses and for costs, and changes of them.
CHANGED = {
    "ww above": BELOW,
    "ww below": ABOVE,
    "ww above, too steep": POINT,
    **{name: _changes(name) for name in ("ordinal, a curve", "zero-one, lines above",
                                         "ordinal, a point")},
}  # fmt: skip


def agree(c: Any) -> None:
    second = check(c)
    assert second.agrees, second.reason
    assert second.verdict == checker.check(c) == c["verdict"]


@pytest.mark.parametrize("path", FILES[::6], ids=lambda p: p.stem)
def test_both_checkers_agree_on_some_files(path: Path) -> None:
    agree(load(path))


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_both_checkers_agree_on_every_file(path: Path) -> None:
    agree(load(path))


@pytest.mark.parametrize("name", HONEST)
def test_honest_files_of_each_rule(name: str) -> None:
    agree(HONEST[name])


@pytest.mark.parametrize("name", COSTS)
def test_costs(name: str) -> None:
    agree(certified(name))


@pytest.mark.parametrize("name", [*CLAIMS, *OTHERS])
def test_piecewise_linear_losses_and_costs(name: str) -> None:
    agree(piecewise(name) if name in CLAIMS else other(name))


@pytest.mark.parametrize(("base", "name"), [(b, k) for b, table in CHANGED.items() for k in table])
def test_a_forgery_of_the_new_rules_is_not_verified(base: str, name: str) -> None:
    c = json.loads(json.dumps(piecewise(base) if base in CLAIMS else other(base)))
    CHANGED[base][name](c)
    assert not check(sealed(c)).agrees


@pytest.mark.parametrize("name", [*FALSE_CLAIMS, *FALSE_GAMMA])
def test_a_forgery_is_not_verified(name: str) -> None:
    assert not check({**FALSE_CLAIMS, **FALSE_GAMMA}[name]).agrees


@pytest.mark.parametrize("method", ["algebra:1", "algebra:3", "balls:0", "balls:2", "balls:6"])
def test_no_method_makes_a_forgery_right(method: str) -> None:
    for made in FALSE_CLAIMS.values():
        if "pieces" in made["proof"]:
            pieces = [{**p, "method": method} for p in made["proof"]["pieces"]]
            assert not check(sealed({**made, "proof": {**made["proof"], "pieces": pieces}})).agrees


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_of_costs_is_not_verified(name: str) -> None:
    for target in ("zero-one", "ordinal"):
        made = copy.deepcopy(certified(target))
        FORGERIES[name](made)
        assert not check(sealed(made)).agrees


def test_the_file_of_the_report_is_rejected() -> None:
    """Its pieces end in (1 - 1)/(1 - 1)."""
    found = check(FALSE_CLAIMS["logistic T <= b^10"])
    assert found.verdict == "rejected"
    assert "no value" in found.reason


@pytest.mark.parametrize(
    ("seed", "count", "kind"),
    [
        (1, 60, "T"),
        *(pytest.param(seed, 1_000, "T", marks=pytest.mark.slow) for seed in (2, 3, 4)),
        pytest.param(5, 1_000, "Gamma", marks=pytest.mark.slow),
        pytest.param(6, 300, "costs", marks=pytest.mark.slow),
    ],
)
def test_no_random_forgery_is_verified(seed: int, count: int, kind: str) -> None:
    """What is false is judged by brute force (`forger.truth`), not by either checker."""
    r = random.Random(seed)
    honest = bases(kind)
    known = [is_true(c["statement"]) for c in honest]
    tried: dict[str, int] = {}
    for made_so_far in range(count):
        k = r.randrange(len(honest))
        if made_so_far % 8 == 0 and known[k]:
            made = slander(honest[k], r)
            wrong = is_true(made["statement"])
        else:
            made, same_loss = forge(honest[k], r)
            wrong = is_false(made["statement"], known[k] and same_loss)
        if wrong:
            rule = f"{made['proof']['rule']} {made['verdict']}"
            tried[rule] = tried.get(rule, 0) + 1
            assert not check(made, seconds=10.0).agrees, json.dumps(made)
    print(f"{kind}, seed {seed}: {sum(tried.values())} false statements:", tried)
    assert sum(tried.values()) > count // 4


@pytest.mark.slow
def test_no_random_forgery_of_a_gap_is_verified() -> None:
    assert forged_gaps(5, 1_000, lambda c: check(c, seconds=10.0).agrees) == 1_000


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(schema="hconsist-certificate/3"),
        lambda c: c.update(more=1),
        lambda c: c["statement"].update(text="T(b) >= 100 b"),
        lambda c: c.pop("lemmas"),
        lambda c: c.update(lemmas=[]),
        lambda c: c["statement"].update(classes=True),
        lambda c: c["statement"].update(classes=10**10),
        lambda c: c["proof"].update(rule="theorem B"),
        lambda c: c["proof"].update(rule=["pair"]),
        lambda c: c["proof"].update(pieces=[]),
        lambda c: c["statement"]["claim"].update(formula=["pow", "b", "0"]),
        lambda c: c["statement"]["claim"].update(formula=["mul", "2/4", "b"]),
        lambda c: c["statement"]["claim"].update(formula="x"),
        lambda c: c.update(verdict="violated"),
    ],
)
def test_another_schema_is_rejected(change: Any) -> None:
    made = copy.deepcopy(load(FILES[0]))
    change(made)
    assert check(sealed(made)).verdict == "rejected"


def test_undecided_files_are_read() -> None:
    for proof in ({"reason": "not settled"}, {"reason": "not settled", "progress": [1]}):
        made = sealed({**load(FILES[0]), "verdict": "undecided", "lemmas": [], "proof": proof})
        assert check(made).agrees
        assert check(made).verdict == checker.check(made) == "undecided"
    assert check(sealed({**made, "proof": {"reason": "a", "more": 1}})).verdict == "rejected"


def test_a_changed_file_is_rejected() -> None:
    made = load(FILES[0])
    made["statement"]["classes"] = 5
    assert check(made).reason == "the digest is another"


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', '{"a": 1.5}', '{"a": NaN}', "{", '{"a": 1e3}']
)
def test_json_that_is_not_the_schemas(text: str) -> None:
    with pytest.raises(Rejected):
        parse(text)


def test_it_shares_no_module() -> None:
    """Neither in the source nor when it runs."""
    for path in (ROOT / "second_checker").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert {n.split(".")[0] for n in names} <= set(sys.stdlib_module_names), path
    code = (
        "import runpy, sys; sys.argv = ['second_checker', sys.argv[1]]\n"
        "try: runpy.run_module('second_checker', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "bad = {m.split('.')[0] for m in sys.modules} & {'hconsist', 'flint', 'numpy', 'sympy'}\n"
        "assert not bad, bad"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(FILES[0])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "holds" in done.stdout
    assert "T(b) >=" in done.stdout


def test_exit_codes(tmp_path: Path) -> None:
    def code(*files: Path) -> int:
        run = [sys.executable, "-m", "second_checker", *map(str, files)]
        return subprocess.run(run, cwd=ROOT, capture_output=True, check=False).returncode

    made = {"violated": HONEST["mae violated"], "false": FALSE_CLAIMS["logistic T <= b^10"]}
    paths = {k: tmp_path / f"{k}.json" for k in made}
    for k, c in made.items():
        paths[k].write_text(json.dumps(c), encoding="utf-8")
    assert code(FILES[0]) == 0
    assert code(FILES[0], paths["violated"]) == 1
    assert code(paths["violated"], paths["false"], FILES[0]) == 2
    assert code(tmp_path / "none.json") == 2


def ball(p: intervals.Pair) -> arb:
    unit = arb(2) ** -intervals.P
    return arb(arb(p[0]) * unit).union(arb(p[1]) * unit)


@pytest.mark.parametrize("seed", range(4))
def test_enclosures_hold_the_values(seed: int) -> None:
    """exp, log, powers and x log x at random rationals, against 400 bits of another library."""
    r = random.Random(seed)
    before, ctx.prec = ctx.prec, 400
    try:
        for _ in range(150):
            scale = Fraction(2) ** r.randrange(-40, 12)
            x = Fraction(r.randrange(1, 10**9), 10**9) * scale
            e = Fraction(r.choice([-7, -3, -1, 1, 2, 3, 5, 7]), r.choice([1, 2, 3, 4, 7]))
            a = intervals.of(x)
            t = arb(x.numerator) / x.denominator
            pairs = [
                (intervals.log(a), t.log()),
                (intervals.exp(a), t.exp()),
                (intervals.exp(intervals.of(-x)), (-t).exp()),
                (intervals.xlogx(a), t * t.log()),
                (intervals.power(a, e), t ** (arb(e.numerator) / e.denominator)),
            ]
            for mine, value in pairs:
                if mine is not None:
                    assert ball(mine).contains(value)
    finally:
        ctx.prec = before


def test_enclosures_are_narrow() -> None:
    for k in range(1, 40):
        a = intervals.of(Fraction(k, 7))
        for found in (intervals.log(a), intervals.exp(a), intervals.power(a, Fraction(-2, 3))):
            assert found is not None
            assert 0 <= found[1] - found[0] < intervals.UNIT >> 100


def test_x_log_x_is_least_inside() -> None:
    low, high = intervals.xlogx(intervals.ends(Fraction(0), Fraction(1))) or (0, 0)
    assert low < -(intervals.UNIT * 36787) // 100000
    assert high == 0


@pytest.mark.parametrize("seed", range(3))
def test_sturm_counts_known_roots(seed: int) -> None:
    r = random.Random(seed)
    for _ in range(60):
        roots = [Fraction(r.randrange(-6, 7), r.randrange(1, 4)) for _ in range(r.randrange(1, 6))]
        p = [Fraction(r.choice([-2, 1, 3]))]
        for x in roots:
            p = [a - x * b for a, b in zip([Fraction(0), *p], [*p, Fraction(0)], strict=True)]
        low, high = sorted(r.sample(range(-7, 8), 2))
        inside = {x for x in roots if low < x < high}
        assert polynomials.roots_inside(p, Fraction(low), Fraction(high)) == len(inside)
        least = {x for x in inside if roots.count(x) % 2}
        shown = polynomials.sign_inside(p, Fraction(low), Fraction(high), strict=False)
        grid = (Fraction(low) + Fraction(high - low) * Fraction(k, 997) for k in range(1, 997))
        at = next(x for x in grid if x not in roots)
        assert shown == (not least and polynomials.value(p, at) > 0)
