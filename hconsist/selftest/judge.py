"""What each kind of answer must satisfy, given the brute force.

Brute force never finds less than the truth but by the error of its best-in-class risk, which is
found by the same means: where it disagrees with a proof, it is repeated on finer grids first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hconsist.arithmetic import NUMPY
from hconsist.consistency import verdict as verdict_of
from hconsist.distributions import Finite
from hconsist.losses import Loss
from hconsist.pointwise import Answer, PointwiseProblem
from hconsist.selftest import formulas, three_labels, two_label_costs, two_labels
from hconsist.selftest.tally import Finding, Severity, Tally
from hconsist.selftest.two_labels import FoundPoint, Losses

Ask = Callable[..., Any]
#: What brute force in floating point is trusted to, relative to the size of the risks.
TRUST = 1e-9
TRUST_THREE = 1e-7
#: From how many target regrets on the numeric engine is asked about all of them at once.
MANY_AT_ONCE = 5
#: How many findings of a kind about one loss are kept; more are only counted.
ALIKE = 2
#: How far an estimate may be off without giving a reason.
CLOSE = 1e-6
#: Seconds of computing after which an engine that searches is asked at no further target regret.
SHARE = 0.7
#: Distributions at which gaps are enclosed; the estimate, which costs more, is asked for at one, of
#: some losses.
GAPS = 6
ESTIMATED = 0.3


@dataclass(frozen=True)
class Trial:
    """T of one loss at some target regrets."""

    loss: Loss
    spec: str
    classes: int
    bound: str | None
    betas: tuple[str, ...]
    target: str = "zero-one"

    @property
    def hypotheses(self) -> str:
        """The spec string of the hypothesis set."""
        return "complete" if self.bound is None else f"bounded:{self.bound}"

    @property
    def reach(self) -> float | None:
        """The bound of the scores."""
        return None if self.bound is None else float(Fraction(self.bound))

    @property
    def problem(self) -> PointwiseProblem:
        """As the engines are asked."""
        return PointwiseProblem(self.loss, self.target, self.hypotheses, self.classes)

    @cached_property
    def knots(self) -> list[float]:
        """Margins of two labels that brute force looks at closely."""
        return formulas.knots(self.spec)

    @property
    def losses(self) -> Losses:
        """The loss's own formula in floating point, all that brute force takes from it."""
        return lambda scores: np.asarray(self.loss.losses(np.asarray(scores, float), NUMPY))

    def at(self, random: np.random.Generator, many: int) -> Trial:
        """The same at a few of the target regrets, in any order."""
        chosen = random.choice(len(self.betas), size=min(many, len(self.betas)), replace=False)
        return replace(self, betas=tuple(self.betas[i] for i in chosen))

    def __str__(self) -> str:
        where = f"b = {self.betas[0]}, " if len(self.betas) == 1 else ""
        about = "" if self.target == "zero-one" else f", {self.target}"
        return f"{self.spec} ({where}n = {self.classes}, {self.hypotheses}{about})"


def brute(question: Trial, density: int = 1) -> dict[str, FoundPoint | None] | None:
    """T at each target regret, by brute force: None for one that no prediction reaches, and None
    for all where a risk has no lower bound.
    """
    betas = [float(Fraction(b)) for b in question.betas]
    points: Sequence[FoundPoint | None] | None
    if question.classes == 3:
        points = three_labels.sweep(question.losses, betas, question.reach, density)
    elif question.target == "zero-one":
        points = two_labels.sweep(question.losses, betas, question.reach, density, question.knots)
    else:
        decision = question.problem.decision
        rows = [(float(a), float(b)) for a, b in decision.finite.exact_rows()]
        points = two_label_costs.sweep(
            question.losses, rows, betas, float(decision.temperature), density, question.knots
        )
    return None if points is None else dict(zip(question.betas, points, strict=True))


