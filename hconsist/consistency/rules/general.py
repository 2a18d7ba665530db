"""Losses of no narrower form: an inner maximum, a squared distance of the scores."""

from __future__ import annotations

from fractions import Fraction

from hconsist.arithmetic import to_sympy
from hconsist.consistency import calculus
from hconsist.consistency.rules.case import EXPLICIT_LABELS, SWAP, Case, rule
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.losses.forms import General, OfProbabilities
from hconsist.losses.forms_of_scores import AdaptiveTransport


@rule(AdaptiveTransport)
def adaptive(case: Case) -> ConsistencyVerdict | None:
    """ALDR: with an inner maximum strictly concave in lambda the loss is differentiable, and the
    order argument applies.
    """
    import sympy

    form, n = case.form(AdaptiveTransport), case.n
    if form is None:
        return None
    # The second derivative of the inner objective is V / lam - alpha log(n) / lam0, V the variance
    # of log q under q and lam >= lam0 (1 - 1/alpha). V is largest for one label of probability 1 -
    # r and the others at r / (n - 1).
    r = sympy.Symbol("r", positive=True)
    limit = to_sympy(form.alpha - 1) * sympy.log(n)
    variance = r * (1 - r) * sympy.log((1 - r) * (n - 1) / r) ** 2
    end = Fraction(1, 10**6)
    outside = (
        to_sympy(end) * sympy.log(n * 10**6) ** 2
    )  # r log(n / r)^2 rises for small r, and bounds V at both ends
    if not (outside - limit).is_negative or not calculus.proven_negative(
        variance - limit, r, end, 1 - end
    ):
        return case.verdict(
            "undecided",
            "could not show that max Var_q(log q) < (alpha - 1) log n, which makes the inner "
            "maximum strictly concave",
        )
    return case.verdict(
        "consistent",
        "the inner maximum has one maximiser, so the loss is differentiable, and it falls as its "
        "label's score rises",
        (
            r"\tfrac{d^2}{d\lambda^2} = \tfrac{1}{\lambda} \mathrm{Var}_q(\log q) - \tfrac{\alpha "
            r"\log n}{\lambda_0} < 0",
            rf"max Var_q(log q) < (alpha - 1) log n for n = {n} (ball arithmetic; two-valued q is "
            r"worst: Reeb, Wolf 2015)",
        ),
        SWAP,
        (
            r"s_i = s_j,\ p_i > p_j \;\Rightarrow\; \partial_{e_i - e_j} C = (p_i - p_j)\, "
            r"\partial_{e_i - e_j} \ell_i < 0",
            "Danskin: the derivative is the one of the LDR-KL loss at the maximising lambda",
        ),
        (
            r"\min_{\text{wrong}} C > C^*",
            "where the risk is bounded, labels with p > 0 stay within a bounded distance of the "
            "top; others may go "
            "to -infinity, where the risk is continuous: a closed set of a compact one, without a "
            "minimiser",
        ),
    )


@rule(General)
def quadratic(case: Case) -> ConsistencyVerdict | None:
    """Quadratic surrogate: the unique minimiser is an increasing function of p."""
    import sympy

    loss, size = case.loss, case.n
    if size > EXPLICIT_LABELS or case.form(OfProbabilities) is not None or loss.sum_to_zero:
        return None
    s, p = (
        sympy.symbols(f"s1:{size + 1}", real=True),
        sympy.symbols(f"p1:{size + 1}", nonnegative=True),
    )
    values = case.losses(s)
    if values is None or not all(sympy.sympify(value).is_polynomial(*s) for value in values):
        return None
    risk = sympy.expand(sum(a * b for a, b in zip(p, values, strict=True))).subs(
        p[-1], 1 - sum(p[:-1])
    )
    shares = (*p[:-1], 1 - sum(p[:-1]))
    distance = sum((a - b + 1) ** 2 for a, b in zip(s, shares, strict=True)) / (2 * size)
    if sympy.expand(risk - distance).has(*s):
        return None
    return case.verdict(
        "consistent",
        "a squared distance to the label probabilities: the unique minimiser orders the labels as "
        "p does",
        (
            r"C(s) = \tfrac{1}{2n} \textstyle\sum_k (s_k + 1 - p_k)^2 + \text{const}(p)",
            "expanded and compared",
        ),
        (r"s^* = p - 1", "unique, and the risk grows without bound away from it"),
        (
            r"\min_{\text{wrong}} C > C^*",
            "wrong predictions form a closed set of scores that misses s*",
        ),
    )
