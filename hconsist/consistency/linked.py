"""Losses that do not say how their scores become such a prediction: whether any way would do.

For a piecewise linear loss the best scores at p are found on a lattice (`BraidRisk`). Finitely many
score vectors z suffice: those whose cells N(z) = {p : z is best at p} cover the simplex. If each
cell lies in one set Q_t = {p : t costs least}, predicting t at z is consistent; if one cell lies in
none, no way of predicting is.

Source: Ramaswamy, Agarwal, JMLR 2016, theorems 6 and 8.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import BALLS, evaluate, is_symbolic, precision, to_sympy
from hconsist.consistency.polyhedral import BraidRisk, Lattice
from hconsist.consistency.rules.case import Case
from hconsist.consistency.rules.piecewise import lattice_unit
from hconsist.consistency.verdict import ConsistencyVerdict
from hconsist.decisions import Decision, Target, decision_of
from hconsist.engines.symbolic.costs.vertices import vertices
from hconsist.losses import Loss
from hconsist.losses.forms import OfProbabilities
from hconsist.losses.forms_of_scores import LabelMargins

Vector = tuple[Fraction, ...]

#: Labels at most; scores lie on a lattice cube of this many steps.
_MOST_LABELS, _STEPS = 4, 3
_ZERO = Fraction(0)


@dataclass(frozen=True)
class ScoreCell:
    """Scores, the corners of the set of label distributions at which they are best, and the
    predictions that are best on all of it.
    """

    scores: Lattice
    corners: tuple[Vector, ...]
    predictions: tuple[int, ...]


def cells(risk: BraidRisk, decision: Decision) -> list[ScoreCell] | str:
    """The cells of a loss, which cover the simplex, or why they are not known.

    Examples
    --------
    >>> from hconsist.decisions import Abstain
    >>> from hconsist.losses import CrammerSinger
    >>> found = cells(BraidRisk(CrammerSinger(), 3, Fraction(1)), Abstain("1/2").decision(3))
    >>> [(cell.scores, cell.predictions) for cell in found]
    [((0, 0, 0), (3,)), ((0, 0, 1), (2,)), ((0, 1, 0), (1,)), ((1, 0, 0), (0,))]
    """
    n = risk.n
    if n > _MOST_LABELS:
        return f"cells are written out for {_MOST_LABELS} labels at most"
    points: dict[Vector, Lattice] = {}
    for z in itertools.product(range(_STEPS + 1), repeat=n):
        if min(z) == 0:
            unit = [tuple(Fraction(int(i == y)) for i in range(n)) for y in range(n)]
            losses = tuple(risk.risk(z, p) for p in unit)
            known = points.get(losses)
            points[losses] = z if known is None else min(known, z, key=lambda v: (sum(v), v))
    kept = [v for v in points if not any(_dominates(w, v) for w in points if w != v)]
    found = []
    for v in kept:
        corners = tuple(vertices([_minus(v, w) for w in kept if w != v], n))
        if len(corners) < n:  # thinner than the simplex: others cover it
            continue
        for p in corners:
            if risk.unbounded_along(p) is not None:
                return "the risk falls without bound"
            if risk.minimise(p)[1] != _dot(p, v):
                return "best scores lie outside the lattice cube"
        found.append((points[v], corners))
    rows = decision.finite.exact_rows()
    return sorted(
        (ScoreCell(z, corners, _best_on(rows, corners)) for z, corners in found),
        key=lambda cell: (sum(cell.scores), cell.scores),
    )


def without_a_rule(loss: Loss, n: object, target: Target) -> ConsistencyVerdict | None:
    """The verdict on a loss of label scores that does not say how they lead to the predictions of
    this target; None where it does, or where no more is known than that it does not.
    """
    if loss.symbolic or loss.scores_of != "labels" or not isinstance(n, int) or n < 2:
        return None
    decision = decision_of(target, n)
    numbers = decision.predicts_numbers or decision.numbers is not None or decision.symbols
    if numbers or decision.plain or decision.size != 1 or loss.form(OfProbabilities, n):
        return None
    case = Case(loss, n, target)
    margins = case.form(LabelMargins)
    if margins is not None:
        return _label_margins(case, decision, margins)
    unit = lattice_unit(case)
    if unit is None:
        return None
    found = cells(BraidRisk(loss, n, unit), decision)
    if isinstance(found, str):
        return case.verdict("undecided", found)
    bad = next((cell for cell in found if not cell.predictions), None)
    cover = (
        r"\Delta = \bigcup_z N(z),\quad N(z) = \{p : C(z, p) = C^*(p)\}",
        f"{len(found)} score vectors: at each corner of each cell its scores are the exact minimum "
        "of the risk, which is concave in p",
    )
    if bad is not None:
        return case.verdict(
            "not consistent",
            f"however scores are read: the scores {_shown(bad.scores)} are best at label "
            "distributions that no single prediction serves best",
            cover,
            (
                rf"N({_shown(bad.scores)}) = \mathrm{{conv}}\{{{_corner_text(bad)}\}}",
                "no prediction costs least at all of these corners (theorem 6)",
            ),
        )
    pairs = ", ".join(f"{_shown(cell.scores)} -> {cell.predictions[0]}" for cell in found)
    return case.verdict(
        "consistent",
        f"with the predictions {pairs} at these scores, and a reading of the others by the nearest",
        cover,
        *(
            (
                rf"N({_shown(cell.scores)}) = \mathrm{{conv}}\{{{_corner_text(cell)}\}}",
                f"prediction {cell.predictions[0]} costs least at each corner, so on the cell",
            )
            for cell in found
        ),
    )


def _shown(z: Lattice) -> str:
    return "(" + ", ".join(map(str, z)) + ")"


def _corner_text(cell: ScoreCell) -> str:
    return ", ".join("(" + ", ".join(map(str, p)) + ")" for p in cell.corners)


def _label_margins(case: Case, decision: Decision, form: LabelMargins) -> ConsistencyVerdict | None:
    """LDAM against label weights: the largest score is predicted.

    With q = softmax(scores) the best scores have p_y proportional to q_y (1 - a_y q_y), a_y = 1 -
    exp(-Delta_y); every q is best at some p. Where i and j are tied at the top with q, p_i / p_j =
    (1 - a_i q) / (1 - a_j q): it depends on q, which ranges over [1/n, 1/2], so for three labels or
    more it is no constant w_j / w_i unless the margins are equal.
    """
    weights = _label_weights(decision)
    if weights is None or is_symbolic(case.n):
        return None
    margins, n = [to_sympy(m) for m in form.margins(case.n)], case.n
    other = next((y for y in range(1, n) if margins[y] != margins[0]), None)
    law = (
        r"p_y \propto q_y (1 - a_y q_y),\quad a_y = 1 - e^{-\Delta_y},\ q = \mathrm{softmax}(s)",
        "the stationary points of the risk, which is convex in the scores",
    )
    if other is None:
        if len(set(weights)) == 1:
            return None
        return case.verdict(
            "not consistent",
            "equal margins: the best scores order the label probabilities, whatever they weigh",
            law,
        )
    ratio = (
        r"\frac{p_i}{p_j} = \frac{1 - a_i q}{1 - a_j q} \text{ where } q_i = q_j = q \ge q_k",
        f"at a tie of the labels 0 and {other}",
    )
    if n > 2:
        return case.verdict(
            "not consistent",
            "with no label weights: where two labels of different margins are tied, the ratio of "
            "their probabilities depends on the others",
            law,
            ratio,
            (
                r"q \in [1/n, 1/2]",
                "the ratio is strictly monotone in q as the margins differ, so it is not w_j / w_i "
                "throughout: at some tie one of the two has the smaller weighted probability, and "
                "may be predicted at no surrogate regret",
            ),
        )
    import sympy

    sigma = [1 / (1 + sympy.exp(-m)) for m in margins]
    gap = to_sympy(weights[0]) * sigma[1] - to_sympy(weights[1]) * sigma[0]
    with precision(256):
        ball = evaluate(gap, {}, BALLS)
        if not (ball > 0 or ball < 0):
            return None
    return case.verdict(
        "not consistent",
        "two labels: consistent with the weights sigma(Delta_y) and their multiples, and with no "
        "others",
        law,
        ratio,
        (
            r"q = \tfrac12 \Rightarrow p_0\, \sigma(\Delta_0) = p_1\, \sigma(\Delta_1)",
            "the only tie; w_0 sigma(Delta_1) - w_1 sigma(Delta_0) is not 0 (in balls)",
        ),
    )


def _label_weights(decision: Decision) -> Vector | None:
    """w where a prediction costs w_y unless it is the label y."""
    rows = decision.finite.exact_rows()
    n = decision.labels
    if decision.items != n:
        return None
    weights = tuple(rows[(y + 1) % n][y] - rows[y][y] for y in range(n))
    fits = all(rows[r][y] - rows[y][y] == weights[y] for r in range(n) for y in range(n) if r != y)
    return weights if fits and min(weights) > 0 else None


def _best_on(rows: tuple[Vector, ...], corners: tuple[Vector, ...]) -> tuple[int, ...]:
    """Predictions that cost least at all corners, so on their hull."""
    return tuple(
        t
        for t, row in enumerate(rows)
        if all(_dot(p, row) <= _dot(p, other) for p in corners for other in rows)
    )


def _dominates(w: Vector, v: Vector) -> bool:
    return all(a <= b for a, b in zip(w, v, strict=True))


def _minus(v: Vector, w: Vector) -> Vector:
    return tuple(a - b for a, b in zip(v, w, strict=True))


def _dot(p: Vector, v: Vector) -> Fraction:
    return sum((a * b for a, b in zip(p, v, strict=True)), _ZERO)
