"""Mutations of the rigorous engine and of derivatives in balls: constants, directions, conditions."""

# ruff: noqa: E501  -- a table: one mutation a line
from __future__ import annotations

from tests.soundness.mutations.mutant import Mutant, of

MUTANTS: list[Mutant] = [
    *of(
        "engines/rigorous/risk.py",
        ("lowest.min(d)", "lowest.max(d)"),
        ("(upper + lowest - shift, upper)", "(upper - lowest - shift, upper)"),
        ("values[others[0]] * size > total", "values[others[0]] * size < total"),
        ("BALLS.const(p * count) * term", "BALLS.const(p) * term"),
        ("shift = shift + d * BALLS.const(s * count)", "shift = shift + d * BALLS.const(s)"),
    ),
    *of(
        "engines/rigorous/binary.py",
        ("+ s1 * s2 * BALLS.const(y2 - y1)) / (s2 - s1)", ") / (s2 - s1)"),
        ("(s2 * r1 - s1 * r2", "(s2 * r2 - s1 * r1"),
        ("self.value(BALLS.const(y1)) + s1 * BALLS.const(wall - y1)", "self.value(BALLS.const(y1))"),
        ("self.slope(wall) <= 0", "self.slope(wall) >= 0"),
        ("self.phi(-x, BALL_JETS) * BALLS.const(self.down)", "self.phi(x, BALL_JETS) * BALLS.const(self.down)"),
        ("            if s1 <= 0 and s2 >= 0 and s2 - s1 > 0:", "            if s2 - s1 > 0:"),
    ),
    *of(
        "engines/rigorous/box.py",
        ("BALLS.const(2 * bound)", "BALLS.const(bound)"),
        ("low = 1 / (k * self.ratio + (n - k))", "low = 1 / (k * self.ratio + n)"),
        ("least = at if least is None else least.min(at)", "least = at"),
        ("return offset + least, self._inside(", "return offset, self._inside("),
    ),
    *of(
        "engines/rigorous/regions.py",
        ("BALLS.const(2 * m) * (tied - split)", "BALLS.const(4 * m) * (tied - split)"),
        ("m = max((v[0] + v[1]) / 2 for v in simplex.vertices)", "m = min((v[0] + v[1]) / 2 for v in simplex.vertices)"),
        ("BALLS.const(2) / mass, self.tau - 1", "mass / BALLS.const(2), self.tau - 1"),
    ),
    *of(
        "engines/rigorous/constrained.py",
        ("BALLS.const((1 - p) * count) * term", "BALLS.const(p * count) * term"),
        ("+ s1 * s2 * BALLS.const(y2 - y1)) / (s2 - s1)", ") / (s2 - s1)"),
        ("BALLS.const(w) * jet.v - BALLS.const(mu * y)", "BALLS.const(w) * jet.v"),
    ),
    *of(
        "engines/rigorous/methods/concave.py",
        ("known(form.g, \"concave\", \"non-increasing\", \"continuous at 0\")", "known(form.g, \"continuous at 0\")"),
        ("min(Fraction(1), k * top - beta)", "min(Fraction(1), k * top)"),
        ("lowest = low if lowest is None else min(lowest, low)", "lowest = low if lowest is None else max(lowest, low)"),
    ),
    *of(
        "engines/rigorous/methods/one_margin.py",
        ("lower = wrong[0] - min(right[1], wrong[1])", "lower = wrong[1] - min(right[0], wrong[0])"),
    ),
    *of(
        "engines/rigorous/supports.py",
        ("offset = max(wanted.slope * beta - low for", "offset = min(wanted.slope * beta - low for"),
        ("endpoints((backward - forward) / 2)[0]", "endpoints(backward - forward)[0]"),
        ("low = min(low, tied - endpoints", "low = max(low, tied - endpoints"),
    ),
    *of(
        "engines/rigorous/transport.py",
        ("if k != y else BALLS.const(0)", "if k == y else BALLS.const(0)"),
    ),
    *of(
        "engines/rigorous/plugin.py",
        ("BALLS.const(lam * (self.beta - self.top)) - BALLS.log(BALLS.const(most))",
         "BALLS.const(lam * (self.beta - self.top)) + BALLS.log(BALLS.const(most))"),
        ("mu = [max(Fraction(float(v)), Fraction(0))", "mu = [abs(2 * Fraction(float(v)))"),
        ("        if found is None and min(combined) > 0:", "        if found is None:"),
    ),
    *of(
        "arithmetic/derivatives.py",
        ("self._derivative(conditions, seconds, False)", "self._derivative(conditions, seconds, continuous)"),
    ),
    *of(
        "engines/rigorous/pairs.py",
        ("        if box.d2.is_finite():  # no kink inside", "        if True:  # no kink inside"),
    ),
    *of(
        "engines/rigorous/methods/two_labels.py",
        ("(left, c.middle) if self.top == 0 else (c.middle, right)", "(c.middle, right) if self.top == 0 else (left, c.middle)"),
        ("            bounds.append(min(ends))", "            bounds.append(max(ends))"),
        ("BALLS.const(2 * bound) / BALLS.const(form.temperature)", "BALLS.const(bound) / BALLS.const(form.temperature)"),
        ("return (up, down) if self.top == 0 else (down, up)", "return (down, up) if self.top == 0 else (up, down)"),
        ("tops = (0,) if keeps(question.problem.surrogate.losses, 2)[1] else (0, 1)", "tops = (0,)"),
        ("zip(weights, (c, 1 - a), strict=True)", "zip(weights, (a, 1 - c), strict=True)"),
        ("if softmax is None or not softmax.g.fact(\"non-increasing\").proven:", "if softmax is None:"),
        ("parts, todo, low = 0, [(beta, Fraction(1))], wrong.low - best.high", "parts, todo, low = 0, [], wrong.low - best.high"),
    ),
    *of(
        "engines/rigorous/methods/two_likely.py",
        ("min(self._lowest(first, other, width), self._lowest(other, first, width))", "self._lowest(first, other, width)"),
    ),
    *of(
        "engines/rigorous/methods/vanishing.py",
        ("if high is None or high > Fraction(1, 10**9):", "if high is None:"),
        ("if form is None or question.bound is not None or question.n - question.k < 2:", "if form is None or question.n - question.k < 2:"),
    ),
]  # fmt: skip
