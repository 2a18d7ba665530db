"""Engines against theorems: each statement gets a verdict, with the evidence of every engine that
could speak.

An engine's check of one instance of a statement has one of three outcomes: it *confirms* the
statement, *contradicts* it, or leaves it *undecided* (no method, or balls that overlap). A proof
outranks an estimate: the numeric engine alone never contradicts nor confirms an equality beyond its
stated tolerance, and the report says which engine said what.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from hconsist.bounds import derive, enclose
from hconsist.consistency import verdict
from hconsist.engines import EngineName, transform
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import SoftmaxLoss
from hconsist.pointwise import Answer, PointwiseProblem, beta_symbol, excess_symbol
from hconsist.theorems import Theorem, catalogue, theorem
from hconsist.theorems.statement import MARGIN

if TYPE_CHECKING:
    import sympy

    from hconsist.certificates import Relation

Outcome = Literal["confirmed", "contradicted", "undecided"]

#: Where transformations are compared: both ends, both sides of 1/2, and near 0 where bounds are
#: used.
BETAS = tuple(
    Fraction(s)
    for s in ("1/1000", "1/50", "1/10", "1/4", "1/3", "2/5", "1/2", "2/3", "4/5", "19/20", "1")
)
#: The numeric engine's estimates are compared to this accuracy (absolute, T being at most of order
#: 1).
NUMERIC_TOLERANCE = 1e-6
#: A proven comparison must be at least this sharp to count as equality: closed forms, and
#: enclosures by search.
EQUALITY_WIDTH: dict[EngineName, Fraction] = {
    "symbolic": Fraction(1, 10**12),
    "rigorous": Fraction(1, 10**6),
}
#: The rigorous engine's budget for one value. A wider enclosure is still a proof: it may confirm or
#: refute an inequality.
RIGOROUS_BUDGET: dict[str, Any] = {"width": Fraction(1, 10**7), "max_boxes": 40}


@dataclass(frozen=True)
class Check:
    """One engine's word on one instance of a statement.

    Parameters
    ----------
    engine : str
    problem : str
        The instance, in words.
    outcome : {"confirmed", "contradicted", "undecided"}
    margin : float or None
        For inequalities the smallest slack seen (negative: violated), for equalities the largest
        difference.
    detail : str
        The reason for an undecided outcome; the counterexample for a contradiction.
    """

    engine: str
    problem: str
    outcome: Outcome
    margin: float | None
    detail: str = ""


@dataclass(frozen=True)
class Verification:
    """The verdict on a statement.

    ``status`` says whether the catalogue's claim (tight, valid, refuted) was reproduced: "holds",
    "violated" or "undecided".
    """

    theorem: Theorem
    checks: tuple[Check, ...]
    seconds: float

    @property
    def status(self) -> Literal["holds", "violated", "undecided"]:
        """Three-valued: a contradiction anywhere is a violation; a confirmation of every instance
        holds.
        """
        if any(c.outcome == "contradicted" for c in self.checks):
            return "violated"
        settled = {c.problem for c in self.checks if c.outcome == "confirmed"}
        return "holds" if settled == {c.problem for c in self.checks} and settled else "undecided"

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that confirmed at least one instance."""
        return tuple(dict.fromkeys(c.engine for c in self.checks if c.outcome == "confirmed"))

    @property
    def margin(self) -> float | None:
        """The margin nearest to a violation: the smallest slack, or the largest difference."""
        known = [c.margin for c in self.checks if c.margin is not None]
        if not known:
            return None
        return (
            max(known)
            if self.theorem.relation == "transform =" and self.theorem.claim == "tight"
            else min(known)
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": self.theorem.id,
            "paper": self.theorem.paper,
            "claim": self.theorem.claim,
            "status": self.status,
            "margin": self.margin,
            "engines": list(self.engines),
            "seconds": round(self.seconds, 3),
            "checks": [vars(c) for c in self.checks],
        }


