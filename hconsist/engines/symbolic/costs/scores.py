"""One score a prediction: closed forms of T from the two weights that compete.

With w = A p, predicting r where r* is better by b and w_r + w_{r*} = m, the surrogate regret is at
least (docs/targets.md, theorem 5)

* weighted cross-entropy: m T_1(b/m), the perspective of T_1(b) = kl((1 + b)/2; 1/2); it falls in m;
* one-vs-all, logistic: 2 JS(w_r, w_{r*}), which grows with the distance of m from 1;
* one-vs-all, least squares, and regression of costs: a multiple of b^2, whatever m is.

Equality holds where no other weight exceeds m/2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import sympy
from sympy import Expr

from hconsist.arithmetic import SYMPY, to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.costs.competing import Choice, CompetingPiece, best_sums, pieced
from hconsist.engines.symbolic.costs.programs import Number
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.losses.jointly_convex import logistic_unit, square_unit
from hconsist.losses.prediction_forms import (
    PredictionForm,
    Squares,
    WeightedMargins,
    WeightedSoftmax,
)
from hconsist.pointwise import PointwiseProblem

tex = sympy.latex


@dataclass(frozen=True)
class Kind:
    """How the surrogate regret of two competing weights depends on their sum m and gap b.

    Parameters
    ----------
    formula : callable
        m to the formula in b.
    merit : callable
        m to what should be large.
    sum_of : callable
        A merit back to an m that has it.
    choose : callable
        The best m between the least and the largest.
    least : callable
        m to C with formula >= C b^2.
    regret, why : str
        The regret of two weights in LaTeX, and where it comes from.
    """

    formula: Callable[[Expr], Expr]
    merit: Callable[[Expr], Expr]
    sum_of: Callable[[Expr], Expr]
    choose: Choice
    least: Callable[[Expr], Expr]
    regret: str
    why: str
    counts: bool = True  # whether m matters


def covers(form: PredictionForm) -> bool:
    """Whether the regret of two weights is known for this form."""
    return _kind(form) is not None


def solve(problem: PointwiseProblem, form: PredictionForm) -> Solution:
    """The derivation for a loss with one score a prediction.

    Raises
    ------
    EngineCannotAnswerError
        Where the best sum of two weights changes too often, or the formula may fall.
    """
    found = _kind(form)
    assert found is not None, "ask covers first"
    kind, scale = found
    best = best_sums(
        form.weights,
        kind.choose,
        lambda x, y: bool(kind.merit(x) > kind.merit(y)),
        problem.decision.max_regret,
    )
    if kind.counts:
        _check_rising(best, kind)
    return _solution(problem, kind, to_sympy(scale), best)


def _check_rising(best: list[CompetingPiece], kind: Kind) -> None:
    """T is the least over all larger gaps: the formula itself where it does not fall.

    With m of slope in [-1, 1] the smaller weight does not rise and the larger does not fall, so
    their regret does not fall; neither does it where what is best in m gets worse at a jump.

    Raises
    ------
    EngineCannotAnswerError
    """
    b = beta_symbol()
    for piece in best:
        slope = sympy.diff(piece.sum, b)
        start = sympy.expand(piece.sum).subs(b, 0)
        if not (abs(slope) <= 1 or (kind.formula is _perspective and start >= 0)):
            raise stop(f"could not show that the regret of the pair with sum {piece.sum} rises")
    for left, right in pairwise(best):
        before, after = (kind.merit(v.sum.subs(b, left.end)) for v in (left, right))
        if after > before:
            raise stop(f"a larger target regret allows a smaller surrogate regret at {left.end}")


def _solution(
    problem: PointwiseProblem, kind: Kind, c: Expr, best: list[CompetingPiece]
) -> Solution:
    e = excess_symbol()
    formula = c * pieced([(kind.formula(piece.sum), piece.end) for piece in best])
    majorant = concave_majorant([(piece.start, piece.end, kind.merit(piece.sum)) for piece in best])
    convex = _agree(majorant, best, kind)
    envelope = formula
    if not convex:
        envelope = c * pieced([(kind.formula(kind.sum_of(q)), end) for q, end in majorant])
    attained = all(piece.attained for piece in best)
    ends = [(piece, at) for piece in best for at in (piece.start, piece.end)]
    constant = c * min(kind.least(p.sum.subs(beta_symbol(), at)) for p, at in ends)
    most = to_sympy(problem.decision.max_regret)
    upper = sympy.Piecewise((sympy.sqrt(e / constant), e <= constant * most**2), (most, True))
    steps = [
        Step(
            r"\mathcal{T}(\beta) = \min_{r \ne r^*} \min \{ D(Ap, v) : (Ap)_{r^*} - (Ap)_r \ge "
            r"\beta,\ v_r \ge v_k \}",
            "The surrogate regret depends on the weights w = A p of the predictions and on the "
            "scores through v; the target regret of r is the largest weight minus w_r",
        ),
        Step(
            rf"D(w, v) \ge {kind.regret},\quad m = w_r + w_{{r^*}}",
            f"{kind.why}; equality where no other weight exceeds m/2",
        ),
        *(
            Step(
                rf"m = {tex(piece.sum)}" if kind.counts else r"m \text{ any}",
                "The best sum of two weights with this gap, by linear programs with the parameter "
                "beta, solved exactly; "
                + ("other weights fit below m/2" if piece.attained else "no distribution with "
                   "this sum keeps the other weights below m/2: a lower bound only"),
                (rf"{tex(piece.start)} \le \beta \le {tex(piece.end)}",),
            )
            for piece in best
        ),
        Step(rf"\mathcal{{T}}(\beta) {'=' if attained else '>='} {tex(formula)}", "Together"),
        Step(
            rf"\mathcal{{T}}^{{**}}(\beta) {'=' if convex and attained else '>='} {tex(envelope)}",
            "The regret of two weights is jointly convex in m and beta, and the best m depends on "
            "beta so that the composition is convex"
            if convex
            else "Where the best m jumps T has a concave kink; with a concave majorant of what is "
            "best in m the regret is convex, and below T",
        ),
        Step(rf"\Gamma(\varepsilon) \le {tex(upper)}", "By a quadratic bound for every m"),
    ]  # fmt: skip
    derivation = Derivation(
        problem, formula, envelope, None, upper, sympy.Integer(2), tuple(steps),
        relation="=" if attained else ">=", envelope_exact=convex and attained,
    )  # fmt: skip

    def exact_at(beta: Fraction) -> bool:
        return any(p.attained and p.start <= to_sympy(beta) <= p.end for p in best)

    return Solution(derivation, exact_at=None if attained else exact_at)


def _agree(majorant: list[tuple[Expr, Expr]], best: list[CompetingPiece], kind: Kind) -> bool:
    """Whether the majorant is the function itself."""
    b, start = beta_symbol(), best[0].start
    for q, end in majorant:
        for piece in best:
            low, high = sympy.Max(piece.start, start), sympy.Min(piece.end, end)
            if low < high and sympy.expand(kind.merit(piece.sum) - q) != 0:
                middle = (low + high) / 2
                for at in (low, middle, high):
                    if sympy.expand((kind.merit(piece.sum) - q).subs(b, at)) != 0:
                        return False
        start = end
    return True


def concave_majorant(parts: Sequence[tuple[Expr, Expr, Expr]]) -> list[tuple[Expr, Expr]]:
    """The least concave function above a piecewise linear one: (formula, its end) in order.

    Parameters
    ----------
    parts : triples
        Start, end, formula in beta, which may be a minimum of linear ones (concave).

    >>> b = beta_symbol()
    >>> one = sympy.Integer(1)
    >>> concave_majorant([(0 * one, one, b), (one, 2 * one, 0 * one)])
    [(beta, 1), (2 - beta, 2)]
    """
    b = beta_symbol()
    points: dict[Expr, Expr] = {}
    for start, end, formula in parts:
        corners = [start, end]
        for kink in formula.atoms(sympy.Abs):
            corners += [v for v in sympy.solve(kink.args[0], b) if start < v < end]
        for at in corners:
            value = formula.subs(b, at)
            points[at] = max(points.get(at, value), value)
    hull: list[tuple[Expr, Expr]] = []
    for point in sorted(points.items(), key=lambda v: sympy.N(v[0], 30)):
        while len(hull) > 1 and not _turns_right(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return [(sympy.expand(v + (w - v) / (y - x) * (b - x)), y) for (x, v), (y, w) in pairwise(hull)]


def _turns_right(a: tuple[Expr, Expr], b: tuple[Expr, Expr], c: tuple[Expr, Expr]) -> bool:
    return bool((b[0] - a[0]) * (c[1] - a[1]) < (b[1] - a[1]) * (c[0] - a[0]))


def _perspective(m: Expr) -> Expr:
    """``m T_1(b/m)``; x log x vanishes with x."""
    b = beta_symbol()
    terms = [sympy.expand(v) for v in (m + b, m - b)]
    total = sum(v * sympy.log(v) for v in terms) / 2
    return total - sympy.expand(m) * sympy.log(sympy.expand(m))


def _jensen_shannon(m: Expr) -> Expr:
    return _perspective(m) + _perspective(2 - m)


def _nearest_to_one(low: Callable[[], Number], high: Callable[[], Number]) -> Number:
    above = high()
    one = above * 0 + 1
    if above < one:
        return above
    below = low()
    return below if below > one else one


def _kind(form: PredictionForm) -> tuple[Kind, Fraction] | None:
    b = beta_symbol()
    match form:
        case WeightedSoftmax():
            u = sympy.Symbol("u", positive=True)
            scale = sympy.simplify(-u * sympy.diff(sympy.sympify(form.g.g(u, SYMPY)), u))
            if not (scale.is_Rational and scale > 0):
                return None
            kind = Kind(
                _perspective, lambda m: m, lambda q: q, lambda low, high: high(),
                lambda m: 1 / (2 * m),
                r"m\, \mathcal{T}_1(\beta/m),\ \mathcal{T}_1(x) = \mathrm{kl}(\tfrac{1+x}{2}; "
                r"\tfrac12)",
                "Merge all other predictions into one: their KL divergence falls. The least KL of "
                "three blocks with v_r >= v_{r*} is where the two are equal; it falls in m and "
                "grows with the gap",
            )  # fmt: skip
            return kind, Fraction(int(scale.p), int(scale.q))
        case WeightedMargins():
            return _of_margins(form)
        case Squares():
            return _square(b), Fraction(1, 2)


def _of_margins(form: WeightedMargins) -> tuple[Kind, Fraction] | None:
    unit = logistic_unit(form.phi.phi)
    if unit is not None:
        kind = Kind(
            _jensen_shannon, lambda m: -abs(m - 1), lambda q: 1 + q, _nearest_to_one,
            lambda m: sympy.Integer(1),
            r"\mathrm{kl}(w_r; \tfrac m2) + \mathrm{kl}(w_{r^*}; \tfrac m2)",
            "The other predictions have regret at least 0, and of the two the least is where their "
            "scores are equal. It is jointly convex and the same for m and 2 - m, so it grows with "
            "the distance of m from 1",
        )  # fmt: skip
        return kind, unit
    lead = square_unit(form.phi.phi)
    # regret of one binary problem: lead (s - (2 w - 1))^2; two scores meet in the middle
    return None if lead is None else (_square(beta_symbol()), 2 * lead)


def _square(b: Expr) -> Kind:
    return Kind(
        lambda m: b**2, lambda m: 0 * m, lambda q: q, lambda low, high: None,
        lambda m: sympy.Integer(1),
        r"\text{const} \cdot \beta^2",
        "Two squared distances to a common score are least at the mean of the two weights",
        counts=False,
    )  # fmt: skip
