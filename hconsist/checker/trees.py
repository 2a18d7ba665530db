"""Formulas as trees: grammar, substitution, derivative.

A tree is the string of a rational in lowest terms ("3/2"), a variable (one letter), or a list::

    ["add", s, t, ...]      ["mul", s, t, ...]      ["pow", t, "3/2"]  (exponent rational, not 0)
    ["exp", t]              ["log", t]              ["xlogx", t]  (t log t, and 0 at t = 0)
    ["max", s, t]           ["ifle", "b", c, s, t]  (s where b <= c, else t; c has no variable)

**Value.** A tree *has a value* at a point when every subtree has a finite real value there:
``log t`` needs t > 0; ``xlogx t`` needs t >= 0; ``t^e`` needs t != 0 for a whole e < 0, t >= 0 for
another e > 0, and t > 0 for another e < 0; nothing is cancelled first. So (x - 1)/(x - 1) has no
value at 1, and 0 * log 0 has none.

**Lemma 1 (continuity).** A tree without cases is continuous on the set of points where it has a
value. *Proof.* Each operation is continuous on its own domain as just given (t^e with e > 0 and
xlogx on [0, inf), max everywhere), and compositions of continuous maps are continuous.

**Lemma 2 (derivative).** Let a tree t without cases, and the tree d that `derivative` returns, both
have a value at every point of an open interval. Then t is differentiable there, with derivative d.
*Proof* by induction over t. The chain and product rules apply where each part is differentiable.
What could fail is a fractional power at base 0 or xlogx at 0 (d then contains a negative power or
a logarithm of the base, which has no value there) and a maximum at a tie (d contains the power
-1/2 of a square that is 0). Where `derivative` leaves such a part out, it does so because a
factor is literally "0": the derivative tree of a part that is literally "0" means, by induction,
that the part is constant on the interval, and a product with a literal factor "0" is 0.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from hconsist.checker.limits import (
    BITS,
    BUILT_NODES,
    DEPTH,
    EXPONENT,
    NODES,
    Rejected,
    need,
    spend,
    within,
)

#: A string, or a list of a name and trees.
Tree: TypeAlias = "str | Sequence[Tree]"
#: Operands of each operation; "add" and "mul" take one or more.
ARITY = {"exp": 1, "log": 1, "xlogx": 1, "max": 2, "pow": 2, "ifle": 4}
_RATIONAL = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")


@functools.lru_cache(maxsize=8192)
def _rational(text: str) -> Fraction:
    within(len(text), BITS, "digits of a number")
    need(_RATIONAL.fullmatch(text) is not None, f"not a rational in lowest terms: {text!r:.60}")
    value = Fraction(text)
    need(str(value) == text, f"not a rational in lowest terms: {text!r:.60}")
    within(max(value.numerator.bit_length(), value.denominator.bit_length()), BITS, "bits")
    return value


def rational(text: object) -> Fraction:
    """The number that a string in lowest terms is; anything else is rejected."""
    if not isinstance(text, str):
        raise Rejected(f"not a rational in lowest terms: {text!r:.60}")
    return _rational(text)


def exponent(text: object) -> Fraction:
    """An exponent: a rational, not 0, of bounded size."""
    e = rational(text)
    need(e != 0, "an exponent is 0")
    within(max(abs(e.numerator), e.denominator), EXPONENT, "size of an exponent")
    return e


def check_tree(t: Tree, *variables: str, cases: bool = False) -> None:
    """Reject what is not a tree of the grammar in the given variables.

    Parameters
    ----------
    t : Tree
    *variables : str
        The letters that may stand in it.
    cases : bool
        Whether "ifle" is allowed; its condition must then compare "b" with a tree of no variable.
    """
    left = NODES

    def walk(s: Tree, depth: int) -> None:
        nonlocal left
        left -= 1
        within(depth, DEPTH, "nesting of a formula")
        within(NODES - left, NODES, "nodes of a formula")
        if isinstance(s, str):
            if s not in variables:
                rational(s)
            return
        if not (isinstance(s, list) and len(s) > 1 and isinstance(s[0], str)):
            raise Rejected(f"not an expression: {s!r:.60}")
        op, parts = s[0], s[1:]
        need(
            op in ("add", "mul") or ARITY.get(op) == len(parts),
            f"not an expression: {s!r:.60}",
        )
        if op == "pow":
            exponent(parts[1])
            parts = parts[:1]
        if op == "ifle":
            need(cases, "a case stands where none is allowed")
            need(parts[0] == "b", "a case must compare b with a number")
            check_tree(parts[1])
            parts = parts[2:]
        for part in parts:
            walk(part, depth + 1)

    walk(t, 1)


def size(t: Tree) -> int:
    """The number of nodes; `OverLimit` beyond what a rule may build."""
    count, stack = 0, [t]
    while stack:
        s = stack.pop()
        count += 1
        if isinstance(s, list):
            stack.extend(s[1:])
        within(count, BUILT_NODES, "nodes of a formula that a rule builds")
    return count


def put(t: Tree, name: str, value: Tree) -> Tree:
    """Substitute a tree for a variable."""
    spend(1)
    if isinstance(t, list):
        return [t[0], *(put(a, name, value) for a in t[1:])]
    return value if t == name else t


def add(*terms: Tree) -> Tree:
    """Sum; terms that are literally "0" are left out."""
    kept = [t for t in terms if t != "0"]
    return ["add", *kept] if len(kept) > 1 else kept[0] if kept else "0"


def mul(*factors: Tree) -> Tree:
    """Product; factors that are literally "1" are left out, and one that is "0" makes it "0"."""
    kept = [t for t in factors if t != "1"]
    if "0" in kept:
        return "0"
    return ["mul", *kept] if len(kept) > 1 else kept[0] if kept else "1"


def minus(s: Tree, t: Tree) -> Tree:
    """Difference."""
    return add(s, mul("-1", t))


def power(t: Tree, e: Fraction) -> Tree:
    """Power, also with exponent 0 or 1."""
    return "1" if e == 0 else t if e == 1 else ["pow", t, str(e)]


def derivative(t: Tree, name: str) -> Tree:
    """The derivative as a tree, which has no value where a maximum ties; see lemma 2."""
    spend(1)
    if isinstance(t, str):
        return "1" if t == name else "0"
    op, a = t[0], t[1]
    if op == "add":
        return add(*(derivative(x, name) for x in t[1:]))
    if op == "mul":
        inner = [derivative(x, name) for x in t[1:]]
        return add(*(mul(*t[1:i], inner[i - 1], *t[i + 1 :]) for i in range(1, len(t))))
    d = derivative(a, name)
    if op == "pow":
        e = exponent(t[2])
        return mul(str(e), power(a, e - 1), d)
    if op == "exp":
        return mul(t, d)
    if op == "log":
        return mul(["pow", a, "-1"], d)
    if op == "xlogx":
        return mul(["add", "1", ["log", a]], d)
    need(op == "max", f"no derivative of {op!r}")
    # (s + t)/2 + |s - t|/2, and the derivative of |y| is y (y^2)^(-1/2) where y is not 0.
    f = derivative(t[2], name)
    side = minus(a, t[2])
    size_of_side = ["pow", ["mul", side, side], "-1/2"]
    return mul("1/2", add(d, f, mul(side, size_of_side, minus(d, f))))
