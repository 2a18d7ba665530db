"""Search for certificates: files from which `hconsist.checker` re-verifies a claim about T without trusting this package.

The search tries, in order, a certified counterexample where estimates show one, closed-form witnesses whose claim is an
identity, and boxes: exact witnesses near 0 (a ladder of derivatives) and rational ones elsewhere, cut until the checker's
own rules accept each. What it produces is checked before it is returned; nothing is called proven that the checker has not
accepted.
"""

from __future__ import annotations

import functools
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hconsist.arithmetic import BALLS, SYMPY, endpoints, evaluate, exact, precision
from hconsist.checker import SCHEMA, Rejected, Statement, Tree, ball, check, digest, minus, mul, prove, put, same
from hconsist.engines.rigorous import transform
from hconsist.engines.rigorous.branch import minimise
from hconsist.engines.rigorous.regions import PairBound, comp_sum_regions
from hconsist.engines.rigorous.risk import SoftmaxRisk, pool
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import CompSum, MarginLoss, SoftmaxLoss, ZeroOne
from hconsist.pointwise import PointwiseProblem, beta_symbol

if TYPE_CHECKING:
    import sympy

Relation = Literal[">=", "<="]
#: Called with a line on what the search is doing.
Progress = Callable[[str], None]

_GRID = tuple(Fraction(s) for s in ("1/2", "9/10", "1/4", "1/10", "3/4", "99/100", "1", "1/100", "1/3", "2/3", "1/1000"))
#: Seconds between checkpoints.
_SAVE_EVERY = 5.0
#: What the checker's rules may raise on a proof that does not fit.
_NO_PROOF = (Rejected, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)
#: log((1 + x)/(1 - x)): the best score of logistic losses at beta = x.
_LOG_ODDS = ["log", ["mul", ["add", "1", "x"], ["pow", ["add", "1", ["mul", "-1", "x"]], "-1"]]]


def tree(expression: sympy.Expr, names: dict[sympy.Symbol, str]) -> Tree:
    """The certificate's form of an expression.

    Parameters
    ----------
    expression : sympy.Expr
        Built from + * powers with rational exponents, exp, log, tanh, Max, Min and cases ``b <= constant``.
    names : dict
        One letter for each symbol.

    Raises
    ------
    InvalidInputError
        For anything else.

    Examples
    --------
    >>> import sympy
    >>> b = sympy.Symbol("b")
    >>> tree(b**2 / 2, {b: "b"})
    ['mul', '1/2', ['pow', 'b', '2']]
    """
    import sympy

    def walk(e: Any) -> Tree:
        if e in names:
            return names[e]
        if e.is_Rational:
            return str(Fraction(int(e.p), int(e.q)))
        if e.is_Float:
            return str(exact(e, "a coefficient"))
        if e is sympy.E:
            return ["exp", "1"]
        if e.is_Add:
            return ["add", *map(walk, e.args)]
        if e.is_Mul:
            return ["mul", *map(walk, e.args)]
        if isinstance(e, sympy.exp):
            return ["exp", walk(e.args[0])]
        if e.is_Pow and e.exp.is_Rational:
            base = _positive_factors(e.base) if e.exp.q != 1 else [e.base]
            inner = walk(base[0]) if len(base) == 1 else ["mul", *map(walk, base)]
            return ["pow", inner, str(Fraction(int(e.exp.p), int(e.exp.q)))]
        if isinstance(e, sympy.log):
            return ["log", walk(e.args[0])]
        if isinstance(e, sympy.tanh):
            return _tanh(walk(e.args[0]))
        if isinstance(e, sympy.sinh | sympy.cosh | sympy.coth):
            return walk(e.rewrite(sympy.exp))
        if isinstance(e, sympy.Min):
            return ["mul", "-1", walk(sympy.Max(*(-a for a in e.args)))]
        if isinstance(e, sympy.Max):
            return functools.reduce(lambda s, t: ["max", s, t], map(walk, e.args))
        if isinstance(e, sympy.Piecewise):
            (value, condition), *rest = e.args
            if condition == True or not rest:  # noqa: E712 (SymPy's own truth)
                return walk(value)
            if isinstance(condition, sympy.LessThan | sympy.StrictLessThan):
                return ["ifle", walk(condition.lhs), walk(condition.rhs), walk(value), walk(sympy.Piecewise(*rest))]
        raise InvalidInputError(
            "a certificate's formula must be built from known functions", str(e), "use powers, exp, log, tanh"
        )

    return walk(sympy.sympify(expression))


