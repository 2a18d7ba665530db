"""Certificates of minimizability gaps: the gap of a loss on finitely many inputs.

Nearly optimal scores bound infima of risks from above, tangent planes, score pieces and dual
weights there from below; the checker judges.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Literal

from numpy.typing import NDArray

from hconsist.arithmetic import endpoints, precision
from hconsist.certificates.files import sealed
from hconsist.certificates.margins import cover, kinks
from hconsist.certificates.methods import NO_PROOF
from hconsist.certificates.piecewise import applies
from hconsist.certificates.piecewise import statement as piecewise_statement
from hconsist.certificates.statements import check_box, loss_formula
from hconsist.checker import Rejected, Tree, check, discharge, read_statement
from hconsist.checker.enclosures import ball
from hconsist.checker.obligations import Obligation, value
from hconsist.checker.reading import Fields
from hconsist.checker.rules import shapes
from hconsist.checker.rules.points import tangent
from hconsist.checker.statements import Statement
from hconsist.checker.trees import add, minus, mul, put
from hconsist.distributions import Finite
from hconsist.engines.rigorous.piecewise.risks import LeastRisks
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.pointwise import PointwiseProblem

Members = Literal["all", "constant"]
Vector = tuple[Fraction, ...]


def certify_gap(
    problem: PointwiseProblem,
    distribution: Finite,
    relation: Literal["<=", ">="],
    bound: Fraction | str,
    members: Members = "constant",
) -> Fields:
    """A certificate that the minimizability gap is at most, or at least, a number.

    Parameters
    ----------
    problem : PointwiseProblem
        Its loss and hypotheses; the target does not matter. Losses of the softmax value (convex, or
        concave with all scores), binary margin losses, piecewise-linear losses of all scores.
    distribution : Finite
    relation : {"<=", ">="}
    bound : Fraction or str
    members : {"all", "constant"}
        All functions of the input, or constant ones.

    Raises
    ------
    EngineCannotAnswerError
        Where no proof was found. It may be that the claim is false.

    Examples
    --------
    >>> from hconsist.distributions import Finite
    >>> d = Finite(["1/2", "1/2"], [["3/4", "1/4"], ["1/4", "3/4"]])
    >>> problem = PointwiseProblem("logistic", n_classes=2)
    >>> made = certify_gap(problem, d, "<=", "131/1000")
    >>> made["verdict"], made["lemmas"]
    ('holds', [])
    """
    problem.check_formula("certificate")
    stated = _statement(problem, distribution, f"gap {relation}", str(Fraction(bound)), members)
    try:
        with precision(160):
            read = read_statement(stated)
            made = _sealed(stated, _Infima(read).proof())
        check(made)
    except NO_PROOF as problem_found:
        reason = f"no proof that the gap is {relation} {bound}: {problem_found}"
        raise EngineCannotAnswerError("certificate", reason, None) from problem_found
    return made


def parse_gap_claim(text: str) -> tuple[Literal["<=", ">="], Fraction]:
    """Read ``gap <= NUMBER`` or ``gap >= NUMBER``.

    Examples
    --------
    >>> parse_gap_claim("gap <= 0.14")
    ('<=', Fraction(7, 50))
    """
    read = re.fullmatch(r"\s*gap\s*([<>]=)\s*(\S+)\s*", text)
    try:
        if read is not None:
            return ("<=" if read[1] == "<=" else ">="), Fraction(read[2])
    except (ValueError, ZeroDivisionError):
        pass
    raise InvalidInputError(
        "a claim about a gap must read gap <= NUMBER or gap >= NUMBER", text,
        'write it as "gap <= 1/7"',
    )  # fmt: skip


def read_inputs(file: Path) -> Finite:
    """The distribution of a JSON file: a list of objects with ``weight`` and ``p``.

    Raises
    ------
    InvalidInputError
        When it cannot be read, or has another form.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidInputError(
            "inputs must be a readable JSON file", str(file), str(problem)
        ) from problem
    try:
        return Finite([row["weight"] for row in data], [row["p"] for row in data])
    except (TypeError, KeyError, IndexError) as problem:
        raise InvalidInputError(
            'inputs must be a JSON list of objects with "weight" and "p"', str(data)[:80],
            'write [{"weight": "1/2", "p": ["3/4", "1/4"]}, ...], numbers as strings',
        ) from problem  # fmt: skip


