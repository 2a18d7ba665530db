"""Certificates about piecewise-linear losses of all scores: what is stated, and the search for it.

The rigorous engine cuts the label distributions into cells in which both least risks are linear
(`cell_search` reads proofs off their corners).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hconsist.certificates.cell_search import CellSearch
from hconsist.certificates.statements import Relation, tree
from hconsist.checker import Tree
from hconsist.checker.reading import Fields
from hconsist.engines.rigorous.methods.piecewise import statement_of
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import MarginLoss, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

if TYPE_CHECKING:
    import sympy


def applies(problem: PointwiseProblem) -> bool:
    """Whether a problem is one of piecewise-linear losses of all scores."""
    if problem.is_symbolic or isinstance(problem.surrogate, SoftmaxLoss | MarginLoss):
        return False
    return not isinstance(statement_of(problem), str)


def statement(problem: PointwiseProblem, kind: str, claim: Tree) -> Fields:
    """A claim about such a problem, as a certificate states it."""
    read = statement_of(problem)
    if isinstance(read, str):
        raise EngineCannotAnswerError("certificate", read, "rigorous")
    target: Fields = {"kind": "zero-one"}
    if read.costs is not None:
        target = {"kind": "costs", "matrix": [[str(x) for x in row] for row in read.costs]}
    hypotheses = {"kind": "zero-sum" if read.zero_sum else "complete"}
    if read.bound is not None:
        named = "zero-sum bounded" if read.zero_sum else "bounded"
        hypotheses = {"kind": named, "scores": str(read.bound)}
    return {
        "loss": {"spec": read.spec, "kind": "scores", "formula": list(read.losses)},
        "classes": read.classes,
        "target": target,
        "hypotheses": hypotheses,
        "claim": {"kind": kind, "formula": claim},
    }


def certify_piecewise(
    problem: PointwiseProblem, relation: Relation, claim: sympy.Expr, *, time_budget: float = 60.0
) -> Fields:
    """A certificate that ``T(b) relation claim(b)`` for every b, or that it fails, or an undecided
    one with the reason.

    Examples
    --------
    >>> from hconsist.certificates import parse_claim
    >>> problem = PointwiseProblem("weston-watkins", n_classes=3)
    >>> relation, claim = parse_claim("T >= Max(0, 6*b/5 - 1/5)", 3)
    >>> made = certify_piecewise(problem, relation, claim)
    >>> made["verdict"], made["lemmas"]
    ('holds', [])
    """
    stated = statement(problem, f"T {relation}", tree(claim, {beta_symbol(): "b"}))
    return CellSearch(stated, time_budget).run()


def certify_piecewise_gamma(
    problem: PointwiseProblem, claim: sympy.Expr, *, time_budget: float = 60.0
) -> Fields:
    """A certificate that ``Gamma(e) <= claim(e)`` for every e >= 0.

    Raises
    ------
    EngineCannotAnswerError
        Where no proof was found. It may be that the claim is false.

    Examples
    --------
    >>> e = excess_symbol()
    >>> problem = PointwiseProblem("weston-watkins", n_classes=3)
    >>> certify_piecewise_gamma(problem, (1 + 5 * e) / 6)["verdict"]
    'holds'
    """
    stated = statement(problem, "Gamma <=", tree(claim, {excess_symbol(): "e"}))
    made = CellSearch(stated, time_budget).gamma()
    if made["verdict"] == "undecided":
        raise EngineCannotAnswerError("certificate", made["proof"]["reason"], None)
    return made
