"""Re-verify a certificate from its file alone; docs/certificate.md has the schema and the lemmas it may rest on.

Of the package only `hconsist.expressions` is imported (expression trees); no engine, loss or solver.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from fractions import Fraction
from typing import Any

import flint

from hconsist.expressions import (
    ONE,
    Domain,
    Q,
    Rejected,
    Tree,
    add,
    arb,
    ball,
    check_tree,
    constant,
    decided,
    derivative,
    is_zero,
    minus,
    mul,
    need,
    put,
    rational,
    shape,
    trend,
)

SCHEMA = "hconsist-certificate/1"


def prove(t: Tree, name: str, low: Tree, high: Tree, method: str) -> None:
    """Reject unless ``t >= 0`` is proven for the variable in [low, high], ends being constant trees (high also "inf")."""
    ends = [rational(e) if isinstance(e, str) and e != "inf" else None for e in (low, high)]
    domain = Domain(name, ends[0], ends[1], high == "inf")
    if method == "algebra":
        form = domain.form(t)
        need(domain.nonnegative(form) or is_zero(form), "an identity is not confirmed")
        return
    if method == "concave":  # least at an end
        need("concave" in shape(t, name) and 0 <= rational(low) < rational(high) <= 1, "a concave piece must lie in [0, 1]")
        need(all(bool(ball(t, {name: ball(e, {})}) >= 0) for e in (low, high)), f"negative at an end of [{low}, {high}]")
        return
    kind, _, steps = method.partition(":")
    need(kind == "ladder" and steps in set("0123456") and high != "inf", f"unknown method {method:.40}")
    start, length = ball(low, {}), ball(high, {}) - ball(low, {})
    need(bool(length > 0), "a piece must run upwards")
    for _ in range(int(steps)):  # t and its first derivatives are >= 0 at the low end, the last one throughout
        need(is_zero(constant(put(t, name, low))) or bool(ball(t, {name: start}) >= 0), "a step of a ladder")
        t = derivative(t, name)
    cuts = [start + length * i / 8 for i in range(9)]
    parts = [x.union(y) for x, y in itertools.pairwise(cuts)]
    need(all(bool(ball(t, {name: part}) >= 0) for part in parts), f"not positive on [{low}, {high}]")


def plain(t: Tree) -> Fraction | None:
    """The value of a tree whose variables cancel, None where that is not seen."""
    try:
        form = Domain("x", None, None).form(t)
    except Rejected:
        return None
    return form[ONE] if set(form) == {ONE} else None


def simplex(entries: Any, n: int) -> list[Fraction]:
    """A point of the simplex."""
    values = [rational(v) for v in entries]
    need(len(values) == n and min(values) >= 0 and sum(values) == 1, "not a point of the simplex")
    return values


class Statement:
    """``T(beta) >= claim(beta)`` or ``<=`` for a loss, class count and score bound; what proves or refutes it."""

    def __init__(self, s: dict[str, Any]) -> None:
        self.n, self.relation, self.claim = s["classes"], s["claim"]["relation"], s["claim"]["formula"]
        self.g, self.bound, self.lemmas = s["loss"]["formula"], s["score_bound"], set[str]()
        self.softmax, self.name = s["loss"]["kind"] == "softmax", "u" if s["loss"]["kind"] == "softmax" else "v"
        need(
            s["loss"]["kind"] in ("softmax", "margin") and self.relation in (">=", "<=") and s["target"] == "zero-one",
            "unknown",
        )
        need(self.n == "any" or (type(self.n) is int and self.n >= 2), "classes must be a whole number >= 2, or any")
        need(self.bound is None if self.softmax else self.n == 2, "softmax losses: no score bound; margin losses: two classes")
        need(self.bound is None or rational(self.bound) > 0, "the score bound must be positive")
        check_tree(self.g, self.name)
        check_tree(self.claim, "b")
        self.convex, self.concave = (w in shape(self.g, self.name) for w in ("convex", "concave"))
        if self.softmax:  # a convex g decreases if it does at 1, a concave one if it does at 0
            need(self.convex or self.concave, "the loss must be convex or concave in the softmax value")
            need(bool(self.slope(Q(int(self.convex))) <= 0), "the loss must decrease")
        elif self.convex:
            need(bool(self.slope(Q(0)) < 0), "a convex margin loss must have a negative slope at 0")

    def at(self, z: Tree) -> Tree:
        """The loss term at a coordinate."""
        return put(self.g, self.name, z)

    def slope(self, z: Fraction) -> Any:
        """Derivative of the loss term at a point, as a ball."""
        env = {self.name: arb(z)}
        return ball(derivative(decided(self.g, env), self.name), env)

    def lower_bound(self, b: Tree, proof: dict[str, Any], witness: Any) -> tuple[Tree, list[Tree]]:
        """A tree that bounds T(b) below for every b, if the trees beside it are >= 0."""
        plus, less, half = mul("1/2", add("1", b)), mul("1/2", minus("1", b)), "1/2"
        if not self.softmax and self.convex:
            self.lemmas.add("margin lemma")
            inside = [] if self.bound is None else [minus(self.bound, witness), add(self.bound, witness)]
            return minus(self.at("0"), add(mul(plus, self.at(witness)), mul(less, self.at(mul("-1", witness))))), inside
        if not self.softmax:
            u = self.even_reference(proof)
            limit = self.at(u) if u != "inf" else proof["limit"]
            need(u != "inf" or bool(ball(self.at("inf"), {}) == arb(rational(limit))), "a wrong limit")
            return mul(b, minus(self.at("0"), limit)), []
        if not self.convex:
            self.lemmas.add("concave pair lemma")
            return mul(b, minus(self.at("0"), self.at(str(Q(1, self.n))))), []
        x, y = witness
        whole = plain(add(x, y))
        share = ["pow", add(x, y), "-1"] if whole is None else str(1 / whole)
        gap = minus(self.at(half), add(mul(plus, self.at(mul(x, share))), mul(less, self.at(mul(y, share)))))
        if self.n == 2:
            self.lemmas |= {"pooling lemma", "pair lemma"}
            return gap, [x, y]
        e = rational(proof["scaling"])  # g(t u) = g(t) + t^e (g(u) - g(1))
        scaled = add(self.at("t"), mul(["pow", "t", str(e)], minus(self.at("u"), self.at("1"))))
        need(is_zero(Domain("t", Q(0), Q(1)).form(minus(self.at(mul("t", "u")), scaled))), "the loss does not scale")
        self.lemmas |= {"pooling lemma"} | ({"pair lemma"} if e <= 0 or not proof["exact"] else {"theorem A"})
        need(e <= Q(1, 2) if proof["exact"] else e <= 0 or self.n != "any", "no bound of this kind")
        return gap if proof["exact"] or e <= 0 else mul(["pow", str(Q(2, self.n)), str(e)], gap), [x, y]

    def even_reference(self, proof: dict[str, Any]) -> str:
        """A score at which the even part of a non-increasing margin loss is least among all scores of H."""
        self.lemmas.add("even margin lemma")
        need("down" in trend(self.g, "v"), "the margin loss must not increase")
        u, cuts, top = proof["reference"], proof["cuts"], "inf" if self.bound is None else self.bound
        need(u == "inf" == top or rational(u) >= 0, "the reference must not be negative")
        need(self.bound is None or rational(u) <= rational(self.bound), "the reference is outside the score bound")
        need(cuts[0] == "0" and cuts[-1] == top, "the cuts must run from 0 to the score bound")
        need(all(rational(x) < rational(y) for x, y in itertools.pairwise(cuts[:-1])), "the cuts must increase")
        even = add(self.at("v"), self.at(mul("-1", "v")))
        for x, y in itertools.pairwise(cuts):
            prove(minus(even, put(even, "v", u)), "v", x, y, "algebra")
        return str(u)

    # ---- T >= claim on [0, 1] ----

    def resolved(self, beta: Tree, low: Tree, high: Tree) -> Tree:
        """The claim at beta in [low, high], each case decided there."""

        def walk(t: Tree) -> Tree:
            if isinstance(t, str) or t[0] != "ifle":
                return t if isinstance(t, str) else [t[0], *map(walk, t[1:])]
            need(t[1] == "b" and put(t[2], "b", "0") == t[2], "a case must compare b with a constant")
            if is_zero(constant(minus(t[2], high))) or bool(ball(high, {}) <= ball(t[2], {})):
                return walk(t[3])
            need(is_zero(constant(minus(t[2], low))) or bool(ball(low, {}) >= ball(t[2], {})), "a case is undecided on a piece")
            return walk(t[4])

        return put(walk(self.claim), "b", beta)

    def holds(self, proof: dict[str, Any]) -> None:
        """Check that the pieces cover [0, 1] and that T >= claim on each."""
        need(self.relation == ">=", "only lower bounds have a proof by pieces")
        edge = "0"
        for piece in proof["pieces"]:
            beta, low, high, witness = piece["beta"], piece["from"], piece["to"], piece["witness"]
            for tree in (beta, *(witness if isinstance(witness, list) and self.softmax else [witness])):
                check_tree(tree, "x")
            check_tree(low, "")
            check_tree(high, "")
            ends = put(beta, "x", low), put(beta, "x", high)
            need(is_zero(constant(minus(ends[0], edge))), "the pieces leave a gap")
            edge = ends[1]
            bound, sides = self.lower_bound(beta, proof, witness)
            for side in sides:
                prove(side, "x", low, high, "algebra")
            prove(minus(bound, self.resolved(beta, *ends)), "x", low, high, piece["method"])
        need(is_zero(constant(minus(edge, "1"))), "the pieces end before 1")

    # ---- one beta that refutes the claim ----

    def risk(self, p: list[Fraction], z: list[Fraction]) -> Any:
        """Conditional risk, a label of probability 0 adding nothing."""
        return sum((arb(w) * ball(self.at(str(x)), {}) for w, x in zip(p, z, strict=True) if w), arb(0))

    def best_in_class(self, p: list[Fraction], proof: dict[str, Any]) -> Any:
        """A ball below C*(p): a linear minorant of a convex risk at the reference, or the vertices of a concave one."""
        if not self.convex and not self.softmax:  # the reference at the bound is best for the even and for the odd part
            u = rational(self.even_reference(proof))
            need(self.bound is not None and u == rational(self.bound), "no lower bound of this risk")
            return self.risk(p, [u, -u])
        if not self.convex:
            return self.risk([max(p), 1 - max(p)], [Q(1), Q(0)])
        if self.softmax:
            y = simplex(proof["reference"], len(p))
            d = [arb(w) * self.slope(z) if w else arb(0) for w, z in zip(p, y, strict=True)]
            least = d[0]
            for other in d[1:]:
                least = least.min(other)
            return self.risk(p, y) + least - sum((s * arb(z) for s, z in zip(d, y, strict=True)), arb(0))
        low, middle, high = (rational(v) for v in proof["reference"])  # a minimum lies in [low, high]: the slope changes sign
        slopes = [arb(p[0]) * self.slope(v) - arb(p[1]) * self.slope(-v) for v in (low, middle, high)]
        wall = None if self.bound is None else rational(self.bound)
        need(low <= middle <= high and (wall is None or high <= wall >= -low), "the reference is outside the score bound")
        need(-low == wall or bool(slopes[0] <= 0), "the minimum may lie below")
        need(high == wall or bool(slopes[2] >= 0), "the minimum may lie above")
        return self.risk(p, [middle, -middle]) - abs(slopes[1]) * arb(high - low)

    def violated(self, proof: dict[str, Any]) -> None:
        """Check that the claim fails at one beta."""
        b = rational(proof["beta"])
        need(0 <= b <= 1, "beta must lie in [0, 1]")
        claimed = ball(self.claim, {"b": arb(b)})
        if self.relation == "<=":
            if proof.get("kind") == "theorem C":
                need(self.softmax and self.concave and self.n != "any", "theorem C is about concave losses")
                self.lemmas.add("theorem C")
                top, g = max(b, (1 + b) / self.n), [ball(self.at(str(Q(1, k) if k else Q(0))), {}) for k in range(self.n + 1)]
                values = [arb(top) * (g[0] - g[1]) - arb(min(Q(1), k * top - b)) * (g[0] - g[k]) for k in range(1, self.n + 1)]
                need(all(bool(v > claimed) for v in values), "T is not above the claim")
                return
            check_tree(["add", *([proof["witness"]] if not self.softmax else proof["witness"])], "")
            bound, sides = self.lower_bound(str(b), proof, proof["witness"])
            need(all(bool(ball(s, {}) >= 0) for s in sides) and bool(ball(bound, {}) > claimed), "T is not above the claim")
            return
        point = proof["point"]
        if self.softmax:
            need(self.n != "any", "a witness needs a number of classes")
            p, z = simplex(proof["p"], self.n), simplex(point, self.n)
            need(max(p) - min(w for w, x in zip(p, z, strict=True) if x == max(z)) >= b, "the target regret is below beta")
        else:
            v = rational(point)
            need(v <= 0 and (self.bound is None or -v <= rational(self.bound)), "the score must predict the worse label")
            p, z = [(1 + b) / 2, (1 - b) / 2], [v, -v]
        need(bool(self.risk(p, z) - self.best_in_class(p, proof) < claimed), "the witness is not below the claim")


def digest(certificate: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of everything but the digest itself."""
    body = {k: v for k, v in certificate.items() if k != "digest"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()


def check(certificate: Any) -> str:
    """The verdict of a certificate: "holds", "violated" or "undecided".

    Raises
    ------
    Rejected
        When the file is not a certificate, was changed, or does not prove its verdict.
    """
    before, flint.ctx.prec = flint.ctx.prec, 160
    try:
        need(isinstance(certificate, dict) and certificate.get("schema") == SCHEMA, f"the schema is not {SCHEMA}")
        need(certificate.get("digest") == digest(certificate), "the digest does not match: the file was changed")
        statement, verdict = Statement(certificate["statement"]), certificate["verdict"]
        need(verdict in ("holds", "violated", "undecided"), "unknown verdict")
        if verdict != "undecided":
            (statement.holds if verdict == "holds" else statement.violated)(certificate["proof"])
            need(sorted(statement.lemmas) == certificate["lemmas"], "the lemmas are not those that the proof uses")
        return str(verdict)
    except (
        KeyError,
        TypeError,
        IndexError,
        ValueError,
        AttributeError,
        ZeroDivisionError,
        RecursionError,
        OverflowError,
    ) as problem:
        raise Rejected(f"malformed: {type(problem).__name__}: {problem}") from problem
    finally:
        flint.ctx.prec = before
