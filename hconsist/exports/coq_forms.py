"""Normal forms of the checker's algebra, written out as steps of a Coq proof.

The checker writes a formula as a quotient of polynomials in atoms (roots, logarithms,
exponentials). A Coq proof needs the same steps with reasons: each atom is introduced by what it
satisfies (a^D = y, a = ln y, ln a = y), each part of the formula is shown to be its quotient, from
the inside out, by the tactic `field` modulo these relations. Nothing that the algebra found is
taken for granted: what is wrong does not compile.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb, fmpq

from hconsist.checker.algebra import Algebra, Polynomial, prime_powers
from hconsist.checker.limits import Rejected
from hconsist.checker.trees import Tree
from hconsist.exports.coq_terms import fractional, number, refuse, term


class Form(Algebra):
    """The normal form of a tree, with a record of that of each part, parts before wholes."""

    def __init__(self, low: Fraction, high: Fraction | None, t: Tree) -> None:
        self.record: list[tuple[Tree, tuple[Polynomial, Polynomial]]] = []
        super().__init__(low, high, t)

    def form(self, t: Tree) -> tuple[Polynomial, Polynomial]:
        """As in `Algebra`, recorded."""
        result = super().form(t)
        if isinstance(t, list) and all(t != s for s, _ in self.record):
            self.record.append((t, result))
        return result

    def of_part(self, t: Tree) -> tuple[Polynomial, Polynomial]:
        """The recorded form of a part."""
        if isinstance(t, str):
            return super().form(t)
        return next(f for s, f in self.record if s == t)

    # ---- polynomials as text ----

    def name(self, i: int) -> str:
        """The Coq name of an atom: a variable's own, or a letter for its kind and a number."""
        kind, of = self.atoms[i]
        return str(of) if kind == "variable" else f"{kind[0]}{i}"

    def text(self, p: Polynomial) -> str:
        """A polynomial as a Coq term."""
        count = len(p.context().names()) if hasattr(p, "context") else 0
        terms = []
        for degrees, c in p.terms():
            q = Fraction(int(c.p), int(c.q))
            factors = [] if q == 1 and any(degrees) else [number(q)]
            for generator, k in enumerate(degrees):
                if k:
                    name = self.name(count - 1 - generator)
                    factors.append(name if k == 1 else f"{name} ^ {int(k)}")
            terms.append(" * ".join(factors))
        return f"({' + '.join(terms)})" if terms else "0"

    def product(self, p: Polynomial) -> list[tuple[str, int]]:
        """A positive polynomial as positive factors, as text, with their powers."""
        c, pieces = self._factored(p)
        factors = []
        for g, k in pieces:
            positive = self._signed(g)
            if positive is None:
                raise refuse("a factor without a sign")
            if positive != g and k % 2:
                c = -c
            factors.append((self.text(positive), k))
        q = Fraction(int(c.p), int(c.q))
        if q <= 0:
            raise refuse("a quantity that is not positive")
        if q != 1 or not factors:
            factors.insert(0, (number(q), 1))
        return factors

    def all_terms_positive(self) -> bool:
        """Whether factors of the numerator with roots, logarithms or exponentials have coefficients
        of one sign.
        """
        try:
            _, pieces = self._factored(self.numerator)
        except Rejected:
            return False
        return all(self._of_variables(g) or len({c > 0 for _, c in g.terms()}) == 1
                   for g, _ in pieces)  # fmt: skip

    def _of_variables(self, p: Polynomial) -> bool:
        """Whether no other atom occurs in a polynomial."""
        count = len(p.context().names())
        used = {count - 1 - k for degrees, _ in p.terms() for k, d in enumerate(degrees) if d}
        return all(self.atoms[i][0] == "variable" for i in used)

    def primes(
        self, p: Polynomial, q: Polynomial
    ) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
        """p/q > 0 as products above and below, numbers as powers of primes."""
        above: list[tuple[str, int]] = []
        below: list[tuple[str, int]] = []
        for p_or_q, here, there in ((p, above, below), (q, below, above)):
            for text, k in self.product(p_or_q):
                try:
                    c = Fraction(text.strip("()").replace(" ", ""))
                except ValueError:
                    here.append((text, k))
                    continue
                here += [(str(f), e * k) for f, e in prime_powers(c.numerator)]
                there += [(str(f), e * k) for f, e in prime_powers(c.denominator)]
        return above, below


def times(factors: list[tuple[str, int]]) -> str:
    """A product as text."""
    return f"({' * '.join(f if k == 1 else f'{f} ^ {k}' for f, k in factors) or '1'})"


