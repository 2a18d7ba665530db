"""The zoo: numbers against closed forms computed here, and its formats."""

from __future__ import annotations

import csv
import io
import json
import math
from fractions import Fraction

import pytest
import sympy
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from hconsist.bounds import derive
from hconsist.cli.app import app
from hconsist.losses import CATALOGUE
from hconsist.zoo import HEADER, as_dicts, as_text, digits_up, zoo

ROWS = {
    row.loss: row
    for row in zoo(
        10, ["logistic", "sum-exp", "gce:q=0.5", "mae", "crammer-singer", "hinge", "sce"]
    )
}


def test_constants_and_tightness_are_those_of_the_closed_forms() -> None:
    logistic, gce, mae = ROWS["logistic"], ROWS["gce:q=0.5"], ROWS["mae"]
    assert (logistic.growth, mae.growth) == (2, 1)
    assert logistic.constant == pytest.approx(math.sqrt(2), rel=1e-3)  # T ~ beta^2 / 2
    assert mae.constant == pytest.approx(10, rel=1e-9)  # T = beta / 10 near 0
    # T = sqrt(2) (sqrt(1 + beta^2) - 1): beta / sqrt(T) is largest at beta = 1
    assert gce.constant == pytest.approx(1 / math.sqrt(math.sqrt(2) * (math.sqrt(2) - 1)), rel=1e-9)
    assert logistic.published == "tight"
    assert gce.published == f"loose by {math.sqrt(5):.3g}"
    assert mae.published == "loose by 5"


def test_verdicts_and_marks() -> None:
    assert (ROWS["mae"].consistent, ROWS["mae"].top_2) == ("yes", "no")
    assert ROWS["crammer-singer"].consistent == "no" and ROWS["crammer-singer"].growth is None
    assert ROWS["hinge"].n_classes == 2 and ROWS["hinge"].top_2 == "-"
    assert ROWS["sce"].cells()[4].startswith("~") and not ROWS["mae"].cells()[4].startswith("~")


def test_growth_is_read_close_to_zero() -> None:
    assert ROWS["sce"].growth == 2  # 0.1 CE + RCE: the linear part wins from beta of order 0.1 on


@pytest.mark.parametrize("style", ["markdown", "csv", "latex"])
def test_formats_hold_every_cell(style: str) -> None:
    rows = list(ROWS.values())
    text = as_text(rows, style)
    if style == "csv":
        assert [tuple(line) for line in csv.reader(io.StringIO(text))] == [
            HEADER,
            *(r.cells() for r in rows),
        ]
    else:
        assert text.count("\n") == len(rows) + (1 if style == "markdown" else 5)
        assert all(r.published in text for r in rows)


def test_command_reads_every_name_and_prints_json() -> None:
    result = CliRunner().invoke(app, ["zoo", "mae", "hinge", "--json"])
    assert result.exit_code == 0
    assert [(row["loss"], row["n_classes"]) for row in json.loads(result.stdout)] == [
        ("mae", 10),
        ("hinge", 2),
    ]


def test_catalogue_entries_write_their_defaults() -> None:
    assert CATALOGUE["gce"].spec == "gce:q=0.7"
    assert CATALOGUE["mae"].spec == "mae"


@pytest.mark.parametrize("spec", ["logistic", "sum-exp", "gce:q=0.5", "mae", "hinge"])
def test_a_proven_constant_is_never_shown_below_its_value(spec: str) -> None:
    row = ROWS[spec]
    assert row.proven and row.constant is not None
    formula = derive(spec, row.n_classes).gamma_upper
    assert formula is not None
    exact = formula.subs(dict.fromkeys(formula.free_symbols, 1))
    for shown in (row.cells()[5], json.dumps(as_dicts([row])[0]["constant"])):
        above = sympy.Rational(Fraction(shown)) - exact
        assert above >= 0 and above < 1e-3 * exact


def test_a_constant_from_a_grid_is_an_estimate() -> None:
    row = ROWS["sce"]
    assert not row.proven and row.cells()[5] == f"~{row.constant:.4g}"


@settings(max_examples=200, deadline=None)
@given(st.floats(1e-6, 1e6), st.integers(2, 8))
def test_digits_round_up(value: float, digits: int) -> None:
    shown = Fraction(digits_up(value, digits))
    assert Fraction(value) <= shown <= Fraction(value) * (1 + Fraction(10) ** (1 - digits))
