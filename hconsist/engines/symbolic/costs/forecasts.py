"""Any finite costs, a cross-entropy forecast: T as the least of conjugates, T** as one conjugate.

For an ordered pair of predictions with cost difference d = L_r - L_{r*} (docs/targets.md, theorems
1 and 4),

    T_{r,r*}(b) = sup_{lam >= 0} lam b - log max_{q in Q_r} E_q e^{lam d},

where Q_r holds the forecasts that lead to r. Often one q is the worst for every lam, in increasing
convex order (`laws`); else the vertices of Q_r are written out. T is the least over pairs, and its
envelope is the conjugate of the largest logarithm over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy
from sympy import Expr

from hconsist.arithmetic import to_sympy
from hconsist.engines.derivation import Derivation, Step, beta_symbol, excess_symbol
from hconsist.engines.symbolic.cost_range import forecast_steps
from hconsist.engines.symbolic.costs.conjugate import Conjugate, expression
from hconsist.engines.symbolic.costs.groups import Group, grouped, least, least_formula, of_laws
from hconsist.engines.symbolic.costs.laws import Law, law, worst
from hconsist.engines.symbolic.costs.parameters import Parameter, pieces
from hconsist.engines.symbolic.costs.programs import Number, sample
from hconsist.engines.symbolic.costs.vertices import Vector, vertices
from hconsist.engines.symbolic.solution import Solution, stop
from hconsist.pointwise import UNREACHED, PointwiseProblem, Witness

tex = sympy.latex

#: Groups of one mass, and the laws that no other is above, as formulas.
Tied = tuple[tuple[Group, ...], tuple[tuple[tuple[Expr, ...], tuple[Expr, ...]], ...]]


@dataclass(frozen=True)
class CostPair:
    """Two predictions, their cost difference, and the laws of it whose largest moment counts."""

    item: int
    other: int
    d: Vector
    laws: tuple[Law, ...]
    q: Vector | None  # the forecast of the only law


def solve(problem: PointwiseProblem, scale: Fraction) -> Solution:
    """The derivation for a loss that is ``-scale log u``.

    Raises
    ------
    EngineCannotAnswerError
        For too many labels.
    """
    symbols = problem.decision.symbols
    if symbols:
        return _with_parameter(problem, scale, symbols)
    pairs = undominated(problem.decision.finite.exact_rows())
    if not pairs:
        raise stop(f"{problem.target}: {UNREACHED}")
    single = [pair for pair in pairs if len(pair.laws) == 1]
    groups, others = grouped([pair.laws[0] for pair in single], Fraction(0))
    parts = [g.part for g in groups] + [of_laws([found]) for found in others]
    parts += [of_laws(pair.laws) for pair in pairs if len(pair.laws) > 1]
    return _solution(problem, scale, pairs, least_formula(parts), _convex(pairs))


def _with_parameter(
    problem: PointwiseProblem, scale: Fraction, symbols: tuple[Expr, ...]
) -> Solution:
    """The same for costs with one symbol, on each interval where one formula holds."""
    if len(symbols) > 1:
        raise stop(f"costs with more than one symbol ({', '.join(map(str, symbols))})")
    (symbol,) = symbols
    rows = problem.decision.finite.exact_rows()

    def compute(parameter: Parameter) -> Tied:
        traced = [[parameter.number(v) for v in row] for row in rows]
        pairs = undominated(traced)
        if any(len(pair.laws) > 1 for pair in pairs):
            raise stop("no forecast is the worst for every multiplier, with symbolic costs")
        groups, others = grouped([pair.laws[0] for pair in pairs], parameter.number(Fraction(0)))
        if others:
            raise stop("a cost difference with more than two values that matter, with a symbol")
        laws = tuple(
            (tuple(map(expression, v.values)), tuple(map(expression, v.masses)))
            for v in (pair.laws[0] for pair in pairs)
        )
        return tuple(groups), laws

    low, high = problem.target.symbol_range
    found = pieces(symbol, sympy.sympify(low), sympy.sympify(high), compute)
    return _of_intervals(problem, to_sympy(scale), symbol, found)


def _of_intervals(
    problem: PointwiseProblem, c: Expr, symbol: Expr, found: Sequence[tuple[Tied, Expr, Expr]]
) -> Solution:
    b, e = beta_symbol(), excess_symbol()
    transforms, envelopes, uppers, steps = [], [], [], list(_first_steps(c))
    for (groups, laws), start, end in found:
        where = symbol <= end
        formulas = [g.formula() for g in groups]
        transform = formulas[0] if len(formulas) == 1 else sympy.Min(*formulas, evaluate=False)
        transforms.append((c * transform, where))
        envelopes.append((c * (transform if len(laws) == 1 else Conjugate(b, *laws)), where))
        constants = [
            2 * (1 - sum(x * m for x, m in zip(*law, strict=True)) / law[0][-1]) ** 2
            / (law[0][-1] - law[0][0]) ** 2 for law in laws
        ]  # fmt: skip
        constant = sympy.Min(*(sympy.factor(sympy.simplify(v)) for v in constants))
        uppers.append((sympy.sqrt(e / (c * constant)), where))
        condition = (rf"{tex(start)} \le {tex(symbol)} \le {tex(end)}",)
        for values, masses in laws:
            steps.append(Step(_law_tex(Law(values, masses)), "A law that no other is above",
                              condition))  # fmt: skip
    pieced = [sympy.Piecewise(*(parts[:-1]), (parts[-1][0], True))
              for parts in (transforms, envelopes, uppers)]  # fmt: skip
    steps += [
        Step(rf"\mathcal{{T}}(\beta) = {tex(pieced[0])}", "The least over pairs; each comparison "
             "that led here has the same outcome on the whole interval of the symbol"),
        Step(rf"\mathcal{{T}}^{{**}}(\beta) = {tex(pieced[1])}",
             "The conjugate of the largest moment"),
        Step(rf"\Gamma(\varepsilon) \le {tex(pieced[2])}", "Hoeffding"),
    ]  # fmt: skip
    return Solution(
        Derivation(problem, pieced[0], pieced[1], None, pieced[2], sympy.Integer(2), tuple(steps))
    )


def undominated(rows: Sequence[Sequence[Number]]) -> list[CostPair]:
    """The pairs of predictions whose conjugates can be the least somewhere, from the costs."""
    every = range(len(rows))

    def difference(r: int, s: int) -> Vector:
        return tuple(a - b for a, b in zip(rows[r], rows[s], strict=True))

    def region(r: int) -> list[Vector]:
        return [difference(r, k) for k in every if k != r]

    def spread(pair: tuple[int, int, Vector]) -> Fraction:
        shadow = [sample(v) for v in pair[2]]
        return min(shadow) - max(shadow)

    ranges = [(r, s, difference(r, s)) for r in every for s in every if r != s]
    ranges = sorted((v for v in ranges if max(v[2]) > 0), key=spread)
    exact: list[CostPair] = []
    open_pairs: list[CostPair] = []
    for item, other, d in ranges:
        known = [pair.laws[0] for pair in exact]
        if any(_chord(d).below(found) for found in known):
            continue
        found = worst(region(item), d)
        if found is None or any(found.law.below(v) for v in known):
            continue
        if found.q is None:
            open_pairs.append(CostPair(item, other, d, (found.law,), None))
            continue
        exact.append(CostPair(item, other, d, (found.law,), found.q))
    kept = set(map(id, least([pair.laws[0] for pair in exact])))
    exact = [pair for pair in exact if id(pair.laws[0]) in kept]
    result = list(exact)
    for pair in open_pairs:
        if any(pair.laws[0].below(v.laws[0]) for v in exact):
            continue
        ends = vertices(region(pair.item), len(pair.d))
        laws = tuple(
            found
            for found in least([law(pair.d, q) for q in ends])
            if not any(found.below(v.laws[0]) for v in exact)
        )
        if laws:
            result.append(CostPair(pair.item, pair.other, pair.d, laws, None))
    return [pair for pair in result if max(v.top for v in pair.laws) > 0]


def _chord(d: Vector) -> Law:
    """The law on the two ends of d with mean 0, which is above that of d under any forecast that
    leads to the prediction.
    """
    low, top = min(d), max(d)
    if low >= 0:  # the mean is at most 0: d vanishes there
        return Law((0 * low,), (0 * low + 1,))
    return Law((low, top), (top / (top - low), -low / (top - low)))


def _convex(pairs: list[CostPair]) -> bool:
    return len(pairs) == 1


def _solution(
    problem: PointwiseProblem, scale: Fraction, pairs: list[CostPair], T: Expr, convex: bool
) -> Solution:
    b, c = beta_symbol(), to_sympy(scale)
    laws = [v for pair in pairs for v in pair.laws]
    reach = max(v.top for v in laws)
    last = max(v.masses[-1] for v in laws if v.top == reach)
    end = sympy.log(1 / to_sympy(last))
    formula = sympy.Piecewise((c * T, b < to_sympy(reach)), (c * end, True))
    envelope = formula
    if not convex:
        hull = Conjugate(b, *((map(expression, v.values), map(expression, v.masses)) for v in laws))
        envelope = sympy.Piecewise((c * hull, b < to_sympy(reach)), (c * end, True))
    steps = (*_first_steps(c), *_pair_steps(pairs), *_last_steps(formula, envelope, c, laws))
    upper, constant = elementary(laws, scale, reach)
    steps += (
        Step(
            rf"\mathcal{{T}}(\beta) \ge {tex(constant)}\, \beta^2,\quad \Gamma(\varepsilon) \le "
            rf"{tex(upper)}",
            "Hoeffding: the logarithmic moment of d is at most its mean times lambda plus "
            "(range times lambda)^2 / 8, and means are at most 0",
        ),
    )
    growth = sympy.Integer(2) if any(v.mean == 0 and len(v.values) > 1 for v in laws) else None
    derivation = Derivation(
        problem, formula, envelope, None, upper, growth, steps,
        reach=None if reach == problem.decision.max_regret else reach,
    )  # fmt: skip
    witness = _witness(problem, scale, pairs) if all(pair.q for pair in pairs) else None
    return Solution(derivation, witness=witness, reach=derivation.reach)


def elementary(laws: list[Law], scale: Fraction, reach: Fraction) -> tuple[Expr, Expr]:
    """``sqrt(e / C)`` with C the least of 2 (1 - mean/top)^2 / range^2, and C: T >= C b^2.

    Hoeffding gives 2 (b - mean)^2 / range^2, and b - mean is at least (1 - mean/top) b where
    b <= top.
    """
    e = excess_symbol()
    constants = [
        2 * (1 - v.mean / v.top) ** 2 / (v.top - v.values[0]) ** 2 for v in laws if v.top > 0
    ]
    constant = to_sympy(scale * min(constants))
    most = to_sympy(reach)
    bound = sympy.sqrt(e / constant)
    return sympy.Piecewise((bound, e <= constant * most**2), (most, True)), constant


def _first_steps(c: Expr) -> tuple[Step, ...]:
    return (
        *forecast_steps(c),
        Step(
            r"\mathcal{T}_{r,r^*}(\beta) = \sup_{\lambda \ge 0} \left[ \lambda \beta - \log "
            r"\max_{q \in Q_r} \mathbb{E}_q e^{\lambda d} \right]",
            "Donsker and Varadhan for fixed q; the function is concave in lambda and convex in q, "
            "and Q_r is compact and convex, so minimum and supremum may be exchanged (Sion)",
        ),
        Step(
            r"e^{\lambda d} = e^{\lambda d_1} + \sum_{j < m} \alpha_j (d - d_j)_+,\quad \alpha_j "
            r"\ge 0",
            "On the values d_1 < ... < d_m of d; so a forecast with the largest mean of each "
            "(d - d_j)_+ is the worst for every lambda, which linear programs decide exactly",
        ),
    )


def _pair_steps(pairs: list[CostPair]) -> list[Step]:
    steps = []
    for pair in pairs[:6]:
        shown = [_law_tex(v) for v in pair.laws]
        if pair.q is not None:
            support = ", ".join(
                f"q_{{{y + 1}}} = {tex(expression(v))}" for y, v in enumerate(pair.q) if v != 0
            )
            why = f"the forecast {support} is the worst for every lambda"
        else:
            why = f"the {len(shown)} ends of its forecasts that matter"
        steps.append(
            Step(
                r",\quad ".join(shown),
                f"Prediction {pair.item} where {pair.other} is better: {why}",
            )
        )
    return steps


def _law_tex(v: Law) -> str:
    return r"\mathbb{E} e^{\lambda d} = " + " + ".join(
        rf"{tex(expression(m))} e^{{{tex(expression(x))}\lambda}}"
        for x, m in zip(v.values, v.masses, strict=True)
    )


def _last_steps(formula: Expr, envelope: Expr, c: Expr, laws: list[Law]) -> tuple[Step, ...]:
    found = [
        Step(
            rf"\mathcal{{T}}(\beta) = {tex(formula)}",
            "The least over pairs; the others have moments below one of these for every lambda",
        )
    ]
    if envelope == formula:
        found.append(Step(r"\mathcal{T}^{**} = \mathcal{T}", "A conjugate is convex"))
    else:
        found.append(
            Step(
                rf"\mathcal{{T}}^{{**}}(\beta) = {tex(envelope)}",
                "The conjugate of a minimum is the maximum of the conjugates, and each piece is "
                "the conjugate of a logarithm: T has concave kinks where pieces meet",
            )
        )
    times = "" if c == 1 else tex(c) + r" \cdot "
    inner = r"\varepsilon" if c == 1 else rf"\varepsilon / {tex(c)}"
    del times, laws
    found.append(
        Step(
            rf"\Gamma(\varepsilon) = \inf_{{\lambda > 0}} \frac{{{inner} + \log \max \mathbb{{E}} "
            r"e^{\lambda d}}{\lambda}",
            "T** lies above each line lambda beta - log max E e^(lambda d), and is their supremum",
        )
    )
    return tuple(found)


def _witness(
    problem: PointwiseProblem, scale: Fraction, pairs: list[CostPair]
) -> Callable[[Fraction], Witness] | None:
    """A rational point of the pair that is the least at beta, where its law has two values."""
    if any(len(pair.laws[0].values) != 2 for pair in pairs):
        return None

    def value(pair: CostPair, beta: Fraction) -> float:
        found = pair.laws[0]
        if beta > found.top:
            return np.inf
        x = float((beta - found.values[0]) / (found.top - found.values[0]))
        m = float(found.masses[1])
        return float(sum(s * np.log(s / t) for s, t in ((x, m), (1 - x, 1 - m)) if s > 0))

    def witness(beta: Fraction) -> Witness:
        pair = min(pairs, key=lambda v: value(v, beta))
        found, q = pair.laws[0], pair.q
        assert q is not None
        x = max((beta - found.values[0]) / (found.top - found.values[0]), found.masses[1])
        p = tuple(
            v * (x / found.masses[1] if d == found.top else (1 - x) / found.masses[0])
            for v, d in zip(q, pair.d, strict=True)
        )
        y = np.array([float(v) for v in q])
        with np.errstate(all="ignore"):
            scores = np.maximum(np.log(y / y.max()), -100.0) * float(problem.decision.temperature)
        regret = float(scale) * value(pair, max(beta, found.mean))
        return Witness(p, tuple(map(float, scores)), (pair.item,), regret)

    return witness
