"""Where the best scores are those of a convex program that permutations leave as it is: the risk to
search, and the facts that this rests on.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hconsist.arithmetic import BALLS
from hconsist.arithmetic.derivatives import BALL_JETS
from hconsist.arithmetic.jet import variable
from hconsist.checker.rules.cells import is_symmetric
from hconsist.engines.rigorous.box import SoftmaxBox, SoftmaxBoxRisk, reach
from hconsist.engines.rigorous.branch import Risk
from hconsist.engines.rigorous.line import hull
from hconsist.engines.rigorous.methods.piecewise import least_risks
from hconsist.engines.rigorous.methods.plan import Question, known
from hconsist.engines.rigorous.methods.searched import Coordinates
from hconsist.engines.rigorous.piecewise.search import PiecewiseRisk
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.losses.facts import Curve, Fact
from hconsist.losses.forms import OfScores, convex_in_scores
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
    pair: tuple[Curve, Any] | None = None


def convex_risk(question: Question) -> Convex | str:
    """The risk of a loss convex in the softmax value, of weights of bounded scores, or of a
    piecewise-linear convex loss; or what is missing.
    """
    tried = [_of_softmax(question), _of_weights(question), _piecewise(question)]
    found = next((t for t in tried if not isinstance(t, str)), None)
    return found if found is not None else "; ".join(map(str, tried))


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
    return Convex(PiecewiseRisk(least), coordinates, 1.0, convex)  # type: ignore[arg-type]
