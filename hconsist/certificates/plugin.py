"""The search for a certificate about T for plug-in cross-entropy and a cost matrix.

For each pair of predictions the chord of the exponential over the range [-a, g] of the cost
difference d gives an admissible level and weight; slopes are affine in b near 0 and rational
elsewhere. Where that bound, kl((b + a)/(a + g); a/(a + g)), is not T itself, the multipliers of the
rigorous engine serve (`hconsist.certificates.forecasts`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import precision
from hconsist.certificates import forecasts
from hconsist.certificates.files import sealed
from hconsist.certificates.methods import methods_of
from hconsist.certificates.statements import Relation
from hconsist.checker import Rejected, Tree, check, discharge, read_statement
from hconsist.checker.coverage import Piece
from hconsist.checker.obligations import Identity
from hconsist.checker.reading import Fields
from hconsist.checker.rules import plugin
from hconsist.checker.statements import Statement
from hconsist.checker.trees import add, mul
from hconsist.decisions import Decision
from hconsist.decisions.costs import Table
from hconsist.errors import EngineCannotAnswerError

_METHODS = ("algebra:0", "balls:0", "balls:1", "balls:2", "balls:3", "balls:4")
CROSS_ENTROPY: Tree = ["mul", "-1", ["log", "u"]]
_SHORTEST = Fraction(1, 2**10)


def certify_costs(
    costs: list[list[Fraction]],
    claim: Tree,
    *,
    relation: Relation = ">=",
    loss: Fields | None = None,
    deadline: float = math.inf,
) -> Fields:
    """A certificate that ``T(b) >= claim(b)`` (or <=) for cross-entropy and the costs of
    predictions, or that it fails.

    Parameters
    ----------
    costs : list of lists of Fraction
        Rows are predictions, columns labels.
    claim : Tree
        In "b"; see docs/certificate.md.
    relation : {">=", "<="}
    loss : dict, optional
        Spec, kind and formula, as a certificate states them: cross-entropy under a name.
    deadline : float
        By `time.monotonic`; the search ends there.

    Raises
    ------
    EngineCannotAnswerError
        Where no proof was found, or time was up. It may be that the claim is false.

    Examples
    --------
    >>> zero_one = [[Fraction(i != j) for j in range(3)] for i in range(3)]
    >>> certify_costs(zero_one, ["mul", "1/2", ["pow", "b", "2"]])["verdict"]
    'holds'
    >>> certify_costs(zero_one, ["pow", "b", "2"])["verdict"]
    'violated'
    """
    statement = {
        "loss": loss or {"spec": None, "kind": "softmax", "formula": CROSS_ENTROPY},
        "classes": len(costs[0]),
        "target": {"kind": "costs", "matrix": [[str(Fraction(c)) for c in row] for row in costs]},
        "hypotheses": {"kind": "complete"},
        "claim": {"kind": f"T {relation}", "formula": claim},
    }
    try:
        read = read_statement(statement)
        cross_entropy = Identity(add(read.g, ["log", "u"]), "the loss is not cross-entropy")
        discharge(cross_entropy)
    except Rejected as problem:
        raise EngineCannotAnswerError("certificate", str(problem), "rigorous") from problem
    search = _Search(statement, read, Decision(Table(costs), rule="least expected cost"), deadline)
    with precision(160):
        return search.above() if relation == ">=" else search.below()


@dataclass(frozen=True)
class _Search:
    """One statement about costs."""

    statement: Fields
    read: Statement
    decision: Decision
    deadline: float

    def _tick(self) -> None:
        if time.monotonic() > self.deadline:
            raise EngineCannotAnswerError("certificate", "the time budget ended", None)

    def _sealed(self, verdict: str, proof: Fields) -> Fields:
        lemmas = list(plugin.LEMMAS) if proof["rule"] == "plug-in lines" else []
        made = sealed(self.statement, verdict, proof, lemmas)
        check(made)
        return made

    def _at(self, make: Callable[[Fraction], Fields | None]) -> Fields | None:
        """The first number at which the claim is refuted."""
        for beta in forecasts.grid(self.read.largest):
            self._tick()
            proof = make(beta)
            if proof is None:
                continue
            try:
                return self._sealed("violated", proof)
            except Rejected:
                continue
        return None

    def above(self) -> Fields:
        """T >= claim, by lines for each pair; or a point where it fails."""
        made = self._at(lambda beta: forecasts.refuting_point(self.decision, beta))
        if made is not None:
            return made
        assert self.read.costs is not None
        listed = [
            {"predicted": r, "best": s, "pieces": self._pieces(r, s)}
            for r, s in plugin.pairs(self.read.costs)
        ]
        try:
            return self._sealed("holds", {"rule": "plug-in lines", "pairs": listed})
        except Rejected as problem:  # a claim above 0 at 0, say
            raise EngineCannotAnswerError("certificate", str(problem), "rigorous") from problem

    def below(self) -> Fields:
        """T <= claim, by curves of witnesses; or lines above it at one number."""
        made = self._at(lambda beta: forecasts.refuting_lines(self.read, self.decision, beta))
        if made is not None:
            return made
        pieces = forecasts.curves(self.read, self.decision, self._tick)
        if pieces is None:
            raise EngineCannotAnswerError("certificate", "no witnesses below the claim", None)
        try:
            return self._sealed("holds", {"rule": "plug-in curve", "pieces": pieces})
        except Rejected as problem:
            raise EngineCannotAnswerError("certificate", str(problem), "rigorous") from problem

    def _pieces(self, r: int, s: int) -> list[Fields]:
        """Boxes of b with a line each for one pair."""
        d = self.decision.difference(r, s)
        low, high = max(-min(d), Fraction(0)), max(d)
        todo, done = [(Fraction(0), high)], []
        while todo:
            self._tick()
            first, last = todo.pop()
            found = None
            for witness in self._tries(r, s, first, last, low, high):
                found = _piece(self.read, r, s, first, last, witness)
                if found is not None:
                    break
            if found is not None:
                done.append(found)
            elif last - first > _SHORTEST:
                middle = (first + last) / 2
                todo += [(middle, last), (first, middle)]
            else:
                reason = f"no line for predictions {r}, {s} on [{float(first):g}, {float(last):g}]"
                raise EngineCannotAnswerError("certificate", reason, None)
        return done

    def _tries(
        self, r: int, s: int, first: Fraction, last: Fraction, low: Fraction, high: Fraction
    ) -> Iterator[Fields]:
        """Witnesses, the cheapest first: chords, then what is best near 0 or in the middle."""
        for slope in _slopes(first, last, low, high):
            yield _chord(slope, low, high, s, self.read.scores)
        if first == 0:
            yield from forecasts.near_zero(self.decision, r, s)
        yield from forecasts.multipliers(self.decision, r, s, (first + last) / 2)


def _slopes(first: Fraction, last: Fraction, low: Fraction, high: Fraction) -> list[Tree]:
    """lam = 4 b/(a + g)^2, and the slope of the pair's bound at the middle, rational."""
    whole = low + high
    b = (first + last) / 2
    u, w = float((b + low) / whole), float(low / whole)
    u = min(u, 1 - 1e-9)
    w = max(w, 1e-9)
    best = math.log(u * (1 - w) / (w * (1 - u))) / float(whole)
    fixed = str(Fraction(best).limit_denominator(1000))
    near: Tree = ["mul", str(4 / whole**2), "x"]
    steep: list[Tree] = [] if low == 0 else [["mul", str(1 / (low * high)), "x"]]
    return [near, *steep, fixed] if first == 0 else [fixed, near, *steep]