def _tanh(t: Tree) -> Tree:
    """tanh t as 1 - 2/(1 + exp(2 t)), which has its limits at both infinities."""
    return ["add", "1", ["mul", "-2", ["pow", ["add", "1", ["exp", mul("2", t)]], "-1"]]]


def _positive_factors(base: Any) -> list[Any]:
    """Factors of a polynomial base, each positive at 1/2 where that is possible."""
    import sympy

    symbols = base.free_symbols
    if len(symbols) != 1 or not base.is_polynomial(*symbols):
        return [base]
    (x,) = symbols
    constant, factors = sympy.factor_list(base)
    result = []
    for factor, count in factors:
        if factor.subs(x, sympy.Rational(1, 2)) < 0:
            factor, constant = -factor, constant * (-1) ** count
        result += [factor] * count
    return [constant, *result] if constant != 1 else result


def parse_claim(text: str, n_classes: Any) -> tuple[Relation, sympy.Expr]:
    """Read ``T >= EXPR`` or ``T <= EXPR`` in the variables b (or beta) and n.

    Raises
    ------
    InvalidInputError
        When the text has another form, or other variables.

    Examples
    --------
    >>> parse_claim("T >= b**2/2", 3)
    ('>=', beta**2/2)
    """
    import sympy

    remedy = 'write it as "T >= b**2/2", with b for the target regret and n for the number of classes'
    head, sign, body = text.partition(">=") if ">=" in text else text.partition("<=")
    if head.strip() not in ("T", "T(b)", "T(beta)") or not body.strip():
        raise InvalidInputError("a claim must read T >= EXPR or T <= EXPR", text, remedy)
    b = beta_symbol()
    try:
        formula = sympy.sympify(body, locals={"b": b, "beta": b, "n": sympy.sympify(n_classes)}, rational=True)
    except (sympy.SympifyError, SyntaxError, TypeError, AttributeError) as problem:
        raise InvalidInputError("a claim's formula must be readable by SymPy", body.strip(), remedy) from problem
    if not isinstance(formula, sympy.Expr) or formula.free_symbols - {b}:
        raise InvalidInputError("a claim's formula must be in b and n alone", body.strip(), remedy)
    return (">=" if sign == ">=" else "<="), formula


