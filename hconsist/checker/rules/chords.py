"""``T <= claim`` holds, and ``T >= claim`` fails, for piecewise-linear losses of all scores.

**Lemma 9 (a regret from above).** Allowed scores s that may predict r have at p the surrogate
regret C(s, p) less the least risk of all scores; so it is at most C(s, p) - h with h from lemma 7.
It bounds T(b) from above for every b up to the target regret, which is at least <p, L_r - L_k> for
each k.

**Rule "chords".** A piece has scores s that may predict r, another prediction k, and two ends, each
a number b_i and a distribution p_i with <p_i, L_r - L_k> >= b_i and the bound u_i of lemma 9 there,
b_0 < b_1. On the segment from p_0 to p_1 the target regret is at least the number between b_0 and
b_1, and the surrogate regret of s is convex in p, as C(s, .) is linear and the least risk concave.
So T is at most the chord

    u(b) = u_0 + (u_1 - u_0) (b - b_0)/(b_1 - b_0)     for b_0 <= b <= b_1.

On each piece, for x in its open interval and b = at(x): b_0 <= b <= b_1, and claim(b) >= u(b). The
pieces cover [0, B], B the largest target regret, and the claim has values at the ends of pieces.
*Then T(b) <= claim(b) on [0, B].* Strictly between the ends of a piece this was just said. At an
end it is so by continuity, of the chord and of the claim, up to that end, and the chord bounds T
there too; b = 0 is the lower end of a piece that runs to a larger number, any other the upper end
of one that runs from a smaller one or inside one, with the cases of the claim right there.

**Rule "score point".** One p, and scores that predict r with target regret >= beta, exactly: the
bound of lemma 9 is below claim(beta), so T(beta) < claim(beta).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.cells import dot
from hconsist.checker.coverage import Piece, covering
from hconsist.checker.limits import need
from hconsist.checker.obligations import Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields, items
from hconsist.checker.rules.lower import beta_of
from hconsist.checker.rules.points import Goal, below
from hconsist.checker.rules.risks import Risks, cost_rows, distribution, predictions
from hconsist.checker.statements import Statement, resolved
from hconsist.checker.trees import Tree, add, minus, mul, put, rational

Vector = tuple[Fraction, ...]


def holds(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves T <= claim by chords."""
    risks = Risks(s)
    fields(proof, "proof", "rule pieces")
    for piece, ends, found in covering(proof["pieces"], "0", str(s.largest)):
        yield from found
        yield from on_piece(risks, piece, ends)


def on_piece(risks: Risks, piece: Piece, ends: list[Tree]) -> Iterator[Obligation]:
    """What a piece of the covering must show."""
    s = risks.statement
    claim = resolved(s.claim, ends)
    for end in ends:
        yield Number(put(claim, "b", end), "", "the claim has no value at an end")
    (low, below), (high, above) = _chord(risks, piece.data["witness"])
    b = piece.at
    for side in (minus(b, str(low)), minus(str(high), b)):
        yield Sign(side, "x", piece.low, piece.high, "algebra:0", False, "within the chord")
    slope = (above - below) / (high - low)
    line = add(str(below - slope * low), mul(str(slope), b))
    yield from piece.signs([(minus(put(claim, "b", b), line), "claim >= chord")])


def _chord(risks: Risks, witness: object) -> list[tuple[Fraction, Fraction]]:
    """The two ends of a chord, exactly."""
    data = fields(witness, "witness", "predicted best scores ends")
    s, costs = risks.statement, cost_rows(risks.statement)
    r, best = predictions(s, data)
    losses = risks.values(risks.allowed(data["scores"], r))
    d = [x - y for x, y in zip(costs[r], costs[best], strict=True)]
    found = []
    for raw in items(data["ends"], "ends", 2, 2):
        end = fields(raw, "an end of a chord", "b p least")
        b, p = rational(end["b"]), distribution(end["p"], len(d), "p")
        need(dot(p, d) >= b, "the target regret is below that of the chord")
        found.append((b, dot(p, losses) - risks.least(p, end["least"], None)))
    need(found[0][0] < found[1][0], "a chord must run upwards")
    return found


def score_point(s: Statement, proof: Fields, goal: Goal | None = None) -> Iterator[Obligation]:
    """What proves that T >= claim fails: one regret below the claim."""
    risks = Risks(s)
    fields(proof, "proof", "rule beta predicted best p scores least")
    beta = beta_of(s, proof)
    r, best = predictions(s, proof)
    costs = cost_rows(s)
    p = distribution(proof["p"], len(costs[0]), "p")
    need(
        dot(p, costs[r]) - dot(p, costs[best]) >= rational(beta), "the target regret is below beta"
    )
    losses = risks.values(risks.allowed(proof["scores"], r))
    regret = dot(p, losses) - risks.least(p, proof["least"], None)
    yield (goal or below(s, beta))(str(regret))
