r"""Prose with plain mathematics in it, set in LaTeX.

Derivations give their reasons in words, with formulas in the notation of a terminal: "phi'' <= 0",
"p_1 + p_j <= t", "||p||_a". In a paper these must be mathematics. Where a word could begin a
formula, a grammar of that notation is tried, and what it reads is set between dollars; a single
name counts only when it cannot be an English word. The grammar is small:

    chain   := sum ((= | <= | >= | < | >) sum)*
    sum     := [+ | -] product ((+ | -) product)*
    product := factor ((* | / | nothing) factor)*
    factor  := (number | name | call | tuple | norm | ...) (' | * | _ factor | ^ factor)*

>>> print(typeset("phi is concave (phi'' <= 0), so p_1 + p_j <= t for a sure label"))
$\varphi$ is concave $(\varphi'' \le 0)$, so $p_{1} + p_{j} \le t$ for a sure label
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["escape", "typeset"]

_NAMES = (
    r"alpha beta gamma delta eta theta lambda mu nu rho sigma tau psi omega Gamma Delta Phi Psi"
)
_GREEK = {name: "\\" + name for name in _NAMES.split()}
_GREEK |= {"phi": r"\varphi", "epsilon": r"\varepsilon", "lam": r"\lambda"}
_OPERATORS = "log exp max min inf sup tanh cosh sinh coth"
_FUNCTIONS = {name: "\\" + name for name in _OPERATORS.split()}
_FUNCTIONS |= {"sum": r"\sum"} | {
    name: rf"\mathrm{{{name}}}" for name in ("pool", "softmax", "KL", "kl", "sign", "Var", "rank")
}
_INFINITE = {"inf", "infinity", "oo"}
_RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "=": "=", "<": "<", ">": ">"}
#: Single letters that are words of English on their own.
_WORDS = {"a", "A", "I"}
_SPECIAL = {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\textasciitilde{}"} | {
    character: "\\" + character for character in "_%#&${}"
}
_SPECIAL |= {"<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\textbar{}"}


def escape(text: str) -> str:
    r"""Plain text in LaTeX, character by character.

    >>> escape("50% of x_1")
    '50\\% of x\\_1'
    """
    return "".join(_SPECIAL.get(character, character) for character in text)


def typeset(prose: str) -> str:
    """Prose in LaTeX, with its formulas as mathematics.

    Parameters
    ----------
    prose : str
        Words, with formulas in plain notation.

    Examples
    --------
    >>> typeset("T = C*(1/2, 1/2) - C* on a line")
    '$\\\\mathcal{T} = \\\\mathcal{C}^{*}(1/2, 1/2) - \\\\mathcal{C}^{*}$ on a line'
    """
    out, at = [], 0
    while at < len(prose):
        starts = at == 0 or not (prose[at - 1].isalnum() or prose[at - 1] in "_'-")
        named = re.search(r"[Tt]heorem $", prose[:at])
        read = _Reader(prose).chain(at) if starts and not named else None
        if read is not None and _stands_alone(prose, at, read):
            out.append(f"${read.tex}$")
            at = read.end
        else:
            word = re.compile(r"[A-Za-z][\w'-]*|.", re.DOTALL).match(prose, at)
            assert word is not None
            out.append(escape(word[0]))
            at = word.end()
    return "".join(out)


@dataclass(frozen=True)
class _Read:
    """What was read: its LaTeX, where it ends, and whether it can only be a formula."""

    tex: str
    end: int
    formula: bool


def _stands_alone(prose: str, at: int, read: _Read) -> bool:
    """Whether a formula ends where a word may not go on, and is no word of English."""
    after = prose[read.end : read.end + 1]
    return read.formula and not (after.isalnum() or after == "_") and read.end > at


class _Reader:
    """One attempt to read a formula; every method returns None where there is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        #: How many brackets are open: inside them there are no words of English.
        self.depth = 0

    def chain(self, at: int) -> _Read | None:
        left = self.sum(at)
        while left is not None:
            found = re.compile(r"\s*(<=|>=|!=|=|<|>)\s*").match(self.text, left.end)
            right = self.sum(found.end()) if found else None
            if found is None or right is None:
                return left
            left = _Read(f"{left.tex} {_RELATIONS[found[1]]} {right.tex}", right.end, True)
        return None

    def sum(self, at: int) -> _Read | None:
        sign = re.compile(r"[+-](?=[\w(|])").match(self.text, at)
        left = self.product(at + len(sign[0]) if sign else at)
        if left is not None and sign:
            left = _Read(sign[0] + left.tex, left.end, True)
        while left is not None:
            found = re.compile(r"\s*([+-])\s*").match(self.text, left.end)
            if found is not None and found[0] in ("-", " -", "- ") and found[0] != found[1]:
                found = None
            right = self.product(found.end()) if found else None
            if found is None or right is None or not self.ends(right.end):
                return left
            left = _Read(f"{left.tex} {found[1]} {right.tex}", right.end, True)
        return None

    def product(self, at: int) -> _Read | None:
        left = self.factor(at)
        while left is not None:
            found = re.compile(r"\s*([*/])\s*|\s?").match(self.text, left.end)
            assert found is not None
            right = self.factor(found.end())
            if right is None or not self.ends(right.end):
                return left
            if found[1] is None and not self.multiplied(at, left, right, found.end()):
                return left
            sign = {"*": r" \cdot ", "/": "/", None: r"\, "}[found[1]]
            left = _Read(left.tex + sign + right.tex, right.end, True)
        return None

    def multiplied(self, at: int, left: _Read, right: _Read, start: int) -> bool:
        """Whether two factors side by side are a product: "2 psi", "u psi", not "S (phi <= 0)"."""
        if self.text[start] in "([" and re.search(r"[<>=]", self.text[start : right.end]):
            return False
        number = self.text[at : left.end].isdigit()
        return right.formula and (left.formula or number or self.depth > 0)

    def factor(self, at: int) -> _Read | None:
        read = self.atom(at)
        while read is not None:
            rest = self.text[read.end : read.end + 1]
            after = self.text[read.end + 1 : read.end + 2]
            if rest == "'":
                if after.isalpha():
                    return None
                primes = re.compile("'+").match(self.text, read.end)
                assert primes is not None
                read = _Read(read.tex + primes[0], primes.end(), True)
            elif rest == "*" and not after.isalnum():
                read = _Read(read.tex + "^{*}", read.end + 1, True)
            elif rest and rest in "_^":
                script = self.script(read.end + 1)
                if script is None:
                    return None
                read = _Read(f"{read.tex}{rest}{{{script.tex}}}", script.end, True)
            elif rest == "(" and self.text[read.end - 1] not in ") 0123456789":
                inside = self.tuple(read.end)
                if inside is None:
                    return None
                read = _Read(read.tex + inside.tex, inside.end, True)
            else:
                return read
        return None

    def script(self, at: int) -> _Read | None:
        """An index or a power: (...), a number, a name, max or min."""
        if self.text[at : at + 1] == "(":
            inside = self.tuple(at)
            return inside and _Read(inside.tex[1:-1], inside.end, True)
        found = re.compile(r"-?\d+|[A-Za-z]+").match(self.text, at)
        if found is None:
            return None
        known = _GREEK | {"max": r"\max", "min": r"\min"}
        word = known.get(found[0], found[0] if len(found[0]) == 1 or found[0][-1].isdigit() else "")
        return _Read(word or rf"\mathrm{{{found[0]}}}", found.end(), True)

    def atom(self, at: int) -> _Read | None:
        if self.text.startswith("...", at):
            return _Read(r"\dots", at + 3, True)
        if self.text[at : at + 1] in ("(", "["):
            return self.tuple(at)
        if self.text.startswith("||", at):
            inside = self.chain(at + 2)
            if inside is None or not self.text.startswith("||", inside.end):
                return None
            return _Read(rf"\lVert {inside.tex} \rVert", inside.end + 2, True)
        found = re.compile(r"\d+(\.\d+)?|[A-Za-z]+").match(self.text, at)
        if found is None:
            return None
        word, end = found[0], found.end()
        if word[0].isdigit():
            return _Read(word, end, False)
        if word in _GREEK:
            return _Read(_GREEK[word], end, True)
        if word in _FUNCTIONS:
            return self.function(word, end)
        if word in _INFINITE:
            return _Read(r"\infty", end, False)
        if len(word) == 1:
            risk = word == "C" and self.text[end : end + 1] in ("", "*", "(", "_")
            tex = r"\mathcal{C}" if risk else r"\mathcal{T}" if word == "T" else word
            return _Read(tex, end, word not in _WORDS)
        return None

    def function(self, word: str, end: int) -> _Read | None:
        """A function needs an argument, or an index; a word of the same letters has none."""
        if self.text[end : end + 1] in ("(", "_", "^"):
            return _Read(_FUNCTIONS[word], end, True)
        argument = self.factor(end + 1) if self.text[end : end + 1] == " " else None
        if argument is not None and argument.formula and self.ends(argument.end):
            return _Read(f"{_FUNCTIONS[word]} {argument.tex}", argument.end, True)
        return _Read(r"\infty", end, False) if word in _INFINITE else None

    def tuple(self, at: int) -> _Read | None:
        """A bracket of formulas between commas; an interval may mix its brackets."""
        inside, parts, formula = at + 1, list[str](), False
        while True:
            self.depth += 1
            read = self.chain(inside)
            self.depth -= 1
            if read is None:
                return None
            parts.append(read.tex)
            formula |= read.formula
            comma = re.compile(r",\s*").match(self.text, read.end)
            if comma is None:
                break
            inside = comma.end()
        closing = self.text[read.end : read.end + 1]
        if closing not in (")", "]") or not closing:
            return None
        tex = f"{self.text[at]}{', '.join(parts)}{closing}"
        return _Read(tex, read.end + 1, formula or len(parts) > 1)

    def ends(self, at: int) -> bool:
        """Whether no word goes on here: "u runs" is u, and not u r."""
        after = self.text[at : at + 1]
        return not (after.isalnum() or after == "_")
