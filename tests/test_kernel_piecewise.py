"""Piecewise-linear losses of all scores: exact certificates hold, forgeries are refused."""

from __future__ import annotations

import copy
import functools
import itertools
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forger.build import sealed

import hconsist as hc
from hconsist.certificates import certify_claim
from hconsist.checker import Rejected, check, examine
from hconsist.checker.cells import Cell, dot, simplex
from hconsist.cli.check import _check_spec
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.exports import coq_script, smt_script
from hconsist.losses import parse_loss
from hconsist.losses.piecewise import NotPiecewiseLinearError, piecewise_formulas
from hconsist.pointwise import PointwiseProblem

#: T of Weston-Watkins for three labels, 0 up to 1/6; of the constrained hinge, theorem F.
CONSTRAINED = "3*Min(Max(b/2, b - 1/2), Max(b/3, b - 1/3))"
#: Loss, hypotheses, classes, claim, verdict.
CLAIMS = {
    "ww above": ("weston-watkins", "complete", 3, "T >= Max(0, 6*b/5 - 1/5)", "holds"),
    "ww above, too steep": ("weston-watkins", "complete", 3, "T >= b/2", "violated"),
    "ww below": ("weston-watkins", "complete", 3, "T <= b", "holds"),
    "ww below, too low": ("weston-watkins", "complete", 3, "T <= b/2", "violated"),
    "ww gamma": ("weston-watkins", "complete", 3, "Gamma <= (1 + 5*u)/6", "holds"),
    "constrained above": ("constrained:phi=hinge", "complete", 3, f"T >= {CONSTRAINED}", "holds"),
    "constrained below": ("constrained:phi=hinge", "complete", 3, f"T <= {CONSTRAINED}", "holds"),
    "constrained, bounded": ("constrained:phi=hinge", "bounded:1", 3, "T >= b/2", "holds"),
    "ldr-k": ("ldr-k:k=2", "complete", 3, "T >= Max(0, (6*b - 1)/4)", "holds"),
    "sum of hinges, bounded": ("sum:phi=hinge", "bounded:1/2", 3, "T >= Max(0, b - 1/3)", "holds"),
    "a curved claim": ("crammer-singer", "complete", 3, "T >= 4*(b - 1/2)*b*(1 - b)/9", "holds"),
}  # fmt: skip


@functools.cache
def made(name: str) -> dict[str, Any]:
    loss, hypotheses, n, claim, _ = CLAIMS[name]
    problem = PointwiseProblem(loss, hypotheses=hypotheses, n_classes=n)
    return certify_claim(problem, claim)


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_are_settled_from_the_definitions(name: str) -> None:
    c = made(name)
    assert check(c) == c["verdict"] == CLAIMS[name][-1]
    assert c["lemmas"] == []
    words = "\n".join(examine(c).statement.words())
    assert "g_1 = " in words
    assert f"every {'e >= 0' if 'Gamma' in CLAIMS[name][3] else 'b in [0, 1]'}" in words


@pytest.mark.parametrize(
    ("loss", "n", "hypotheses"),
    [
        ("weston-watkins", 3, "complete"), ("weston-watkins", 4, "bounded:1"),
        ("crammer-singer", 3, "complete"), ("constrained:phi=hinge", 4, "complete"),
        ("constrained:phi=hinge", 3, "bounded:1/2"), ("ldr-k:k=2", 3, "complete"),
        ("ldr-zero:c=2", 3, "bounded:1"), ("hinge", 2, "bounded:1/3"),
        ("max:phi=ramp", 2, "complete"),
    ],
)  # fmt: skip
def test_t_is_exact_and_agrees_with_the_numeric_engine(loss: str, n: int, hypotheses: str) -> None:
    from hconsist.engines.rigorous.methods.piecewise import transform_of

    problem = PointwiseProblem(loss, hypotheses=hypotheses, n_classes=n)
    found = transform_of(problem)
    assert not isinstance(found, str)
    for beta in ("1/10", "3/10", "7/10"):
        value = found.at(Fraction(beta))
        numeric = hc.transform(problem, beta=beta, engine="numeric")
        if value.upper is None:
            assert numeric.estimate is None or not np.isfinite(numeric.estimate)
            continue
        assert value.lower == value.upper
        assert numeric.estimate == pytest.approx(float(value.upper), abs=1e-7)
        p, scores = np.array(value.p, dtype=float), np.array(value.scores, dtype=float)
        assert problem.target_regret(p, [value.predicted]) >= float(Fraction(beta)) - 1e-12
        assert scores[value.predicted] == scores.max()


