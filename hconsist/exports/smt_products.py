"""Claims about losses affine in the softmax value as linear SMT-LIB scripts.

The definition's unknowns are b, the probabilities p and the softmax values s; the regret of an
affine loss is a sum of products p_i s_i. Each product of an unknown of b, p with one of s becomes
an unknown of its own, and what is asserted of these are the products of the definition's own
inequalities and equalities, one about (b, p) with one about s. So each counterexample of the claim
satisfies the script: "unsat" proves the claim (no lemma is used); "sat" says nothing.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.checker import Tree
from hconsist.checker.reading import Fields
from hconsist.exports.smt import smt_term

#: A linear function: coefficients by name, "1" the constant.
Linear = dict[str, Fraction]


def affine(t: Tree, name: str) -> tuple[Fraction, Fraction] | None:
    """A tree as constant + slope times its variable, where it is written as one.

    Examples
    --------
    >>> affine(["add", "1", ["mul", "-1", "u"]], "u")
    (Fraction(1, 1), Fraction(-1, 1))
    >>> affine(["mul", "u", "u"], "u") is None
    True
    """
    if isinstance(t, str):
        return (Fraction(0), Fraction(1)) if t == name else (Fraction(t), Fraction(0))
    if t[0] not in ("add", "mul"):
        return None
    parts = [affine(a, name) for a in t[1:]]
    found = [x for x in parts if x is not None]
    if len(found) < len(parts):
        return None
    total = found[0]
    for constant, slope in found[1:]:
        if t[0] == "add":
            total = total[0] + constant, total[1] + slope
        elif total[1] and slope:
            return None
        else:
            total = total[0] * constant, total[0] * slope + total[1] * constant
    return total


def piecewise(t: Tree) -> bool:
    """Whether a claim in b is made of affine functions, maxima and cases."""
    if isinstance(t, str) or affine(t, "b") is not None:
        return True
    if t[0] == "ifle":
        return all(affine(a, "b") is not None for a in t[1:3]) and all(map(piecewise, t[3:]))
    if t[0] == "mul":
        numbers = [a for a in t[1:] if isinstance(a, str) and a != "b"]
        return len(numbers) >= len(t) - 2 and all(map(piecewise, t[1:]))
    return t[0] in ("add", "max") and all(map(piecewise, t[1:]))


def linear_script(statement: Fields) -> str | None:
    """The script, or None where it does not apply: a loss affine in the softmax value, all scores,
    the zero-one target, n given, ``T >= claim`` with a piecewise-linear claim.

    Examples
    --------
    >>> from hconsist.certificates import parse_claim, statement
    >>> from hconsist.pointwise import PointwiseProblem
    >>> problem = PointwiseProblem("mae", n_classes=3)
    >>> script = linear_script(statement(problem, *parse_claim("T >= b/3", 3)))
    >>> script.splitlines()[1]
    '(set-logic QF_LRA)'
    """
    loss, n, claim = statement["loss"], statement["classes"], statement["claim"]
    if loss["kind"] != "softmax" or n == "any" or claim["kind"] != "T >=":
        return None
    if statement["target"]["kind"] != "zero-one" or "scores" in statement["hypotheses"]:
        return None
    g = affine(loss["formula"], "u")
    if g is None or not piecewise(claim["formula"]):
        return None
    p, s = [[f"{letter}{i}" for i in range(1, n + 1)] for letter in "ps"]
    one = Fraction(1)
    whole_p, whole_s = ({"1": -one, **dict.fromkeys(names, one)} for names in (p, s))
    of_p: list[Linear] = [{"b": one}, {"1": one, "b": -one}, {"p1": one, "p2": -one, "b": -one}]
    of_p += [{name: one} for name in p] + [{"p1": one, name: -one} for name in p[1:]]
    of_s: list[Linear] = [{name: one} for name in s]
    of_s += [{"s2": one, name: -one} for name in s if name != "s2"]
    constant: Linear = {"1": one}
    lines = [f"; unsat proves T(b) >= claim(b) on [0, 1]: {loss['spec']}, n = {n}; x is a product"]
    lines += ["(set-logic QF_LRA)"]
    lines += [f"(declare-const {name} Real)" for name in ("b", *p, *s)]
    lines += [f"(declare-const {_name(x, y)} Real)" for x in ("b", *p) for y in s]
    lines += [f"(assert (>= {_product(f, h)} 0))" for f in (constant, *of_p)
              for h in (constant, *of_s)]  # fmt: skip
    lines += [f"(assert (= {_product(f, whole_s)} 0))" for f in (constant, *of_p)]
    lines += [f"(assert (= {_product(whole_p, h)} 0))" for h in (constant, *of_s)]
    # The risk less that of the best vertex, label 1: its sum of p_i is 1.
    regret = [f"(* {smt_term(str(g[1]))} {_name(x, y)})" for x, y in zip(p, s, strict=True)]
    best = f"(* {smt_term(str(-g[1]))} p1)"
    lines.append(f"(assert (< (+ {' '.join(regret)} {best}) {smt_term(claim['formula'])}))")
    return "\n".join([*lines, "(check-sat)", ""])


def _name(x: str, y: str) -> str:
    return f"x_{x}_{y}"


def _product(f: Linear, h: Linear) -> str:
    """The product of two linear functions, one of b and p, one of s."""
    terms = []
    for x, c in f.items():
        for y, d in h.items():
            name = y if x == "1" else x if y == "1" else _name(x, y)
            terms.append(f"(* {smt_term(str(c * d))} {name})")
    return f"(+ {' '.join(terms)})" if len(terms) > 1 else terms[0]
