"""Formulas as people write them."""

from __future__ import annotations

from hconsist.checker.trees import Tree

_SUM, _PRODUCT, _POWER, _ATOM = range(4)


def infix(t: Tree) -> str:
    """A tree in infix notation; powers as ^, cases with if.

    Examples
    --------
    >>> infix(["mul", "1/2", ["pow", ["add", "1", ["mul", "-1", "b"]], "2"]])
    '1/2*(1 - b)^2'
    """
    return _written(t)[0]


def _within(t: Tree, level: int) -> str:
    text, own = _written(t)
    return f"({text})" if own < level else text


def _written(t: Tree) -> tuple[str, int]:
    if isinstance(t, str):
        return t, _SUM if t.startswith("-") else _PRODUCT if "/" in t else _ATOM
    op = t[0]
    if op == "add":
        text = _within(t[1], _SUM)
        for part in t[2:]:
            term = _within(part, _SUM)
            if isinstance(part, list) and part[0] == "add":
                term = f"({term})"
            text += f" - {term[1:]}" if term.startswith("-") else f" + {term}"
        return text, _SUM
    if op == "mul":
        if len(t) > 2 and t[1] == "-1":
            inner = t[2] if len(t) == 3 else ["mul", *t[2:]]
            return "-" + _within(inner, _PRODUCT), _SUM
        parts = [t[1] if isinstance(t[1], str) else _within(t[1], _PRODUCT)]
        parts += [_within(a, _POWER if isinstance(a, str) else _PRODUCT) for a in t[2:]]
        return "*".join(parts), _SUM if parts[0].startswith("-") else _PRODUCT
    if op == "pow":
        exponent = t[2] if str(t[2]).isdigit() else f"({t[2]})"
        return f"{_within(t[1], _ATOM)}^{exponent}", _POWER
    if op == "ifle":
        return (
            f"({infix(t[3])} if {infix(t[1])} <= {infix(t[2])} else {infix(t[4])})", _ATOM
        )  # fmt: skip
    if op == "xlogx":
        inner = infix(t[1])
        return f"xlogx({inner})", _ATOM
    return f"{op}({', '.join(infix(a) for a in t[1:])})", _ATOM