def describe(problem: PointwiseProblem) -> str:
    """An instance in words: loss, class count, hypothesis set and target.

    >>> describe(PointwiseProblem("mae", n_classes=3))
    'comp-sum:tau=2, n=3, complete, zero-one'
    """
    return (
        f"{problem.surrogate.spec}, n={problem.n_classes}, {problem.hypotheses}, {problem.target}"
    )


# -- checks of transformations
def _compare_proven(
    answer: Answer, low: Fraction, high: Fraction, relation: str, sharpness: Fraction
) -> tuple[Outcome, float | None]:
    """A proven enclosure [answer.lower, answer.upper] of T against a proven enclosure [low, high]
    of the formula.
    """
    if relation == "transform >=":
        if answer.upper is not None and answer.upper < low:
            return "contradicted", float(answer.upper - low)
        if answer.lower is not None and answer.lower >= high:
            return "confirmed", float(answer.lower - high)
        # Equality cases overlap: T >= f is confirmed only up to the width of the balls, which is
        # said by the margin.
        sharp = answer.lower is not None and high - answer.lower <= sharpness
        return ("confirmed", float(answer.lower - high)) if sharp else ("undecided", None)  # type: ignore[operator]
    if (answer.upper is not None and answer.upper < low) or (
        answer.lower is not None and answer.lower > high
    ):
        gap = (
            float(low - answer.upper)
            if answer.upper is not None and answer.upper < low
            else float(answer.lower - high)  # type: ignore[operator]
        )
        return "contradicted", gap
    if answer.proven:
        width = max(answer.upper - low, high - answer.lower)  # type: ignore[operator]
        if width <= sharpness:
            return "confirmed", float(width)
    return "undecided", None


def _compare_estimate(answer: Answer, value: float, relation: str) -> tuple[Outcome, float | None]:
    """An estimate of T against the formula's value, to the stated tolerance."""
    if answer.estimate is None:
        return "undecided", None
    difference = answer.estimate - value
    if relation == "transform >=":
        return ("confirmed" if difference >= -NUMERIC_TOLERANCE else "contradicted"), difference
    return ("confirmed" if abs(difference) <= NUMERIC_TOLERANCE else "contradicted"), abs(
        difference
    )


def _ask(engine: EngineName, problem: PointwiseProblem, betas: Sequence[Fraction]) -> list[Answer]:
    if engine == "numeric":
        sweep = importlib.import_module("hconsist.engines.numeric").sweep
        return list(sweep(problem, list(betas)))
    return [
        transform(problem, b, engine, **(RIGOROUS_BUDGET if engine == "rigorous" else {}))
        for b in betas
    ]


