"""Claims handed to other provers: z3 proves the definition's own inequality, Coq a certificate as a
theorem about T.
"""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from hconsist.certificates import certify, parse_claim, statement
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.exports import compile_script, coq_script, prove_with_z3, smt_script
from hconsist.pointwise import PointwiseProblem


def stated(spec: str, n: int, claim: str, hypotheses: str = "complete") -> dict[str, Any]:
    return statement(
        PointwiseProblem(spec, hypotheses=hypotheses, n_classes=n), *parse_claim(claim, n)
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "n", "right", "wrong", "hypotheses"),
    [
        ("mae", 2, "T >= b/2", "T >= 51*b/100", "complete"),
        ("mae", 3, "T >= b/3", "T >= 34*b/100", "complete"),
        ("mae", 6, "T >= b/6", "T >= 17*b/100", "complete"),
        ("hinge", 2, "T >= b", "T >= 101*b/100", "complete"),
        ("hinge", 2, "T >= b/2", "T >= 51*b/100", "bounded:1/2"),
        ("ramp", 2, "T >= b/2", "T >= 51*b/100", "complete"),
        ("rho-margin:rho=2", 2, "T >= b/2", "T >= 51*b/100", "bounded:1"),
    ],
)
def test_z3_proves_what_is_right_and_nothing_else(
    spec: str, n: int, right: str, wrong: str, hypotheses: str
) -> None:
    pytest.importorskip("z3")
    assert prove_with_z3(stated(spec, n, right, hypotheses))
    assert not prove_with_z3(stated(spec, n, wrong, hypotheses), seconds=3)


def test_what_has_no_script_is_refused() -> None:
    with pytest.raises(EngineCannotAnswerError, match="polynomial"):
        smt_script(stated("logistic", 3, "T >= b**2/2"))
    with pytest.raises(InvalidInputError, match="lower bounds"):
        smt_script(stated("mae", 3, "T <= b/3"))
    refuted = certify(PointwiseProblem("mae", n_classes=3), *parse_claim("T >= b", 3))
    with pytest.raises(InvalidInputError, match="holds"):
        coq_script(refuted)


def test_the_command_exports(tmp_path: Path) -> None:
    from hconsist.cli import main

    arguments = [
        "certify",
        "mae",
        "-n",
        "3",
        "--claim",
        "T >= b/3",
        "-o",
        str(tmp_path / "c.json"),
        "--export",
    ]
    for name, code, text in (
        ("c.smt2", 0, "(check-sat)"),
        ("c.v", 0, "Theorem certificate"),
        ("c.txt", 2, ""),
    ):
        with pytest.raises(SystemExit) as stop:
            main([*arguments, str(tmp_path / name)])
        assert int(stop.value.code or 0) == code
        assert not text or text in (tmp_path / name).read_text()
    assert not (tmp_path / "c.txt").exists()


CERTIFICATES = Path(__file__).parent.parent / "certificates"


def stored(name: str) -> dict[str, Any]:
    return json.loads((CERTIFICATES / f"{name}.json").read_text())  # type: ignore[no-any-return]


def needs_coq() -> None:
    if shutil.which("coqc") is None or shutil.which("make") is None:
        pytest.skip("coqc or make is not installed (Debian: apt-get install coq libcoq-interval)")


@pytest.mark.parametrize(
    "name",
    [
        "ldr-without-margin-4",  # pair lemma, n = 10
        "comp-sum-gce-exact-0",  # pair lemma, two labels, roots
        "comp-sum-gce-exact-2",  # theorem A
        "comp-sum-mae-exact-0",  # concave pair lemma
        "comp-sum-mae-exact-12",  # theorem C
        "comp-sum-gce-exact-1",  # T <= claim by tangents
    ],
)
@pytest.mark.slow
def test_coq_accepts_one_certificate_of_each_kind(name: str, tmp_path: Path) -> None:
    needs_coq()
    script = tmp_path / "c.v"
    script.write_text(coq_script(stored(name)))
    said = compile_script(script)
    assert "ClassicalDedekindReals" in said and "Interval" not in said
    hypotheses = script.read_text().count("Hypothesis")
    assert hypotheses == (1 if name == "comp-sum-gce-exact-2" else 0)


@pytest.mark.slow
def test_coq_accepts_boxes_and_ladders(tmp_path: Path) -> None:
    needs_coq()
    found = certify(PointwiseProblem("gce:q=0.7", n_classes=3), *parse_claim("T >= b**2/10", 3))
    assert any(p["method"] != "algebra:0" for p in found["proof"]["pieces"])
    script = tmp_path / "c.v"
    script.write_text(coq_script(found))
    assert "Axioms" in compile_script(script)


@pytest.mark.slow
def test_coq_rejects_a_claim_that_is_a_little_larger(tmp_path: Path) -> None:
    needs_coq()
    script = coq_script(stored("ldr-without-margin-4"))
    false = script.replace(
        "Definition claim (b : R) : R := ", "Definition claim (b : R) : R := b / 1000 + "
    )
    assert false != script
    (tmp_path / "c.v").write_text(false)
    with pytest.raises(EngineCannotAnswerError, match="does not accept"):
        compile_script(tmp_path / "c.v")


def test_every_script_ends_in_a_theorem_about_t_or_is_refused() -> None:
    for path in sorted(CERTIFICATES.glob("*.json"))[::6]:
        certificate = json.loads(path.read_text())
        if certificate["verdict"] == "violated":
            with pytest.raises(InvalidInputError, match="a certificate that holds"):
                coq_script(certificate)
            continue
        script = coq_script(certificate)
        word = "T_at_least" if certificate["statement"]["claim"]["kind"] == "T >=" else "T_at_most"
        (theorem,) = [line for line in script.splitlines() if line.startswith("Theorem")]
        assert f"0 <= b <= 1 -> {word} (softmax_problem" in theorem
        assert script.count("Lemma") >= 10 and script.count("Admitted") == 0
    made = certify(PointwiseProblem("hinge", n_classes=2), *parse_claim("T >= b", 2))
    script = coq_script(made)
    assert "T_at_least (margin_problem all_scores g) b (claim b)" in script
    assert "Lemma even_least" in script and "Lemma worse_least" in script
    infinite = copy.deepcopy(made)
    infinite["proof"]["pieces"][0]["witness"] = "inf"
    with pytest.raises(EngineCannotAnswerError, match="infinite score"):
        coq_script(infinite)


@pytest.mark.slow
def test_coq_accepts_margin_certificates(tmp_path: Path) -> None:
    needs_coq()
    for spec, hypotheses, claim in (("hinge", "complete", "T >= b"),
                                    ("ramp", "bounded:2", "T >= b/2"),
                                    ("squared-hinge", "complete", "T >= b**2")):  # fmt: skip
        problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=2)
        script = tmp_path / "c.v"
        made = certify(problem, *parse_claim(claim, 2))
        script.write_text(coq_script(made))
        assert "Interval" not in compile_script(script)
    false = script.read_text().replace("Definition claim (b : R) : R := ",
                                       "Definition claim (b : R) : R := b / 1000 + ")  # fmt: skip
    script.write_text(false)
    with pytest.raises(EngineCannotAnswerError, match="does not accept"):
        compile_script(script)


def test_compile_without_coq_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineCannotAnswerError, match="apt-get install coq"):
        compile_script(tmp_path / "c.v")
