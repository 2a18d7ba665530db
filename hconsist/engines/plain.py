r"""Formulas in LaTeX as a line of plain text, for a terminal.

Steps of derivations keep their formulas in LaTeX. On a terminal these are read, not set: fractions
become quotients, scripts ``^`` and ``_``, cases "v for c; w otherwise", commands their names or
their signs. Brackets are added where a quotient or a script needs them, none are taken away.
"""

from __future__ import annotations

import re

from hconsist.engines.latex import argument

__all__ = ["plain"]

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "varphi": "φ", "psi": "ψ", "omega": "ω", "epsilon": "ε", "varepsilon": "ε",
    "pi": "π", "xi": "ξ", "zeta": "ζ", "chi": "χ", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
#: Command: its sign, and what stands for it in ASCII; both get spaces around them.
_RELATIONS = {
    "le": ("≤", "<="), "leq": ("≤", "<="), "ge": ("≥", ">="), "geq": ("≥", ">="), "ne": ("≠", "!="),
    "in": ("∈", "in"), "notin": ("∉", "not in"), "to": ("→", "->"), "implies": ("⟹", "=>"),
    "Rightarrow": ("⟹", "=>"), "iff": ("⟺", "<=>"), "propto": ("∝", "prop. to"), "mid": ("|", "|"),
    "subset": ("⊂", "subset of"), "approx": ("≈", "~"), "wedge": ("∧", "and"), "vee": ("∨", "or"),
}  # fmt: skip
_SIGNS = {
    "cdot": ("·", "*"), "times": ("×", "x"), "pm": ("±", "+-"), "mp": ("∓", "-+"),
    "infty": ("∞", "inf"), "sum": ("Σ", "sum"), "nabla": ("∇", "grad"), "ell": ("ℓ", "l"),
    "langle": ("⟨", "<"), "rangle": ("⟩", ">"), "lVert": ("||", "||"), "rVert": ("||", "||"),
    "lvert": ("|", "|"), "rvert": ("|", "|"), "dots": ("...", "..."), "ldots": ("...", "..."),
    "cdots": ("...", "..."), "loss": ("ℓ", "l"), "lfloor": ("⌊", "floor("), "rfloor": ("⌋", ")"),
    "lceil": ("⌈", "ceil("), "rceil": ("⌉", ")"), "{": ("{", "{"), "}": ("}", "}"),
    "|": ("||", "||"), "%": ("%", "%"), "_": ("_", "_"), "&": ("&", "&"), "#": ("#", "#"),
}  # fmt: skip
#: Commands that only place or size what follows.
_SILENT = {"left", "right", "displaystyle", "textstyle"} | {
    size + side for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r")
}
#: Commands whose argument is written as it stands.
_FONTS = {"mathcal", "mathrm", "mathbb", "mathbf", "mathit", "operatorname"}
_FONTS |= {"text", "textrm", "texttt"}
_SPACES = {",", ":", ";", "!", " ", "quad", "qquad"}
#: Two spaces between statements, until the others are joined.
_GAP = "\x00"
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_ATOM = re.compile(r"[\w.]+'*\*{0,2}|\w*\([^()]*\)")


def plain(formula: str, unicode: bool = True) -> str:
    r"""A formula in LaTeX as plain text.

    Parameters
    ----------
    formula : str
        In LaTeX.
    unicode : bool
        Greek letters and signs as characters; else by name and in ASCII.

    Examples
    --------
    >>> plain(r"\mathcal{T}^{**}(\beta) \ge \frac{10}{7} \sqrt{1 + \beta^{2}} - \tfrac12")
    'T**(β) ≥ 10/7 √(1 + β^2) - 1/2'
    >>> plain(r"\inf_{S_j \ge S_i} \varphi'(S_k^{\frac{1}{a}}),\quad k \ne j", unicode=False)
    "inf_(S_j >= S_i) phi'(S_k^(1/a)),  k != j"
    >>> plain(r"\begin{cases} 0 & \text{for}\: x < 1 \\x & \text{otherwise} \end{cases}")
    '{0 for x < 1; x otherwise}'
    """
    text = _Writer(unicode).write(formula)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\|\| (.*?) \|\|", r"||\1||", text)
    text = re.sub(r"([(\[{⟨] ?-) (?=\w)", r"\1", text)
    text = re.sub(r"([(\[{⟨]) | ([)\]},;])", lambda m: m[1] or m[2], text)
    return re.sub(rf" ?{_GAP} ?", "  ", text).strip()


