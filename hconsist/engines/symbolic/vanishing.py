"""Losses that know nothing of the target: T = 0 at every beta (docs/theory.md, "where T vanishes").

Reflection: no loss changes when a score is reflected about t, so that the best scores, reflected,
predict any label. Constant sum: losses of at least 0 that sum to a constant, all of which a label
far below equal other ones pays: it may be the least likely one, and then the tie of the others is
best. Both are shown of the formula, not seen on a sample.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, is_symbolic
from hconsist.engines.derivation import Derivation, Step
from hconsist.engines.methods import method
from hconsist.engines.symbolic.regular import smooth_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.forms import OfProbabilities, OfSoftmax
from hconsist.losses.forms_of_scores import OfWeights
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex
#: The most labels whose losses are written out and summed.
MOST_WRITTEN = 40
#: A score this far below stands for minus infinity in a witness.
_FAR = 1e15
#: What the weights sum to in a witness, so large that the least weight is nothing beside it.
_LARGE = 1e18


@method("symbolic", "reflection", rank=5, lemmas=("docs/theory.md, where T vanishes (ii)",))
def reflection(problem: PointwiseProblem) -> Callable[[], Solution] | str:
    """Losses of weights that are even about a score: T = 0."""
    form = problem.surrogate.form(OfWeights)
    if problem.decision.structure.top is None:
        return "needs the zero-one or a top-k target"
    if form is None or is_symbolic(problem.n_classes):
        return "needs a cross-entropy of weights of the scores"
    return lambda: _reflected(problem, form)


@method("symbolic", "constant sum", rank=6, lemmas=("docs/theory.md, where T vanishes (i)",))
def constant_sum(problem: PointwiseProblem) -> Callable[[], Solution] | str:
    """Losses that sum to a constant, from k + 2 labels on: T = 0."""
    form, k = problem.surrogate.form(OfProbabilities), problem.decision.structure.top
    if k is None:
        return "needs the zero-one or a top-k target"
    narrow = problem.surrogate.form(OfSoftmax) is not None
    if form is None or narrow or not problem.surrogate.symmetric:
        return "needs a symmetric loss of all probabilities"
    if problem.hypotheses.score_bound is not None or problem.is_symbolic:
        return "needs complete scores and numbers for n and the parameters"
    if problem.n - k < 2 or problem.n > MOST_WRITTEN:
        return f"needs two labels more than are predicted, and at most {MOST_WRITTEN}"
    reason = _no_constant_sum(form, problem.n)
    return reason or (lambda: _far_below(problem))


def _nothing(
    problem: PointwiseProblem, steps: list[Step], witness: Callable[[Fraction], Witness] | None
) -> Solution:
    zero, one = sympy.Integer(0), sympy.Integer(1)
    steps.append(
        Step(
            r"\mathcal{T}(\beta) = 0,\quad \Gamma(\varepsilon) = 1",
            "No bound on the target regret follows from the surrogate regret",
        )
    )
    derivation = Derivation(problem, zero, zero, one, one, None, tuple(steps))
    return Solution(derivation, witness=witness)


def _worst(problem: PointwiseProblem, beta: Fraction) -> tuple[tuple[Fraction, ...], list[int]]:
    """Two likely labels, and a predicted set without the first that has target regret beta."""
    n, k = problem.n, problem.top_k("symbolic")
    pair = ((1 + beta) / 2, (1 - beta) / 2) if k == 1 else (beta, 1 - beta)
    return (*pair, *([Fraction(0)] * (n - 2))), list(range(1, k + 1))


# -- reflection


def _reflected(problem: PointwiseProblem, form: OfWeights) -> Solution:
    s, x = sympy.Symbol("s", real=True), sympy.Symbol("x", positive=True)
    w = sympy.sympify(form.w(s, SYMPY))
    centre = _centre(w, s, x)
    if centre is None:
        raise stop(f"could not show that the weight {w} is even about some score")
    if problem.hypotheses.score_bound is not None and centre != 0:
        raise stop(f"the weight {w} is even about {centre}, and the box is not")
    steps = [
        Step(
            rf"\ell(s, y) = -\log\frac{{w(s_y)}}{{\sum_k w(s_k)}},\quad w(s) = {tex(w)},\quad "
            rf"w({tex(centre)} + x) = w({tex(centre)} - x)",
            "The formula of the loss; no loss changes when a single score is reflected",
        ),
        Step(
            r"\inf_{s \text{ predicts } K} \mathcal{C}(s, p) = \mathcal{C}^*(p)",
            "Reflect near-best scores: those of the predicted labels above the centre, all others "
            "below it. The losses are the same, for every set of predicted labels",
        ),
    ]

    value = sympy.lambdify(s, w, "math")

    def witness(beta: Fraction) -> Witness:
        p, predicted = _worst(problem, beta)
        floats = np.array([float(v) for v in p])
        out = [_distance(lambda d: value(float(centre) + d), v) for v in floats]
        signs = np.where(np.isin(np.arange(problem.n), predicted), 1.0, -1.0)
        scores = float(centre) + signs * np.array(out)
        inside = floats[floats > 0]
        best = -float(np.sum(inside * np.log(inside)))  # no cross-entropy is below the entropy
        risk = float(problem.conditional_risk(scores, floats))
        return Witness(p, tuple(map(float, scores)), tuple(predicted), max(risk - best, 0.0))

    grows = sympy.limit(w, s, sympy.oo) is sympy.oo and problem.hypotheses.score_bound is None
    return _nothing(problem, steps, witness if grows else None)


def _distance(weight: Callable[[float], float], share: float) -> float:
    """How far from the centre a growing weight is a share of a large number."""
    low, high = 0.0, 2.0
    while weight(high) < _LARGE * share:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if weight(middle) < _LARGE * share else (low, middle)
    return low


def _centre(w: Expr, s: Expr, x: Expr) -> Expr:
    """The score about which w, real and smooth on the line, is even; None where none is found."""
    if not smooth_on(w, s, -sympy.oo, sympy.oo):
        return None
    try:
        found = sympy.solve(sympy.diff(w, s), s)
    except NotImplementedError:
        return None
    for t in found:
        if t.is_real and sympy.simplify(w.subs(s, t + x) - w.subs(s, t - x)) == 0:
            return t
    return None


# -- constant sum


def _no_constant_sum(form: OfProbabilities, n: int) -> str:
    """Why the conditions were not shown; empty where they are."""
    x = sympy.symbols(f"x1:{n + 1}", positive=True)
    q = np.array([sympy.exp(-v) for v in x], dtype=object)
    losses = [sympy.sympify(v) for v in form.f(q, SYMPY)]
    if not all(v.is_nonnegative for v in losses):
        return "could not show that no loss is negative"
    total = sympy.cancel(sympy.together(sympy.Add(*losses)))
    if total.free_symbols or not total.is_positive:
        return "could not show that the losses sum to a constant"
    y = sympy.Symbol("y", positive=True)  # how far the last label lies below the others
    norm = n - 1 + sympy.exp(-y)
    tied = np.array([1 / norm] * (n - 1) + [sympy.exp(-y) / norm], dtype=object)
    last = sympy.expand_log(sympy.sympify(form.f(tied, SYMPY)[-1]), force=True)
    if sympy.simplify(sympy.limit(last, y, sympy.oo) - total) != 0:
        return "could not show that a label far below equal other ones pays the whole sum"
    return ""


def _far_below(problem: PointwiseProblem) -> Solution:
    n = problem.n
    steps = [
        Step(
            r"\ell(s, y) \ge 0,\quad \sum_y \ell(s, y) = c \implies \mathcal{C}(s, p) \ge c \min_y "
            r"p_y",
            "The losses are not negative and sum to a constant",
        ),
        Step(
            r"\ell\bigl((0, \dots, 0, -x), n\bigr) \to c,\quad p_n = \min_y p_y = 0 \implies "
            r"\mathcal{C}((0, \dots, 0, -x), p) \to 0 = \mathcal{C}^*(p)",
            "A label far below equal other ones pays the whole sum; the others tie, so that any of "
            "them may be predicted",
            (rf"n = {n} \ge k + 2",),
        ),
    ]

    def witness(beta: Fraction) -> Witness:
        p, predicted = _worst(problem, beta)
        scores = (*([0.0] * (n - 1)), -_FAR)
        risk = float(problem.conditional_risk(scores, [float(v) for v in p]))
        return Witness(p, scores, tuple(predicted), risk)

    return _nothing(problem, steps, witness)