@pytest.mark.parametrize("name", ["weston-watkins", "constrained:phi=hinge"])
def test_t_is_at_most_every_regret(name: str) -> None:
    """Random scores and distributions; the least risk on a lattice, which is above the infimum."""
    problem = PointwiseProblem(name, hypotheses="bounded:1", n_classes=3)
    answer = hc.transform(problem, beta="1/4", engine="rigorous")
    assert answer.lower is not None
    r = np.random.default_rng(3)
    lattice = np.array(list(itertools.product(np.linspace(-1, 1, 9), repeat=3)))
    if name.startswith("constrained"):
        lattice = lattice[np.abs(lattice.sum(1)) < 1e-12]
    losses = np.array([problem.conditional_risk(lattice, np.eye(3)[y]) for y in range(3)])
    for _ in range(400):
        p = r.dirichlet([0.8] * 3)
        risks = p @ losses
        for k in range(3):
            wrong = lattice[:, k] >= lattice.max(1)
            if p.max() - p[k] >= 0.25:
                assert risks[wrong].min() - risks.min() >= float(answer.lower) - 1e-9


def test_cells_have_the_vertices_of_their_definition() -> None:
    import flint

    r = np.random.default_rng(4)
    for _ in range(40):
        n = int(r.integers(2, 5))
        cell = simplex(n)
        for _ in range(int(r.integers(1, 5))):
            cell = cell.part([Fraction(int(v)) for v in r.integers(-3, 4, n)])
        expected = set()
        for chosen in itertools.combinations(cell.walls, n - 1):
            rows = [*chosen, (Fraction(1),) * n]
            entries = [flint.fmpq(v.numerator, v.denominator) for row in rows for v in row]
            matrix = flint.fmpq_mat(n, n, entries)
            if matrix.det() != 0:
                x = matrix.solve(flint.fmpq_mat(n, 1, [0] * (n - 1) + [1]))
                p = tuple(Fraction(int(x[i, 0].p), int(x[i, 0].q)) for i in range(n))
                if all(dot(w, p) >= 0 for w in cell.walls):
                    expected.add(p)
        assert set(cell.points) == expected
        for p, tight in cell.tight.items():
            assert tight == sum(1 << k for k, w in enumerate(cell.walls) if dot(w, p) == 0)


@pytest.mark.parametrize(
    "spec", ["logistic", "sum:phi=exponential", "quadratic-surrogate", "z-loss"]
)
def test_other_losses_are_not_piecewise_linear(spec: str) -> None:
    with pytest.raises(NotPiecewiseLinearError):
        piecewise_formulas(parse_loss(spec), 3)


def test_the_name_must_be_that_of_the_formula() -> None:
    good = copy.deepcopy(made("ww above")["statement"])
    _check_spec(good, Path("x.json"))
    good["loss"]["spec"] = "crammer-singer"
    with pytest.raises(InvalidInputError):
        _check_spec(good, Path("x.json"))


