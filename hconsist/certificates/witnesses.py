"""Guesses that the checker then judges: witnesses of pieces, and counterexamples.

A softmax loss has pairs of softmax values as witnesses; a margin loss has scores.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from hconsist.arithmetic import SYMPY, precision
from hconsist.certificates import pools
from hconsist.certificates.margins import kinks, minimiser
from hconsist.certificates.statements import tanh, tree
from hconsist.checker import Tree
from hconsist.checker.reading import Fields
from hconsist.engines.rigorous import transform
from hconsist.engines.rigorous.branch import minimise
from hconsist.engines.rigorous.regions import PairBound, comp_sum_regions
from hconsist.engines.rigorous.risk import SoftmaxRisk, pool
from hconsist.errors import InvalidInputError
from hconsist.losses import Loss, SoftmaxLoss
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem

#: Numbers beta where a counterexample is looked for.
GRID = tuple(
    Fraction(s)
    for s in ("1/2", "9/10", "1/4", "1/10", "3/4", "99/100", "1", "1/100", "1/3", "2/3", "1/1000")
)
#: log((1 + x)/(1 - x)): the best score of logistic losses at beta = x.
_ONE_LESS_X: Tree = ["add", "1", ["mul", "-1", "x"]]
LOG_ODDS: Tree = ["log", ["mul", ["add", "1", "x"], ["pow", _ONE_LESS_X, "-1"]]]
#: The witness of concave losses: all of the share with one label. The concave rules take none.
CORNER: list[Tree] = ["1", "0"]


def _power_law(loss: Loss) -> Fraction | None:
    """The tau of ``g'(u) = -c u^(tau - 2)``, where g is shown to be of this kind."""
    form = loss.form(OfSoftmax)
    return None if form is None else form.g.power_law


def scaling(loss: SoftmaxLoss) -> Fraction:
    """The exponent e of ``g(t u) = g(t) + t^e (g(u) - g(1))`` where there is one, else 0."""
    import sympy

    if (law := _power_law(loss)) is not None:
        return law - 1
    u = sympy.Symbol("u", positive=True)
    g = loss.of_softmax(u, SYMPY)
    e = sympy.simplify(1 + u * sympy.diff(g, u, 2) / sympy.diff(g, u))
    return Fraction(int(e.p), int(e.q)) if e.is_Rational else Fraction(0)


def convex_rules(loss: SoftmaxLoss, n: int | str) -> list[Fields]:
    """Rules for T >= claim, all scores, and what their proofs say besides pieces."""
    if n == 2:
        return [{"rule": "pair", "scaling": None}]
    e = scaling(loss)
    found: list[Fields] = [{"rule": "pair", "scaling": str(e)}]
    if 0 < e <= 1 / 2:
        found.append({"rule": "theorem A", "scaling": str(e)})
    elif (shape := inverse_slope(loss)) is not None:
        found += [{"rule": "theorem D", "shape": s} for s in shape]
        found += quadratic_slope(loss)
    return found + pools.options(n, e)


def inverse_slope(loss: SoftmaxLoss) -> list[Fields] | None:
    """h = -1/g' as rule "theorem D" wants it, where that has a tree."""
    import sympy

    u = sympy.Symbol("u", positive=True)
    try:
        h = sympy.expand(sympy.cancel(-1 / sympy.diff(loss.of_softmax(u, SYMPY), u)))
        written = tree(sympy.collect(h, u), {u: "u"})
    except (InvalidInputError, ArithmeticError, NotImplementedError):
        return None
    ways = ("algebra:0", "balls:0")
    return [{"inverse": written, "bend": bend, "methods": [way] * count}
            for bend, count in (("convex", 2), ("concave", 3)) for way in ways]  # fmt: skip