def _chord(slope: Tree, low: Fraction, high: Fraction, s: int, predictions: int) -> Fields:
    """Level and weights of the chord of exp(lam d) over [-a, g]."""
    level: Tree
    whole = low + high
    down, up = ["exp", mul(str(-low), slope)], ["exp", mul(str(high), slope)]
    if low == 0:
        level, weight = "1", mul(str(1 / whole), add(up, "-1"))
    else:
        level = add(mul(str(high / whole), down), mul(str(low / whole), up))
        weight = mul(str(1 / whole), add(up, mul("-1", down)))
    weights = [weight if k == s else "0" for k in range(predictions)]
    return {"slope": slope, "level": level, "weights": weights}


def _piece(
    read: Statement, r: int, s: int, first: Fraction, last: Fraction, witness: Fields
) -> Fields | None:
    """A piece with a method for each inequality, as the checker accepts them."""
    ends: list[Tree] = [str(first), str(last)]
    data: Fields = {"from": ends[0], "to": ends[1], "at": "x", "witness": witness}
    assert read.costs is not None, "costs are stated"
    count = 1 + len(read.costs[0]) + len(read.costs)  # the line, labels, weights
    piece = Piece(ends[0], ends[1], "x", {**data, "method": [_METHODS[0]] * count})
    chosen = methods_of(plugin.on_piece(read, r, s, piece, ends), count, _METHODS)
    return None if chosen is None else {**data, "method": chosen}