def _sealed(stated: Fields, proof: Fields) -> Fields:
    return sealed(stated, "holds", proof)


def _statement(
    problem: PointwiseProblem, d: Finite, kind: str, formula: Tree, members: Members
) -> Fields:
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    if applies(problem):
        base = piecewise_statement(problem, "T >=", "0")
    else:
        check_box(problem)
        named, written = loss_formula(loss)
        base = {
            "loss": {"spec": loss.spec, "kind": named, "formula": written},
            "classes": d.n_classes,
            "hypotheses": {"kind": "complete"} if bound is None
            else {"kind": "bounded", "scores": str(bound)},
        }  # fmt: skip
    inputs = [
        {"weight": str(w), "p": [str(x) for x in p]}
        for w, p in zip(d.weights, d.conditionals, strict=True)
    ]
    claim = {"kind": kind, "formula": formula, "members": members, "inputs": inputs}
    return {**base, "target": {"kind": "none"}, "claim": claim}


class _Infima:
    """Guesses for the infima of the risks of one statement."""

    def __init__(self, s: Statement) -> None:
        self.s, self.shape, self.least = s, None, None
        self._best: dict[Vector, Vector] = {}
        if s.kind == "scores":
            self.least = LeastRisks(s)
        elif s.kind == "softmax":
            exact = s.bound is None and self._holds(shapes.concave)
            self.shape = "concave" if exact else "convex"

    def _holds(self, conditions: Callable[[Statement], Iterable[Obligation]]) -> bool:
        try:
            for obligation in conditions(self.s):
                discharge(obligation)
        except Rejected:
            return False
        return True

    def proof(self) -> Fields:
        """What rule "gap" needs."""
        s, each = self.s, [p for _, p in self.s.inputs]
        mean = tuple(sum((w * p[y] for w, p in s.inputs), Fraction(0)) for y in range(len(each[0])))
        upper = s.claim_kind == "gap <="
        highs, lows = ([mean], each) if upper else (each, [mean])
        if s.members == "all":
            highs, lows = [], each
        return {"rule": "gap", "shape": self.shape, "above": [self.above(p) for p in highs],
                "below": [self.below(p) for p in lows]}  # fmt: skip

    def above(self, p: Vector) -> str | list[str]:
        """Scores of a small risk."""
        if self.least is not None:
            return [str(x) for x in self.least.at(p, None).scores]
        if self.s.kind == "margin":
            return str(self._score(p))
        if self.shape == "concave":
            return [str(int(k == p.index(max(p)))) for k in range(len(p))]
        return [str(x) for x in self._shares(p)]

    def below(self, p: Vector) -> object:
        """What shows a number below all risks."""
        if self.least is not None:
            return self.least.at(p, None).shown
        if self.s.kind == "margin":
            return self._pieces(p)
        if self.shape == "concave":
            return None
        y = self._shares(p)
        pulls = [endpoints(value(t))[0] for t in tangent(self.s, list(p), list(y))[1]]
        level = min(pulls)
        if self.s.bound is not None:
            most, ordered = math.exp(2 * float(self.s.bound)), sorted(map(float, pulls))
            level = Fraction(min(
                (most * sum(ordered[:m]) + sum(ordered[m:])) / (most * m + len(p) - m)
                for m in range(1, len(p) + 1)
            )) - Fraction(1, 10**9)  # fmt: skip
        return {"reference": [str(x) for x in y], "level": _down(level)}

    # ---- softmax values and margins, in floats ----

    def _loss(self, z: float) -> float:
        return float(ball(put(self.s.g, self.s.variable, str(Fraction(z)))).mid())

    def _shares(self, p: Vector) -> Vector:
        """Rational softmax values of nearly the least risk; allowed ones."""
        if p in self._best:
            return self._best[p]
        import numpy as np
        from scipy.optimize import minimize

        used = [k for k, x in enumerate(p) if x] if self.s.bound is None else list(range(len(p)))
        reach = 40.0 if self.s.bound is None else float(self.s.bound) - 1e-7

        def values(h: NDArray[np.float64]) -> NDArray[np.float64]:
            e = np.exp(h - h.max())
            shares: NDArray[np.float64] = e / e.sum()
            return shares

        def risk(h: NDArray[np.float64]) -> float:
            shares = values(h)
            return sum(float(p[k]) * self._loss(max(u, 1e-17))
                       for k, u in zip(used, shares, strict=True) if p[k])  # fmt: skip

        found = minimize(risk, np.zeros(len(used)), bounds=[(-reach, reach)] * len(used),
                         method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10})  # fmt: skip
        shares = [Fraction(float(u)).limit_denominator(10**9) for u in values(found.x)]
        guess = [Fraction(float(p[k])).limit_denominator(10**9) for k in used]
        if self.s.bound is None and self._risk(p, used, guess) <= found.fun + 1e-9:
            shares = [p[k] for k in used]  # proper losses: p itself
        shares[0] = 1 - sum(shares[1:], Fraction(0))
        full = [Fraction(0)] * len(p)
        for k, u in zip(used, shares, strict=True):
            full[k] = u
        self._best[p] = tuple(full)
        return tuple(full)

    def _risk(self, p: Vector, used: list[int], shares: list[Fraction]) -> float:
        return sum(float(p[k]) * self._loss(float(u)) for k, u in zip(used, shares, strict=True))

    def _risk_tree(self, p: Vector) -> Tree:
        g = self.s.g
        assert g is not None
        parts = ((g, p[0]), (put(g, "v", ["mul", "-1", "v"]), p[1]))
        return add(*(mul(str(w), t) for t, w in parts if w))

    def _score(self, p: Vector) -> Fraction:
        from scipy.optimize import minimize_scalar

        risk = self._risk_tree(p)

        def at(v: float) -> float:
            return float(ball(put(risk, "v", str(Fraction(v)))).mid())

        reach = 40.0 if self.s.bound is None else float(self.s.bound)
        found = minimize_scalar(at, bounds=(-reach, reach), method="bounded",
                                options={"xatol": 1e-10})  # fmt: skip
        turns = [float(t * sign) for t in kinks(self.s.g) for sign in (1, -1)]
        places = [float(found.x), *(t for t in turns if abs(t) <= reach), reach, -reach]
        return Fraction(min(places, key=at)).limit_denominator(10**6)

    def _pieces(self, p: Vector) -> Fields:
        risk, best = self._risk_tree(p), self._score(p)
        lowest = endpoints(ball(put(risk, "v", str(best))))[0]
        top = self.s.highest
        low = "-inf" if top == "inf" else str(-Fraction(str(top)))
        turns = {best, Fraction(0), *(t * sign for t in kinks(self.s.g) for sign in (1, -1))}
        for slack in (Fraction(0), Fraction(1, 10**6), Fraction(1, 10**4), Fraction(1, 1000)):
            least = _down(lowest - slack)
            near = {best - Fraction(1, 1000), best + Fraction(1, 1000)} if slack else set()
            pieces = cover(minus(risk, least), low, str(top), sorted({*turns, *near}))
            if pieces is not None:
                return {"least": least, "pieces": pieces}
        raise Rejected("no pieces of scores")


def _down(x: Fraction) -> str:
    """A short rational just below."""
    near = x.limit_denominator(10**6)
    if abs(near - x) < Fraction(1, 10**15):  # the checker shows whether that was too much
        return str(near)
    return str(Fraction(math.floor(x * 10**12), 10**12))
