"""Normal forms: a tree as a quotient of polynomials, from which zeros and signs are read.

**Form.** On an open box, each variable in (low, high), a tree is written as p/q with p, q
polynomials over the rationals in *generators*: the variables, and *atoms*, each of which is the
D-th root of a positive quantity, the logarithm of one, or the exponential of a monomial. Here D is
a common denominator of the exponents in the tree, and *positive* means: proven > 0 at every point
of the open box. `form` asks for exactly the conditions under which a tree has a value (see
`hconsist.checker.trees`), in each subtree, before anything cancels: where it returns, the tree has
a value at every point of the open box, q > 0 there, and the value is p/q. Where it cannot decide
a sign that is needed, it rejects.

**Signs.** `_positive` proves p > 0 by one of two sights: (i) every term has a positive coefficient
and positive generators (variables of a box with low >= 0, roots, exponentials; no logarithm); or
(ii) p is a + c x in one variable x, a and c polynomials in atoms without variables, and at both
ends of x it is 0, or > 0 by an enclosure, not 0 at both, so > 0 between them (or a alone is > 0).
And a product is positive where its factors have known signs whose product is 1.

**Zeros.** If p reduces to the zero polynomial when each D-th power of a root is replaced by what it
is a root of, the tree is 0 throughout. The converse is not claimed and not used: generators need
not be independent.

A box is the piece in question, or a larger one where an end is no rational. Trees without variables
are constants; the box is then of no account.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, TypeAlias

import flint
from flint import arb

from hconsist.checker.enclosures import fmpq
from hconsist.checker.limits import (
    COEFFICIENT_BITS,
    DEGREE,
    FACTOR_DEGREE,
    FACTOR_TERMS,
    GENERATORS,
    TERMS,
    Rejected,
    need,
    spend,
    within,
)
from hconsist.checker.trees import Tree, exponent, rational

#: A polynomial: an fmpq_mpoly, or a number of its ring. Stubs of python-flint know neither == 0
#: nor the parts of a fraction.
Polynomial: TypeAlias = Any
#: A positive quantity (a polynomial) and the power it stands in.
Powers = list[tuple[Polynomial, Fraction]]
_SMALL_PRIMES = [p for p in range(2, 1000) if all(p % d for d in range(2, math.isqrt(p) + 1))]


def common_root(t: Tree) -> int:
    """A common denominator of the exponents in a tree, and 2."""
    if isinstance(t, str):
        return 2
    if t[0] == "pow":
        root = math.lcm(exponent(t[2]).denominator, common_root(t[1]))
    else:
        root = math.lcm(*map(common_root, t[1:]))
    within(root, DEGREE, "a common denominator of the exponents")
    return root


def prime_powers(k: int) -> list[tuple[int, int]]:
    """k >= 1 as a product of primes below 1000 and of a rest, which is factored below 2^64 only."""
    result = []
    for p in _SMALL_PRIMES:
        times = 0
        while k % p == 0:
            k, times = k // p, times + 1
        if times:
            result.append((p, times))
    if k > 1 and k.bit_length() <= 64:
        return result + [(int(p), int(e)) for p, e in flint.fmpz(k).factor()]
    return result + ([(k, 1)] if k > 1 else [])


class Algebra:
    """The normal form of a tree on an open box.

    Parameters
    ----------
    low : Fraction
        Low end of every variable.
    high : Fraction or None
        High end; None where there is none.
    t : Tree

    Attributes
    ----------
    zero : bool
        Proven 0 throughout. False says nothing.
    positive, nonnegative : bool
        Proven > 0, >= 0, at every point of the open box. False says nothing.

    Raises
    ------
    Rejected
        Where the tree is not shown to have a value at every point of the open box.
    """

    def __init__(self, low: Fraction, high: Fraction | None, t: Tree) -> None:
        self.low, self.high, self.root = low, high, common_root(t)
        self.atoms: list[tuple[str, Polynomial]] = []
        # In this order of the generators, atoms that are met later lead.
        self.ring = flint.fmpq_mpoly_ctx.get([f"a{i}" for i in range(GENERATORS)], "lex")
        self.one = self.ring.constant(1)
        whole, self.denominator = self.form(t)
        self.numerator = self._reduced(whole)
        self.zero = bool(self.numerator == 0)
        self.positive = not self.zero and (
            self._positive(self.numerator)
            or self._positive(whole)
            or self._factors(whole, self.one)[0] > 0
        )
        self.nonnegative = self.zero or self.positive

    # ---- generators ----

    def atom(self, kind: str, of: str | Polynomial) -> Polynomial:
        """The generator of a variable (by name) or of a "root", "log", "exp" (of a polynomial)."""
        if (kind, of) not in self.atoms:
            within(len(self.atoms) + 1, GENERATORS, "generators of a normal form")
            self.atoms.append((kind, of))
        return self.ring.gen(GENERATORS - 1 - self.atoms.index((kind, of)))

    def meaning(self, p: Polynomial) -> tuple[str, Polynomial]:
        """What a polynomial stands for if it is a generator; ("sum", p) otherwise."""
        return next((a for a in self.atoms if p == self.atom(*a)), ("sum", p))

    def _reduced(self, p: Polynomial) -> Polynomial:
        """Each D-th power of a root replaced by what it is a root of; the values do not change."""
        for kind, of in reversed(self.atoms):
            if kind == "root":
                p = self._small(p % (self.atom(kind, of) ** self.root - of))
        return p

    # ---- arithmetic within limits ----

    def _small(self, p: Polynomial) -> Polynomial:
        within(len(p), TERMS, "terms of a polynomial")
        bits = max((max(c.p.bit_length(), c.q.bit_length()) for c in p.coeffs()), default=0)
        within(bits, COEFFICIENT_BITS, "bits of a coefficient")
        return p

    def _times(self, p: Polynomial, q: Polynomial) -> Polynomial:
        work = len(p) * len(q)
        spend(work)
        within(work, 100 * TERMS, "terms of a product")
        return self._small(p * q)

    def _to(self, p: Polynomial, k: int) -> Polynomial:
        """p^k, k >= 0."""
        within(k * max(p.total_degree(), 1), DEGREE, "degree of a power")
        if len(p) > 1:
            within(math.comb(len(p) + k - 1, k) if k < 200 else TERMS + 1, TERMS, "terms")
        bits = max((max(c.p.bit_length(), c.q.bit_length()) for c in p.coeffs()), default=0)
        within(k * bits, COEFFICIENT_BITS, "bits of a power")
        spend(k)
        return self._small(p**k)

    # ---- signs ----

    def _positive(self, p: Polynomial) -> bool:
        """Whether p, not the zero polynomial, is proven > 0 on the open box; see Signs above."""
        used = [self.ring.gen(i) for i, degree in enumerate(p.degrees()) if degree > 0]
        kinds = [self.meaning(x)[0] for x in used]
        if (
            "log" not in kinds
            and ("variable" not in kinds or self.low >= 0)
            and all(c > 0 for c in p.coeffs())
        ):
            return True
        names = [x for x, kind in zip(used, kinds, strict=True) if kind == "variable"]
        if len(names) > 1 or any(self._varies(x) for x in used if x not in names):
            return False
        if not names:
            return bool(self._ball(p) > 0)
        return self._affine_positive(p, self.ring.gens().index(names[0]))

    def _affine_positive(self, p: Polynomial, place: int) -> bool:
        """Sight (ii), of the generator of that place; the other atoms are constant."""
        parts: list[dict[tuple[int, ...], Polynomial]] = [{}, {}]
        for degrees, c in p.terms():
            k = int(degrees[place])
            if k > 1:
                return False
            rest = tuple(0 if i == place else d for i, d in enumerate(degrees))
            parts[k][rest] = c
        constant: Polynomial
        slope: Polynomial
        constant, slope = (self.ring.from_dict(part) for part in parts)
        at_low = constant + slope * fmpq(self.low)
        at_high = slope if self.high is None else constant + slope * fmpq(self.high)
        ends = [e for e in (at_low, at_high) if e != 0]
        return bool(ends) and all(bool(self._ball(e) > 0) for e in ends)

    def _ball(self, p: Polynomial) -> arb:
        """A ball that contains the value of a polynomial in atoms without variables."""
        total = flint.arb(0)
        for degrees, c in p.terms():
            term = flint.arb(c)
            for i, degree in enumerate(degrees):
                if degree:
                    kind, of = self.meaning(self.ring.gen(i))
                    inner = self._ball(of)
                    if kind == "root":
                        need(bool(inner > 0), "a root of what is not shown to be positive")
                        inner = (inner.log() / self.root).exp()
                    else:
                        inner = inner.exp() if kind == "exp" else inner.log()
                    term *= inner ** int(degree)
            total += term
        return total

    def _varies(self, x: Polynomial) -> bool:
        """Whether a generator is a variable, or an atom of something that holds one."""
        kind, of = self.meaning(x)
        return kind == "variable" or any(
            self._varies(self.ring.gen(i)) for i, degree in enumerate(of.degrees()) if degree > 0
        )

    def _signed(self, p: Polynomial) -> Polynomial:
        """Whichever of p and -p is proven positive; None where neither is."""
        return p if self._positive(p) else -p if self._positive(-p) else None

    def _factors(self, p: Polynomial, q: Polynomial) -> tuple[int, Powers]:
        """The sign of p/q on the open box, 0 if unknown, and |p/q| as powers of positive things.

        The quantities are primes (or large whole numbers), variables and atoms other than roots,
        what roots are roots of, and other polynomials of known sign.
        """
        need(bool(p != 0), "a power, logarithm or quotient of zero")
        side, result = 1, []
        for direction, f in ((1, p), (-1, q)):
            c, pieces = self._factored(f)
            for g, k in pieces:
                h = self._signed(g)
                if h is None:
                    return 0, []
                c *= 1 if h == g else (-1) ** k
                kind, of = self.meaning(h)
                power = Fraction(direction * k)
                result.append((of, power / self.root) if kind == "root" else (h, power))
            side *= 1 if c > 0 else -1
            for whole, sign in ((abs(int(c.p)), direction), (int(c.q), -direction)):
                result += [(self.one * k, Fraction(sign * e)) for k, e in prime_powers(whole)]
        return side, result

    def _factored(self, f: Polynomial) -> tuple[Polynomial, list[tuple[Polynomial, int]]]:
        """f as a constant and factors with multiplicities, multiplied out again as a check."""
        spend(len(f) * (1 + f.total_degree()))
        if len(f) > FACTOR_TERMS or f.total_degree() > FACTOR_DEGREE:
            return flint.fmpq(1), [(f, 1)]
        c, pieces = f.factor()
        if any(self._signed(g) is None for g, _ in pieces):
            c, pieces = f.factor_squarefree()
        result = [(g, int(k)) for g, k in pieces]
        product = self.one * c
        for g, k in result:
            product *= g**k
        need(bool(product == f), "a factorisation that does not multiply out")
        return c, result

    # ---- the form of a tree ----

    def form(self, t: Tree) -> tuple[Polynomial, Polynomial]:
        """The quotient (p, q) that a tree is on the open box, q positive."""
        spend(1)
        if isinstance(t, str):
            if t.isalpha():
                return self.atom("variable", t), self.one
            return self.one * fmpq(rational(t)), self.one
        op = t[0]
        if op == "pow":
            return self._power(*self.form(t[1]), exponent(t[2]))
        need(op in ("add", "mul", "max", "exp", "log", "xlogx"), f"no normal form of {op!r}")
        parts = [self.form(a) for a in t[1:]]
        if op == "max":
            return self._maximum(*parts)
        if op == "exp":
            return self._exponential(*parts[0])
        if op == "log":
            return self._logarithm(*parts[0]), self.one
        if op == "xlogx":
            return self._product(parts[0], (self._logarithm(*parts[0]), self.one))
        result = parts[0]
        for part in parts[1:]:
            result = self._sum(result, part) if op == "add" else self._product(result, part)
        return result

    def _product(
        self, s: tuple[Polynomial, Polynomial], t: tuple[Polynomial, Polynomial]
    ) -> tuple[Polynomial, Polynomial]:
        return self._times(s[0], t[0]), self._times(s[1], t[1])

    def _sum(
        self, s: tuple[Polynomial, Polynomial], t: tuple[Polynomial, Polynomial]
    ) -> tuple[Polynomial, Polynomial]:
        """p/q + r/s over the product of q and s without a common factor that is positive."""
        common = self._signed(s[1].gcd(t[1])) or self.one
        left, right = t[1] / common, s[1] / common
        p = self._times(s[0], left) + self._times(t[0], right)
        return self._small(p), self._times(s[1], left)

    def _maximum(
        self, s: tuple[Polynomial, Polynomial], t: tuple[Polynomial, Polynomial]
    ) -> tuple[Polynomial, Polynomial]:
        """The larger of two, where one is at least the other on the whole box."""
        difference = self._times(s[0], t[1]) - self._times(t[0], s[1])
        if difference == 0 or self._positive(difference):
            return s
        need(self._positive(-difference), "a maximum is undecided on a piece")
        return t

    def _power(self, p: Polynomial, q: Polynomial, e: Fraction) -> tuple[Polynomial, Polynomial]:
        if e > 0 and (e.denominator == 1 or p == 0):
            return self._to(p, math.ceil(e)), self._to(q, math.ceil(e))
        side, factors = self._factors(p, q)
        need(
            side > 0 or (side < 0 and e.denominator == 1),
            "the base of a power has no sign that is known, or is negative",
        )
        numerator, denominator = self._powers([(f, k * e) for f, k in factors])
        odd = side < 0 and abs(e.numerator) % 2 == 1
        return (-numerator if odd else numerator), denominator

    def _powers(self, factors: Powers) -> tuple[Polynomial, Polynomial]:
        """A product of powers of positive quantities; fractional ones become powers of roots."""
        result = [self.one, self.one]
        for f, k in factors:
            base, times = f, k
            if k.denominator != 1:
                base, times = self.atom("root", f), k * self.root
            need(times.denominator == 1, "an unforeseen root")
            side = times < 0
            result[side] = self._times(result[side], self._to(base, abs(int(times))))
        return result[0], result[1]

    def _logarithm(self, p: Polynomial, q: Polynomial) -> Polynomial:
        """The logarithm of a positive quotient, as the sum of those of its factors."""
        side, factors = self._factors(p, q)
        need(side > 0, "a logarithm of what is not shown to be positive")
        total = 0 * self.one
        for f, k in factors:
            kind, of = self.meaning(f)
            total += fmpq(k) * (of if kind == "exp" else self.atom("log", f))
        return self._small(total)

    def _exponential(self, p: Polynomial, q: Polynomial) -> tuple[Polynomial, Polynomial]:
        """exp of a polynomial, monomial by monomial: exp(c log r) = r^c, exp(c m) a small power."""
        need(q.is_constant(), "an exponential of a quotient")
        factors: Powers = []
        for degrees, c in (p / q).terms():
            monomial = self.ring.from_dict({degrees: 1})
            kind, of = self.meaning(monomial)
            if kind == "log":
                factors.append((of, Fraction(int(c.p), int(c.q))))
                continue
            step = abs(c) if abs(c.p) > 16 else abs(c) / abs(c.p)
            times = c / step
            factors.append((self.atom("exp", monomial * step), Fraction(int(times.p))))
        return self._powers(factors)


def constant(t: Tree) -> Algebra:
    """The normal form of a tree without variables."""
    return Algebra(Fraction(0), Fraction(0), t)


def is_zero(t: Tree) -> bool:
    """Whether a tree without variables is shown to be 0; False says nothing."""
    try:
        return constant(t).zero
    except Rejected:
        return False
