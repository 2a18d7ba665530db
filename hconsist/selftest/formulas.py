"""Random formulas in the grammar of a user's own loss: some that a paper could hold, some that
break one thing (a kink, a flat piece, a jump, a pole, a feature that is narrow), some without any
sense.
"""

from __future__ import annotations

import math
import re

import numpy as np

Random = np.random.Generator

#: {c}, {k}, {q} are drawn: a number > 0, a place in the domain, an exponent.
_SOFTMAX = (
    "-log(u)", "(1-u)**2", "(1-u**({q}))/({q})", "1/u-1", "(1-u)**({q})", "1-u**2", "exp(-{c}*u)",
    "exp(1-u)-1", "-u*log(u)", "sqrt(1-u)", "-log(({c}+u)/(1+{c}))", "1/({c}+u)", "(1-u)*exp(-u)",
    "1-sqrt(u)", "log(1+{c}/u)", "-log(u)*(1-u)", "tanh({c}*(1-u))", "u**(-{q})", "(1-u)**2*exp(u)",
)  # fmt: skip
_MARGIN = (
    "exp(-{c}*v)", "log(1+exp(-{c}*v))", "Max(0,{c}-v)", "Max(0,1-v)**2", "1/(1+exp({c}*v))",
    "1-tanh({c}*v)", "({c}-v)**2", "sqrt({c}+v**2)-v", "Max(0,1-v)**3", "Min({c},Max(0,1-v))",
    "log(1+exp({c}-v))", "Max(0,-v)", "Abs({c}-v)", "erfc({c}*v)", "1-v/({c}+Abs(v))",
    "Max(0,1-v)**({q})",
)  # fmt: skip
#: Ways to put formulas {a} and {b} together; the first half keeps what a paper asks of a loss.
_MIXED = (
    "{a}", "{c}*({a})", "({a})+{c}*({b})", "({a})+({b})", "Max({a},{c}*({b}))",
    "({a})+{c}*Abs({x}-({k}))", "({a})+{c}*Max(0,({k})-{x})", "({a})+{c}*Max(0,({k})-{x})**2",
    "Max({a},{c})", "Min({a},{c})", "Min({a},{c}*({b}))", "({a})*({b})", "({a})**2",
    "({a})-{c}*{x}/4", "({a})-{c}*Abs({x}-({k}))", "({a})+{c}*Max(0,{x}-({k}))",
    "Piecewise(({a},{x}<{k}),({b},True))", "Piecewise(({a},{x}<={k}),(({a})+{c}-1/2,True))",
    "Piecewise(({a},{x}<{k}),({c},{x}<={k}+1/8),({b},True))",
)  # fmt: skip
_LINES = (
    "Max({c}*(1-{x}),{d}*(({k})-{x}))", "Max(1-2*{x},(1-{x})/{n})", "Abs({x}-({k}))",
    "Max({c}-{x},{d}*({c}-{x}),0)", "Max({c}-{n}*{x},{d}-{x},({k})-{x}/{n})",
    "Min(1,Max(0,{c}-{n}*{x}))", "Max(0,{c}-{x})+{d}*Max(0,({k})-{x})",
    "Piecewise(({c}-{x},{x}<{k}),({c}-({k}),True))",
)  # fmt: skip
_POLES = {
    "u": ("({a})-{c}*log(1-u)", "({a})+{c}/(1-u)", "({a})+{c}*u/(1-u)-u", "{c}/u+1/(1-u)"),
    "v": ("({a})+{c}/({d}+v**2)", "Piecewise((-1/v,v<-1),(1+{c}*v**2,True))",
          "({a})+exp(-{n}*v)", "({a})**3"),
}  # fmt: skip
_NARROW = (
    "({a})+{c}*Max(0,1-1000*Abs({x}-({k})))", "({a})-{c}*Max(0,1-1000*Abs({x}-({k})))/10",
    "({a})+{c}*tanh(500*({x}-({k})))", "({a})-{c}*tanh(500*({x}-({k})))/4",
    "({a})-{c}*exp(-(800*({x}-({k})))**2)/10", "({a})+{c}*sqrt(1/1000000+({x}-({k}))**2)",
    "Piecewise(({a},{x}<{k}),(({a})-{c}/10,{x}<({k})+1/1000),({a},True))",
    "({a})+{c}*log(1+exp(-1000*({x}-({k}))))/1000",
)  # fmt: skip
_NUMBER = re.compile(r"(-?)\b(sqrt\(2\)/2|sqrt\(2\)|\d+/\d+|\d+\.\d+|\d+)")


