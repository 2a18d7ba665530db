"""Claims handed to other provers: z3 proves the definition's own inequality, Coq a certificate as a
theorem about T.
"""

from __future__ import annotations

import copy
import json
import random
import re
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from hconsist.certificates import certify, parse_claim, statement
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.exports import compile_script, coq_script, prove_with_z3, smt_script
from hconsist.exports.coq import HYPOTHESES
from hconsist.exports.smt_products import linear_script
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


def unsatisfiable(claim: str, n: int, spec: str = "mae") -> bool:
    z3 = pytest.importorskip("z3")
    script = linear_script(stated(spec, n, claim))
    assert script is not None
    solver = z3.SolverFor("QF_LRA")
    solver.from_string(script)
    return bool(solver.check() == z3.unsat)


def test_products_as_unknowns_decide_ten_labels() -> None:
    assert unsatisfiable("T >= b/10", 10)
    assert not unsatisfiable("T >= 101*b/1000", 10)
    assert unsatisfiable("T >= b/2", 4, "softmax:3-2*u")
    for spec, claim in (("mae", "T >= b**2/10"), ("gce:q=1/2", "T >= 0")):
        assert linear_script(stated(spec, 3, claim)) is None


def test_what_products_prove_is_true() -> None:
    """Against theorem C at random claims, some false by little."""
    r = random.Random(4)
    shown = 0
    for _ in range(60):
        n = r.randrange(2, 5)
        flat = Fraction(r.randrange(0, 12), 12 * n) * Fraction(13, 12)
        rise, cut = Fraction(r.randrange(1, 13), 12), Fraction(r.randrange(1, 13), 12)
        if unsatisfiable(f"T >= max({flat}*b, {rise}*b - {cut})", n):
            shown += 1
            for b in (Fraction(k, 24) for k in range(25)):
                t = min(max(b / k, b - Fraction(1, k)) for k in range(2, n + 1))
                assert max(flat * b, rise * b - cut) <= t
    assert shown > 10


def test_what_has_no_script_is_refused() -> None:
    with pytest.raises(EngineCannotAnswerError, match="polynomial"):
        smt_script(stated("logistic", 3, "T >= b**2/2"))
    with pytest.raises(InvalidInputError, match="lower bounds"):
        smt_script(stated("mae", 3, "T <= b/3"))
    undecided = stored("comp-sum-mae-exact-0") | {"verdict": "undecided"}
    with pytest.raises(InvalidInputError, match="verdict"):
        coq_script(undecided)


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


