"""Mutations of what is shown of a formula's operations, and of a curve at 0 and at 1."""

# ruff: noqa: E501  -- a table: one mutation a line
from __future__ import annotations

from tests.soundness.mutations.mutant import Mutant, of

MUTANTS: list[Mutant] = [
    *of(
        "losses/proving/invariance.py",
        ("return found.rate == 0, not ops.tells", "return found.rate is not None, not ops.tells"),
        ("return found.rate == 0, not ops.tells", "return found.rate == 0, True"),
        ("        if self.rate is None or right.rate is None:\n            return self._new(None,", "        if self.rate is None or right.rate is None:\n            return self._new(Fraction(0),"),
        ("return self._new(self.rate + right.rate,", "return self._new(self.rate,"),
        ("return self.__add__(-self.ops.value(other))", "return self.__add__(self.ops.value(other))"),
        ("        return self.ops.still(left, right)\n", "        return self.ops.still(right)\n"),
        ("        return self.ops.still(self, right)\n", "        return self.ops.still(right)\n"),
        ("left.rate * right.number, _wider", "left.rate, _wider"),
        ("return self * (1 / right.number)", "return self * right.number"),
        ("        if not isinstance(exponent, int | Fraction):\n            raise", "        if False:\n            raise"),
        ("            self.ops.tells = True", "            pass"),
        ("@dataclass(frozen=True, eq=False)", "@dataclass(frozen=True)"),
        ("Fraction(0) if all(v.rate == 0 for v in known)", "Fraction(0) if any(v.rate == 0 for v in known)"),
        ("if len(rates) == 1 else None", "if len(rates) >= 1 else None"),
        ("if x.shape[-1:] != (self.n,) or x.rate is None:", "if x.rate is None:"),
        ("return Moving(self, x.rate * terms, x.shape[:-1])", "return Moving(self, x.rate, x.shape[:-1])"),
        ("return self._sum(matrix, self.n - 1)", "return self._sum(matrix, self.n)"),
        ("return self.max(vector) * k", "return self.max(vector)"),
        ("return Moving(self, None if scores.rate is None else Fraction(0), scores.shape)", "return Moving(self, Fraction(0), scores.shape)"),
        ("None if scores.rate is None else Fraction(0), (self.n, self.n))", "Fraction(0), (self.n, self.n))"),
        ("        self.tells = True\n        return", "        return"),
        ("Moving(self, None if both.rate is None else Fraction(0), both.shape)", "Moving(self, Fraction(0), both.shape)"),
        ("values.rate if kept else None, values.shape", "values.rate, values.shape"),
    ),
    *of(
        "arithmetic/opaque.py",
        ("raise _error(\"a question of Python\", _ASK)  # ==", "return NotImplemented"),
        ("    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__", "    __lt__ = __le__ = __gt__ = __ge__ = __eq__", "!= asks __eq__, which refuses"),
        ("    def __bool__(self)", "    def truth(self)"),
        ("    def __hash__(self)", "    __hash__ = object.__hash__\n\n    def number(self)"),
        ("    __int__ = __index__ = __round__ = __float__", "    pass"),
        ("    def __array__(self", "    def array(self"),
        ("if how == \"__call__\" and reflected", "if reflected"),
        ("and inputs[-1] is self and not options", "and not options"),
        ("is self and not options", "is self"),
        ("np.subtract: \"__rsub__\"", "np.subtract: \"__radd__\""),
        ("np.true_divide: \"__rtruediv__\"", "np.true_divide: \"__rmul__\""),
    ),
    *of(
        "losses/proving/on_interval.py",
        ("@dataclass(frozen=True, eq=False)", "@dataclass(frozen=True)"),
    ),
    *of(
        "losses/proving/curves.py",
        ("is_finite() and not _one_case_from_zero(curve):", "is_finite() and False:"),
        ("_NEAR_ZERO = Fraction(1, 2**64)", "_NEAR_ZERO = Fraction(0)"),
        ("        if constant_sign(limits.at(formulas[-1], end) - value_at(curve.term, end)) != 0:", "        if False:"),
        ("for branch in branches for part in branch))) > 1:", "for branch in branches for part in branch))) > 2:"),
        ("if (first - here).is_zero or (found is not None and found.growth < limits.FLAT)", "if (first - here).is_zero or found is not None"),
    ),
]  # fmt: skip
