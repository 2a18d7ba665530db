"""Lemmas of Coq for the small facts of a certificate: signs on a piece, numbers, continuity."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from hconsist.checker.limits import Rejected
from hconsist.checker.obligations import Number, Sign, discharge
from hconsist.checker.trees import Tree, derivative, put
from hconsist.exports.coq_forms import Form, Steps
from hconsist.exports.coq_terms import (
    fractional,
    number,
    refuse,
    smooth,
    smooth_powers,
    stated,
    subtrees,
    term,
)

#: Positivity of a base, in the context of a piece or of a number.
SIDE = "first [lra | solve [pos] | nra | interval with (i_prec 60)]"
#: A sign by enclosures.
ENCLOSE = (
    "first [interval with (i_bisect x, i_prec 60) "
    "| interval with (i_bisect x, i_autodiff x, i_depth 20, i_prec 80)]"
)


def rational(t: Tree) -> Fraction:
    """An end of a piece, which must be a rational number."""
    if not isinstance(t, str):
        raise refuse("a piece that ends at a number which is not rational")
    return Fraction(t)


def exact(t: Tree) -> Fraction:
    """The value of a tree of rationals, sums, products and whole powers."""
    if isinstance(t, str):
        return rational(t)
    if t[0] == "pow" and not fractional(t):
        return Fraction(exact(t[1]) ** int(str(t[2])))
    if t[0] not in ("add", "mul"):
        raise refuse("a piece that ends at a number which is not rational")
    parts = [exact(a) for a in t[1:]]
    return sum(parts, Fraction(0)) if t[0] == "add" else math.prod(parts, start=Fraction(1))


def box(o: Sign) -> tuple[Fraction, Fraction | None]:
    """The ends of a piece."""
    return rational(o.low), None if o.high == "inf" else rational(o.high)


def inside(x: str, low: Fraction, high: Fraction | None) -> str:
    """The hypothesis that x lies in the piece."""
    if high is None:
        return f"{number(low)} < {x}"
    return f"{number(low)} < {x} < {number(high)}"


def to_smooth(t: Tree) -> list[str]:
    """Rewrite the stated shape of the goal to the smooth one, from the inside out."""
    lines = []
    for s in subtrees(t):
        if fractional(s):
            base, e = term(smooth(s[1])), number(Fraction(str(s[2])))
            lines.append(f"rewrite ?(rpow_exp {base} {e}) by ({SIDE}).")
        elif s[0] == "xlogx":
            lines.append(f"rewrite ?(xlogx_product {term(smooth(s[1]))}) by ({SIDE}).")
    return lines


def to_stated(t: Tree) -> list[str]:
    """Rewrite smooth powers in the goal to the stated shape, from the inside out."""
    return [
        f"rewrite <- ?(rpow_exp {term(base)} {number(Fraction(e))}) by ({SIDE})."
        for base, e in smooth_powers(t)
    ]


def algebraic(t: Tree, low: Fraction, high: Fraction | None, strict: bool = False) -> list[str]:
    """Steps that show a tree >= 0 (> 0) by its normal form."""
    shape = stated(t)
    try:
        form = Form(low, high, shape)
    except Rejected as problem:
        raise refuse(f"no normal form: {problem}") from problem
    return [*to_stated(t), *Steps(form, shape).at_least_zero(strict)]


def identity(
    t: Tree, low: Fraction = Fraction(0), high: Fraction | None = Fraction(1)
) -> list[str]:
    """Steps that show a tree = 0 by its normal form."""
    form = Form(low, high, t)
    if not form.zero:
        raise refuse("an identity that the algebra does not show")
    return Steps(form, t).vanishes()


def constant(t: Tree, strict: bool = False) -> list[str]:
    """Steps that show a tree without variables >= 0 (> 0)."""
    try:
        shape = stated(t)
        form = Form(Fraction(0), Fraction(0), shape)
        if not strict and form.zero:
            return [*to_stated(t), *Steps(form, shape).at_least_zero()]
    except Rejected:
        pass
    cases = "| solve [unfold Rmax; repeat destruct Rle_dec; lra] " if "max" in str(t) else ""
    enclosed = "interval with (i_prec 60) | interval with (i_prec 160)"
    return [*to_smooth(t), f"first [lra {cases}| {enclosed}]."]


def sign_lemma(name: str, o: Sign) -> list[str]:
    """A lemma that says what a sign obligation says, with its proof."""
    x, (low, high) = o.variable, box(o)
    kind, _, steps = o.method.partition(":")
    relation = "<" if o.strict else "<="
    head = f"forall {x}, {inside(x, low, high)} -> 0 {relation} "
    lemma = [f"Lemma {name} : {head}{term(o.term)}."]
    if not has(o.term, x):
        body = constant(o.term, o.strict)
        return [*lemma, "Proof.", f"intros {x} Hx.", *body, "Qed.", ""]
    if kind == "algebra" and steps == "0" and _rather_by_balls(o):
        kind = "balls"
        o = replace(o, method="balls:0")
    if kind == "balls" and (largest := first_maximum(o.term)) is not None:
        return _by_cases(name, o, largest)
    if kind == "algebra" and steps == "0":
        body = algebraic(o.term, low, high, o.strict)
        return [*lemma, "Proof.", f"intros {x} Hx.", *body, "Qed.", ""]
    rungs = [smooth(o.term)]
    for _ in range(int(steps)):
        rungs.append(derivative(rungs[-1], x))
    within = f"{number(low)} <= {x}" + (f" <= {number(high)}" if high is not None else "")
    closed = f"assert ({within}) as Hc by lra."
    if o.strict and high is None:
        raise refuse("a ladder with a strict sign and without an end")
    rung = "rung_strict" if o.strict else "rung" if high is not None else "rung_up"
    ends = number(low) + (f" {number(high)}" if high is not None else "")
    lines: list[str] = []
    last = len(rungs) - 1
    for k in range(last, -1, -1):
        lines.append(f"Lemma {name}_{k} : {head}{term(rungs[k])}.")
        lines += ["Proof.", f"intros {x} Hx."]
        if k == last:
            found = algebraic(rungs[k], low, high, o.strict) if kind == "algebra" else [
                closed, ENCLOSE.replace("i_bisect x", f"i_bisect {x}")
                .replace("i_autodiff x", f"i_autodiff {x}") + "."]  # fmt: skip
            lines += found
        else:
            f, g = (f"(fun {x} => {term(rungs[j])})" for j in (k, k + 1))
            steps_of_rung = [
                f"apply ({rung} {f} {g} {ends});",
                f"[| | |exact {name}_{k + 1}|exact Hx].",
                f"- clear {x} Hx. intros {x} Hx. {closed} auto_derive; "
                f"[repeat split; {SIDE}|field; repeat split; {NONZERO}].",
                f"- clear {x} Hx. intros {x} Hx. {closed} apply (ex_derive_continuous {f}). "
                f"auto_derive. repeat split; {SIDE}.",
                f"- clear {x} Hx. cbv beta.",
                *constant(put(rungs[k], x, o.low)),
            ]
            lines += steps_of_rung
        lines += ["Qed."]
    lines += lemma
    lines += ["Proof.", f"intros {x} Hx. {closed}", *to_smooth(o.term)]
    lines += [f"exact ({name}_0 {x} Hx).", "Qed.", ""]
    return lines


def _rather_by_balls(o: Sign) -> bool:
    """Whether a normal form has terms of both signs, and enclosures show the sign too."""
    if o.high == "inf":
        return False
    try:
        form = Form(*box(o), stated(o.term))
        if form.zero or form.all_terms_positive():
            return False
        for t in _cases(o.term):
            _enclose_by_parts(replace(o, term=t, method="balls:0"), 9)
    except Rejected:
        return False
    return True


def _enclose_by_parts(o: Sign, depth: int) -> None:
    """Enclosures on halves, where they do not show a sign on the whole."""
    try:
        discharge(o)
    except Rejected:
        if depth == 0:
            raise
        middle = str((rational(o.low) + rational(o.high)) / 2)
        _enclose_by_parts(replace(o, high=middle), depth - 1)
        _enclose_by_parts(replace(o, low=middle), depth - 1)


def direct(o: Sign) -> list[str]:
    """The steps of `sign_lemma` after the variable is introduced, for a method without a ladder."""
    x, (low, high) = o.variable, box(o)
    if high is None or first_maximum(o.term) is not None or not _rather_by_balls(o):
        return algebraic(o.term, low, high, o.strict)
    closed = f"assert ({number(low)} <= {x} <= {number(high)}) as Hc by lra."
    enclose = ENCLOSE.replace("bisect x", f"bisect {x}").replace("diff x", f"diff {x}")
    return [closed, *to_smooth(o.term), f"{enclose}."]


def _cases(t: Tree) -> list[Tree]:
    """The tree with one part in the place of each maximum, in all ways."""
    largest = first_maximum(t)
    if largest is None:
        return [t]
    return [c for k in (1, 2) for c in _cases(_replaced(t, largest, largest[k]))]


def first_maximum(t: Tree) -> Tree | None:
    """A maximum without maxima inside."""
    return next((s for s in subtrees(t) if s[0] == "max"), None)


def _replaced(t: Tree, part: Tree, by: Tree) -> Tree:
    if t == part:
        return by
    return t if isinstance(t, str) else [t[0], *(_replaced(a, part, by) for a in t[1:])]


def _by_cases(name: str, o: Sign, largest: Tree) -> list[str]:
    """A sign with either part of a maximum in its place, which it must have with both."""
    x, (low, high) = o.variable, box(o)
    relation = "<" if o.strict else "<="
    lines = []
    for k in (1, 2):
        part = replace(o, term=_replaced(o.term, largest, largest[k]))
        lines += sign_lemma(f"{name}_case{k}", part)
    shape = term(_replaced(o.term, largest, "m"))
    return [
        *lines,
        f"Lemma {name} : forall {x}, {inside(x, low, high)} -> 0 {relation} {term(o.term)}.",
        f"Proof. intros {x} Hx. apply (Rmax_case {term(largest[1])} {term(largest[2])} "
        f"(fun m => 0 {relation} {shape})); [exact ({name}_case1 {x} Hx)|"
        f"exact ({name}_case2 {x} Hx)]. Qed.",
        "",
    ]


#: What a denominator must not be.
NONZERO = f"(apply Rgt_not_eq; unfold Rgt; {SIDE})"


def has_value(t: Tree) -> bool:
    """Whether a tree without variables is shown to have a value."""
    try:
        discharge(Number(t))
    except Rejected:
        return False
    return True


def continuity(t: Tree, x: str, side: str = SIDE) -> list[str]:
    """Steps for a goal ``continuous (fun x => t) at a point``, node by node."""
    if isinstance(t, str):
        return ["apply cont_id." if t == x else "apply cont_const."]
    op = t[0]
    if not has(t, x):
        return ["apply cont_const."]
    if op in ("add", "mul", "max"):
        lemma = {"add": "cont_add", "mul": "cont_mul", "max": "cont_max"}[op]
        parts = list(t[1:])
        if len(parts) == 1:
            return continuity(parts[0], x, side)
        # Coq reads a + b + c as (a + b) + c.
        head: Tree = [op, *parts[:-1]] if len(parts) > 2 else parts[0]
        return [
            f"apply {lemma}.",
            "{", *continuity(head, x, side), "}",
            "{", *continuity(parts[-1], x, side), "}",
        ]  # fmt: skip
    inner = ["{", *continuity(t[1], x, side), "}"]
    if op == "pow" and fractional(t):
        if Fraction(str(t[2])) > 0:
            return ["apply cont_rpow;", "[|lra].", *inner]
        return ["apply cont_rpow_positive;", f"[|cbv beta; {side}].", *inner]
    if op == "pow":
        e = int(str(t[2]))
        if e > 0:
            return ["apply cont_pow.", *inner]
        power = ["{", "apply cont_pow.", *inner, "}"]
        nonzero = f"[|cbv beta; apply pow_nonzero; apply Rgt_not_eq; unfold Rgt; {side}]."
        return ["apply cont_inv;", nonzero, *power]
    if op == "log":
        return ["apply cont_ln;", f"[|cbv beta; {side}].", *inner]
    if op in ("exp", "xlogx"):
        return [f"apply cont_{op}.", *inner]
    raise refuse(f"the continuity of {op!r}")


def has(t: Tree, x: str) -> bool:
    """Whether a variable occurs in a tree."""
    return any(has(a, x) for a in t[1:]) if isinstance(t, list) else t == x
