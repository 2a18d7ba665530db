"""Exact expression trees for the certificate checker: well-formedness, enclosures in balls, convexity, normal forms.

Nothing of the package is imported here. An expression tree is a rational string ("3/2"), a variable, or a list:
["add", ...], ["mul", ...], ["pow", t, "3/2"], ["exp", t], ["log", t], ["tanh", t], ["xlogx", t], ["max", s, t],
["min", s, t], ["ifle", r, s, t, t'] (t if r <= s else t').
"""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import Any

import flint

Tree = Any
Form = dict[Any, Fraction]
Q = Fraction


class Rejected(Exception):  # noqa: N818 (a verdict on a file, not a failure of the program)
    """The file is not a valid certificate; the message says where it breaks."""


def need(condition: object, message: str) -> None:
    """Reject unless the condition is exactly True: an undecided comparison of balls is False and rejects."""
    if condition is not True:
        raise Rejected(message)


def rational(text: object) -> Fraction:
    """A rational in lowest terms, from its string."""
    need(isinstance(text, str) and bool(re.fullmatch(r"-?\d+(/[1-9]\d*)?", text)), f"not a rational string: {text!r:.60}")
    need(str(Q(str(text))) == text, f"not in lowest terms: {text!r:.60}")
    return Q(str(text))


# ---- trees ----------------------------------------------------------------------------------------------------------
_ARITY = {"exp": 1, "log": 1, "tanh": 1, "xlogx": 1, "max": 2, "min": 2, "pow": 2, "ifle": 4}


def check_tree(t: Tree, variables: str) -> None:
    """Well formed, in the given one-letter variables."""
    if isinstance(t, str) and t in set(variables):
        return
    if not isinstance(t, list):
        rational(t)
        return
    need(len(t) > 1 and (t[0] in ("add", "mul") or _ARITY.get(str(t[0])) == len(t) - 1), f"not an expression: {t!r:.60}")
    for part in t[1:]:
        check_tree(part, variables)
    if t[0] == "pow":
        rational(t[2])


def put(t: Tree, name: str, value: Tree) -> Tree:
    """Substitute a tree for a variable."""
    if isinstance(t, str):
        return value if t == name else t
    return [t[0], *(put(a, name, value) for a in t[1:])]


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
    need(op in ("exp", "log", "tanh", "xlogx"), f"no derivative of {op}")
    outer = {"exp": t, "log": ["pow", a, "-1"], "tanh": minus("1", ["pow", t, "2"]), "xlogx": add(["log", a], "1")}[op]
    return mul(outer, derivative(a, name))


def decided(t: Tree, env: dict[str, Any]) -> Tree:
    """The tree with each maximum and minimum replaced by the branch that balls pick."""
    if isinstance(t, str) or t[0] not in ("max", "min"):
        return t if isinstance(t, str) else [t[0], *(decided(a, env) for a in t[1:])]
    x, y = ball(t[1], env), ball(t[2], env)
    need(bool(x < y) or bool(x > y), "a maximum is undecided")
    return decided(t[1] if (x > y) is (t[0] == "max") else t[2], env)


def shape(t: Tree, name: str) -> set[str]:
    """What the rules of convex composition say: a subset of {"convex", "concave"}; both for affine, on [0, 1]."""
    both: set[str] = {"convex", "concave"}
    if put(t, name, "0") == t or t == name:
        return both
    op, parts = t[0], [shape(a, name) for a in t[1:]]
    every = parts[0].intersection(*parts[1:])
    if op == "add":
        return every
    if op == "mul":
        moving = [i for i, a in enumerate(t[1:], 1) if put(a, name, "0") != a]
        factor = ball(["mul", "1", *t[1 : moving[0]], *t[moving[0] + 1 :]], {}) if len(moving) == 1 else arb(0)
        flipped = {{"convex": "concave", "concave": "convex"}[s] for s in parts[moving[0] - 1]}
        return parts[moving[0] - 1] if factor > 0 else flipped if factor < 0 else set()
    if op == "pow":
        e, base = rational(t[2]), t[1]
        if parts[0] == both and e == 2:
            return {"convex"}
        if parts[0] == both and name != "v" and all(bool(ball(base, {name: arb(end)}) >= 0) for end in (0, 1)):
            return {"concave"} if 0 <= e <= 1 else {"convex"}
        return {"convex"} if base[0] == "max" and "0" in base and "convex" in parts[0] and e >= 1 else set()
    if op == "log":
        exponentials = t[1][0] == "add" and all(a == "1" or (a[0] == "exp" and shape(a[1], name) == both) for a in t[1][1:])
        return ({"concave"} & parts[0]) | ({"convex"} if exponentials else set())
    if op == "xlogx":
        return {"convex"} if parts[0] == both else set()
    return {"exp": {"convex"}, "max": {"convex"}, "min": {"concave"}}.get(op, set()) & every


