"""Which derivation fits a loss of the softmax value: a power, any convex one, or one that is
symmetric around a point for two labels.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, is_symbolic, to_sympy
from hconsist.engines.derivation import Step
from hconsist.engines.symbolic import margin
from hconsist.engines.symbolic.softmax.bounded import of_box
from hconsist.engines.symbolic.softmax.cases import by_cases
from hconsist.engines.symbolic.softmax.convex import of_convex
from hconsist.engines.symbolic.softmax.form import as_power, require_short, require_smooth, share
from hconsist.engines.symbolic.softmax.powers import of_power, of_top_k
from hconsist.engines.symbolic.softmax.two_labels import of_two_labels
from hconsist.engines.symbolic.softmax.vertices import of_concave_curve
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses.forms import OfMargin, OfSoftmax
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


def solve(problem: PointwiseProblem, form: OfSoftmax) -> Solution:
    """Derive T from the formula of the loss."""
    u = share()
    phi = sympy.sympify(form.g(u, SYMPY))
    require_short(phi)
    steps = [
        Step(
            r"\mathcal{C}(s, p) = \sum_{k=1}^{n} p_k\, \varphi(S_k),\quad S = \mathrm{softmax}(s"
            + ("" if form.temperature == 1 else rf"/{tex(to_sympy(form.temperature))}")
            + rf"),\quad \varphi(u) = {tex(phi)}",
            "The loss sees only the label's own softmax value, and complete scores reach every S "
            "of the open simplex",
            (r"0 < S_k < 1,\ \sum_k S_k = 1",),
        )
    ]
    plain = problem.hypotheses.score_bound is None and problem.top_k("symbolic") == 1
    if not (problem.surrogate.symbolic and problem.n_classes == 2 and plain):
        return _of_phi(problem, phi, form, steps)
    try:
        return _of_phi(problem, phi, form, list(steps))
    except EngineCannotAnswerError as refused:
        return by_cases(problem, phi, steps, refused.reason)


def _of_phi(problem: PointwiseProblem, phi: Expr, form: OfSoftmax, steps: list[Step]) -> Solution:
    require_smooth(phi, share())
    power = as_power(phi)
    bound = problem.hypotheses.score_bound
    if bound is not None:
        if problem.n_classes != 2:
            if problem.top_k("symbolic") > 1:
                raise stop(f"bounded scores for n >= 3 and the target {problem.target}")
            curve = None if problem.surrogate.symbolic else form.g
            return of_box(problem, phi, form.temperature, steps, power, curve)
        reach = 1 / (1 + sympy.exp(-2 * to_sympy(bound) / to_sympy(form.temperature)))
        return _of_two(problem, phi, form, steps, reach, power)
    if power is not None:
        if problem.top_k("symbolic") > 1:
            return of_top_k(problem, power, steps)
        return of_power(problem, power, steps)
    if problem.top_k("symbolic") > 1:
        raise stop(
            f"the target {problem.target} for a loss that is not a power of the softmax value"
        )
    own = None if problem.surrogate.symbolic else form.g
    if own is not None and own.fact("concave").proven and not own.fact("convex").proven:
        return of_concave_curve(problem, phi, steps, own)
    if is_symbolic(problem.n_classes) or problem.n > 2:
        return of_convex(problem, phi, steps)
    return _of_two(problem, phi, form, steps)


def _of_two(
    problem: PointwiseProblem, phi: Expr, form: OfSoftmax, steps: list[Step], *bounded: Expr
) -> Solution:
    """Two labels: as a convex loss of the softmax value, as a loss of the margin, or by the only
    stationary point of the risk.
    """
    curve = None if problem.surrogate.symbolic else form.g
    reach = bounded[0] if bounded else sympy.Integer(1)
    ways: tuple[Callable[[], Solution], ...] = (
        lambda: of_convex(problem, phi, list(steps), *bounded),
        lambda: margin.of_softmax(problem, phi, share(), to_sympy(form.temperature), curve),
        lambda: of_two_labels(problem, phi, steps, reach, curve),
    )
    reasons = []
    for way in ways:
        try:
            return way()
        except EngineCannotAnswerError as refused:
            reasons.append(refused.reason)
    raise stop("; ".join(dict.fromkeys(reasons)))


def as_share(problem: PointwiseProblem) -> Solution:
    """Two labels and a loss of the margin that is no convex one: v = log(u/(1 - u)) over the rate
    of its exponentials, u the share of the label.

    Raises
    ------
    EngineCannotAnswerError
    """
    u, v = share(), margin.margin_variable()
    form = problem.surrogate.form(OfMargin, 2)
    if form is None:
        raise stop("needs a loss of the margin")
    phi = sympy.sympify(form.phi(v, SYMPY))
    if problem.is_symbolic:
        phi = _powers(phi)
    rates = {abs(sympy.diff(a.args[0], v)) for a in phi.atoms(sympy.exp) if a.has(v)}
    if len(rates) != 1 or not all(r.is_number for r in rates):
        raise stop("needs a loss of the margin in exponentials of one rate")
    rate = rates.pop()
    if problem.is_symbolic:
        written = _in_share(phi, v, u, rate)
    else:
        written = sympy.expand_power_exp(phi.subs(v, sympy.log(u / (1 - u)) / rate))
        written = sympy.simplify(sympy.expand_log(sympy.simplify(written), force=True))
    require_smooth(written, u)
    bound = problem.hypotheses.score_bound
    reach = sympy.Integer(1) if bound is None else 1 / (1 + sympy.exp(-rate * to_sympy(bound)))
    steps = [
        Step(
            rf"\varphi(v) = {tex(phi)},\quad v = {tex(1 / rate)} \log\frac{{u}}{{1-u}},\quad "
            rf"\varphi(u) = {tex(written)}",
            "The margin is a function of the share u of the label, in which order is order",
            (r"0 < u < 1",),
        )
    ]
    return of_two_labels(problem, written, steps, reach)


def _powers(phi: Expr) -> Expr:
    """Exponentials of logarithms as powers: e^(-a log x) is x^(-a)."""
    found = {}
    for power in phi.atoms(sympy.exp):
        rest, logs = power.args[0].as_independent(sympy.log)
        if isinstance(logs, sympy.log):
            found[power] = logs.args[0] ** rest
    return phi.xreplace(found)


def _in_share(phi: Expr, v: Expr, u: Expr, rate: Expr) -> Expr:
    """Exponentials of the margin by the share u, each power and logarithm of one quotient."""
    odds = {a: (u / (1 - u)) ** (sympy.diff(a.args[0], v) / rate) * sympy.exp(a.args[0].subs(v, 0))
            for a in phi.atoms(sympy.exp) if a.has(v)}  # fmt: skip
    inside = phi.xreplace(odds).replace(
        lambda e: isinstance(e, sympy.Pow | sympy.log) and e.has(u),
        lambda e: e.func(sympy.factor(sympy.together(e.args[0])), *e.args[1:]),
    )
    parts = {1 / (1 - u): 1 - u, -1 / (u - 1): 1 - u, 1 / u: u}
    return inside.replace(
        lambda e: isinstance(e, sympy.Pow | sympy.log) and e.args[0] in parts,
        lambda e: (
            -sympy.log(parts[e.args[0]])
            if isinstance(e, sympy.log)
            else parts[e.args[0]] ** (-e.exp)
        ),
    )
