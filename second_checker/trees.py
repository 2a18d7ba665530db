"""Trees of the schema: what is a tree, its parts, derivative, and how it is printed.

A tree is a tuple whose first entry names it:

    ("q", r)  a rational r       ("var", name)              ("add", s, ...)   ("mul", s, ...)
    ("pow", s, r)  r rational    ("exp", s)  ("log", s)     ("xlogx", s)      ("max", s, t)
    ("ifle", c, s, t)  s where b <= c, t elsewhere

A tree *has a value* at a point when each of its parts has a finite real value there.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

Tree = tuple[Any, ...]

RATIONAL = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?", re.ASCII)
MOST_BITS, MOST_EXPONENT_BITS, MOST_DEEP, MOST_NODES = 1500, 400, 100, 20_000


class Rejected(Exception):  # noqa: N818
    """The file is not of the schema, or its proof is shown not to be one."""


class Undecided(Exception):  # noqa: N818
    """This program could not show what the file needs, or will not work so long."""


def q(value: int | Fraction | str) -> Tree:
    """A rational as a tree."""
    return ("q", Fraction(value))


ZERO, ONE, HALF = q(0), q(1), q(Fraction(1, 2))


def rational(text: Any) -> Fraction:
    """A rational string in lowest terms, and in the one way of writing it."""
    if not isinstance(text, str) or not RATIONAL.fullmatch(text):
        raise Rejected(f"not a rational string: {str(text)[:60]!r}")
    if len(text) > MOST_BITS:
        raise Undecided(f"a rational of {len(text)} characters: over the limit")
    value = Fraction(text)
    if str(value) != text:
        raise Rejected(f"not in lowest terms: {text!r}")
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise Undecided("a rational over the limit of 1500 bits")
    return value


def read(raw: Any, names: str, cases: bool = False) -> Tree:
    """A tree of the schema in the variables `names`."""
    nodes = 0

    def go(t: Any, depth: int) -> Tree:
        nonlocal nodes
        nodes += 1
        if depth > MOST_DEEP or nodes > MOST_NODES:
            raise Undecided("a formula over the limits")
        if isinstance(t, str):
            return ("var", t) if len(t) == 1 and t.isalpha() and t in names else q(rational(t))
        if not isinstance(t, list) or not t or not isinstance(t[0], str):
            raise Rejected(f"not a tree: {str(t)[:60]}")
        kind, parts = t[0], t[1:]
        if kind in ("add", "mul") and parts:
            return (kind, *(go(s, depth + 1) for s in parts))
        if kind in ("exp", "log", "xlogx") and len(parts) == 1:
            return (kind, go(parts[0], depth + 1))
        if kind == "max" and len(parts) == 2:
            return (kind, go(parts[0], depth + 1), go(parts[1], depth + 1))
        if kind == "pow" and len(parts) == 2:
            e = rational(parts[1])
            if e == 0:
                raise Rejected("the exponent 0")
            if max(e.numerator.bit_length(), e.denominator.bit_length()) > MOST_EXPONENT_BITS:
                raise Undecided("an exponent over the limit of 400 bits")
            return (kind, go(parts[0], depth + 1), e)
        if kind == "ifle" and cases and len(parts) == 4 and parts[0] == "b":
            cut = read(parts[1], "")
            return (kind, cut, go(parts[2], depth + 1), go(parts[3], depth + 1))
        raise Rejected(f"not a tree: {str(t)[:60]}")

    return go(raw, 0)


def parts(t: Tree) -> tuple[Tree, ...]:
    """The trees directly below."""
    return tuple(s for s in t[1:] if isinstance(s, tuple))


def rebuilt(t: Tree, change: Any) -> Tree:
    """The same tree with each tree directly below it changed."""
    return (t[0], *(change(s) if isinstance(s, tuple) else s for s in t[1:]))


def put(t: Tree, name: str, new: Tree) -> Tree:
    """t with a variable replaced; nothing is simplified, so no part is lost."""
    return new if t == ("var", name) else rebuilt(t, lambda s: put(s, name, new))


def add(*ts: Tree) -> Tree:
    """The sum."""
    return ("add", *ts)


def mul(*ts: Tree) -> Tree:
    """The product."""
    return ("mul", *ts)


def neg(t: Tree) -> Tree:
    """-t."""
    return ("mul", q(-1), t)


def minus(s: Tree, t: Tree) -> Tree:
    """s - t."""
    return ("add", s, neg(t))


def tidy(t: Tree) -> Tree:
    """t with rationals gathered and zeros left out: the same function wherever t has values, but it
    may have values where t has none. Only for derivatives, whose trees are ours to choose.
    """
    t = rebuilt(t, tidy)
    if t[0] == "add":
        flat = [s for p in t[1:] for s in (p[1:] if p[0] == "add" else (p,))]
        constant = sum((s[1] for s in flat if s[0] == "q"), Fraction(0))
        rest = [s for s in flat if s[0] != "q"] + ([q(constant)] if constant else [])
        return rest[0] if len(rest) == 1 else ("add", *rest) if rest else ZERO
    if t[0] == "mul":
        flat = [s for p in t[1:] for s in (p[1:] if p[0] == "mul" else (p,))]
        factor = Fraction(1)
        for s in flat:
            factor *= s[1] if s[0] == "q" else 1
        if not factor:
            return ZERO
        rest = ([q(factor)] if factor != 1 else []) + [s for s in flat if s[0] != "q"]
        return rest[0] if len(rest) == 1 else ("mul", *rest) if rest else ONE
    if t[0] == "pow":
        return ONE if t[2] == 0 else t[1] if t[2] == 1 else t
    return t


def derivative(t: Tree, x: str) -> Tree:
    """The derivative in x, right at each point of an open set where t and it have values. Trees
    with `max` or cases are refused: resolve them first.
    """
    return tidy(_derivative(t, x))


def _derivative(t: Tree, x: str) -> Tree:
    kind = t[0]
    if kind in ("q", "var"):
        return ONE if t == ("var", x) else ZERO
    if kind in ("max", "ifle"):
        raise Undecided("a derivative of a maximum that is not resolved")
    if kind == "add":
        return ("add", *(_derivative(s, x) for s in t[1:]))
    if kind == "mul":
        return ("add", *(("mul", *t[1:k], _derivative(t[k], x), *t[k + 1 :])
                         for k in range(1, len(t))))  # fmt: skip
    inner = tidy(_derivative(t[1], x))
    if kind == "pow":
        return ("mul", q(t[2]), ("pow", t[1], t[2] - 1), inner)
    if kind == "exp":
        return ("mul", t, inner)
    if kind == "log":
        return ("mul", ("pow", t[1], Fraction(-1)), inner)
    return ("mul", ("add", ("log", t[1]), ONE), inner)  # xlogx


def words(t: Tree) -> str:
    """A tree as a reader writes it."""
    kind = t[0]
    if kind == "q":
        return str(t[1])
    if kind == "var":
        return str(t[1])
    if kind == "add":
        return "(" + " + ".join(words(s) for s in t[1:]) + ")"
    if kind == "mul":
        return " * ".join(words(s) for s in t[1:])
    if kind == "pow":
        base = f"({words(t[1])})" if t[1][0] in ("mul", "pow") else words(t[1])
        return f"{base}^({t[2]})"
    if kind == "ifle":
        return f"[{words(t[2])} if b <= {words(t[1])}, else {words(t[3])}]"
    return f"{kind}({', '.join(words(s) for s in t[1:])})"