def quadratic_slope(loss: SoftmaxLoss) -> list[Fields]:
    """-1/g' as a u (1 - r u), as rule "theorem X" wants it, where it is one."""
    import sympy

    u = sympy.Symbol("u", positive=True)
    h = sympy.expand(sympy.cancel(-1 / sympy.diff(loss.of_softmax(u, SYMPY), u)))
    first, second = h.coeff(u, 1), h.coeff(u, 2)
    if first == 0 or sympy.simplify(h - first * u - second * u**2) != 0:
        return []
    try:
        factors = [tree(t, {}) for t in (first, sympy.expand(-second / first))]
    except (InvalidInputError, ZeroDivisionError):
        return []
    return [{"rule": "theorem X", "factors": factors}]


def rational_pairs(loss: SoftmaxLoss, b: Fraction) -> list[list[Tree]]:
    """Nearly optimal softmax values of two labels at one beta, rational, of sum 1."""
    risk = SoftmaxRisk(loss.separable)
    if b == 1:
        return [CORNER]
    try:
        with precision(96):
            point = risk.optimum(((1 + b) / 2, (1 - b) / 2), (1, 1))
    except (ArithmeticError, ValueError):
        return []
    first = Fraction(point.coordinates[0])
    return [[str(first), str(1 - first)]]


def pairs_in_beta(loss: SoftmaxLoss) -> list[list[Tree]]:
    """Optimal softmax values of two labels at beta = x, where -g' is a power; otherwise guesses."""
    e = scaling(loss)
    terms: list[Tree] = [["add", "1", "x"], _ONE_LESS_X]
    if e == 0 or e == 1:
        optimal: list[Tree] = [["mul", "1/2", t] for t in terms]
    else:
        weights: list[Tree] = [["pow", t, str(1 / (1 - e))] for t in terms]
        optimal = [["mul", w, ["pow", ["add", *weights], "-1"]] for w in weights]
    if _power_law(loss) is None:
        return [optimal, CORNER, _slanted(loss), *_tangential(loss)]
    if e in (0, 1):
        return [optimal]
    tilt = 1 / (2 - 2 * e)  # the same to first order, and less to evaluate
    affine: list[Tree] = [["add", "1/2", ["mul", str(k), "x"]] for k in (tilt, -tilt)]
    return [affine, optimal]


def _tangential(loss: SoftmaxLoss) -> list[list[Tree]]:
    """Softmax values affine in beta, optimal to first order: slope -g'(1/2)/g''(1/2) exactly."""
    import sympy

    u = sympy.Symbol("u", positive=True)
    g = loss.of_softmax(u, SYMPY)
    first, second = (sympy.diff(g, u, k).subs(u, sympy.Rational(1, 2)) for k in (1, 2))
    try:
        tilt = tree(sympy.simplify(-first / second), {})
    except (InvalidInputError, ZeroDivisionError):
        return []
    return [[["add", "1/2", ["mul", sign, tilt, "x"]] for sign in ("1", "-1")]]


def _slanted(loss: SoftmaxLoss) -> list[Tree]:
    """Softmax values affine in beta that are nearly optimal for small beta."""
    step = Fraction(1, 1000)
    witness = rational_pairs(loss, step)
    if not witness:
        return CORNER
    tilt = ((Fraction(str(witness[0][0])) - Fraction(1, 2)) / step).limit_denominator(12)
    return [["add", "1/2", ["mul", str(k), "x"]] for k in (tilt, -tilt)]


def scores_in_beta() -> list[Tree]:
    """Scores at beta = x that are optimal for some margin loss."""
    return ["x", ["mul", "1/2", "x"], ["mul", "2", "x"], LOG_ODDS, ["mul", "1/2", LOG_ODDS]]


def rational_score(problem: PointwiseProblem, b: Fraction) -> list[Tree]:
    """A nearly optimal score of a margin loss at one beta."""
    return [str(minimiser(problem.surrogate, b, problem.hypotheses.score_bound))]  # type: ignore[arg-type]


def piece(low: Tree, high: Tree, witness: Tree | None, at: Tree = "x") -> Fields:
    """A piece by algebra."""
    return {"from": low, "to": high, "at": at, "witness": witness, "method": "algebra:0"}


