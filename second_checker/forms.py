"""Normal forms: sums of rational multiples of products of powers of generators ("atoms").

Atoms are numbered in the order they are met, so that an atom only speaks of lower ones:

    ("x", name)  a variable                 ("p", m)  a whole number m >= 2
    ("s", form)  a sum, shown to be > 0     ("e", mono)  e^mono      ("l", atom)  its logarithm

A form is a dict {mono: rational}, a mono a sorted tuple of (atom, exponent): the sum of these
products. It is the same function as its tree *where the tree has values*, and that it has values on
the open box of the prover is shown before a form is made of it. Every rewriting is an identity for
positive atoms, so a form that comes out empty is zero. Atoms need not be independent: a form that
is not empty is never taken to be other than zero for that reason.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from .trees import Tree, q

Mono = tuple[tuple[int, Fraction], ...]
Form = dict[Mono, Fraction]
MOST_TERMS = 1500
ONE_FORM: Form = {(): Fraction(1)}


class NoForm(Exception):  # noqa: N818
    """This tree has no normal form here; other ways are tried."""


class Forms:
    """Arithmetic of forms. `positive` shows a form > 0 on the box or says False; `positive_names`
    are the variables that are > 0 on it.
    """

    def __init__(self, positive: Callable[[Form], bool], positive_names: frozenset[str]) -> None:
        self.positive, self.positive_names = positive, positive_names
        self.data: list[tuple[str, Any]] = []
        self.number: dict[Any, int] = {}

    def atom(self, kind: str, what: Any) -> int:
        """The number of an atom."""
        key = (kind, frozenset(what.items()) if kind == "s" else what)
        if key not in self.number:
            self.number[key] = len(self.data)
            self.data.append((kind, what))
        return self.number[key]

    def is_positive(self, atom: int) -> bool:
        """An atom that is > 0 on the box for what it is."""
        kind, what = self.data[atom]
        return kind in "pse" or (kind == "x" and what in self.positive_names)

    # Sums and products.

    def add(self, *forms: Form) -> Form:
        """The sum."""
        out: Form = {}
        for f in forms:
            for m, c in f.items():
                out[m] = out.get(m, Fraction(0)) + c
        return self._sized({m: c for m, c in out.items() if c})

    @staticmethod
    def _sized(f: Form) -> Form:
        if len(f) > MOST_TERMS:
            raise NoForm
        return f

    @staticmethod
    def scaled(f: Form, c: Fraction) -> Form:
        """c f."""
        return {m: c * v for m, v in f.items()} if c else {}

    def mul(self, f: Form, g: Form) -> Form:
        """The product, with whole powers of sums multiplied out."""
        out: Form = {}
        for m, c in f.items():
            for k, d in g.items():
                joined = dict(m)
                for a, e in k:
                    joined[a] = joined.get(a, Fraction(0)) + e
                for n, v in self._expanded(joined, c * d).items():
                    out[n] = out.get(n, Fraction(0)) + v
            self._sized(out)
        return {m: c for m, c in out.items() if c}

    def _expanded(self, exponents: dict[int, Fraction], c: Fraction) -> Form:
        """Whole powers of numbers join c, whole positive powers of sums are multiplied out."""
        rest: Form | None = None
        for a, e in list(exponents.items()):
            kind, what = self.data[a]
            whole = e.numerator // e.denominator
            if kind == "p" and whole:
                if abs(whole) > 2000:
                    raise NoForm
                c *= Fraction(what) ** whole
                exponents[a] = e - whole
            elif kind == "s" and whole > 0:
                exponents[a] = e - whole
                power = self._repeated(what, whole)
                rest = power if rest is None else self.mul(rest, power)
        mono = tuple(sorted((a, e) for a, e in exponents.items() if e))
        return {mono: c} if rest is None else self.mul({mono: c}, rest)

    def _repeated(self, f: Form, k: int) -> Form:
        if k > 60 and len(f) > 1:
            raise NoForm
        out = ONE_FORM
        for _ in range(k):
            out = self.mul(out, f)
        return out

    def zero(self, f: Form) -> bool:
        """f is shown to be 0: negative powers of sums are multiplied away, highest sums first."""
        for a in reversed(range(len(self.data))):
            if self.data[a][0] == "s" and f:
                least = min(dict(m).get(a, Fraction(0)) for m in f)
                if least < 0:
                    whole = least.numerator // least.denominator
                    f = self.mul(f, {((a, Fraction(-whole)),): Fraction(1)}) if whole else f
        return not f

    # Content, positive monomial, rest.

    def split(self, f: Form) -> tuple[Fraction, dict[int, Fraction], Form]:
        """f = c m r: c > 0 rational, m powers of positive atoms, r without such a factor."""
        shared: dict[int, Fraction] = {}
        for _ in range(6):
            exponents = [dict(m) for m in f]
            atoms = {a for e in exponents for a in e if self.is_positive(a)}
            least = {a: min(e.get(a, Fraction(0)) for e in exponents) for a in atoms}
            least = {a: e for a, e in least.items() if e}
            if not least:
                break
            for a, e in least.items():
                shared[a] = shared.get(a, Fraction(0)) + e
            f = self.add(*(self._expanded({a: e.get(a, Fraction(0)) - least.get(a, Fraction(0))
                                           for a in {*e, *least}}, c)
                           for e, c in zip(exponents, f.values(), strict=True)))  # fmt: skip
            if not f:
                return Fraction(0), {}, {}
        scale = lcm(*(c.denominator for c in f.values()))
        content = Fraction(gcd(*(int(c * scale) for c in f.values())), scale)
        return content, shared, self.scaled(f, 1 / content)

    def power(self, f: Form, e: Fraction) -> Form:
        """f^e, for a base shown to be in the domain of the power."""
        if e.denominator == 1 and e > 0:
            if e > 2000:
                raise NoForm
            if len(f) <= 1:
                return self.add(*(self._expanded({a: k * e for a, k in m}, c ** int(e))
                                  for m, c in f.items()))  # fmt: skip
            return self._repeated(f, int(e))
        if not f:
            if e < 0:
                raise NoForm
            return {}
        c, factors = self.factored(f, e.denominator == 1)
        sign = -1 if c < 0 and int(e) % 2 else 1
        exponents = {a: k * e for a, k in factors.items()}
        for a, k in self._whole_factors(abs(c)).items():
            exponents[a] = exponents.get(a, Fraction(0)) + k * e
        return self._expanded(exponents, Fraction(sign))

    def factored(self, f: Form, either_sign: bool) -> tuple[Fraction, dict[int, Fraction]]:
        """f as a rational times powers of positive atoms; it is > 0 unless `either_sign`."""
        c, shared, rest = self.split(f)
        if not rest:
            raise NoForm
        factors = dict(shared)
        for r in self._linear(rest):
            if len(r) == 1 and () in r:
                c *= r[()]
                continue
            if not self.positive(r):
                r, c = self.scaled(r, Fraction(-1)), -c
                if not self.positive(r):
                    raise NoForm
            a = self.atom("s", r)
            factors[a] = factors.get(a, Fraction(0)) + 1
        if c <= 0 and not either_sign:
            raise NoForm
        return c, factors

    def _linear(self, f: Form) -> list[Form]:
        """f as a product in which a polynomial of one variable has its linear factors with small
        rational roots taken out; each factor is positive somewhere or negative as it comes.
        """
        atoms = {a for m in f for a, _ in m}
        names = [a for a in atoms if self.data[a][0] == "x"]
        if len(atoms) != 1 or not names or any(e.denominator > 1 or e < 0 for m in f for _, e in m):
            return [f]
        x = names[0]
        top = max(int(dict(m).get(x, 0)) for m in f)
        if not 2 <= top <= 12:
            return [f]
        p = [f.get(((x, Fraction(k)),) if k else (), Fraction(0)) for k in range(top + 1)]
        out: list[Form] = []
        for den in range(1, 5):
            for num in range(-6, 7):
                root = Fraction(num, den)
                while len(p) > 2 and not sum(c * root**k for k, c in enumerate(p)):
                    out.append({k: v for k, v in {((x, Fraction(1)),): Fraction(den),
                                (): Fraction(-num)}.items() if v})  # fmt: skip
                    out[-1] = self.scaled(out[-1], Fraction(1, gcd(num, den)))
                    made, carry = [Fraction(0)] * (len(p) - 1), Fraction(0)
                    for k in reversed(range(len(p) - 1)):
                        carry = p[k + 1] + root * carry
                        made[k] = carry
                    p = [c / (den // gcd(num, den)) for c in made]
        rest: Form = {((x, Fraction(k)),) if k else (): c for k, c in enumerate(p) if c}
        c, shared, primitive = self.split(rest)
        if shared:
            return [f]
        # the content goes along as a constant factor
        return [*out, *([primitive] if primitive != ONE_FORM else []), {(): c}]

    def _whole_factors(self, c: Fraction) -> dict[int, int]:
        """c > 0 as powers of whole numbers: primes below 1000, and what is left of it."""
        out: dict[int, int] = {}
        for m, sign in ((c.numerator, 1), (c.denominator, -1)):
            p = 2
            while m > 1 and p < 1000:
                while m % p == 0:
                    m //= p
                    a = self.atom("p", p)
                    out[a] = out.get(a, 0) + sign
                p += 1
            if m > 1:
                a = self.atom("p", m)
                out[a] = out.get(a, 0) + sign
        return out

    def log(self, f: Form) -> Form:
        """log f, for f > 0."""
        c, factors = self.factored(f, False)
        for a, k in self._whole_factors(c).items():
            factors[a] = factors.get(a, Fraction(0)) + k
        out: Form = {}
        for a, e in factors.items():
            kind, what = self.data[a]
            logarithm = what if kind == "e" else ((self.atom("l", a), Fraction(1)),)
            of_atom: Form = {logarithm: Fraction(1)}
            out = self.add(out, self.scaled(of_atom, e))
        return out

    def exp(self, f: Form) -> Form:
        """e^f: of a multiple of a logarithm it is a power."""
        exponents: dict[int, Fraction] = {}
        for m, c in f.items():
            a = self.atom("e", m)
            if len(m) == 1 and m[0][1] == 1 and self.data[m[0][0]][0] == "l":
                a = self.data[m[0][0]][1]
            exponents[a] = exponents.get(a, Fraction(0)) + c
        return self._expanded(exponents, Fraction(1))

    # Back to trees, for enclosures.

    def tree(self, f: Form) -> Tree:
        """The form as a tree."""
        terms = [("mul", q(c), *(self._atom_tree(a, e) for a, e in m)) for m, c in f.items()]
        return ("add", *terms) if terms else q(0)

    def _atom_tree(self, a: int, e: Fraction) -> Tree:
        kind, what = self.data[a]
        if kind == "x":
            base: Tree = ("var", what)
        elif kind == "p":
            base = q(what)
        elif kind == "s":
            base = self.tree(what)
        elif kind == "e":
            return ("exp", ("mul", q(e), self.tree({what: Fraction(1)})))
        else:
            base = ("log", self._atom_tree(what, Fraction(1)))
        return base if e == 1 else ("pow", base, e)
