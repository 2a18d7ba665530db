"""Formulas as text: one small grammar for losses, claims and whatever else a user types.

The text is read by Python's own parser as a syntax tree, and the tree is rebuilt node by node from
the short list below; no text is ever evaluated.

======================  ===========================================================================
numbers                 3, 0.7, 1e-3, each kept exactly (0.7 is 7/10)
constants               pi, E
variables               those that the caller names
operators               ``+  -  *  /  **`` (``^`` reads as ``**``), parentheses
functions               exp, log (ln), sqrt, tanh, sinh, cosh, coth, sech, erf, erfc, Abs (abs)
of several arguments    Max (max), Min (min)
cases                   ``Piecewise((value, condition), ..., (value, True))``, with conditions made
                        of ``<  <=  >  >=``, ``And``, ``Or``, ``&``, ``|`` and True
======================  ===========================================================================

Sizes are bounded before anything is computed: `LENGTH`, `DEPTH`, `DIGITS`, `POWER`, `LARGEST`.
"""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    import sympy
    from sympy import Expr

#: The longest text, in characters.
LENGTH = 4000
#: How deep brackets, and how deep operations, may be nested.
DEPTH = 100
#: The longest number as it is written, and the largest decimal exponent.
DIGITS = 300
#: The largest exponent of a power.
POWER = 1000
#: The largest |log| of a constant: exp(10000) is the largest number a formula may contain.
LARGEST = 10_000

FUNCTIONS = ("exp", "log", "sqrt", "tanh", "sinh", "cosh", "coth", "sech", "erf", "erfc", "Abs")
SEVERAL = ("Max", "Min")
CONSTANTS = ("pi", "E")
_ALIASES = {"ln": "log", "abs": "Abs", "max": "Max", "min": "Min"}