def transform(
    tally: Tally,
    question: Trial,
    points: dict[str, FoundPoint | None] | None,
    engine: str,
    ask: Ask,
) -> None:
    """T of one engine at every target regret of the question; what an engine that is cut short has
    answered before counts.
    """
    answers: list[Answer] = []
    ask(tally, question, engine, _answers, engine, answers)
    for beta, answer in zip(question.betas, answers, strict=False):
        single = replace(question, betas=(beta,))
        if points is None:
            _without_bound(tally, single, engine, answer)
        elif (point := points[beta]) is not None:
            _held_against(tally, single, engine, answer, point)


def _answers(question: Trial, engine: str, found: list[Answer]) -> None:
    from hconsist.engines import sweep
    from hconsist.engines import transform as one

    if engine == "numeric" and len(question.betas) > MANY_AT_ONCE:
        found += sweep(question.problem, question.betas, engine="numeric")
        return
    options = {"time_budget": 1.0} if engine == "rigorous" else {}
    end = time.process_time() + SHARE
    for beta in question.betas:
        found.append(one(question.problem, beta, engine=engine, **options))  # type: ignore[arg-type]
        if engine != "symbolic" and time.process_time() > end:
            return


def _without_bound(tally: Tally, question: Trial, engine: str, answer: Answer) -> None:
    """A risk without a lower bound has no regret: nothing may be proven of it. What brute force
    takes for unbounded may just be very wide, so that it is no finding by itself.
    """
    del answer, question
    tally.unanswered(engine, "brute force found no lower bound of the risk")


def _held_against(
    tally: Tally, question: Trial, engine: str, answer: Answer, point: FoundPoint
) -> None:
    trust = TRUST if question.classes == 2 else TRUST_THREE
    if answer.lower is not None or answer.upper is not None:
        _enclosure(tally, question, engine, answer, point, trust)
    elif answer.estimate is not None:
        _estimate(tally, question, engine, answer, point)
    else:
        tally.unanswered(engine, "undecided" if answer.reason else "no value and no reason")


def _enclosure(
    tally: Tally, question: Trial, engine: str, answer: Answer, point: FoundPoint, trust: float
) -> None:
    margin = trust * point.scale
    low = -np.inf if answer.lower is None else float(answer.lower)
    high = np.inf if answer.upper is None else float(answer.upper)
    value = _lowest(question, answer, point)
    if low > value + margin or high < value - max(margin, CLOSE * point.scale):
        finer = _finer(question)
        if finer is None:
            tally.unanswered(engine, "brute force found no lower bound of the risk")
            return
        value = _lowest(question, answer, finer)
    declared = any(a.startswith("declared") for a in answer.assumptions)
    kind = "enclosure under a declaration" if declared else "enclosure"
    tally.count(engine, kind, max(low - value, value - high, 0.0) / point.scale)
    wrong = low > value + margin or high < value - max(margin, CLOSE * point.scale)
    if wrong and not declared:
        _found(
            tally, "false proof", engine, kind, question, f"[{low!r}, {high!r}]",
            f"{value!r} at p = {point.p}, scores = {point.scores}",
        )  # fmt: skip


def _estimate(
    tally: Tally, question: Trial, engine: str, answer: Answer, point: FoundPoint
) -> None:
    estimate = float(answer.estimate)  # type: ignore[arg-type]
    value = _lowest(question, answer, point)
    if abs(estimate - value) > CLOSE * point.scale and not answer.reason:
        finer = _finer(question)
        if finer is not None:
            value = _lowest(question, answer, finer)
    off = abs(estimate - value)
    kind = "estimate" if not answer.reason else "estimate with a reason"
    tally.count(engine, kind, off / point.scale)
    if off > CLOSE * point.scale and not answer.reason:
        _found(
            tally, "miss", engine, kind, question, repr(estimate),
            f"{value!r} at p = {point.p}, scores = {point.scores}",
        )  # fmt: skip


def _finer(question: Trial) -> FoundPoint | None:
    """The first target regret on finer grids."""
    found = brute(question, density=4)
    return None if found is None else found[question.betas[0]]


