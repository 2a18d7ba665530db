"""Limits of a tree at an infinite score, as trees without variables.

**Lemma 3.** Let a tree t in one variable v have a value for every v (in a neighbourhood of the
infinity in question). If `limit` returns a tree L, then L has a value and t(v) -> L; if it returns
"inf" or "-inf", then t(v) tends there. *Proof* by induction over t: the limits of the parts, in the
extended reals, are combined only where the operation is continuous at them: sums without inf - inf,
products without 0 * inf, powers and logarithms away from the ends of their domains (or at base 0
from the right, where a fractional power is meant and the tree has values near by), exp at both
infinities, maxima always.
"""

from __future__ import annotations

from hconsist.checker.algebra import is_zero
from hconsist.checker.enclosures import enclose
from hconsist.checker.limits import Rejected, need
from hconsist.checker.trees import Tree, exponent

INFINITE = ("inf", "-inf")


def _sign(t: Tree) -> int:
    """The sign of a limit: of an infinity, or of a number, which must be decided."""
    if t in INFINITE:
        return 1 if t == "inf" else -1
    x = enclose(t, {})
    if bool(x == 0) or is_zero(t):
        return 0
    need(not x.contains(0), "the sign of a limit is not decided")
    return 1 if x > 0 else -1


def limit(t: Tree, name: str, end: str) -> Tree:
    """The limit of a tree as its variable tends to "inf" or "-inf".

    Raises
    ------
    Rejected
        Where the rules of lemma 3 do not give one.
    """
    if isinstance(t, str):
        return end if t == name else t
    op = t[0]
    if op == "pow":
        return _power(limit(t[1], name, end), t[2])
    parts = [limit(a, name, end) for a in t[1:]]
    infinite = [p for p in parts if p in INFINITE]
    if not infinite:
        result = [op, *parts]
        enclose(result, {})
        return result
    if op == "add":
        need(len(set(infinite)) == 1, "a limit of the form inf - inf")
        return infinite[0]
    if op == "mul":
        signs = [_sign(p) for p in parts]
        need(0 not in signs, "a limit of the form 0 * inf")
        return "inf" if signs.count(-1) % 2 == 0 else "-inf"
    if op == "max":
        finite = [p for p in parts if p not in INFINITE]
        return "inf" if "inf" in infinite else finite[0] if finite else "-inf"
    if op == "exp":
        return "inf" if parts[0] == "inf" else "0"
    need(op in ("log", "xlogx") and parts[0] == "inf", f"no limit of {op!r}")
    return "inf"


def _power(base: Tree, text: Tree) -> Tree:
    e = exponent(text)
    if base not in INFINITE:
        result = ["pow", base, text]
        enclose(result, {})
        return result
    if base == "-inf":
        need(e.denominator == 1, "a fractional power of -inf")
    if e < 0:
        return "0"
    return "-inf" if base == "-inf" and e.numerator % 2 else "inf"


def finite_limit(t: Tree, name: str, end: str) -> Tree:
    """`limit`, which must be a number."""
    result = limit(t, name, end)
    if result in INFINITE:
        raise Rejected("the loss has no finite limit at an infinite score")
    return result
