"""A paper as a file: what it may say, what is refused and where, what the engines say of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from hconsist.cli.app import app
from hconsist.errors import InvalidInputError
from hconsist.theorems import PAPERS, catalogue, read_paper
from hconsist.theorems.citation import bibtex
from hconsist.theorems.reading import parse_paper
from hconsist.verify.gain import gain

STATEMENTS = list(catalogue().values())
HEAD = '[paper]\ntitle = "A draft"\nauthors = "A, B"\nyear = 2026\n\n'


def claim(identifier: str, loss: str, relation: str, formula: str | None, more: str = "") -> str:
    lines = ["[[claim]]", f'id = "{identifier}"', f'loss = "{loss}"', f'relation = "{relation}"']
    lines += [f'formula = "{formula}"'] if formula is not None else []
    return "\n".join([*lines, more, ""])


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*.toml")), ids=lambda p: p.stem)
def test_every_formula_of_the_catalogue_can_be_read(path: Path) -> None:
    assert read_paper(path)


def test_nobody_is_called_wrong_from_memory() -> None:
    for entry in STATEMENTS:
        assert entry.claim != "fails as printed" or entry.quoted == "read", entry.id
        assert entry.claim not in ("not tight", "false") or entry.new, entry.id
        assert entry.new == (entry.source.key in ("hconsist", "hconsist-costs")), entry.id
        if entry.claim == "fails as printed":
            assert re.search(r"\bp\. \d|Theorem \d|Corollary \d|eq\. ", entry.locator), entry.id
            assert entry.source.version, entry.id


def test_an_improvement_names_the_bound_that_it_improves() -> None:
    improvements = [entry for entry in STATEMENTS if entry.claim == "not tight"]
    assert len(improvements) >= 13
    for entry in improvements:
        name = re.search(r"an improvement of ([\w-]+)", entry.note)
        assert name and name[1] == entry.improves, entry.id
        assert catalogue()[name[1]].claim in ("valid", "tight"), entry.id
        assert gain(entry) > 1.2, entry.id


def test_one_right_and_one_wrong_claim_of_a_draft(tmp_path: Path) -> None:
    paper = tmp_path / "draft.toml"
    paper.write_text(
        HEAD
        + claim(
            "right", "gce:q={q}", "T >=", "beta**2/(2*n**q)", 'parameters = { q = ["0.5"] }\n'
            "classes = [2, 3]",
        )
        + claim("wrong", "mae", "T >=", "beta", "classes = 3")
    )  # fmt: skip
    report = tmp_path / "review.html"
    words = ["verify", str(paper), "--engine", "symbolic", "--json", "--report", str(report)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1, result.output
    found = {row["id"]: row for row in json.loads(result.stdout)}
    assert {name: row["status"] for name, row in found.items()} == {
        "draft/right": "holds",
        "draft/wrong": "violated",
    }
    assert found["draft/right"]["quoted"] == "memory"
    page = report.read_text(encoding="utf-8")
    assert page.count("<tr class=") == page.count("<svg ") == 2
    assert "draft/wrong" in page and "violated" in page
    assert "(false there)" in page.split("draft/wrong: violated")[1]
    assert "(false there)" not in page.split("draft/wrong: violated")[0]


@pytest.mark.parametrize("suffix", [".md", ".tex"])
def test_a_report_names_its_images(suffix: str, tmp_path: Path) -> None:
    paper, report = tmp_path / "draft.toml", tmp_path / f"review{suffix}"
    paper.write_text(
        HEAD
        + claim("a_b", "mae", "Gamma <=", "3*u/2", "classes = 2")
        + claim("c", "mae", "consistent", None)
    )
    words = ["verify", str(paper), "--engine", "symbolic", "--report", str(report)]
    assert CliRunner().invoke(app, words).exit_code == 1
    text = report.read_text(encoding="utf-8")
    image = "review-1" + (".svg" if suffix == ".md" else ".pdf")
    assert image in text and (tmp_path / image).stat().st_size > 1000
    assert not (tmp_path / image.replace("1", "2")).exists()
    assert "Witness at beta" in text
    if suffix == ".tex" and shutil.which("pdflatex"):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", report.name],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("relation", "formula", "status"),
    [
        ("T <=", "beta", "holds"),
        ("T <=", "beta/9", "violated"),
        ("T =", "beta/2", "holds"),
        ("T =", "beta/3", "violated"),
        ("Gamma =", "2*u", "holds"),
        ("Gamma =", "u", "violated"),
        ("Gamma <=", "2*u", "holds"),
        ("Gamma <=", "3*u/2", "violated"),
        ("Gamma <=", "2*u + 5*u**2", "undecided"),
        ("growth", "1", "holds"),
        ("consistent", None, "holds"),
        ("inconsistent", None, "violated"),
    ],
)
def test_each_relation_says_yes_and_no(relation: str, formula: str | None, status: str) -> None:
    from hconsist.verify import verify

    (entry,) = parse_paper(HEAD + claim("a", "mae", relation, formula), "draft")
    assert verify(entry, ("symbolic",)).status == status


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[paper]\ntitle = 3 4\n", None, "must be TOML"),
        ("claim = 3\n", 1, "has a table [paper]"),
        (HEAD, 1, "has tables [[claim]]"),
        (HEAD + claim("a", "mae", "T >", "b"), 9, "unknown relation"),
        (HEAD + claim("a", "mea", "T >=", "b"), 8, "unknown loss"),
        (
            HEAD + claim("a", "mae", "T >=", "__import__('os').system('x')"),
            10,
            "is made of numbers",
        ),
        (HEAD + claim("a", "mae", "T >=", "b*q"), 10, "received q"),
        (HEAD + claim("a", "mae", "T >=", None), 6, "has a formula"),
        (HEAD + claim("a", "mae", "consistent", "b"), 10, "has no formula"),
        (HEAD + claim("a", "gce:q={p}", "T >=", "b"), 8, "one of the parameters"),
        (HEAD + claim("a", "mae", "T >=", "b", "clases = 3"), 11, "did you mean 'classes'"),
        (HEAD + claim("a", "mae", "T >=", "b", "classes = 1"), 11, "n_classes"),
        (HEAD + claim("a", "mae", "T >=", "b", "classes = []"), 11, "at least one value"),
        (HEAD + 2 * claim("a", "mae", "T >=", "b"), 12, "given once"),
        (HEAD + claim("a", "mae", "T >=", "b", 'claim = "fails as printed"'), 6, "was read"),
        (HEAD + claim("a b", "mae", "T >=", "b"), 7, "letters, digits"),
        (HEAD + claim("a", "mae", "fact", None), 9, "go together"),
        (HEAD + claim("a", "mae", "T >=", "b", 'check = "divergence"'), 11, "go together"),
        (HEAD + claim("a", "mae", "fact", None, 'check = "nothing"'), 10, "unknown check"),
        (HEAD + claim("a", "mae", "fact", None, 'check = "divergence"'), 6, "takes other values"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(words)) as caught:
        parse_paper(text, "draft", "draft.toml")
    if line is not None:
        assert f"line {line}:" in str(caught.value)


def test_a_file_that_is_not_there_exits_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["verify", str(tmp_path / "none.toml")])
    assert result.exit_code == 2


def test_citations_name_the_place_and_how_well_it_is_known() -> None:
    for entry in STATEMENTS:
        text = bibtex(entry)
        assert text.count("{") == text.count("}")
        assert entry.claim in text
    result = CliRunner().invoke(app, ["cite", "tewari-bartlett-crammer-singer"])
    assert result.exit_code == 0
    assert "quoted: read" in result.stdout and "section 5.1" in result.stdout
    assert CliRunner().invoke(app, ["cite", "nothing"]).exit_code == 2
    file = Path(__file__).parent.parent / "certificates" / "comp-sum-mae-not-tight-0.json"
    words = ["cite", "comp-sum-mae-not-tight", "--certificate", str(file)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert hashlib.sha256(file.read_bytes()).hexdigest() in result.stdout


def test_a_statement_about_one_formula_is_not_about_another() -> None:
    from hconsist.pointwise import PointwiseProblem
    from hconsist.theorems import published

    quadratic = PointwiseProblem("softmax:(1-u)**2", n_classes=3)
    assert [entry.id for entry in published(quadratic)] == ["softmax-quadratic"]
    assert published(PointwiseProblem("softmax:1/u**2", n_classes=3)) == []