def more_labels(
    tally: Tally,
    question: Trial,
    points: dict[str, FoundPoint | None] | None,
    classes: int,
    engine: str,
    ask: Ask,
) -> None:
    """T of more labels is at most T of two where the loss falls in the label's softmax value: all
    others get probability 0, and scores that run to minus infinity.
    """
    if points is None or question.bound is not None or not _falls(question):
        return
    more, answers = replace(question, classes=classes), list[Answer]()
    ask(tally, more, engine, _answers, engine, answers)
    for beta, answer in zip(question.betas, answers, strict=False):
        point, said = points[beta], answer.lower
        if said is None and not answer.reason:
            said = answer.estimate  # type: ignore[assignment]
        if point is None or said is None:
            continue
        proven = answer.lower is not None
        allowed = (TRUST if proven else CLOSE) * point.scale
        value = point.regret
        if said > value + allowed:
            finer = _finer(replace(question, betas=(beta,)))
            value = value if finer is None else min(value, finer.regret)
        declared = any(a.startswith("declared") for a in answer.assumptions)
        kind = "more labels, " + ("enclosure" if proven else "estimate")
        tally.count(engine, kind, max(float(said) - value, 0.0) / point.scale)
        if said > value + allowed and not declared:
            _found(
                tally, "false proof" if proven else "miss", engine, kind,
                replace(more, betas=(beta,)), f"at least {float(said)!r}",
                f"{value!r} with two labels alone",
            )  # fmt: skip


#: Losses of the label's softmax value, by the beginnings of their names.
_OF_SOFTMAX = ("softmax:", "gce", "comp-sum", "logistic", "mae", "focal", "agce", "aul", "ael")


def _falls(question: Trial) -> bool:
    """Whether the loss is seen to be one of the label's softmax value that never rises."""
    if not question.spec.startswith(_OF_SOFTMAX):
        return False
    v = two_labels.margins(None, 1, question.knots)
    with np.errstate(all="ignore"):
        first = question.losses(np.stack([v, -v], axis=-1))[..., 0]
        return bool(np.all(np.diff(first[first < np.inf]) <= 1e-13))


def _lowest(question: Trial, answer: Answer, point: FoundPoint) -> float:
    """The brute force, or less where the answer's own witness, evaluated anew, shows less."""
    value = point.regret
    witness = answer.witness if question.target == "zero-one" else None
    known = float(answer.upper if answer.upper is not None else answer.estimate or 0.0)
    if witness is None or value <= known + 1e-9 * point.scale:
        return value
    p = tuple(float(v) for v in witness.p)
    chosen = int(witness.predicted[0])
    gap = max(p) - p[chosen]
    allowed = max(witness.scores) - witness.scores[chosen] <= 1e-9
    if gap < float(Fraction(question.betas[0])) - 1e-9 or not allowed:
        return value
    if question.classes == 2:
        again = two_labels.regret_at(
            question.losses, p, witness.scores, question.reach, question.knots
        )
    else:
        again = three_labels.regret_at(question.losses, p, witness.scores, question.reach)
    return value if again is None else min(value, float(again))


def verdict(
    tally: Tally, question: Trial, points: dict[str, FoundPoint | None] | None, ask: Ask
) -> None:
    """A consistent loss has T > 0; one that is not has T = 0 near 0."""
    if question.bound is not None or points is None or question.classes != 2:
        return
    found = ask(tally, question, "consistency", lambda q: verdict_of(q.loss, q.classes))
    if found is None or found.status == "undecided":
        tally.unanswered("consistency", "undecided")
        return
    least, some = points["1/100"], points["3/10"]
    assert least is not None and some is not None  # every zero-one regret is reached
    tally.count("consistency", found.status)
    if found.status == "consistent" and some.regret <= two_labels.NOISE * some.scale:
        _found(
            tally, "false proof", "consistency", "verdict", question, "consistent",
            f"T(0.3) = {some.regret!r} at {some.p}, {some.scores}",
        )  # fmt: skip
    if found.status == "not consistent" and least.regret > CLOSE * least.scale:
        again = _finer(replace(question, betas=("1/100",)))
        if again is not None and again.regret > CLOSE * least.scale:
            _found(
                tally, "false proof", "consistency", "verdict", question, "not consistent",
                f"T(1/100) = {again.regret!r}",
            )  # fmt: skip


