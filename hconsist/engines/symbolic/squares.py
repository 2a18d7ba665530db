"""Losses whose conditional risk is a squared distance of the scores, or linear in them.

A polynomial of degree two in the scores whose second derivatives are those of ``a |s|^2`` for every
label has ``C(s, p) - C*(p) = a |s - s*(p)|^2``. Where s*(p) rises with p by the factor r, T is the
squared distance of p to the distributions that predict wrongly, times ``a r^2``.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, is_symbolic, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.methods import method
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.signs import constant_sign
from hconsist.engines.symbolic.solution import Solution, stop, undefined
from hconsist.losses.forms_of_scores import LargestTerms
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex
#: The most labels whose losses are written out.
MOST_WRITTEN = 40


@method("symbolic", "squared distance", rank=55, lemmas=("docs/theory.md, theorem U",))
def squared_distance(problem: PointwiseProblem) -> Callable[[], Solution] | str:
    """Losses whose conditional risk is a squared distance of the scores."""
    loss = problem.surrogate
    if problem.decision.structure.top is None:
        return "needs the zero-one or a top-k target"
    if is_symbolic(problem.n_classes) or problem.n > MOST_WRITTEN or not loss.symmetric:
        return f"needs a symmetric loss and at most {MOST_WRITTEN} labels"
    if loss.shift_invariant or loss.sum_to_zero or loss.scores_of != "labels":
        return "needs a loss that is no function of the score differences"
    found = _square(problem)
    if isinstance(found, str):
        return found
    return lambda: _of_squares(problem, *found)


def _square(problem: PointwiseProblem) -> tuple[Expr, Expr, Expr] | str:
    """(a, r, s0) with C(s, p) = a |s - s0 - r p|^2 + what does not depend on s; or why not."""
    n, need = problem.n, "needs losses a |s|^2 plus a linear function of the scores"
    s = sympy.symbols(f"s1:{n + 1}", real=True)
    losses = [sympy.sympify(v) for v in problem.surrogate.losses(np.array(s, dtype=object), SYMPY)]
    if not all(v.is_polynomial(*s) for v in losses):
        return need
    first = sympy.expand(losses[0])
    a = first.coeff(s[0], 2)
    rest = sympy.expand(first - a * sympy.Add(*(v**2 for v in s)))
    if a.free_symbols & set(s) or constant_sign(a) != 1 or sympy.Poly(rest, *s).total_degree() > 1:
        return need
    own, other = rest.coeff(s[0]), rest.coeff(s[1])
    for y, loss in enumerate(losses):
        linear = sympy.Add(*((own if k == y else other) * v for k, v in enumerate(s)))
        if (sympy.expand(loss - linear) - a * sympy.Add(*(v**2 for v in s))).expand().has(*s):
            return need
    # a s_k^2 + (other + (own - other) p_k) s_k: least at s_k = -(other + (own - other) p_k)/(2a)
    return a, (other - own) / (2 * a), -other / (2 * a)


def _of_squares(problem: PointwiseProblem, a: Expr, r: Expr, start: Expr) -> Solution:
    b, e, n, k = beta_symbol(), excess_symbol(), problem.n, problem.top_k("symbolic")
    if constant_sign(r) != 1:
        raise stop(f"the best score {start} + {r} p of a label does not rise with its probability")
    bound = problem.hypotheses.score_bound
    if bound is not None:
        inside = [constant_sign(to_sympy(bound) - v) for v in (start, start + r)]
        inside += [constant_sign(to_sympy(bound) + v) for v in (start, start + r)]
        if not all(v in (0, 1) for v in inside):
            raise stop(f"the best scores {start} + {r} p leave the box [-{bound}, {bound}]")
    swaps = min(k, n - k)
    room = Fraction(2 * swaps, swaps + k)  # what A and B hold where the rest of K lies above them
    constant = a * r**2 / (2 * swaps)
    T = constant * b**2
    steps = [
        Step(
            rf"\mathcal{{C}}(s, p) - \mathcal{{C}}^*(p) = {tex(a)} \lVert s - s^*(p) \rVert^2,\quad"
            rf" s^*(p) = {tex(start)} + {tex(r)}\, p",
            "Complete the square: the second derivatives are the same for every label",
        ),
        Step(
            r"\langle p, 1_A - 1_B \rangle = \beta,\quad \langle s, 1_A - 1_B \rangle \le 0 "
            rf"\implies \lVert s - s^*(p) \rVert^2 \ge \frac{{{tex(r**2)} \beta^2}}{{2 m}}",
            "A holds the m likely labels that are missed, B those predicted in their place, whose "
            "scores are at least as large; Cauchy and Schwarz for the direction 1_A - 1_B",
            (rf"m = |A| = |B| \le {swaps}",),
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(T)}",
            "Theorem U. Attained at p uniform on A and on B: their scores tie half way, the rest "
            "of K lies there or above, the other labels lower",
            (rf"m = {swaps}", *([] if room == 1 else [rf"\beta \le {tex(to_sympy(room))}"])),
        ),
    ]
    gamma = sympy.sqrt(e / constant)
    one = sympy.Integer(1)
    derivation = convex_consequences(problem, T, steps, [SymbolRange([(T, one)], True)])
    derivation = Derivation(
        problem, T, T, derivation.gamma, gamma, sympy.Integer(2), derivation.steps,
        relation="=" if room == 1 else ">=",
    )  # fmt: skip

    def witness(beta: Fraction) -> Witness:
        mass = max(room, beta)
        p = (
            *([(mass + beta) / (2 * swaps)] * swaps),
            *([(mass - beta) / (2 * swaps)] * swaps),
            *([(1 - mass) / (k - swaps)] * (k - swaps) if k > swaps else []),
            *([Fraction(0)] * (n - k - swaps)),
        )
        floats = np.array([float(v) for v in p])
        best = float(start) + float(r) * floats
        tied = best.copy()
        pool = 2 * swaps if beta <= room else k + swaps
        tied[:pool] = best[:pool].mean()
        risks = [float(problem.conditional_risk(s, floats)) for s in (tied, best)]
        scores = tuple(map(float, tied))
        return Witness(p, scores, tuple(range(swaps, swaps + k)), risks[0] - risks[1])

    return Solution(
        derivation,
        witness=None if problem.is_symbolic else witness,
        exact_at=None if room == 1 else lambda beta: beta <= room,
    )


@method("symbolic", "linear in the scores", rank=56, lemmas=("docs/theory.md, theorem V",))
def linear_in_scores(problem: PointwiseProblem) -> Callable[[], Solution] | str:
    """The limit lambda -> infinity of LDR, and LDR-k with k = n: linear losses."""
    form = problem.surrogate.form(LargestTerms)
    if problem.decision.structure.top is None:
        return "needs the zero-one or a top-k target"
    if form is None or is_symbolic(problem.n_classes):
        return "needs the mean of score differences"
    if form.count is not None and form.count != problem.n:
        return "needs the mean of all score differences"
    return lambda: _of_line(problem)


def _of_line(problem: PointwiseProblem) -> Solution:
    """l(s, y) = constant + mean(s) - s_y."""
    b, n, k = beta_symbol(), to_sympy(problem.n_classes), problem.top_k("symbolic")
    bound = problem.hypotheses.score_bound
    if bound is None:
        raise undefined(
            "the risk is unbounded below at every distribution but the uniform one, whose target "
            "regret is 0: it is linear in the scores, mean(s) - <p, s> and a constant, so no "
            "regret exists"
        )
    B, zero, one = to_sympy(bound), sympy.Integer(0), sympy.Integer(1)
    room = problem.n >= 2 * k
    branches = [(zero, 1 - (k + 1) / n), (B * (b - 1 + (k + 1) / n), 1 - (k - 1) / n)]
    branches = [*(branches if room else [(zero, 1 - k / n)]), (2 * B * (b - 1 + k / n), one)]
    if k == 1:
        branches.pop()  # the second line reaches 1
    kept = [(T, end) for T, end in branches if constant_sign(end) == 1]
    T = kept[0][0] if len(kept) == 1 else sympy.Piecewise(
        *((T, b <= end) for T, end in kept[:-1]), (kept[-1][0], True)
    )  # fmt: skip
    steps = [
        Step(
            r"\mathcal{C}(s, p) = \mathrm{const} + \sum_i (\tfrac1n - p_i)\, s_i",
            "The loss is linear in the scores: a label above 1/n has its best score at B, one "
            "below at -B",
            (rf"|s_i| \le {tex(B)}",),
        ),
        Step(
            rf"\inf_{{s \text{{ predicts }} K}} \mathcal{{C}}(s, p) - \mathcal{{C}}^*(p) = "
            rf"2 {tex(B)} \min \Bigl[ \sum_{{i \in K}} (\tfrac1n - p_i)_+,\ \sum_{{i \notin K}} "
            r"(p_i - \tfrac1n)_+ \Bigr]",
            "At a vertex of the box either all of K is at B and the others are free, or all others "
            "are at -B and K is free",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(T)}",
            "Theorem V. The first sum is at least k/n - p(K), and half of (k + m)/n - 2 p(B) - p(K "
            "- B), where A holds the m likely labels that are missed, B those in their place, p(K) "
            "<= 1 - beta and 2 p(B) + p(K - B) <= 1 - beta. The second is at least beta - m/n, and "
            "beta/2 for m = k. "
            + ("With room for two times k labels the first wins" if room else "Here m <= n - k"),
            (rf"n \ge {2 * k}" if room else rf"n < {2 * k}",),
        ),
    ]
    derivation = convex_consequences(problem, T, steps, [SymbolRange(kept)])

    def witness(beta: Fraction) -> Witness:
        p, predicted = _worst_of_line(problem.n, k, beta)
        share, scale = Fraction(1, problem.n), float(bound)
        best = np.array([scale if v >= share else -scale for v in p])
        inside = np.isin(np.arange(problem.n), predicted)
        floats = [float(v) for v in p]
        risks = [
            float(problem.conditional_risk(scores, floats))
            for scores in (np.where(inside, scale, best), np.where(inside, best, -scale), best)
        ]
        wrong = np.where(inside, scale, best) if risks[0] <= risks[1] else np.where(
            inside, best, -scale
        )  # fmt: skip
        return Witness(p, tuple(map(float, wrong)), tuple(predicted), min(risks[:2]) - risks[2])

    return Solution(derivation, witness=None if problem.is_symbolic else witness)


def _worst_of_line(n: int, k: int, beta: Fraction) -> tuple[tuple[Fraction, ...], list[int]]:
    """A distribution and the predicted labels, where theorem V is attained."""
    zero, share = Fraction(0), Fraction(1, n)
    if n < 2 * k:
        m, rest = n - k, 2 * k - n
        p = [beta / m] * m + [zero] * m + [(1 - beta) / rest] * rest
        return tuple(p), list(range(m, n))
    second = max(zero, min(share, (1 - beta - (k - 1) * share) / 2))
    others = min(share, (1 - beta - 2 * second) / (k - 1)) if k > 1 else zero
    p = [beta + second, second, *([others] * (k - 1))]
    left, free = 1 - sum(p, zero), n - k - 1
    if free:
        p += [left / free] * free
    else:
        p[0] += left
    return tuple(p), list(range(1, k + 1))
