"""The search for a certificate.

In order: a certified counterexample where estimates show one, closed-form witnesses whose claim is
an identity, and boxes: exact witnesses near 0 (a ladder of derivatives) and rational ones
elsewhere, cut until the checker's own rules accept each.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import BALLS, SYMPY, endpoints, evaluate, precision
from hconsist.certificates.margins import NO_PROOF, kinks, least_values, minimiser, refuting_point
from hconsist.certificates.statements import Relation, statement, tanh
from hconsist.checker import SCHEMA, Rejected, Statement, Tree, check, digest, prove
from hconsist.engines.rigorous import transform
from hconsist.engines.rigorous.branch import minimise
from hconsist.engines.rigorous.regions import PairBound, comp_sum_regions
from hconsist.engines.rigorous.risk import SoftmaxRisk, pool
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import CompSum, SoftmaxLoss
from hconsist.pointwise import PointwiseProblem, beta_symbol

if TYPE_CHECKING:
    import sympy

#: Called with a line on what the search is doing.
Progress = Callable[[str], None]

_GRID = tuple(
    Fraction(s)
    for s in ("1/2", "9/10", "1/4", "1/10", "3/4", "99/100", "1", "1/100", "1/3", "2/3", "1/1000")
)
#: Seconds between checkpoints.
_SAVE_EVERY = 5.0
#: log((1 + x)/(1 - x)): the best score of logistic losses at beta = x.
_LOG_ODDS = ["log", ["mul", ["add", "1", "x"], ["pow", ["add", "1", ["mul", "-1", "x"]], "-1"]]]


@dataclass
class Search:
    """A search for a certificate of one statement, which can be cut short and taken up again.

    Parameters
    ----------
    problem : PointwiseProblem
    relation : {">=", "<="}
    claim : sympy.Expr
        In `beta_symbol()`.
    time_budget : float
        Seconds.
    max_boxes : int
    progress : callable, optional
    checkpoint : callable, optional
        Called every few seconds with an undecided certificate that holds what is finished.
    """

    problem: PointwiseProblem
    relation: Relation
    claim: sympy.Expr
    time_budget: float = 60.0
    max_boxes: int = 20_000
    progress: Progress | None = None
    checkpoint: Callable[[dict[str, Any]], None] | None = None
    _started: float = field(default=0.0, init=False)
    _concave: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.statement = statement(self.problem, self.relation, self.claim)
        try:
            with precision(160):
                self._concave = getattr(Statement(self.statement), "concave", False)
        except Rejected as problem:
            raise EngineCannotAnswerError("certificate", str(problem), "rigorous") from problem

    def run(self, resume: dict[str, Any] | None = None) -> dict[str, Any]:
        """Search, and return a certificate; its verdict is "undecided" when the budget ends first.

        Parameters
        ----------
        resume : dict, optional
            An undecided certificate of the same statement: its finished boxes are kept.

        Raises
        ------
        InvalidInputError
            When the certificate to resume is about another statement.
        """
        if resume is not None and resume.get("statement") != self.statement:
            raise InvalidInputError(
                "only the same claim can be resumed",
                "another statement",
                "drop --resume, or repeat the claim",
            )
        self._started = time.monotonic()
        if resume is None:
            for verdict, proof in self._cheap():
                found = self._accepted(verdict, proof)
                if found is not None:
                    return found
        return self._boxes((resume or {}).get("proof", {}).get("progress"))

    def _say(self, line: str) -> None:
        if self.progress is not None:
            self.progress(line)

    def _finish(self, verdict: str, lemmas: list[str], proof: dict[str, Any]) -> dict[str, Any]:
        certificate = {
            "schema": SCHEMA,
            "statement": self.statement,
            "verdict": verdict,
            "lemmas": lemmas,
            "proof": proof,
        }
        return {**certificate, "digest": digest(certificate)}

    def _accepted(self, verdict: str, proof: dict[str, Any]) -> dict[str, Any] | None:
        """The certificate, if the checker accepts it."""
        with precision(160):
            try:
                test = Statement(self.statement)
                (test.holds if verdict == "holds" else test.violated)(proof)
                certificate = self._finish(verdict, sorted(test.lemmas), proof)
                check(certificate)
            except NO_PROOF:
                return None
        return certificate

    # ---- one shot ----

    def _cheap(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Counterexamples that estimates suggest, then proofs without boxes."""
        if self.relation == ">=":
            yield from (("violated", proof) for proof in self._counterexamples())
        else:
            for beta in _GRID:
                for options in self._options:
                    for witness in self._rational_witnesses(beta):
                        yield "violated", {**options, "beta": str(beta), "witness": witness}
        for options in self._options:
            for pieces in self._closed_forms():
                yield "holds", {**options, "pieces": pieces}

    @cached_property
    def _options(self) -> list[dict[str, Any]]:
        """What a proof says besides its pieces: the scaling exponent of a softmax loss, the least
        values of a margin loss.
        """
        loss = self.problem.surrogate
        if isinstance(loss, SoftmaxLoss):
            e = str(_scaling(loss))
            return [{"scaling": e, "exact": False}, {"scaling": e, "exact": True}]
        with precision(160):
            return least_values(self.statement)

    def _closed_forms(self) -> Iterator[list[dict[str, Any]]]:
        """Families of pieces with exact witnesses; the checker decides which fits."""

        def piece(low: Tree, high: Tree, witness: Any, beta: Tree = "x") -> dict[str, Any]:
            return {"from": low, "to": high, "at": beta, "witness": witness, "method": "algebra:0"}

        if self.statement["loss"]["kind"] == "softmax":
            for witness in self._softmax_witnesses:
                yield [piece("0", "1", witness)]
            if (
                self._concave and self.statement["classes"] != "any"
            ):  # theorem C has its kinks at 1, 1/2, 1/3, ...
                edges = [
                    "0",
                    *(str(Fraction(1, k)) for k in range(self.statement["classes"] - 1, 0, -1)),
                ]
                yield [piece(low, high, ["1", "0"]) for low, high in itertools.pairwise(edges)]
            return
        B = self.statement["score_bound"]
        turns = [str(abs(t)) for t in kinks(self.statement["loss"]["formula"])]
        scores: list[Tree] = ["1", "x", _LOG_ODDS, ["mul", "1/2", _LOG_ODDS], B or "inf", *turns]
        for witness in scores:
            yield [piece("0", "1", witness)]
        if B:
            least = str(min(Fraction(B), Fraction(1)))
            yield [piece("0", "1", least)]
            if least != "1":
                yield [piece("0", least, "x"), piece(least, "1", least)]
            for factor in ("1", "1/2"):
                reach = tanh(str(Fraction(factor) * Fraction(B)))
                yield [piece("0", B, "x", tanh(["mul", factor, "x"])), piece(reach, "1", B)]

    @cached_property
    def _softmax_witnesses(self) -> list[list[Tree]]:
        """Optimal softmax values of two labels at beta = x, where -g' is a power; otherwise
        guesses.
        """
        if self._concave:
            return [["1", "0"]]
        e = _scaling(self.problem.surrogate)  # type: ignore[arg-type]
        terms = [["add", "1", "x"], ["add", "1", ["mul", "-1", "x"]]]
        if e == 0:
            optimal: list[Tree] = [["mul", "1/2", t] for t in terms]
        else:
            weights = [["pow", t, str(1 / (1 - e))] for t in terms]
            optimal = [["mul", w, ["pow", ["add", *weights], "-1"]] for w in weights]
        if not isinstance(self.problem.surrogate, CompSum):
            return [optimal, ["1", "0"], self._slanted()]
        tilt = 1 / (2 - 2 * e)  # the same to first order, and less to evaluate
        affine: list[Tree] = [["add", "1/2", ["mul", str(k), "x"]] for k in (tilt, -tilt)]
        return [affine, optimal] if e else [optimal]

    def _slanted(self) -> list[Tree]:
        """Softmax values affine in beta that are nearly optimal for small beta."""
        step = Fraction(1, 1000)
        witness = self._rational_witnesses(step)
        if not witness:
            return ["1", "0"]
        tilt = ((Fraction(witness[0][0]) - Fraction(1, 2)) / step).limit_denominator(12)
        return [["add", "1/2", ["mul", str(tilt), "x"]], ["add", "1/2", ["mul", str(-tilt), "x"]]]

    def _rational_witnesses(self, b: Fraction) -> list[Any]:
        """Nearly optimal witnesses at one beta, rational."""
        if self.statement["loss"]["kind"] == "softmax":
            risk = SoftmaxRisk(self.problem.surrogate.separable)  # type: ignore[arg-type]
            if b == 1 or self._concave:
                return [["1", "0"]]
            try:
                with precision(96):
                    point = risk.optimum(((1 + b) / 2, (1 - b) / 2), (1, 1))
            except (ArithmeticError, ValueError):
                return []
            first = Fraction(point.coordinates[0])
            return [[str(first), str(1 - first)]]
        best = minimiser(self.problem.surrogate, b, self.problem.hypotheses.score_bound)  # type: ignore[arg-type]
        return [str(best)]

    def _counterexamples(self) -> Iterator[dict[str, Any]]:
        """Points whose regret is below the claim, by the rigorous engine or by the margin's
        minimiser.
        """
        for beta in _GRID:
            if time.monotonic() - self._started > self.time_budget / 2:
                return
            claimed = self._claimed(beta)
            if claimed is None:
                continue
            proof = (
                self._softmax_point(beta, claimed)
                if self.statement["loss"]["kind"] == "softmax"
                else refuting_point(self.problem, self.statement, beta, claimed)
            )
            if proof is not None:
                yield proof

    def _claimed(self, beta: Fraction) -> Fraction | None:
        """A lower bound of the claim at one beta."""
        with precision(96):
            try:
                return endpoints(evaluate(self.claim, {beta_symbol(): BALLS.const(beta)}, BALLS))[0]
            except ArithmeticError:
                return None

    def _softmax_point(self, beta: Fraction, claimed: Fraction) -> dict[str, Any] | None:
        loss, n = self.problem.surrogate, self.statement["classes"]
        if n == "any" or not isinstance(loss, CompSum):
            return None
        if loss.tau > 2:
            answer = transform(self.problem, beta)
            if answer.upper is None or answer.upper >= claimed or answer.witness is None:
                return None
            chosen = [
                i for i, s in enumerate(answer.witness.scores) if s == max(answer.witness.scores)
            ]
            point = [str(Fraction(1, len(chosen))) if i in chosen else "0" for i in range(n)]
            return {"beta": str(beta), "p": [str(v) for v in answer.witness.p], "point": point}
        with precision(96):
            risk = SoftmaxRisk(loss.separable)
            pairs = PairBound(risk, Fraction(loss.tau), beta)
            found = minimise(risk, comp_sum_regions(n, beta), Fraction(1, 10**5), 2000, None, pairs)
            if found.upper >= claimed:
                return None
            q, sizes, members = pool(found.values, found.counts, 1)
            tied, free = (
                risk.optimum(q, sizes).coordinates,
                risk.optimum(found.values, found.counts).coordinates,
            )
        others = dict(zip(q[1:], tied[1:], strict=True))
        p: list[Fraction] = []
        point_: list[Fraction] = []
        reference: list[Fraction] = []
        for i, (value, count) in enumerate(zip(found.values, found.counts, strict=True)):
            if count:
                p += [value] * count
                point_ += [tied[0] if i in members else others[value]] * count
                reference += [free[i]] * count
        zeros = [Fraction(0)] * (n - len(p))
        return {"beta": str(beta)} | {
            key: [str(v) for v in [*values, *zeros]]
            for key, values in (("p", p), ("point", point_), ("reference", reference))
        }

    # ---- boxes ----

    def _boxes(self, state: dict[str, Any] | None) -> dict[str, Any]:
        """Cut [0, 1] until every part has a proof."""
        state = state or {"option": 0, "done": [], "todo": [["0", "1"]]}
        options = self._options
        reason = "the claim was not settled"
        with precision(160):
            for index in range(state["option"], len(options)):
                if index != state["option"]:
                    state = {"option": index, "done": [], "todo": [["0", "1"]]}
                done, todo = list(state["done"]), [tuple(t) for t in state["todo"]]
                test = Statement(self.statement)
                failed = not self._prepared(test, options[index])
                todo = [] if failed else todo
                saved = self._started
                while todo:
                    now = time.monotonic()
                    state = {"option": index, "done": done, "todo": [list(t) for t in todo]}
                    if (
                        now - self._started > self.time_budget
                        or len(done) + len(todo) > self.max_boxes
                    ):
                        reason = (
                            f"the budget ended after {len(done)} boxes and "
                            f"{now - self._started:.0f} s"
                        )
                        return self._undecided(f"{reason}, with {len(todo)} left", state)
                    if self.checkpoint is not None and now - saved > _SAVE_EVERY:
                        self.checkpoint(
                            self._undecided(
                                f"interrupted after {len(done)} boxes, with {len(todo)} left", state
                            )
                        )
                        saved = now
                    low, high = todo[-1]
                    try:
                        piece = self._proven(test, options[index], low, high)
                    except KeyboardInterrupt:
                        return self._undecided(
                            f"interrupted after {len(done)} boxes, with {len(todo)} left", state
                        )
                    todo.pop()
                    if piece is not None:
                        done.append(piece)
                    elif Fraction(high) - Fraction(low) < Fraction(1, 2**20):
                        failed = True
                        reason = (
                            f"no proof on [{float(Fraction(low)):.6g}, "
                            f"{float(Fraction(high)):.6g}]: tight or false there"
                        )
                        break
                    else:
                        middle = str((Fraction(low) + Fraction(high)) / 2)
                        todo += [(middle, high), (low, middle)]
                    if (len(done) + len(todo)) % 20 == 0:
                        self._say(f"{len(done)} boxes proven, {len(todo)} to do")
                if not failed:
                    pieces = sorted(done, key=lambda p: Fraction(p["from"]))
                    found = self._accepted("holds", {**options[index], "pieces": pieces})
                    if found is not None:
                        return found
        return self._undecided(reason, None)

    def _undecided(self, reason: str, state: dict[str, Any] | None) -> dict[str, Any]:
        return self._finish(
            "undecided", [], {"reason": reason} | ({"progress": state} if state else {})
        )

    def _proven(
        self, test: Statement, options: dict[str, Any], low: str, high: str
    ) -> dict[str, Any] | None:
        """A piece that the checker's rules accept on this interval."""
        first, last = Fraction(low), Fraction(high)
        middle = (first + last) / 2
        if self.statement["loss"]["kind"] == "softmax":
            exact_ones: list[Any] = self._softmax_witnesses
        else:
            exact_ones = [
                "x",
                ["mul", "1/2", "x"],
                ["mul", "2", "x"],
                _LOG_ODDS,
                ["mul", "1/2", _LOG_ODDS],
            ]
        orders: tuple[str, ...] = ("balls:2", "balls:1") if low == "0" else ("balls:1",)
        places = [middle]
        if (
            self.relation == "<="
        ):  # a tangent left of the piece is the flatter one where the loss is steep
            places.append(max(2 * first - last, Fraction(0)))
        rational = [w for b in places for w in self._rational_witnesses(b)]
        exact = [(w, m) for m in orders for w in exact_ones]
        cheap = [(w, m) for w in rational for m in ("algebra:0", "balls:0", "balls:1")]
        # Near 0 only the exact witness serves; elsewhere a rational one leaves less for the checker
        # to evaluate.
        tries = exact + cheap if 8 * first < 1 else cheap + exact
        if (
            Fraction(1, 512) <= last <= Fraction(1, 8) and 2 * first <= last
        ):  # long derivatives: sparingly
            tries += [
                (w, m) for m in ("balls:4", "balls:6") for w in exact_ones if "log" not in str(w)
            ]
        for witness, method in tries:
            if time.monotonic() - self._started > self.time_budget:
                return None
            try:
                piece = {"from": low, "to": high, "at": "x", "witness": witness, "method": method}
                for tree_, how in test.inequalities(options, piece, [low, high]):
                    prove(tree_, "x", low, high, how)
            except NO_PROOF:
                continue
            return piece
        return None

    def _prepared(self, test: Statement, options: dict[str, Any]) -> bool:
        """Whether the checker accepts what a proof rests on."""
        try:
            test.prepare(options)
        except NO_PROOF:
            return False
        return True


