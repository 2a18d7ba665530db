"""The lemmas that certificates rest on, compiled by Coq, and what each theorem assumes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROOFS = Path(__file__).parent.parent / "proofs"

# The axioms of the real numbers in Coq's standard library, and classical logic.
AXIOMS = {
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
}


@pytest.fixture(scope="module")
def assumptions(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `make axioms` prints, in a copy of the folder."""
    if shutil.which("coqc") is None or shutil.which("make") is None:
        pytest.skip("coqc or make is not installed (Debian: apt-get install coq make)")
    folder = tmp_path_factory.mktemp("proofs")
    for source in [*PROOFS.glob("*.v"), PROOFS / "Makefile"]:
        shutil.copy(source, folder)
    made = subprocess.run(
        ["make", "-s", "axioms"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


@pytest.mark.slow
def test_every_theorem_rests_on_the_axioms_of_the_reals_and_no_others(assumptions: str) -> None:
    printed = set(re.findall(r"^([A-Za-z_.]+)\s*:", assumptions, re.MULTILINE)) - {"Axioms"}
    assert printed <= AXIOMS
    asked = re.findall(r"^Print Assumptions", (PROOFS / "Assumptions.v").read_text(), re.MULTILINE)
    assert assumptions.count("Axioms:") == len(asked) >= 12


def test_no_proof_is_left_out_and_every_file_is_in_the_readme() -> None:
    sources = {path.name: path.read_text() for path in PROOFS.glob("*.v")}
    for name, text in sources.items():
        left_out = r"\b(Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|Abort)\b"
        assert not re.search(left_out, text), name
        assert all(len(line) <= 100 for line in text.splitlines()), name
        assert len(text.splitlines()) <= 400, name
    readme = (PROOFS / "README.md").read_text()
    assert [name for name in sources if name not in readme] == ["Assumptions.v"]


def test_every_theorem_is_asked_what_it_assumes() -> None:
    asked = (PROOFS / "Assumptions.v").read_text()
    for path in PROOFS.glob("*.v"):
        for theorem in re.findall(r"^Theorem (\w+)", path.read_text(), re.MULTILINE):
            if path.stem not in ("Layers",) and not theorem.startswith("pooling_"):
                assert f"Print Assumptions {path.stem}.{theorem}." in asked