def _check_transform(entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
    formula = entry.at(problem)
    # The rigorous engine searches; a few betas are enough to hold a closed form against it.
    betas = BETAS[3:9:2] if engine == "rigorous" else BETAS
    if entry.betas is not None:
        betas = entry.betas(problem)
    name = describe(problem)
    try:
        answers = _ask(engine, problem, betas)
    except EngineCannotAnswerError as problem_found:
        return Check(engine, name, "undecided", None, problem_found.reason)
    margins: list[float] = []
    refutation = ""
    open_at: list[str] = []
    for beta, answer in zip(betas, answers, strict=True):
        low, high = enclose(formula, beta_symbol(), beta)
        if engine == "numeric":
            outcome, margin = _compare_estimate(answer, float((low + high) / 2), entry.relation)
        else:
            outcome, margin = _compare_proven(
                answer, low, high, entry.relation, EQUALITY_WIDTH[engine]
            )
        if margin is not None:
            margins.append(margin)
        if outcome == "contradicted" and not refutation:
            shown = answer.estimate if answer.estimate is not None else float("nan")
            refutation = f"beta = {beta}: T = {shown:.9g}, formula = {float(low):.9g}"
        if outcome == "undecided":
            open_at.append(str(beta))
    edge = max if entry.relation == "transform =" else min
    margin = edge(margins) if margins else None
    if refutation:
        return Check(engine, name, "contradicted", margin, refutation)
    if engine == "rigorous" and len(open_at) < len(betas) and not open_at:
        return Check(engine, name, "confirmed", margin, f"at beta = {', '.join(map(str, betas))}")
    if open_at:
        return Check(
            engine, name, "undecided", margin, f"enclosures overlap at beta = {', '.join(open_at)}"
        )
    return Check(engine, name, "confirmed", margin)


def _check_gamma(entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
    """Gamma(u) <= f(u) for all u, checked as f(T(beta)) >= beta.

    Every published f is increasing and concave, so its inverse is convex, and T above it means T**
    above it.
    """
    formula, name = entry.at(problem), describe(problem)
    betas = BETAS[3:9:2] if engine == "rigorous" else BETAS
    # A formula that is attained leaves a slack of the size of the balls, or of the search, on
    # either side.
    tolerance = NUMERIC_TOLERANCE if engine == "numeric" else 1e-8
    try:
        answers = _ask(engine, problem, betas)
    except EngineCannotAnswerError as problem_found:
        return Check(engine, name, "undecided", None, problem_found.reason)
    slack: list[float] = []
    for beta, answer in zip(betas, answers, strict=True):
        estimate = None if answer.estimate is None else max(Fraction(answer.estimate), Fraction(0))
        low, high = (estimate, estimate) if engine == "numeric" else (answer.lower, answer.upper)
        if (
            high is not None
            and (excess := float(enclose(formula, excess_symbol(), high)[1] - beta)) < -tolerance
        ):
            return Check(
                engine,
                name,
                "contradicted",
                excess,
                f"beta = {beta}: f(T(beta)) - beta = {excess:.6g}",
            )
        if low is None:
            return Check(
                engine, name, "undecided", None, f"T is not bounded below at beta = {beta}"
            )
        slack.append(float(enclose(formula, excess_symbol(), low)[0] - beta))
    if min(slack) < -tolerance:
        return Check(engine, name, "undecided", min(slack), "the enclosure of T is too wide")
    return Check(engine, name, "confirmed", min(slack))


def _check_growth(entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
    """The exponent of T at 0: derived, or the slope of log T between two small betas."""
    import math

    claimed, name = entry.at(problem), describe(problem)
    if engine == "rigorous":
        return Check(
            engine,
            name,
            "undecided",
            None,
            "an exponent is a limit; the rigorous engine answers at points",
        )
    try:
        if engine == "symbolic":
            bound = derive(
                problem.surrogate, problem.n_classes, problem.hypotheses, problem.target, engine
            )
            growth = bound.derivation.growth if bound.derivation else None
            if growth is None:
                return Check(engine, name, "undecided", None, "no exponent was derived")
            return Check(
                engine,
                name,
                "confirmed" if growth == claimed else "contradicted",
                0.0,
                f"derived {growth}",
            )
        small = [Fraction(1, 64), Fraction(1, 32)]
        values = [a.estimate for a in _ask(engine, problem, small)]
    except EngineCannotAnswerError as problem_found:
        return Check(engine, name, "undecided", None, problem_found.reason)
    if None in values or min(values) <= 0:  # type: ignore[type-var, operator]
        return Check(engine, name, "undecided", None, f"T at {small} is {values}")
    slope = math.log2(values[1] / values[0])  # type: ignore[operator]
    close = abs(slope - float(claimed)) < 0.05
    return Check(
        engine,
        name,
        "confirmed" if close else "contradicted",
        abs(slope - float(claimed)),
        f"slope {slope:.4f}",
    )


def _check_consistency(entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
    """The verdict of `hconsist.consistency`, with its proof or counterexample."""
    name = describe(problem)
    if engine != "symbolic":
        return Check(
            engine,
            name,
            "undecided",
            None,
            "consistency is decided by proof or counterexample, not by this engine",
        )
    found = verdict(problem.surrogate, problem.n_classes, problem.target)
    wanted = "consistent" if entry.relation == "consistent" else "not consistent"
    if found.status == "undecided":
        return Check(engine, name, "undecided", None, found.reason)
    return Check(
        engine, name, "confirmed" if found.status == wanted else "contradicted", None, found.reason
    )


def _levels(
    problem: PointwiseProblem, engine: EngineName, betas: Sequence[Fraction]
) -> list[Fraction]:
    """Lower bounds on T (proven) or estimates of it, at several betas."""
    answers = _ask(engine, problem, betas)
    values = [a.estimate if engine == "numeric" else a.lower for a in answers]
    if any(v is None for v in values):
        raise EngineCannotAnswerError(engine, "T is not bounded below at every beta")
    return [Fraction(v) for v in values if v is not None]


def _check_massart(entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
    """beta <= f T(beta) for every beta >= MARGIN: the worst distribution has one regret, at
    MARGIN.
    """
    name = describe(problem)
    betas = [MARGIN, *(b for b in BETAS if b > MARGIN)]
    try:
        levels = _levels(problem, engine, betas if engine != "rigorous" else betas[:3])
    except EngineCannotAnswerError as problem_found:
        return Check(engine, name, "undecided", None, problem_found.reason)
    factor = Fraction(float(entry.at(problem)))
    slack = [float(factor * level - beta) for beta, level in zip(betas, levels, strict=False)]
    worst = min(slack)
    good = worst >= -NUMERIC_TOLERANCE and (
        entry.claim != "tight" or abs(slack[0]) <= NUMERIC_TOLERANCE
    )
    return Check(
        engine,
        name,
        "confirmed" if good else "contradicted",
        worst,
        f"at beta = {MARGIN}: slack {slack[0]:.2g}",
    )


def _check_tsybakov(entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
    """The bound on random finite distributions, each with the smallest constant c that its noise
    condition allows.
    """
    import numpy as np

    name, constant, s = describe(problem), float(entry.at(problem)), 2.0
    if engine == "rigorous":
        return Check(
            engine, name, "undecided", None, "a statement about distributions, checked on samples"
        )
    try:
        levels = np.array([float(v) for v in _levels(problem, engine, BETAS)])
    except EngineCannotAnswerError as problem_found:
        return Check(engine, name, "undecided", None, problem_found.reason)
    betas = np.array([float(b) for b in BETAS])
    rng = np.random.default_rng(0)
    # Rows: distributions on the points of BETAS, from one point (where the bound is nearly
    # attained) to all of them.
    weights = np.vstack(
        [np.eye(len(betas)) * q for q in (1.0, 0.3, 0.01)]
        + [rng.dirichlet(np.full(len(betas), a), 300) for a in (0.1, 1)]
    )
    worst = np.inf
    for a in (0.0, 0.3, 0.5, 0.9):
        excess, disagreement, surrogate = weights @ betas, weights.sum(axis=1), weights @ levels
        c = disagreement / excess**a
        power = 1.0 / (s - a * (s - 1))
        allowed = c ** ((s - 1) * power) * (surrogate / constant) ** power
        worst = min(worst, float(np.min(allowed / excess - 1)))
    return Check(
        engine, name, "confirmed" if worst >= -NUMERIC_TOLERANCE else "contradicted", worst
    )


def _check_fact(entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
    """A statement that carries its own exact check."""
    assert entry.check is not None
    if engine != "symbolic":
        return Check(engine, describe(problem), "undecided", None, "decided by exact evaluation")
    true, margin, evidence = entry.check(problem)
    return Check(
        engine, describe(problem), "confirmed" if true else "contradicted", margin, evidence
    )


_CHECKS: dict[str, Callable[[Theorem, PointwiseProblem, EngineName], Check]] = {
    "transform >=": _check_transform,
    "transform =": _check_transform,
    "gamma <=": _check_gamma,
    "growth": _check_growth,
    "consistent": _check_consistency,
    "inconsistent": _check_consistency,
    "massart": _check_massart,
    "tsybakov": _check_tsybakov,
    "fact": _check_fact,
}


def verify(
    entry: Theorem | str,
    engines: Sequence[EngineName] = ("symbolic", "numeric", "rigorous"),
) -> Verification:
    """Check one statement with every engine.

    Parameters
    ----------
    entry : Theorem or str
        A statement or its id.
    engines : sequence of str

    Returns
    -------
    Verification
        With ``status`` "holds" when the catalogue's claim is reproduced (for a refuted statement: a
        contradiction was found on every instance), "violated" when it is not, "undecided" when no
        engine could say.

    Examples
    --------
    >>> verify("psi-hinge", engines=("symbolic",)).status
    'holds'
    """
    found = theorem(entry) if isinstance(entry, str) else entry
    start = time.perf_counter()
    checks = []
    for problem in found.instances:
        for engine in engines:
            check = _CHECKS[found.relation](found, problem, engine)
            checks.append(_turned(check) if found.claim == "refuted" else check)
    return Verification(found, tuple(checks), time.perf_counter() - start)


def _turned(check: Check) -> Check:
    """For a statement claimed to be false: its contradiction is the confirmation."""
    swap: dict[Outcome, Outcome] = {
        "confirmed": "contradicted",
        "contradicted": "confirmed",
        "undecided": "undecided",
    }
    return Check(check.engine, check.problem, swap[check.outcome], check.margin, check.detail)


def verify_all(
    entries: Sequence[Theorem] | None = None,
    engines: Sequence[EngineName] = ("symbolic", "numeric", "rigorous"),
    n_jobs: int = 1,
) -> Iterator[Verification]:
    """Check many statements, in parallel through joblib; results come as they are finished.

    The joblib backend in force is used, so that ``with joblib.parallel_config("dask")`` runs the
    same call on a cluster.
    """
    chosen = list(catalogue().values()) if entries is None else list(entries)
    if n_jobs == 1:
        for entry in chosen:
            yield verify(entry, engines)
        return
    import joblib

    run = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    yield from run(joblib.delayed(verify)(entry.id, engines) for entry in chosen)


def claims(entry: Theorem) -> Iterator[tuple[PointwiseProblem, Relation, sympy.Expr, str]]:
    """What a statement says about T on each of its instances, in the form that
    `hconsist.certificates` takes.

    An upper bound f of Gamma says that T is at least the inverse of f; that a closed form is exact
    are two claims where upper bounds have proofs (losses of the softmax value). Statements of other
    kinds say nothing here.

    Yields
    ------
    problem, relation, claim, verdict
        With the verdict, "holds" or "violated", that the catalogue records.

    Examples
    --------
    >>> (problem, relation, claim, verdict), *_ = claims(theorem("zhang-exponential"))
    >>> problem.surrogate.spec, relation, claim, verdict
    ('exponential', '>=', beta**2/2, 'holds')
    """
    import sympy

    if (
        entry.relation not in ("transform >=", "transform =", "gamma <=")
        or entry.claim == "open"
        or entry.betas is not None
    ):
        return
    for problem in entry.instances:
        formula = entry.at(problem)
        if entry.relation == "gamma <=":
            inverses = sympy.solve(sympy.Eq(formula, beta_symbol()), excess_symbol())
            if len(inverses) != 1:
                continue
            formula = inverses[0]
        if entry.claim == "refuted":
            yield problem, "<=" if entry.relation == "transform =" else ">=", formula, "violated"
            continue
        yield problem, ">=", formula, "holds"
        if (
            entry.relation == "transform ="
            and entry.claim == "tight"
            and isinstance(problem.surrogate, SoftmaxLoss)
        ):
            yield problem, "<=", formula, "holds"


def markdown_table(found: Sequence[Verification]) -> str:
    """The verdicts as a Markdown table: statement, source, claim, verdict, engines.

    >>> print(markdown_table([]))
    | Statement | Source | Claim | Verdict | Confirmed by |
    |---|---|---|---|---|
    """
    lines = ["| Statement | Source | Claim | Verdict | Confirmed by |", "|---|---|---|---|---|"]
    for v in found:
        claim = v.theorem.claim + (" (new)" if v.theorem.new else "")
        lines.append(
            f"| `{v.theorem.id}` | {v.theorem.paper} | {claim} | {v.status} | "
            f"{', '.join(v.engines) or '-'} |"
        )
    return "\n".join(lines)
