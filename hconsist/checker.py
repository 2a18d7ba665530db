"""Re-verify a certificate from its file alone; docs/certificate.md has the schema and the lemmas it may rest on.

Nothing of the package is imported. An expression tree is a rational string ("3/2"), a variable, or a list: ["add", ...],
["mul", ...], ["pow", t, "3/2"], ["exp", t], ["log", t], ["tanh", t], ["max", s, t], ["min", s, t], ["ifle", r, s, t, t']
(t if r <= s, else t').
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from fractions import Fraction
from typing import Any

import flint

SCHEMA = "hconsist-certificate/2"
Tree = Any
Form = dict[Any, Fraction]
Q = Fraction


class Rejected(Exception):  # noqa: N818 (a verdict on a file, not a failure of the program)
    """The file is not a valid certificate; the message says where it breaks."""


def need(condition: object, message: str) -> None:
    """Reject unless the condition is exactly True: an undecided comparison of balls is False and rejects."""
    if condition is not True:
        raise Rejected(message)


@functools.lru_cache(maxsize=4096)
def rational(text: object) -> Fraction:
    """A rational in lowest terms, from its string."""
    need(isinstance(text, str) and bool(re.fullmatch(r"-?\d+(/[1-9]\d*)?", text)), f"not a rational string: {text!r:.60}")
    need(str(Q(str(text))) == text, f"not in lowest terms: {text!r:.60}")
    return Q(str(text))


# ---- trees ----------------------------------------------------------------------------------------------------------
_ARITY = {"exp": 1, "log": 1, "tanh": 1, "max": 2, "min": 2, "pow": 2, "ifle": 4}


def check_tree(t: Tree, variables: str) -> None:
    """Well formed, in the given one-letter variables."""
    if not isinstance(t, list):
        if t not in set(variables):
            rational(t)
        return
    need(len(t) > 1 and (t[0] in ("add", "mul") or _ARITY.get(str(t[0])) == len(t) - 1), f"not an expression: {t!r:.60}")
    for part in t[1:]:
        check_tree(part, variables)
    if t[0] == "pow":
        rational(t[2])


def put(t: Tree, name: str, value: Tree) -> Tree:
    """Substitute a tree for a variable."""
    return [t[0], *(put(a, name, value) for a in t[1:])] if isinstance(t, list) else value if t == name else t


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
    """Derivative of a tree; maxima, minima and cases have none here."""
    if isinstance(t, str):
        return "1" if t == name else "0"
    op, a = t[0], t[1]
    if op == "add":
        return add(*(derivative(x, name) for x in t[1:]))
    if op == "mul":
        return add(*(mul(*t[1:i], derivative(t[i], name), *t[i + 1 :]) for i in range(1, len(t))))
    if op == "pow":
        return mul(t[2], ["pow", a, str(rational(t[2]) - 1)] if t[2] != "2" else a, derivative(a, name))
    need(op in ("exp", "log", "tanh"), f"no derivative of {op}")
    outer = {"exp": t, "log": ["pow", a, "-1"], "tanh": minus("1", ["pow", t, "2"])}[op]
    return mul(outer, derivative(a, name))


def decided(t: Tree, env: dict[str, Any]) -> Tree:
    """The tree with each maximum and minimum replaced by the branch that balls pick."""
    if isinstance(t, str) or t[0] not in ("max", "min"):
        return t if isinstance(t, str) else [t[0], *(decided(a, env) for a in t[1:])]
    x, y = ball(t[1], env), ball(t[2], env)
    need(bool(x < y) or bool(x > y), "a maximum is undecided")
    return decided(t[1] if (x > y) is (t[0] == "max") else t[2], env)


def shape(t: Tree, name: str) -> set[str]:
    """A subset of {"convex", "concave", "up", "down"} that holds by composition: in v on R, else on [0, 1]."""
    if put(t, name, "0") == t or t == name:
        return {"convex", "concave", "up"} | (set() if t == name else {"down"})
    op, parts = t[0], [shape(a, name) for a in t[1:]]
    every, curved = parts[0].intersection(*parts[1:]), {"convex", "concave"}
    affine = curved <= parts[0]
    if op == "add":
        return every
    if op == "mul":
        moving = [i for i, a in enumerate(t[1:], 1) if put(a, name, "0") != a]
        factor = ball(["mul", "1", *t[1 : moving[0]], *t[moving[0] + 1 :]], {}) if len(moving) == 1 else arb(0)
        flip = {"convex": "concave", "concave": "convex", "up": "down", "down": "up"}
        same = parts[moving[0] - 1]
        return same if factor > 0 else {flip[s] for s in same} if factor < 0 else set()
    if op == "pow":
        e, base = rational(t[2]), t[1]
        if affine and e == 2:
            return {"convex"}
        if affine and name != "v" and all(bool(ball(base, {name: arb(end)}) >= 0) for end in (0, 1)):
            return {"concave"} if 0 <= e <= 1 else {"convex"}
        return {"convex"} if base[0] == "max" and "0" in base and "convex" in parts[0] and e >= 1 else set()
    bent = {"exp": {"convex"}, "max": {"convex"}, "log": {"concave"}, "min": {"concave"}}.get(op, set()) & every
    if op == "log" and t[1][0] == "add" and all(a == "1" or (a[0] == "exp" and curved <= shape(a[1], name)) for a in t[1][1:]):
        bent = bent | {"convex"}  # log-sum-exp
    return bent | (every & {"up", "down"} if op in ("max", "min", "exp", "log", "tanh") else set())


# ---- balls ----------------------------------------------------------------------------------------------------------


def arb(q: Fraction | int) -> Any:
    """A rational as a ball."""
    return flint.arb(flint.fmpq(q.numerator, q.denominator))


def ball(t: Tree, env: dict[str, Any]) -> Any:
    """Enclosure of a tree; a fractional power is taken over the part of its base in [0, inf)."""
    if isinstance(t, str):
        return env[t] if t in env else flint.arb("inf") if t == "inf" else arb(rational(t))
    op, x = t[0], ball(t[1], env)
    if op == "pow":
        e, result = rational(t[2]), arb(1)
        if e.denominator == 1:
            for _ in range(abs(e.numerator)):
                result = result * x
            return result if e >= 0 else 1 / result
        top = (arb(e) * x.upper().log()).exp() if x.upper() > 0 else arb(0)
        need(bool(x.lower() > 0) or (e > 0 and bool(x.upper() >= 0)), "a fractional power of a ball that is not positive")
        return (arb(e) * x.log()).exp() if x.lower() > 0 else top.union(arb(0))
    parts = [x, *(ball(a, env) for a in t[2:])]
    if op in ("add", "mul"):
        for y in parts[1:]:
            x = x + y if op == "add" else x * y
        return x
    if op == "ifle":
        need(bool(x <= parts[1]) or bool(x > parts[1]), "a case is undecided")
        return parts[2] if x <= parts[1] else parts[3]
    return x.max(parts[1]) if op == "max" else x.min(parts[1]) if op == "min" else getattr(x, op)()


# ---- algebra --------------------------------------------------------------------------------------------------------
# A form is {monomial: rational}, a monomial a frozenset of (atom, exponent), an atom ("p", prime), ("v", variable),
# ("E", monomial) for exp(monomial), ("L", form) for its logarithm, or ("S", form) for a sum >= 0 that is kept as a factor.
ONE: Any = frozenset()


def unit(atom: Any, e: Fraction = Q(1)) -> Form:
    """The form of one atom to a power."""
    return {frozenset({(atom, e)}): Q(1)}


def total(*forms: Form) -> Form:
    """Sum."""
    result: Form = {}
    for m, c in itertools.chain.from_iterable(p.items() for p in forms):
        result[m] = result.get(m, Q(0)) + c
    return {m: c for m, c in result.items() if c}


def product(*forms: Form) -> Form:
    """Product, multiplied out; whole powers of primes join the coefficient."""
    result: Form = {ONE: Q(1)}
    for p in forms:
        terms = []
        for (m, c), (k, d) in itertools.product(result.items(), p.items()):
            exponents, coefficient = dict(m), c * d
            for atom, e in k:
                exponents[atom] = exponents.get(atom, Q(0)) + e
            for atom in [a for a in exponents if a[0] == "p"]:
                coefficient *= Q(atom[1]) ** (exponents[atom] // 1)
                exponents[atom] %= 1
            terms.append({frozenset((a, e) for a, e in exponents.items() if e): coefficient})
        result = total(*terms)
    return result


def primes(c: Fraction) -> list[tuple[int, Fraction]]:
    """Prime factors of |c|, with exponents."""
    return [(int(q), Q(s * int(k))) for v, s in ((c.numerator, 1), (c.denominator, -1)) for q, k in flint.fmpz(abs(v)).factor()]


def divided(p: Form, atom: Any) -> tuple[Fraction, Form]:
    """The least power of a sum in p, and p without it, the remaining whole powers multiplied out."""
    powers = {m: dict(m).get(atom, Q(0)) for m in p}
    low = min(powers.values())
    rest = {m: frozenset((a, e) for a, e in m if a != atom) for m in p}
    return low, total(*(product({rest[m]: c}, *[dict(atom[1])] * int(powers[m] - low)) for m, c in p.items()))


def sums(p: Form) -> list[Any]:
    """The sums kept as factors in p, the largest first: it may contain others."""
    return sorted({a for m in p for a, _ in m if a[0] == "S"}, key=lambda a: len(repr(a)), reverse=True)


def is_zero(p: Form) -> bool:
    """Whether p vanishes identically; False where this algebra cannot tell."""
    if not p or not sums(p):
        return not p
    atom = sums(p)[0]
    classes: dict[Fraction, Form] = {}
    for m, c in p.items():
        classes.setdefault(dict(m).get(atom, Q(0)) % 1, {})[m] = c
    return all(is_zero(divided(group, atom)[1]) for group in classes.values())


class Domain:
    """One variable in [low, high], rational ends; high is None where there is no such end."""

    def __init__(self, name: str, low: Fraction, high: Fraction | None) -> None:
        self.name, self.low, self.high = name, low, high

    def positive(self, m: Any) -> bool:
        """Whether a monomial is >= 0 by its factors alone."""
        return all(a[0] in "pSE" or (a[0] == "v" and self.low >= 0) for a, _ in m)

    def nonnegative(self, p: Form) -> bool:
        """Whether p >= 0 is proven: positive terms only, or affine with exact values at the ends."""
        (x,) = unit(("v", self.name))
        if all(c > 0 and self.positive(m) for m, c in p.items()):
            return True
        slope, start = p.get(x, Q(0)), p.get(ONE, Q(0))
        above = slope >= 0 if self.high is None else start + slope * self.high >= 0
        return not set(p) - {ONE, x} and start + slope * self.low >= 0 and above

    def form(self, t: Tree) -> Form:
        """Normal form of a tree."""
        if isinstance(t, str):
            return unit(("v", t)) if t.isalpha() else {ONE: rational(t)} if t != "0" else {}
        op, a = t[0], t[1]
        if op in ("add", "mul"):
            return (total if op == "add" else product)(*(self.form(x) for x in t[1:]))
        if op in ("pow", "log"):
            e, q = rational(t[2]) if op == "pow" else Q(1, 2), self.form(a)
            if op == "pow" and e.denominator == 1 and 0 <= e <= 12:
                return product(*[q] * int(e))
            parts = [self.form(x) for x in a[1:]] if a[0] == "mul" and isinstance(a, list) else [q]
            parts = parts if e.denominator == 1 or all(map(self.nonnegative, parts)) else [q]
            return product(*(self.raised(x, e) for x in parts)) if op == "pow" else total(*map(self.logarithm, parts))
        if op == "exp":
            parts = []
            for m, c in self.form(a).items():  # exp(c log q) = q^c
                ((atom, k),) = m if len(m) == 1 else ((("E", m), c),)
                parts.append(self.raised(dict(atom[1]), c) if atom[0] == "L" and k == 1 else unit(("E", m), c))
            return product(*parts)
        if op == "tanh":
            return self.form(minus("1", mul("2", ["pow", add("1", ["exp", mul("2", a)]), "-1"])))
        need(op in ("max", "min"), f"no normal form of {op}")
        left, right = self.form(a), self.form(t[2])
        for p, r in ((left, right), (right, left)):
            if self.nonnegative(total(p, {m: -c for m, c in r.items()})):
                return p if op == "max" else r
        raise Rejected("a maximum is undecided on a piece")

    def factor(self, p: Form, positive: bool) -> tuple[Any, Fraction]:
        """p as one monomial and its coefficient, a sum that stays a sum becoming an atom of known sign."""

        def mixed(a: Any) -> bool:
            powers = {dict(m).get(a, Q(0)) for m in p}
            return len(powers) > 1 and len({e % 1 for e in powers}) == 1

        while atoms := [a for a in sums(p) if mixed(a)]:  # multiply out sums that only some terms contain
            low, p = divided(p, atoms[0])
            p = product(p, unit(atoms[0], low)) if low else p
        need(bool(p), "a power or logarithm of zero")
        if len(p) > 1:
            common = {a: min(dict(m).get(a, Q(0)) for m in p) for a in {a for m in p for a, _ in m if a[0] in "EvpS"}}
            p = product(p, {frozenset((a, -e) for a, e in common.items() if e): Q(1)})
            c = max(map(abs, p.values()))
            c = c if self.nonnegative({m: v / c for m, v in p.items()}) else -c
            q = {m: v / c for m, v in p.items()}
            need(self.nonnegative(q), "a sum of unknown sign")
            p = product(unit(("S", frozenset(q.items()))), {frozenset((a, e) for a, e in common.items() if e): c})
        ((m, c),) = p.items()
        need(not positive or (c > 0 and self.positive(m)), "a base that may be negative")
        return m, c

    def raised(self, p: Form, e: Fraction) -> Form:
        """p^e."""
        m, c = self.factor(p, e.denominator > 1)
        sign = Q(-1) ** e.numerator if c < 0 else Q(1)
        return product({ONE: sign}, *(unit(a, k * e) for a, k in m), *(unit(("p", q), k * e) for q, k in primes(c)))

    def logarithm(self, p: Form) -> Form:
        """log p, a sum over the factors of p."""
        m, c = self.factor(p, True)
        logs: list[Form] = []
        for atom, e in [*m, *((("p", q), k) for q, k in primes(c))]:
            inner = atom[1] if atom[0] == "S" else frozenset(unit(atom).items())
            logs.append({atom[1]: e} if atom[0] == "E" else dict.fromkeys(unit(("L", inner)), e))
        return total(*logs)


def same(s: Tree, t: Tree) -> bool:
    """Whether two trees without variables are equal; False where this algebra cannot tell."""
    return is_zero(Domain("x", Q(0), Q(0)).form(minus(s, t)))


# ---- proofs ----


def prove(t: Tree, name: str, low: Tree, high: Tree, method: str) -> None:
    """Reject unless ``t >= 0`` is proven for the variable in [low, high], ends being constant trees (high also "inf")."""
    start, length = ball(low, {}), ball(high, {}) - ball(low, {})
    need(bool(length > 0) and (isinstance(low, str) or bool(start >= 0)), "a piece must run upwards, from a known sign")
    ends = [rational(e) if isinstance(e, str) and e != "inf" else None for e in (low, high)]
    domain = Domain(name, ends[0] or Q(0), ends[1])  # a wider domain where an end is not rational
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
    for _ in range(int(steps)):  # t and its first derivatives are >= 0 at the low end, the last one throughout
        need(same(put(t, name, low), "0") or bool(ball(t, {name: start}) >= 0), "a step of a ladder")
        t = derivative(t, name)
    cuts = [start + length * i / 8 for i in range(9)]
    parts = [x.union(y) for x, y in itertools.pairwise(cuts)]
    need(all(bool(ball(t, {name: part}) >= 0) for part in parts), f"not positive on [{low}, {high}]")


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
        need(s["loss"]["kind"] in ("softmax", "margin") and s["target"] == "zero-one", "an unknown loss or target")
        need(self.relation in (">=", "<="), "an unknown relation")
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
        plus, less = mul("1/2", add("1", b)), mul("1/2", minus("1", b))
        if not self.convex and not self.softmax:
            u = self.even_reference(proof)
            limit = self.at(u) if u != "inf" else proof["limit"]
            need(u != "inf" or bool(ball(self.at("inf"), {}) == arb(rational(limit))), "a wrong limit")
            return mul(b, minus(self.at("0"), limit)), []
        if not self.convex:
            self.lemmas.add("concave pair lemma")
            return mul(b, minus(self.at("0"), self.at(str(Q(1, self.n))))), []
        x, y = witness if self.softmax else (witness, mul("-1", witness))
        gap = minus(self.at("1/2" if self.softmax else "0"), add(mul(plus, self.at(x)), mul(less, self.at(y))))
        if not self.softmax:
            self.lemmas.add("margin lemma")
            return gap, [] if self.bound is None else [minus(self.bound, witness), add(self.bound, witness)]
        sides = [x, y, minus("1", add(x, y))]  # values of sum below 1 would only raise the risk
        if self.n == 2:
            self.lemmas |= {"pooling lemma", "pair lemma"}
            return gap, sides
        e = rational(proof["scaling"])  # g(t u) = g(t) + t^e (g(u) - g(1))
        scaled = add(self.at("t"), mul(["pow", "t", str(e)], minus(self.at("u"), self.at("1"))))
        need(is_zero(Domain("t", Q(0), Q(1)).form(minus(self.at(mul("t", "u")), scaled))), "the loss does not scale")
        self.lemmas |= {"pooling lemma"} | ({"pair lemma"} if e <= 0 or not proof["exact"] else {"theorem A"})
        need(e <= Q(1, 2) if proof["exact"] else e <= 0 or self.n != "any", "no bound of this kind")
        return gap if proof["exact"] or e <= 0 else mul(["pow", str(Q(2, self.n)), str(e)], gap), sides

    def even_reference(self, proof: dict[str, Any]) -> str:
        """A score at which the even part of a non-increasing margin loss is least among all scores of H."""
        self.lemmas.add("even margin lemma")
        need("down" in shape(self.g, "v"), "the margin loss must not increase")
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
            if same(t[2], high) or bool(ball(high, {}) <= ball(t[2], {})):
                return walk(t[3])
            need(same(t[2], low) or bool(ball(low, {}) >= ball(t[2], {})), "a case is undecided on a piece")
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
            need(same(ends[0], edge), "the pieces leave a gap")
            edge = ends[1]
            bound, sides = self.lower_bound(beta, proof, witness)
            for side in sides:
                prove(side, "x", low, high, "algebra")
            prove(minus(bound, self.resolved(beta, *ends)), "x", low, high, piece["method"])
        need(same(edge, "1"), "the pieces end before 1")

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
            for side in sides:
                prove(side, "x", "0", "1", "algebra")
            need(bool(ball(bound, {}) > claimed), "T is not above the claim")
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
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as problem:
        raise Rejected(f"malformed: {type(problem).__name__}: {problem}") from problem
    finally:
        flint.ctx.prec = before
