"""Enclosures of best-in-class risks and of minimizability gaps on finite distributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import BALLS, endpoints, exact, precision
from hconsist.engines.rigorous.binary import BinaryRisk
from hconsist.engines.rigorous.box import SoftmaxBox, reach
from hconsist.engines.rigorous.branch import Risk
from hconsist.engines.rigorous.constrained import ConstrainedRisk
from hconsist.engines.rigorous.linear import LinearRisk
from hconsist.engines.rigorous.methods.plan import Question
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.engines.rigorous.transport import TransportRisk
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.hypotheses import Bounded, Linear
from hconsist.losses import Loss
from hconsist.losses.facts import Curve, What
from hconsist.losses.forms import convex_in_scores
from hconsist.pointwise import PointwiseProblem


def best_in_class_risk(
    problem: PointwiseProblem, p: Sequence[object], *, bits: int = 96
) -> tuple[Fraction, Fraction]:
    """Enclose ``C*(p)``, the least conditional risk at one label distribution.

    Parameters
    ----------
    problem : PointwiseProblem
        Complete H: a softmax loss convex in the softmax value, an LDR loss, a constrained loss of a
        convex decreasing phi. Scores in a box: a loss convex in the scores, or a softmax loss
        convex or concave in the softmax value. A convex binary margin loss with either.
    p : sequence of n_classes numbers
        Kept exactly (a float is read as its shortest decimal); non-negative with sum 1.
    bits : int
        Working precision.

    Raises
    ------
    InvalidInputError
        When p is not a distribution.
    EngineCannotAnswerError
        For other problems.

    Examples
    --------
    >>> low, high = best_in_class_risk(PointwiseProblem("gce:q=0.5", n_classes=2), ["3/5", "2/5"])
    >>> low <= high, float(high - low) < 1e-12
    (True, True)
    """
    values = tuple(exact(v, "a probability") for v in p)
    weights = tuple(v for v in values if isinstance(v, Fraction))
    if (
        len(weights) != problem.n
        or len(values) != problem.n
        or min(weights) < 0
        or sum(weights) != 1
    ):
        raise InvalidInputError(
            "p must be a distribution",
            str(list(map(str, values))),
            f"pass {problem.n} numbers >= 0 with sum 1",
        )
    problem.check_formula("rigorous")
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    if bound is not None and not isinstance(bound, Fraction):
        raise EngineCannotAnswerError(
            "rigorous", f"the score bound {bound} is not rational", "numeric"
        )
    with precision(bits):
        reasons = []
        question = Question(problem, 1, bound)
        for way in _WAYS:
            found = way(question, weights)
            if not isinstance(found, str):
                return found
            reasons.append(found)
    raise EngineCannotAnswerError(
        "rigorous",
        f"no method for C* of {loss.spec} with {problem.hypotheses} "
        f"({'. '.join(dict.fromkeys(filter(None, reasons)))})",
        "numeric",
    )


Weights = tuple[Fraction, ...]
Bounds = tuple[Fraction, Fraction]


def _proven(curve: Curve, *whats: What) -> str:
    """What is not proven of these facts, in words."""
    return "; ".join(f.assumption or str(f) for f in map(curve.fact, whats) if not (f and f.proven))


def _of_margin(question: Question, p: Weights) -> Bounds | str:
    """Two labels and a convex phi, bounded scores or not."""
    form = question.margin
    if form is None:
        return "needs two labels and a loss of the margin"
    if missing := _proven(form.phi, "convex"):
        return missing
    if _proven(form.phi, "non-increasing") and _proven(form.phi, "falls at 0"):
        return "phi is not proven to fall at 0"
    try:
        low, high, _ = BinaryRisk(form.phi, abs(p[0] - p[1]), question.bound).convex_minimum()
    except ArithmeticError as problem:
        return str(problem)
    return low, high


def _of_softmax(question: Question, p: Weights) -> Bounds | str:
    """All scores, g convex and non-increasing."""
    form = question.softmax
    if form is None or question.bound is not None:
        return "" if form is not None else "needs a loss of the label's softmax value"
    missing = _proven(form.g, "convex", "non-increasing")
    return missing or _enclosed(SoftmaxRisk(form.g), p)


def _of_transport(question: Question, p: Weights) -> Bounds | str:
    """All scores, an LDR loss."""
    form = question.transport
    if form is None or question.bound is not None:
        return ""
    return _enclosed(TransportRisk(form), p)


def _of_constrained(question: Question, p: Weights) -> Bounds | str:
    """All scores that sum to zero."""
    form = question.scores
    if form is None or question.bound is not None:
        return ""
    missing = _proven(form.phi, "convex", "non-increasing", "non-negative", "falls at 0")
    return missing or _enclosed(ConstrainedRisk(form.phi), p)


def _in_box(question: Question, p: Weights) -> Bounds | str:
    """Scores in a box: a loss convex in the scores by tangents, one of the softmax value by the
    vertices of what the box reaches.
    """
    loss, bound = question.problem.surrogate, question.bound
    if bound is None:
        return ""
    if not (missing := convex_unproven(loss, question.n)):
        return LinearRisk(loss, [p], [[]], Fraction(0), bound).enclose()
    form = question.softmax
    if form is None:
        return missing
    if falls := _proven(form.g, "non-increasing"):
        return falls
    box = SoftmaxBox(form.g, reach(bound, Fraction(form.temperature)))
    if not _proven(form.g, "concave"):
        return box.of_concave(p)
    convex = _proven(form.g, "convex")
    return convex or box.of_convex(p)


_WAYS = (_of_softmax, _of_margin, _of_transport, _of_constrained, _in_box)


def convex_unproven(loss: Loss, n_classes: int) -> str:
    """Why the losses are not proven to be convex in the scores; empty where they are."""
    found = convex_in_scores(loss.forms, n_classes)
    if not found:
        return str(found)
    return "; ".join(f.assumption for f in found if f.assumption)


def _enclosed(risk: Risk, weights: Weights) -> Bounds | str:
    low, high = risk.best_in_class(weights, (1,) * len(weights))
    if not (low.is_finite() and high.is_finite()):
        return f"the risk at p = ({', '.join(map(str, weights))}) is not enclosed"
    return endpoints(low)[0], endpoints(high)[1]


def minimizability_gap(
    problem: PointwiseProblem,
    marginal: Sequence[object],
    conditionals: Sequence[Sequence[object]],
    *,
    bits: int = 96,
) -> tuple[Fraction, Fraction]:
    """Enclose the minimizability gap of the constant functions on a finite distribution: ``C*(E p)
    - E C*(p(x))``.

    Constant functions are the poorest sets whose scores at each point are still all of H's: every
    set that contains them has a gap between 0 and this one, and a set that treats the inputs one by
    one has gap 0.

    Parameters
    ----------
    problem : PointwiseProblem
    marginal : sequence of m numbers
        Probabilities of the inputs.
    conditionals : sequence of m sequences of n_classes numbers
        p(y | x) at each input.

    Raises
    ------
    InvalidInputError, EngineCannotAnswerError
        As `best_in_class_risk`.

    Examples
    --------
    >>> problem = PointwiseProblem("mae", n_classes=2)
    >>> low, high = minimizability_gap(problem, ["1/2", "1/2"], [[1, 0], ["1/4", "3/4"]])
    >>> low <= Fraction(1, 4) <= high
    True
    """
    weights = [exact(v, "a probability") for v in marginal]
    rows = [[exact(v, "a probability") for v in row] for row in conditionals]
    if (
        len(weights) != len(rows)
        or not all(isinstance(w, Fraction) and w >= 0 for w in weights)
        or sum(weights) != 1
    ):
        raise InvalidInputError(
            "marginal must be a distribution over the inputs",
            str(marginal),
            "one number >= 0 an input, sum 1",
        )
    parts = [best_in_class_risk(problem, row, bits=bits) for row in rows]
    mean = [
        sum((w * row[k] for w, row in zip(weights, rows, strict=True)), Fraction(0))
        for k in range(problem.n)
    ]
    whole = best_in_class_risk(problem, mean, bits=bits)
    low = whole[0] - sum((w * part[1] for w, part in zip(weights, parts, strict=True)), Fraction(0))
    high = whole[1] - sum(
        (w * part[0] for w, part in zip(weights, parts, strict=True)), Fraction(0)
    )
    return max(low, Fraction(0)), high


@dataclass(frozen=True)
class LinearGap:
    """Bounds of R*(H) and of E[C*(H, x)] for linear scores; their difference is the gap."""

    risk: tuple[Fraction, Fraction]
    conditional: tuple[Fraction, Fraction]


def linear_gap(
    loss: Loss,
    hypotheses: Linear,
    marginal: Sequence[object],
    conditionals: Sequence[Sequence[object]],
    points: Sequence[Sequence[Fraction | float | str]],
    *,
    bits: int = 96,
) -> LinearGap:
    """Enclose both parts of the minimizability gap of linear scores with bounded norms on finitely
    many inputs.

    Parameters
    ----------
    loss : Loss
        Convex in the scores.
    hypotheses : Linear
        Euclidean row norms at most ``weight``, intercepts at most ``bias``.
    marginal, conditionals
        As `minimizability_gap`.
    points : sequence of m feature vectors
        Kept exactly (a float is its binary value).

    Raises
    ------
    EngineCannotAnswerError
        For a loss that is not convex in the scores, or bounds that are not rational.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> half, points = ["1/2", "1/2"], [[0.0], [0.0]]
    >>> gap = linear_gap(parse_loss("hinge"), Linear(2, 1), half, [[1, 0], [0, 1]], points)
    >>> gap.risk[0] <= 1 <= gap.risk[1], gap.conditional[0] <= 0 <= gap.conditional[1]
    (True, True)
    """
    weight, bias = hypotheses.weight, hypotheses.bias
    if missing := convex_unproven(loss, len(conditionals[0])):
        raise EngineCannotAnswerError(
            "rigorous", f"R*(H) of {loss.spec} is not a convex program in linear scores: {missing}"
        )
    if not isinstance(weight, Fraction) or not isinstance(bias, Fraction):
        raise EngineCannotAnswerError(
            "rigorous", f"the bounds of {hypotheses} are not rational", "numeric"
        )
    weights = [Fraction(exact(w, "a probability")) for w in marginal]
    rows = [[Fraction(exact(v, "a probability")) for v in row] for row in conditionals]
    features = [[Fraction(v) for v in x] for x in points]
    low, high = Fraction(0), Fraction(0)
    with precision(bits):
        masses = [[w * v for v in row] for w, row in zip(weights, rows, strict=True)]
        risk = LinearRisk(loss, masses, features, weight, bias).enclose()
        for w, row, x in zip(weights, rows, features, strict=True):
            # At x the scores fill the box of radius weight |x| + bias; C* falls as the box grows.
            norm = endpoints(BALLS.const(sum((v * v for v in x), Fraction(0))).sqrt())
            inner, outer = (weight * max(v, Fraction(0)) + bias for v in norm)
            small = best_in_class_risk(
                PointwiseProblem(loss, hypotheses=Bounded(inner), n_classes=len(row)),
                row,
                bits=bits,
            )
            large = small
            if outer != inner:
                large = best_in_class_risk(
                    PointwiseProblem(loss, hypotheses=Bounded(outer), n_classes=len(row)),
                    row,
                    bits=bits,
                )
            low, high = low + w * large[0], high + w * small[1]
    return LinearGap(risk, (low, high))
