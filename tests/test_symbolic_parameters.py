"""Loss parameters and the number of labels as symbols: what is derived with a symbol agrees with
what is derived with its value.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from hconsist.arithmetic import NUMPY, evaluate, to_sympy
from hconsist.bounds import derive as bound_of
from hconsist.cli import main
from hconsist.engines.derivation import beta_symbol
from hconsist.engines.symbolic import derive, transform
from hconsist.engines.symbolic.parameters import sign_in_share
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import parse_loss
from hconsist.pointwise import PointwiseProblem

GRID = np.array([0.05, 0.3, 0.6, 0.95])


@pytest.mark.parametrize(
    ("name", "parameter", "values", "n"),
    [
        ("gce", "q", ("1/4", "1/2", "7/10", "1"), 2),
        ("gce", "q", ("1/4", "1/2", "7/10", "1"), 5),
        ("comp-sum", "tau", ("1/2", "1", "5/4", "9/5", "2", "3"), 2),
        ("comp-sum", "tau", ("1/2", "1", "5/4", "9/5", "2", "3"), 4),
        ("rho-margin", "rho", ("1/3", "2"), 2),
        ("sigmoid", "k", ("1/2", "3"), 2),
        ("ldr-zero", "c", ("1/2", "3"), 3),
        ("infonce", "temperature", ("1/10", "2"), 3),
        ("agce", "q", ("1/2", "2"), 2),
    ],
)
def test_a_symbol_agrees_with_its_values(
    name: str, parameter: str, values: tuple[str, ...], n: int
) -> None:
    general = derive(PointwiseProblem(f"{name}:{parameter}={parameter}", n_classes=n))
    assert general.conditions == (f"{parameter} > 0",)
    symbol = next(
        (s for s in general.transform.free_symbols if s.name == parameter),
        sympy.Symbol(parameter, positive=True),
    )
    for value in values:
        special = derive(PointwiseProblem(f"{name}:{parameter}={value}", n_classes=n))
        at = general.transform.subs(symbol, to_sympy(Fraction(value)))
        found = evaluate(at, {beta_symbol(): GRID}, NUMPY) + 0 * GRID
        expected = evaluate(special.transform, {beta_symbol(): GRID}, NUMPY) + 0 * GRID
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("spec", "value", "phi"),
    [
        ("focal:gamma=gamma", 1.5, lambda u: -((1 - u) ** 1.5) * np.log(np.maximum(u, 1e-300))),
        ("ldr:lam=1,c=c", 3.0, lambda u: np.log(1 + np.exp(3) * (1 / np.maximum(u, 1e-300) - 1))),
        ("aul:a=3/2,p=p", 0.5, lambda u: 2 * np.sqrt(1.5 - u)),
        ("aul:a=3/2,p=p", 2.0, lambda u: (1.5 - u) ** 2 / 2),
    ],
)
def test_two_labels_with_a_symbol_against_a_grid(
    spec: str, value: float, phi: Callable[[Any], Any]
) -> None:
    found = derive(PointwiseProblem(spec, n_classes=2)).transform
    symbol = next(s for s in found.free_symbols if s != beta_symbol() and s.name != "s")
    at = found.subs(symbol, sympy.Rational(value))
    s, b = np.linspace(0, 1, 200_001)[1:-1], GRID[:, None]
    risk = (1 + b) / 2 * phi(s) + (1 - b) / 2 * phi(1 - s)
    ends = [(1 + v * GRID) / 2 * phi(1.0) + (1 - v * GRID) / 2 * phi(0.0) for v in (1, -1)]
    least = np.minimum(risk.min(axis=1), ends[0])
    wrong = np.minimum(risk[:, s <= 0.5].min(axis=1), ends[1])
    expected = evaluate(at, {beta_symbol(): GRID}, NUMPY) + 0 * GRID
    assert expected == pytest.approx(wrong - least, abs=1e-7)


def test_a_negative_parameter_as_a_symbol() -> None:
    general = derive(PointwiseProblem("rce:A=A", n_classes=5))
    assert general.conditions == ("A < 0",)
    A = sympy.Symbol("A", negative=True)
    special = derive(PointwiseProblem("rce:A=-4", n_classes=5))
    for name in ("transform", "envelope"):
        own, other = getattr(special, name), getattr(general, name).subs(A, -4)
        found = [evaluate(f, {beta_symbol(): GRID}, NUMPY) for f in (own, other)]
        assert found[0] == pytest.approx(found[1], abs=1e-12)
    both = derive(PointwiseProblem("sce:alpha=alpha,beta=1,A=A", n_classes=2))
    assert both.conditions == ("A < 0", "alpha > 0")
    with pytest.raises(InvalidInputError, match="A must be < 0"):
        parse_loss("rce:A=4")


def test_margin_focal_is_the_focal_loss_of_two_labels() -> None:
    one, other = (
        derive(PointwiseProblem(f"{name}:gamma=gamma", n_classes=2)).transform
        for name in ("margin-focal", "focal")
    )
    assert one == other


def test_no_sign_is_found_where_a_parameter_decides() -> None:
    u, a, c = sympy.symbols("u a c", positive=True)
    log = sympy.log(u)
    for open_ in (
        u**a - u ** (2 * a) / 2, (1 - a) * (1 + u) ** a, sympy.exp(c) - 2, sympy.exp(c) - 1 - c,
        (1 - u) - a * log - 2, log + 1 - u / 2, u * log + u / 4, (2 - u) ** (a - 1) - 1,
        sympy.exp(2 * c) - 3 * sympy.exp(c) + 2, -log - (1 - u) / (2 * u),
    ):  # fmt: skip
        assert sign_in_share(open_, u) is None
    assert sign_in_share(-log - (1 - u), u) == 0 or sign_in_share(-log - (1 - u), u) == 1
    assert sign_in_share(sympy.exp(2 * c) - sympy.exp(c) + u, u) == 1
    assert sign_in_share((1 - u) ** (a - 1) * (u - 2), u, strict=True) == -1


def test_a_case_that_is_not_shown_is_named() -> None:
    with pytest.raises(EngineCannotAnswerError, match="for alpha < 1"):
        derive(PointwiseProblem("soft-truncated:alpha=alpha", n_classes=2))


def test_the_name_of_lambda() -> None:
    found = derive(PointwiseProblem("ldr:lam=lam,c=0", n_classes=7))
    assert found.conditions == ("lambda > 0",)
    lam = sympy.Symbol("lambda", positive=True)
    own = derive(PointwiseProblem("ldr:lam=3,c=0", n_classes=7)).transform
    assert sympy.simplify(found.transform.subs(lam, 3) - own) == 0


@pytest.mark.parametrize("spec", ["gce:q=x", "gce:q=Q", "sce:beta=beta", "comp-sum:tau=exit()"])
def test_only_the_parameters_own_name_is_a_symbol(spec: str) -> None:
    with pytest.raises(InvalidInputError, match="finite number"):
        parse_loss(spec)


def test_the_number_of_labels_is_free_where_t_is() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    answer = transform(PointwiseProblem("logistic", n_classes=n), Fraction(1, 3))
    assert answer == transform(PointwiseProblem("logistic", n_classes=n), Fraction(1, 3))
    same = transform(PointwiseProblem("logistic", n_classes=4), Fraction(1, 3))
    assert (answer.lower, answer.upper) == (same.lower, same.upper)
    bound = bound_of("logistic", n, engine="symbolic").bound("0.05")
    assert bound.upper == bound_of("logistic", 4, engine="symbolic").bound("0.05").upper
    with pytest.raises(InvalidInputError, match="every parameter"):
        bound_of("mae", n, engine="symbolic").bound("0.05")


def test_bounded_scores_of_every_number_of_labels() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    general = derive(PointwiseProblem("logistic", hypotheses="bounded:1", n_classes=n)).transform
    for m in (3, 8):
        own = derive(PointwiseProblem("logistic", hypotheses="bounded:1", n_classes=m)).transform
        found = evaluate(general.subs(n, m), {beta_symbol(): GRID}, NUMPY)
        expected = evaluate(own, {beta_symbol(): GRID}, NUMPY)
        assert found == pytest.approx(expected, abs=1e-12)


def test_the_conditions_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*options: str) -> str:
        with pytest.raises(SystemExit) as done:
            main(["derive", "gce:q=q", "-n", "n", *options])
        assert done.value.code in (0, None)
        return capsys.readouterr().out

    assert json.loads(said("--json"))["conditions"] == ["n a whole number >= 2", "q > 0"]
    assert "where  n a whole number >= 2, q > 0" in said()
    assert "Here $q > 0$." in said("--latex") and "Here $n" in said("--latex")
