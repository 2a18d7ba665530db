"""Which loss, for so many labels, so much label noise and a target: a table and what it rests on.

Under uniform noise of rate r over n labels every difference of label probabilities shrinks by the
factor ``c = 1 - r n / (n - 1)``, so the zero-one (or top-k) regret on clean labels is the regret on
noisy ones over c, whatever the loss: ``clean excess error <= Gamma(noisy excess risk) / c``. That
much is proven. Which loss a finite sample trains best is not: the recommendation is a rule that
says what it looks at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from hconsist.arithmetic import NUMPY
from hconsist.bounds import derive
from hconsist.consistency import verdict
from hconsist.decisions import parse_target
from hconsist.errors import EngineCannotAnswerError, InvalidInputError, UnknownNameError
from hconsist.losses import Loss, parse_loss
from hconsist.losses.per_example import label_losses
from hconsist.pointwise import round_up
from hconsist.simulate.backend import Backend
from hconsist.simulate.gradients import risk_kernel
from hconsist.simulate.optimum import is_unbounded_below, least_conditional_risk

#: What is compared unless losses are named.
USUAL = ("logistic", "sce", "gce:q=0.3", "gce:q=0.7", "mae", "brier", "focal", "taylor-ce",
         "ldr:lam=1,c=1")  # fmt: skip
#: The noisy excess risk at which bounds are shown.
SHOWN = 0.01
#: The least gradient at the start, of cross-entropy's, with which training gets going.
START = 0.02

Noise = Literal["uniform", "pairs"]


@dataclass(frozen=True)
class Choice:
    """One loss.

    Parameters
    ----------
    loss : str
    consistent : {"yes", "no", "?"}
        For the target.
    bound : float or None
        Clean excess error allowed by a noisy excess risk of `SHOWN`, over all functions; at most
        the largest target regret. None where no engine says, or where the noise leaves no such
        factor (pairs).
    proven : bool
        Whether that bound is.
    growth : str
        The order of T at 0 in the target regret, where it was derived.
    gap : float or None
        The most that the minimizability gap can be on a hypothesis set that has the constant
        scores: the loss of equal scores less its least value.
    symmetric : bool
        Whether the losses over the labels sum to a constant (at random scores, to rounding): then
        uniform noise leaves the best hypothesis of every set as it is.
    bounded : bool
        Whether one wrong label can only do so much (the loss at margins of -1e6 and -2e6 agrees).
    start : float
        The norm of the gradient at equal scores, over that of cross-entropy.
    """

    loss: str
    consistent: str
    bound: float | None
    proven: bool
    growth: str
    gap: float | None
    symmetric: bool
    bounded: bool
    start: float

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return asdict(self)


def factor(n_classes: int, noise: float, kind: Noise = "uniform") -> float | None:
    """What uniform noise multiplies regrets by; None for pair noise, which has no such number.

    Raises
    ------
    InvalidInputError
        For a rate under which the true label is not the likeliest any more.

    Examples
    --------
    >>> factor(10, 0.45)
    0.5
    """
    if kind not in ("uniform", "pairs"):
        raise UnknownNameError("kind of noise", kind, ("uniform", "pairs"))
    if n_classes < 2:
        raise InvalidInputError("n_classes must be >= 2", n_classes, "pass n_classes=10")
    most = (n_classes - 1) / n_classes if kind == "uniform" else 0.5
    if not 0 <= noise < most:
        raise InvalidInputError(
            f"the rate of {kind} noise must lie in [0, {most:g})",
            noise,
            "beyond, the true label need not be the likeliest",
        )
    if kind == "pairs":
        return 1.0 if noise == 0 else None
    return 1 - noise * n_classes / (n_classes - 1)


def choices(
    n_classes: int,
    noise: float = 0.0,
    target: str = "zero-one",
    losses: Sequence[str] = USUAL,
    kind: Noise = "uniform",
) -> Iterator[Choice]:
    """The rows of the table, one by one.

    Parameters
    ----------
    n_classes : int
    noise : float
        Rate of label noise in the training data.
    target : str
        ``"zero-one"`` or ``"top-k:K"``: costs of labels alone, all alike.
    losses : sequence of str
        Spec strings.
    kind : {"uniform", "pairs"}

    Raises
    ------
    InvalidInputError, UnknownNameError

    Examples
    --------
    >>> mae, ce = choices(10, 0.45, losses=["mae", "logistic"])
    >>> mae.symmetric, mae.bounded, ce.symmetric, ce.bounded
    (True, True, False, False)
    >>> round(mae.bound, 12)  # 0.01 n / (n/2), over c = 1/2
    0.2
    """
    shrink = factor(n_classes, noise, kind)
    parse_target(target)  # an unknown one is called unknown
    if target.partition(":")[0] not in ("zero-one", "top-k") and noise > 0:
        raise InvalidInputError(
            "noise goes with the target zero-one or top-k",
            target,
            "pass noise 0, or another target",
        )
    for name, loss in [(spec, parse_loss(spec)) for spec in losses]:
        yield _choice(name, loss, n_classes, target, shrink)


def _choice(name: str, loss: Loss, n: int, target: str, shrink: float | None) -> Choice:
    words = {"consistent": "yes", "not consistent": "no", "undecided": "?"}
    told = words[verdict(loss, n, target).status]
    bound, proven, growth = None, False, "?"
    if told != "no":
        try:
            found = derive(loss, n, target=target)
            answer = found.bound(SHOWN)
            proven = answer.upper is not None
            value = round_up(answer.upper) if answer.upper is not None else answer.estimate
            if value is not None and shrink is not None:
                most = float(found.problem.decision.max_regret)
                bound = min(
                    most, value if shrink == 1 else math.nextafter(value / shrink, math.inf)
                )
            if found.derivation is not None and found.derivation.growth is not None:
                growth = str(found.derivation.growth)
        except (EngineCannotAnswerError, InvalidInputError):
            pass
    random = np.random.default_rng(0)
    sums = np.asarray(loss.losses(3 * random.normal(size=(20, min(n, 20))), NUMPY)).sum(-1)
    symmetric = bool(np.ptp(sums) <= 1e-9 * np.abs(sums).max())
    raised = np.zeros((1, n))
    raised[0, 1] = 1.0
    wrong = np.zeros(1, dtype=int)
    with np.errstate(all="ignore"):
        far, farther, equal = (
            float(label_losses(loss, t * raised, wrong, NUMPY)[0]) for t in (1e6, 2e6, 0.0)
        )
    least = _least_loss(loss, n)
    gap = math.inf if least is None else equal - least
    return Choice(
        loss=name,
        consistent=told,
        bound=bound,
        proven=proven,
        growth=growth,
        gap=gap if math.isfinite(gap) else None,
        symmetric=symmetric,
        bounded=math.isfinite(far) and abs(farther - far) <= 1e-9 * (1 + abs(far)),
        start=_start(loss, n) / _start(parse_loss("logistic"), n),
    )


def _least_loss(loss: Loss, n: int) -> float | None:
    """The least loss of a label over all scores; None where it has none, or none is found.

    >>> _least_loss(parse_loss("least-squares"), 2), _least_loss(parse_loss("margin:-v"), 2)
    (0.0, None)
    """
    if is_unbounded_below(loss, n):
        return None
    sure = np.eye(1, n)
    try:
        return float(least_conditional_risk(loss, sure)[0][0])
    except EngineCannotAnswerError:
        return None


def _start(loss: Loss, n: int) -> float:
    weights = np.zeros((n, 1))
    weights[0] = 1.0
    if loss.separable is None and n > 200:  # jets of all scores would fill n^3 numbers
        move = np.zeros((2, n))
        move[0], move[1] = 1e-6, -1e-6
        move -= move * (np.arange(n) > 0)
        up, down = label_losses(loss, move, np.zeros(2, dtype=int), NUMPY)
        return float(abs(up - down) / 2e-6 * math.sqrt(n / (n - 1)))
    _, gradient = risk_kernel(loss, Backend())(np.zeros((n, 1)), weights)
    return float(np.linalg.norm(gradient))


def recommendation(rows: Sequence[Choice], noise: float) -> tuple[str, str]:
    """A loss of the table, and in words why; an empty name where nothing is left.

    Without noise: the smallest proven bound among consistent losses. With noise: the same among
    those that are bounded and whose gradient at the start is at least `START` of cross-entropy's.
    Where the bound is not known the gradient decides.

    >>> rows = list(choices(10, 0.3, losses=["mae", "logistic", "gce:q=0.7"]))
    >>> recommendation(rows, 0.3)[0]
    'gce:q=0.7'
    """
    left = [row for row in rows if row.consistent == "yes"]
    said = "consistent for the target"
    if noise > 0:
        left = [row for row in left if row.bounded and row.start >= START]
        said += f", bounded, gradient at the start at least {START:g} of cross-entropy's"
    if not left:
        return "", f"no loss of the table is {said}"
    best = min(
        left, key=lambda r: (not r.proven, math.inf if r.bound is None else r.bound, -r.start)
    )
    if noise > 0:
        # bounds of one order hardly differ: the gradient decides among those within a factor 2
        level = math.inf if best.bound is None else 2 * best.bound
        near = [r for r in left if (math.inf if r.bound is None else r.bound) <= level]
        best = max(near, key=lambda r: r.start)
        why = (
            f"{said}; within a factor 2 of the smallest bound; of these the largest gradient at "
            "the start. The bound on clean labels is proven where marked; that bounded losses with "
            "gradients train best under noise is the evidence of the studies, not a theorem"
        )
        return best.loss, why
    return best.loss, f"{said}; the smallest bound at an excess risk of {SHOWN:g}"
