"""Figures: the data behind the ink, looks that survive greyscale, files that are the same bytes
each time.
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from hconsist.bounds import Bound, derive
from hconsist.errors import InvalidInputError
from hconsist.plots import STYLE, bound_curves, figure_of, save, transform_curves
from hconsist.plots.labels import legend_name


@cache
def numeric(spec: str, n: int) -> Bound:
    return derive(spec, n_classes=n, engine="numeric")


@pytest.fixture(scope="module")
def ax() -> Axes:
    """MAE and GCE at 10 and 100 classes."""
    return bound_curves(
        [numeric(spec, n) for spec in ("mae", "gce:q=0.7") for n in (10, 100)],
        labels=["mae"] * 2 + ["gce"] * 2,
    )


def line(ax: Axes, start: str) -> tuple[np.ndarray, np.ndarray]:
    (found,) = (line for line in ax.lines if str(line.get_label()).startswith(start))
    return np.asarray(found.get_xdata(), dtype=float), np.asarray(found.get_ydata(), dtype=float)


def test_published_mae_curve_is_n_times_the_excess(ax: Axes) -> None:
    excess, target = line(ax, "mae, n = 100: published")
    assert target == pytest.approx(100 * excess)


def test_our_mae_curve_passes_through_the_exact_points(ax: Axes) -> None:
    # T(1/k) = 1/(k(k+1)) for k <= n-1 lie on the convex envelope, so Gamma(1/(k(k+1))) = 1/k
    excess, target = line(ax, "mae, n = 100: numerical estimate")
    for k in range(1, 6):
        assert np.interp(1 / (k * (k + 1)), excess, target) == pytest.approx(1 / k, rel=5e-3)


def test_published_bounds_are_never_below_ours(ax: Axes) -> None:
    for name in ("mae, n = 10", "mae, n = 100", "gce, n = 10", "gce, n = 100"):
        published, ours = line(ax, f"{name}: published"), line(ax, f"{name}: numerical")
        assert np.all(published[0] <= ours[0] + 1e-9)  # at the same target excess


def test_a_published_bound_that_is_ours_is_one_curve() -> None:
    (only,) = bound_curves(numeric("logistic", 3)).lines
    assert only.get_label() == r"comp-sum ($\tau = 1$): numerical estimate, as published"


def test_looks_differ_without_colour(ax: Axes) -> None:
    looks = {
        (
            str(line.get_marker()),
            line.get_linestyle(),
            bool(to_rgb(line.get_markerfacecolor()) == (1.0, 1.0, 1.0)),
        )
        for line in ax.lines
    }
    assert len(looks) == len(ax.lines) == 8


def test_nothing_is_clipped_and_labels_are_free(ax: Axes) -> None:
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    legend = ax.get_legend()
    assert legend is not None
    for artist in (ax.title, ax.xaxis.label, ax.yaxis.label, legend, *ax.texts):
        box = artist.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    boxes = [t.get_window_extent() for t in (*ax.texts, legend)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert [t.get_text() for t in ax.texts] == [
        "mae, n = 10",
        "mae, n = 100",
        "gce, n = 10",
        "gce, n = 100",
    ]


def test_a_crowded_legend_moves_out_of_the_way() -> None:
    ax = bound_curves(
        [numeric(spec, n) for spec in ("mae", "gce:q=0.7") for n in (10, 100)], log=True
    )
    legend = ax.get_legend()
    assert legend is not None
    box = legend.get_window_extent()
    for drawn in ax.lines:
        points = ax.transData.transform(
            np.column_stack([np.asarray(v, dtype=float) for v in drawn.get_data()])
        )
        assert not np.any((points > box.min).all(axis=1) & (points < box.max).all(axis=1))


def test_transform_curves_show_the_envelope_only_where_it_differs() -> None:
    labels = [
        str(line.get_label())
        for line in transform_curves([numeric("mae", 4), numeric("logistic", 4)]).lines
    ]
    assert r"comp-sum ($\tau = 2$): convex envelope" in labels
    assert r"comp-sum ($\tau = 1$): convex envelope" not in labels


def test_a_certified_curve_lies_on_the_safe_side() -> None:
    certified, exact = (
        derive("mae", n_classes=3, engine="rigorous"),
        derive("mae", n_classes=3, engine="symbolic"),
    )
    ax = bound_curves([certified, exact], labels=["a", "b"], published=False)
    safe, truth = line(ax, "a: certified"), line(ax, "b: exact")
    assert np.all(
        safe[0] <= truth[0] + 1e-12
    )  # the same target excess from a smaller surrogate excess
    assert np.max(truth[0] - safe[0]) < 0.03


@pytest.mark.parametrize("suffix", ["svg", "pdf", "png"])
def test_files_are_the_same_bytes_each_time(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        save(bound_curves(numeric("mae", 10)), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_svg_keeps_its_text(tmp_path: Path) -> None:
    save(bound_curves(numeric("mae", 10)), tmp_path / "a.svg")
    texts = [
        "".join(node.itertext())
        for node in ET.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")
    ]
    assert "excess zero-one error + gap, at most" in texts


def test_draws_on_the_callers_axes() -> None:
    theirs = Figure().add_subplot()
    assert bound_curves(numeric("mae", 3), theirs) is theirs
    assert numeric("mae", 3).plot(ax=theirs) is theirs


def test_pyplot_is_not_imported() -> None:
    code = (
        "import sys, hconsist as hc\n"
        "hc.derive('mae', n_classes=3, engine='numeric').plot()\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )


@pytest.mark.parametrize("bounds", [[], [derive("mae", engine="numeric")]])
def test_bad_input(bounds: list[Bound]) -> None:
    with pytest.raises(InvalidInputError):
        bound_curves(bounds, labels=["one", "too many"])


def test_style_sheet_is_readable_and_shipped() -> None:
    import matplotlib as mpl

    assert len(mpl.rc_params_from_file(STYLE, use_default_template=False)["axes.prop_cycle"]) == 7


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("gce:q=0.7", "gce ($q = 0.7$)"),
        ("ldr:lam=1,c=1/2", r"ldr ($\lambda = 1$, $c = 1/2$)"),
        ("constrained:phi=hinge", r"constrained ($\varphi$ = hinge)"),
        ("softmax:-log(u)", r"$- \log{\left(u \right)}$"),
        ("margin:Max(0, 1 - v)", r"$\max\left(0, 1 - v\right)$"),
        ("softmax:Piecewise((1-u, u < 1/2), (1/2, True))", None),
    ],
)
def test_legends_name_losses_in_mathematics(spec: str, name: str | None) -> None:
    assert legend_name(spec) == (name or spec.partition(":")[2])


def test_a_figure_for_a_column_of_a_paper_has_small_letters_and_no_title() -> None:
    wide = bound_curves(numeric("mae", 3))
    column = bound_curves(numeric("mae", 3), title=False, width=3.3)
    assert figure_of(column).get_figwidth() == pytest.approx(3.3) and not column.get_title(
        loc="left"
    )
    assert wide.get_title(loc="left") and figure_of(wide).get_figwidth() > 5
    assert column.xaxis.label.get_fontsize() < wide.xaxis.label.get_fontsize()
    with pytest.raises(InvalidInputError, match="inches"):
        bound_curves(numeric("mae", 3), width=0)


def test_a_target_is_named_in_words_and_its_published_bound_drawn() -> None:
    bound = derive("weighted", 3, target="abstain:c=0.3")
    axes = bound_curves(bound)
    assert axes.get_ylabel() == "excess cost + gap, at most"
    title = axes.get_title(loc="left") or axes.get_title()
    assert title.startswith("Upper bound on the excess cost, abstention ($c = 0.3$)\n3 classes")
    assert any("published" in str(line.get_label()) for line in axes.get_lines())
