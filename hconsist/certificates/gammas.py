"""The search for a certificate that Gamma is at most a formula, by supporting lines of T.

The formula comes with its inverse on [0, 1], so that pieces run over b: e is the inverse at b,
where the line of a witness at b is to be at least e. What the checker accepts is all that counts.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import precision
from hconsist.certificates.margins import NO_PROOF
from hconsist.certificates.search import Search
from hconsist.certificates.statements import tree
from hconsist.checker import SCHEMA, Rejected, check, digest, discharge, read_statement
from hconsist.checker.coverage import Piece
from hconsist.checker.rules import LOWER, gamma
from hconsist.checker.trees import put
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

if TYPE_CHECKING:
    import sympy

#: Shortest box that is cut further.
_SHORTEST = Fraction(1, 2**12)


def certify_gamma(
    problem: PointwiseProblem, claim: sympy.Expr, inverse: sympy.Expr, *, time_budget: float = 60.0
) -> dict[str, Any]:
    """A certificate that ``Gamma(e) <= claim(e)`` for every e >= 0.

    Parameters
    ----------
    problem : PointwiseProblem
    claim : sympy.Expr
        In `excess_symbol()`; at least 1 from the inverse at 1 on.
    inverse : sympy.Expr
        In `beta_symbol()`: an increasing formula with claim(inverse(b)) >= b on [0, 1], rational at
        1. T is certified to be at least its tangents where they are needed.
    time_budget : float
        Seconds.

    Raises
    ------
    EngineCannotAnswerError
        Where no proof was found. It may be that the claim is false.

    Examples
    --------
    >>> import sympy
    >>> b, e = beta_symbol(), excess_symbol()
    >>> made = certify_gamma(PointwiseProblem("logistic", n_classes=3), sympy.sqrt(2 * e), b**2 / 2)
    >>> made["verdict"], made["lemmas"]
    ('holds', ['pair lemma', 'pooling lemma'])
    """
    search = Search(problem, ">=", inverse, time_budget)
    formula = tree(claim, {excess_symbol(): "e"})
    statement = {**search.statement, "claim": {"kind": "Gamma <=", "formula": formula}}
    curve = put(search.statement["claim"]["formula"], "b", "x")
    beyond = str(Fraction(str(inverse.subs(beta_symbol(), 1))))
    last = {"from": beyond, "to": "inf", "at": "x", "witness": None, "reach": None}
    with precision(160):
        read = read_statement(statement)
        for options in search.lower_options:
            rule = LOWER[options["rule"]]
            if not rule.affine:
                continue
            pieces = _pieces(search, read, options, curve)
            for method in ("algebra:0", "algebra:1", "algebra:2"):
                proof = {**options, "pieces": [*pieces, {**last, "method": method}]}
                c = {
                    "schema": SCHEMA, "statement": statement, "verdict": "holds",
                    "lemmas": list(rule.lemmas), "proof": proof,
                }  # fmt: skip
                made = {**c, "digest": digest(c)}
                try:
                    check(made)
                except Rejected:
                    continue
                return made
    raise EngineCannotAnswerError("certificate", "no supporting lines were found", None)


def _pieces(search: Search, read: Any, options: dict[str, Any], curve: Any) -> list[dict[str, Any]]:
    """Boxes of [0, 1] with a line each, as far as lines are found."""
    rule, done = LOWER[options["rule"]], []
    todo = [(Fraction(0), Fraction(1))]
    while todo:
        low, high = todo.pop()
        found = None
        for witness, method in search.tries(options, low, high):
            slope = "balls:1" if low == 0 else "balls:0"
            for methods in (["algebra:0", slope, method], ["algebra:0"] * 3):
                data = {"from": str(low), "to": str(high), "at": curve, "witness": witness,
                        "reach": "x", "method": methods}  # fmt: skip
                try:
                    piece = Piece(str(low), str(high), curve, data)
                    for obligation in gamma.line(rule, read, options, piece):
                        discharge(obligation)
                except NO_PROOF:
                    continue
                found = data
                break
            if found:
                break
        if found:
            done.append(found)
        elif high - low > _SHORTEST:
            middle = (low + high) / 2
            todo += [(middle, high), (low, middle)]
        else:
            return done
    return done
