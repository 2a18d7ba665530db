"""Claims as SMT-LIB scripts, for polynomial and piecewise-linear losses.

A script states the definition of T itself; nothing of this package's proofs is trusted.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker import Tree
from hconsist.checker.reading import Fields
from hconsist.errors import EngineCannotAnswerError, InvalidInputError


def smt_term(t: Tree) -> str:
    """A tree as an SMT-LIB term over the reals.

    Examples
    --------
    >>> smt_term(["max", "0", ["mul", "-1/2", "b"]])
    '(ite (>= (/ 0 1) (* (- (/ 1 2)) b)) (/ 0 1) (* (- (/ 1 2)) b))'
    """
    if isinstance(t, str):
        if t.isalpha():
            return t
        q = Fraction(t)
        size = f"(/ {abs(q.numerator)} {q.denominator})"
        return size if q >= 0 else f"(- {size})"
    op, parts = t[0], [smt_term(a) for a in t[1:]]
    if op in ("add", "mul"):
        return f"({'+' if op == 'add' else '*'} {' '.join(parts)})" if len(parts) > 1 else parts[0]
    if op == "max":
        return f"(ite (>= {parts[0]} {parts[1]}) {parts[0]} {parts[1]})"
    if op == "ifle":
        return f"(ite (<= {parts[0]} {parts[1]}) {parts[2]} {parts[3]})"
    e = Fraction(str(t[2])) if op == "pow" else Fraction(0)
    if e.denominator == 1 and 1 <= e <= 4:
        return f"(* {' '.join([parts[0]] * int(e))})" if e != 1 else parts[0]
    raise EngineCannotAnswerError(
        "smt", f"{op} is not polynomial or piecewise polynomial", "rigorous"
    )


def _substituted(t: Tree, name: str, value: str) -> str:
    return f"(let (({name} {value})) {smt_term(t)})"


def smt_script(statement: Fields) -> str:
    """The negation of ``T(b) >= claim(b)`` for some b in [0, 1], as an SMT-LIB 2 script: "unsat"
    proves the claim.

    The unknowns are b, the label probabilities and the scores (a margin v <= 0) or softmax values
    whose prediction has target regret at least b. C* is replaced by the risks at a few reference
    points, which are at least C*: so "unsat" is a proof whatever the references, and "sat" is a
    refutation only where one of them is optimal.

    Parameters
    ----------
    statement : dict
        The ``statement`` of a certificate; see `hconsist.certificates.statement` and
        docs/certificate.md.

    Raises
    ------
    EngineCannotAnswerError
        When the loss or the claim is not piecewise polynomial, n is free, or the target is not
        the zero-one target.
    InvalidInputError
        When the claim is not of the form T >= EXPR.

    Examples
    --------
    >>> from hconsist.certificates import parse_claim, statement
    >>> from hconsist.pointwise import PointwiseProblem
    >>> problem = PointwiseProblem("mae", n_classes=3)
    >>> print(smt_script(statement(problem, *parse_claim("T >= b/3", 3))).splitlines()[1])
    (set-logic QF_NRA)
    """
    loss, n = statement["loss"], statement["classes"]
    bound = statement["hypotheses"].get("scores")
    if statement["claim"]["kind"] != "T >=":
        raise InvalidInputError(
            "only lower bounds are exported", "T <= EXPR", "state the claim as T >= EXPR"
        )
    if n == "any":
        raise EngineCannotAnswerError("smt", "the number of classes must be fixed", "rigorous")
    if loss["kind"] == "scores" or statement["target"]["kind"] != "zero-one":
        raise EngineCannotAnswerError(
            "smt", "losses of all scores, and costs, have no script", "rigorous"
        )
    if loss["kind"] == "softmax" and bound is not None:
        raise EngineCannotAnswerError(
            "smt", "softmax values of bounded scores have no script", "rigorous"
        )
    g, lines = (
        loss["formula"],
        [
            f"; unsat proves T(b) >= claim(b) on [0, 1]: {loss['spec']}, n = {n}, score bound "
            f"{bound}"
        ],
    )
    lines += ["(set-logic QF_NRA)", "(declare-const b Real)", "(assert (<= 0 b 1))"]
    if loss["kind"] == "softmax":
        p, s = [[f"{letter}{i}" for i in range(1, n + 1)] for letter in "ps"]
        lines += [f"(declare-const {name} Real)" for name in p + s]
        lines += [f"(assert (>= {name} 0))" for name in p + s]
        lines += [f"(assert (= 1 (+ {' '.join(names)})))" for names in (p, s)]
        lines += [
            f"(assert (and (>= p1 {p[i]}) (>= s2 {s[i]})))" for i in range(n)
        ]  # by symmetry: 1 best, 2 predicted
        lines.append("(assert (>= (- p1 p2) b))")
        lines += _helpful(n)
        risk = _sum(p, [_substituted(g, "u", x) for x in s])
        references = [_sum(p, [_substituted(g, "u", "1" if i == 0 else "0") for i in range(n)])]
    else:
        lines += [
            "(declare-const v Real)",
            "(declare-const t Real)",
            "(assert (and (<= b t 1) (<= v 0)))",
        ]
        reach = None if bound is None else Fraction(bound)
        lines += [] if reach is None else [f"(assert (>= v {smt_term(str(-reach))}))"]
        weights = ["(/ (+ 1 t) 2)", "(/ (- 1 t) 2)"]
        risk = _sum(weights, [_substituted(g, "v", "v"), _substituted(g, "v", "(- v)")])
        points = {
            Fraction(0),
            *_numbers(g),
            *(1 / q for q in _numbers(g) if q),
            *([reach] if reach else []),
        }
        kept = sorted(q for q in points if q >= 0 and (reach is None or q <= reach))
        pairs = [(smt_term(str(q)), smt_term(str(-q))) for q in kept] + [("t", "(- t)")] * (
            reach is None or reach >= 1
        )
        references = [
            _sum(weights, [_substituted(g, "v", x), _substituted(g, "v", y)]) for x, y in pairs
        ]
    claim = smt_term(statement["claim"]["formula"])
    lines += [f"(assert (< (- {risk} {reference}) {claim}))" for reference in references]
    return "\n".join([*lines, "(check-sat)", ""])


def _helpful(n: int) -> list[str]:
    """Assertions that change nothing: an order of the labels that are alike, and products of what
    is >= 0 by the others, which z3 does not find by itself.
    """
    order = [f"(assert (>= p{i} p{i + 1}))" for i in range(3, n)]
    products = [f"(assert (>= (* s{i} (- p1 p{i})) 0))" for i in range(1, n + 1)]
    products += ["(assert (>= (* s2 (- p1 p2 b)) 0))", f"(assert (>= (* b (- (* {n} s2) 1)) 0))"]
    return ["; by symmetry, and products of what is >= 0", *order, *products]


def _sum(weights: list[str], terms: list[str]) -> str:
    return f"(+ {' '.join(f'(* {w} {x})' for w, x in zip(weights, terms, strict=True))})"


def _numbers(t: Tree) -> set[Fraction]:
    """The sizes of the numbers in a tree: kinks of piecewise-linear losses are among them and their
    inverses.
    """
    if isinstance(t, str):
        return set() if t.isalpha() else {abs(Fraction(t))}
    return set().union(*map(_numbers, t[1:]))
