"""What a certificate states: formulas as trees, claims as text, a problem with its claim as
data.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from hconsist.arithmetic import SYMPY, exact
from hconsist.checker import Identity, Rejected, Tree, discharge
from hconsist.checker.reading import Fields
from hconsist.checker.trees import minus, mul
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.formula import parse_formula
from hconsist.losses import Loss, MarginLoss, SoftmaxLoss, parse_loss
from hconsist.losses.piecewise import NotPiecewiseLinearError, piecewise_formulas
from hconsist.pointwise import PointwiseProblem, beta_symbol

if TYPE_CHECKING:
    import sympy

Relation = Literal[">=", "<="]


def tree(expression: sympy.Expr, names: dict[sympy.Symbol, str]) -> Tree:
    """The certificate's form of an expression.

    Parameters
    ----------
    expression : sympy.Expr
        Built from + * powers with rational exponents, exp, log, tanh, Max, Min and cases ``b <=
        constant``.
    names : dict
        One letter for each symbol.

    Raises
    ------
    InvalidInputError
        For anything else.

    Examples
    --------
    >>> import sympy
    >>> b = sympy.Symbol("b")
    >>> tree(b**2 / 2, {b: "b"})
    ['mul', '1/2', ['pow', 'b', '2']]
    """
    import sympy

    def walk(e: sympy.Expr) -> Tree:
        if e in names:
            return names[e]
        if e.is_Rational:
            return str(Fraction(int(e.p), int(e.q)))
        if e.is_Float:
            return str(exact(e, "a coefficient"))
        if e is sympy.E:
            return ["exp", "1"]
        if e.is_Add:
            return ["add", *map(walk, e.args)]
        if e.is_Mul:
            return _product(e, walk)
        if isinstance(e, sympy.exp):
            return ["exp", walk(e.args[0])]
        if e.is_Pow and e.exp.is_Rational:
            base = _positive_factors(e.base) if e.exp.q != 1 else [e.base]
            inner = walk(base[0]) if len(base) == 1 else ["mul", *map(walk, base)]
            return ["pow", inner, str(Fraction(int(e.exp.p), int(e.exp.q)))]
        if isinstance(e, sympy.log):
            return ["log", walk(e.args[0])]
        if isinstance(e, sympy.tanh):
            return tanh(walk(e.args[0]))
        if isinstance(e, sympy.sinh | sympy.cosh | sympy.coth):
            return walk(e.rewrite(sympy.exp))
        if isinstance(e, sympy.Min):
            return ["mul", "-1", walk(sympy.Max(*(-a for a in e.args)))]
        if isinstance(e, sympy.Max):
            return functools.reduce(lambda s, t: ["max", s, t], map(walk, e.args))
        if isinstance(e, sympy.Piecewise):
            (value, condition), *rest = e.args
            if condition == True or not rest:  # noqa: E712 (SymPy's own truth)
                return walk(value)
            if isinstance(condition, sympy.LessThan | sympy.StrictLessThan):
                return [
                    "ifle",
                    walk(condition.lhs),
                    walk(condition.rhs),
                    walk(value),
                    walk(sympy.Piecewise(*rest)),
                ]
        raise InvalidInputError(
            "a certificate's formula must be built from known functions",
            str(e),
            "use powers, exp, log, tanh",
        )

    return walk(sympy.sympify(expression))


def _product(e: sympy.Expr, walk: Callable[[sympy.Expr], Tree]) -> Tree:
    """A product; c A log A is c xlogx(A) where A vanishes at 0 or 1, so that it has a value."""
    import sympy

    for factor in e.args:
        inner = factor.args[0] if isinstance(factor, sympy.log) else None
        if inner is None or len(inner.free_symbols) != 1 or not inner.is_polynomial():
            continue
        (x,) = inner.free_symbols
        if inner.subs(x, 0) != 0 and inner.subs(x, 1) != 0:
            continue
        others = [f for f in e.args if f is not factor]
        for other in others:
            ratio = sympy.cancel(other / inner) if other.is_polynomial(x) else None
            if ratio is not None and ratio.is_Rational:
                rest = sympy.Mul(ratio, *(f for f in others if f is not other))
                return mul(walk(rest), ["xlogx", walk(inner)])
    return ["mul", *map(walk, e.args)]


def tanh(t: Tree) -> Tree:
    """tanh t as 1 - 2/(1 + exp(2 t)), which has its limits at both infinities."""
    return ["add", "1", ["mul", "-2", ["pow", ["add", "1", ["exp", mul("2", t)]], "-1"]]]


def _positive_factors(base: sympy.Expr) -> list[sympy.Expr]:
    """Factors of a polynomial base, each positive at 1/2 where that is possible."""
    import sympy

    symbols = base.free_symbols
    if len(symbols) != 1 or not base.is_polynomial(*symbols):
        return [base]
    (x,) = symbols
    constant, factors = sympy.factor_list(base)
    result = []
    for factor, count in factors:
        if factor.subs(x, sympy.Rational(1, 2)) < 0:
            factor, constant = -factor, constant * (-1) ** count
        result += [factor] * count
    return [constant, *result] if constant != 1 else result


def parse_claim(text: str, n_classes: int | sympy.Symbol) -> tuple[Relation, sympy.Expr]:
    """Read ``T >= EXPR`` or ``T <= EXPR`` in the variables b (or beta) and n.

    Raises
    ------
    InvalidInputError
        When the text has another form, or other variables.

    Examples
    --------
    >>> parse_claim("T >= b**2/2", 3)
    ('>=', beta**2/2)
    """
    remedy = (
        'write it as "T >= b**2/2", with b for the target regret and n for the number of classes'
    )
    read = re.match(r"\s*T\s*(?:\(\s*(?:b|beta)\s*\))?\s*([<>]=)(.*)\Z", text, re.DOTALL)
    if read is None or not read[2].strip():
        raise InvalidInputError("a claim must read T >= EXPR or T <= EXPR", text, remedy)
    b = beta_symbol()
    formula = claimed(read[2], "claim", {"b": b, "beta": b}, n_classes, remedy)
    return (">=" if read[1] == ">=" else "<="), formula


def claimed(
    text: str,
    what: str,
    variable: Mapping[str, sympy.Symbol],
    n_classes: int | sympy.Symbol,
    remedy: str,
) -> sympy.Expr:
    """The formula of a claim in one variable, by its names, and n.

    Raises
    ------
    InvalidInputError
        For other variables; a number of classes that is a symbol is one.
    """
    name, body = next(iter(variable)), text.strip()
    formula = parse_formula(
        body, {**variable, "n": n_classes}, f"the formula of a {what}, in {name} and n,"
    )
    if formula.free_symbols - set(variable.values()):
        rule = f"a claim's formula must be in {name} and n alone"
        raise InvalidInputError(rule, body, remedy)
    return formula


def loss_formula(loss: Loss) -> tuple[str, Tree]:
    """The kind of a loss, and its formula as a tree in u or in v.

    Raises
    ------
    InvalidInputError
        For parameters without values, and losses of no single softmax value or margin.
    """
    import sympy

    if loss.symbolic:
        raise InvalidInputError(
            "a certificate needs numbers for every loss parameter", loss.spec, "give each a value"
        )
    if isinstance(loss, SoftmaxLoss):
        u = sympy.Symbol("u", positive=True)
        return "softmax", tree(loss.of_softmax(u, SYMPY), {u: "u"})
    if isinstance(loss, MarginLoss):
        v = sympy.Symbol("v", real=True)
        return "margin", tree(loss.of_margin(v, SYMPY), {v: "v"})
    raise InvalidInputError(
        "a certificate's loss is a function of one softmax value or margin", loss.spec, "take one"
    )


def is_named(
    spec: str,
    kind: str,
    formula: Tree,
    costs: Sequence[Sequence[str]] | None = None,
    hypotheses: str = "complete",
) -> bool:
    """Whether a spec names a loss of this formula, the same tree or shown to be the same function,
    and of these scores.

    Parameters
    ----------
    spec, kind : str
    formula : Tree
        For a loss of all scores a list of trees.
    costs : list of lists of str, optional
        Of a loss of the scores of predictions.
    hypotheses : str
        The kind of the hypothesis set of a certificate.

    Raises
    ------
    InvalidInputError
        When the spec names no loss.
    """
    if kind == "scores":
        loss = parse_loss(spec)
        if costs is not None:
            loss = loss.with_costs(tuple(tuple(map(Fraction, row)) for row in costs))
        if loss.sum_to_zero != hypotheses.startswith("zero-sum"):
            return False
        try:
            return bool(piecewise_formulas(loss, len(costs or formula)) == formula)
        except NotPiecewiseLinearError:
            return False
    named, expected = loss_formula(parse_loss(spec))
    if named != kind or (kind == "softmax" and hypotheses != "complete"
                         and parse_loss(spec).temperature != 1):  # fmt: skip
        return False
    if expected == formula:
        return True
    if kind == "margin":  # the algebra's box is (0, 1): not all margins
        return False
    try:
        discharge(Identity(minus(expected, formula), "another formula"))
    except Rejected:
        return False
    return True


def check_box(problem: PointwiseProblem) -> None:
    """Refuse bounded scores that a statement does not tell: of an irrational bound, or divided by a
    temperature before the softmax.

    Raises
    ------
    EngineCannotAnswerError
    """
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    if bound is None:
        return
    if not isinstance(bound, Fraction):
        raise EngineCannotAnswerError("certificate", "a score bound must be rational", None)
    if isinstance(loss, SoftmaxLoss) and loss.temperature != 1:
        raise EngineCannotAnswerError(
            "certificate",
            f"a certificate tells of bounded scores, not of scores over the temperature of "
            f"{loss.spec}: take temperature 1 and bounded:{bound / loss.temperature}",
            "rigorous",
        )


def statement(problem: PointwiseProblem, relation: Relation, claim: sympy.Expr) -> Fields:
    """The claim ``T(beta) relation claim`` for every beta in [0, 1], as the certificate states it.

    Raises
    ------
    EngineCannotAnswerError
        For losses, targets and hypothesis sets that certificates do not cover.
    """
    loss, bound = problem.surrogate, problem.hypotheses.score_bound
    softmax = isinstance(loss, SoftmaxLoss)
    top = problem.decision.structure.top
    fits = isinstance(loss, MarginLoss) and top == 1
    if softmax:
        fits = top is not None and (bound is None or top == 1)
        fits = fits and ((bound is None and top == 1) or isinstance(problem.n_classes, int))
    if not fits:
        raise EngineCannotAnswerError(
            "certificate",
            f"no method for {loss.spec}, {problem.hypotheses}, {problem.target}",
            "rigorous",
        )
    check_box(problem)
    kind, formula = loss_formula(loss)
    classes = int(problem.n_classes) if isinstance(problem.n_classes, int) else "any"
    return {
        "loss": {"spec": loss.spec, "kind": kind, "formula": formula},
        "classes": classes,
        "target": {"kind": "zero-one"} if top == 1 else {"kind": "top", "k": top},
        "hypotheses": {"kind": "complete"}
        if bound is None
        else {"kind": "bounded", "scores": str(bound)},
        "claim": {"kind": f"T {relation}", "formula": tree(claim, {beta_symbol(): "b"})},
    }
