"""Formulas as text: what the grammar takes, and that nothing else is ever evaluated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from hconsist.certificates import parse_claim
from hconsist.cli import main
from hconsist.decisions import parse_target
from hconsist.errors import InvalidInputError
from hconsist.formula import DEPTH, FUNCTIONS, LENGTH, parse_formula
from hconsist.hypotheses import parse_hypotheses
from hconsist.losses import UserMarginLoss, UserSoftmaxLoss, parse_loss

V = sympy.Symbol("v", real=True)
U = sympy.Symbol("u", positive=True)

READ = {
    "1/3*v": V / 3,
    "0.1*v": V / 10,
    "1e-3*v + .5": V / 1000 + sympy.Rational(1, 2),
    "-v**2": -(V**2),
    "2*v^2": 2 * V**2,
    "2**-v": 2 ** (-V),
    "v/2/3": V / 6,
    "v - 1 - 2": V - 3,
    "pi*E*v": sympy.pi * sympy.E * V,
    "sqrt(v**2 + 1)": sympy.sqrt(V**2 + 1),
    "ln(1 + exp(-v))": sympy.log(1 + sympy.exp(-V)),
    "max(0, 1 - v) + Min(v, 2) + abs(v)": sympy.Max(0, 1 - V) + sympy.Min(V, 2) + sympy.Abs(V),
    "Piecewise((1 - v, v < 1), (0, True))": sympy.Piecewise((1 - V, V < 1), (0, True)),
    "Piecewise((1, -1 < v <= 2), (0, True))": sympy.Piecewise(
        (1, sympy.And(V > -1, V <= 2)), (0, True)
    ),
    "Piecewise((1, (v > 3) | (v < 1)), (0, True))": sympy.Piecewise(
        (1, sympy.Or(V > 3, V < 1)), (0, True)
    ),
    "  exp(\n -v ) ": sympy.exp(-V),
}


@pytest.mark.parametrize("text", READ)
def test_a_formula_is_read_exactly(text: str) -> None:
    assert parse_formula(text, {"v": V}) == READ[text]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_the_grammar_is_read(name: str) -> None:
    assert parse_formula(f"{name}(v)", {"v": V}) == getattr(sympy, name)(V)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["v", "1", "2/3", "0.25", "pi"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({''.join(t)})"),
            inner.map(lambda s: f"exp({s})"),
            inner.map(lambda s: f"Max(0, {s})"),
            inner.map(lambda s: f"tanh({s})"),
        ),
        max_leaves=8,
    )
)
def test_what_sympy_prints_is_read_back(text: str) -> None:
    try:
        first = parse_formula(text, {"v": V})
    except InvalidInputError as refused:  # a constant as large as exp(exp(exp(pi)))
        assert "at most exp(10000)" in refused.rule
        return
    assert parse_formula(str(first), {"v": V}) == first


HOSTILE = (
    '__import__("os").system("touch x")',
    "__import__('os').system('touch x')",
    "u.__class__",
    "u.func(u)",
    "(1).__class__",
    "lambda: u",
    "(lambda u: u)(u)",
    "[u for u in (1, 2)]",
    "(u for u in (1, 2))",
    "{u: u}",
    "(u := 1)",
    "f'{u}'",
    "'u'",
    '"u"',
    "`u`",
    "exp(x=u)",
    "exp(u, evaluate=False)",
    "exp(*u)",
    "exp(**u)",
    "print(u)",
    "eval(u)",
    "getattr(u, u)",
    "Symbol(u)",
    "Function(u)",
    "S(u)",
    "Lambda(u, u)",
    "sympify(u)",
    "u(2)",
    "(2)(u)",
    "2u",
    "u if u else 1",
    "u < 1",
    "u and u",
    "not u",
    "~u",
    "u & u",
    "u % 2",
    "u // 2",
    "u @ u",
    "u; u",
    "u = 1",
    "u, u",
    "u[0]",
    "True*u",
    "None",
    "...",
    "1j*u",
    "0x10*u",
    "1_000*u",
    "exp",
    "exp()",
    "exp(u, u)",
    "Max()",
    "x",
    "log(u) + z",
    "\u0443",  # a Cyrillic letter that looks like y
    "\uff55",  # a full-width u, which Python itself reads as u
    "\u03c0*u",
    "u\0",
    "u\\",
    "u#",
    "import os",
    "yield u",
    "await u",
    "exit()",
    "Piecewise((u, u < 1))",
    "Piecewise((u, 1), (0, True))",
    "Piecewise(u, (0, True))",
    "Piecewise((u, u.is_real), (0, True))",
    "Piecewise((u, u == 1), (0, True))",
    "",
    " ",
    "(",
    "u +",
    # sizes: refused before they are computed
    "9**9**9*u",
    "(9**999)**999*u",
    "10**300**300*u",
    "exp(10**9*log(9))*u",
    "exp(10**9*u*log(9))",
    "((u**1000)**1000)**1000",
    "u**1001",
    "u**-1001",
    "Max(0, exp(exp(exp(100))))*u",
    "cosh(10**300)*u",
    "exp(exp(exp(exp(3))))*u",
    "1e999*u",
    "9" * 301 + "*u",
    "u" * 10**6,
    "(" * 5000 + "u" + ")" * 5000,
    "(" * (DEPTH + 1) + "u" + ")" * (DEPTH + 1),
    "-" * (DEPTH + 1) + "u",
    "-" * 3900 + "u",
    "u**" * 150 + "u",
    "not " * 900 + "u",
    # no real numbers
    "u/0",
    "0**-1*u",
    "(1-1)/(1-1)*u",
    "log(0)*u",
    "sqrt(-1)*u",
    "(-8)**(1/3)*u",
    "log(-1) + u",
)


@pytest.mark.parametrize("text", HOSTILE, ids=[ascii(t[:40]) for t in HOSTILE])
def test_anything_else_is_refused_and_evaluates_nothing(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for read in (
        lambda: parse_formula(text, {"u": U}),
        lambda: parse_loss(f"softmax:{text}"),
        lambda: UserSoftmaxLoss(text),
        lambda: parse_claim(f"T >= {text.replace('u', 'b')}", 3),
    ):
        with pytest.raises(InvalidInputError) as caught:
            read()
        assert len(caught.value.args[0]) < 700
        assert "\n" not in str(caught.value) and "\0" not in str(caught.value)
        assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ['__import__("os").system("touch x")', "u.__class__", "9**9**9", "\u0443", "", "x"]
)
@pytest.mark.parametrize(
    "words",
    [
        "derive softmax:{}",
        "derive margin:{}",
        "derive sum:phi=margin:{}",
        "transform softmax:{} --beta 1/2",
        "bound softmax:{} --excess 1/2",
        "zoo softmax:{}",
        "tightness softmax:{}",
        "plot softmax:{} -o a.svg",
        "certify mae -o a.json --claim {}",
        "certify softmax:{} -o a.json --claim T>=b",
        "transform gce:q={} --beta 1/2",
        "transform mae --hypotheses bounded:{} --beta 1/2",
        "transform mae --target top-k:{} --beta 1/2",
        "transform mae --beta {}",
        "derive mae -n {}",
        "bound mae --excess {}",
    ],
)
def test_no_command_evaluates_what_it_is_given(
    words: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = text if not words.endswith("{}") or "certify" not in words else f"T >= {text}"
    with pytest.raises(SystemExit) as done:
        main([word.format(given) for word in words.split()])
    shown = capsys.readouterr()
    assert (done.value.code, shown.out) == (2, "")
    assert shown.err.startswith("hconsist: ") and shown.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_names_what_is_allowed_what_came_and_a_remedy() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_loss("margin:expp(-v)")
    assert caught.value.rule.startswith("a loss formula with exactly one variable, v, is made of")
    assert all(word in caught.value.rule for word in (*FUNCTIONS, "Max", "Piecewise", "+ - * / **"))
    assert (caught.value.received, caught.value.remedy) == ("expp(-v)", "did you mean exp?")


def test_an_object_is_not_evaluated_by_its_text() -> None:
    class Text:
        def __str__(self) -> str:
            raise AssertionError("evaluated")

        __repr__ = object.__repr__

    with pytest.raises(InvalidInputError):
        UserMarginLoss(Text())
    assert UserMarginLoss(sympy.exp(-V)).formula == sympy.exp(-V)


@pytest.mark.parametrize("spec", ["softmax:", "margin:", "softmax: "])
def test_an_empty_formula_is_not_the_default(spec: str) -> None:
    with pytest.raises(InvalidInputError, match="received ''"):
        parse_loss(spec)
    assert parse_loss(spec.rstrip(": ")).spec.startswith(spec.strip())


def test_a_long_sum_is_not_deep() -> None:
    assert parse_formula("+".join(["v"] * (LENGTH // 2)), {"v": V}) == LENGTH // 2 * V


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_no_text_does_anything_but_parse_or_refuse(text: str) -> None:
    for read in (parse_loss, parse_target, parse_hypotheses):
        for prefix in ("", "softmax:", "gce:q=", "bounded:", "top-k:"):
            try:
                read(prefix + text)
            except InvalidInputError as refused:
                assert not re.search(r"[\n\0]", str(refused))


ALPHABET = [*"uv0123456789+-*/().,<=^ ", "exp(", "log(", "Max(", "Piecewise((", "**", "True"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(ALPHABET), max_size=14).map("".join))
def test_random_formulas_are_read_or_refused(text: str) -> None:
    try:
        found = parse_formula(text, {"u": U, "v": V})
    except InvalidInputError:
        return
    assert isinstance(found, sympy.Expr)


@pytest.mark.parametrize("text", ["1e99999999", "1E-00099999999", "9" * 5000, "1e1001", " 1e9999 "])
def test_a_number_too_long_to_be_held_is_refused_at_once(text: str) -> None:
    for spec in (f"gce:q={text}", f"comp-sum:tau={text}", f"sum:phi=sigmoid,k={text}"):
        with pytest.raises(InvalidInputError, match="at most 1000 digits"):
            parse_loss(spec)
    with pytest.raises(InvalidInputError, match="at most 1000 digits"):
        parse_hypotheses(f"bounded:{text}")
