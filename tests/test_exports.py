"""Claims handed to other provers: z3 proves the definition's own inequality, Coq the boxes of a
certificate.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hconsist.certificates import certify, parse_claim, statement
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.exports import coq_script, prove_with_z3, smt_script
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
        ("c.v", 0, "From Interval"),
        ("c.txt", 2, ""),
    ):
        with pytest.raises(SystemExit) as stop:
            main([*arguments, str(tmp_path / name)])
        assert int(stop.value.code or 0) == code
        assert not text or text in (tmp_path / name).read_text()
    assert not (tmp_path / "c.txt").exists()


def test_coq_accepts_the_boxes(tmp_path: Path) -> None:
    found = certify(PointwiseProblem("logistic", n_classes=3), *parse_claim("T >= b**2/2", 3))
    script = coq_script(found)
    boxes = [p for p in found["proof"]["pieces"] if p["method"] != "algebra"]
    assert script.count("Lemma") == len(boxes) > 0
    if shutil.which("coqc") is None:
        pytest.skip("coqc is not installed")
    (tmp_path / "boxes.v").write_text(script)
    done = subprocess.run(
        ["coqc", "boxes.v"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    if "Interval" in done.stderr and "Cannot find" in done.stderr:
        pytest.skip("coq-interval is not installed")
    assert done.returncode == 0, done.stderr
