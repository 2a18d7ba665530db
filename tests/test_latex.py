"""Theorems in LaTeX: prose with its mathematics set, displays that fit the line, documents that
compile.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy

from hconsist.bounds import derive
from hconsist.cli import main
from hconsist.engines.derivation import Derivation
from hconsist.engines.latex import PREAMBLE, display, theorem
from hconsist.engines.notation import typeset
from hconsist.engines.plain import plain
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import CATALOGUE
from hconsist.plots import bound_curves

#: A theorem of each kind of derivation.
SAMPLE = [
    ("logistic", 10, "complete"),
    ("gce:q=0.7", 2, "bounded:1"),
    ("mae", 100, "complete"),
    ("comp-sum:tau=2.5", 5, "complete"),
    ("margin-logistic", 2, "bounded:1"),
    ("softmax:1/u - log(u)", 4, "complete"),
    ("constrained:phi=exponential", 4, "complete"),
    ("max:phi=hinge", 3, "complete"),
    ("brier", 2, "complete"),
    ("cosface:scale=8,margin=0.35", 2, "bounded:1"),
]


def derived(spec: str, n: Any, hypotheses: str) -> Derivation:
    found = derive(spec, n, hypotheses, engine="symbolic").derivation
    assert found is not None
    return found


def compiled(bodies: list[str], folder: Path) -> str:
    """The log of pdflatex for a document of these theorems; it must not fail."""
    start = [r"\documentclass{article}", *PREAMBLE, r"\begin{document}", r"\sloppy"]
    (folder / "theorems.tex").write_text("\n\n".join([*start, *bodies, r"\end{document}"]))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "theorems.tex"]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = run.stdout.decode(errors="replace")
    assert run.returncode == 0, log[-2000:]
    return log


def overfull(log: str) -> list[float]:
    """Overfull boxes of more than five points."""
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    return [points for points in wide if points > 5]


needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")


@needs_latex
def test_a_theorem_of_each_kind_compiles_and_fits_its_lines(tmp_path: Path) -> None:
    assert overfull(compiled([derived(*case).latex() for case in SAMPLE], tmp_path)) == []


@needs_latex
def test_the_log_of_a_wide_theorem_is_noticed(tmp_path: Path) -> None:
    wide = r"\[ " + " + ".join(f"x_{{{k}}}" for k in range(60)) + r" \]"
    assert overfull(compiled([wide], tmp_path))


@needs_latex
@pytest.mark.slow
def test_every_theorem_of_the_catalogue_compiles_and_fits_its_lines(tmp_path: Path) -> None:
    bodies = []
    for entry in CATALOGUE.values():
        for n in (2, 3, sympy.Symbol("n", integer=True, positive=True)):
            for hypotheses in ("complete", "bounded:1"):
                try:
                    bodies.append(derived(entry.spec, n, hypotheses).latex())
                except (EngineCannotAnswerError, ValueError):
                    continue
    assert len(bodies) >= 80
    assert overfull(compiled(bodies, tmp_path)) == []


@needs_latex
def test_a_document_compiles_by_itself(tmp_path: Path) -> None:
    (tmp_path / "t.tex").write_text(derived("gce:q=0.7", 3, "complete").document())
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0


def words_only(latex: str) -> str:
    """What is left of LaTeX text without its formulas and environments."""
    text = re.sub(r"\\begin\{dmath\*\}.*?\\end\{dmath\*\}|\\\[.*?\\\]", " ", latex, flags=re.DOTALL)
    text = re.sub(r"\$[^$]*\$", " ", text)
    return re.sub(r"\\texttt\{[^{}]*\}|\\(begin|end)\{\w+\}", " ", text)


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case[0])
def test_no_mathematics_is_left_as_text(case: tuple[str, int, str]) -> None:
    text = words_only(derived(*case).latex())
    assert not re.search(r"[_^<>=|]|\d/\d|\b(phi|psi|beta|theta|lambda|tau|nu|mu)\b", text), text
    assert r"\epsilon" not in derived(*case).latex(), "epsilon has one shape"


READ = {
    "p_1 + p_j <= t": r"$p_{1} + p_{j} \le t$",
    "phi'' of phi'(0) < 0": r"$\varphi''$ of $\varphi'(0) < 0$",
    "||p||_a^(1-a) at 0": r"$\lVert p \rVert_{a}^{1 - a}$ at 0",
    "p = (1/2, 1/2 - beta, beta, 0, ...)": r"$p = (1/2, 1/2 - \beta, \beta, 0, \dots)$",
    "a loss linear in u": "a loss linear in $u$",
    "Theorem G: the rise h of the sum": r"Theorem G: the rise $h$ of the sum",
    "the best set has the k - 1 top labels": "the best set has the $k - 1$ top labels",
    "k-label problems, zero-one": "$k$-label problems, zero-one",
    "C* is concave in S (phi'' <= 0)": (r"$\mathcal{C}^{*}$ is concave in $S$ $(\varphi'' \le 0)$"),
    "2 sinh((a - 1) theta) at most": r"$2\, \sinh((a - 1)\, \theta)$ at most",
    "50 % of {x} & y_": r"50 \% of \{$x$\} \& y\_",
    "a": "a",
}


@pytest.mark.parametrize("prose", READ)
def test_prose_is_set_with_its_mathematics(prose: str) -> None:
    assert typeset(prose) == READ[prose]


def test_a_long_formula_has_names_for_what_it_repeats() -> None:
    text = theorem(derived("cosface:scale=8,margin=0.35", 2, "complete"))
    assert "A_{1} =" in text and "\nwith\n" in text
    plain = theorem(derived("logistic", 2, "complete"))
    assert "A_{1}" not in plain


def test_named_parts_give_the_transformation_back() -> None:
    from hconsist.engines.latex import _abbreviated

    transform = derived("cosface:scale=8,margin=0.35", 2, "bounded:1").transform
    short, named = _abbreviated(transform)
    assert named
    assert sympy.simplify(short.subs(list(reversed(named))) - transform) == 0


def test_cases_in_one_line_or_one_display_each() -> None:
    long = " + ".join(f"x_{{{k}}}" for k in range(30))
    cases = r"f = \begin{{cases}} {} & \text{{for}}\: x < 1 \\y & \text{{otherwise}} \end{{cases}}"
    assert display(cases.format("0")).startswith(r"\[ f = \begin{cases}")
    shown = display(cases.format(long), ".").splitlines()
    assert [line.endswith(r"\end{dmath*}") for line in shown] == [True, True]
    assert r"\condition{for $x < 1$,}" in shown[0] and r"\condition{otherwise.}" in shown[1]


#: A derivation of each relation, and how T, and T** where it differs, must be told.
ONE_SIDED = [
    ("constrained:phi=exponential", 3, "is at least", r"\ge", ">=", r"\Omega"),
    ("gce:q=0.7", 3, "is at most", r"\le", "=", "O"),
    ("logistic", 3, "=", "=", "=", r"\Theta"),
]


@pytest.mark.parametrize(("spec", "n", "words", "sign", "envelope", "order"), ONE_SIDED)
def test_a_bound_of_one_side_is_never_told_as_an_equality(
    spec: str,
    n: int,
    words: str,
    sign: str,
    envelope: str,
    order: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    derivation = derived(spec, n, "complete")
    assert derivation.envelope_relation == envelope
    assert derivation.gamma_relation == ("=" if envelope == "=" else "<=")
    assert rf"\mathcal{{T}}(\beta) {sign} " in derivation.latex()
    assert rf"\mathcal{{T}}(\beta) = {order}(\beta^{{2}})" in derivation.latex()
    with pytest.raises(SystemExit):
        main(["derive", spec, "-n", str(n)])
    assert f"\nT(beta) {words}\n" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["derive", spec, "-n", str(n), "--json"])
    assert json.loads(capsys.readouterr().out)["relation"] == derivation.relation


def test_a_curve_from_a_lower_bound_is_not_called_exact() -> None:
    bound = derive("constrained:phi=exponential", 3, engine="symbolic")
    (line,) = bound_curves(bound, published=False).lines
    assert "exact" not in str(line.get_label())
    told = derive("logistic", 3, engine="symbolic").derivation
    assert told is not None
    loose = replace(told, envelope_exact=False, envelope=told.envelope / 2)
    assert r"\mathcal{T}^{**}(\beta) \ge" in loose.latex()


@pytest.mark.parametrize(("spec", "n", "hypotheses"), SAMPLE[:9])
def test_steps_are_plain_text_on_a_terminal(spec: str, n: int, hypotheses: str) -> None:
    for step in derived(spec, n, hypotheses).steps:
        for formula in (step.statement, *step.conditions):
            for unicode in (True, False):
                text = plain(formula, unicode)
                assert "\\" not in text and "$" not in text and (unicode or text.isascii())
                assert all(text.count(a) == text.count(b) for a, b in ("()", "{}", "[]"))


def test_quotients_and_scripts_keep_their_meaning() -> None:
    u, t = sympy.symbols("u tau", positive=True)
    for formula in (
        (1 - u) / (1 + u), u ** (1 / (2 - t)) / 3, 1 / u**2, -(u + 1) / (2 * u), 2 / (u * t),
        sympy.sqrt(u / (1 + t)) / (3 * u), (u - 1) ** 2 / 2, sympy.exp(-u / 2) * 5 / 7,
    ):  # fmt: skip
        text = plain(sympy.latex(formula), unicode=False)
        code = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", text).replace("^", "**")
        code = re.sub(r"\be\b", "E", code)
        names = {"u": u, "tau": t, "sqrt": sympy.sqrt, "E": sympy.E}
        read = eval(code, {"__builtins__": {}}, names)  # a formula of this test
        at = {u: 0.3, t: 0.7}
        assert float(read.subs(at)) == pytest.approx(float(formula.subs(at)), rel=1e-12)


def test_derive_prints_no_latex_but_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for options, latex in (([], False), (["--latex"], True), (["--json"], True)):
        with pytest.raises(SystemExit):
            main(["derive", "mae", "-n", "4", *options])
        assert (r"\mathcal" in capsys.readouterr().out) == latex