def gap(tally: Tally, question: Trial, ask: Ask, random: np.random.Generator) -> None:
    """The minimizability gap of constant functions on two inputs, for several distributions."""
    if question.classes != 2:
        return
    refused: set[str] = set()
    estimated = random.random() < ESTIMATED
    end = time.process_time() + SHARE
    for first in (True, *(False,) * (GAPS - 1)):
        if time.process_time() > end:
            return
        engines = ("numeric", "rigorous") if first and estimated else ("rigorous",)
        _one_gap(tally, question, ask, random, [e for e in engines if e not in refused], refused)


def _one_gap(
    tally: Tally, question: Trial, ask: Ask, random: np.random.Generator, engines: list[str],
    refused: set[str],
) -> None:  # fmt: skip
    rows = random.integers(0, 21, size=2)
    p = [[str(Fraction(int(r), 20)), str(Fraction(20 - int(r), 20))] for r in rows]
    weight = Fraction(int(random.integers(1, 10)), 10)
    mean = weight * Fraction(p[0][0]) + (1 - weight) * Fraction(p[1][0])
    eta = np.array([float(mean), float(Fraction(p[0][0])), float(Fraction(p[1][0]))])
    best = ask(tally, question, "brute force", _best, eta) if engines else None
    if best is None:
        return
    truth = float(best[0] - float(weight) * best[1] - float(1 - weight) * best[2])
    scale = 1 + float(np.abs(best).max())
    distribution = Finite([str(weight), str(1 - weight)], p)
    for engine in engines:
        found = ask(tally, question, f"gap, {engine}", _gap, distribution, engine)
        if found is None:
            refused.add(engine)
            continue
        _gap_held_against(tally, question, engine, found, truth, scale, f"{weight}, p = {p}")


def _gap_held_against(
    tally: Tally, question: Trial, engine: str, found: Any, truth: float, scale: float,
    where: str,
) -> None:  # fmt: skip
    said = f"weight {where}: "
    if found.lower is not None or found.upper is not None:
        low = -np.inf if found.lower is None else float(found.lower)
        high = np.inf if found.upper is None else float(found.upper)
        off = max(low - truth, truth - high, 0.0)
        tally.count(f"gap, {engine}", "enclosure", off / scale)
        if off > 1e-8 * scale:
            _found(
                tally, "false proof", f"gap, {engine}", "enclosure", question,
                f"{said}[{low!r}, {high!r}]", repr(truth),
            )  # fmt: skip
        return
    off = abs(float(found) - truth)
    kind = "closed form" if found.exact else "estimate"
    tally.count(f"gap, {engine}", kind, off / scale)
    if off > CLOSE * scale:
        _found(
            tally, "false proof" if found.exact else "miss", f"gap, {engine}", kind, question,
            said + repr(float(found)), repr(truth),
        )  # fmt: skip


def _best(question: Trial, eta: Any) -> Any:
    return two_labels.least_risks(question.losses, eta, question.reach, 2, question.knots)


def _gap(question: Trial, distribution: Finite, engine: Any) -> Any:
    from hconsist.gaps import minimizability_gap

    return minimizability_gap(
        question.loss, distribution, question.hypotheses, members="constant", engine=engine
    )


def _found(
    tally: Tally, severity: Severity, engine: str, kind: str, question: Trial, said: str,
    truth: str,
) -> None:  # fmt: skip
    alike = [f for f in tally.findings if (f.engine, f.kind) == (engine, kind)]
    if sum(question.spec in f.question for f in alike) >= ALIKE:
        tally.more += 1
        return
    tally.findings.append(Finding(severity, engine, kind, str(question), said, truth))
