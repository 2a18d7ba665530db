"""One page with sliders: T, Gamma and the worst-case distribution, in a browser, without a network.

The formulas that the page evaluates are printed from the symbolic engine's closed forms and from
the losses (`formulas`). For LDR losses, whose T has no closed form, the page searches worst cases
by itself; for cross-entropy with any costs it evaluates theorem 1 of docs/targets.md; tests compare
what it finds with the engines.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import sympy
from sympy import Expr
from sympy.printing.jscode import JavascriptCodePrinter

from hconsist.arithmetic import SYMPY
from hconsist.bounds import derive
from hconsist.hypotheses import Bounded
from hconsist.losses import LDR, CompSum
from hconsist.pointwise import beta_symbol

__all__ = ["BINARY", "SCRIPTS", "formulas", "page"]

_HERE = Path(__file__).parent
#: Spec strings of the binary losses on the page, and what they are called there.
BINARY = {
    "hinge": "hinge",
    "margin-logistic": "logistic",
    "exponential": "exponential",
    "squared-hinge": "squared hinge",
    "sigmoid:k=1": "sigmoid",
}
#: The parts of the page's script, in their order: values, general targets, pictures, controls.
SCRIPTS = ("values", "costs", "picture", "page")


class _Printer(JavascriptCodePrinter):  # type: ignore[misc]
    """JavaScript, with the two minima of the symbolic engine as calls into the page's script."""

    def _print_FiniteMinimum(self, node: Expr) -> str:  # noqa: N802 (SymPy's protocol)
        body, k, first, last = node.args
        inner = self._print(body)
        return (
            f"finiteMinimum(function ({k}) {{ return {inner}; }}, {self._print(first)}, "
            f"{self._print(last)})"
        )

    def _print_PoolMinimum(self, node: Expr) -> str:  # noqa: N802
        return f"poolMinimum({', '.join(self._print(a) for a in node.args)}).value"


def javascript(expression: sympy.Expr) -> str:
    """A closed form as a JavaScript expression.

    Examples
    --------
    >>> javascript(beta_symbol() ** 2 / 2)
    '(1/2)*Math.pow(beta, 2)'
    """
    return " ".join(str(_Printer().doprint(expression)).split())


@lru_cache(maxsize=1)
def formulas() -> dict[str, Any]:
    """In JavaScript: T of comp-sum losses in (tau, n, beta), exact and published; T of binary
    losses in (B, beta).

    And the LDR loss at lambda = 1 in (r, u), with r = e^c and u the softmax value.
    """
    tau = sympy.Symbol("tau", positive=True)
    n = sympy.Symbol("n", integer=True, positive=True)
    B = sympy.Symbol("B", positive=True)
    c, r, u = sympy.symbols("c r u", positive=True)
    ldr = LDR(lam=1, c=c).of_softmax(u, SYMPY).subs(sympy.exp(c), r)
    exact = derive(CompSum(tau), n).transform
    binary = {spec: derive(spec, 2, Bounded(B)).transform for spec in BINARY}
    return {
        "compSum": javascript(exact),
        "published": javascript(published(tau, n)),
        "ldr": javascript(ldr),
        "binary": {
            spec: {"name": BINARY[spec], "code": javascript(form)} for spec, form in binary.items()
        },
    }


def published(tau: Expr, n: Expr) -> Expr:
    """The published transformation of the comp-sum losses (Mao, Mohri, Zhong, ICML 2023) as one
    formula in tau and n.
    """
    b = beta_symbol()
    mean = (((1 + b) ** (1 / (2 - tau)) + (1 - b) ** (1 / (2 - tau))) / 2) ** (2 - tau)
    entropy = (1 + b) / 2 * sympy.log(1 + b) + (1 - b) / 2 * sympy.log(1 - b)
    return sympy.Piecewise(
        (entropy, sympy.Eq(tau, 1)),
        (2 ** (1 - tau) / (1 - tau) * (1 - mean), tau < 1),
        ((mean - 1) / ((tau - 1) * n ** (tau - 1)), tau < 2),
        (b / ((tau - 1) * n ** (tau - 1)), True),
    )


def page() -> str:
    """The page as one HTML document that loads nothing else.

    Examples
    --------
    >>> "<script src" in page() or "https:" in page()
    False
    """
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    script = "".join((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    found = formulas()
    cases = "".join(
        f"  {json.dumps(spec)}: {{ name: {json.dumps(entry['name'])}, T: function (B, beta) {{ "
        f"return {entry['code']}; }} }},\n"
        for spec, entry in found["binary"].items()
    )
    generated = (
        f"function compSum(tau, n, beta) {{ return {found['compSum']}; }}\n"
        f"function published(tau, n, beta) {{ return {found['published']}; }}\n"
        f"const BINARY = {{\n{cases}}};\n"
        f"function ldrLoss(r, u) {{ return {found['ldr']}; }}\n"
    )
    return template.replace("/*SCRIPT*/", generated + script)
