"""Re-verify a certificate from its file alone; docs/certificate.md has the schema and the lemmas it
may rest on.

Nothing of the package is imported. An expression tree is a rational string ("3/2"), a variable, or
a list: ["add", ...], ["mul", ...], ["pow", t, "3/2"], ["exp", t], ["log", t], ["max", s, t],
["ifle", r, s, t, t'] (t if r <= s, else t').
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Callable
from fractions import Fraction as Q
from typing import Any

import flint

SCHEMA = "hconsist-certificate/3"
ARITY = {"exp": 1, "log": 1, "max": 2, "pow": 2, "ifle": 4}  # of "add" and "mul" any
Tree = Any


class Rejected(Exception):  # noqa: N818 (a verdict on a file, not a failure of the program)
    """The file is not a valid certificate; the message says where it breaks."""


def need(condition: object, message: str) -> None:
    """Reject unless the condition is exactly True: an undecided comparison of balls is False and
    rejects.
    """
    if condition is not True:
        raise Rejected(message)


@functools.lru_cache(maxsize=4096)
def rational(text: object) -> Q:
    """A rational in lowest terms, from its string."""
    form = isinstance(text, str) and re.fullmatch(r"-?\d+(/[1-9]\d*)?", text)
    need(bool(form) and str(Q(str(text))) == text, f"not a rational in lowest terms: {text!r:.60}")
    return Q(str(text))


def check_tree(t: Tree, *variables: str) -> None:
    """Well formed, in the given variables."""
    if isinstance(t, list):
        need(
            len(t) > 1 and (t[0] in ("add", "mul") or ARITY.get(str(t[0])) == len(t) - 1),
            f"not an expression: {t!r:.60}",
        )
        for part in t[1:]:
            check_tree(part, *variables)
    elif t not in variables:
        rational(t)


def put(t: Tree, name: str, value: Tree) -> Tree:
    """Substitute a tree for a variable."""
    return (
        [t[0], *(put(a, name, value) for a in t[1:])]
        if isinstance(t, list)
        else value
        if t == name
        else t
    )


def add(*terms: Tree) -> Tree:
    """Sum; zeros are dropped."""
    kept = [t for t in terms if t != "0"]
    return ["add", *kept] if len(kept) > 1 else kept[0] if kept else "0"


def mul(*factors: Tree) -> Tree:
    """Product; ones are dropped, a zero ends it."""
    kept = [t for t in factors if t != "1"]
    return "0" if "0" in kept else ["mul", *kept] if len(kept) > 1 else kept[0] if kept else "1"


def minus(s: Tree, t: Tree) -> Tree:
    """Difference."""
    return add(s, mul("-1", t))


def derivative(t: Tree, name: str) -> Tree:
    """Derivative of a tree; that of a maximum has no value at a tie, a case has none."""
    if isinstance(t, str):
        return "1" if t == name else "0"
    op, a, inner = t[0], t[1], [derivative(x, name) for x in t[1:]]
    if op == "add":
        return add(*inner)
    if op == "mul":
        return add(*(mul(*t[1:i], inner[i - 1], *t[i + 1 :]) for i in range(1, len(t))))
    if op == "pow":
        return mul(t[2], ["pow", a, str(rational(t[2]) - 1)] if t[2] != "2" else a, inner[0])
    if op == "max":
        side = minus(
            a, t[2]
        )  # divided by its size, 1 where the first branch is taken and -1 where the second is
        return mul(
            "1/2", add(*inner, mul(side, ["pow", ["mul", side, side], "-1/2"], minus(*inner)))
        )
    return mul({"exp": t, "log": ["pow", a, "-1"]}[op], inner[0])


def fmpq(q: Q | int) -> Any:
    """A rational that balls and polynomials calculate with."""
    return flint.fmpq(q.numerator, q.denominator)


def ball(t: Tree, **env: Any) -> Any:
    """Enclosure of a tree; a fractional power is taken over the part of its base in [0, inf)."""
    if isinstance(t, str):
        return (
            env[t] if t in env else flint.arb("inf") if t == "inf" else flint.arb(fmpq(rational(t)))
        )
    op, x = t[0], ball(t[1], **env)
    if op == "pow":
        e = rational(t[2])
        if e.denominator == 1:
            return math.prod([x if e > 0 else 1 / x] * abs(e.numerator), start=flint.arb(1))
        need(
            bool(x.lower() > 0) or (e > 0 and bool(x.upper() >= 0)),
            "a fractional power of a ball that is not positive",
        )
        low, high = (
            (fmpq(e) * end.log()).exp() if end > 0 else flint.arb(0)
            for end in (x.lower(), x.upper())
        )
        return low.union(high)
    parts = [x, *(ball(a, **env) for a in t[2:])]
    return (
        sum(parts)
        if op == "add"
        else math.prod(parts)
        if op == "mul"
        else getattr(x, op)(*parts[1:])
    )


def roots(t: Tree) -> int:
    """A common denominator of the exponents in a tree, and of halved logarithms."""
    return (
        2
        if isinstance(t, str)
        else math.lcm(rational(t[2]).denominator if t[0] == "pow" else 2, *map(roots, t[1:]))
    )


class Algebra:
    """A tree as a quotient p/q of polynomials over Q in its variables, which lie in [low, high],
    and in atoms.

    An atom is the D-th root or the logarithm of a positive polynomial, or the exponential of a
    monomial. Positive means >= 0 on [low, high] (high None: no such end) with isolated zeros at
    most; q is. What is found zero or nonnegative is so.
    """

    def __init__(self, low: Q, high: Q | None, t: Tree) -> None:
        self.ends, self.root, self.atoms = (low, high), roots(t), list[tuple[str, Any]]()
        self.ring = flint.fmpq_mpoly_ctx.get(
            [f"a{i}" for i in range(24)], "lex"
        )  # the last ones first: later atoms lead
        self.one = self.ring.constant(1)
        p = whole = self.form(t)[0]
        for kind, of in reversed(
            self.atoms
        ):  # each D-th power of a root becomes what it is a root of
            p = p % (self.atom(kind, of) ** self.root - of) if kind == "root" else p
        self.zero = bool(p == 0)
        self.nonnegative = (
            self.zero
            or self.positive(p)
            or self.positive(whole)
            or self.factors(whole, self.one)[0] > 0
        )

    def atom(self, kind: str, of: Any) -> Any:
        """The generator that stands for an atom or a variable."""
        if (kind, of) not in self.atoms:
            self.atoms.append((kind, of))
        return self.ring.gen(23 - self.atoms.index((kind, of)))

    def meaning(self, p: Any) -> tuple[str, Any]:
        """What a polynomial stands for if it is a generator."""
        return next((a for a in self.atoms if p == self.atom(*a)), ("sum", p))

    def positive(self, p: Any) -> bool:
        """Whether p, not 0, is proven positive: by the signs of its terms, or affine in one
        variable and >= 0 at the ends.
        """
        used = [self.ring.gen(i) for i, degree in enumerate(p.degrees()) if degree > 0]
        kinds, slope = [self.meaning(x)[0] for x in used], p.leading_coefficient()
        plain = (
            "log" not in kinds
            and ("variable" not in kinds or self.ends[0] >= 0)
            and all(c > 0 for c in p.coeffs())
        )
        values = (
            (p - slope * (used[0] - fmpq(e))).leading_coefficient() if e is not None else slope
            for e in self.ends
        )
        return plain or (
            kinds == ["variable"] and p.total_degree() == 1 and all(v >= 0 for v in values)
        )

    def signed(self, p: Any) -> Any:
        """Whichever of p and -p is proven positive; None where neither is."""
        return p if self.positive(p) else -p if self.positive(-p) else None

    def factors(self, p: Any, q: Any) -> tuple[int, list[tuple[Any, Q]]]:
        """The sign of p/q, 0 if unknown, and positive factors with their powers: primes, atoms,
        sums of known sign.
        """
        need(bool(p != 0), "a power or logarithm of zero")
        side, result = 1, []
        for sign, f in ((1, p), (-1, q)):
            c, pieces = f.factor() if f.total_degree() < 200 else f.factor_squarefree()
            if any(self.signed(g) is None for g, _ in pieces):
                c, pieces = f.factor_squarefree()
            for g, k in pieces:
                if (h := self.signed(g)) is None:
                    return 0, []
                c *= 1 if h == g else (-1) ** k
                kind, of = self.meaning(h)
                result.append((of, Q(sign * k, self.root)) if kind == "root" else (h, Q(sign * k)))
            side *= 1 if c > 0 else -1
            result += [
                (self.one * g, Q(s * int(k)))
                for n, s in ((abs(c.p), sign), (c.q, -sign))
                for g, k in n.factor()
            ]
        return side, result

    def form(self, t: Tree) -> tuple[Any, Any]:
        """The quotient that a tree is."""
        if isinstance(t, str):
            return self.atom("variable", t) if t.isalpha() and len(t) == 1 else self.one * fmpq(
                rational(t)
            ), self.one
        op, e = t[0], rational(t[2]) if t[0] == "pow" else Q(1)
        (p, q), *rest = parts = [self.form(a) for a in (t[1:2] if op == "pow" else t[1:])]
        if op in ("add", "mul"):
            for r, s in rest:
                common = self.signed(q.gcd(s)) or self.one
                p, q = (
                    (p * (s / common) + r * (q / common), q * (s / common))
                    if op == "add"
                    else (p * r, q * s)
                )
            return p, q
        if op == "max":
            difference = p * rest[0][1] - rest[0][0] * q
            need(
                difference == 0 or self.signed(difference) is not None,
                "a maximum is undecided on a piece",
            )
            return parts[difference != 0 and not self.positive(difference)]
        if op == "pow" and e >= 0 and (e.denominator == 1 or p == 0):
            return p ** math.ceil(e), q ** math.ceil(e)
        need(
            op in ("pow", "log", "exp") and (op != "exp" or q.is_constant()),
            f"no normal form of {op}",
        )
        side, factors = (1, []) if op == "exp" else self.factors(p, q)
        for m, c in (
            (p / q).terms() if op == "exp" else ()
        ):  # exp(c m) is a small power, exp(c log r) = r^c
            kind, of = self.meaning(monomial := self.ring.from_dict({m: 1}))
            step = abs(c) if abs(c.p) > 16 else abs(c) / abs(c.p)
            base, k = (of, c) if kind == "log" else (self.atom("exp", monomial * step), c / step)
            factors.append((base, Q(int(k.p), int(k.q))))
        need(
            side > 0 or (side < 0 and op == "pow" and e.denominator == 1),
            "a base of unknown sign, or negative",
        )
        if op == "log":
            logs = (
                fmpq(k) * (of if a == "exp" else self.atom("log", f))
                for f, k in factors
                for a, of in [self.meaning(f)]
            )
            return sum(logs, 0 * self.one), self.one
        result = [self.one * side ** abs(int(e)), self.one]
        for f, k in factors:
            g, times = (
                (f, k * e)
                if (k * e).denominator == 1
                else (self.atom("root", f), k * e * self.root)
            )
            need(times.denominator == 1, "an unforeseen root")
            result[times < 0] *= g ** abs(int(times))
        return result[0], result[1]


def same(s: Tree, t: Tree) -> bool:
    """Whether two trees without variables are found equal."""
    difference = minus(s, t)
    return (
        s == t
        or bool(ball(s) == ball(t))
        or (bool(ball(difference).contains(0)) and Algebra(Q(0), Q(0), difference).zero)
    )


def prove(t: Tree, name: str, low: Tree, high: Tree, method: str) -> None:
    """Reject unless t >= 0 is proven for the variable in [low, high], trees without variables, by
    the method.
    """
    start, length = ball(low), ball(high) - ball(low)
    need(
        bool(length > 0) and (isinstance(low, str) or bool(start >= 0)),
        "a piece must run upwards, from a known sign",
    )
    kind, _, steps = method.partition(":")
    need(kind in ("algebra", "balls") and steps in set("0123456"), f"unknown method {method:.40}")
    for _ in range(
        int(steps)
    ):  # t and its derivatives before the last are >= 0 at the low end, the last one throughout
        need(
            bool(ball(t, **{name: start}) >= 0) or same(put(t, name, low), "0"),
            "not shown to be >= 0 at the low end",
        )
        t = derivative(t, name)
    if kind == "algebra":  # on a wider domain where an end is not rational
        ends = [rational(e) if isinstance(e, str) and e != "inf" else None for e in (low, high)]
        need(Algebra(ends[0] or Q(0), ends[1], t).nonnegative, "an inequality is not confirmed")
    else:
        parts = ((start + length * i / 8).union(start + length * (i + 1) / 8) for i in range(8))
        need(
            high != "inf" and all(bool(ball(t, **{name: x}) >= 0) for x in parts),
            "not positive on a piece",
        )


def covers(
    pieces: Any,
    start: Tree,
    stop: Tree,
    inequalities: Callable[[Any, list[Tree]], list[tuple[Tree, str]]],
) -> None:
    """Reject unless the pieces, continuous curves, lead from start to stop and what must be >= 0 on
    each is proven.
    """
    for piece in pieces:
        for key, name in (("at", "x"), ("from", ""), ("to", "inf")):
            check_tree(piece[key], name)
        ends = [put(piece["at"], "x", e) for e in (piece["from"], piece["to"])]
        ends = ends if same(ends[0], start) else ends[::-1]
        need(same(ends[0], start), "the pieces leave a gap")
        for tree, method in inequalities(piece, ends):
            prove(tree, "x", piece["from"], piece["to"], method)
        start = ends[1]
    need(same(start, stop), "the pieces end too early")


class Statement:
    """``T(beta) >= claim(beta)`` or ``<=`` for a loss, class count and score bound; what proves or
    refutes it.
    """

    def __init__(self, s: dict[str, Any]) -> None:
        self.n, self.relation, self.claim = (
            s["classes"],
            s["claim"]["relation"],
            s["claim"]["formula"],
        )
        self.g, self.bound, self.lemmas = s["loss"]["formula"], s["score_bound"], set[str]()
        self.softmax, self.name = (
            s["loss"]["kind"] == "softmax",
            {"softmax": "u", "margin": "v"}[s["loss"]["kind"]],
        )
        need(
            s["target"] == "zero-one" and self.relation in (">=", "<="),
            "an unknown target or relation",
        )
        need(
            self.n == "any" or (type(self.n) is int and self.n >= 2),
            "classes must be a whole number >= 2, or any",
        )
        need(
            self.bound is None if self.softmax else self.n == 2,
            "softmax losses: no score bound; margin losses: two classes",
        )
        need(self.bound is None or rational(self.bound) > 0, "the score bound must be positive")
        check_tree(self.g, self.name)
        check_tree(self.claim, "b")
        self.slope, self.top = derivative(self.g, self.name), self.bound or "inf"
        if self.softmax:
            signs = [
                mul("-1", self.slope),
                *(mul(c, derivative(self.slope, "u")) for c in ("1", "-1")),
            ]
            falls, self.convex, self.concave = (Algebra(Q(0), Q(1), t).nonnegative for t in signs)
            need(
                falls and (self.convex or self.concave),
                "the loss must fall, and be convex or concave, in the softmax value",
            )

    def at(self, z: Tree) -> Tree:
        """The loss term at a coordinate; its limit, which must be an exact ball, at an infinite
        one.
        """
        t = put(self.g, self.name, z)
        return str(ball(t).fmpq()) if z in ("inf", ["mul", "-1", "inf"]) else t

    def risk(self, b: Tree, z: list[Tree]) -> Tree:
        """Conditional risk of two labels of probability (1 + b)/2 and (1 - b)/2."""
        return mul("1/2", add(mul(add("1", b), self.at(z[0])), mul(minus("1", b), self.at(z[1]))))

    def least(self, proof: dict[str, Any], start: Tree, t: Tree) -> Tree:
        """A number that a tree in x is proven to be at least, for scores from start to the score
        bound.
        """
        check_tree(proof["least"])
        covers(
            proof["pieces"],
            start,
            self.top,
            lambda p, _: [(put(minus(t, proof["least"]), "x", p["at"]), p["method"])],
        )
        return proof["least"]

    def prepare(self, proof: dict[str, Any]) -> None:
        """Check what the lower bounds of a proof rest on."""
        if (
            not self.softmax
        ):  # the even part of the loss, and the loss where its label is not predicted
            self.least(proof["even"], "0", self.risk("0", ["x", ["mul", "-1", "x"]]))
            self.least(proof["worse"], "0", self.at(["mul", "-1", "x"]))
            self.lemmas.add("margin lemma")
        elif self.concave:
            self.lemmas.add("theorem C" if proof["exact"] else "concave pair lemma")
        else:
            e = (
                Q(0) if self.n == 2 else rational(proof["scaling"])
            )  # g(t u) = g(t) + t^e (g(u) - g(1))
            scaled = add(self.at("t"), mul(["pow", "t", str(e)], minus(self.at("u"), self.at("1"))))
            need(
                self.n == 2 or Algebra(Q(0), Q(1), minus(self.at(mul("t", "u")), scaled)).zero,
                "the loss does not scale",
            )
            self.lemmas |= {
                "pooling lemma",
                "theorem A" if e > 0 and proof["exact"] else "pair lemma",
            }
            need(
                e <= Q(1, 2) if proof["exact"] else e <= 0 or self.n != "any",
                "no bound of this kind",
            )

    def lower_bounds(
        self, b: Tree, proof: dict[str, Any], witness: Any
    ) -> tuple[list[Tree], list[Tree]]:
        """Trees of which the least bounds T(b) below for every b, if the trees beside them are >=
        0.
        """
        check_tree(
            ["add", *witness] if self.softmax else "0" if witness == self.top else witness, "x"
        )
        if not self.softmax:
            even, worse = (
                mul(proof["even"]["least"], minus("1", b)),
                mul(proof["worse"]["least"], b),
            )
            sides = (
                [] if self.bound is None else [minus(self.bound, witness), add(self.bound, witness)]
            )
            return [minus(add(even, worse), self.risk(b, [witness, mul("-1", witness)]))], sides
        if self.concave:
            falls = [minus(self.at("0"), self.at(str(Q(1, k)))) for k in range(1, self.n + 1)]
            top = ["max", b, mul(str(Q(1, self.n)), add("1", b))]
            rests = [
                minus("1", ["max", "0", minus(add("1", b), mul(str(k), top))])
                for k in range(1, self.n + 1)
            ]
            exact = [
                minus(mul(top, falls[0]), mul(rest, fall))
                for rest, fall in zip(rests, falls, strict=True)
            ]
            return exact if proof["exact"] else [mul(b, falls[-1])], []
        e = Q(0) if self.n == 2 or proof["exact"] else max(Q(0), rational(proof["scaling"]))
        gap, sides = (
            minus(self.at("1/2"), self.risk(b, witness)),
            [*witness, minus("1", add(*witness))],
        )
        return [mul(["pow", str(Q(2, self.n)), str(e)], gap) if e else gap], sides

    def resolved(self, t: Tree, ends: list[Tree]) -> Tree:
        """The claim for beta between two ends, each case decided there."""
        if isinstance(t, str) or t[0] != "ifle":
            return t if isinstance(t, str) else [t[0], *(self.resolved(a, ends) for a in t[1:])]
        need(
            t[1] == "b" and put(t[2], "b", "0") == t[2] and bool(ball(t[2]) > 0),
            "a case must compare b with a number > 0",
        )
        below, above = (
            [same(e, t[2]) or bool(s * ball(minus(t[2], e)) >= 0) for e in ends] for s in (1, -1)
        )
        need(all(below) or all(above), "a case is undecided on a piece")
        return self.resolved(t[3] if all(below) else t[4], ends)

    def inequalities(
        self, proof: dict[str, Any], piece: dict[str, Any], ends: list[Tree]
    ) -> list[tuple[Tree, str]]:
        """What must be >= 0 on a piece of a proof that T >= claim, or <=."""
        claim = put(self.resolved(self.claim, ends), "b", b := piece["at"])
        if (
            self.relation == "<="
            # two labels tie at regret g(1/2) - C*, and C* is at least what the tangent at x is on
            # [0, 1]
        ):
            check_tree(["add", *piece["witness"]], "x")
            need(
                self.softmax and self.convex,
                "upper bounds have proofs for convex losses of the softmax value only",
            )
            x, y = piece["witness"][0], minus("1", piece["witness"][0])
            pull = put(derivative(self.risk(b, ["z", minus("1", "z")]), "z"), "z", x)
            gap = minus(add(claim, self.risk(b, [x, y])), self.at("1/2"))
            sides, gaps = [x, y], [minus(gap, mul(pull, x)), add(gap, mul(pull, y))]
        else:
            bounds, sides = self.lower_bounds(b, proof, piece["witness"])
            gaps = [minus(t, claim) for t in bounds]
        return [(t, "algebra:0") for t in sides] + [(t, piece["method"]) for t in gaps]

    def holds(self, proof: dict[str, Any]) -> None:
        """Check that the pieces cover [0, 1] and that the claim holds on each."""
        if self.relation == ">=":
            self.prepare(proof)
        covers(proof["pieces"], "0", "1", functools.partial(self.inequalities, proof))

    def conditional(self, p: list[Q], z: list[Q]) -> Any:
        """Conditional risk of a point of the simplex, as a ball; a label of probability 0 adds
        nothing.
        """
        need(all(min(q) >= 0 and sum(q) == 1 for q in (p, z)), "not a point of the simplex")
        return sum(
            (fmpq(w) * ball(self.at(str(x))) for w, x in zip(p, z, strict=True) if w), flint.arb(0)
        )

    def best_in_class(self, p: list[Q], proof: dict[str, Any]) -> Any:
        """A ball below C*(p): a linear minorant of a convex risk at the reference, or the vertices
        of a concave one.
        """
        if not self.convex:
            return self.conditional([max(p), 1 - max(p)], [Q(1), Q(0)])
        y = [rational(v) for v in proof["reference"]]
        pull = [
            fmpq(w) * ball(self.slope, u=ball(str(z))) if w else flint.arb(0)
            for w, z in zip(p, y, strict=True)
        ]
        tilt = sum(s * fmpq(z) for s, z in zip(pull, y, strict=True))
        return self.conditional(p, y) - tilt + functools.reduce(flint.arb.min, pull)

    def violated(self, proof: dict[str, Any]) -> None:
        """Check that the claim fails at one beta."""
        need(0 <= (b := rational(proof["beta"])) <= 1, "beta must lie in [0, 1]")
        claimed = ball(put(self.resolved(self.claim, [str(b)] * 2), "b", str(b)))
        if self.relation == "<=":
            self.prepare(proof)
            bounds, sides = self.lower_bounds(str(b), proof, proof["witness"])
            need(
                all(Algebra(Q(0), Q(1), t).nonnegative for t in sides),
                "the witness is not admissible",
            )
            refuted = all(bool(ball(t) > claimed) for t in bounds)
        elif self.softmax:
            p, z = ([rational(v) for v in proof[key]] for key in ("p", "point"))
            regret = self.conditional(p, z) - self.best_in_class(p, proof)
            reached = (
                max(p) - min(w for w, x in zip(p, z, strict=True) if x == max(z)) >= b
                and len(p) == self.n
            )
            refuted = reached and bool(regret < claimed)
        else:
            v, risk = rational(proof["point"]), self.risk(str(b), ["x", ["mul", "-1", "x"]])
            least = self.least(proof["best"], mul("-1", self.top), risk)
            regret = ball(minus(put(risk, "x", str(v)), least))
            refuted = (
                v <= 0
                and (self.bound is None or -v <= rational(self.bound))
                and bool(regret < claimed)
            )
        need(refuted, "the witness is not admissible, or does not refute the claim")


def digest(certificate: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of everything but the digest itself."""
    body = {k: v for k, v in certificate.items() if k != "digest"}
    return hashlib.sha256(
        json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    ).hexdigest()


def check(certificate: Any) -> str:
    """The verdict of a certificate: "holds", "violated" or "undecided"; Rejected if the file does
    not prove its verdict.
    """
    try:
        with flint.ctx.workprec(160):
            need(
                isinstance(certificate, dict) and certificate.get("schema") == SCHEMA,
                f"the schema is not {SCHEMA}",
            )
            need(
                certificate.get("digest") == digest(certificate),
                "the digest does not match: the file was changed",
            )
            statement, verdict = Statement(certificate["statement"]), certificate["verdict"]
            if verdict != "undecided":
                {"holds": statement.holds, "violated": statement.violated}[verdict](
                    certificate["proof"]
                )
                need(
                    sorted(statement.lemmas) == certificate["lemmas"],
                    "the lemmas are not those that the proof uses",
                )
            return str(verdict)
    except Exception as problem:
        message = (
            str(problem)
            if isinstance(problem, Rejected)
            else f"malformed: {type(problem).__name__}: {problem}"
        )
        raise Rejected(message) from problem
