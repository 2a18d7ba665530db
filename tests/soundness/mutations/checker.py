"""Mutations of the checker: constants, directions and conditions."""

# ruff: noqa: E501  -- a table: one mutation a line
from __future__ import annotations

from tests.soundness.mutations.mutant import Mutant, of

MUTANTS: list[Mutant] = [
    *of(
        "checker/rules/softmax.py",
        ("power(str(Fraction(2, s.classes)), e)", "power(str(Fraction(3, s.classes)), e)"),
        ("0 < e <= Fraction(1, 2)", "0 < e"),
        ("need(e <= 0 or s.classes is not None,", "need(True,"),
        ("[u, w, minus(\"1\", add(u, w))]", "[u, w]"),
    ),
    *of(
        "checker/rules/points.py",
        ("regret = sum(sorted(p)[-s.top :]) - predicted", "regret = sum(sorted(p)[-s.top :]) - min(p)"),
        ("min(point) >= 0 and sum(point) == 1", "sum(point) == 1"),
        ("need(v <= 0,", "need(v <= 1,"),
        ("s.bound is None or -v <= s.bound", "True"),
    ),
    *of(
        "checker/rules/margin.py",
        ("sides = [minus(bound, witness), add(bound, witness)]", "sides = [add(bound, witness)]"),
        ("mul(even, minus(\"1\", b)), mul(worse, b)", "mul(worse, minus(\"1\", b)), mul(even, b)"),
        ("need(s.bound is None, \"an infinite", "need(True, \"an infinite"),
    ),
    *of(
        "checker/rules/lower.py",
        ("yield Number(minus(\"0\", claim_at(s.claim, \"0\")), \">=\"", "yield Number(minus(\"0\", claim_at(s.claim, \"0\")), \"\""),
        ("claim_at(s.claim, beta)), \">\", \"T <=", "claim_at(s.claim, beta)), \">=\", \"T <="),
        ("<= rational(proof[\"beta\"]) <= s.largest,", "<= rational(proof[\"beta\"]) <= 2 * s.largest,"),
    ),
    *of(
        "checker/rules/gamma.py",
        ("need(rule.affine,", "need(True,"),
        ("(minus(at_one, at_zero), True, \"the slope", "(minus(at_one, at_zero), False, \"the slope",
         "a line of slope 0 below T** is at most T**(0) = 0, so that line >= e leaves e = 0 alone, which the next piece covers"),
    ),
    *of(
        "checker/rules/shapes.py",
        ("    slope = mul(\"-1\", derivative(s.g, \"u\"))", "    slope = derivative(s.g, \"u\")"),
        ("    bend = mul(\"-1\", derivative(derivative", "    bend = mul(\"1\", derivative(derivative"),
        ("    yield Number(s.loss(\"0\"), \"\", \"the loss has no value at u = 0\")\n", "",
         "every bound of a concave loss evaluates g(0) as a number, and is rejected where it has none"),
    ),
    *of(
        "checker/enclosures.py",
        ("hull if low >= turn or high <= turn else hull.union(-turn)", "hull"),
        ("need(not x.contains(0), \"a division", "need(True, \"a division"),
    ),
    *of(
        "checker/coverage.py",
        ("need(low == here, \"the pieces of scores leave a gap\")", "need(True, \"\")"),
        ("need(k < last or high == stop,", "need(True,"),
        ("found.append(Equal(ends[1], stop,", "found.append(Equal(stop, stop,"),
        ("            Equal(ends[0], here, \"the pieces leave a gap\"),", "            Equal(here, here, \"\"),"),
    ),
    *of(
        "checker/obligations.py",
        ("    return not strict and (bool(x >= 0)", "    return (bool(x >= 0)"),
        ("o.term, o.sign == \">\")", "o.term, False)"),
        ("shown = form.positive if o.strict else form.nonnegative", "shown = True"),
    ),
    *of(
        "checker/algebra.py",
        ("all(c > 0 for c in p.coeffs())", "any(c > 0 for c in p.coeffs())"),
        ("all(bool(self._ball(e) > 0) for e in ends)", "any(bool(self._ball(e) > 0) for e in ends)"),
        ("need(side > 0, \"a logarithm", "need(True, \"a logarithm"),
        ("(\"variable\" not in kinds or self.low >= 0)", "True"),
    ),
    *of(
        "checker/infinity.py",
        ("need(0 not in signs,", "need(True,"),
        ("need(len(set(infinite)) == 1,", "need(True,"),
        ("signs.count(-1) % 2 == 0", "signs.count(-1) % 2 == 1"),
    ),
    *of(
        "checker/rules/gaps.py",
        ("need(shape == \"convex\" or s.bound is None,", "need(True,"),
        ("need(s.bound is None or abs(v) <= s.bound,", "need(True,"),
        ("mul(str(max(p)), s.loss(\"1\")), mul(str(1 - max(p))", "mul(str(min(p)), s.loss(\"1\")), mul(str(1 - min(p))"),
        ("\">=\", \"the level is not below all tangent values\")", "\"\", \"the level is not below all tangent values\")"),
        ("rest = minus(s.claim, bound) if upper", "rest = minus(bound, s.claim) if upper"),
        ("bound = minus(above[0], total) if upper else", "bound = minus(above[0], \"0\") if upper else"),
        ("            yield from allowed(s, z, \"above\")", "            pass"),
    ),
    *of(
        "checker/rules/points.py",
        ("[\"max\", x, mul(top, x)]", "[\"max\", x, x]"),
        ("need(min(z) > 0, f\"{name} has a share 0", "need(True, f\"{name} has a share 0",
         "a share 0 leaves K min - max below 0, which the next line refuses"),
        ("minus(mul(spread(s), str(min(z))), str(max(z)))", "minus(mul(spread(s), str(max(z))), str(min(z)))"),
    ),
    *of(
        "checker/rules/boxed.py",
        ("mul(\"1/2\", str(others), inverse)", "mul(\"2\", str(others), inverse)"),
        ("[witness, minus(most, witness)]", "[witness]"),
        ("need(s.bound is not None and s.top == 1,", "need(s.bound is not None,"),
        ("else add(str(2 * s.bound), \"-7/10\")", "else str(2 * s.bound)"),
    ),
]  # fmt: skip
