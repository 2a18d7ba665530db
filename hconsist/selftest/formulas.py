"""Random formulas in the grammar of a user's own loss: some that a paper could hold, some that
break one thing, some without any sense.
"""

from __future__ import annotations

import numpy as np

Random = np.random.Generator

_SOFTMAX = (
    "-log(u)", "1-u", "(1-u)**2", "(1-u**(7/10))/(7/10)", "1/u-1", "(1-u)**(3/2)", "1-u**2",
    "exp(-u)", "exp(1-u)-1", "-u*log(u)", "sqrt(1-u)", "-log((1+u)/2)", "1/(1+u)", "(1-u)*exp(-u)",
    "1-sqrt(u)", "log(1+1/u)", "-log(u)*(1-u)", "tanh(1-u)", "u**(-1/2)",
)  # fmt: skip
_MARGIN = (
    "exp(-v)", "log(1+exp(-v))", "Max(0,1-v)", "Max(0,1-v)**2", "1/(1+exp(v))", "1-tanh(v)",
    "(1-v)**2", "exp(-v/3)", "log(1+exp(-2*v))", "sqrt(1+v**2)-v", "Max(0,1-v)**3",
    "Min(1,Max(0,1-v))", "log(1+exp(1-v))", "Max(0,-v)", "exp(-2*v)", "Abs(1-v)", "erfc(v)",
    "1-v/(1+Abs(v))",
)  # fmt: skip
_NUMBERS = ("1/10", "1/3", "1/2", "2/3", "9/10", "1", "3/2", "2", "3", "0.37", "5/7", "sqrt(2)/2")
_INSIDE = {"u": ("1/4", "1/3", "1/2", "2/3", "3/4", "0.9", "sqrt(2)/2"),
           "v": ("-2", "-1", "-1/2", "0", "1/3", "1", "2", "sqrt(2)")}  # fmt: skip


def draw(random: Random, items: tuple[str, ...]) -> str:
    """One of the items."""
    return items[int(random.integers(len(items)))]


def formula(random: Random, variable: str, depth: int = 2) -> str:
    """A formula in ``u`` (a softmax value) or ``v`` (a margin).

    >>> import numpy as np
    >>> formula(np.random.default_rng(3), "v", depth=0) in _MARGIN
    True
    """
    atoms = _SOFTMAX if variable == "u" else _MARGIN
    kind = int(random.integers(14)) if depth else 0
    a = formula(random, variable, depth - 1) if depth else draw(random, atoms)
    if kind <= 2:
        return a if kind == 0 or not depth else f"{draw(random, _NUMBERS)}*({a})"
    b = draw(random, atoms)
    c, inside = draw(random, _NUMBERS), draw(random, _INSIDE[variable])
    return (
        f"({a})+{c}*({b})",
        f"({a})+({b})",
        f"Max({a},{c}*({b}))",
        f"Min({a},{c}*({b}))",
        f"({a})+{c}*Abs({variable}-({inside}))",
        f"({a})+{c}*Max(0,{inside}-{variable})",
        f"Piecewise(({a},{variable}<{inside}),({b},True))",
        f"Piecewise(({a},{variable}<={inside}),(({a})+{c}-1/2,True))",
        f"({a})*({b})",
        f"({a})-{c}*{variable}/4",
        f"({a})**2",
    )[kind - 3]


def spec(random: Random, classes: int) -> str:
    """A loss to ask about: mostly a formula, now and then one of the catalogue."""
    if random.random() < 0.12:
        return _catalogued(random)
    if classes == 2 and random.random() < 0.6:
        return "margin:" + formula(random, "v", int(random.integers(3)))
    return "softmax:" + formula(random, "u", int(random.integers(3)))


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
