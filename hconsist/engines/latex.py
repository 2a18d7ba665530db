r"""A derivation as a theorem with a proof sketch, in LaTeX that a journal takes.

Displays are `dmath*` of the package breqn, which breaks long formulas at relations and signs. A
formula by cases is one display a case, so that each can break. The prose of the steps is set by
`hconsist.engines.notation`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hconsist.arithmetic import SYMPY
from hconsist.engines.notation import escape, typeset
from hconsist.errors import InvalidInputError
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin, OfScores, OfSoftmax, Pairwise, Transport

if TYPE_CHECKING:
    from sympy import Expr

    from hconsist.engines.derived import Derived, Step
    from hconsist.pointwise import PointwiseProblem

__all__ = ["PREAMBLE", "display", "document", "theorem"]

#: What a document that quotes a theorem needs before ``\begin{document}``.
PREAMBLE = (
    r"\usepackage{amsmath,amssymb,amsthm,breqn}",
    r"\newtheorem{theorem}{Theorem}",
    r"\newcommand{\loss}{\ell}",
)
#: Formulas up to this width, in digits, are set in one line.
LINE = 52
#: More operations than this, and a formula is given with names for its parts.
LONG = 60
_RELATION = {"=": "=", "<=": r"\le", ">=": r"\ge"}
# A formula that bounds T from one side gives the order at 0 from that side.
_ORDER = {"=": r"\Theta", "<=": "O", ">=": r"\Omega"}


def document(derivation: Derived) -> str:
    """A theorem as a LaTeX document that compiles on its own.

    >>> from hconsist.engines.symbolic import derive
    >>> from hconsist.pointwise import PointwiseProblem
    >>> document(derive(PointwiseProblem("mae", n_classes=3))).splitlines()[1]
    '\\\\usepackage{amsmath,amssymb,amsthm,breqn}'
    """
    start = [r"\documentclass{article}", *PREAMBLE, r"\begin{document}", r"\sloppy"]
    return "\n".join([*start, theorem(derivation), r"\end{document}", ""])


def theorem(derivation: Derived) -> str:
    r"""The theorem and its proof sketch; `PREAMBLE` says what they need.

    >>> from hconsist.engines.symbolic import derive
    >>> from hconsist.pointwise import PointwiseProblem
    >>> print(theorem(derive(PointwiseProblem("mae", n_classes=3))).splitlines()[1])
    Let $\loss(s, y) = 1 - u_y$, $u = \mathrm{softmax}(s)$
    """
    import sympy

    problem = derivation.problem
    beyond = []
    if derivation.envelope != derivation.transform:
        sign = _RELATION[derivation.envelope_relation]
        formula = rf"\mathcal{{T}}^{{**}}(\beta) {sign} {_tex(derivation.envelope)}"
        beyond.append(display(formula, "."))
    if derivation.gamma is not None:
        sign = _RELATION[derivation.gamma_relation]
        shown = display(rf"\Gamma(\varepsilon) {sign} {_tex(derivation.gamma)}", ".")
        beyond.append(f"Inverted,\n{shown}")
    if derivation.gamma_upper is not None:
        shown = display(rf"\Gamma(\varepsilon) \le {_tex(derivation.gamma_upper)}", ".")
        beyond.append(f"In particular\n{shown}")
    if derivation.growth is not None:
        power = "" if derivation.growth == 1 else f"^{{{_tex(derivation.growth)}}}"
        order = rf"\mathcal{{T}}(\beta) = {_ORDER[derivation.relation]}(\beta{power})"
        beyond.append(rf"As $\beta \to 0$, ${order}$.")
    relation = _RELATION[derivation.relation]
    transform, named = _abbreviated(derivation.transform)
    written = sympy.latex(derivation.transform)
    lines = [
        r"\begin{theorem}",
        f"Let {_loss(problem)}",
        rf"be the loss \texttt{{{escape(problem.surrogate.spec)}}} on"
        rf" $n = {_tex(problem.n_classes)}$ labels, $\mathcal{{H}}$ {_hypotheses(problem)},",
        rf"and $\mathcal{{R}}$ the risk of the target \texttt{{{escape(str(problem.target))}}}.",
        *(
            typeset("Here " + text.replace("a whole number ", "")) + "."
            for text in derivation.conditions
        ),
        r"For every distribution and every $h \in \mathcal{H}$,",
        display(
            r"\mathcal{T}^{**}\bigl(\mathcal{R}(h) - \mathcal{R}^* + \mathcal{M}\bigr) \le"
            r" \mathcal{R}_\loss(h) - \mathcal{R}_\loss^* + \mathcal{M}_\loss",
            ",",
        ),
        r"where $\mathcal{M}$ are the minimizability gaps and",
        display(rf"\mathcal{{T}}(\beta) {relation} {_tex(transform)}", "," if named else "."),
        *(["with"] if named else []),
        *(display(f"{_tex(a)} = {_tex(b)}", "." if a is named[-1][0] else ",") for a, b in named),
        *beyond,
        *(typeset(text[0].upper() + text[1:]) + "." for text in derivation.assumptions),
        r"\end{theorem}",
        r"\begin{proof}[Proof sketch]",
        r"\begin{enumerate}",
        *(_item(step, written, _tex(transform)) for step in derivation.steps),
        r"\end{enumerate}",
    ]
    lettered = {
        letter
        for step in derivation.steps
        for letter in re.findall(r"[Tt]heorem ([A-Z])\b", step.justification)
    }
    if lettered:
        proofs = ("Theorem " if len(lettered) == 1 else "Theorems ") + ", ".join(sorted(lettered))
        proven = "is" if len(lettered) == 1 else "are"
        lines.append(f"{proofs} {proven} proven in the chapter on theory of the hconsist manual.")
    return "\n".join([*lines, r"\end{proof}"])


def display(formula: str, end: str = "", conditions: tuple[str, ...] = ()) -> str:
    r"""A displayed formula in LaTeX that breaks where it is long, one display a case.

    Parameters
    ----------
    formula : str
        In LaTeX; a ``cases`` environment after a relation is taken apart.
    end : str
        Punctuation after it.
    conditions : tuple of str
        In LaTeX, set beside it.

    Examples
    --------
    >>> print(display("f = 1, \\quad g = 2", ".", ("n = 2",)))
    \[ f = 1,\quad g = 2 .\quad (n = 2) \]
    >>> long = " + ".join(f"x_{{{k}}}" for k in range(20))
    >>> rows = rf"0 & \text{{for}}\: x < 1 \\{long} & \text{{otherwise}}"
    >>> cases = rf"f = \begin{{cases}} {rows} \end{{cases}}"
    >>> print(display(cases, ".").splitlines()[0])
    \begin{dmath*} f = 0 \condition{for $x < 1$,} \end{dmath*}
    """
    formula = formula.replace(r"\epsilon", r"\varepsilon").replace(":=", r"\mathrel{:=}")
    where = [rf"\quad ({condition})" for condition in conditions]
    parts = _sentences(formula)
    widths = [width(part) for part in [*parts, *where]]
    if sum(widths) + 2 * len(widths) <= LINE:
        line = r",\quad ".join(parts) + (rf" {end}" if end else "") + "".join(where)
        return rf"\[ {line} \]"
    if len(parts) > 1:
        shown = [display(part, ",") for part in parts[:-1]]
        return "\n".join([*shown, display(parts[-1], end, conditions)])
    return _broken(formula, end, "".join(rf" \condition{{${c}$}}" for c in conditions))


def _broken(formula: str, end: str, where: str) -> str:
    """A long formula in lines, a case at a time."""
    before, found, rest = formula.partition(r"\begin{cases}")
    body, _, after = rest.partition(r"\end{cases}")
    pieces = _pieces(body) if found and not after.strip() and _open_relation(before) else None
    if pieces is None:
        return rf"\begin{{dmath*}} {formula} {end}{where} \end{{dmath*}}".replace("  ", " ")
    lines = []
    for number, (value, when) in enumerate(pieces, 1):
        last = number == len(pieces)
        condition = rf" \condition{{{when}{end if last else ','}}}" + (where if last else "")
        lines.append(rf"\begin{{dmath*}} {before.strip()} {value}{condition} \end{{dmath*}}")
    return "\n".join(lines)


def _sentences(formula: str) -> list[str]:
    """A formula at its outermost ``,\\quad``: several statements in one line."""
    parts, start, depth = list[str](), 0, 0
    for found in re.finditer(
        r"\\(?:begin|left)\b|\\(?:end|right)\b|\\[{}]|[{}]|,\s*\\q?quad", formula
    ):
        token = found[0]
        if token in ("{", r"\begin", r"\left"):
            depth += 1
        elif token in ("}", r"\end", r"\right"):
            depth -= 1
        elif token.startswith(",") and depth == 0:
            parts.append(formula[start : found.start()].strip())
            start = found.end()
    return [*parts, formula[start:].strip()]


def width(formula: str) -> float:
    r"""How wide LaTeX sets a formula, about, in digits: a fraction as its wider half, scripts
    smaller, cases as their widest row.

    >>> width(r"\frac{1}{1 + e^{-v}}"), width(r"\sqrt{2}")
    (6.44, 2.0)
    """
    cases = formula.partition(r"\begin{cases}")
    if cases[1]:
        body, _, after = cases[2].partition(r"\end{cases}")
        rows = [width(row.replace("&", "    ")) for row in re.split(r"\\\\", body)]
        return width(cases[0]) + max(rows) + width(after) + 2
    total, at = 0.0, 0
    while at < len(formula):
        found = _TOKEN.match(formula, at)
        assert found is not None
        token, at = found[0], found.end()
        if token in (r"\frac", r"\tfrac", r"\dfrac"):
            top, at = argument(formula, at)
            below, at = argument(formula, at)
            total += max(width(top), width(below)) * (0.7 if token == r"\tfrac" else 1)
        elif token in ("^", "_"):
            script, at = argument(formula, at)
            total += 0.7 * width(script)
        elif token in (r"\text", r"\mathrm", r"\mathcal", r"\mathbb", r"\operatorname"):
            inside, at = argument(formula, at)
            total += width(inside)
        elif token == r"\sqrt":
            inside, at = argument(formula, at)
            total += 1 + width(inside)
        else:
            total += _SIZES.get(token, 0 if token.isspace() or token in "{}" else 1)
    return round(total, 3)


_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|.", re.DOTALL)
_RELATIONS = ["=", "<", ">", r"\le", r"\ge", r"\ne", r"\in", r"\to", r"\implies", "+", "-"]
_SIZES = dict.fromkeys(_RELATIONS, 2.2) | {r"\implies": 3.5, r"\quad": 2.0, r"\qquad": 4.0}
_SIZES |= dict.fromkeys([r"\log", r"\exp", r"\min", r"\max", r"\inf", r"\sup"], 3.3)
_SIZES |= dict.fromkeys([r"\left", r"\right", r"\big", r"\Bigl", r"\Bigr", r"\bigl", r"\bigr"], 0.4)
_SIZES |= dict.fromkeys([r"\,", r"\;", r"\:"], 0.3) | {r"\sum": 2.6, r"\tanh": 4.2, r"\cosh": 4.2}


def argument(formula: str, at: int) -> tuple[str, int]:
    """What a command takes: a group in braces, or one token."""
    while at < len(formula) and formula[at].isspace():
        at += 1
    if formula[at : at + 1] != "{":
        found = _TOKEN.match(formula, at)
        return (found[0], found.end()) if found else ("", at)
    depth = 0
    for found in re.compile(r"\\.|[{}]").finditer(formula, at):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return formula[at + 1 : found.start()], found.end()
    return formula[at + 1 :], len(formula)


def _open_relation(before: str) -> bool:
    """Whether cases after this are the right side of a relation, inside no brackets."""
    closed = all(before.count(a) == before.count(b) for a, b in ("{}", "()", "[]"))
    return closed and re.search(r"(=|\\le|\\ge)\s*$", before) is not None


def _pieces(body: str) -> list[tuple[str, str]] | None:
    """The cases of SymPy's environment; None where one holds another."""
    if r"\begin" in body:
        return None
    pieces = []
    for row in re.split(r"\\\\(?:\[[^\]]*\])?", body):
        value, separator, when = row.partition("&")
        if not separator or "&" in when:
            return None
        when = when.strip()
        plain = re.fullmatch(r"\\text\{for\}\\:\s*(.*)", when, re.DOTALL)
        words = re.fullmatch(r"\\text\{([^{}]*)\}", when)
        said = f"for ${plain[1]}$" if plain else words[1] if words else f"${when}$"
        pieces.append((value.strip(), said))
    return pieces


