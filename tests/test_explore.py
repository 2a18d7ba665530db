"""The page with sliders: its numbers are those of the engines, it loads nothing, and it answers to
a click.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sympy
from webdriver import Browser, browser

from hconsist.bounds import derive
from hconsist.cli import main
from hconsist.engines.numeric import sweep
from hconsist.explore import BINARY, page, published
from hconsist.hypotheses import Bounded
from hconsist.losses import LDR, CompSum
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems import published as published_theorems

DRIVER = shutil.which("chromedriver")
#: Keys by their code points in WebDriver.
ENTER, RIGHT = "\ue007", "\ue014"
needs_browser = pytest.mark.skipif(DRIVER is None, reason="needs chromium and chromedriver")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert DRIVER is not None
    file = tmp_path_factory.mktemp("page") / "page.html"
    file.write_text(page(), encoding="utf-8")
    with browser(DRIVER) as window:
        window.open(file)
        yield window


@pytest.fixture
def fresh(shown: Browser) -> Iterator[Browser]:
    """The page as it is when first opened, and again afterwards."""
    address = str(shown.run("return location.href.split('#')[0]"))
    shown.go("about:blank")
    shown.go(address)
    yield shown
    shown.devtools("Emulation.clearDeviceMetricsOverride")
    shown.go("about:blank")
    shown.go(address)


def value(window: Browser, name: str) -> float:
    return float(window.text(f"#value-{name}"))


def test_page_loads_nothing_else() -> None:
    text = page()
    assert not re.search(r"https?:|<link|@import|src=|fetch\(|XMLHttpRequest", text)
    assert "/*SCRIPT*/" not in text


def test_published_formula_is_that_of_the_catalogue() -> None:
    for tau, n in itertools.product(("0", "1/2", "1", "6/5", "17/10", "2", "3"), (2, 3, 10)):
        problem = PointwiseProblem(CompSum(tau), n_classes=n)  # type: ignore[arg-type]
        (theorem,) = (t for t in published_theorems(problem) if t.id.startswith("comp-sum-"))
        symbol = sympy.Symbol("tau", positive=True)
        ours = published(symbol, n).subs(beta_symbol(), 0.37).subs(symbol, sympy.Rational(tau))
        assert float(ours) == pytest.approx(
            float(theorem.at(problem).subs(beta_symbol(), 0.37)), rel=1e-12
        )


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
    ("tau", "n"),
    [("0", 10), ("0.5", 3), ("1", 5), ("1.3", 10), ("1.7", 5), ("1.9", 4), ("2", 10), ("2.5", 5)],
)
def test_comp_sum_numbers_are_those_of_the_engine(shown: Browser, tau: str, n: int) -> None:
    shown.click("#family-comp-sum")
    shown.set("tau", tau)
    shown.set("n", n)
    bound = derive(CompSum(tau), n)  # type: ignore[arg-type]
    problem = bound.problem
    for beta in (0, 0.2, 0.55, 0.9, 1):
        shown.set("beta", beta)
        assert value(shown, "T") == pytest.approx(
            float(bound.transform_curve([beta])[0]), rel=1e-7, abs=1e-9
        )
        p = np.array(json.loads(shown.run("return document.getElementById('plot-p').dataset.p")))
        assert p.sum() == pytest.approx(1) and p.max() - p[1] == pytest.approx(beta)
        (theorem,) = (t for t in published_theorems(problem) if t.id.startswith("comp-sum-"))
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
            assert value(shown, "T") == pytest.approx(
                float(bound.transform_curve([beta])[0]), rel=1e-7, abs=1e-9
            )


def random_settings(count: int) -> list[tuple[float, float, int]]:
    """lambda, c and n where the sliders can stand."""
    random = np.random.default_rng(20)
    lams, margins = 0.2 + 0.05 * random.integers(0, 37, count), 0.05 * random.integers(0, 41, count)
    return [
        (round(float(a), 2), round(float(b), 2), int(n))
        for a, b, n in zip(lams, margins, random.integers(2, 12, count), strict=True)
    ]


@needs_browser
@pytest.mark.parametrize(
    ("lam", "c", "n"), [(0.2, 2.0, 6), (0.5, 1.0, 100), (1.0, 0.0, 5), *random_settings(8)]
)
def test_ldr_numbers_are_those_of_the_numeric_engine(
    shown: Browser, lam: float, c: float, n: int
) -> None:
    shown.click("#family-ldr")
    for name, place in (("n", n), ("lambda", lam), ("c", c)):
        shown.set(name, place)
    betas = (0.03, 0.2, 0.41, 0.55, 0.78, 0.96)
    # more than six labels never help here, and take the engine long
    problem = PointwiseProblem(LDR(lam=str(lam), c=str(c)), n_classes=min(n, 6))  # type: ignore[arg-type]
    for beta, answer in zip(betas, sweep(problem, [str(b) for b in betas]), strict=True):
        shown.set("beta", beta)
        p = np.array(json.loads(shown.run("return document.getElementById('plot-p').dataset.p")))
        assert p.size == n and p.min() >= 0
        assert p.sum() == pytest.approx(1) and p.max() - p[1] == pytest.approx(beta)
        assert value(shown, "envelope") <= value(shown, "T") * (1 + 1e-9)
        if answer.estimate is not None:  # where the engine is not sure it says so
            assert value(shown, "T") == pytest.approx(answer.estimate, rel=1e-7)
    known = 1 - np.exp(-c / lam) <= (3 - np.sqrt(3)) / 6
    assert ("proven" in shown.text("#status").replace("Nothing is proven", "")) == known


@needs_browser
def test_ldr_without_a_margin_is_cross_entropy_at_a_temperature(shown: Browser) -> None:
    shown.click("#family-ldr")
    for name, place in (("n", 7), ("lambda", 0.65), ("c", 0)):
        shown.set(name, place)
    for beta in (0.01, 0.3, 0.75, 1):
        shown.set("beta", beta)
        exact = (1 + beta) / 2 * np.log1p(beta) + (
            (1 - beta) / 2 * np.log1p(-beta) if beta < 1 else 0
        )
        assert value(shown, "T") == pytest.approx(0.65 * exact, rel=1e-8)


@needs_browser
def test_gamma_of_ldr_is_that_of_the_bound(shown: Browser) -> None:
    shown.click("#family-ldr")
    for name, place in (("n", 4), ("lambda", 1), ("c", 1.5)):
        shown.set(name, place)
    bound = derive(LDR(lam=1, c="3/2"), 4)  # type: ignore[arg-type]
    for share in (0.01, 0.3, 0.8):
        shown.set("excess", share)
        assert value(shown, "gamma") == pytest.approx(bound(value(shown, "excess")), rel=3e-3)


@needs_browser
def test_click_changes_what_is_shown_and_nothing_leaves_the_window(
    shown: Browser, tmp_path: Path
) -> None:
    shown.click("#family-comp-sum")
    before = shown.run("return document.getElementById('plot-T').innerHTML")
    assert shown.text("#status").startswith(("Comp-sum", "Cross", "Mean", "Sum", "Generalized"))
    shown.click("#family-binary")
    assert shown.run("return document.getElementById('plot-T').innerHTML") != before
    assert (
        shown.run("return document.getElementById('family-binary').getAttribute('aria-pressed')")
        == "true"
    )
    assert (
        shown.run("return getComputedStyle(document.getElementById('tau').parentNode).display")
        == "none"
    )
    assert shown.run("return document.documentElement.scrollWidth <= window.innerWidth")
    assert shown.run("return performance.getEntriesByType('resource').length") == 0
    shown.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000


@needs_browser
@pytest.mark.parametrize(
    ("family", "settings", "problem"),
    [
        ("comp-sum", {"tau": "0", "n": 3}, ("sum-exp", 3, "complete")),
        ("comp-sum", {"tau": "1", "n": 5}, ("logistic", 5, "complete")),
        ("comp-sum", {"tau": "1.5", "n": 2}, ("comp-sum:tau=3/2", 2, "complete")),
        ("comp-sum", {"tau": "2", "n": 10}, ("mae", 10, "complete")),
        ("comp-sum", {"tau": "2.5", "n": 7}, ("comp-sum:tau=5/2", 7, "complete")),
        ("binary", {"loss": "squared-hinge", "B": 4}, ("squared-hinge", 2, "bounded:4")),
        ("binary", {"loss": "margin-logistic", "B": 4}, ("margin-logistic", 2, "bounded:4")),
        ("binary", {"loss": "hinge", "B": "0.4"}, ("hinge", 2, "bounded:0.4")),
        ("binary", {"loss": "exponential", "B": 1}, ("exponential", 2, "bounded:1")),
        ("binary", {"loss": "sigmoid:k=1", "B": "2.5"}, ("sigmoid:k=1", 2, "bounded:2.5")),
    ],
)
def test_bounds_that_are_called_proven_are_shown_on_their_safe_side(
    shown: Browser, family: str, settings: dict[str, str], problem: tuple[str, int, str]
) -> None:
    shown.click(f"#family-{family}")
    for name, place in settings.items():
        shown.set(name, place)
    assert "proven" in shown.text("#status") and "estimate" not in shown.text("#status")
    bound = derive(*problem)
    for beta, share in (
        ("0.01", "0.01"),
        ("0.2", "0.2"),
        ("0.5", "0.4"),
        ("0.6", "0.8"),
        ("1", "1"),
    ):
        shown.set("beta", beta)
        shown.set("excess", share)
        exact = bound.T(beta)
        assert exact.upper is not None and Fraction(shown.text("#value-T")) <= exact.upper
        assert Fraction(shown.text("#value-envelope")) <= exact.upper
        gamma = bound.bound(shown.text("#value-excess"))
        assert gamma.lower is not None
        text = Fraction(shown.text("#value-gamma"))
        # at the very end the excess is T(1), a hair beyond which the target excess may be anything
        assert text >= gamma.lower and (text <= gamma.upper * (1 + 1e-6) + 1e-6 or text == 1)


@needs_browser
def test_what_is_read_off_a_grid_is_called_an_estimate(shown: Browser) -> None:
    shown.click("#family-comp-sum")
    shown.set("tau", "1.7")
    assert "estimates" in shown.text("#status")


# -- general targets

#: Settings of the page, and the same target by its spec string with its number of labels.
COSTS = {
    "abstain": ({"target": "abstain", "labels": 3, "reject": "0.25"}, "abstain:c=0.25", 3),
    "abstain, dear": ({"target": "abstain", "labels": 4, "reject": "0.6"}, "abstain:c=0.6", 4),
    "an expert": (
        {"target": "defer", "labels": 3, "experts": 1, "accuracy1": "0.9", "other1": "0.4"},
        "defer:accuracy=[[0.9,0.4,0.4]]",
        3,
    ),
    "two experts": (
        {"target": "defer", "labels": 3, "experts": 2, "accuracy1": "0.9", "other1": "0.5"}
        | {"accuracy2": "0.7", "other2": "0.3"},
        "defer:accuracy=[[0.9,0.5,0.5],[0.3,0.3,0.7]]",
        3,
    ),
    "weights": ({"target": "weights", "w1": 3, "w2": "1.5", "w3": 1}, "weights:3,1.5,1", 3),
    "absolute": ({"target": "absolute", "labels": 4}, "ordinal:absolute", 4),
    "squared": ({"target": "squared", "labels": 3}, "ordinal:squared", 3),
    "own": (
        {"target": "own", "costs": "0 2 5; 1 0, 2; 4 1/3 0"},
        "cost:[[0,2,5],[1,0,2],[4,1/3,0]]",
        3,
    ),
}


SHORT = ("an expert", "two experts", "weights")


@needs_browser
@pytest.mark.parametrize(
    "name", [n if n in SHORT else pytest.param(n, marks=pytest.mark.slow) for n in COSTS]
)
def test_costs_are_those_of_the_engines_on_their_safe_side(shown: Browser, name: str) -> None:
    settings, target, n = COSTS[name]
    shown.click("#family-costs")
    for control, place in settings.items():
        shown.set(control, place)
    assert shown.text("#problem") == ""
    problem = PointwiseProblem("logistic", target, n_classes=n)
    most = problem.decision.max_regret
    assert float(shown.run("return document.getElementById('beta').max")) == pytest.approx(
        float(most)
    )
    bound = derive("logistic", n, target=target)
    for share in ("0.2", "0.66", "1"):
        beta = Fraction(share) * most
        shown.set("beta", float(beta))
        shown.set("excess", share)
        # a slider stands on a double near the fraction
        (answer,) = sweep(problem, [beta])
        assert answer.estimate is not None
        assert value(shown, "T") == pytest.approx(answer.estimate, rel=2e-7, abs=1e-9)
        assert value(shown, "T") <= answer.estimate * (1 + 1e-8)
        assert value(shown, "envelope") <= value(shown, "T")
        assert value(shown, "envelope") == pytest.approx(
            float(bound.envelope_curve([float(beta)])[0]), rel=1e-6, abs=1e-9
        )
        exact = bound.bound(shown.text("#value-excess"))
        known = exact.lower if exact.lower is not None else exact.estimate
        assert known is not None and value(shown, "gamma") >= known * (1 - 1e-8)
        assert value(shown, "gamma") == pytest.approx(float(known), rel=1e-6)
        p = np.array(json.loads(shown.run("return document.getElementById('plot-p').dataset.p")))
        assert p.sum() == pytest.approx(1) and p.min() >= 0
        costs = [float(problem.decision.regret(p, [r])) for r in range(problem.decision.items)]
        assert max(costs) >= float(beta) - 1e-6


@needs_browser
def test_one_loss_has_the_same_values_in_every_family(fresh: Browser) -> None:
    shown = fresh

    def seen() -> list[float]:
        names = ("T", "envelope", "excess", "gamma")
        return [value(shown, name) for name in names]

    shown.set("beta", "0.4")
    shown.set("excess", "0.3")
    shown.click("#family-comp-sum")
    shown.set("tau", "1")
    first = seen()
    shown.click("#family-ldr")
    shown.set("lambda", "1")
    shown.set("c", "0")
    assert seen() == pytest.approx(first, rel=1e-9)
    shown.click("#family-costs")
    shown.set("target", "own")
    shown.set("costs", "0 1 1; 1 0 1; 1 1 0")
    assert seen() == pytest.approx(first, rel=1e-9)


@needs_browser
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "2 to 6 predictions"),
        ("0 1; 1", "as many costs"),
        ("0 x; 1 0", "a number such as"),
        ("0 1/0; 1 0", "at most 1000"),
        ("1 1; 1 1", "no regret"),
        ("0 1 1 1 1; 1 0 1 1 1", "2 to 4 labels"),
        ("0 <img onerror=alert(1)>; 1 0", "a number such as"),
    ],
)
def test_costs_that_are_none_are_refused_in_words(shown: Browser, text: str, words: str) -> None:
    shown.click("#family-costs")
    shown.set("target", "own")
    shown.set("costs", "0 2; 1 0")
    before = shown.text("#value-T")
    shown.set("costs", text)
    assert words in shown.text("#problem") and shown.text("#value-T") == before
    assert shown.run("return document.querySelectorAll('img').length") == 0
    shown.set("costs", "0 2; 1 0")
    assert shown.text("#problem") == ""


# -- the link, the keyboard, a screen reader, the theme, saved pictures


@needs_browser
def test_the_link_holds_the_state(fresh: Browser) -> None:
    fresh.click("#family-costs")
    for name, place in {"target": "own", "costs": "0 7;1 0", "beta": 3.5, "excess": "0.5"}.items():
        fresh.set(name, place)
    link = str(fresh.run("return location.href"))
    seen = [fresh.text(f"#value-{name}") for name in ("T", "gamma")]
    fresh.go("about:blank")
    fresh.go(link)
    assert [fresh.text(f"#value-{name}") for name in ("T", "gamma")] == seen
    assert fresh.run("return document.getElementById('costs').value") == "0 7;1 0"
    assert fresh.text("#beta-shown") == "3.5" and link.startswith("file:")


@needs_browser
@pytest.mark.parametrize(
    "words",
    ["family=nobody&tau=x&n=&loss=zebra&q=1", "%%%&=&tau=%E0%A4%A", "n=1e99&tau=-4&beta=7"],
)
def test_a_link_that_says_nonsense_leaves_a_page_that_works(fresh: Browser, words: str) -> None:
    address = str(fresh.run("return location.href.split('#')[0]"))
    fresh.go("about:blank")
    fresh.go(f"{address}#{words}")
    assert 0 <= value(fresh, "T") < 2 and 0 < value(fresh, "gamma") <= 1


@needs_browser
def test_the_keyboard_reaches_and_moves_everything(fresh: Browser) -> None:
    fresh.keys("#family-costs", ENTER)
    assert fresh.run("return document.activeElement.id") == "family-costs"
    before = value(fresh, "T")
    fresh.keys("#beta", RIGHT * 3)
    assert value(fresh, "T") > before
    fresh.run("document.getElementById('family-comp-sum').focus()")
    seen = []
    for _ in range(30):
        seen.append(str(fresh.run("return document.activeElement.id")))
        for kind in ("rawKeyDown", "keyUp"):
            fresh.devtools(
                "Input.dispatchKeyEvent",
                type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9,
            )  # fmt: skip
    reachable = fresh.run(
        "return Array.from(document.querySelectorAll('button, input, select, summary'))"
        ".filter(e => e.offsetParent !== null).map(e => e.id)"
    )
    assert len(reachable) > 10 and set(reachable) <= set(seen)


@needs_browser
def test_a_screen_reader_is_told_what_changed_once_it_rests(fresh: Browser) -> None:
    for share in ("0.1", "0.5", "0.9"):
        fresh.set("beta", share)
    said = fresh.later(
        "const said = document.getElementById('said');"
        "new MutationObserver(() => done(said.textContent)).observe(said, {childList: true})"
    )
    assert said.startswith("At target regret 0.9 the surrogate regret is")
    label = fresh.run("return document.getElementById('plot-T').getAttribute('aria-label')")
    assert fresh.text("#value-T") in label
    fresh.run("document.querySelector('details').open = true")
    assert (
        fresh.later("setTimeout(() => done(document.querySelectorAll('#curve tr').length))") == 11
    )


def axe() -> str:
    """The source of axe-core: of the file in HCONSIST_AXE, or of its package."""
    if file := os.environ.get("HCONSIST_AXE"):
        return Path(file).read_text(encoding="utf-8")
    return (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


@needs_browser
@pytest.mark.parametrize(
    ("theme", "width"),
    [
        ("light", 1240),
        ("dark", 390),
        pytest.param("light", 390, marks=pytest.mark.slow),
        pytest.param("dark", 1240, marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing(fresh: Browser, theme: str, width: int) -> None:
    fresh.devtools(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=width < 600,
    )  # fmt: skip
    fresh.set("theme", theme)
    fresh.run(axe())
    for family in ("comp-sum", "binary", "ldr", "costs"):
        fresh.click(f"#family-{family}")
        if family == "costs":
            fresh.set("target", "own")
            fresh.set("costs", "0 x")
        assert fresh.run("return document.documentElement.scrollWidth <= window.innerWidth")
        found = fresh.later("axe.run().then(done)")
        assert [
            (f["id"], f["help"], [n["html"] for n in f["nodes"]]) for f in found["violations"]
        ] == []
        assert len(found["passes"]) > 15


@needs_browser
def test_the_theme_follows_the_system_until_it_is_chosen(fresh: Browser) -> None:
    def page_colour() -> str:
        return str(fresh.run("return getComputedStyle(document.body).backgroundColor"))

    for scheme, colour in (("dark", "rgb(20, 24, 29)"), ("light", "rgb(255, 255, 255)")):
        fresh.devtools(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        assert fresh.later("setTimeout(done, 50)") is None and page_colour() == colour
    fresh.set("theme", "dark")
    assert page_colour() == "rgb(20, 24, 29)"
    assert "#56B4E9" in fresh.run("return document.getElementById('plot-T').innerHTML")
    fresh.devtools("Emulation.setEmulatedMedia", features=[])


@needs_browser
def test_pictures_are_saved(fresh: Browser, tmp_path: Path) -> None:
    fresh.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    fresh.set("theme", "dark")
    shown_T = fresh.text("#value-T")
    for kind in ("svg", "png"):
        fresh.click(f"#save-{kind}")
        file = tmp_path / f"hconsist.{kind}"
        for _ in range(100):
            if file.exists() and file.stat().st_size:
                break
            time.sleep(0.05)
    root = ElementTree.fromstring((tmp_path / "hconsist.svg").read_text(encoding="utf-8"))
    words = "".join(root.itertext())
    assert shown_T in words and "Generalized cross-entropy, q = 0.7, 10 classes" in words
    assert len(root.findall(".//{*}polyline")) == 5
    assert max(len(line.text or "") for line in root.findall("{*}text")) <= 140
    pixels = plt.imread(tmp_path / "hconsist.png")
    assert pixels.shape[1] == 2480 and pixels[0, 0, :3].min() == 1  # on paper, whatever the theme
    assert pixels[..., :3].std() > 0.05
