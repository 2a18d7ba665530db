"""Cross-entropy and any finite cost matrix: ``T <= claim``, and claims that fail.

As in `hconsist.checker.rules.plugin`: the loss is -log u, q any distribution with positive entries,
r may be predicted where <q, L_r - L_k> <= 0 for every k, and the surrogate regret at p is

    KL(p; q) = sum p_y log p_y - sum p_y log q_y     (0 log 0 is 0).

**Rule "plug-in curve".** On each piece p, q are trees in x, r and s predictions, and for x in the
open interval: p >= 0, q > 0, both sum to 1, r may be predicted at q, and <p, L_r - L_s> >= b =
at(x): so T(b) <= KL(p; q); and claim(b) >= KL(p; q). At both ends of x, q > 0 and KL(p; q) has a
value. The pieces cover [0, B] and the claim has values at their ends. *Then T <= claim on [0, B]:*
strictly between ends by what was shown. At an end number, p and q there are as asked by continuity
(lemma 1), and KL(p; q) and the claim are limits from inside the piece; b = 0 is the lower end of a
piece, any other the upper end of one or inside one, with the cases of the claim right there.

A label with p_y literally "0" may have q_y >= 0 only, if a rational forecast *inside* is given,
positive and with r predicted: mixtures q' of the two are positive, with r predicted, and KL(p; q')
tends to KL(p; q) as q' -> q, so T(b) is at most that.

**Rule "plug-in point".** Rational p and q, q > 0, r predicted at q, <p, L_r - L_s> >= beta, and
KL(p; q) < claim(beta): so T(beta) < claim(beta).

**Rule "plug-in lines", T <= claim violated.** At one beta > 0, a line of the plug-in lemma above
claim(beta) for every pair (r, s) with an entry of d = L_r - L_s that is >= beta. *Then T(beta) >
claim(beta):* a prediction with target regret >= beta at p has <p, d> >= beta for a best prediction
s, so such an entry; its regret is at least the line at beta, and there are finitely many pairs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.coverage import Piece, covering
from hconsist.checker.limits import Rejected, need
from hconsist.checker.obligations import Identity, Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields, items
from hconsist.checker.rules.lower import beta_of
from hconsist.checker.rules.plugin import conditions_of, pairs
from hconsist.checker.rules.risks import distribution
from hconsist.checker.statements import Statement, claim_at, resolved
from hconsist.checker.trees import Tree, add, check_tree, minus, mul, put, rational

Row = tuple[Fraction, ...]


def _costs(s: Statement) -> tuple[Row, ...]:
    if s.costs is None or s.kind != "softmax":
        raise Rejected("this rule is about softmax values and a cost matrix")
    return s.costs


def _cross_entropy(s: Statement) -> Identity:
    return Identity(add(s.g, ["log", "u"]), "the loss is not cross-entropy, -log u")


def _predictions(costs: tuple[Row, ...], data: Fields) -> tuple[int, int]:
    found = []
    for key in ("predicted", "best"):
        if type(data[key]) is not int or not 0 <= data[key] < len(costs):
            raise Rejected(f"{key} must be the number of a prediction")
        found.append(data[key])
    return found[0], found[1]


def mean(p: list[Tree], row: list[Fraction]) -> Tree:
    """sum of p_y row_y."""
    return add(*(mul(t, str(x)) for t, x in zip(p, row, strict=True)))


def divergence(p: list[Tree], q: list[Tree]) -> Tree:
    """KL(p; q); entries of p that are literally "0" are left out."""
    used = [(t, u) for t, u in zip(p, q, strict=True) if t != "0"]
    return add(
        *(["xlogx", t] for t, _ in used), *(mul("-1", t, ["log", u]) for t, u in used)
    )  # fmt: skip


def holds(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves T <= claim by curves of distributions and forecasts."""
    _costs(s)
    fields(proof, "proof", "rule pieces")
    yield _cross_entropy(s)
    for piece, ends, found in covering(proof["pieces"], "0", str(s.largest)):
        yield from found
        yield from on_piece(s, piece, ends)


