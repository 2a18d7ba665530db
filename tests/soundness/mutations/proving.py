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
        ("if level == -slope * joint[0] else None", "if True else None"),
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
        ("return 3 if ball > 0 else -3 if ball < 0 else None", "return 3 if ball > 0 else -3"),
        ("if total is None or sign * total < 0:", "if total is None:"),
        ("(e < 0 and abs(sign) < 3)", "False"),
        ("if a is None or b is None or a * b >= 0:", "if a is None or b is None:"),
        ("return 3 if abs(rate) >= 2 or least > 0 else 1", "return 3"),
        ("if least is not None and least >= 0:", "if least is not None:"),
        ("if most is not None and most <= 0:", "if most is not None:"),
        ("if left * right < 0 or middle is None:", "if middle is None:"),
    ),
    *of(
        "losses/proving/scores.py",
        ("rising = e >= 1 and x.sign > 0", "rising = e >= 1"),
        ("_FLIP.get(right.curve, right.curve)", "right.curve"),
    ),
]  # fmt: skip
