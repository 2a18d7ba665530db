"""How strongly proper a loss of two labels is: the lambda with regret(eta, q) >= lambda/2 (eta -
q)^2.

A proper loss is lambda-strongly proper if and only if its entropy H is lambda-strongly concave
(Agarwal, JMLR 2014, theorem 10). For a loss that treats the two labels alike, T(b) = H(1/2) -
H((1 + b)/2), so lambda = 4 inf T''. That holds for every symmetric loss whose best score is a
strictly increasing function of eta: a proper loss behind a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hconsist.arithmetic.exact import Value
from hconsist.bounds import derive
from hconsist.engines.symbolic.signs import sign_on
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import Loss, parse_loss
from hconsist.pointwise import beta_symbol

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class Strength:
    """The strong properness of a loss.

    Parameters
    ----------
    value : sympy.Expr
        lambda; 0 where T is somewhere not curved.
    transform : sympy.Expr
        T of two labels, from which it follows.
    steps : tuple of str
        Why.
    """

    value: sympy.Expr
    transform: sympy.Expr
    steps: tuple[str, ...]

    def entropy(self, eta: Value) -> Value:
        """H(eta) - H(1/2), as an expression."""
        import sympy

        side = 2 * sympy.sympify(eta) - 1
        return -self.transform.subs(beta_symbol(), sympy.Abs(side))


def _sign_of_factors(expression: Value) -> int | None:
    """The sign on (0, 1), where each factor shows its own: b = x/(1 + x) with x > 0."""
    import sympy

    x = sympy.Symbol("x", positive=True)
    moved = sympy.factor(sympy.simplify(expression.subs(beta_symbol(), x / (1 + x))))
    if moved.is_nonnegative:
        return 1
    return -1 if moved.is_nonpositive else None


def strong_properness(loss: Loss | str) -> Strength:
    """lambda of a symmetric proper loss of two labels, behind any link.

    Parameters
    ----------
    loss : Loss or str

    Raises
    ------
    EngineCannotAnswerError
        Where T has no closed form, or the least curvature is not shown to be at an end of [0, 1].

    Source: Agarwal, JMLR 2014, theorem 10 and table 1 (exponential 4, logistic 4, squared 8,
    spherical 1).

    Examples
    --------
    >>> [strong_properness(s).value for s in ("margin-logistic", "exponential", "least-squares")]
    [4, 4, 8]
    >>> strong_properness("spherical").value, strong_properness("hinge").value
    (1, 0)
    """
    import sympy

    b = beta_symbol()
    parsed = parse_loss(loss)
    transform = derive(parsed, 2, engine="symbolic").transform
    assert transform is not None
    formula = sympy.piecewise_fold(transform)
    if isinstance(formula, sympy.Piecewise):
        formula = formula.args[0][0]  # from beta = 0 on
    bend = sympy.simplify(sympy.diff(formula, b, 2))
    rise = sympy.simplify(sympy.diff(bend, b))
    sign = sign_on(rise, b, sympy.Integer(0), sympy.Integer(1))
    if sign is None:
        sign = _sign_of_factors(rise)
    if sign in (0, 1):
        least, where = sympy.simplify(bend.subs(b, 0)), "0"
    elif sign == -1:
        least, where = sympy.limit(bend, b, 1, "-"), "1"
    else:
        raise EngineCannotAnswerError(
            "symbolic", f"could not show where the curvature of T of {parsed.spec} is least"
        )
    steps = (
        f"T(b) = H(1/2) - H((1 + b)/2) = {formula}",
        f"T''(b) = {bend}, least at b = {where}",
        f"lambda = 4 inf T'' = {4 * least}",
    )
    return Strength(sympy.nsimplify(4 * least), transform, steps)
