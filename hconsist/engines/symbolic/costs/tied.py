"""One score an item, the logistic loss of all pairs, the place of the predicted item: the tie rule
of a Fenchel-Young loss (docs/targets_scores.md, theorem F).

The loss of label y is A(s) - <s, phi_y>, A(s) the sum over pairs of log(exp(s_i) + exp(s_j)), which
is read off the loss, and the cost of predicting r is a constant less phi_{y, r}. Moving from a tie
of r and r* by t along e_{r*} - e_r gains t b and costs at most log cosh t + (m - 2) log((1 + cosh
t)/2): the logarithmic moment of a sum of independent random signs and of half sums of two.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import sympy

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.costs.conjugate import Conjugate
from hconsist.engines.symbolic.solution import Solution
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex

#: Items at most: the loss is compared with its potential at every one of their rankings.
_MOST_ITEMS = 5


def missing(problem: PointwiseProblem) -> str:
    """Why the rule does not apply; empty where it does.

    >>> missing(PointwiseProblem("ranknet", "borda:items=3", n_classes=6))
    ''
    >>> missing(PointwiseProblem("listmle", "borda:items=3", n_classes=6))
    'needs the logistic loss of all pairs of items'
    """
    loss, decision = problem.surrogate, problem.decision
    if loss.scores_of != "items" or decision.rule != "largest scores":
        return "needs one score an item and the item with the largest one"
    m = problem.n_scores
    if m > _MOST_ITEMS:
        return f"needs at most {_MOST_ITEMS} items"
    places = _phi(problem)
    if places is None:
        return "needs the logistic loss of all pairs of items"
    rows = decision.finite.exact_rows()
    if any(len({row[y] + phi[y] for row, phi in zip(rows, places, strict=True)}) != 1
           for y in range(problem.n)):  # fmt: skip
        return "needs the place of the predicted item as its cost"
    return ""


def _phi(problem: PointwiseProblem) -> list[list[Fraction]] | None:
    """phi with loss_y(s) = A(s) - <s, phi_y>, rows are items; None where there is none.

    The gradients are compared as rational functions of exp(s), and the values at s = 0.
    """
    m = problem.n_scores
    x = sympy.symbols(f"x1:{m + 1}", positive=True)
    losses = problem.surrogate.losses(np.array([sympy.log(v) for v in x], dtype=object), SYMPY)
    zero = problem.surrogate.losses(np.array([sympy.Integer(0)] * m, dtype=object), SYMPY)
    if any(sympy.simplify(v - len(list(combinations(x, 2))) * sympy.log(2)) != 0 for v in zero):
        return None
    field = sympy.QQ.frac_field(*x)
    rows = []
    for i, v in enumerate(x):
        own = field(sum((v / (v + w) for j, w in enumerate(x) if j != i), sympy.Integer(0)))
        row = []
        for one in losses:
            try:
                difference = own - field(v * sympy.diff(one, v))
            except ValueError:  # no rational function of exp(s)
                return None
            if not (difference.numer.is_ground and difference.denom.is_ground):
                return None
            value = sympy.Rational(difference.as_expr())
            row.append(Fraction(int(value.p), int(value.q)))
        rows.append(row)
    return rows


def law(m: int) -> dict[Fraction, Fraction]:
    """The sum of a random sign and of m - 2 half sums of two.

    >>> [str(v) for v in law(3).values()]
    ['1/8', '1/4', '1/4', '1/4', '1/8']
    """
    steps = [{-1: Fraction(1, 2), 1: Fraction(1, 2)}]
    steps += [{-1: Fraction(1, 4), 0: Fraction(1, 2), 1: Fraction(1, 4)}] * (m - 2)
    found = {Fraction(0): Fraction(1)}
    for step in steps:
        turned: dict[Fraction, Fraction] = {}
        for x, mass in found.items():
            for by, share in step.items():
                turned[x + by] = turned.get(x + by, Fraction(0)) + mass * share
        found = turned
    return dict(sorted(found.items()))


def solve(problem: PointwiseProblem) -> Solution:
    """T, its own envelope, with the steps."""
    m, b, e = problem.n_scores, beta_symbol(), excess_symbol()
    found = law(m)
    values, masses = ([to_sympy(v) for v in part] for part in (found, found.values()))
    reach = sympy.Integer(m - 1)
    formula = sympy.Piecewise(
        (Conjugate(b, (values, masses)), b < reach), (-sympy.log(masses[-1]), True)
    )
    # a sign has variance 1, a half sum 1/2, and log moments of symmetric sums of signs are at most
    # half the variance times t^2
    variance = 1 + sympy.Rational(m - 2, 2)
    times = {0: "0 \\cdot", 1: ""}.get(m - 2, str(m - 2))
    upper = sympy.Piecewise(
        (sympy.sqrt(2 * variance * e), e <= reach**2 / (2 * variance)), (reach, True)
    )
    steps = (
        Step(
            r"\mathcal{C}(s, p) = A(s) - \langle s, \mu \rangle,\quad A(s) = \sum_{i < j} "
            r"\log(e^{s_i} + e^{s_j}),\quad \mu_i = \mathbb{E}\,\#\{j : i \text{ before } j\}",
            "Read off the loss: its gradient is that of A less how many items come after item i",
        ),
        Step(
            r"\mu_{r^*} - \mu_r \ge \beta",
            "The cost of an item is how many come before it, m - 1 less how many come after",
        ),
        Step(
            r"\mathcal{C}(s, p) - \mathcal{C}^*(p) \ge t\beta - [A(s + t(e_{r^*} - e_r)) - A(s)],"
            r"\quad s_r = s_{r^*}",
            "C is convex and its least point has s_{r*} > s_r, so it is least where r may be "
            "predicted at a tie; C* is at most the value at any other scores (Fenchel-Young)",
        ),
        Step(
            r"A(s + t(e_{r^*} - e_r)) - A(s) = \log\cosh t + \sum_k \log\Bigl(1 + \frac{2 x_k "
            r"(\cosh t - 1)}{(1 + x_k)^2}\Bigr) \le \log\cosh t + (m-2) \log\frac{1 + \cosh t}{2}",
            "x_k = exp(s_k - s_r); each term is largest at x_k = 1",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = \sup_t \Bigl[ t\beta - \log\cosh t - {times} \log\frac{{1 + "
            rf"\cosh t}}{{2}} \Bigr] = {tex(formula)}",
            "Attained at s = 0 and means of (m - 1)/2 but for plus and minus beta/2 at the two "
            "items, which some distribution of rankings has: there no direction is better, by "
            "symmetry and convexity",
        ),
        Step(r"\mathcal{T}^{**} = \mathcal{T}", "A conjugate is convex"),
        Step(
            rf"\Gamma(\varepsilon) \le {tex(upper)}",
            "log cosh t is at most t^2/2, and log((1 + cosh t)/2) = 2 log cosh(t/2) at most t^2/4",
        ),
    )
    derivation = Derivation(problem, formula, formula, None, upper, sympy.Integer(2), steps)
    return Solution(derivation)
