"""The search for a certificate that Gamma is at most a formula, by supporting lines of T.

The formula comes with its inverse on [0, 1], so that pieces run over b: e is the inverse at b,
where the line of a witness at b is to be at least e. What the checker accepts is all that counts.
"""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import precision
from hconsist.certificates.files import accepted, sealed
from hconsist.certificates.methods import first_method
from hconsist.certificates.search import Search
from hconsist.certificates.statements import tree
from hconsist.checker import Tree, read_statement
from hconsist.checker.coverage import Piece
from hconsist.checker.reading import Fields
from hconsist.checker.rules import LOWER, gamma
from hconsist.checker.rules.lower import LowerRule
from hconsist.checker.statements import Statement
from hconsist.checker.trees import put
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

if TYPE_CHECKING:
    import sympy

#: Shortest box that is cut further.
_SHORTEST = Fraction(1, 2**12)


def certify_gamma(
    problem: PointwiseProblem, claim: sympy.Expr, inverse: sympy.Expr, *, time_budget: float = 60.0
) -> Fields:
    """A certificate that ``Gamma(e) <= claim(e)`` for every e >= 0.

    Parameters
    ----------
    problem : PointwiseProblem
    claim : sympy.Expr
        In `excess_symbol()`; at least 1 from the inverse at 1 on.
    inverse : sympy.Expr
        In `beta_symbol()`: an increasing formula with claim(inverse(b)) >= b on [0, 1]. T is
        certified to be at least its tangents where they are needed.
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
    stop = inverse.subs(beta_symbol(), 1)
    free: Fields = {"at": "x", "witness": None, "reach": None}  # where the claim is >= 1
    if stop.is_Rational:
        beyond, between = str(Fraction(int(stop.p), int(stop.q))), []
    else:  # the last piece starts at a rational
        beyond = str(Fraction(math.ceil(float(stop) * 64) + 1, 64))
        between = [{**free, "from": put(curve, "x", "1"), "to": beyond}]
    last = {**free, "from": beyond, "to": "inf"}
    deadline = time.monotonic() + time_budget
    with precision(160):
        read = read_statement(statement)
        for options in search.lower_options:
            rule = LOWER[options["rule"]]
            if not rule.affine:
                continue
            pieces = _pieces(search, read, options, curve, deadline)
            for method in ("algebra:0", "algebra:1", "algebra:2"):
                ends = [{**p, "method": method} for p in (*between, last)]
                proof = {**options, "pieces": [*pieces, *ends]}
                if made := accepted(sealed(statement, "holds", proof, rule.lemmas)):
                    return made
    raise EngineCannotAnswerError("certificate", "no supporting lines were found", None)


def _pieces(
    search: Search, read: Statement, options: Fields, curve: Tree, deadline: float
) -> list[Fields]:
    """Boxes of [0, 1] with a line each, as far as lines are found."""
    rule, done = LOWER[options["rule"]], []
    todo = [(Fraction(0), Fraction(1))]
    while todo:
        if time.monotonic() > deadline:
            raise EngineCannotAnswerError("certificate", "the time budget ended", None)
        low, high = todo.pop()
        found = None
        for witness, method in search.tries(options, low, high):
            data = {"from": str(low), "to": str(high), "at": curve, "witness": witness,
                    "reach": "x", "method": method}  # fmt: skip
            listed = list(gamma.line(rule, read, options, Piece(str(low), str(high), curve, data)))
            tried = [
                ("algebra:0",),
                ("algebra:0", "balls:0", "balls:1"),
                (method, "algebra:0"),
                *[(method, "balls:0", "algebra:0")] * beside(rule, read, options, witness),
            ]
            sides, shown = listed[: -len(tried)], listed[-len(tried) :]
            if not all(first_method(side, ("algebra:0",)) for side in sides):
                continue
            chosen = [first_method(o, methods) for o, methods in zip(shown, tried, strict=True)]
            if all(chosen):
                found = {**data, "method": chosen}
                break
        if found:
            done.append(found)
        elif high - low > _SHORTEST:
            middle = (low + high) / 2
            todo += [(middle, high), (low, middle)]
        else:
            return done
    return done


def beside(rule: LowerRule, read: Statement, options: Fields, witness: object) -> int:
    """How many inequalities a witness needs besides those of its line."""
    return len(rule.beside(read, options, witness))
