"""Random questions to every engine, each answer held against brute force.

An answer may be silent: a refusal, or an interrupt after `PATIENCE` seconds, is counted and is no
failure.
"""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from hconsist.errors import HconsistError
from hconsist.losses import Loss, parse_loss
from hconsist.selftest import formulas, judge
from hconsist.selftest.judge import Trial
from hconsist.selftest.tally import Finding, Tally

R = TypeVar("R")
#: Seconds of computing that one engine may take for one loss; slower derivations are cut short.
PATIENCE = 3.0
#: Target regrets of two labels; engines that search are asked at some of them only.
MANY = tuple(sorted({str(Fraction(k, 60)) for k in range(1, 60)} | {"1/100", "37/100", "99/100"},
                    key=Fraction))  # fmt: skip
BOUNDS = (None, None, "1/2", "1", "2")
#: How many target regrets are asked about at three labels, with costs, and of more labels.
FEW = 5


class _Interrupted(BaseException):
    """The patience ended; not an `Exception`, so that no method takes it for its own failure."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Interrupt the block after so many seconds of computing, where the system has such timers."""
    if not hasattr(signal, "setitimer") or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def ring(*_: object) -> None:
        raise _Interrupted

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def run(
    seed: int = 0,
    minutes: float = 1.0,
    most: int | None = None,
    progress: Callable[[Tally], None] | None = None,
    tally: Tally | None = None,
) -> Tally:
    """Draw formulas and compare until the time is over.

    Parameters
    ----------
    seed : int
        The i-th formula of a seed is the same whenever it is drawn.
    minutes : float
        At most so long; the formula that is at work is finished.
    most : int, optional
        At most so many formulas.
    progress : callable, optional
        Called with the tally before each formula, which ``tally.now`` names, and at the end.
    tally : Tally, optional
        Counted into, so that a caller who is stopped has what was compared until then.

    Examples
    --------
    >>> run(seed=1, most=0).comparisons
    0
    """
    tally = Tally(seed) if tally is None else tally
    end = time.monotonic() + 60 * minutes
    index = 0
    while (most is None or index < most) and time.monotonic() < end:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one(np.random.default_rng([seed, index]), tally, progress)
        index += 1
    tally.now = ""
    if progress is not None:
        progress(tally)
    return tally


def one(
    random: np.random.Generator,
    tally: Tally,
    progress: Callable[[Tally], None] | None = None,
) -> None:
    """One random formula, all questions: facts of a loss are proven once, and serve them all."""
    classes = 3 if random.random() < 0.2 else 2
    spec = formulas.spec(random, classes)
    tally.now = spec
    if progress is not None:
        progress(tally)
    try:
        loss = parse_loss(spec)
    except HconsistError:
        tally.unanswered("formula", "refused")
        return
    tally.formulas += 1
    bounds = list(dict.fromkeys(BOUNDS[int(i)] for i in random.integers(len(BOUNDS), size=2)))
    for bound in bounds if classes == 2 else bounds[:1]:
        tally.now = f"{spec}, n = {classes}" + (f", bounded:{bound}" if bound else "")
        compare(loss, spec, classes, bound, tally, random)
    if classes == 2:
        tally.now = f"{spec}, costs"
        with_costs(loss, spec, tally, random)


def compare(
    loss: Loss,
    spec: str,
    classes: int,
    bound: str | None,
    tally: Tally,
    random: np.random.Generator,
) -> None:
    """All questions about one loss.

    Parameters
    ----------
    loss : Loss
        Symmetric at three labels, and a function of differences of scores.
    spec : str
        How it is called in a finding.
    classes : {2, 3}
    bound : str or None
        Of the scores.
    tally : Tally
    random : numpy.random.Generator
    """
    betas = MANY if classes == 2 else some(MANY[2:], random)
    question = Trial(loss, spec, classes, bound, tuple(betas))
    points = ask(tally, question, "brute force", judge.brute)
    if points is None:
        tally.unanswered("brute force", "no lower bound of the risk")
    for engine in ("symbolic", "rigorous", "numeric"):
        few = question if engine != "rigorous" or classes == 3 else question.at(random, 12)
        judge.transform(tally, few, points, engine, ask)
    judge.verdict(tally, question, points, ask)
    judge.gap(tally, question, ask, random)
    if classes == 2:
        few, more = question.at(random, FEW), int(random.choice([3, 4, 7]))
        for engine in ("symbolic", "rigorous", "numeric"):
            if more < 7 or engine != "numeric":
                judge.more_labels(tally, few, points, more, engine, ask)


def with_costs(loss: Loss, spec: str, tally: Tally, random: np.random.Generator) -> None:
    """T of two labels for costs of one's own: weights of labels, abstention, or any table."""
    a, b, c, d = (int(v) for v in random.integers(1, 12, size=4))
    target = (
        f"weights:{a}/4,{b}/4",
        f"abstain:c={c}/24",
        f"cost:[[0,{a}/3],[{b}/3,0],[{c}/6,{d}/6]]",
    )[int(random.integers(3))]
    try:
        most = Trial(loss, spec, 2, None, (), target).problem.decision.max_regret
    except HconsistError:  # a loss that forecasts nothing
        return
    betas = tuple(str(Fraction(b) * most) for b in some(MANY, random))
    question = Trial(loss, spec, 2, None, betas, target)
    points = ask(tally, question, "brute force", judge.brute)
    for engine in ("symbolic", "rigorous", "numeric"):
        judge.transform(tally, question, points, engine, ask)


def some(betas: tuple[str, ...], random: np.random.Generator) -> tuple[str, ...]:
    """A few of them."""
    size = min(FEW, len(betas))
    return tuple(betas[i] for i in sorted(random.choice(len(betas), size=size, replace=False)))


def ask(tally: Tally, question: Trial, engine: str, what: Callable[..., R], *given: Any) -> Any:
    """What comes back, or None for a refusal, an interrupt, or an error (a finding); who was
    interrupted once is not asked about that loss again.
    """
    if (question.spec, engine) in tally.slow:
        tally.unanswered(engine, "was too slow before")
        return None
    try:
        with patience(PATIENCE):
            return what(question, *given)
    except HconsistError:
        tally.unanswered(engine, "refused")
    except _Interrupted:
        tally.slow.add((question.spec, engine))
        tally.unanswered(engine, f"not within {PATIENCE:g} s")
    except KeyboardInterrupt:
        raise
    except Exception as problem:
        tally.findings.append(
            Finding(
                "error", engine, "answer", str(question),
                f"{type(problem).__name__}: {problem}"[:200], "an answer or a refusal",
            )
        )  # fmt: skip
    return None