class _Writer:
    def __init__(self, unicode: bool) -> None:
        self.unicode = unicode

    def write(self, formula: str) -> str:
        out, at = "", 0
        while at < len(formula):
            found = _TOKEN.match(formula, at)
            assert found is not None
            token, at = found[0], found.end()
            if token[0] == "\\":
                piece, at = self.command(token[1:].rstrip("*"), formula, at)
            elif token == "{":
                inside, at = argument(formula, at - 1)
                piece = self.write(inside)
            elif token in "^_":
                script, at = argument(formula, at)
                piece = self.script(token, self.write(script).strip())
            else:
                piece = {"&": " ", "~": " ", "$": "", "}": ""}.get(token, token)
            if out[-1:].isalnum() and token[0] == "\\" and piece[:1].isalpha() and piece.isascii():
                out += " "  # two names side by side
            out += piece
        return out

    def command(self, name: str, formula: str, at: int) -> tuple[str, int]:
        """What a command becomes, and where its arguments end."""
        index = 0 if self.unicode else 1
        if name in ("frac", "tfrac", "dfrac"):
            top, at = argument(formula, at)
            below, at = argument(formula, at)
            return self.quotient(self.write(top).strip(), self.write(below).strip()), at
        if name == "sqrt":
            degree = re.compile(r"\s*\[([^\]]*)\]").match(formula, at)
            inside, at = argument(formula, degree.end() if degree else at)
            under = self.write(inside).strip()
            if degree:
                return f"({under})^(1/{degree[1]})", at
            return f"√({under})" if self.unicode else f"sqrt({under})", at
        if name in _FONTS:
            inside, at = argument(formula, at)
            return self.write(inside), at
        if name == "begin":
            kind, start = argument(formula, at)
            end = rf"\end{{{kind}}}"
            stop = formula.find(end, start)
            stop = len(formula) if stop < 0 else stop
            return self.rows(kind, formula[start:stop]), stop + len(end)
        if name in _SILENT:
            if name in ("left", "right") and formula[at : at + 1] == ".":
                at += 1
            return "", at
        if name in _SPACES:
            return (_GAP if name in ("quad", "qquad") else " "), at
        if name == "\\":
            return "; ", at
        if name in _RELATIONS:
            return f" {_RELATIONS[name][index]} ", at
        if name in _SIGNS:
            return _SIGNS[name][index], at
        if name in _GREEK:
            plain_name = name.removeprefix("var")
            return (_GREEK[name] if self.unicode else plain_name), at
        return name, at

    def script(self, mark: str, script: str) -> str:
        if mark == "^" and set(script) <= {"*"}:
            return script  # C*, T**
        if mark == "^" and set(script) <= {"'", "′"}:
            return "'" * len(script)
        alone = _ATOM.fullmatch(script) or script in "+-"
        return mark + (script if alone else f"({script})")

    @staticmethod
    def quotient(top: str, below: str) -> str:
        if re.search(r"[+\-/<>=≤≥;,]", _without_brackets(top).lstrip("-")):
            top = f"({top})"
        if not re.fullmatch(r"[√\w.'*^]+", _without_brackets(below)):
            below = f"({below})"
        return f"{top}/{below}"

    def rows(self, kind: str, body: str) -> str:
        """Cases, or the rows of a matrix."""
        between = " " if kind == "cases" else ", "
        body = re.sub(r"^\{[^{}]*\}", "", body) if kind == "array" else body
        rows = []
        for row in re.split(r"\\\\(?:\[[^\]]*\])?", body):
            cells = [self.write(cell).strip() for cell in row.split("&")]
            rows.append(between.join(cell for cell in cells if cell))
        left, right = "{}" if kind == "cases" else "[]"
        return f"{left}{'; '.join(row for row in rows if row)}{right}"


def _without_brackets(text: str) -> str:
    """The text outside all round brackets."""
    before = ""
    while before != text:
        before, text = text, re.sub(r"\([^()]*\)", "", text)
    return text
