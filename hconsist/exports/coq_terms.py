"""Formulas as terms of Coq over R, and the two shapes that proofs move between.

The *stated* shape has ``rpow x e`` for fractional powers and ``xlogx x``, which are right at 0 too
(proofs/Powers.v). The *smooth* shape has ``exp (e * ln x)`` and ``x * ln x``, right for x > 0,
which the tactics auto_derive and interval know.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker.trees import Tree
from hconsist.errors import EngineCannotAnswerError


def refuse(reason: str) -> EngineCannotAnswerError:
    """Why there is no script, or no proof: no script is better than an incomplete one."""
    return EngineCannotAnswerError("coq", reason, None)


def number(q: Fraction) -> str:
    """A rational number, in parentheses."""
    if q.denominator == 1:
        return str(q.numerator) if q >= 0 else f"({q.numerator})"
    return f"({q.numerator} / {q.denominator})"


def fractional(t: Tree) -> bool:
    """Whether a tree is a power with a fractional exponent."""
    return isinstance(t, list) and t[0] == "pow" and Fraction(str(t[2])).denominator != 1


def term(t: Tree) -> str:
    """A tree as a Coq term."""
    if isinstance(t, str):
        return t if t.isalpha() else number(Fraction(t))
    op = t[0]
    if op == "pow":
        e, base = Fraction(str(t[2])), term(t[1])
        if e.denominator != 1:
            return f"(rpow {base} {number(e)})"
        power = f"({base} ^ {abs(e.numerator)})"
        return power if e >= 0 else f"(/ {power})"
    if op == "ifle":
        test = f"Rle_dec {term(t[1])} {term(t[2])}"
        return f"(if {test} then {term(t[3])} else {term(t[4])})"
    parts = [term(a) for a in t[1:]]
    if op in ("add", "mul"):
        return f"({(' + ' if op == 'add' else ' * ').join(parts)})"
    name = {"exp": "exp", "log": "ln", "xlogx": "xlogx", "max": "Rmax"}.get(str(op))
    if name is None:
        raise refuse(f"no term for {op!r}")
    return f"({name} {' '.join(parts)})"


def smooth(t: Tree) -> Tree:
    """The smooth shape of a tree without cases and maxima."""
    if isinstance(t, str):
        return t
    if t[0] == "pow":
        base = smooth(t[1])
        if not fractional(t):
            return ["pow", base, t[2]]
        return ["exp", ["mul", t[2], ["log", base]]]
    if t[0] in ("max", "ifle"):
        raise refuse("a derivative of a formula with maxima or cases")
    parts = [smooth(a) for a in t[1:]]
    return ["mul", parts[0], ["log", parts[0]]] if t[0] == "xlogx" else [t[0], *parts]


def _smooth_power(t: Tree) -> bool:
    """Whether a tree is the smooth shape of a fractional power."""
    return bool(
        isinstance(t, list) and t[0] == "exp" and isinstance(t[1], list) and t[1][0] == "mul"
        and len(t[1]) == 3 and isinstance(t[1][1], str) and not t[1][1].isalpha()
        and isinstance(t[1][2], list) and t[1][2][0] == "log"
    )  # fmt: skip


def stated(t: Tree) -> Tree:
    """The stated shape of the fractional powers in a tree of the smooth shape."""
    if isinstance(t, str):
        return t
    if _smooth_power(t):
        return ["pow", stated(t[1][2][1]), t[1][1]]
    return [t[0], *(stated(a) for a in t[1:])]


def smooth_powers(t: Tree) -> list[tuple[Tree, str]]:
    """Bases (in the stated shape) and exponents of the smooth powers, inner ones first."""
    return [(stated(s[1][2][1]), str(s[1][1])) for s in subtrees(t) if _smooth_power(s)]


def subtrees(t: Tree) -> list[Tree]:
    """All lists in a tree, parts before wholes, each once."""
    found: list[Tree] = []

    def walk(s: Tree) -> None:
        if isinstance(s, list):
            for part in s[1:]:
                walk(part)
            if s not in found:
                found.append(s)

    walk(t)
    return found