def draw(random: Random, items: tuple[str, ...]) -> str:
    """One of the items."""
    return items[int(random.integers(len(items)))]


def number(random: Random) -> str:
    """A number between 1/12 and 12."""
    if random.random() < 0.1:
        return draw(random, ("sqrt(2)/2", "0.37", "sqrt(2)", "1/50", "20"))
    return f"{int(random.integers(1, 13))}/{int(random.integers(1, 13))}"


def place(random: Random, variable: str) -> str:
    """A number in the domain of the variable."""
    if random.random() < 0.1:
        return "sqrt(2)/2" if variable == "u" else draw(random, ("0", "sqrt(2)", "-1"))
    whole = int(random.integers(2, 21))
    low, high = (1, whole) if variable == "u" else (-2 * whole, 2 * whole + 1)
    return f"{int(random.integers(low, high))}/{whole}"


def _fill(random: Random, shape: str, variable: str, **parts: str) -> str:
    return shape.format(
        x=variable, c=number(random), d=number(random), k=place(random, variable),
        n=int(random.integers(2, 6)), q=f"{int(random.integers(3, 31))}/10", **parts,
    )  # fmt: skip


def formula(random: Random, variable: str, depth: int = 2, narrow: bool = True) -> str:
    """A formula in ``u`` (a softmax value) or ``v`` (a margin); with features that are a thousandth
    wide, or steep, where ``narrow``.

    >>> import numpy as np
    >>> formula(np.random.default_rng(3), "v", depth=0)
    'Max(1-2*v,(1-v)/3)'
    """
    kind = random.random()
    if kind < 0.15:
        return _fill(random, draw(random, _LINES), variable)
    atoms = _SOFTMAX if variable == "u" else _MARGIN
    if not depth:
        return _fill(random, draw(random, atoms), variable)
    a = formula(random, variable, depth - 1, narrow)
    b = _fill(random, draw(random, atoms), variable)
    shapes = _POLES[variable] if kind < 0.24 else _NARROW if kind < 0.34 and narrow else _MIXED
    return _fill(random, draw(random, shapes), variable, a=a, b=b)


def spec(random: Random, classes: int) -> str:
    """A loss to ask about: mostly a formula, now and then one of the catalogue."""
    if random.random() < 0.12:
        return _catalogued(random)
    depth = int(random.integers(3))
    if classes == 2 and random.random() < 0.5:
        return "margin:" + formula(random, "v", depth)
    return "softmax:" + formula(random, "u", depth, narrow=classes == 2)


def knots(spec: str) -> list[float]:
    """Margins of two labels where something may happen: where the argument of the formula is one of
    the formula's own numbers.

    >>> [round(v, 3) for v in knots("margin:Max(0,1/4-v)+Abs(v-2)")]
    [-2.0, -0.25, 0.25, 2.0]
    >>> [round(v, 3) for v in knots("softmax:Abs(u-3/4)")]
    [-0.549, 0.549]
    """
    kind, _, text = spec.partition(":")
    if kind not in ("margin", "softmax"):
        return []
    found = set()
    for _, word in _NUMBER.findall(text):
        root = math.sqrt(2) if word.startswith("sqrt") else 1.0
        top, _, below = word.replace("sqrt(2)", "1").partition("/")
        value = root * float(top) / float(below or 1)
        if kind == "softmax" and 0 < value < 1:
            value = math.log(value / (1 - value)) / 2
        elif kind == "softmax" or value > 30:
            continue
        found |= {value, -value}
    return sorted(found - {0.0, -0.0})


def _catalogued(random: Random) -> str:
    q = int(random.integers(5, 100))
    return draw(
        random,
        (
            f"gce:q={q}/100", f"comp-sum:tau={q}/30", "logistic", "mae", "brier",
            f"focal:gamma={q}/20", f"agce:q={q}/30", f"aul:p={q}/20", f"ael:a={q}/20",
            f"comp-sum:tau={10000 + q}/10000",
        ),
    )  # fmt: skip
