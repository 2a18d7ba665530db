"""Lower bounds of T for losses of the softmax value by their shape: rules "theorem D", "theorem X".

**Theorem D** (docs/theory.md). Let g be strictly convex and falling on (0, 1), and h = -1/g', with
h(0+) = 0. If h is convex, or concave with h^2 convex, then T of n labels is T of two labels, for
every n, all scores and the zero-one target.

So T(b) >= gap(b) = g(1/2) - (1 + b)/2 g(u) - (1 - b)/2 g(w), the bound of rule "pair" for n = 2. A
proof gives h as a tree in u. It is shown that g falls on (0, 1], that h g' + 1 = 0 on (0, 1), that
h is 0 at 0, where it has a value, so that it tends to 0 there (lemma 1), and that h' > 0 on (0, 1):
so h > 0, and g' = -1/h increases strictly. The curvatures are shown by methods of the proof.

**Theorem X** (docs/theory.md). Let g fall on (0, 1], and g' = -1/(a u (1 - r u)) on (0, 1), a > 0
and 0 <= r <= 1/2: g = log((1 - r u)/u)/a and a constant, LDR with exp(c/lambda) = 1/(1 - r). Then
T of n labels is T of two labels, for every n, all scores and the zero-one target.

A proof gives a and r as trees without variables; that a u (1 - r u) g' + 1 = 0 is an identity to be
shown. The bound is gap(b) again.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hconsist.checker.limits import need
from hconsist.checker.obligations import Continuous, Equal, Identity, Number, Obligation, Sign
from hconsist.checker.reading import Fields, fields, items, text
from hconsist.checker.rules.lower import Bounds, LowerRule
from hconsist.checker.rules.shapes import falls
from hconsist.checker.rules.softmax import gap_of
from hconsist.checker.statements import Statement
from hconsist.checker.trees import Tree, add, check_tree, derivative, minus, mul, power, put


def _theorem_d_conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    _all_scores(s)
    shape = fields(proof["shape"], "shape", "inverse bend methods")
    h, bend = shape["inverse"], text(shape["bend"], "bend", "convex", "concave")
    check_tree(h, "u")
    yield from falls(s)
    yield Identity(add(mul(h, derivative(s.g, "u")), "1"), "h is not -1/g'")
    yield Continuous(h, "u", "0", "1", "h has no value somewhere in (0, 1)")
    yield Equal(put(h, "u", "0"), "0", "h is not 0 at 0")
    rise = derivative(h, "u")
    second = derivative(rise, "u")
    terms: list[tuple[Tree, bool, str]] = [(rise, True, "h must increase")]
    if bend == "convex":
        terms.append((second, False, "h must be convex"))
    else:
        square = derivative(derivative(power(h, Fraction(2)), "u"), "u")
        terms += [
            (mul("-1", second), False, "h must be concave"), (square, False, "h^2 must be convex"),
        ]  # fmt: skip
    methods = items(shape["methods"], "methods", 3)
    need(len(methods) == len(terms), "a method for each inequality of the shape")
    for (term, strict, reason), method in zip(terms, methods, strict=True):
        yield Sign(term, "u", "0", "1", text(method, "a method"), strict, reason)


def _all_scores(s: Statement) -> None:
    need(s.kind == "softmax" and s.costs is None, "this rule is about softmax values, zero-one")
    need(s.bound is None and s.top == 1, "this rule is about all scores, zero-one")


def _theorem_x_conditions(s: Statement, proof: Fields) -> Iterator[Obligation]:
    _all_scores(s)
    a, r = items(proof["factors"], "factors", 2, 2)
    for t in (a, r):
        check_tree(t)
    yield from falls(s)
    yield Number(a, ">", "the factor must be positive")
    yield Number(r, ">=", "the share must be >= 0")
    yield Number(minus("1/2", r), ">=", "the share must be at most 1/2")
    h = mul(a, "u", minus("1", mul(r, "u")))
    yield Identity(add(mul(h, derivative(s.g, "u")), "1"), "the slope is another")


def _bounds(s: Statement, proof: Fields, b: Tree, witness: object) -> Bounds:
    gap, sides = gap_of(s, b, witness)
    return [gap], sides


THEOREM_D = LowerRule(
    "theorem D", "shape", ("pooling lemma", "theorem D"), _theorem_d_conditions, _bounds, True
)
THEOREM_X = LowerRule("theorem X", "factors", ("theorem X",), _theorem_x_conditions, _bounds, True)
