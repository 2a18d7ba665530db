"""The symbolic engine: a closed form of T with the steps that led there.

Nothing is looked up: the loss formula is run through SymPy, and what follows is computed from the
result.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.arithmetic import BALLS, endpoints, evaluate, precision, to_sympy
from hconsist.engines.derivation import Derivation, beta_symbol
from hconsist.engines.symbolic.budget import MOST_LABELS
from hconsist.engines.symbolic.methods import solve
from hconsist.engines.symbolic.partial import known_zero
from hconsist.engines.symbolic.solution import UndefinedTransformError
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.pointwise import UNBOUNDED, UNREACHED, Answer, PointwiseProblem

if TYPE_CHECKING:
    from sympy import Expr

__all__ = ["derive", "transform"]

_BELOW = "the closed form is a lower bound here: T may be larger"
_ABOVE = "the closed form is an upper bound here: T may be smaller"


def derive(problem: PointwiseProblem) -> Derivation:
    """Derive T, its envelope and what follows from them.

    Parameters
    ----------
    problem : PointwiseProblem
        Parameters of the loss, the score bound and n_classes may be symbols.

    Raises
    ------
    EngineCannotAnswerError
        When no closed form could be derived; the message says what stopped it.

    Examples
    --------
    >>> derive(PointwiseProblem("mae", n_classes=2)).transform
    beta/2
    >>> derive(PointwiseProblem("sum-exp", n_classes=10)).gamma
    Piecewise((sqrt(1 - (1 - epsilon)**2), epsilon <= 1), (1, True))
    """
    return solve(problem).derivation


def transform(problem: PointwiseProblem, beta: Fraction, bits: int = 160) -> Answer:
    """The derived closed form at one beta, enclosed by balls.

    Parameters
    ----------
    problem : PointwiseProblem
        Without symbols, but for those of which T is free.
    beta : Fraction
    bits : int
        Working precision.

    Raises
    ------
    InvalidInputError
        When a parameter has no value.
    EngineCannotAnswerError
        When no closed form could be derived.

    Examples
    --------
    >>> transform(PointwiseProblem("mae", n_classes=3), Fraction(1, 2)).estimate  # beta/3
    0.16666666666666666
    """
    problem.check_formula("symbolic")
    try:
        found = solve(problem)
        left = found.derivation.transform.free_symbols - {beta_symbol()}
        if left or (problem.is_symbolic and found.lower is not None):
            raise InvalidInputError(
                "a value needs every parameter to be a number",
                f"{problem.surrogate.spec} with {', '.join(sorted(map(str, left))) or 'symbols'}",
                "substitute numbers, or use derive",
            )
    except UndefinedTransformError as nothing:
        return Answer(None, None, None, None, "symbolic", (), nothing.reason)
    except EngineCannotAnswerError:
        zero = known_zero(problem, beta, bits)
        if zero is None:
            raise
        return zero
    if found.reach is not None and beta > found.reach:
        return Answer(None, None, None, None, "symbolic", found.derivation.assumptions, UNREACHED)
    with precision(bits):
        value = BALLS.const(beta)
        expression = found.derivation.transform
        if beta == 1 and found.at_one is not None:
            expression = found.at_one
            if expression.is_infinite:
                told = found.derivation.assumptions
                return Answer(None, None, None, None, "symbolic", told, UNBOUNDED)
        expression = piece_at(expression, beta)
        try:
            enclosure = evaluate(expression, {beta_symbol(): value}, BALLS)
        except InvalidInputError as refused:  # SymPy's root of an equation may be written with I
            raise EngineCannotAnswerError(
                "symbolic", f"the closed form cannot be enclosed: {refused.rule}", "rigorous"
            ) from refused
        if not enclosure.is_finite() and beta:
            raise EngineCannotAnswerError(
                "symbolic", f"the closed form cannot be enclosed at beta = {beta}", "rigorous"
            )
        low, high = (
            endpoints(enclosure) if beta else (Fraction(0), Fraction(0))
        )  # T(0) = 0: a tie between equals
        estimate = float((low + high) / 2)
        proven_low: Fraction | None = max(low, Fraction(0))
        if found.lower is not None:
            proven_low = max(
                endpoints(evaluate(found.lower, {beta_symbol(): value}, BALLS))[0], Fraction(0)
            )
        elif found.upper_only:
            proven_low = None
    few = problem.is_symbolic or problem.n <= MOST_LABELS
    witness = found.witness(beta) if found.witness and few else None
    below_only = found.lower_only or (found.exact_at is not None and not found.exact_at(beta))
    proven_high = None if below_only else max(high, Fraction(0))
    if high < 0 and not below_only:
        raise EngineCannotAnswerError(
            "symbolic",
            f"the derived value {estimate:.6g} is negative, which no T is: it is wrong, please "
            "report this",
            "rigorous",
        )
    reason = "" if few else f"no witness is written out for more than {MOST_LABELS} labels"
    if below_only or (found.upper_only and found.lower is None):
        reason = _BELOW if below_only else _ABOVE
    if witness is not None:
        slack = 1e-6 * (1 + abs(estimate))
        if proven_low is not None and witness.regret < float(proven_low) - slack:
            raise EngineCannotAnswerError(
                "symbolic",
                f"the derived value {estimate:.6g} is above the regret {witness.regret:.6g} of its "
                "own witness, evaluated again: one of them is wrong, please report this",
                "rigorous",
            )
        if witness.regret > float(high) + slack and not below_only:
            reason = (
                f"the witness reaches {witness.regret:.6g} only: the infimum is approached further "
                "out than floats go"
            )
    return Answer(
        estimate, proven_low, proven_high, witness, "symbolic", found.derivation.assumptions, reason
    )


def piece_at(formula: Expr, beta: Fraction) -> Expr:
    """The piece of a formula that holds at a rational beta: where pieces meet, balls would take
    both.

    >>> import sympy
    >>> b = beta_symbol()
    >>> piece_at(2 * sympy.Piecewise((b, b <= sympy.Rational(3, 10)), (1, True)), Fraction(3, 10))
    2*beta
    """
    import sympy

    value = to_sympy(beta)
    for node in formula.atoms(sympy.Piecewise):
        for branch, condition in node.args:
            holds = condition.subs(beta_symbol(), value)
            if holds == sympy.true:
                formula = formula.xreplace({node: branch})
            if holds != sympy.false:
                break
    return formula
