"""Proper losses of the predicted distribution q: the regret is a Bregman divergence, the tie is a
pool (theorem G).

A loss A(Q) + B(Q) q_y^(a-1) with Q = sum_k q_k^a is recognised from its formula. Its generalized
entropy is H(p) = F(sum_k p_k^a), F(Q) = A(Q) + B(Q) Q, and it is proper where B = a F' and H is
concave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from hconsist.arithmetic import SYMPY
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.consequences import SymbolRange, convex_consequences
from hconsist.engines.symbolic.signs import holds, sign_on
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.forms import OfProbabilities
from hconsist.pointwise import PointwiseProblem, Witness

tex = sympy.latex


def power_sum() -> Expr:
    """Q = sum_k q_k^a."""
    return sympy.Symbol("Q", positive=True)


@dataclass(frozen=True)
class Entropy:
    """The generalized entropy F(sum_k p_k^a) of a proper loss.

    Parameters
    ----------
    a : sympy.Expr
    F : sympy.Expr
        In `power_sum()`; decreasing on (0, 1).
    steps : tuple of pairs
        Statement and justification.
    """

    a: Expr
    F: Expr
    steps: tuple[tuple[str, str], ...]

    def at(self, p: Expr) -> Expr:
        """The entropy of a sequence of label probabilities."""
        return self.F.subs(power_sum(), sympy.Add(*(v**self.a for v in p)))


#: The most labels that are written out.
EXPLICIT_LABELS = 60


def entropy(form: OfProbabilities, n: int) -> Entropy | None:
    """The entropy of a loss that is proper by its formula; None where the formula is not of the
    form above.
    """
    u, w, Q = sympy.Symbol("u", positive=True), sympy.Symbol("w", positive=True), power_sum()
    pair = sympy.sympify(form.f(np.array([u, w], dtype=object), SYMPY)[0])
    for a in sorted(
        {node.exp for node in pair.atoms(sympy.Pow) if node.base == w}, key=sympy.default_sort_key
    ):
        if not holds(a > 1):
            continue
        # The last probability is written through Q: then Q must be all that is left of the other
        # labels.
        others = sympy.symbols(f"x2:{n}", positive=True)
        last = (Q - sympy.Add(u**a, *(x**a for x in others))) ** (1 / a)
        q = np.array([u, *others, last], dtype=object)
        value = sympy.sympify(form.f(q, SYMPY)[0])
        if not _alike(form, q, value):
            return None
        if value.free_symbols - {u, Q}:
            value = sympy.expand(value)
        if value.free_symbols - {u, Q}:
            continue
        start = value.subs(u, 0)
        factor = sympy.simplify((value - start) / u ** (a - 1))
        if factor.has(u):
            continue
        F = sympy.simplify(start + factor * Q)
        slope, x = sympy.diff(F, Q), sympy.Symbol("x", positive=True)
        if sympy.simplify(factor - a * slope) != 0 or sign_on(slope, Q, 0, sympy.Integer(1)) != -1:
            continue
        of_norm = sympy.powdenest(F.subs(Q, x**a), force=True)
        if sign_on(sympy.diff(of_norm, x, 2), x, 0, sympy.Integer(1)) not in (0, -1):
            continue
        steps = (
            (
                rf"\ell(q, y) = {tex(value.subs(u, sympy.Symbol('q_y')))},\quad Q = \sum_k "
                rf"q_k^{{{tex(a)}}}",
                "The formula of the loss, with the other labels gathered in Q",
            ),
            (
                rf"\mathcal{{C}}(q, p) = H(q) + \langle \nabla H(q), p - q \rangle,\quad H(p) = "
                rf"F\Bigl(\sum_k p_k^{{{tex(a)}}}"
                rf"\Bigr),\quad F(Q) = {tex(F)}",
                "Sum over the labels; the factor of the own probability is a F'(Q), a derivative "
                "of H (Savage's form)",
            ),
            (
                rf"\mathcal{{C}}(q, p) - H(p) = D_{{-H}}(p, q) \ge 0,\quad \mathcal{{C}}^* = H,"
                rf"\quad F(x^{{{tex(a)}}}) = {tex(of_norm)}",
                "F decreases and F(x^a) is concave in the norm x, so H is concave: the loss is "
                "proper, its regret the Bregman "
                "divergence of -H, and the softmax reaches every q of the open simplex",
            ),
        )
        return Entropy(a, F, steps)
    return None


def _alike(form: OfProbabilities, q: NDArray[np.object_], first: Expr) -> bool:
    """Whether the loss of every label y is the first label's with probabilities 0 and y swapped:
    with the form of the first that is symmetry, shown and not believed.
    """
    for y in range(1, len(q)):
        swapped = q.copy()
        swapped[[0, y]] = q[[y, 0]]
        other = sympy.sympify(form.f(swapped, SYMPY)[y])
        if other != first and sympy.simplify(other - first) != 0:
            return False
    return True


def solve(problem: PointwiseProblem, form: OfProbabilities) -> Solution:
    """Derive T of a proper loss.

    Raises
    ------
    EngineCannotAnswerError
    """
    if problem.hypotheses.score_bound is not None:
        raise stop("bounded scores keep a proper loss from predicting every distribution")
    if problem.n_classes != 2 and problem.is_symbolic:
        raise stop(
            "a proper loss is read with its n labels written out: give n a value (T does not "
            "depend on it)"
        )
    if problem.n > EXPLICIT_LABELS:
        raise stop(
            f"the loss is read with its n labels written out, up to {EXPLICIT_LABELS}, and what "
            f"holds for these says nothing of n = {problem.n}: lower n"
        )
    found = entropy(form, problem.n)
    if found is None:
        raise stop(
            "the loss is not recognised as proper: A(Q) + B(Q) q_y^(a-1), Q = sum q^a, with a "
            "concave entropy"
        )
    Q, a, F, b, one = power_sum(), found.a, found.F, beta_symbol(), sympy.Integer(1)
    if problem.top_k("symbolic") > 1:
        return _of_sets(problem, found)
    if not holds(a <= 2) or sign_on(sympy.diff(F, Q, 2), Q, 0, one) not in (0, 1):
        raise stop(
            f"the entropy F(sum p^a) with a = {a}, F(Q) = {F}: theorem G needs 1 < a <= 2 and a "
            "convex F"
        )
    pair = ((1 + b) / 2) ** a + ((1 - b) / 2) ** a
    T = sympy.simplify(
        F.subs(Q, 2 ** (1 - a)) - F.subs(Q, sympy.expand(pair) if a.is_Integer else pair)
    )
    steps = [
        *(Step(*shown) for shown in found.steps),
        Step(
            r"\inf_{q_j \ge q_i} \mathcal{C}(q, p) = H(\mathrm{pool}(p)),\quad"
            r" \mathcal{T}(\beta) = \min_{p_{\max} - p_j = \beta} H(\mathrm{pool}(p)) - H(p)",
            "Pooling lemma: its lower side holds as the loss decreases in the own probability; "
            "for the upper side pool(p) "
            "itself is the best forecast of pool(p), and it predicts j. No convexity in q is "
            "needed",
        ),
        Step(
            rf"\mathcal{{T}}(\beta) = F(2^{{1-a}}) - F\bigl((\tfrac{{1+\beta}}2)^a + "
            rf"(\tfrac{{1-\beta}}2)^a\bigr) = {tex(T)}",
            "Theorem G: with Q = sum pool(p)^a at most 2^(1-a) and the rise h of the sum at least "
            "its value at "
            "p = ((1 + beta)/2, (1 - beta)/2), F(Q) - F(Q + h) falls in Q and grows in h, as F is "
            "decreasing and convex",
            (r"1 < a \le 2,\ F' < 0,\ F'' \ge 0",),
        ),
    ]
    derivation = convex_consequences(
        problem,
        T,
        steps,
        [SymbolRange([(T, one)], True, (sympy.diff(T, b, 2), b, sympy.Integer(0), one))],
    )
    return Solution(derivation, witness=_witness(problem, found))


def _witness(problem: PointwiseProblem, found: Entropy) -> Callable[[Fraction], Witness]:
    def witness(beta: Fraction) -> Witness:
        p = ((1 + beta) / 2, (1 - beta) / 2, *([Fraction(0)] * (problem.n - 2)))
        scores = tuple(0.0 if i < 2 else -60.0 for i in range(problem.n))
        floats = [float(v) for v in p]
        total = sum(v ** float(found.a) for v in floats)
        best = float(found.F.subs(power_sum(), total))
        return Witness(p, scores, (1,), float(problem.conditional_risk(scores, floats)) - best)

    return witness


def _of_sets(problem: PointwiseProblem, found: Entropy) -> Solution:
    """Top-k targets of a squared distance of distributions: theorem U."""
    n, k, b = problem.n, problem.top_k("symbolic"), beta_symbol()
    c = -sympy.diff(found.F, power_sum())
    if found.a != 2 or c.free_symbols:
        raise stop(f"the target {problem.target} for a regret that is no squared distance")
    m = min(k, n - k)
    room = Fraction(2 * m, m + k)
    T = c * b**2 / (2 * m)
    steps = [
        *(Step(*shown) for shown in found.steps),
        Step(
            rf"\mathcal{{C}}(q, p) - \mathcal{{C}}^*(p) = {tex(c)} \lVert q - p \rVert^2,\quad "
            rf"\mathcal{{T}}(\beta) = {tex(T)}",
            "Theorem U: with A the likely labels missed and B those in their place, p(A) - p(B) = "
            "beta and q(A) <= q(B). Attained by the tie of A and B, which is a distribution",
            (rf"m = {m}", *([] if room == 1 else [rf"\beta \le {room}"])),
        ),
    ]
    bound = sympy.sqrt(excess_symbol() / (c / (2 * m)))
    derivation = Derivation(
        problem, T, T, sympy.Piecewise((bound, excess_symbol() <= T.subs(b, 1)), (1, True)), bound,
        sympy.Integer(2), tuple(steps), relation="=" if room == 1 else ">=",
    )  # fmt: skip

    def witness(beta: Fraction) -> Witness:
        mass = max(room, beta)
        tops = [(mass + beta) / (2 * m)] * m + [(mass - beta) / (2 * m)] * m
        rest = [(1 - mass) / (k - m)] * (k - m) if k > m else []
        p = (*tops, *rest, *([Fraction(0)] * (n - k - m)))
        floats = np.array([float(v) for v in p])
        pool = 2 * m if beta <= room else k + m
        tied = floats.copy()
        tied[:pool] = floats[:pool].mean()
        regret = float(c) * float(((tied - floats) ** 2).sum())
        scores = np.log(np.maximum(tied, 1e-26))
        return Witness(p, tuple(map(float, scores)), tuple(range(m, m + k)), regret)

    exact = None if room == 1 else lambda beta: beta <= room
    return Solution(derivation, witness=witness, exact_at=exact)
