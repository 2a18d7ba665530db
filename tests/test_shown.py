"""What is shown of a bound is on its safe side: in tables, figures and notes."""

from __future__ import annotations

import re
from fractions import Fraction

import matplotlib.pyplot as plt
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from hconsist.arithmetic.shown import digits_down, digits_up
from hconsist.bounds import derive
from hconsist.cli.app import app
from hconsist.cli.output import at_zero
from hconsist.figures.published import _gamma, _read_off, gain_over_published

FLOATS = st.floats(-1e9, 1e9, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-9)


@given(value=FLOATS, digits=st.integers(1, 9))
def test_digits_enclose_the_value(value: float, digits: int) -> None:
    exact = Fraction(value)
    low, high = Fraction(digits_down(value, digits)), Fraction(digits_up(value, digits))
    assert low <= exact <= high
    assert high - low <= abs(exact) * Fraction(10) ** (1 - digits)


@given(value=st.fractions(-1000, 1000), digits=st.integers(1, 9))
def test_digits_enclose_a_rational(value: Fraction, digits: int) -> None:
    assert Fraction(digits_down(value, digits)) <= value <= Fraction(digits_up(value, digits))


@pytest.mark.parametrize("spec", ["mae", "logistic"])
@pytest.mark.parametrize("excess", [Fraction(1, 20), Fraction(1, 30)])
def test_what_a_figure_reads_off_is_no_less_than_the_bound(spec: str, excess: Fraction) -> None:
    bound = derive(spec, n_classes=10)
    ax = gain_over_published(bound, labels=["X"])
    _read_off(ax, excess, "X", bound)
    (text,) = [t.get_text() for t in ax.texts if "at excess" in t.get_text()]
    shown = Fraction(re.split("\u2192 ", text)[1])
    answer = bound.bound(excess)
    assert answer.lower is not None
    assert shown >= answer.lower, text
    assert shown <= Fraction(11, 10) * answer.lower + Fraction(1, 10**6), text
    assert _gamma(bound, excess) >= answer.lower
    plt.close("all")


def test_the_table_of_tightness_rounds_bounds_up_and_claims_down() -> None:
    from hconsist.pointwise import PointwiseProblem
    from hconsist.tightness import tightness

    report = tightness(PointwiseProblem("gce:q=0.7", n_classes=10), ["1/3", "2/3"])
    shown = (
        CliRunner()
        .invoke(
            app, ["tightness", "gce:q=0.7", "--classes", "10", "--beta", "1/3", "--beta", "2/3"]
        )
        .stdout
    )
    strongest, lines = report.strongest, shown.splitlines()
    for i, beta in enumerate(("0.333333", "0.666667")):
        (row,) = [line.split() for line in lines if line.startswith(beta)]
        assert float(row[1]) <= strongest.values[i] and row[1] == digits_down(
            strongest.values[i], 8
        )
    start = next(k for k, line in enumerate(lines) if line.startswith("EXCESS"))
    rows = [line.split() for line in lines[start + 1 : start + 1 + len(report.improvements)]]
    assert rows
    for row, found in zip(rows, report.improvements, strict=True):
        assert float(row[1]) >= found.published and float(row[2]) >= found.exact


def test_a_note_on_what_a_bound_allows_is_rounded_down() -> None:
    bound = derive("logistic", n_classes=3, hypotheses="bounded:1/2", engine="numeric")
    note = at_zero(bound)
    (number,) = re.findall(r"target excess of about ([0-9.]+)", note)
    value = bound.bound(0).estimate
    assert value is not None and number == digits_down(value, 6)
