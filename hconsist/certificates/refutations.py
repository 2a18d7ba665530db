"""The search for a certificate that a claim about Gamma fails: a point of T, and a chord to 0.

Gamma(e) is at least t beta where t times a regret at target regret beta is at most e.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

from hconsist.arithmetic import endpoints, precision
from hconsist.certificates import ties, witnesses
from hconsist.certificates.files import accepted, sealed
from hconsist.certificates.margins import refuting_point
from hconsist.certificates.methods import NO_PROOF
from hconsist.certificates.search import Search
from hconsist.checker import Tree, read_statement
from hconsist.checker.obligations import Number, value
from hconsist.checker.reading import Fields
from hconsist.checker.rules import points
from hconsist.checker.statements import Statement
from hconsist.checker.trees import put
from hconsist.losses import MarginLoss
from hconsist.pointwise import PointwiseProblem

#: Shares of the way from 0 to a point.
SHARES = tuple(map(Fraction, ("1", "1/2", "1/4", "1/10", "1/100")))
POINTS = {"convex point": points.convex_point, "concave point": points.concave_point,
          "margin point": points.margin_point, "bounded point": points.bounded_point}  # fmt: skip


def refute_gamma(problem: PointwiseProblem, formula: Tree) -> Fields | None:
    """A certificate that ``Gamma <= formula`` fails somewhere; None where none was found.

    Parameters
    ----------
    problem : PointwiseProblem
        A softmax or margin loss, with a number of classes.
    formula : Tree
        In e.

    Examples
    --------
    >>> made = refute_gamma(PointwiseProblem("hinge"), ["mul", "1/2", "e"])
    >>> made["verdict"], made["proof"]["rule"]
    ('violated', 'margin point')
    """
    import sympy

    search = Search(problem, ">=", sympy.Integer(0))
    statement = {**search.statement, "claim": {"kind": "Gamma <=", "formula": formula}}
    read = read_statement(statement)
    for beta in witnesses.GRID:
        proof = _point(problem, search, statement, beta)
        if proof is None:
            continue
        regret = _regret(read, proof)
        if regret is None:
            continue
        for share in SHARES:
            e = Fraction(int(share * regret * 10**6) + 1, 10**6)
            if not _below(put(formula, "e", str(e)), share * beta):
                continue
            said = {**proof, "excess": str(e), "share": str(share)}
            if made := accepted(sealed(statement, "violated", said)):
                return made
    return None


def _point(
    problem: PointwiseProblem, search: Search, statement: Fields, beta: Fraction
) -> Fields | None:
    """A point of target regret beta, with a small regret."""
    if isinstance(problem.surrogate, MarginLoss):
        loose = refuting_point(problem, statement, beta, Fraction(10**6))
        regret = None if loose is None else _regret(read_statement(statement), loose)
        if regret is None:
            return None
        near = regret - Fraction(1, 100) + Fraction(1, 10**4)
        return refuting_point(problem, statement, beta, near) or loose
    if search.wide:
        return ties.refuting(statement, beta, search.rational_pairs(beta))
    return witnesses.refuting_distribution(problem, statement["classes"], beta, Fraction(10**6))


def _regret(read: Statement, proof: Fields) -> Fraction | None:
    """What a point's rule says of the regret, from above."""
    found: list[Tree] = []

    def goal(regret: Tree) -> Number:
        found.append(regret)
        return Number("1")

    try:
        with precision(160):
            for _ in itertools.islice(POINTS[proof["rule"]](read, proof, goal), 100_000):
                pass
            return max(endpoints(value(t))[1] for t in found)
    except NO_PROOF:
        return None


def _below(t: Tree, bound: Fraction) -> bool:
    try:
        with precision(160):
            return bool(value(t) < float(bound))
    except NO_PROOF:
        return False
