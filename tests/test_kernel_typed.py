"""Claims about Gamma and about costs as they are typed: read, proven, kept in certificates/typed,
refused where no rule speaks of them.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy

from hconsist.certificates import certify_claim
from hconsist.certificates.entry import inverse_of, parse_gamma_claim
from hconsist.certificates.statements import loss_formula, parse_claim, tree
from hconsist.checker import check, read_statement
from hconsist.cli import main
from hconsist.errors import EngineCannotAnswerError, HconsistError, InvalidInputError
from hconsist.exports import smt_script
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

FOLDER = Path(__file__).parent.parent / "certificates" / "typed"
#: What was typed for the files kept: loss, target, classes, claim.
TYPED = {
    "logistic-gamma-root": ("logistic", "zero-one", 3, "Gamma <= sqrt(2*u)"),
    "logistic-ordinal": ("logistic", "ordinal:absolute", 3, "T >= b**2/8"),
    "logistic-abstain": ("logistic", "abstain:c=1/4", 3, "T >= b**2/2"),
}


def problem(spec: str, target: str, n: int) -> PointwiseProblem:
    return PointwiseProblem(spec, target, n_classes=n)


def test_every_file_kept_is_listed() -> None:
    assert {f.stem for f in FOLDER.glob("*.json")} == set(TYPED)


@pytest.mark.parametrize("name", TYPED)
def test_files_kept_hold_and_state_what_was_typed(name: str) -> None:
    made = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert check(made) == made["verdict"] == "holds"
    spec, target, n, text = TYPED[name]
    asked = problem(spec, target, n)
    s = made["statement"]
    assert (s["loss"]["kind"], s["loss"]["formula"]) == loss_formula(asked.surrogate)
    assert s["classes"] == n and s["hypotheses"] == {"kind": "complete"}
    costs = read_statement(s).costs
    if text.startswith("Gamma"):
        assert costs is None
        formula = tree(parse_gamma_claim(text, n), {excess_symbol(): "e"})
        assert s["claim"] == {"kind": "Gamma <=", "formula": formula}
    else:
        assert costs == asked.decision.costs.exact_rows()
        formula = tree(parse_claim(text, n)[1], {beta_symbol(): "b"})
        assert s["claim"] == {"kind": "T >=", "formula": formula}
        assert read_statement(s).largest == asked.decision.max_regret


@pytest.mark.parametrize(
    ("claim", "inverse"),
    [("sqrt(2*u)", "b**2/2"), ("3*u", "b/3"), ("u", "b"), ("2*sqrt(epsilon)", "b**2/4")],
)
def test_the_inverse_of_a_claim(claim: str, inverse: str) -> None:
    found = inverse_of(parse_gamma_claim(f"Gamma <= {claim}", 3))
    assert sympy.simplify(found - sympy.sympify(inverse, {"b": beta_symbol()})) == 0


@pytest.mark.parametrize("claim", ["0", "1/2", "1 - u", "exp(-u)"])
def test_no_increasing_inverse(claim: str) -> None:
    with pytest.raises(EngineCannotAnswerError):
        inverse_of(parse_gamma_claim(f"Gamma <= {claim}", 3))


def test_an_irrational_end() -> None:
    made = certify_claim(problem("hinge", "zero-one", 2), "Gamma <= sqrt(2)*u")
    assert check(made) == "holds"


@pytest.mark.parametrize(
    "text", ["Gamma >= u", "Gamma <= ", "Gamma <= b", "Gamma <= u*k", "Gamma < u", "gamma <= u"]
)
def test_claims_about_gamma_of_another_form(text: str) -> None:
    with pytest.raises(InvalidInputError):
        certify_claim(problem("hinge", "zero-one", 2), text)


@pytest.mark.parametrize(
    ("spec", "target", "n", "claim"),
    [
        ("hinge", "zero-one", 2, "Gamma <= 999999*u/1000000"),
        ("logistic", "cost:[[0,1],[0,1]]", 2, "T >= 0"),
        ("mae", "top-k:2", 3, "Gamma <= u"),
        ("logistic", "cost:[[0,1],[2,0]]", 2, "Gamma <= sqrt(20*u)"),
    ],
)
def test_what_has_no_proof_is_not_proven(spec: str, target: str, n: int, claim: str) -> None:
    with pytest.raises(HconsistError):
        certify_claim(problem(spec, target, n), claim, time_budget=5.0)


def test_claims_about_costs_are_refuted_and_bounded_above() -> None:
    costly = problem("logistic", "cost:[[0,1],[2,0]]", 2)
    for claim in ("T >= b", "T >= b**2/1000 + 1/1000"):
        assert certify_claim(costly, claim)["verdict"] == "violated"
    assert certify_claim(costly, "T <= 100*b")["verdict"] == "holds"


def test_scaled_costs_are_not_the_zero_one_target() -> None:
    """T(b) >= b^2/2 is true of costs up to 1, and false of the same costs doubled."""
    assert certify_claim(problem("logistic", "cost:[[0,1],[1,0]]", 2), "T >= b**2/2")["verdict"]
    doubled = problem("logistic", "cost:[[0,2],[2,0]]", 2)
    assert certify_claim(doubled, "T >= b**2/2", time_budget=5.0)["verdict"] == "violated"
    assert certify_claim(doubled, "T >= b**2/8")["verdict"] == "holds"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    return int(stopped.value.code or 0)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "c.json")
    target = ("--target", "cost:[[0,2],[1,0]]")
    assert run("certify", "logistic", *target, "--claim", "T >= 2*b**2/9", "-o", out) == 0
    assert "docs/certificate.md, Lemmas: plug-in lemma" in capsys.readouterr().out
    assert run("check", out) == 0
    assert "every b in [0, 2]" in capsys.readouterr().out
    more = ("--claim", "T >= 2*b**2/9", "-o", out, "--resume")
    assert run("certify", "logistic", *target, *more) == 2
    assert run("certify", "hinge", "--claim", "Gamma <= u", "-o", out) == 0
    assert run("check", out) == 0
    assert "Gamma(e) <= e for every e >= 0" in capsys.readouterr().out
    assert run("certify", "hinge", "--claim", "Gamma <= u/2", "-o", out) == 1
    assert "refuted at  u = " in capsys.readouterr().out
    assert run("check", out) == 1
    inputs = tmp_path / "inputs.json"
    rows = [{"weight": "1/2", "p": ["3/4", "1/4"]}, {"weight": "1/2", "p": ["1/4", "3/4"]}]
    inputs.write_text(json.dumps(rows), encoding="utf-8")
    gap = ("--inputs", str(inputs), "-o", out)
    assert run("certify", "logistic", "--claim", "gap <= 0.131", *gap) == 0
    assert run("check", out) == 0
    assert "functions  constant scores" in capsys.readouterr().out
    assert run("certify", "logistic", "--claim", "gap <= 0.13", *gap) == 3
    assert run("certify", "logistic", "--claim", "gap < 1", *gap) == 2
    assert run("certify", "logistic", "--claim", "gap <= 1", "-o", out) == 2


@pytest.mark.parametrize("name", TYPED)
def test_scripts_for_other_provers_refuse(name: str) -> None:
    made: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    with pytest.raises(HconsistError):
        smt_script(made["statement"])


def test_costs_are_exact() -> None:
    made = certify_claim(problem("logistic", "cost:[[0,0.1],[0.3,0]]", 2), "T >= 0")
    assert made["statement"]["target"]["matrix"] == [["0", "1/10"], ["3/10", "0"]]
    assert Fraction(made["statement"]["target"]["matrix"][1][0]) == Fraction(3, 10)
