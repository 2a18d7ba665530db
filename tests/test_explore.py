"""The page with sliders: its numbers are those of the engines, it loads nothing, and it answers to a click."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy
from webdriver import Browser, browser

from hconsist.bounds import derive
from hconsist.cli import main
from hconsist.engines import transform
from hconsist.explore import BINARY, ldr_table, page, published
from hconsist.explore.table import BETAS, CLASSES, RATIOS, entry
from hconsist.hypotheses import Bounded
from hconsist.losses import LDR, CompSum
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems import published as published_theorems

DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(DRIVER is None, reason="needs chromium and chromedriver")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert DRIVER is not None
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(page(), encoding="utf-8")
    with browser(DRIVER) as window:
        window.open(file)
        yield window


def value(window: Browser, name: str) -> float:
    return float(window.text(f"#value-{name}"))


def test_page_loads_nothing_else() -> None:
    text = page()
    assert not re.search(r"https?:|<link|@import|src=|fetch\(|XMLHttpRequest", text)
    assert "/*SCRIPT*/" not in text


def test_published_formula_is_that_of_the_catalogue() -> None:
    for tau, n in itertools.product(("0", "1/2", "1", "6/5", "17/10", "2", "3"), (2, 3, 10)):
        problem = PointwiseProblem(CompSum(tau), n_classes=n)  # type: ignore[arg-type]
        (theorem,) = published_theorems(problem)
        symbol = sympy.Symbol("tau", positive=True)
        ours = published(symbol, n).subs(beta_symbol(), 0.37).subs(symbol, sympy.Rational(tau))
        assert float(ours) == pytest.approx(float(theorem.at(problem).subs(beta_symbol(), 0.37)), rel=1e-12)


@pytest.mark.parametrize(("ratio", "n", "k"), [("0", 3, 7), ("1/2", 5, 12), ("2", 3, 8), ("8", 2, 15), ("4", 10, 4)])
def test_table_holds_the_values_of_the_engine(ratio: str, n: int, k: int) -> None:
    cell = ldr_table()[str(float(Fraction(ratio)))][str(n)]
    answer = transform(PointwiseProblem(LDR(lam=1, c=ratio), n_classes=n), BETAS[k])  # type: ignore[arg-type]
    assert cell["T"][k] == pytest.approx(answer.estimate, abs=1e-6)
    assert sum(cell["p"][k]) == pytest.approx(1, abs=1e-4)
    assert max(cell["p"][k]) - cell["p"][k][1] == pytest.approx(float(BETAS[k]), abs=1e-4)


def test_table_is_complete_and_scales_as_the_loss_does() -> None:
    table = ldr_table()
    assert {(r, n) for r in table for n in table[r]} == {(str(float(r)), str(n)) for r in RATIOS for n in CLASSES}
    known = [v for cells in table.values() for cell in cells.values() for v in cell["T"]]
    assert sum(v is None for v in known) < 0.02 * len(known)
    half = transform(PointwiseProblem(LDR(lam="1/2", c=1), n_classes=3), "2/5")  # type: ignore[arg-type]
    assert half.estimate == pytest.approx(0.5 * table["2.0"]["3"]["T"][8], abs=1e-6)


def test_table_is_made_by_its_script() -> None:
    assert entry(Fraction(0), 2)["T"] == pytest.approx(ldr_table()["0.0"]["2"]["T"], abs=1e-7)


def test_command_writes_the_page(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as done:
        main(["explore", "-o", str(tmp_path / "page.html")])
    assert done.value.code == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page()


def test_command_refuses_another_suffix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["explore", "-o", str(tmp_path / "page.txt")])
    assert done.value.code == 2
    assert ".html" in capsys.readouterr().err


@needs_browser
@pytest.mark.parametrize(
    ("tau", "n"), [("0", 10), ("0.5", 3), ("1", 5), ("1.3", 10), ("1.7", 5), ("1.9", 4), ("2", 10), ("2.5", 5)]
)
def test_comp_sum_numbers_are_those_of_the_engine(shown: Browser, tau: str, n: int) -> None:
    shown.click("#family-comp-sum")
    shown.set("tau", tau)
    shown.set("n", n)
    bound = derive(CompSum(tau), n)  # type: ignore[arg-type]
    problem = bound.problem
    for beta in (0, 0.2, 0.55, 0.9, 1):
        shown.set("beta", beta)
        assert value(shown, "T") == pytest.approx(float(bound.transform_curve([beta])[0]), rel=1e-7, abs=1e-9)
        p = np.array(json.loads(shown.run("return document.getElementById('plot-p').dataset.p")))
        assert p.sum() == pytest.approx(1) and p.max() - p[1] == pytest.approx(beta)
        (theorem,) = published_theorems(problem)
        claimed = (
            float(theorem.at(problem).limit(beta_symbol(), beta))
            if beta == 1
            else float(theorem.at(problem).subs(beta_symbol(), beta))
        )
        assert value(shown, "published") == pytest.approx(claimed, rel=1e-7, abs=1e-9)
    shown.set("excess", 0.3)
    assert value(shown, "gamma") == pytest.approx(bound(value(shown, "excess")), rel=3e-3)


@needs_browser
@pytest.mark.parametrize("spec", BINARY)
def test_binary_numbers_are_those_of_the_engine(shown: Browser, spec: str) -> None:
    shown.click("#family-binary")
    shown.set("loss", spec)
    for B in ("0.4", "1", "2.5"):
        shown.set("B", B)
        bound = derive(spec, 2, Bounded(B))  # type: ignore[arg-type]
        for beta in (0.2, 0.6, 1):
            shown.set("beta", beta)
            assert value(shown, "T") == pytest.approx(float(bound.transform_curve([beta])[0]), rel=1e-7, abs=1e-9)


@needs_browser
def test_ldr_page_shows_the_table(shown: Browser) -> None:
    shown.click("#family-ldr")
    for name, place in (("m", 1), ("lambda", 1), ("c", 2)):
        shown.set(name, place)
    shown.set("beta", 0.4)
    assert value(shown, "T") == pytest.approx(0.5 * ldr_table()["2.0"]["3"]["T"][8], rel=1e-9)
    assert "nothing is proven" in shown.text("#status")


@needs_browser
def test_every_setting_of_the_ldr_sliders_has_a_cell(shown: Browser) -> None:
    shown.click("#family-ldr")
    for m, lam, c in itertools.product(range(4), repeat=3):
        for name, place in (("m", m), ("lambda", lam), ("c", c)):
            shown.set(name, place)
        assert value(shown, "T") >= 0 or shown.text("#value-T") == "not known"


@needs_browser
def test_click_changes_what_is_shown_and_nothing_leaves_the_window(shown: Browser, tmp_path: Path) -> None:
    shown.click("#family-comp-sum")
    before = shown.run("return document.getElementById('plot-T').innerHTML")
    shown.click("#family-binary")
    assert shown.run("return document.getElementById('plot-T').innerHTML") != before
    assert shown.run("return document.getElementById('family-binary').getAttribute('aria-pressed')") == "true"
    assert shown.run("return getComputedStyle(document.getElementById('tau').parentNode).display") == "none"
    assert shown.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert shown.run("return performance.getEntriesByType('resource').length") == 0
    shown.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
