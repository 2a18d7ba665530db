"""From a claim to the search that can prove it.

T of the zero-one target has the search with boxes (`Search`), T of a table of costs that of plug-in
lines (`certify_costs`), and Gamma that of supporting lines (`certify_gamma`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.certificates.gammas import certify_gamma
from hconsist.certificates.piecewise import (
    applies,
    certify_piecewise,
    certify_piecewise_gamma,
)
from hconsist.certificates.plugin import certify_costs
from hconsist.certificates.refutations import refute_gamma
from hconsist.certificates.search import Progress, Search
from hconsist.certificates.statements import Relation, claimed, loss_formula, parse_claim, tree
from hconsist.checker.reading import Fields
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

if TYPE_CHECKING:
    import sympy


def certify(
    problem: PointwiseProblem,
    relation: Relation,
    claim: sympy.Expr,
    *,
    time_budget: float = 60.0,
    max_boxes: int = 20_000,
    progress: Progress | None = None,
    resume: Fields | None = None,
    checkpoint: Callable[[Fields], None] | None = None,
) -> Fields:
    """Search for a certificate that ``T(beta) relation claim(beta)`` for every beta in [0, 1], or
    that it fails.

    Parameters
    ----------
    problem : PointwiseProblem
        A softmax loss with complete H, or a binary margin loss with any H; n_classes may be a
        symbol. Or a piecewise-linear loss of all scores, any H; such a search is not resumed.
    relation : {">=", "<="}
        ``<=`` is proven of convex losses of the softmax value, and refuted wherever ``>=`` has a
        method.
    claim : sympy.Expr
        In `beta_symbol()`.
    time_budget : float
        Seconds after which the search stops with verdict "undecided" and a state to resume from.
    max_boxes : int
    progress : callable, optional
    resume : dict, optional
        An undecided certificate of the same statement.
    checkpoint : callable, optional
        Called every few seconds with an undecided certificate that holds what is finished. An
        interrupt (Ctrl-C) during the boxes ends the search with such a certificate too.

    Returns
    -------
    dict
        JSON-ready; see docs/certificate.md. `hconsist.checker.check` has accepted it.

    Examples
    --------
    >>> from hconsist.certificates import parse_claim
    >>> relation, claim = parse_claim("T >= b**2/2", 3)
    >>> certify(PointwiseProblem("logistic", n_classes=3), relation, claim)["verdict"]
    'holds'
    """
    problem.check_formula("certificate")
    _check_one_box(problem)
    if applies(problem):
        return certify_piecewise(problem, relation, claim, time_budget=time_budget)
    return Search(problem, relation, claim, time_budget, max_boxes, progress, checkpoint).run(
        resume
    )


def _check_one_box(problem: PointwiseProblem) -> None:
    """Refuse a set whose boxes grow where a file about one box says little."""
    if problem.of_larger_boxes:
        raise InvalidInputError(
            "a certificate tells of one box of scores, and here T may fall in larger ones",
            f"{problem.surrogate.spec}, {problem.hypotheses}",
            f"certify it for bounded:{problem.hypotheses.score_bound}",
        )


def certify_claim(
    problem: PointwiseProblem,
    text: str,
    *,
    time_budget: float = 60.0,
    max_boxes: int = 20_000,
    progress: Progress | None = None,
    resume: Fields | None = None,
    checkpoint: Callable[[Fields], None] | None = None,
) -> Fields:
    """A certificate of a claim as it is typed: ``T >= EXPR`` or ``T <= EXPR`` in b and n, or
    ``Gamma <= EXPR`` in u (or epsilon) and n.

    Parameters
    ----------
    problem : PointwiseProblem
        For a table of costs: cross-entropy and all scores.
    text : str
    time_budget, max_boxes, progress, resume, checkpoint
        See `certify`. Only claims about T of the zero-one target can be resumed.

    Raises
    ------
    InvalidInputError
        For a claim of another form, or one that cannot be resumed.
    EngineCannotAnswerError
        Where no method is there; for Gamma and tables of costs also where no proof was found.

    Examples
    --------
    >>> made = certify_claim(PointwiseProblem("hinge"), "Gamma <= u")
    >>> made["verdict"], made["statement"]["claim"]
    ('holds', {'kind': 'Gamma <=', 'formula': 'e'})
    """
    problem.check_formula("certificate")
    _check_one_box(problem)
    about_gamma = re.match(r"\s*Gamma\b", text) is not None
    costly = problem.decision.structure.top is None
    if resume is not None and (about_gamma or costly):
        raise InvalidInputError(
            "only claims about T of the zero-one target can be resumed", text, "drop --resume"
        )
    if about_gamma:
        claim = parse_gamma_claim(text, problem.n_classes)
        if applies(problem):
            return certify_piecewise_gamma(problem, claim, time_budget=time_budget)
        return _gamma(problem, claim, time_budget)
    relation, formula = parse_claim(text, problem.n_classes)
    if costly and not applies(problem):
        return _with_costs(problem, relation, formula, time_budget)
    return certify(
        problem, relation, formula, time_budget=time_budget, max_boxes=max_boxes,
        progress=progress, resume=resume, checkpoint=checkpoint,
    )  # fmt: skip


def parse_gamma_claim(text: str, n_classes: int | sympy.Symbol) -> sympy.Expr:
    """Read ``Gamma <= EXPR`` in the variables u (or epsilon) and n; a formula in `excess_symbol()`.

    Raises
    ------
    InvalidInputError
        When the text has another form, or other variables.

    Examples
    --------
    >>> parse_gamma_claim("Gamma(u) <= sqrt(2*u)", 3)
    sqrt(2)*sqrt(epsilon)
    """
    remedy = 'write it as "Gamma <= sqrt(2*u)", with u for the surrogate excess'
    read = re.match(r"\s*Gamma\s*(?:\(\s*(?:u|epsilon)\s*\))?\s*<=(.*)\Z", text, re.DOTALL)
    if read is None or not read[1].strip():
        raise InvalidInputError("a claim about Gamma must read Gamma <= EXPR", text, remedy)
    e = excess_symbol()
    return claimed(read[1], "claim about Gamma", {"u": e, "epsilon": e}, n_classes, remedy)


def inverse_of(claim: sympy.Expr) -> sympy.Expr:
    """The increasing inverse, in `beta_symbol()`, of a claim in `excess_symbol()`, as a guess.

    Raises
    ------
    EngineCannotAnswerError
        Where none in closed form is found.

    Examples
    --------
    >>> inverse_of(parse_gamma_claim("Gamma <= sqrt(2*u)", 3))
    beta**2/2
    """
    import sympy

    e, b = excess_symbol(), beta_symbol()
    tested = [sympy.Rational(k, 8) for k in range(1, 9)]
    try:
        solutions = sympy.solve(sympy.Eq(claim, b), e)
    except (NotImplementedError, ValueError, TypeError):
        solutions = []
    for found in solutions:
        try:
            values = [complex(found.subs(b, t).evalf()) for t in tested]
            right = all(abs(complex(claim.subs(e, found.subs(b, t)).evalf()) - t) < 1e-9
                        for t in tested)  # fmt: skip
        except (TypeError, ValueError):
            continue
        real = [v.real for v in values if abs(v.imag) < 1e-12 and v.real >= 0]
        if right and len(real) == len(values) and real == sorted(real):
            return sympy.simplify(found)
    raise EngineCannotAnswerError(
        "certificate", f"no increasing inverse of {claim} on [0, 1] was found", None
    )


def _gamma(problem: PointwiseProblem, claim: sympy.Expr, time_budget: float) -> Fields:
    """A refutation at a point, or else supporting lines."""
    try:
        refuted = refute_gamma(problem, tree(claim, {excess_symbol(): "e"}))
    except EngineCannotAnswerError:
        refuted = None
    if refuted is not None:
        return refuted
    return certify_gamma(problem, claim, inverse_of(claim), time_budget=time_budget)


def _with_costs(
    problem: PointwiseProblem, relation: Relation, claim: sympy.Expr, time_budget: float
) -> Fields:
    """A certificate about cross-entropy and the target's costs."""
    decision, loss = problem.decision, problem.surrogate
    fits = (
        decision.size == 1
        and decision.rule == "least expected cost"
        and decision.temperature == 1
        and problem.hypotheses.score_bound is None
        and isinstance(problem.n_classes, int)
    )
    if not fits:
        raise EngineCannotAnswerError(
            "certificate",
            f"T {relation} for {loss.spec}, {problem.hypotheses}, {problem.target} has no rule: "
            "costs go with cross-entropy, all scores, one prediction of least expected cost",
            "rigorous",
        )
    kind, formula = loss_formula(loss)
    costs = [list(map(Fraction, row)) for row in decision.finite.exact_rows()]
    return certify_costs(
        costs, tree(claim, {beta_symbol(): "b"}), relation=relation,
        loss={"spec": loss.spec, "kind": kind, "formula": formula},
        deadline=time.monotonic() + time_budget,
    )  # fmt: skip
