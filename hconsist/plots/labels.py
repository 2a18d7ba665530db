"""Names of losses in legends: words and mathematics, not spec strings."""

from __future__ import annotations

import re

from hconsist.errors import InvalidInputError
from hconsist.losses import parse_loss
from hconsist.losses.forms import OfMargin, OfSoftmax

_GREEK = {"lam": r"\lambda", "phi": r"\varphi"} | {
    name: "\\" + name for name in ("alpha", "beta", "gamma", "rho", "sigma", "mu", "nu", "tau")
}
#: Families whose one parameter is a formula, and the letter of its variable.
_FORMULAS: dict[str, tuple[str, type[OfSoftmax] | type[OfMargin]]] = {
    "softmax": ("u", OfSoftmax),
    "margin": ("v", OfMargin),
}
#: TeX that Matplotlib's own typesetting lacks.
_LACKING = r"\begin"


def legend_name(spec: str) -> str:
    r"""The name of a loss as a legend shows it, with its parameters set as mathematics.

    Parameters
    ----------
    spec : str
        As typed: a name of the catalogue with parameters, or a formula.

    Raises
    ------
    InvalidInputError
        For a spec string that names no loss.

    Examples
    --------
    >>> legend_name("gce:q=0.7"), legend_name("logistic")
    ('gce ($q = 0.7$)', 'logistic')
    >>> legend_name("softmax:1/u - log(u)")
    '$- \\log{\\left(u \\right)} + \\frac{1}{u}$'
    """
    name, _, rest = spec.partition(":")
    if name in _FORMULAS:
        return _formula(spec, name) or rest
    if not rest:
        return name
    parts = []
    for setting in re.split(r",(?![^\[(]*[\])])", rest):
        key, equals, value = setting.partition("=")
        if not equals:
            return spec
        letter = _GREEK.get(key, key if len(key) == 1 else rf"\mathrm{{{key}}}")
        number = re.fullmatch(r"[-+.\w/]*\d[-+.\w/]*", value)
        parts.append(f"${letter} = {value}$" if number else f"${letter}$ = {value}")
    return f"{name} ({', '.join(parts)})"


#: Targets by what a reader calls them.
_CALLED = {
    "abstain": "abstention",
    "cost": "a table of costs",
    "defer": "deferral",
    "ordinal": "ordinal labels",
    "weights": "label weights",
}


def target_name(spec: str) -> tuple[str, str]:
    r"""What is counted under a target, and the words that say which target it is.

    Examples
    --------
    >>> target_name("zero-one"), target_name("top-k:2")
    (('zero-one error', ''), ('top-2 error', ''))
    >>> target_name("abstain:c=0.25"), target_name("weights:3,2,1")
    (('cost', 'abstention ($c = 0.25$)'), ('cost', 'label weights (3, 2, 1)'))
    """
    name, _, rest = spec.partition(":")
    if name in ("zero-one", "top-k"):
        return f"{'top-' + rest if rest else name} error", ""
    called = _CALLED.get(name, name)
    if not rest or "[" in rest or len(rest) > 30:
        return "cost", called
    key, equals, value = rest.partition("=")
    if equals and len(key) == 1 and "," not in value:
        return "cost", f"{called} (${key} = {value}$)"
    return "cost", f"{called} ({rest.replace(',', ', ').replace('=', ' = ')})"


def _formula(spec: str, family: str) -> str:
    """A user's formula in TeX; empty where Matplotlib cannot set it."""
    import sympy

    from hconsist.arithmetic import SYMPY

    letter, form = _FORMULAS[family]
    loss = parse_loss(spec)
    held = loss.form(form, 2)
    curve = (
        held.g if isinstance(held, OfSoftmax) else held.phi if isinstance(held, OfMargin) else None
    )
    if curve is None:
        return ""
    symbol = sympy.Symbol(letter, real=True, **({"positive": True} if letter == "u" else {}))
    try:
        tex = str(sympy.latex(sympy.sympify(curve(symbol, SYMPY))))
    except (InvalidInputError, TypeError):
        return ""
    return "" if _LACKING in tex else f"${tex}$"
