"""Mutations of the second checker: rules "pools" and "theorem X", concavity, constants."""

# ruff: noqa: E501  -- a table: one mutation a line
from __future__ import annotations

from tests.soundness.mutations.mutant import Mutant, of

MUTANTS: list[Mutant] = [
    *of(
        "../second_checker/lower.py",
        ("    only_all_scores(s)\n    if s.k > 1:", "    if s.k > 1:"),
        ("    if s.k > 1:\n        raise Rejected(\"the rule is for one predicted label\")\n    if rule == \"theorem D\"", "    if rule == \"theorem D\""),
        ("w.constant(a, \"the factor\", strict=True)", "w.constant(a, \"the factor\", strict=False)",
         "a factor 0 leaves 1 = 0 of the identity"),
        ("    w.constant(r, \"the share\")\n", ""),
        ("minus(HALF, r), \"1/2 less", "minus(ONE, r), \"1/2 less"),
        ("h = mul(a, U, minus(ONE, mul(r, U)))", "h = mul(a, U, minus(ONE, mul(HALF, U)))"),
        ("h = mul(a, U, minus(ONE, mul(r, U)))", "h = mul(U, minus(ONE, mul(r, U)))"),
        ("    w.span(\"u\", ZERO, ONE).must_vanish(add(ONE, mul(h, slope)), \"1 + h g' = 0 on (0, 1)\")\n    return Bound(_two, _shares, lambda pair, b: [_gap(s, b, *pair)])\n\n\ndef _pools", "    return Bound(_two, _shares, lambda pair, b: [_gap(s, b, *pair)])\n\n\ndef _pools"),
        ("if s.n is None or not Fraction(1, 2) < e < 1:", "if s.n is None or not Fraction(1, 2) <= e < 1:"),
        ("if s.n is None or not Fraction(1, 2) < e < 1:", "if s.n is None or not Fraction(1, 3) < e < 1:"),
        ("if s.n is None or not Fraction(1, 2) < e < 1:", "if s.n is None or not Fraction(1, 2) < e <= 1:"),
        ("    n = s.n\n    convex(w, s)\n    zero", "    n = s.n\n    zero"),
        ("    w.value(zero, \"g(0)\")\n", "", "every bound evaluates g(0) as a number"),
        ("    _scales(w, s.g, e)\n    height", "    height"),
        ("height = minus(zero, one)", "height = zero"),
        ("minus(mul(pair[0], b), pair[1]))]", "mul(pair[0], b))]"),
        ("minus(add(*terms), level)), 1 / e)", "minus(add(*terms), level)), 2 * e)"),
        ("minus(add(*terms), level)), 1 / e)", "minus(add(*terms), add(level, level))), 1 / e)"),
        ("for k in range(2, n + 1):", "for k in range(3, n + 1):"),
        ("for k in range(2, n + 1):", "for k in range(2, n):"),
        ("for k in range(2, n + 1):", "for k in range(2, min(n, 3) + 1):"),
        ("(\"pow\", q(k), 1 - e)", "(\"pow\", q(k), Fraction(1))"),
        ("[mul(q(k - 2), power(tied))] if k > 2", "[mul(q(k - 3), power(tied))] if k > 2"),
        ("[mul(q(k - 2), power(tied))] if k > 2", "[mul(q(k - 2), power(tied))] if k > 3"),
        ("pool = add(power(tied, slope), power(tied, neg(slope)), *others)", "pool = add(power(tied), power(tied, neg(slope)), *others)"),
        ("pool = add(power(tied, slope), power(tied, neg(slope)), *others)", "pool = add(power(tied, slope), *others)"),
        ("out.append(minus(ONE, pool))", "out.append(minus(q(2), pool))"),
        ("return Bound(_two, list, line, more)", "return Bound(_two, lambda pair: [pair[0]], line, more)",
         "a level below 0 puts the pool of two labels, 2 (t - K)^(1/e) or more, above 1"),
        ("return Bound(_two, list, line, more)", "return Bound(_two, lambda pair: [pair[1]], line, more)"),
    ),
    *of(
        "../second_checker/rules.py",
        ("        shown += bound.more(witness)\n        for t, k in zip(shown", "        for t, k in zip(shown"),
        ("        for t, j in zip(more, k[3:], strict=True):\n            span.must(t, j, \"what a witness needs\")\n", ""),
        ("for side in [*bound.sides(witness), *bound.more(witness)]:", "for side in bound.sides(witness):"),
    ),
    *of(
        "../second_checker/spans.py",
        ("        if self.low is None or self.high is None:\n            return False\n        if not all(self.constants.nonneg", "        if not all(self.constants.nonneg",
         "an end that is None is no tree to be put: an error, not a proof"),
        ("for e in (self.low, self.high)):", "for e in (self.low,)):"),
        ("for e in (self.low, self.high)):", "for e in (self.high,)):"),
        ("bend = neg(derivative(slope, self.name))", "bend = derivative(slope, self.name)"),
        ("return self.prover.has_values(slope) and self.prover.nonneg(bend)", "return self.prover.has_values(slope)"),
    ),
    *of(
        "../second_checker/signs.py",
        ("constant = not has_variables(t)", "constant = True"),
        ("return y is not None and (y[0] > 0 if strict else y[0] >= 0)\n        name", "return y is not None and y[0] >= 0\n        name"),
        ("return t[0] == \"var\" or any(map(has_variables, parts(t)))", "return t[0] == \"var\""),
    ),
]  # fmt: skip