def closed_margins(statement: Fields) -> Iterator[list[Fields]]:
    """Families of pieces of margin losses with exact witnesses; the checker decides which fits."""
    bound = statement["hypotheses"].get("scores")
    turns = [str(abs(t)) for t in kinks(statement["loss"]["formula"])]
    guesses = ["1", "x", LOG_ODDS, ["mul", "1/2", LOG_ODDS], bound or "inf", *turns]
    for witness in guesses:
        yield [piece("0", "1", witness)]
    if bound is None:
        return
    least = str(min(Fraction(bound), Fraction(1)))
    yield [piece("0", "1", least)]
    if least != "1":
        yield [piece("0", least, "x"), piece(least, "1", least)]
    for factor in ("1", "1/2"):
        reach = tanh(str(Fraction(factor) * Fraction(bound)))
        curve = tanh(["mul", factor, "x"])
        yield [piece("0", bound, "x", curve), piece(reach, "1", bound)]


def closed_concave(classes: int | str) -> Iterator[list[Fields]]:
    """One piece, and a piece for each kink of theorem C, at 1, 1/2, 1/3, ..."""
    yield [piece("0", "1", None)]
    if isinstance(classes, int) and classes <= 200:
        edges = ["0", *(str(Fraction(1, k)) for k in range(classes - 1, 0, -1))]
        yield [piece(low, high, None) for low, high in itertools.pairwise(edges)]


def refuting_distribution(
    problem: PointwiseProblem, n: int | str, beta: Fraction, claimed: Fraction
) -> Fields | None:
    """A distribution and a prediction whose regret the rigorous engine finds below the claim."""
    loss = problem.surrogate
    form, law = loss.form(OfSoftmax), _power_law(loss)
    if n == "any" or form is None:
        return None
    assert isinstance(n, int)
    if law is None:
        return _refuting_pair(loss, n, beta)  # type: ignore[arg-type]
    if law > 2:
        answer = transform(problem, beta)
        if answer.upper is None or answer.upper >= claimed or answer.witness is None:
            return None
        best = max(answer.witness.scores)
        chosen = [i for i, s in enumerate(answer.witness.scores) if s == best]
        point = [str(Fraction(1, len(chosen))) if i in chosen else "0" for i in range(n)]
        p = [str(v) for v in answer.witness.p]
        return {"rule": "concave point", "beta": str(beta), "p": p, "point": point}
    with precision(96):
        risk = SoftmaxRisk(form.g)
        pairs = PairBound(risk, law, beta)
        found = minimise(risk, comp_sum_regions(n, beta), Fraction(1, 10**5), 2000, None, pairs)
        if found.upper >= claimed:
            return None
        q, sizes, members = pool(found.values, found.counts, 1)
        tied = risk.optimum(q, sizes).coordinates
        free = risk.optimum(found.values, found.counts).coordinates
    others = dict(zip(q[1:], tied[1:], strict=True))
    rows: list[tuple[Fraction, Fraction, Fraction]] = []
    for i, (value, count) in enumerate(zip(found.values, found.counts, strict=True)):
        if count:
            shared = tied[0] if i in members else others[value]
            rows += [(value, shared, free[i])] * count
    rows += [(Fraction(0),) * 3] * (n - len(rows))
    columns = zip(("p", "point", "reference"), zip(*rows, strict=True), strict=True)
    return {"rule": "convex point", "beta": str(beta)} | {
        key: [str(v) for v in column] for key, column in columns
    }


def _refuting_pair(loss: SoftmaxLoss, n: int, beta: Fraction) -> Fields | None:
    """Two labels of sum 1 against their tie: the regret there is an upper bound of T for every
    convex loss. Whether it lies below the claim is for the checker to see.
    """
    pairs = rational_pairs(loss, beta)
    if not pairs:
        return None
    rest = ["0"] * (n - 2)
    p = [str((1 + beta) / 2), str((1 - beta) / 2)]
    return {
        "rule": "convex point",
        "beta": str(beta),
        "p": [*p, *rest],
        "point": ["1/2", "1/2", *rest],
        "reference": [*pairs[0], *rest],
    }