class Steps:
    """The proof steps for one tree: after them, the tree can be rewritten to its quotient."""

    def __init__(self, form: Form, goal: Tree) -> None:
        self.form, self.goal, self.lines = form, goal, list[str]()
        self.rewrites: list[str] = []
        self.relations: list[str] = []
        self.logs: list[str] = []
        self.known: set[str] = set()
        self.atoms()
        for t, result in form.record:
            self.part(t, result)

    # ---- atoms ----

    def atoms(self) -> None:
        """Introduce the atoms by what they satisfy, in the order in which they were met."""
        f = self.form
        for i, (kind, of) in enumerate(f.atoms):
            a = f.name(i)
            if kind == "variable":
                continue
            y = f.text(of)
            if kind == "root":
                self.positive(of)
                self.lines.append(
                    f"destruct (root_atom {y} {f.root} ltac:(assumption) ltac:(lia)) "
                    f"as ({a} & {a}_pos & {a}_pow & {a}_ln)."
                )
                self.lines.append(
                    f"replace (INR {f.root}) with {f.root} in {a}_ln by (simpl; ring)."
                )
                self.relations.append(f"{a}_pow")
                self.logs.append(f"{a}_ln")
            elif kind == "log":
                self.positive(of)
                self.lines.append(f"destruct (log_atom {y}) as ({a} & {a}_def).")
            else:
                self.exponential(a, y, of)
                self.logs.append(f"{a}_ln")
        # Roots first: their logarithms are multiples of those of what they are roots of.
        self.logs += [f"{f.name(i)}_def" for i, (kind, _) in enumerate(f.atoms) if kind == "log"]

    def exponential(self, a: str, y: str, of: Polynomial) -> None:
        """An exponential, with numbers around that of a number."""
        if not of.is_constant():
            self.lines.append(f"destruct (exp_atom {y}) as ({a} & {a}_pos & {a}_ln).")
            return
        ball = arb(fmpq(str(of))).exp()
        low, high = (Fraction(int((ball * 2**40).floor().lower().fmpz()) - 1, 2**40) if k == 0 else
                     Fraction(int((ball * 2**40).ceil().upper().fmpz()) + 1, 2**40)
                     for k in (0, 1))  # fmt: skip
        self.lines.append(
            f"destruct (exp_atom_near {y} {number(low)} {number(high)} ltac:(split; interval with "
            f"(i_prec 90))) as ({a} & {a}_pos & {a}_ln & {a}_near)."
        )

    def positive(self, p: Polynomial) -> None:
        """The fact that a polynomial is positive, by its factors."""
        text, product = self.form.text(p), times(self.form.product(p))
        if text not in self.known:
            self.known.add(text)
            other = f"solve [replace {text} with {product} by ring; pos]"
            names = [of for kind, of in self.form.atoms if kind == "variable"]
            bisect = "".join(f" | interval with (i_bisect {x}, i_prec 90)" for x in names)
            factors = (
                f" | solve [replace {text} with {product} by field; repeat apply "
                "Rmult_lt_0_compat; first [solve [pos] | interval with (i_prec 90)]]"
            )
            near = f" | interval with (i_prec 90){bisect}{factors}"
            near = near if "_near" in "".join(self.lines) else ""
            self.lines.append(f"assert (0 < {text}) by first [solve [pos] | {other} | nra{near}].")

    def field(self) -> str:
        """The tactic that proves an equation of quotients modulo the relations of the roots."""
        modulo = f" [{' '.join(self.relations)}]" if self.relations else ""
        return f"field{modulo}; nonzero"

    def rewrite(self) -> str:
        """The tactic that replaces known parts of the goal, larger parts first."""
        return " ".join(f"rewrite ?{name}." for name in reversed(self.rewrites))

    # ---- parts ----

    def quotient(self, result: tuple[Polynomial, Polynomial]) -> str:
        """A normal form as text."""
        return f"({self.form.text(result[0])} / {self.form.text(result[1])})"

    def part(self, t: Tree, result: tuple[Polynomial, Polynomial]) -> None:
        """Show that a part that `field` does not know is its quotient."""
        op, k = t[0], len(self.rewrites)
        if op in ("add", "mul") or (op == "pow" and not fractional(t)):
            if op == "pow" and Fraction(str(t[2])) < 0:
                for p in self.form.of_part(t[1]):
                    self.denominator(p)
            return
        if op == "max":
            self.maximum(t, result)
            return
        base = self.form.of_part(t[1])
        value, self_value = self.quotient(base), self.quotient(result)
        for p in (base[1], result[1]):
            self.denominator(p)
        self.lines.append(
            f"assert (B{k} : {term(t[1])} = {value}). {{ {self.rewrite()} {self.field()}. }}"
        )
        claim = f"{term(t)} = {self_value}"
        if op == "pow":
            e = Fraction(str(t[2]))
            lemma = "rpow_is" if e > 0 else "rpow_is_inverse"
            zero = bool(base[0] == 0)
            if not zero:
                self.denominator(base[0])
                self.denominator(result[0])
            proof = (
                (
                    f"rewrite B{k}. replace {value} with 0 by (field; nonzero). rewrite rpow_zero. "
                    "field; nonzero."
                )
                if zero
                else (
                    f"rewrite B{k}. apply ({lemma} _ _ {abs(e.numerator)} {e.denominator}); "
                    f"[pos|pos|lia|simpl INR; lra|{self.field()}]."
                )
            )
        elif op in ("log", "xlogx"):
            self.denominator(base[0])
            self.logarithm(f"L{k}", value, base)
            self.lines.append(f"assert (M{k} : 0 < {value}) by pos.")
            unfold = "" if op == "log" else f"rewrite xlogx_product by (rewrite B{k}; exact M{k}). "
            proof = f"{unfold}rewrite B{k}, L{k}. {self.field()}."
        else:
            self.denominator(result[0])
            self.logarithm(f"L{k}", self_value, result)
            proof = f"apply exp_is; [pos|rewrite L{k}, B{k}; {self.field()}]."
        self.lines.append(f"assert (E{k} : {claim}). {{ {proof} }}")
        self.rewrites.append(f"E{k}")

    def denominator(self, p: Polynomial) -> None:
        """A quantity that must not vanish: known positive, up to its sign."""
        if p.is_constant():
            return
        signed = self.form._signed(p)
        if signed is not None:
            self.positive(signed)
            return
        side, _ = self.form._factors(p, self.form.one)
        self.positive(p if side > 0 else -p)

    def logarithm(self, name: str, value: str, form: tuple[Polynomial, Polynomial]) -> None:
        """ln of a positive quotient, as the sum of those of its factors."""
        above, below = self.form.primes(*form)
        total = " + ".join([f"{k} * ln {f}" for f, k in above] or ["0"])
        total += "".join(f" - {k} * ln {f}" for f, k in below)
        self.lines.append(
            f"assert ({name} : ln {value} = {total}). {{ replace {value} with "
            f"({times(above)} / {times(below)}) by ({self.field()}). "
            "rewrite ln_quotient by pos. rewrite ?ln_mult by pos. rewrite ?ln_pow_nat by pos. "
            "rewrite ?ln_1. simpl INR. ring. }"
        )
        for fact in self.logs:
            self.lines.append(f"rewrite ?{fact} in {name}.")

    def maximum(self, t: Tree, result: tuple[Polynomial, Polynomial]) -> None:
        """Which of two is the larger one."""
        k = len(self.rewrites)
        left = self.form.of_part(t[1]) == result
        lemma, larger = ("Rmax_left", t[1]) if left else ("Rmax_right", t[2])
        self.lines.append(
            f"assert (E{k} : {term(t)} = {term(larger)}). {{ {self.rewrite()} "
            f"apply {lemma}. first [lra | nra]. }}"
        )
        self.rewrites.append(f"E{k}")

    # ---- what is to be shown ----

    def vanishes(self) -> list[str]:
        """The goal is an equation of the tree with 0."""
        return [*self.lines, f"{self.rewrite()} {self.field()}."]

    def at_least_zero(self, strict: bool = False) -> list[str]:
        """The goal is 0 <= tree, or 0 < tree."""
        f = self.form
        if f.zero:
            if strict:
                raise refuse("a strict sign of what vanishes")
            lines = [*self.lines, f"apply Req_le. symmetry. {self.rewrite()}"]
            return [*lines, f"{self.field()}."]
        whole, denominator = f.of_part(self.goal)
        for p in (f.numerator, whole):
            if f._positive(p) or f._factors(p, f.one)[0] > 0:
                self.denominator(denominator)
                self.positive(p)
                value = f"({f.text(p)} / {f.text(denominator)})"
                return [
                    *self.lines,
                    self.rewrite(),
                    f"match goal with |- _ ?z => replace z with {value} by ({self.field()}) end.",
                    *([] if strict else ["apply Rlt_le."]),
                    "pos.",
                ]
        raise refuse("a sign that the algebra does not show")
