"""``T >= claim`` for cross-entropy and any finite cost matrix: rule "plug-in lines".

The loss is -log u, u the softmax value of the label; all scores; costs L[r][y] of predictions r. q,
the softmax of the scores, is any distribution with positive entries, and r may be predicted where
<q, L_r - L_k> <= 0 for every k. The surrogate regret at p is the divergence KL(p; q).

**Plug-in lemma.** Let r, s be predictions, d = L_r - L_s, and lam >= 0, t > 0, m_k >= 0 with

    exp(lam d_y) <= t + sum over k of m_k (L_r - L_k)(y)     for every label y.

If r is predicted and <p, d> >= b, then KL(p; q) >= lam b - log t.
*Proof.* KL(p; q) >= lam <p, d> - log sum q_y exp(lam d_y) (Gibbs, or Jensen for log), and the sum
is at most t + sum m_k <q, L_r - L_k> <= t.

**Theorem.** For each ordered pair (r, s) of which d has a largest entry D > 0, let pieces cover [0,
D] (the numbers b), each with lam, t, m trees in x for which the lemma's conditions hold and lam b -
log t >= claim(b) for x in its open interval. Let claim(0) <= 0 and the claim have values at the
ends of pieces. Then T(b) >= claim(b) for every b in [0, B], B the largest D.
*Proof.* T(0) >= 0. Let b > 0, and r be predicted with target regret >= b at p: <p, L_r - L_s> >= b
for a best prediction s, so b <= D for that pair. The regret is at least lam b' - log t >= claim(b')
for the numbers b' <= b strictly inside pieces, and these come as close to b as one likes, with the
cases of the claim right (as in `hconsist.checker.rules.lower`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.coverage import Piece, covering
from hconsist.checker.limits import Rejected, need
from hconsist.checker.obligations import Identity, Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields, items
from hconsist.checker.statements import Statement, claim_at, resolved
from hconsist.checker.trees import Tree, add, check_tree, minus, mul, put

LEMMAS = ("plug-in lemma",)
Row = tuple[Fraction, ...]


def pairs(costs: tuple[Row, ...]) -> list[tuple[int, int]]:
    """Ordered pairs (r, s) of predictions of which r costs more than s for some label."""
    indices = range(len(costs))
    return [
        (r, s)
        for r in indices
        for s in indices
        if any(x > y for x, y in zip(costs[r], costs[s], strict=True))
    ]


def holds(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves T >= claim for every pair of predictions."""
    if s.costs is None or s.kind != "softmax":
        raise Rejected("this rule is about softmax values and a cost matrix")
    fields(proof, "proof", "rule pairs")
    yield Identity(add(s.g, ["log", "u"]), "the loss is not cross-entropy, -log u")
    yield Number(minus("0", claim_at(s.claim, "0")), ">=", "the claim is positive at b = 0")
    expected = pairs(s.costs)
    given = items(proof["pairs"], "pairs", 10_000)
    need(len(given) == len(expected), f"a proof needs {len(expected)} pairs")
    for data, (r, best) in zip(given, expected, strict=True):
        fields(data, "a pair", "predicted best pieces")
        for key, index in (("predicted", r), ("best", best)):
            need(type(data[key]) is int and data[key] == index, "the pairs are not in order")
        reach = max(x - y for x, y in zip(s.costs[r], s.costs[best], strict=True))
        for piece, ends, found in covering(data["pieces"], "0", str(reach)):
            yield from found
            yield from on_piece(s, r, best, piece, ends)


def on_piece(
    s: Statement, r: int, best: int, piece: Piece, ends: list[Tree]
) -> Iterator[Obligation]:
    """What a piece of a pair must show: its witness is admissible, and its line above the claim."""
    assert s.costs is not None
    claim = resolved(s.claim, ends)
    for end in ends:
        yield Number(put(claim, "b", end), "", "the claim has no value at an end")
    slope, line, terms = conditions_of(s, r, best, piece.data["witness"], piece.at, "x")
    yield Sign(slope, "x", piece.low, piece.high, "algebra:0", False, "witness")
    above = (minus(line, put(claim, "b", piece.at)), "line >= claim")
    yield from piece.signs([above, *terms])


def conditions_of(
    s: Statement, r: int, best: int, data: object, b: Tree, variable: str
) -> tuple[Tree, Tree, list[tuple[Tree, str]]]:
    """The slope of a witness, its line at b, and what else must be >= 0, with reasons."""
    assert s.costs is not None
    witness = fields(data, "witness", "slope level weights")
    slope, level = witness["slope"], witness["level"]
    weights = items(witness["weights"], "weights", 100)
    need(len(weights) == len(s.costs), "a weight for each prediction")
    for t in (slope, level, *weights):
        check_tree(t, *variable)
    line = minus(mul(slope, b), ["log", level])
    terms = []
    for y in range(len(s.costs[0])):
        d = s.costs[r][y] - s.costs[best][y]
        above = add(
            level,
            *(
                mul(weight, str(s.costs[r][y] - row[y]))
                for weight, row in zip(weights, s.costs, strict=True)
            ),
        )
        terms.append((minus(above, ["exp", mul(slope, str(d))]), f"bound at label {y + 1}"))
    return slope, line, [*terms, *((weight, "a weight") for weight in weights)]
