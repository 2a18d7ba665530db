"""The checked-in figures are what the package draws, and plot functions draw what they drew when
they were looked at.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import pkgutil
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

import hconsist.figures
import hconsist.plots
from hconsist.bounds import derive
from hconsist.cli import main
from hconsist.distributions import Finite
from hconsist.engines import transform
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.figures import FIGURES, draw
from hconsist.figures.clouds import cloud_under_bound, near_witnesses, random_pairs
from hconsist.figures.gap import gap_curves
from hconsist.figures.published import gain_over_published
from hconsist.figures.published_costs import factor, lost_by_publication, published
from hconsist.figures.rates import (
    fit_slope,
    gamma_rates,
    noise_pairs,
    slopes_under_noise,
    worst_pairs,
)
from hconsist.figures.witnesses import pool_size, transform_with_witnesses, witness_bars
from hconsist.figures.zoo_map import compute, zoo_map
from hconsist.figures.zoo_map import table as zoo_table
from hconsist.losses import parse_loss
from hconsist.plots import bound_curves, save, tightness_curves, transform_curves
from hconsist.pointwise import PointwiseProblem
from hconsist.studies import draw as draw_study
from hconsist.tightness import tightness
from hconsist.zoo import zoo

CHECKED_IN = Path(__file__).parents[1] / "figures"


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def _drawn(svg: bytes) -> tuple[list[str], list[float]]:
    """What an SVG draws: its paths, styles and words with numbers left out, and the coordinates of
    what is drawn inside axes, as shares of their frames.

    Where the frames stand depends on how wide Matplotlib finds the words, and so on its version.
    """
    shapes: list[str] = []
    for node in ET.fromstring(svg).iter():
        tag = node.tag.rpartition("}")[2]
        if tag not in ("path", "use", "g", "text"):
            continue
        for key in ("d", "style", "transform", "x", "y"):
            shapes.append(f"{tag} {key} {NUMBER.sub('#', node.get(key, ''))}")
        shapes.append(f"{tag} {(node.text or '').strip()}")
    inside: list[float] = []
    for axes in ET.fromstring(svg).iterfind(".//{*}g[@id]"):
        frame = axes.find("./{*}g/{*}path")
        if not axes.get("id", "").startswith("axes_") or frame is None:
            continue
        for ticks in [g for g in axes if g.get("id", "").startswith("matplotlib.axis")]:
            axes.remove(ticks)  # which ticks fit depends on the words as well
        corners = _points(frame)
        (left, right), (low, high) = ((min(c), max(c)) for c in zip(*corners, strict=True))
        for clipped in axes.iterfind(".//{*}*[@clip-path]"):
            for x, y in _points(clipped):  # marks stand where the names of curves leave room
                shares = (x - left) / (right - left), (y - low) / (high - low)
                inside += [min(max(share, 0.0), 1.0) for share in shares]
    return shapes, inside


def _points(node: ET.Element) -> list[tuple[float, float]]:
    """The coordinates that a path names."""
    numbers = [float(word) for word in NUMBER.findall(node.get("d", ""))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


@pytest.mark.parametrize("name", FIGURES)
def test_checked_in_figure_is_rebuilt_byte_for_byte(name: str, tmp_path: Path) -> None:
    old = (CHECKED_IN / f"{name}.svg").read_bytes()
    save(draw(name).axes[0], tmp_path / "new.svg")
    new = (tmp_path / "new.svg").read_bytes()
    remedy = f"run hconsist figures -o figures {name} and look at it"
    if f"Matplotlib v{mpl.__version__}".encode() in old:
        assert new == old, remedy
    else:  # another version writes other bytes for the same picture
        (shapes, inside), (old_shapes, old_inside) = _drawn(new), _drawn(old)
        assert shapes == old_shapes, remedy
        assert inside == pytest.approx(old_inside, abs=6e-3), remedy  # long paths are thinned


def test_pictures_are_compared_by_what_they_draw() -> None:
    old = (CHECKED_IN / "bounds.svg").read_bytes()
    shapes, inside = _drawn(old)
    assert len(shapes) > 100 and len(inside) > 100
    assert _drawn(old.replace(b"Matplotlib v", b"Matplotlib v0.")) == (shapes, inside)
    curve = list(re.finditer(rb'd="M (\d)[^"]*"\s+clip-path', old))[-1]
    other = b"8" if curve[1] != b"8" else b"7"
    moved = old[: curve.start(1)] + other + old[curve.end(1) :]
    assert _drawn(moved)[1] != pytest.approx(inside, abs=6e-3)


def test_every_checked_in_picture_is_known() -> None:
    assert {path.stem for path in CHECKED_IN.glob("*.svg")} == {*FIGURES, "house"}


@pytest.mark.parametrize("name", FIGURES)
def test_colours_survive_colour_blindness(name: str) -> None:
    okabe_ito = {"0072b2", "d55e00", "009e73", "cc79a7", "e69f00", "56b4e9", "000000"}
    used = set()
    for node in ET.parse(CHECKED_IN / f"{name}.svg").iter():
        for part in (node.get("style") or "").split(";"):
            key, _, value = part.strip().partition(": #")
            if key in ("stroke", "fill") and value:
                used.add(value)
    greys = {colour for colour in used if colour[0:2] == colour[2:4] == colour[4:6]}
    assert used - greys <= okabe_ito


def test_command_writes_the_named_figures_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        main(["figures", "worst-cases", "-o", str(tmp_path)])
    assert done.value.code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["worst-cases.svg"]
    assert "[1/1]" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nosuch", "-o", "."], ["-o", "no/such/folder"]])
def test_command_refuses_before_drawing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as done:
        main(["figures", *arguments])
    assert done.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_published_curve_of_mae_reaches_one_at_one_over_n_and_stays() -> None:
    ax = gain_over_published(derive("mae", n_classes=10))
    published, exact = (np.asarray(line.get_data(), dtype=float) for line in ax.lines)
    assert np.interp([0.05, 0.1, 0.2], *published) == pytest.approx([0.5, 1, 1])
    assert np.interp([1 / 12, 1 / 6], *exact) == pytest.approx([1 / 3, 1 / 2], rel=1e-3)
    assert np.all(exact[1] <= published[1] + 1e-12)


def test_bars_are_the_worst_case_distribution() -> None:
    # MAE, beta = 1/2: T = 1/6 with mass 1/2 on two labels, the predicted one empty; three labels
    # tied
    ax = transform_with_witnesses(derive("mae", n_classes=4), betas=["1/2"])
    (bars,) = ax.child_axes
    assert sorted(bar.get_height() for bar in bars.patches) == pytest.approx([0, 0, 0.5, 0.5])  # type: ignore[attr-defined]
    witness = transform(PointwiseProblem("mae", n_classes=4), "1/2").witness
    assert witness is not None and pool_size(witness) == 3


def test_regimes_of_mae_change_where_pools_meet() -> None:
    # min over k of max(b/k, b - 1/k): two labels win from b = 2/3 on, three between 3/8 and 2/3
    ax = transform_with_witnesses(derive("mae", n_classes=5))
    reach = {
        str(line.get_label()): (float(np.min(line.get_xdata())), float(np.max(line.get_xdata())))  # type: ignore[type-var]
        for line in ax.lines
        if "labels tied" in str(line.get_label())
    }
    assert reach["2 labels tied"] == pytest.approx((2 / 3, 1), abs=0.006)
    assert reach["3 labels tied"] == pytest.approx((3 / 8, 2 / 3), abs=0.006)


def test_plots_refuse_bad_input() -> None:
    with pytest.raises(InvalidInputError):
        gain_over_published([])
    with pytest.raises(InvalidInputError):
        gain_over_published(derive("softmax:1/u**2", n_classes=3))
    with pytest.raises(InvalidInputError):
        transform_with_witnesses(derive("mae", n_classes=13))
    with pytest.raises(UnknownNameError):
        draw("worst-case")


def test_draws_on_the_callers_axes() -> None:
    theirs = Figure().add_subplot()
    assert gain_over_published(derive("mae", n_classes=3), theirs) is theirs


@pytest.mark.parametrize(("spec", "n"), [("logistic", 3), ("mae", 5), ("gce:q=0.5", 4)])
def test_no_experiment_lies_above_the_bound_and_some_touch_it(spec: str, n: int) -> None:
    bound = derive(spec, n_classes=n)
    pairs = np.vstack([random_pairs(bound.problem, 500, 3), near_witnesses(bound.problem, 500, 3)])
    grid = np.linspace(0, 1, 2001)
    least = np.interp(pairs[:, 1], grid, bound.envelope_curve(grid))
    assert np.all(pairs[:, 0] >= least - 1e-6)
    wrong = pairs[:, 1] > 0.2
    assert np.count_nonzero(wrong) > 100
    assert np.min(pairs[wrong, 0] / least[wrong]) < 1.05


def test_gap_of_the_mean_absolute_error_is_the_share_that_differs() -> None:
    ax = gap_curves({"a": Finite(["9/10", "1/10"], [[1, 0], [0, 1]])}, taus=[1, 2])
    (line,) = ax.lines
    entropy = -0.9 * np.log(0.9) - 0.1 * np.log(0.1)
    assert np.asarray(line.get_ydata(), dtype=float) == pytest.approx([entropy, 0.1])


def test_map_of_the_zoo_places_the_constants() -> None:
    ax = zoo_map(list(zoo(10, ["mae", "logistic", "hinge"])))
    names = [text.get_text() for text in ax.get_yticklabels()]
    found = {
        names[round(y)]: x
        for line in ax.lines
        for x, y in zip(*map(np.atleast_1d, line.get_data()), strict=True)
    }
    assert found == pytest.approx({"hinge": 1, "mae": 10, "logistic": np.sqrt(2)}, rel=1e-3)
    with pytest.raises(InvalidInputError):
        zoo_map(list(zoo(3, ["crammer-singer"])))


@pytest.mark.parametrize(("spec", "growth"), [("logistic", 2), ("mae", 1)])
def test_fitted_slopes_meet_the_predicted_ones(spec: str, growth: int) -> None:
    for exponent in (0.25, 0.5):
        slope = fit_slope(*worst_pairs(parse_loss(spec), exponent))
        assert abs(slope.value - 1 / (growth - exponent * (growth - 1))) < 0.002 + slope.error
        assert slope.error < 0.002


def test_worst_pairs_are_the_moments_of_the_margin() -> None:
    # at exponent 1/2 P(m <= t) = t, so E[m 1(m <= t)] = t^2 / 2, and t^3 / 6 for T(m) ~ m^2 / 2;
    # thresholds 5e-4 to 0.3
    surrogate, target = (pairs.mean(axis=0) for pairs in worst_pairs(parse_loss("logistic"), 0.5))
    t = np.geomspace(5e-4, 0.3, 10)
    assert target[3:] == pytest.approx(t[3:] ** 2 / 2, rel=0.03)
    assert surrogate[3:] == pytest.approx(t[3:] ** 3 / 6, rel=0.04)


def test_interval_is_that_of_the_repetitions() -> None:
    x = np.array([[0.1, 0.2, 0.4]] * 4)
    powers = np.array([0.4, 0.5, 0.5, 0.6])
    found = fit_slope(x, x ** powers[:, None])
    assert found.value == pytest.approx(0.5)
    assert found.error == pytest.approx(
        3.18245 * powers.std(ddof=1) / 2, abs=1e-5
    )  # Student's t, 3 degrees of freedom


def test_slopes_of_the_bounds_are_in_the_legend() -> None:
    ax = gamma_rates(
        [derive("mae", n_classes=10), derive("logistic", n_classes=3)], labels=["a", "b"]
    )
    assert [line.get_label() for line in ax.lines] == ["a: 1.000", "b: 0.500"]
    with pytest.raises(InvalidInputError):
        gamma_rates([])


@pytest.mark.parametrize(
    "spec", ["mae", "gce:q=0.7", "ramp", "constrained:phi=exponential", "quadratic-surrogate"]
)
def test_table_of_the_zoo_holds_what_the_engines_find(spec: str) -> None:
    (stored,) = (row for row in zoo_table() if row.loss == spec)
    (found,) = zoo(10, [spec])
    assert (stored.n_classes, stored.growth, stored.proven) == (
        found.n_classes,
        found.growth,
        found.proven,
    )
    assert stored.constant == pytest.approx(found.constant, rel=6e-4)


@pytest.mark.slow
def test_table_of_the_zoo_is_complete() -> None:
    stored, found = (
        [(r.loss, r.n_classes, r.growth, r.proven) for r in rows]
        for rows in (zoo_table(), compute())
    )
    assert stored == found, (
        "run python -m hconsist.figures.zoo_map, then hconsist figures zoo-map -o figures"
    )


def test_every_plot_function_has_its_image() -> None:
    names = [
        "hconsist.studies.drawing",
        *(
            f"{package.__name__}.{info.name}"
            for package in (hconsist.plots, hconsist.figures)
            for info in pkgutil.iter_modules(package.__path__)
        ),
    ]
    found = set()
    for module in map(importlib.import_module, names):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            ax = inspect.signature(function).parameters.get("ax")
            if (
                function.__module__ == module.__name__
                and not name.startswith("_")
                and ax is not None
                and ax.default is None
            ):
                found.add(name)
                assert inspect.signature(function).return_annotation == "Axes"
    assert found == {
        name.removeprefix("test_image_of_")
        for name in globals()
        if name.startswith("test_image_of_")
    }


def test_factors_of_other_targets_are_those_of_the_derivations() -> None:
    """Three points of the data beside the module, and no exact factor above the published one."""
    data = json.loads(
        files("hconsist.figures").joinpath("published_costs.json").read_text(encoding="utf-8")
    )
    chow = dict(map(tuple, data["abstention"]["forecast (Chow)"]))
    assert factor("logistic", "abstain:c=0.2", 3) == pytest.approx(chow[0.2], rel=1e-5)
    assert chow[0.2] == pytest.approx(np.sqrt(2 * 0.2 * 0.8), rel=3e-3)
    weights = dict(map(tuple, data["imbalance"]["logit adjustment"]))
    assert factor("logistic", "weights:10,10/9", 2) == pytest.approx(weights[0.1], rel=1e-5)
    for panel, curves in data.items():
        for name, points in curves.items():
            for x, y in points:
                assert y <= float(published(panel, x)) * 1.001, (panel, name)


# --- image regression: pytest --mpl-generate-path=tests/baseline tests/test_project_figures.py
# draws them anew -------

LOOKED_AT = {
    "baseline_dir": "baseline",
    "savefig_kwargs": {"dpi": 50},
    "remove_text": True,
    "tolerance": 3,
}


def looked_at(test: Callable[[], Figure]) -> Callable[[], Figure]:
    """Compare with the image that was looked at, without words and with the axes in Matplotlib's
    default place: how words are drawn, and how much room they take, depends on its version.
    """

    @functools.wraps(test)
    def placed() -> Figure:
        figure = test()
        figure.set_layout_engine("none")
        for words in figure.findobj(Text):
            words.set_text("")
        for legend in figure.findobj(Legend):
            legend.set_visible(False)
        return figure

    compared: Callable[[], Figure] = pytest.mark.mpl_image_compare(**LOOKED_AT)(placed)
    return compared


@looked_at
def test_image_of_gain_over_published() -> Figure:
    figure = Figure()
    gain_over_published(
        [derive(spec, n_classes=10) for spec in ("mae", "gce:q=0.5")], figure.add_subplot()
    )
    return figure


@looked_at
def test_image_of_lost_by_publication() -> Figure:
    figure = Figure()
    lost_by_publication("abstention", figure.add_subplot())
    return figure


@looked_at
def test_image_of_transform_with_witnesses() -> Figure:
    figure = Figure()
    transform_with_witnesses(derive("mae", n_classes=5), figure.add_subplot())
    return figure


@looked_at
def test_image_of_witness_bars() -> Figure:
    figure = Figure(figsize=(3, 2))
    witness = transform(PointwiseProblem("mae", n_classes=5), "2/5").witness
    assert witness is not None
    witness_bars(witness, figure.add_subplot())
    return figure


@looked_at
def test_image_of_cloud_under_bound() -> Figure:
    figure = Figure()
    cloud_under_bound(derive("mae", n_classes=3), figure.add_subplot(), size=60)
    return figure


@looked_at
def test_image_of_gap_curves() -> Figure:
    figure = Figure()
    gap_curves(
        {"a": Finite(["9/10", "1/10"], [[1, 0], [0, 1]])},
        figure.add_subplot(),
        taus=["0", "0.5", "1", "1.5", "2"],
    )
    return figure


@looked_at
def test_image_of_zoo_map() -> Figure:
    figure = Figure()
    chosen = [
        row
        for row in zoo_table()
        if row.loss in ("mae", "logistic", "hinge", "gce:q=0.5", "aul:a=1.5,p=0.9", "ael:a=2.5")
    ]
    zoo_map(chosen, figure.add_subplot())
    return figure


@looked_at
def test_image_of_gamma_rates() -> Figure:
    figure = Figure()
    gamma_rates(
        [derive("mae", n_classes=10), derive("logistic", n_classes=10)], figure.add_subplot()
    )
    return figure


@looked_at
def test_image_of_noise_pairs() -> Figure:
    figure = Figure()
    noise_pairs(parse_loss("logistic"), figure.add_subplot(), exponents=[0.25, 0.5])
    return figure


@looked_at
def test_image_of_slopes_under_noise() -> Figure:
    figure = Figure()
    losses = [
        (spec, parse_loss(spec), growth) for spec, growth in (("logistic", 2.0), ("mae", 1.0))
    ]
    slopes_under_noise(losses, figure.add_subplot(), exponents=[0.25, 0.5])
    return figure


@looked_at
def test_image_of_bound_curves() -> Figure:
    figure = Figure()
    bound_curves(
        [derive(spec, n_classes=10) for spec in ("mae", "gce:q=0.5")], figure.add_subplot()
    )
    return figure


@looked_at
def test_image_of_transform_curves() -> Figure:
    figure = Figure()
    transform_curves(
        [derive(spec, n_classes=10) for spec in ("mae", "gce:q=0.5")], figure.add_subplot()
    )
    return figure


@looked_at
def test_image_of_tightness_curves() -> Figure:
    figure = Figure(figsize=(8, 4), layout="constrained")
    tightness_curves(
        tightness(PointwiseProblem("mae", n_classes=4), ["1/4", "1/2", "3/4"]), figure.add_subplot()
    )
    return figure


@looked_at
def test_image_of_draw() -> Figure:
    figure = Figure()
    rows = [
        {
            "method": method,
            "tuning": tuning,
            "radius": radius,
            "robust_error": 0.1 + factor * radius + 0.01 * seed,
        }
        for method, tuning, factor in (
            ("plain logistic", "tuned", 0.4),
            ("plain logistic", "fixed", 0.6),
            ("smooth", "tuned", 0.3),
        )
        for radius in (0.0, 0.2, 0.4)
        for seed in range(3)
    ]
    draw_study("adversarial", rows, figure.add_subplot())
    return figure
