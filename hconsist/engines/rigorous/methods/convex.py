"""Where the best scores are those of a convex program that permutations leave as it is: the risk to
search, and the facts that this rests on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hconsist.arithmetic import BALLS, NUMPY, SYMPY
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.exact import Value
from hconsist.arithmetic.jet import variable
from hconsist.checker.rules.cells import is_symmetric
from hconsist.engines.rigorous.box import SoftmaxBox, SoftmaxBoxRisk, reach
from hconsist.engines.rigorous.branch import Risk
from hconsist.engines.rigorous.line import hull
from hconsist.engines.rigorous.methods.piecewise import least_risks
from hconsist.engines.rigorous.methods.plan import Question, known, scores_of_labels
from hconsist.engines.rigorous.methods.projected import squared
from hconsist.engines.rigorous.methods.searched import Coordinates
from hconsist.engines.rigorous.piecewise.search import PiecewiseRisk
from hconsist.engines.rigorous.projections import ConeRisk
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.losses.facts import Curve, Fact
from hconsist.losses.forms import OfProbabilities, OfScores, convex_in_scores
from hconsist.losses.forms_of_scores import OfWeights


@dataclass(frozen=True)
class Convex:
    """A risk for the search.

    Parameters
    ----------
    risk : Risk
    coordinates : str
        Of its optima.
    temperature : float
    facts : tuple of Fact
    pair : (Curve, ball or None), optional
        A convex g of the softmax value, and the largest ratio of two values (None: any).
    """

    risk: Risk
    coordinates: Coordinates
    temperature: float
    facts: tuple[Fact, ...]
    pair: tuple[Curve, Value] | None = None


#: Labels of a cone whose edges are all looked at.
_CONE = 5


def convex_risk(question: Question) -> Convex | str:
    """The risk of a loss convex in the softmax value, of weights of bounded scores, of Brier or
    spherical form, or of a piecewise-linear convex loss; or what is missing.
    """
    if other := scores_of_labels(question):
        return other
    reasons = []
    for way in (_of_softmax, _of_weights, _of_cone, _piecewise):
        found = way(question)
        if not isinstance(found, str):
            return found
        reasons.append(found)
    return "; ".join(reasons)


def _of_softmax(question: Question) -> Convex | str:
    form, bound = question.softmax, question.bound
    if form is None or not isinstance(form.temperature, Fraction):
        return "needs a loss of the label's softmax value"
    facts, missing = known(form.g, "convex", "non-increasing")
    if not facts:
        return missing
    if bound is None:
        risk: Risk = SoftmaxRisk(form.g)
        return Convex(risk, "softmax", float(form.temperature), facts, (form.g, None))
    ratio = reach(bound, form.temperature)
    risk = SoftmaxBoxRisk(SoftmaxBox(form.g, ratio))
    return Convex(risk, "softmax", float(form.temperature), facts, (form.g, ratio))


def _of_weights(question: Question) -> Convex | str:
    """Cross-entropy of weights that rise in the box: their ratios are those of a box of scores."""
    form, bound = question.problem.surrogate.form(OfWeights), question.bound
    if form is None or bound is None:
        return "or weights of bounded scores"
    if not rises(form.w, bound):
        return f"could not show that the weights rise on [-{bound}, {bound}]"
    ends = [form.w(BALLS.const(s), BALLS) for s in (-bound, bound)]
    if not ends[0] > 0:
        return "needs positive weights"
    log = Curve("-log u", lambda u, ops: -ops.log(u), "unit")
    ratio = ends[1] / ends[0]
    facts = log.facts("convex", "non-increasing")
    return Convex(SoftmaxBoxRisk(SoftmaxBox(log, ratio)), "weights", 1.0, facts, (log, ratio))


def rises(w: Curve, bound: Fraction) -> bool:
    """Whether a curve is shown not to fall on [-bound, bound]: by its slope in balls, or by its
    slope at the left end where it is convex.
    """
    jet = w(variable(hull(-bound, bound)), BALL_JETS)
    if jet.d1 >= 0:
        return True
    left = w(variable(BALLS.const(-bound)), BALL_JETS)
    return bool(jet.d2 >= 0 and left.d1 >= 0)


def _of_cone(question: Question) -> Convex | str:
    """A squared distance from p, or minus a cosine, of few labels."""
    form, n = question.problem.surrogate.form(OfProbabilities), question.n
    if form is None or n > _CONE or not isinstance(form.temperature, Fraction):
        return f"or a formula of all probabilities and at most {_CONE} labels"
    ratio = None if question.bound is None else reach(question.bound, form.temperature)
    temperature = float(form.temperature)
    square = squared(form.f, n)
    if not isinstance(square, str) and not square[1]:
        return Convex(ConeRisk("brier", square[0], ratio, n), "softmax", temperature, ())
    scale = cosine(form.f, n)
    if scale is None:
        return "the losses are neither squared distances nor cosines"
    return Convex(ConeRisk("spherical", scale, ratio, n), "softmax", temperature, ())


def cosine(losses: Callable[..., Value], n: int) -> Fraction | None:
    """a of losses ``const - a q_y / |q|``, by algebra; None for others.

    >>> from hconsist.losses import parse_loss
    >>> cosine(parse_loss("spherical").form(OfProbabilities).f, 3)
    Fraction(1, 1)
    >>> cosine(parse_loss("brier").form(OfProbabilities).f, 3) is None
    True
    """
    x = np.arange(1.0, n + 1) / 8
    try:
        values = np.asarray(losses(x, NUMPY), dtype=float)
    except Exception:  # a stranger's formula may do anything
        return None
    length = float(np.sqrt((x**2).sum()))
    scale = Fraction(float((values[0] - values[1]) * length / (x[1] - x[0]))).limit_denominator(
        1000
    )
    left = Fraction(float(values[0] + float(scale) * x[0] / length)).limit_denominator(1000)
    if scale <= 0 or abs(float(left) - float(scale) * x[1] / length - values[1]) > 1e-9:
        return None
    import sympy

    q = sympy.symbols(f"q0:{n}", positive=True)
    a, c = sympy.Rational(str(scale)), sympy.Rational(str(left))
    norm = sympy.sqrt(sum(v**2 for v in q))
    found = losses(np.array(q, dtype=object), SYMPY)
    same = [sympy.simplify(f - c + a * v / norm) == 0 for f, v in zip(found, q, strict=True)]
    return scale if all(same) else None


def _piecewise(question: Question) -> Convex | str:
    loss = question.problem.surrogate
    if not loss.symmetric:
        return "or a symmetric piecewise-linear loss"
    convex = convex_in_scores(loss.forms, question.n)
    if not convex:
        return str(convex)
    least = least_risks(question.problem)
    if isinstance(least, str):
        return least
    if not is_symmetric(least.risks):
        return "the formula is not seen to be symmetric"
    coordinates: Coordinates = "constrained" if loss.form(OfScores) is not None else "scores"
    return Convex(PiecewiseRisk(least), coordinates, 1.0, convex)