FILES = sorted((Path(__file__).parent.parent / "certificates" / "exact").glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_files_kept_show_their_verdict(file: Path) -> None:
    c = json.loads(file.read_text(encoding="utf-8"))
    assert check(c) == c["verdict"] == ("violated" if "violated" in file.stem else "holds")
    _check_spec(c["statement"], file)


def test_other_provers_refuse_what_they_cannot_state() -> None:
    """Nothing is exported as another statement: the zero-one target in place of costs, say."""
    from forger.build import make

    c = made("ww above")
    costs = {"kind": "costs", "matrix": [["0", "2"], ["1", "0"]]}
    mae = make("mae", 2, ("T >=", "b"), {"rule": "pair"})["statement"] | {"target": costs}
    for export, value in ((coq_script, c), (smt_script, c["statement"]), (smt_script, mae)):
        with pytest.raises(EngineCannotAnswerError):
            export(value)


# ---- forgeries ----


def leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    if "cut" in tree:
        return leaves(tree["below"]) + leaves(tree["above"])
    return leaves(tree["rest"]) if "ray" in tree else [tree]


def pair(c: dict[str, Any]) -> dict[str, Any]:
    return c["proof"]["pairs"][0]  # type: ignore[no-any-return]


def entries(c: dict[str, Any]) -> list[dict[str, Any]]:
    return [e for risk in pair(c)["risks"] for e in risk["least"]]


def each(found: Callable[[dict[str, Any]], list[dict[str, Any]]], **new: Any) -> Any:
    def change(c: dict[str, Any]) -> None:
        for item in found(c):
            item.update(copy.deepcopy(new))

    return change


def claim(formula: Any) -> Callable[[dict[str, Any]], None]:
    return lambda c: c["statement"]["claim"].update(formula=formula)


def first_leaf(c: dict[str, Any]) -> list[dict[str, Any]]:
    return leaves(pair(c)["tree"])[:1]


#: Changes of a file that leave its claim (T >= ..., true) but not its proof, or make it false.
BELOW: dict[str, Callable[[dict[str, Any]], None]] = {
    "a larger claim": claim(["max", "0", ["add", "-1/6", ["mul", "6/5", "b"]]]),
    "a claim above 0 at 0": claim(["add", "1/1000", ["mul", "1/2", "b"]]),
    "another loss": lambda c: c["statement"]["loss"]["formula"].__setitem__(
        0, ["mul", "1/2", c["statement"]["loss"]["formula"][0]]),
    "fewer labels": lambda c: (c["statement"].update(classes=2),
                               c["statement"]["loss"]["formula"].pop()),
    "a bound on scores": lambda c: c["statement"].update(
        hypotheses={"kind": "bounded", "scores": "1/10"}),
    "scores of sum zero": lambda c: c["statement"].update(hypotheses={"kind": "zero-sum"}),
    "costs": lambda c: c["statement"].update(target={"kind": "costs", "matrix": [
        ["0", "2", "1"], ["1", "0", "1"], ["1", "1", "0"]]}),
    "weights of one": each(lambda c: [e for e in entries(c) if "0" in e["weights"]],
                           weights=["1"] * 6),
    "weights beyond one": each(entries, weights=["2", "-1"] * 3),
    "no weights": each(entries, weights=[]),
    "order the other way": lambda c: [e.update(order=["-" + m if m != "0" else m
                                                      for m in e["order"]]) for e in entries(c)],
    "no order": each(entries, order=["0", "0", "0"]),
    "a shift": each(entries, shift="1"),
    "a bound for another distribution": lambda c: pair(c)["risks"][0].update(
        p=pair(c)["risks"][-1]["p"]),
    "a distribution off the simplex": lambda c: pair(c)["risks"][0].update(p=["1", "1", "-1"]),
    "no bounds of risks": lambda c: pair(c).update(risks=[]),
    "one cell for all": lambda c: pair(c).update(tree=first_leaf(c)[0]),
    "a half left out": lambda c: pair(c)["tree"].update(below={"scores": ["0", "0", "0"],
                                                               "lines": [0]}),
    "a ray of bounded scores": lambda c: (
        c["statement"].update(hypotheses={"kind": "bounded", "scores": "100"}),
        pair(c).update(tree={"ray": ["0", "0", "0"], "rest": pair(c)["tree"]})),
    "a ray and nothing beyond": lambda c: pair(c).update(tree={"ray": ["0", "0", "0"],
                                                               "rest": first_leaf(c)[0]}),
    "another cut": lambda c: pair(c)["tree"].update(cut=["1", "0", "0"]),
    "bad scores": lambda c: [t.update(scores=["5", "0", "-7"]) for t in leaves(pair(c)["tree"])],
    "every line": lambda c: [t.update(lines=list(range(len(c["proof"]["lines"]))))
                             for t in leaves(pair(c)["tree"])],
    "no line of that number": lambda c: [t.update(lines=[99]) for t in leaves(pair(c)["tree"])],
    "a line by a truth": lambda c: [t.update(lines=[True]) for t in leaves(pair(c)["tree"])],
    "lines of no cell": lambda c: [p.update(witness=[0]) for p in c["proof"]["pieces"]],
    "higher lines": lambda c: c["proof"].update(
        lines=[[a, str(Fraction(b) + Fraction(1, 100))] for a, b in c["proof"]["lines"]]),
    "a falling line": lambda c: c["proof"]["lines"].__setitem__(0, ["-1", "1"]),
    "not symmetric": lambda c: c["proof"].update(symmetric=False),
    "symmetric by a number": lambda c: c["proof"].update(symmetric=1),
    "another pair": lambda c: pair(c).update(predicted=1, best=0),
    "no pair": lambda c: c["proof"].update(pairs=[]),
    "a piece left out": lambda c: c["proof"]["pieces"].pop(),
    "a lemma that is not used": lambda c: c.update(lemmas=["pair lemma"]),
    "every number of labels": lambda c: c["statement"].update(classes="any"),
    "a product of scores": lambda c: c["statement"]["loss"]["formula"].__setitem__(
        0, ["mul", "s1", "s2"]),
    "a power": lambda c: c["statement"]["loss"]["formula"].__setitem__(0, ["pow", "s1", "2"]),
    "a score too many": lambda c: c["statement"]["loss"]["formula"].__setitem__(0, "s4"),
    "a loss with another key": lambda c: c["statement"]["loss"].update(more=1),
}  # fmt: skip

#: Changes of a file about T <= b for Weston-Watkins.
ABOVE: dict[str, Callable[[dict[str, Any]], None]] = {
    "a smaller claim": claim(["mul", "1/2", "b"]),
    "a claim below at the end": claim(["add", "b", ["mul", "-1", ["pow", "b", "9"]]]),
    "scores that predict another": lambda c: [p["witness"].update(scores=["-9", "0", "0"])
                                              for p in c["proof"]["pieces"]],
    "scores beyond a bound": lambda c: c["statement"].update(
        hypotheses={"kind": "bounded", "scores": "1/10"}),
    "numbers too large": lambda c: [e.update(b=str(Fraction(e["b"]) + 1))
                                    for p in c["proof"]["pieces"] for e in p["witness"]["ends"]],
    "one end twice": lambda c: [p["witness"].update(ends=[p["witness"]["ends"][0]] * 2)
                                for p in c["proof"]["pieces"]],
    "ends the other way": lambda c: [p["witness"]["ends"].reverse()
                                     for p in c["proof"]["pieces"]],
    "the best prediction itself": lambda c: [p["witness"].update(predicted=p["witness"]["best"])
                                             for p in c["proof"]["pieces"]],
    "a prediction that is none": lambda c: [p["witness"].update(best=3)
                                            for p in c["proof"]["pieces"]],
    "least risks of no weights": lambda c: [
        d.update(weights=["0"] * len(d["weights"]))
        for p in c["proof"]["pieces"] for e in p["witness"]["ends"] for d in e["least"]],
    "an order of scores": lambda c: [
        d.update(order=["0", "1", "0"])
        for p in c["proof"]["pieces"] for e in p["witness"]["ends"] for d in e["least"]],
    "fewer pieces": lambda c: c["proof"]["pieces"].pop(),
}  # fmt: skip

POINT: dict[str, Callable[[dict[str, Any]], None]] = {
    "a true claim": claim(["max", "0", ["add", "-1/5", ["mul", "6/5", "b"]]]),
    "a larger beta": lambda c: c["proof"].update(beta="9/10"),
    "beta beyond 1": lambda c: c["proof"].update(beta="2"),
    "another distribution": lambda c: c["proof"].update(p=["0", "1", "0"]),
    "off the simplex": lambda c: c["proof"].update(p=["0", "2", "-1"]),
    "scores that predict another": lambda c: c["proof"].update(scores=["-1", "0", "0"]),
    "the best prediction": lambda c: c["proof"].update(predicted=1),
    "another verdict": lambda c: c.update(verdict="holds"),
}


def refused(c: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        check(sealed(c))


@pytest.mark.parametrize("name", BELOW)
def test_a_forgery_of_cells_is_refused(name: str) -> None:
    c = json.loads(json.dumps(made("ww above")))
    BELOW[name](c)
    refused(c)


@pytest.mark.parametrize("name", ABOVE)
def test_a_forgery_of_chords_is_refused(name: str) -> None:
    c = json.loads(json.dumps(made("ww below")))
    ABOVE[name](c)
    refused(c)


@pytest.mark.parametrize("name", POINT)
def test_a_forgery_of_a_point_is_refused(name: str) -> None:
    c = json.loads(json.dumps(made("ww above, too steep")))
    POINT[name](c)
    refused(c)


def test_lines_that_start_above_zero_bound_no_envelope() -> None:
    """T(0) is 0 whatever lies above it for b > 0: such a line is no bound of T**."""
    c = json.loads(json.dumps(made("ww gamma")))
    c["proof"]["lines"] = [[a, str(abs(Fraction(b)) + 1)] for a, b in c["proof"]["lines"]]
    refused(c)


def test_nothing_is_said_at_zero() -> None:
    c = json.loads(json.dumps(made("ww below, too low")))
    c["proof"]["beta"] = "0"
    c["statement"]["claim"]["formula"] = ["add", "-1", "b"]
    refused(c)


def test_a_loss_that_is_not_symmetric_needs_all_pairs() -> None:
    """Only label 1 pays less: the pair (1, 2) alone says nothing of the others."""
    c = json.loads(json.dumps(made("ww above")))
    formula = c["statement"]["loss"]["formula"]
    formula[2] = ["mul", "1/100", formula[2]]
    refused(c)


@pytest.mark.parametrize("rule", ["pair", "theorem A", "concave pair", "theorem C", "margin",
                                  "plug-in lines", "tangent", "convex point", "margin point",
                                  "concave point"])  # fmt: skip
def test_no_other_rule_takes_a_loss_of_all_scores(rule: str) -> None:
    for verdict, kind in itertools.product(("holds", "violated"), ("T >=", "T <=", "Gamma <=")):
        c = json.loads(json.dumps(made("ww above")))
        c["verdict"], c["statement"]["claim"]["kind"] = verdict, kind
        c["statement"]["claim"]["formula"] = "0"
        piece = {"from": "0", "to": "1", "at": "x", "witness": None, "method": "algebra:0"}
        point = {"beta": "1/2", "p": ["1", "0", "0"], "point": ["1", "0", "0"]}
        at_one = {"beta": "1/2", "witness": None, "scaling": "0"}
        pieces = {"pieces": [piece]}
        for proof in (pieces, {"scaling": "0", **pieces}, {"pairs": []}, point, at_one):
            c["proof"] = {"rule": rule, **proof}
            refused(c)


def test_an_empty_cell_is_no_gap() -> None:
    """A plane beside a cell leaves it whole, and nothing on its other side."""
    half = simplex(2).part([Fraction(1), Fraction(-2)])
    assert half.part([Fraction(-1), Fraction(1)]).points == ()
    assert set(half.part([Fraction(1), Fraction(-1)]).points) == set(half.points)
    assert isinstance(half, Cell)
