"""Lower bounds of T for piecewise-linear losses of all scores: rule "cells".

Write d = L_r - L_s for predictions r, s, L the costs, and C_r(p) for the least risk at p of scores
that may predict r. Fix r and s, and let K be a polytope of distributions, the hull of points p_i.

**Lemma 8 (a cell).** Let C_r(p_i) >= h_i for every point, t be allowed scores, and a >= 0 and l
numbers with h_i - C(t, p_i) >= a <p_i, d> + l for every i. Then for p in K, every surrogate regret
at p of scores that may predict r is at least a <p, d> + l, so at least a b + l where <p, d> >= b.
*Proof.* p is a mean of points with weights q_i. C_r is an infimum of linear functions of p, so
concave: C_r(p) >= sum q_i h_i. The infimum over all scores is at most C(t, p), which is linear.

**Theorem.** For every ordered pair (r, s) for which d has an entry > 0 let the distributions with
<p, L_k - L_s> >= 0 for all k be cut into cells by planes; those with <p, g> < 0 may be left out, g
the rises of the losses along a ray of allowed scores. Let each cell have scores t and bounds h_i,
and show by lemma 8 that some of the lines a_j b + l_j lie below it. If a witness, a list of lines,
has one line of each cell, then for every b > 0

    T(b) >= the least of its lines at b.

*Proof.* Let scores predict r at p, with target regret >= b > 0. Let s be a best prediction at p:
then <p, L_k - L_s> >= 0 for all k, and <p, d> is the target regret; p lies in a cell of the pair
(lemma 6), and lemma 8 gives the line of that cell; or p was left out, where the risk falls without
end along the ray, so that the infimum is -inf and every regret infinite.

**Symmetric losses.** If exchanging two neighbouring labels only exchanges their losses, for every
two neighbours, then so it is for all permutations. For the zero-one target, permute labels and
scores so that r is label 1 and the others have falling probabilities; label 2 is then a best one,
as b > 0. So the pair (1, 2) alone, and distributions with p_2 >= p_3 >= ... >= p_n, suffice.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.cells import Cell, dot, simplex
from hconsist.checker.limits import Rejected, need, spend, within
from hconsist.checker.obligations import Obligation
from hconsist.checker.piecewise import likeness, relabelled
from hconsist.checker.reading import Fields, fields, items
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.rules.plugin import pairs
from hconsist.checker.rules.risks import Risks, cost_rows, distribution, vector
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, mul

Vector = tuple[Fraction, ...]
#: Of a proof: lines, and bounds of risks of a pair.
LINES, RISKS = 1_000, 20_000
#: The depth to which cells are cut.
CUTS = 80


def region(costs: tuple[Vector, ...], best: int, symmetric: bool) -> Cell:
    """Distributions at which ``best`` is a best prediction; sorted ones, for a symmetric loss."""
    cell = simplex(len(costs[0]))
    n = len(cell.points)
    if symmetric:
        for k in range(2, n):
            cell = cell.part([Fraction((y == k - 1) - (y == k)) for y in range(n)])
    for row in costs:
        if row != costs[best]:
            cell = cell.part([x - y for x, y in zip(row, costs[best], strict=True)])
    return cell


def lines_of(proof: Fields) -> list[tuple[Fraction, Fraction]]:
    """The lines of a proof, as slope and level."""
    found = []
    for line in items(proof["lines"], "lines", LINES):
        slope, level = vector(line, 2, "a line")
        need(slope >= 0, "the slope of a line is negative")
        found.append((slope, level))
    return found


def is_symmetric(risks: Risks) -> bool:
    """Whether exchanging neighbouring labels is shown to exchange their losses only."""
    n = len(risks.losses)
    forms = [likeness(f) for f in risks.losses]
    for k in range(n - 1):
        order = list(range(n))
        order[k], order[k + 1] = order[k + 1], order[k]
        for y, f in enumerate(risks.losses):
            if likeness(relabelled(f, order)) != forms[order[y]]:
                return False
    return True


def wanted(s: Statement, symmetric: bool) -> list[tuple[int, int]]:
    """The pairs of predictions, in order."""
    return [(0, 1)] if symmetric else pairs(cost_rows(s))


def _conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """Exact arithmetic alone: nothing is left to prove."""
    need(type(proof["symmetric"]) is bool, "symmetric is true or false")
    risks, lines, symmetric = Risks(s), lines_of(proof), bool(proof["symmetric"])
    if symmetric:
        need(s.costs is None, "a symmetric loss is one for the zero-one target here")
        need(is_symmetric(risks), "the loss is not shown to be symmetric")
    costs = cost_rows(s)
    for data, (r, best) in zip(_pairs(s, proof), wanted(s, symmetric), strict=True):
        d = [x - y for x, y in zip(costs[r], costs[best], strict=True)]
        floors: dict[Vector, Fraction] = {}
        for entry in items(data["risks"], "risks", RISKS, 0):
            given = fields(entry, "a risk", "p least")
            p = distribution(given["p"], len(d), "p")
            floors[p] = risks.least(p, given["least"], r)
        for cell, leaf in leaves(risks, data["tree"], region(costs, best, symmetric)):
            _below(risks, cell, leaf, d, floors, lines)
    yield from ()


def _pairs(s: Statement, proof: Fields) -> list[Fields]:
    """The pairs of a proof, checked for their order."""
    expected = wanted(s, proof["symmetric"] is True)
    given = items(proof["pairs"], "pairs", 10_000)
    need(len(given) == len(expected), f"a proof needs {len(expected)} pairs")
    for data, (r, best) in zip(given, expected, strict=True):
        fields(data, "a pair", "predicted best risks tree")
        for key, index in (("predicted", r), ("best", best)):
            need(type(data[key]) is int and data[key] == index, "the pairs are not in order")
    return given


def leaves(risks: Risks, tree: object, cell: Cell, depth: int = 0) -> Iterator[tuple[Cell, Fields]]:
    """The cells that a tree of cuts makes of one, with what is said of each."""
    within(depth, CUTS, "cuts of a cell")
    if isinstance(tree, dict) and "cut" in tree:
        fields(tree, "a cut", "cut below above")
        wall = vector(tree["cut"], len(cell.walls[0]), "a cut")
        yield from leaves(risks, tree["below"], cell.part([-x for x in wall]), depth + 1)
        yield from leaves(risks, tree["above"], cell.part(wall), depth + 1)
    elif isinstance(tree, dict) and "ray" in tree:
        fields(tree, "a ray", "ray rest")
        yield from leaves(risks, tree["rest"], cell.part(risks.rises(tree["ray"])), depth + 1)
    else:
        yield cell, fields(tree, "a cell", "scores lines")


def _below(
    risks: Risks, cell: Cell, leaf: Fields, d: list[Fraction],
    floors: dict[Vector, Fraction], lines: list[tuple[Fraction, Fraction]],
) -> None:  # fmt: skip
    """Lemma 8: the lines that a leaf names lie below its cell."""
    losses = risks.values(risks.allowed(leaf["scores"]))
    known = [(dot(p, d), floors[p] - dot(p, losses)) for p in cell.points if p in floors]
    need(len(known) == len(cell.points), "a point of a cell has no bound of its risk")
    for j in _named(leaf["lines"], len(lines)):
        slope, level = lines[j]
        spend(len(known))
        need(
            all(regret >= slope * b + level for b, regret in known), "a line is not below its cell"
        )


def _named(data: list[int], count: int) -> list[int]:
    """Numbers of lines."""
    for j in items(data, "numbers of lines", LINES):
        if type(j) is not int or not 0 <= j < count:
            raise Rejected("no line of that number")
    return list(data)


def _each_named(tree: Fields) -> Iterator[list[int]]:
    """The lines that each leaf names; `_conditions` has read the tree."""
    spend(1)
    if "cut" in tree:
        yield from _each_named(tree["below"])
        yield from _each_named(tree["above"])
    elif "ray" in tree:
        yield from _each_named(tree["rest"])
    else:
        yield tree["lines"]


def _bounds(s: Statement, proof: Fields, b: Tree, witness: list[int]) -> Bounds:
    """A witness is a list of lines, one of them below each cell."""
    lines = lines_of(proof)
    chosen = _named(witness, len(lines))
    for data in _pairs(s, proof):
        for named in _each_named(data["tree"]):
            need(not set(named).isdisjoint(chosen), "a cell has no line of the witness below it")
    return [add(mul(str(lines[j][0]), b), str(lines[j][1])) for j in chosen], []


CELLS = LowerRule(
    "cells", "symmetric lines pairs", (), _conditions, _bounds, affine=True, any_target=True,
    from_zero=False,
)  # fmt: skip
__all__ = ["CELLS", "is_symmetric", "leaves", "region", "wanted"]