_CHARACTERS = re.compile(r"[A-Za-z0-9_+\-*/^().,<>=&| \t\r\n]")
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_OPERATORS: dict[type, Callable[[Expr, Expr], Expr]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
_COMPARISONS: dict[type, Callable[[Expr, Expr], Expr]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


def parse_formula(
    text: str, variables: Mapping[str, object], what: str = "a formula"
) -> sympy.Expr:
    """The SymPy expression that a text of the grammar writes.

    Parameters
    ----------
    text : str
    variables : mapping
        What each variable's name stands for: a symbol, or a number.
    what : str
        How the formula is called in an error.

    Raises
    ------
    InvalidInputError
        For anything outside the grammar or beyond its sizes, and for a formula whose value is not
        a real number (1/0, sqrt(-1)).

    Examples
    --------
    >>> import sympy
    >>> u = sympy.Symbol("u", positive=True)
    >>> parse_formula("(1 - u**0.7)/0.7", {"u": u})
    10/7 - 10*u**(7/10)/7
    >>> parse_formula("u.__class__", {"u": u})
    Traceback (most recent call last):
    ...
    hconsist.errors.InvalidInputError: a formula is made of numbers, u, pi, E, + - * / **, \
parentheses, exp, log, sqrt, tanh, sinh, cosh, coth, sech, erf, erfc, Abs, Max, Min, Piecewise; \
received u.__class__; an attribute is none of these: leave it out
    """
    reader = _Reader(text, dict(variables), what)
    return reader.read()


class _Reader:
    def __init__(self, text: str, variables: dict[str, object], what: str) -> None:
        self.text, self.variables, self.what = text, variables, what

    # -- refusals
    def refuse(self, received: str, remedy: str) -> InvalidInputError:
        """What is outside the grammar."""
        words = ("numbers", *self.variables, *CONSTANTS, "+ - * / **", "parentheses")
        allowed = ", ".join((*words, *FUNCTIONS, *SEVERAL, "Piecewise"))
        return InvalidInputError(f"{self.what} is made of {allowed}", _short(received), remedy)

    def too_large(self, rule: str, received: str, remedy: str) -> InvalidInputError:
        """What is beyond the grammar's sizes."""
        return InvalidInputError(f"{self.what} {rule}", _short(received), remedy)

    def source(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.text, node) or self.text

    # -- the text as a whole
    def read(self) -> sympy.Expr:
        tree = self.tree()
        try:
            value = self.value(tree, 0)
        except InvalidInputError:
            raise
        except (ArithmeticError, AttributeError, NotImplementedError, RecursionError,
                TypeError, ValueError) as problem:  # fmt: skip
            raise self.refuse(self.text, f"SymPy cannot build it ({problem})") from problem
        self.check_real(value)
        self.check_powers(value)
        result: sympy.Expr = value
        return result

    def tree(self) -> ast.expr:
        if not self.text.strip():
            raise self.refuse(self.text, "write one, such as exp(-v)" if not self.variables else
                              f"write one, such as exp(-{next(iter(self.variables))})")  # fmt: skip
        if len(self.text) > LENGTH:
            raise self.too_large(f"has at most {LENGTH} characters",
                                 f"{len(self.text)} characters", "shorten it")  # fmt: skip
        strange = _CHARACTERS.sub("", self.text)
        if strange:
            raise self.refuse(self.text, f"leave out the character {strange[0]!a}")
        depth = deepest = 0
        for character in self.text:
            depth += (character == "(") - (character == ")")
            deepest = max(deepest, depth)
        if deepest > DEPTH:
            raise self.too_large(f"has brackets at most {DEPTH} deep", self.text, "flatten it")
        self.text = " ".join(self.text.replace("^", "**").split())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as problem:
            where = getattr(problem, "offset", None)
            hint = f"it cannot be read at character {where}" if where else "it cannot be read"
            raise self.refuse(self.text, f"{hint}: check brackets and operators") from None

    # -- values, node by node
    def value(self, node: ast.expr, depth: int) -> Expr:
        if depth > DEPTH:
            raise self.too_large(
                f"nests at most {DEPTH} operations", self.text, "group its terms by brackets"
            )
        if isinstance(node, ast.Constant):
            return self.number(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
            inner = self.value(node.operand, depth + 1)
            return -inner if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return self.chain(node, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            return self.power(self.value(node.left, depth + 1), self.value(node.right, depth + 1))
        if isinstance(node, ast.Call):
            return self.call(node, depth)
        if isinstance(node, ast.Compare | ast.BoolOp) or (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr)
        ):
            raise self.refuse(
                self.source(node), "a comparison belongs into Piecewise((value, condition), ...)"
            )
        raise self.refuse(self.source(node), f"{_kind(node)} is none of these: leave it out")

    def chain(self, node: ast.BinOp, depth: int) -> Expr:
        """a + b - c ... and a * b / c ..., read from left to right: length is not depth."""
        steps = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp) and type(first.op) in _OPERATORS:
            steps.append((type(first.op), first.right))
            first = first.left
        total = self.value(first, depth + 1)
        for operator, right in reversed(steps):
            total = _OPERATORS[operator](total, self.value(right, depth + 1))
        return total

    def number(self, node: ast.Constant) -> Expr:
        import sympy

        text = self.source(node)
        if type(node.value) not in (int, float) or not _NUMBER.match(text):
            raise self.refuse(
                text, f"{_kind(node)} is none of these: write a number as 3, 0.7, 1/3"
            )
        exponent = re.sub(r"^[^eE]*[eE]?", "", text) or "0"
        if len(text) > DIGITS or abs(int(exponent)) > DIGITS:
            raise self.too_large(
                f"has numbers of at most {DIGITS} digits", text, "write a smaller number"
            )
        value = Fraction(text)
        return sympy.Rational(value.numerator, value.denominator)

    def name(self, node: ast.Name) -> Expr:
        import sympy

        if node.id in self.variables:
            return sympy.sympify(self.variables[node.id], strict=True)
        if node.id in CONSTANTS:
            return getattr(sympy, node.id)
        if node.id in (*FUNCTIONS, *SEVERAL, *_ALIASES, "Piecewise"):
            raise self.refuse(node.id, f"give {node.id} its argument: {node.id}(...)")
        near = difflib.get_close_matches(node.id, [*self.variables, *CONSTANTS, *FUNCTIONS], n=1)
        raise self.refuse(node.id, f"did you mean {near[0]}?" if near else
                          f"{node.id} is none of these names: rewrite it by them")  # fmt: skip

    def call(self, node: ast.Call, depth: int) -> Expr:
        import sympy

        if not isinstance(node.func, ast.Name):
            raise self.refuse(self.source(node), "call a function by its name, multiply by *")
        name = _ALIASES.get(node.func.id, node.func.id)
        if name not in (*FUNCTIONS, *SEVERAL, "Piecewise"):
            near = difflib.get_close_matches(name, [*FUNCTIONS, *SEVERAL, "Piecewise"], n=1)
            hint = f"did you mean {near[0]}?" if near else f"{name} is none of these functions"
            if name in (*self.variables, *CONSTANTS):
                hint = "multiply by *"
            raise self.refuse(self.source(node), hint)
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args) or not node.args:
            raise self.refuse(self.source(node), f"give {name} plain arguments: {name}(...)")
        if name == "Piecewise":
            return self.piecewise(node, depth)
        arguments = [self.value(a, depth + 1) for a in node.args]
        if name in SEVERAL:
            return getattr(sympy, name)(*arguments)
        if len(arguments) != 1:
            raise self.refuse(self.source(node), f"{name} takes one argument")
        (argument,) = arguments
        if name == "sqrt":
            return self.power(argument, sympy.Rational(1, 2))
        if name not in ("log", "Abs"):
            self.check_exponent(argument)
        return getattr(sympy, name)(argument)

    def piecewise(self, node: ast.Call, depth: int) -> Expr:
        import sympy

        cases = []
        for case in node.args:
            if not isinstance(case, ast.Tuple) or len(case.elts) != 2:
                raise self.refuse(
                    self.source(node), "write Piecewise((value, condition), ..., (value, True))"
                )
            value, condition = case.elts
            cases.append((self.value(value, depth + 1), self.condition(condition, depth + 1)))
        if cases[-1][1] != sympy.true:
            raise self.refuse(
                self.source(node), "end Piecewise by (value, True), so that it has a value anywhere"
            )
        return sympy.Piecewise(*cases)

    def condition(self, node: ast.expr, depth: int) -> Expr:
        import sympy

        if depth > DEPTH:
            raise self.too_large(f"nests at most {DEPTH} operations", self.text, "flatten it")
        if isinstance(node, ast.Constant) and node.value is True:
            return sympy.true
        if isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops):
            sides = [self.value(side, depth + 1) for side in (node.left, *node.comparators)]
            return sympy.And(
                *(
                    _COMPARISONS[type(op)](a, b)
                    for op, a, b in zip(node.ops, sides, sides[1:], strict=False)
                )
            )
        both: tuple[type, list[ast.expr]] | None = None
        if isinstance(node, ast.BoolOp):
            both = sympy.And if isinstance(node.op, ast.And) else sympy.Or, node.values
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
            both = (
                sympy.And if isinstance(node.op, ast.BitAnd) else sympy.Or,
                [node.left, node.right],
            )
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("And", "Or")
            and node.args
            and not node.keywords
        ):
            both = getattr(sympy, node.func.id), node.args
        if both is None:
            raise self.refuse(
                self.source(node), "a condition compares by <, <=, >, >= (And, Or), or is True"
            )
        return both[0](*(self.condition(part, depth + 1) for part in both[1]))

    # -- sizes
    def power(self, base: Expr, exponent: Expr) -> Expr:
        """base ** exponent, refused before it is computed when it is huge."""
        import sympy

        if not exponent.free_symbols:
            size = abs(float(exponent.evalf(15)))
            if size > POWER:
                raise self.too_large(
                    f"has exponents of at most {POWER}", str(exponent), "write a smaller exponent"
                )
            if base.is_Rational and max(abs(base.p), base.q).bit_length() * size > 4 * LARGEST:
                raise self.too_large(
                    f"has numbers of at most exp({LARGEST})",
                    f"{base}**{exponent}",
                    "write a smaller power",
                )
        if not base.free_symbols and not base.is_zero:
            self.check_exponent(sympy.log(abs(base)) * exponent)
        return base**exponent

    def check_exponent(self, argument: Expr) -> None:
        """Refuse exp(argument) for a huge constant, also hidden as in exp(10**9*log(u))."""
        import sympy

        for term in (argument, *sympy.Add.make_args(argument)):
            number = term if not term.free_symbols else term.as_coeff_Mul()[0]
            if not term.free_symbols or term.has(sympy.log):
                limit = POWER if term.free_symbols else LARGEST
                value = number.evalf(15)
                if value.is_real and not abs(float(value)) <= limit:
                    raise self.too_large(
                        f"has numbers of at most exp({LARGEST})",
                        f"exp({argument})",
                        "write a smaller number",
                    )

    def check_real(self, value: Expr) -> None:
        import sympy

        if not isinstance(value, sympy.Expr):
            raise self.refuse(self.text, "write a value, not a condition")
        constants = (
            part
            for part in sympy.preorder_traversal(value)
            if isinstance(part, sympy.Expr) and not part.free_symbols
        )
        if value.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.I) or any(
            part.is_real is False for part in constants
        ):
            raise InvalidInputError(
                f"{self.what} has real and finite values",
                _short(self.text),
                "look for a division by 0, or the root or logarithm of a negative number",
            )

    def check_powers(self, value: Expr) -> None:
        """Powers of powers may have been joined: (u**1000)**1000."""
        import sympy

        for power in value.atoms(sympy.Pow):
            exponent = power.exp
            if exponent.is_Rational and abs(exponent) > POWER:
                raise self.too_large(
                    f"has exponents of at most {POWER}", str(exponent), "write a smaller exponent"
                )


def _kind(node: ast.AST) -> str:
    """What a node is, in words."""
    words = {
        ast.Attribute: "an attribute",
        ast.Lambda: "a function definition",
        ast.Subscript: "an index",
        ast.Tuple: "a list of values",
        ast.IfExp: "an if",
    }
    return words.get(type(node), "this")


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:60]} ... ({len(text)} characters)"