def statement(problem: PointwiseProblem, relation: Relation, claim: sympy.Expr) -> dict[str, Any]:
    """The claim ``T(beta) relation claim`` for every beta in [0, 1], as the certificate states it.

    Raises
    ------
    EngineCannotAnswerError
        For losses, targets and hypothesis sets that certificates do not cover.
    """
    import sympy

    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    softmax = isinstance(loss, SoftmaxLoss)
    if not isinstance(problem.target, ZeroOne) or not (isinstance(loss, MarginLoss) or (softmax and bound is None)):
        raise EngineCannotAnswerError(
            "certificate", f"no method for {loss.spec}, {problem.hypotheses}, {problem.target}", "rigorous"
        )
    if bound is not None and not isinstance(bound, Fraction):
        raise EngineCannotAnswerError("certificate", "a score bound must be rational", None)
    if loss.symbolic:
        raise InvalidInputError("a certificate needs numbers for every loss parameter", loss.spec, "give each a value")
    variable = sympy.Symbol("u", positive=True) if softmax else sympy.Symbol("v", real=True)
    term = loss.of_softmax if isinstance(loss, SoftmaxLoss) else loss.of_margin  # type: ignore[attr-defined]
    formula = tree(term(variable, SYMPY), {variable: variable.name})
    classes = int(problem.n_classes) if isinstance(problem.n_classes, int) else "any"
    return {
        "loss": {"spec": loss.spec, "kind": "softmax" if softmax else "margin", "formula": formula},
        "classes": classes,
        "target": "zero-one",
        "score_bound": None if bound is None else str(bound),
        "claim": {"relation": relation, "formula": tree(claim, {beta_symbol(): "b"})},
    }


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
    _margin_options: list[dict[str, Any]] | None = field(default=None, init=False)
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
                "only the same claim can be resumed", "another statement", "drop --resume, or repeat the claim"
            )
        self._started = time.monotonic()
        if resume is None:
            for verdict, proof in self._cheap():
                found = self._accepted(verdict, proof)
                if found is not None:
                    return found
            if self.relation == "<=":
                return self._finish("undecided", [], {"reason": "no beta found where T is provably above the claim"})
        return self._boxes((resume or {}).get("proof", {}).get("progress"))

    def _say(self, line: str) -> None:
        if self.progress is not None:
            self.progress(line)

    def _finish(self, verdict: str, lemmas: list[str], proof: dict[str, Any]) -> dict[str, Any]:
        certificate = {"schema": SCHEMA, "statement": self.statement, "verdict": verdict, "lemmas": lemmas, "proof": proof}
        return {**certificate, "digest": digest(certificate)}

    def _accepted(self, verdict: str, proof: dict[str, Any]) -> dict[str, Any] | None:
        """The certificate, if the checker accepts it."""
        with precision(160):
            try:
                test = Statement(self.statement)
                (test.holds if verdict == "holds" else test.violated)(proof)
                certificate = self._finish(verdict, sorted(test.lemmas), proof)
                check(certificate)
            except _NO_PROOF:
                return None
        return certificate

    # ---- one shot ----

    def _cheap(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Counterexamples that estimates suggest, then proofs without boxes."""
        if self.relation == ">=":
            yield from (("violated", proof) for proof in self._counterexamples())
            for options in self._options():
                for pieces in self._closed_forms():
                    yield "holds", {**options, "pieces": pieces}
        else:
            for beta in _GRID:
                for options in self._options():
                    for witness in self._rational_witnesses(beta):
                        yield "violated", {**options, "beta": str(beta), "witness": witness}

    def _options(self) -> list[dict[str, Any]]:
        """What a proof says besides its pieces: the scaling exponent of a softmax loss, the least values of a margin loss."""
        loss = self.problem.surrogate
        if isinstance(loss, SoftmaxLoss):
            e = str(_scaling(loss))
            return [{"scaling": e, "exact": False}, {"scaling": e, "exact": True}]
        if self._margin_options is None:
            with precision(160):
                self._margin_options = self._least_values()
        return self._margin_options

    def _least_values(self) -> list[dict[str, Any]]:
        """Least values of the even part of a margin loss and of the loss where the label is not predicted, with proofs."""
        g, top = self.statement["loss"]["formula"], self.statement["score_bound"] or "inf"
        mirrored, turns = put(g, "v", mul("-1", "v")), sorted({abs(t) for t in _turns(g)})
        even = mul("1/2", ["add", g, mirrored])
        found: dict[str, list[dict[str, Any]]] = {"even": [], "worse": []}
        for key, risk in (("even", even), ("worse", mirrored)):
            for place in dict.fromkeys(("0", *map(str, turns), top if top != "inf" else "0")):
                least = _folded(put(risk, "v", place))
                pieces = cover(minus(risk, least), "0", top, [Fraction(0), *turns])
                if pieces is not None:
                    found[key].append({"least": least, "pieces": pieces})
        return [{"even": e, "worse": w} for e in found["even"] for w in found["worse"]]

    def _closed_forms(self) -> Iterator[list[dict[str, Any]]]:
        """Families of pieces with exact witnesses; the checker decides which fits."""

        def piece(low: Tree, high: Tree, witness: Any, beta: Tree = "x") -> dict[str, Any]:
            return {"from": low, "to": high, "at": beta, "witness": witness, "method": "algebra:0"}

        if self.statement["loss"]["kind"] == "softmax":
            for witness in self._softmax_witnesses("x"):
                yield [piece("0", "1", witness)]
            if self._concave and self.statement["classes"] != "any":  # theorem C has its kinks at 1, 1/2, 1/3, ...
                edges = ["0", *(str(Fraction(1, k)) for k in range(self.statement["classes"] - 1, 0, -1))]
                yield [piece(low, high, ["1", "0"]) for low, high in itertools.pairwise(edges)]
            return
        B = self.statement["score_bound"]
        turns = [str(abs(t)) for t in _turns(self.statement["loss"]["formula"])]
        scores: list[Tree] = ["1", "x", _LOG_ODDS, ["mul", "1/2", _LOG_ODDS], B or "inf", *turns]
        for witness in scores:
            yield [piece("0", "1", witness)]
        if B:
            least = str(min(Fraction(B), Fraction(1)))
            yield [piece("0", "1", least)]
            if least != "1":
                yield [piece("0", least, "x"), piece(least, "1", least)]
            for factor in ("1", "1/2"):
                reach = _tanh(str(Fraction(factor) * Fraction(B)))
                yield [piece("0", B, "x", _tanh(["mul", factor, "x"])), piece(reach, "1", B)]

    def _softmax_witnesses(self, b: Tree) -> list[list[Tree]]:
        """Optimal softmax values of two labels."""
        loss = self.problem.surrogate
        if not isinstance(loss, CompSum):
            return [["1", "0"], self._slanted()]
        if Fraction(loss.tau) >= 2:
            return [["1", "0"]]
        if loss.tau == 1:
            return [[["mul", "1/2", ["add", "1", b]], ["mul", "1/2", ["add", "1", ["mul", "-1", b]]]]]
        a = str(1 / (2 - Fraction(loss.tau)))
        weights: list[Tree] = [["pow", ["add", "1", b], a], ["pow", ["add", "1", ["mul", "-1", b]], a]]
        return [[["mul", w, ["pow", ["add", *weights], "-1"]] for w in weights]]

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
        best = _margin_minimiser(self.problem.surrogate, b, self.problem.hypotheses.score_bound)  # type: ignore[arg-type]
        return [str(best)]

    def _counterexamples(self) -> Iterator[dict[str, Any]]:
        """Points whose regret is below the claim, by the rigorous engine or by the margin's minimiser."""
        for beta in _GRID:
            if time.monotonic() - self._started > self.time_budget / 2:
                return
            claimed = self._claimed(beta)
            if claimed is None:
                continue
            proof = (
                self._softmax_point(beta, claimed)
                if self.statement["loss"]["kind"] == "softmax"
                else self._margin_point(beta, claimed)
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
            chosen = [i for i, s in enumerate(answer.witness.scores) if s == max(answer.witness.scores)]
            point = [str(Fraction(1, len(chosen))) if i in chosen else "0" for i in range(n)]
            return {"beta": str(beta), "p": [str(v) for v in answer.witness.p], "point": point}
        with precision(96):
            risk = SoftmaxRisk(loss.separable)
            pairs = PairBound(risk, Fraction(loss.tau), beta)
            found = minimise(risk, comp_sum_regions(n, beta), Fraction(1, 10**5), 2000, None, pairs)
            if found.upper >= claimed:
                return None
            q, sizes, members = pool(found.values, found.counts, 1)
            tied, free = risk.optimum(q, sizes).coordinates, risk.optimum(found.values, found.counts).coordinates
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
            key: [str(v) for v in [*values, *zeros]] for key, values in (("p", p), ("point", point_), ("reference", reference))
        }

    def _margin_point(self, beta: Fraction, claimed: Fraction) -> dict[str, Any] | None:
        """The regret of score 0, by pieces of the scores on which the risk is above a rational number."""
        loss, bound = self.problem.surrogate, self.problem.hypotheses.score_bound
        if not isinstance(loss, MarginLoss):
            return None
        g, top = self.statement["loss"]["formula"], self.statement["score_bound"] or "inf"
        plus, less = str((1 + beta) / 2), str((1 - beta) / 2)
        risk = ["add", mul(plus, g), mul(less, put(g, "v", mul("-1", "v")))]
        best = _margin_minimiser(loss, beta, bound)
        with precision(160):
            value = Fraction(float(ball(risk, v=BALLS.const(best)).mid()))
            tie = Fraction(float(ball(risk, v=BALLS.const(0)).mid()))
            slack = (claimed - (tie - value)) / 2
            if slack <= 0:
                return None
            least = (value - min(slack, Fraction(1, 100))).limit_denominator(10**6)
            reach = Fraction(1, 1000)
            places = {best, best - reach, best + reach, *_turns(g), *(-t for t in _turns(g))}
            if bound is not None:
                places = {min(max(v, -bound), bound) for v in places}
            pieces = cover(minus(risk, str(least)), mul("-1", "inf") if bound is None else str(-bound), top, sorted(places))
        return None if pieces is None else {"beta": str(beta), "point": "0", "best": {"least": str(least), "pieces": pieces}}

    # ---- boxes ----

    def _boxes(self, state: dict[str, Any] | None) -> dict[str, Any]:
        """Cut [0, 1] until every part has a proof."""
        state = state or {"option": 0, "done": [], "todo": [["0", "1"]]}
        options = self._options()
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
                    if now - self._started > self.time_budget or len(done) + len(todo) > self.max_boxes:
                        reason = f"the budget ended after {len(done)} boxes and {now - self._started:.0f} s"
                        return self._undecided(f"{reason}, with {len(todo)} left", state)
                    if self.checkpoint is not None and now - saved > _SAVE_EVERY:
                        self.checkpoint(self._undecided(f"interrupted after {len(done)} boxes, with {len(todo)} left", state))
                        saved = now
                    low, high = todo[-1]
                    try:
                        piece = self._proven(test, options[index], low, high)
                    except KeyboardInterrupt:
                        return self._undecided(f"interrupted after {len(done)} boxes, with {len(todo)} left", state)
                    todo.pop()
                    if piece is not None:
                        done.append(piece)
                    elif Fraction(high) - Fraction(low) < Fraction(1, 2**20):
                        failed = True
                        reason = f"no proof on [{float(Fraction(low)):.6g}, {float(Fraction(high)):.6g}]: tight or false there"
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
        return self._finish("undecided", [], {"reason": reason} | ({"progress": state} if state else {}))

    def _proven(self, test: Statement, options: dict[str, Any], low: str, high: str) -> dict[str, Any] | None:
        """A piece that the checker's rules accept on this interval."""
        middle = (Fraction(low) + Fraction(high)) / 2
        if self.statement["loss"]["kind"] == "softmax":
            exact_ones: list[Any] = self._softmax_witnesses("x")
        else:
            exact_ones = ["x", ["mul", "1/2", "x"], ["mul", "2", "x"], _LOG_ODDS, ["mul", "1/2", _LOG_ODDS]]
        orders: tuple[str, ...] = ("balls:2", "balls:1") if low == "0" else ("balls:1",)
        tries = [(w, m) for m in orders for w in exact_ones]
        tries += [(w, m) for w in self._rational_witnesses(middle) for m in ("algebra:0", "balls:0", "balls:1")]
        if Fraction(1, 512) <= Fraction(high) <= Fraction(1, 8) and 2 * Fraction(low) <= Fraction(
            high
        ):  # long derivatives: sparingly
            tries += [(w, m) for m in ("balls:4", "balls:6") for w in exact_ones if "log" not in str(w)]
        for witness, method in tries:
            if time.monotonic() - self._started > self.time_budget:
                return None
            try:
                piece = {"from": low, "to": high, "at": "x", "witness": witness, "method": method}
                for tree_, how in test.inequalities(options, piece, [low, high]):
                    prove(tree_, "x", low, high, how)
            except _NO_PROOF:
                continue
            return piece
        return None

    def _prepared(self, test: Statement, options: dict[str, Any]) -> bool:
        """Whether the checker accepts what a proof rests on."""
        try:
            test.prepare(options)
        except _NO_PROOF:
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


def _turns(t: Tree) -> list[Fraction]:
    """Where the affine branches of the maxima and minima of a margin loss cross."""
    if isinstance(t, str):
        return []
    found = [v for part in t[1:] for v in _turns(part)]
    if t[0] == "max":
        difference = minus(t[1], t[2])
        with precision(160):
            start, step = (ball(difference, v=BALLS.const(v)) for v in (0, 1))
        slope = Fraction(float((step - start).mid())).limit_denominator(10**6)
        if slope:
            found.append((-Fraction(float(start.mid())) / slope).limit_denominator(10**6))
    return found


def _folded(t: Tree) -> Tree:
    """A tree without variables, as a rational where it is one."""
    with precision(160):
        value = Fraction(float(ball(t).mid())).limit_denominator(10**6)
        return str(value) if same(t, str(value)) else t


def cover(t: Tree, start: Tree, stop: Tree, places: list[Fraction], depth: int = 8) -> list[dict[str, Any]] | None:
    """Pieces from start to stop on each of which the checker accepts that a tree in v is >= 0; None where there are none.

    Parameters
    ----------
    t : Tree
    start, stop : Tree
        Rational strings, or infinite ends.
    places : list of Fraction
        Where to cut first, in increasing order.
    depth : int
        How often a piece may be halved.
    """
    low, high = (Fraction(e) if isinstance(e, str) and e != "inf" else None for e in (start, stop))
    inner = [p for p in dict.fromkeys(places) if (low is None or p > low) and (high is None or p < high)]
    result: list[dict[str, Any]] = []
    for x, y in itertools.pairwise([low, *(inner or ([] if low is not None else [Fraction(0)])), high]):
        pieces = _cover(t, x, y, depth)
        if pieces is None:
            return None
        result += pieces
    return result


def _cover(t: Tree, low: Fraction | None, high: Fraction | None, depth: int) -> list[dict[str, Any]] | None:
    """Pieces of one interval: from its low end upwards or from its high end downwards, or of its halves."""
    length = "inf" if low is None or high is None else str(high - low)
    ways: list[Tree] = [] if low is None else ["x" if low == 0 else ["add", str(low), "x"]]
    ways += [] if high is None else [["add", str(high), ["mul", "-1", "x"]]]
    methods = ("algebra:0", "algebra:1", "algebra:2", *(() if length == "inf" else ("balls:0", "balls:1", "balls:2")))
    for method, way in itertools.product(methods, ways):
        try:
            prove(put(t, "v", way), "x", "0", length, method)
        except _NO_PROOF:
            continue
        return [{"at": way, "from": "0", "to": length, "method": method}]
    if depth == 0 or low is None or high is None:
        return None
    middle = (low + high) / 2
    first = _cover(t, low, middle, depth - 1)
    second = None if first is None else _cover(t, middle, high, depth - 1)
    return None if first is None or second is None else first + second


def _margin_minimiser(loss: MarginLoss, b: Fraction, bound: Fraction | None) -> Fraction:
    """A score near the best one at eta = (1 + b)/2, as a rational."""
    import numpy as np
    from scipy.optimize import minimize_scalar

    from hconsist.arithmetic import NUMPY

    reach = 40.0 if bound is None else float(bound)

    def risk(v: float) -> float:
        return float((1 + b) / 2 * loss.of_margin(np.asarray(v), NUMPY) + (1 - b) / 2 * loss.of_margin(np.asarray(-v), NUMPY))

    found = minimize_scalar(risk, bounds=(-reach, reach), method="bounded", options={"xatol": 1e-12})
    candidates = [float(found.x), 1.0, reach] if bound is None else [float(found.x), reach, min(reach, 1.0)]
    best = min(candidates, key=risk)
    value = Fraction(best).limit_denominator(10**9)
    return value if bound is None else max(-bound, min(bound, value))


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
    """Search for a certificate that ``T(beta) relation claim(beta)`` for every beta in [0, 1], or that it fails.

    Parameters
    ----------
    problem : PointwiseProblem
        A softmax loss with complete H, or a binary margin loss with any H; n_classes may be a symbol.
    relation : {">=", "<="}
        Of ``<=`` only a refutation is looked for.
    claim : sympy.Expr
        In `beta_symbol()`.
    time_budget : float
        Seconds after which the search stops with verdict "undecided" and a state to resume from.
    max_boxes : int
    progress : callable, optional
    resume : dict, optional
        An undecided certificate of the same statement.
    checkpoint : callable, optional
        Called every few seconds with an undecided certificate that holds what is finished. An interrupt (Ctrl-C) during the
        boxes ends the search with such a certificate too.

    Returns
    -------
    dict
        JSON-ready; see docs/certificate.md. `hconsist.checker.check` has accepted it.

    Examples
    --------
    >>> relation, claim = parse_claim("T >= b**2/2", 3)
    >>> certify(PointwiseProblem("logistic", n_classes=3), relation, claim)["verdict"]
    'holds'
    """
    return Search(problem, relation, claim, time_budget, max_boxes, progress, checkpoint).run(resume)


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
        raise InvalidInputError("a certificate must be a readable JSON file", str(path), str(problem)) from problem
    if not isinstance(value, dict):
        raise InvalidInputError("a certificate must be a JSON object", str(path), "write one with hconsist certify")
    return value
