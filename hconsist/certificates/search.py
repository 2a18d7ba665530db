"""The search for a certificate.

In order: a certified counterexample where estimates show one, closed-form witnesses whose claim is
an identity, and boxes: exact witnesses near 0 (a ladder of derivatives) and rational ones
elsewhere, cut until the checker's own rules accept each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hconsist.arithmetic import BALLS, endpoints, evaluate, precision
from hconsist.certificates import pools, ties, witnesses
from hconsist.certificates.files import accepted, sealed
from hconsist.certificates.margins import least_values, refuting_point
from hconsist.certificates.methods import all_hold
from hconsist.certificates.statements import Relation, statement
from hconsist.checker import Rejected, Tree, read_statement
from hconsist.checker.coverage import Piece
from hconsist.checker.obligations import Obligation
from hconsist.checker.reading import Fields
from hconsist.checker.rules import LOWER, above, lower
from hconsist.checker.rules.shapes import concave, convex
from hconsist.checker.statements import Statement
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import SoftmaxLoss
from hconsist.pointwise import PointwiseProblem, beta_symbol

if TYPE_CHECKING:
    import sympy

#: Called with a line on what the search is doing.
Progress = Callable[[str], None]

#: Seconds between checkpoints.
_SAVE_EVERY = 5.0


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
    checkpoint: Callable[[Fields], None] | None = None
    _started: float = field(default=0.0, init=False)
    _concave: bool = field(default=False, init=False)
    _convex: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.statement = statement(self.problem, self.relation, self.claim)
        try:
            with precision(160):
                self._read = read_statement(self.statement)
                if self._softmax:
                    self._convex, self._concave = self._shape(convex), self._shape(concave)
        except Rejected as problem:
            raise EngineCannotAnswerError("certificate", str(problem), "rigorous") from problem
        if self._softmax and not (self._convex or (self._concave and not self.wide)):
            raise EngineCannotAnswerError(
                "certificate",
                "the loss must fall, and be convex or concave, in the softmax value",
                "rigorous",
            )

    @property
    def _softmax(self) -> bool:
        return bool(self.statement["loss"]["kind"] == "softmax")

    @property
    def wide(self) -> bool:
        """Whether softmax values are bounded, or several labels predicted."""
        return self._softmax and ("scores" in self.statement["hypotheses"]
                                  or "k" in self.statement["target"])  # fmt: skip

    def _shape(self, conditions: Callable[[Statement], Iterable[Obligation]]) -> bool:
        return all_hold(conditions(self._read))

    def run(self, resume: Fields | None = None) -> Fields:
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

    def _finish(self, verdict: str, lemmas: list[str], proof: Fields) -> Fields:
        return sealed(self.statement, verdict, proof, lemmas)

    def _accepted(self, verdict: str, proof: Fields) -> Fields | None:
        """The certificate, if the checker accepts it."""
        rule = LOWER.get(proof["rule"])
        return accepted(self._finish(verdict, list(rule.lemmas) if rule else [], proof))

    # ---- one shot ----

    def _cheap(self) -> Iterator[tuple[str, Fields]]:
        """Counterexamples that estimates suggest, then proofs without boxes."""
        if self.relation == ">=":
            yield from (("violated", proof) for proof in self._counterexamples())
        else:
            for beta in witnesses.GRID:
                for options in self.lower_options:
                    for witness in self._rational_witnesses(beta, options):
                        yield "violated", {**options, "beta": str(beta), "witness": witness}
        for options in self._options:
            for pieces in self._closed_forms(options):
                yield "holds", {**options, "pieces": pieces}

    @cached_property
    def lower_options(self) -> list[Fields]:
        """Rules for lower bounds of T, with what their proofs say besides pieces."""
        loss, n = self.problem.surrogate, self.statement["classes"]
        if not isinstance(loss, SoftmaxLoss):
            with precision(160):
                return least_values(self.statement)
        if self.wide:
            return ties.options(self.statement, ">=", witnesses.scaling(loss))
        if self._concave:
            return [{"rule": "concave pair"}, {"rule": "theorem C"}]
        return witnesses.convex_rules(loss, n)

    @cached_property
    def _options(self) -> list[Fields]:
        """Rules that may prove the claim."""
        if self.relation == ">=":
            return self.lower_options
        if not self._convex:
            return []
        return [{"rule": "tie"}] if self.wide else [{"rule": "tangent"}]

    def _closed_forms(self, options: Fields) -> Iterator[list[Fields]]:
        """Families of pieces with exact witnesses; the checker decides which fits."""
        if options["rule"] in ties.RULES:
            yield from ties.closed(self.statement, options["rule"], self._exact_witnesses(options))
        elif options["rule"] in ("concave pair", "theorem C"):
            yield from witnesses.closed_concave(self.statement["classes"])
        elif options["rule"] == "margin":
            yield from witnesses.closed_margins(self.statement)
        else:
            for witness in self._exact_witnesses(options):
                yield [witnesses.piece("0", "1", witness)]

    def _exact_witnesses(self, options: Fields) -> Sequence[Any]:
        """Witnesses at beta = x."""
        if options["rule"] in ("concave pair", "theorem C"):
            return [None]
        if options["rule"] == "margin":
            return witnesses.scores_in_beta()
        if options["rule"] == "pools":
            return []
        pairs = self._pairs
        if options["rule"] in ties.RULES:
            e = witnesses.scaling(self.problem.surrogate)  # type: ignore[arg-type]
            tilt = 1 / (2 - 2 * e) if e < 1 else Fraction(1, 2)
            return ties.exact(self.statement, options["rule"], pairs, tilt)
        return [pair[0] for pair in pairs] if options["rule"] == "tangent" else list(pairs)

    @cached_property
    def _pairs(self) -> list[list[Tree]]:
        if self._concave:
            return [witnesses.CORNER]
        return witnesses.pairs_in_beta(self.problem.surrogate)  # type: ignore[arg-type]

    def rational_pairs(self, b: Fraction) -> list[list[Tree]]:
        """Softmax values of two labels and all scores that are nearly optimal."""
        if self._concave:
            return [witnesses.CORNER]
        return witnesses.rational_pairs(self.problem.surrogate, b)  # type: ignore[arg-type]

    def _rational_witnesses(self, b: Fraction, options: Fields) -> Sequence[Any]:
        """Nearly optimal witnesses at one beta, rational."""
        if options["rule"] in ("concave pair", "theorem C"):
            return [None]
        if options["rule"] == "margin":
            return witnesses.rational_score(self.problem, b)
        if options["rule"] == "pools":
            return pools.rational(Fraction(options["scaling"]), self.statement["classes"], b)
        found = self.rational_pairs(b)
        if options["rule"] in ties.RULES:
            with precision(96):
                return ties.rational(self.statement, options["rule"], b, found)
        return [pair[0] for pair in found] if options["rule"] == "tangent" else list(found)

    def _counterexamples(self) -> Iterator[Fields]:
        """Points whose regret is below the claim, by the rigorous engine or by the margin's
        minimiser.
        """
        for beta in witnesses.GRID:
            if time.monotonic() - self._started > self.time_budget / 2:
                return
            claimed = self._claimed(beta)
            if claimed is None:
                continue
            if self.wide:
                found = self.rational_pairs(beta)
                proof = ties.refuting(self.statement, beta, found)
            elif self._softmax:
                n = self.statement["classes"]
                proof = witnesses.refuting_distribution(self.problem, n, beta, claimed)
            else:
                proof = refuting_point(self.problem, self.statement, beta, claimed)
            if proof is not None:
                yield proof

    def _claimed(self, beta: Fraction) -> Fraction | None:
        """A lower bound of the claim at one beta."""
        with precision(96):
            try:
                return endpoints(evaluate(self.claim, {beta_symbol(): BALLS.const(beta)}, BALLS))[0]
            except ArithmeticError:
                return None

    # ---- boxes ----

    def _boxes(self, state: Fields | None) -> Fields:
        """Cut [0, 1] until every part has a proof."""
        state = state or {"option": 0, "done": [], "todo": [["0", "1"]]}
        options = self._options
        reason = "the claim was not settled"
        with precision(160):
            for index in range(state["option"], len(options)):
                if index != state["option"]:
                    state = {"option": index, "done": [], "todo": [["0", "1"]]}
                done, todo = list(state["done"]), [tuple(t) for t in state["todo"]]
                failed = not self._prepared(options[index])
                todo = [] if failed else todo
                saved = self._started
                while todo:
                    now = time.monotonic()
                    state = {"option": index, "done": done, "todo": [list(t) for t in todo]}
                    spent = now - self._started
                    left = f"{len(done)} boxes, with {len(todo)} left"
                    if spent > self.time_budget or len(done) + len(todo) > self.max_boxes:
                        reason = f"the budget ended after {spent:.0f} s and {left}"
                        return self._undecided(reason, state)
                    if self.checkpoint is not None and now - saved > _SAVE_EVERY:
                        self.checkpoint(self._undecided(f"interrupted after {left}", state))
                        saved = now
                    low, high = todo[-1]
                    try:
                        piece = self._proven(options[index], low, high)
                    except KeyboardInterrupt:
                        return self._undecided(f"interrupted after {left}", state)
                    todo.pop()
                    if piece is not None:
                        done.append(piece)
                    elif Fraction(high) - Fraction(low) < Fraction(1, 2**20):
                        failed = True
                        ends = f"[{float(Fraction(low)):.6g}, {float(Fraction(high)):.6g}]"
                        reason = f"no proof on {ends}: tight or false there"
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

    def _undecided(self, reason: str, state: Fields | None) -> Fields:
        return self._finish(
            "undecided", [], {"reason": reason} | ({"progress": state} if state else {})
        )

    def _proven(self, options: Fields, low: str, high: str) -> Fields | None:
        """A piece that the checker's rules accept on this interval."""
        for witness, method in self.tries(options, Fraction(low), Fraction(high)):
            if time.monotonic() - self._started > self.time_budget:
                return None
            data = {"from": low, "to": high, "at": "x", "witness": witness, "method": method}
            piece = Piece(low, high, "x", data)
            if options["rule"] in ("tie", "pools"):
                chosen = (ties.methods(self._read, piece, method) if options["rule"] == "tie"
                          else pools.methods(self._read, options, piece, method))  # fmt: skip
                if chosen is not None:
                    return {**data, "method": chosen}
                continue
            if self.relation == "<=":
                found = above.on_piece(self._read, piece, [low, high])
            else:
                rule = LOWER[options["rule"]]
                found = lower.on_piece(rule, self._read, options, piece, [low, high])
            if all_hold(found):
                return data
        return None

    def tries(self, options: Fields, first: Fraction, last: Fraction) -> list[tuple[Any, str]]:
        """Witnesses with methods, the likeliest first."""
        if options["rule"] == "pools":
            return pools.tries(Fraction(options["scaling"]), self.statement["classes"], first, last)
        exact_ones = self._exact_witnesses(options)
        orders: tuple[str, ...] = ("balls:2", "balls:1") if first == 0 else ("balls:1",)
        places = [(first + last) / 2]
        if self.relation == "<=":
            # A tangent left of the piece is the flatter one where the loss is steep.
            places.append(max(2 * first - last, Fraction(0)))
        rational = [w for b in places for w in self._rational_witnesses(b, options)]
        exact = [(w, m) for m in orders for w in exact_ones]
        if (first == 0 or last == 1) and self._algebraic:  # tight at an end: balls do not see it
            exact += [(w, "algebra:0") for w in exact_ones if "log" not in str(w)]
        cheap = [(w, m) for w in rational for m in ("algebra:0", "balls:0", "balls:1")]
        # Near 0 only the exact witness serves; elsewhere a rational one leaves less for the checker
        # to evaluate.
        tries = exact + cheap if 8 * first < 1 else cheap + exact
        if Fraction(1, 512) <= last <= Fraction(1, 8) and 2 * first <= last:
            # Long derivatives: sparingly.
            plain = [w for w in exact_ones if "log" not in str(w)]
            tries += [(w, m) for m in ("balls:4", "balls:6") for w in plain]
        return tries

    @cached_property
    def _algebraic(self) -> bool:
        """Whether the statement is made of powers alone."""
        said = str([self.statement["loss"]["formula"], self.statement["claim"]["formula"]])
        return not any(word in said for word in ("'log'", "'exp'", "'xlogx'"))

    def _prepared(self, options: Fields) -> bool:
        """Whether the checker accepts what a proof rests on."""
        if self.relation == "<=":
            return self._convex
        return all_hold(LOWER[options["rule"]].conditions(self._read, options))