def _scaling(loss: SoftmaxLoss) -> Fraction:
    """The exponent e of ``g(t u) = g(t) + t^e (g(u) - g(1))`` where there is one, else 0."""
    import sympy

    if isinstance(loss, CompSum):
        return Fraction(loss.tau) - 1
    u = sympy.Symbol("u", positive=True)
    g = loss.of_softmax(u, SYMPY)
    e = sympy.simplify(1 + u * sympy.diff(g, u, 2) / sympy.diff(g, u))
    return Fraction(int(e.p), int(e.q)) if e.is_Rational else Fraction(0)


def certify(
    problem: PointwiseProblem,
    relation: Relation,
    claim: sympy.Expr,
    *,
    time_budget: float = 60.0,
    max_boxes: int = 20_000,
    progress: Progress | None = None,
    resume: dict[str, Any] | None = None,
    checkpoint: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Search for a certificate that ``T(beta) relation claim(beta)`` for every beta in [0, 1], or
    that it fails.

    Parameters
    ----------
    problem : PointwiseProblem
        A softmax loss with complete H, or a binary margin loss with any H; n_classes may be a
        symbol.
    relation : {">=", "<="}
        ``<=`` is proven of convex losses of the softmax value, and refuted wherever ``>=`` has a
        method.
    claim : sympy.Expr
        In `beta_symbol()`.
    time_budget : float
        Seconds after which the search stops with verdict "undecided" and a state to resume from.
    max_boxes : int
    progress : callable, optional
    resume : dict, optional
        An undecided certificate of the same statement.
    checkpoint : callable, optional
        Called every few seconds with an undecided certificate that holds what is finished. An
        interrupt (Ctrl-C) during the boxes ends the search with such a certificate too.

    Returns
    -------
    dict
        JSON-ready; see docs/certificate.md. `hconsist.checker.check` has accepted it.

    Examples
    --------
    >>> from hconsist.certificates import parse_claim
    >>> relation, claim = parse_claim("T >= b**2/2", 3)
    >>> certify(PointwiseProblem("logistic", n_classes=3), relation, claim)["verdict"]
    'holds'
    """
    return Search(problem, relation, claim, time_budget, max_boxes, progress, checkpoint).run(
        resume
    )


def read(path: Path) -> dict[str, Any]:
    """A certificate file.

    Raises
    ------
    InvalidInputError
        When it cannot be read or is not JSON.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidInputError(
            "a certificate must be a readable JSON file", str(path), str(problem)
        ) from problem
    if not isinstance(value, dict):
        raise InvalidInputError(
            "a certificate must be a JSON object", str(path), "write one with hconsist certify"
        )
    return value