def on_piece(s: Statement, piece: Piece, ends: list[Tree]) -> Iterator[Obligation]:
    """What a piece of the covering must show."""
    costs, claim = _costs(s), resolved(s.claim, ends)
    for end in ends:
        yield Number(put(claim, "b", end), "", "the claim has no value at an end")
    data = fields(piece.data["witness"], "witness", "predicted best p q inside")
    r, best = _predictions(costs, data)
    given = data["inside"] is not None
    if given:
        _inside(costs, r, data["inside"])
    p, q = (items(data[key], key, 100, 2) for key in ("p", "q"))
    need(len(p) == len(q) == len(costs[0]), "p and q have one entry a label")
    for t in (*p, *q):
        check_tree(t, "x")

    def shown(t: Tree, why: str, strict: bool = False) -> Sign:
        return Sign(t, "x", piece.low, piece.high, "algebra:0", strict, why)

    for t in p:
        yield shown(t, "p >= 0")
    for t, share in zip(q, p, strict=True):
        yield shown(t, "q > 0", not (given and share == "0"))
    for point in (p, q):
        excess = minus(add(*point), "1")
        yield shown(excess, "a sum of 1")
        yield shown(mul("-1", excess), "a sum of 1")
    for row in costs:
        if row != costs[r]:
            yield shown(mean(q, _less(row, costs[r])), "the prediction at q")
    yield shown(minus(mean(p, _less(costs[r], costs[best])), piece.at), "the target regret at p")
    regret = divergence(p, q)
    for x in (piece.low, piece.high):
        for t, share in zip(q, p, strict=True):
            sign = ">=" if given and share == "0" else ">"
            yield Number(put(t, "x", x), sign, "q > 0 at an end")
        yield Number(put(regret, "x", x), "", "the regret has no value at an end")
    yield from piece.signs([(minus(put(claim, "b", piece.at), regret), "claim >= regret")])


def _inside(costs: tuple[Row, ...], r: int, data: object) -> Row:
    """A rational forecast with positive entries at which r may be predicted."""
    q = distribution(data, len(costs[0]), "a forecast")
    need(min(q) > 0, "a forecast must be positive")
    expected = [sum((x * y for x, y in zip(q, row, strict=True)), Fraction(0)) for row in costs]
    need(expected[r] == min(expected), "another prediction at a forecast")
    return q


def _less(x: Row, y: Row) -> list[Fraction]:
    return [a - b for a, b in zip(x, y, strict=True)]


def point(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves that T >= claim fails: one regret below the claim."""
    costs = _costs(s)
    fields(proof, "proof", "rule beta predicted best p q")
    beta = beta_of(s, proof)
    r, best = _predictions(costs, proof)
    p, q = distribution(proof["p"], len(costs[0]), "p"), _inside(costs, r, proof["q"])
    yield _cross_entropy(s)

    def cost(z: Row, k: int) -> Fraction:
        return sum((a * b for a, b in zip(z, costs[k], strict=True)), Fraction(0))

    need(cost(p, r) - cost(p, best) >= rational(beta), "the target regret is below beta")
    terms = [mul(str(x), ["log", str(x / y)]) for x, y in zip(p, q, strict=True) if x]
    yield Number(minus(claim_at(s.claim, beta), add(*terms)), ">", "T >= claim is not refuted")


def refutes(s: Statement, proof: Fields) -> Iterator[Obligation]:
    """What proves that T <= claim fails: lines above the claim at one beta."""
    costs = _costs(s)
    fields(proof, "proof", "rule beta pairs")
    beta = beta_of(s, proof)
    need(rational(beta) > 0, "the bound of this rule is for b > 0")
    yield _cross_entropy(s)
    expected = [(r, k) for r, k in pairs(costs) if max(_less(costs[r], costs[k])) >= rational(beta)]
    given = items(proof["pairs"], "pairs", 10_000)
    need(len(given) == len(expected), f"a proof needs {len(expected)} pairs")
    for data, (r, best) in zip(given, expected, strict=True):
        fields(data, "a pair", "predicted best witness")
        need(_predictions(costs, data) == (r, best), "the pairs are not in order")
        slope, line, terms = conditions_of(s, r, best, data["witness"], beta, "")
        yield Number(slope, ">=", "witness")
        for term, why in terms:
            yield Number(term, ">=", why)
        yield Number(minus(line, claim_at(s.claim, beta)), ">", "T <= claim is not refuted")