def trend(t: Tree, name: str) -> set[str]:
    """A subset of {"up", "down"}: non-decreasing, non-increasing by composition; both for a constant."""
    if put(t, name, "0") == t or t == name:
        return {"up"} if t == name else {"up", "down"}
    parts = [trend(a, name) for a in t[1:]]
    if t[0] == "mul":
        moving = [i for i, a in enumerate(t[1:], 1) if put(a, name, "0") != a]
        factor = ball(["mul", "1", *t[1 : moving[0]], *t[moving[0] + 1 :]], {}) if len(moving) == 1 else arb(0)
        flipped = {{"up": "down", "down": "up"}[s] for s in parts[moving[0] - 1]}
        return parts[moving[0] - 1] if factor > 0 else flipped if factor < 0 else set()
    return parts[0].intersection(*parts[1:]) if t[0] in ("add", "max", "min", "exp", "log", "tanh") else set()


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
    if op == "xlogx":  # decreases from 0 to -1/e at 1/e, and increases from there
        top, least = x.upper(), -flint.arb(-1).exp()
        end = top * top.log() if top > 0 else arb(0)
        return x * x.log() if x.lower() > 0 else end.union(arb(0)) if top < -least else least.union(end.max(arb(0)))
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
    """One variable in [low, high], rational ends; None where an end is not rational or not there."""

    def __init__(self, name: str, low: Fraction | None, high: Fraction | None, unbounded: bool = False) -> None:
        self.name, self.low, self.high, self.unbounded = name, low, high, unbounded

    def positive(self, m: Any) -> bool:
        """Whether a monomial is >= 0 by its factors alone."""
        return all(a[0] in "pSE" or (a[0] == "v" and self.low is not None and self.low >= 0) for a, _ in m)

    def nonnegative(self, p: Form) -> bool:
        """Whether p >= 0 is proven: positive terms only, or affine with exact values at the ends."""
        (x,) = unit(("v", self.name))
        if all(c > 0 and self.positive(m) for m, c in p.items()):
            return True
        if set(p) - {ONE, x} or self.low is None or (self.high is None and not self.unbounded):
            return False
        slope, start = p.get(x, Q(0)), p.get(ONE, Q(0))
        return start + slope * self.low >= 0 and (slope >= 0 if self.high is None else start + slope * self.high >= 0)

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
                try:  # a sum of known sign stays a factor, so that roots of it are found again
                    return self.raised(q, e) if e > 1 and len(q) > 1 else product(*[q] * int(e))
                except Rejected:
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
        if op == "xlogx":
            return self.form(mul(a, ["log", a]))
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
        common = {a: min(dict(m).get(a, Q(0)) for m in p) for a in {a for m in p for a, _ in m if a[0] in "EvpS"}}
        outside = frozenset((a, e) for a, e in common.items() if e)
        if len(p) > 1 and outside:
            inside, c = self.factor(product(p, {frozenset((a, -e) for a, e in outside): Q(1)}), positive)
            ((m, k),) = product({inside: c}, {outside: Q(1)}).items()
            need(not positive or self.positive(outside), "a base that may be negative")
            return m, k
        if len(p) > 1:
            c = max(map(abs, p.values()))
            c = c if self.nonnegative({m: v / c for m, v in p.items()}) else -c
            q = {m: v / c for m, v in p.items()}
            need(self.nonnegative(q), "a sum of unknown sign")
            p = {frozenset({(("S", frozenset(q.items())), Q(1))}): c}
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


def constant(t: Tree) -> Form:
    """Normal form of a tree without variables."""
    return Domain("x", Q(0), Q(0)).form(t)