#: One certificate of each kind, and an addition that makes its claim false.
KINDS = {
    "ldr-without-margin-4": "b / 1000 + ",  # pair lemma, n = 10
    "comp-sum-gce-exact-0": "b / 1000 + ",  # pair lemma, two labels, roots
    "comp-sum-gce-exact-2": "b / 1000 + ",  # theorem A
    "comp-sum-mae-exact-0": "b / 1000 + ",  # concave pair lemma
    "comp-sum-mae-exact-12": "b / 1000 + ",  # theorem C
    "comp-sum-gce-exact-1": "- b / 1000 + ",  # T <= claim by tangents
    "comp-sum-mae-exact-1": "- b / 1000 + ",  # the same, of an affine loss
    "comp-sum-gce-not-tight-0": "1 + ",  # T <= claim refuted, theorem A
    "comp-sum-mae-not-tight-1": "1 + ",  # T <= claim refuted, theorem C
    "typed/logistic-gamma-root": "- e / 1000 + ",  # Gamma <= claim, pair lemma
    "wide/logistic-gamma-violated": "1 + ",  # Gamma <= claim refuted, convex loss
    "wide/mae-gamma-violated": "1 + ",  # the same, affine loss
    "wide/hinge-gamma-violated": "1 + ",  # the same, margin loss
    "wide/gap-logistic": "- 1 / 10 + ",  # gap <= claim
    "wide/gap-logistic-below": "1 / 10 + ",  # gap >= claim
    "wide/gap-logistic-all": "- 1 / 10 + ",  # gap of all functions
    "wide/gap-mae": "- 1 / 10 + ",  # gap of a concave loss
    "wide/gap-hinge": "1 / 10 + ",  # gap of a margin loss
    "wide/gap-logistic-bounded": "- 1 / 10 + ",  # gap of bounded scores
    "wide/gap-weston-watkins": "- 1 / 10 + ",  # gap of a loss of all scores
    "exact/weston-watkins-violated": "- 1 + ",  # T >= claim refuted, all scores
    "wide/top-2-logistic": "b / 1000 + ",  # two predicted labels, swap
    "wide/top-2-logistic-below": "- b / 1000 + ",  # the same, tie
    "wide/top-2-logistic-violated": "- 1 + ",  # the same, convex point
    "wide/bounded-logistic-three": "b / 5 + ",  # bounded scores, swap
    "wide/bounded-logistic-three-below": "- b / 3 + ",  # the same, tie
    "wide/bounded-logistic-violated": "- 1 + ",  # the same, point
    "wide/ldr-margin-every-n": "b / 1000 + ",  # theorem D, every n
    "exact/logistic-costs-beyond-chords": "b / 10 + ",  # T >= claim with costs
    "exact/logistic-ordinal-below-violated": "1 + ",  # T <= claim refuted, costs
    "exact/logistic-ordinal-violated": "- 1 + ",  # T >= claim refuted, costs
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.slow
def test_coq_accepts_one_certificate_of_each_kind(name: str, tmp_path: Path) -> None:
    needs_coq()
    script = tmp_path / "c.v"
    script.write_text(coq_script(stored(name)))
    assert "ClassicalDedekindReals" in compile_script(script)
    hypotheses = re.findall("^Hypothesis", script.read_text(), re.MULTILINE)
    assert len(hypotheses) == (1 if stored(name)["proof"]["rule"] in HYPOTHESES else 0)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.slow
def test_coq_rejects_a_claim_that_is_a_little_stronger(name: str, tmp_path: Path) -> None:
    needs_coq()
    script = coq_script(stored(name))
    false = re.sub(r"(Definition claim( \(. : R\))? : R := )", rf"\g<1>{KINDS[name]}", script)
    assert false != script
    (tmp_path / "c.v").write_text(false)
    with pytest.raises(EngineCannotAnswerError, match="does not accept"):
        compile_script(tmp_path / "c.v")


@pytest.mark.slow
def test_coq_accepts_boxes_and_ladders(tmp_path: Path) -> None:
    needs_coq()
    found = certify(PointwiseProblem("gce:q=0.7", n_classes=3), *parse_claim("T >= b**2/10", 3))
    assert any(p["method"] != "algebra:0" for p in found["proof"]["pieces"])
    script = tmp_path / "c.v"
    script.write_text(coq_script(found))
    assert "Axioms" in compile_script(script)


#: What the theorem of a claim and verdict ends in.
ENDS = {
    ("T >=", "holds"): "-> T_at_least {} b (claim b).",
    ("T <=", "holds"): "-> T_at_most {} b (claim b).",
    ("T >=", "violated"): "/\\ ~ T_at_least {} b (claim b).",
    ("T <=", "violated"): "/\\ ~ T_at_most {} b (claim b).",
    ("Gamma <=", "holds"): "0 <= e -> Gamma_at_most {} e (claim e).",
    ("Gamma <=", "violated"): "0 <= e /\\ ~ Gamma_at_most {} e (claim e).",
    ("gap <=", "holds"): ": gap_at_most {} 3 w p {} claim.",
    ("gap >=", "holds"): ": gap_at_least {} 3 w p {} claim.",
}


#: Files without a script yet.
NOT_YET = {
    "ldr-larger-margin",
    "constrained-hinge-above", "constrained-hinge-below", "crammer-singer-above", "ldr-k-above",
    "logistic-ordinal-below", "rho-margin-bounded", "weston-watkins-above", "weston-watkins-gamma",
    "constrained-hinge-exact-0", "constrained-hinge-exact-1",
    "constrained-hinge-exact-2", "constrained-hinge-not-tight-0", "bounded-logistic",
    "pools", "pools-gamma",
}  # fmt: skip


def test_every_script_ends_in_a_theorem_about_the_loss_or_is_refused() -> None:
    refused = {}
    for path in sorted(CERTIFICATES.rglob("*.json"))[::3]:
        c = json.loads(path.read_text())
        try:
            script = coq_script(c)
        except EngineCannotAnswerError as problem:
            refused[path.stem] = str(problem)
            continue
        *_, theorem = (line for line in script.splitlines() if line.startswith("Theorem"))
        end = ENDS[c["statement"]["claim"]["kind"], c["verdict"]]
        pattern = ".*".join(re.escape(part) for part in end.split("{}"))
        assert theorem.startswith("Theorem certificate :"), path
        assert re.search(pattern.replace("3", r"\d+") + "$", theorem), theorem
        assert "_problem" in theorem or "_problem" in script
        assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Abort)\b", script)
        assert script.rstrip().endswith("Print Assumptions certificate.")
    assert set(refused) <= NOT_YET, refused
    for name in ("exact/weston-watkins-above", "exact/logistic-ordinal-below", "wide/pools"):
        with pytest.raises(EngineCannotAnswerError, match=r"proofs/ has no lemma|no enclosure"):
            coq_script(stored(name))


def test_margin_scripts() -> None:
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
                                    ("sigmoid", "bounded:1", "T >= 23*b/50"),
                                    ("squared-hinge", "complete", "T >= b**2")):  # fmt: skip
        problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=2)
        script = tmp_path / "c.v"
        made = certify(problem, *parse_claim(claim, 2))
        script.write_text(coq_script(made))
        assert "Axioms" in compile_script(script)
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
