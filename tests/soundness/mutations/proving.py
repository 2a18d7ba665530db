"""Mutations of the provers of facts: constants, directions and conditions."""

# ruff: noqa: E501  -- a table: one mutation a line
from __future__ import annotations

from tests.soundness.mutations.mutant import Mutant, of

MUTANTS: list[Mutant] = [
    *of(
        "losses/proving/known.py",
        ("return exponent + 2 if falls", "return exponent + 1 if falls"),
        ("(Sum({frozenset(rest): c})) == -3", "(Sum({frozenset(rest): c})) != 0"),
        ("joint[0] > 0 > slope", "0 > slope"),
        ("share * slope**2 / (2 * bend)", "share * slope**2 / bend"),
        ("not in (0, 3)", "not in (-3, 0, 3)"),
        ("even * sum_of(4 * kappa)", "even * sum_of(2 * kappa)"),
    ),
    *of(
        "losses/proving/curves.py",
        ("{0, 1, 2, 3}, \"the value\"", "{-1, 0, 1, 2, 3}, \"the value\""),
        ("found.growth > limits.FLAT and found.sign == -3", "found.growth > limits.FLAT and found.sign == 3"),
        ("        if sign != -3:", "        if sign == 3:"),
        ("found * sign < 0", "found * sign < -100"),
        ("    if gap != 0:", "    if gap == 3:"),
    ),
    *of(
        "losses/proving/signs.py",
        ("if total is None or sign * total < 0:", "if total is None:"),
        ("(e < 0 and abs(sign) < 3)", "False"),
        ("if a is None or b is None or a * b >= 0:", "if a is None or b is None:"),
        ("return 3 if abs(rate) >= 2 or least > 0 else 1", "return 3"),
        ("if least is not None and least >= 0:", "if least is not None:"),
        ("if most is not None and most <= 0:", "if most is not None:"),
        ("if left * right < 0 or middle is None:", "if middle is None:"),
    ),
    *of(
        "losses/proving/limits.py",
        ("rate, tau = square[_SQUARED], BALLS.pi() * 2", "rate, tau = -square[_SQUARED], BALLS.pi() * 2"),
        ("return (1 - tail).power(e)", "return tail.power(e)"),
        ("if all(term.growth < FLAT for term in", "if any(term.growth < FLAT for term in"),
        ("return Lead(near.growth, -near.coefficient)", "return near"),
    ),
    *of(
        "losses/proving/terms.py",
        ("return 3 if ball > 0 else -3 if ball < 0 else None", "return 3 if ball > 0 else -3"),
        ("(Atom(\"exp\", m), -c / 2)", "(Atom(\"exp\", m), -c)"),
    ),
    *of(
        "losses/proving/on_interval.py",
        ("        return 2 * self._ndtr(x, -limits", "        return 2 * self._ndtr(x, limits"),
        ("if self.interval.sign(value) != 3:", "if self.interval.sign(value) == -3:"),
        ("else y), self)\n\n    def minimum", "else x), self)\n\n    def minimum"),
        ("return sign < 0 or (sign == 0 and not strict)", "return sign <= 0"),
    ),
    *of(
        "losses/proving/scores.py",
        ("rising = e >= 1 and x.sign > 0", "rising = e >= 1"),
        ("_FLIP.get(right.curve, right.curve)", "right.curve"),
    ),
]  # fmt: skip