def _item(step: Step, long: str, short: str) -> str:
    """A step, with the transformation as the theorem writes it."""
    shown = display(step.statement.replace(long, short), conditions=step.conditions)
    return rf"\item {typeset(step.justification)}:" + "\n" + shown


def _abbreviated(formula: Expr) -> tuple[Expr, list[tuple[Expr, Expr]]]:
    """A formula with names for what it repeats, where it is too long to read otherwise."""
    import sympy

    if sympy.count_ops(formula) <= LONG:
        return formula, []
    pieces = list(formula.args) if isinstance(formula, sympy.Piecewise) else [(formula, True)]
    if any(value.has(sympy.Piecewise) for value, _ in pieces):
        return formula, []
    names = sympy.numbered_symbols("A", start=1)
    named, short = sympy.cse([value for value, _ in pieces], symbols=names)
    whens = [when for _, when in pieces]
    return sympy.Piecewise(*zip(short, whens, strict=True)), named


def _loss(problem: PointwiseProblem) -> str:
    """The formula of the loss, by the narrowest form it has."""
    import sympy

    loss = problem.surrogate
    n = problem.n_classes if isinstance(problem.n_classes, int) else None

    def formula(curve: Curve, name: str) -> str | None:
        symbol = sympy.Symbol(name, real=True, **({"positive": True} if name == "u" else {}))
        try:
            return str(sympy.latex(sympy.sympify(curve(symbol, SYMPY))))
        except (InvalidInputError, TypeError, AttributeError, sympy.SympifyError):
            return None

    softmax = loss.form(OfSoftmax)
    if softmax is not None and (g := formula(softmax.g, "u")):
        scale = (
            "" if softmax.temperature == 1 else f" / {_tex(sympy.Rational(softmax.temperature))}"
        )
        shown = re.sub(r"(?<![A-Za-z\\])u(?![A-Za-z])", "u_y", g)
        return rf"$\loss(s, y) = {shown}$, $u = \mathrm{{softmax}}(s{scale})$"
    margin = loss.form(OfMargin, n) if n == 2 else None
    if margin is not None and (phi := formula(margin.phi, "v")):
        return rf"$\loss(s, y) = {phi}$ at the margin $v = (s_y - s_k) / 2$, $k \ne y$,"
    scores = loss.form(OfScores)
    if scores is not None and (phi := formula(scores.phi, "v")):
        return (
            r"$\loss(s, y) = \sum_{k \ne y} \varphi(-s_k)$ with $\sum_k s_k = 0$ and"
            rf" $\varphi(v) = {phi}$"
        )
    pairwise = loss.form(Pairwise)
    if pairwise is not None and pairwise.tau is None and (phi := formula(pairwise.phi, "v")):
        joined = r"\max" if pairwise.how == "max" else r"\sum"
        return rf"$\loss(s, y) = {joined}_{{k \ne y}} \varphi(s_y - s_k)$ with $\varphi(v) = {phi}$"
    transport = loss.form(Transport)
    if transport is not None:
        lam, c, scale = (
            sympy.sympify(value) for value in (transport.lam, transport.c, transport.scale)
        )
        margin_term = "" if c == 0 else rf"{_tex(c)} [k \ne y] + "
        factor = "" if scale * lam == 1 else _tex(scale * lam) + r" "
        inside = rf"{margin_term}s_k - s_y"
        power = inside if lam == 1 else rf"({inside}) / {_tex(lam)}"
        return rf"$\loss(s, y) = {factor}\log \sum_k e^{{{power}}}$"
    return r"$\loss$"


def _hypotheses(problem: PointwiseProblem) -> str:
    bound = problem.hypotheses.score_bound
    if bound is None:
        return r"complete (the scores at each $x$ fill $\mathbb{R}^n$)"
    name = escape(str(problem.hypotheses))
    box = rf"the scores at each $x$ fill at least $[-B, B]^n$, $B = {_tex(bound)}$"
    return rf"\texttt{{{name}}} ({box})"


def _tex(value: object) -> str:
    import sympy

    return str(sympy.latex(sympy.sympify(value)))
