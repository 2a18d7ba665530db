"""The zoo: every loss of the catalogue on one line, with its verdicts and its bound."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hconsist.arithmetic import BALLS, endpoints, evaluate, precision
from hconsist.arithmetic.shown import digits_up
from hconsist.bounds import Bound, derive
from hconsist.consistency import verdict
from hconsist.decisions import Target, parse_target
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.losses import CATALOGUE, FOR_TARGETS, Loss, parse_loss
from hconsist.pointwise import PointwiseProblem, beta_symbol, round_up
from hconsist.theorems import published

#: Where the constant of a bound is looked for.
_BETAS = (Fraction(1, 2048), Fraction(1, 1024), *(Fraction(i, 64) for i in range(1, 65)))
#: The target of the table without another one.
_PLAIN = "zero-one"
HEADER = (
    "loss",
    "n",
    "consistent",
    "top-2 consistent",
    "growth",
    "constant",
    "published",
    "source",
)


@dataclass(frozen=True)
class ZooRow:
    """One loss.

    Parameters
    ----------
    loss : str
        Spec string, as it was given.
    n_classes : int
    consistent, top_2 : str
        "yes", "no" or "?" (undecided).
    growth : float or None
        s with T(beta) ~ C beta^s at 0; None when T vanishes there or no engine could say.
    constant : float or None
        K with Gamma(u) <= K u^(1/s). Where it is proven it is the constant of the derived upper
        bound on Gamma, rounded up; else an estimate, the least K with beta <= K T**(beta)^(1/s) on
        a grid of [0, 1].
    proven : bool
        Whether growth and constant rest on a derived closed form.
    published : str
        "tight", "loose by F" (the largest ratio of exact to published T), or "-" when nothing is
        published.
    source : str
    """

    loss: str
    n_classes: int
    consistent: str
    top_2: str
    growth: float | None
    constant: float | None
    proven: bool
    published: str
    source: str

    @property
    def shown_constant(self) -> str:
        """The constant to four digits, rounded up where it is proven.

        >>> row = ZooRow("logistic", 2, "yes", "-", 2.0, 1.4142135623730951, True, "-", "")
        >>> row.shown_constant
        '1.415'
        """
        if self.constant is None:
            return ""
        return digits_up(self.constant) if self.proven else f"{self.constant:.4g}"

    def cells(self) -> tuple[str, ...]:
        """The row as text; an estimate is marked by ``~``."""
        mark = "" if self.proven else "~"
        return (
            self.loss,
            str(self.n_classes),
            self.consistent,
            self.top_2,
            "-" if self.growth is None else f"{mark}{self.growth:.3g}",
            "-" if self.constant is None else f"{mark}{self.shown_constant}",
            self.published,
            self.source,
        )


def zoo(n_classes: int = 10, specs: Sequence[str] | None = None) -> Iterator[ZooRow]:
    """The rows of the zoo, one by one.

    Parameters
    ----------
    n_classes : int
        Binary losses are taken at 2.
    specs : sequence of str, optional
        Spec strings; the whole catalogue with its default parameters when left out.

    Examples
    --------
    >>> [row.cells()[:6] for row in zoo(3, ["mae"])]
    [('mae', '3', 'yes', 'no', '1', '3')]
    """
    return zoo_of(_PLAIN, n_classes, specs)


def zoo_of(
    target: Target | str, n_classes: int, specs: Sequence[str] | None = None
) -> Iterator[ZooRow]:
    """The rows of the zoo for a target.

    Parameters
    ----------
    target : Target or str
        What a wrong prediction costs. The column "top-2 consistent" is about the zero-one target's
        labels, and empty for others.
    n_classes : int
        The number of labels.
    specs : sequence of str, optional
        Spec strings; when left out, those losses of the catalogue, and of those made for targets,
        from whose scores the target has predictions.

    Examples
    --------
    >>> [row.consistent for row in zoo_of("pairwise", 2, ["dpo", "ipo"])]
    ['yes', 'yes']
    """
    wanted = parse_target(target)
    names: Sequence[str] = [entry.spec for entry in CATALOGUE.values()] if specs is None else specs
    if specs is None and str(wanted) != _PLAIN:
        names = [name for name in (*names, *_made_for_targets()) if _fits(name, wanted, n_classes)]
    for name, loss in [(name, parse_loss(name)) for name in names]:  # all read before any work
        yield _row(name, loss, loss.only_classes or n_classes, wanted)


def _made_for_targets() -> Iterator[str]:
    for entry in FOR_TARGETS.values():
        yield parse_loss(entry.name).spec


def _fits(name: str, target: Target, n: int) -> bool:
    try:
        PointwiseProblem(name, target, n_classes=n)
    except InvalidInputError:
        return False
    return True


def _row(name: str, loss: Loss, n: int, target: Target) -> ZooRow:
    words = {"consistent": "yes", "not consistent": "no", "undecided": "?"}
    settled = words[verdict(loss, n, target).status]
    plain = str(target) == _PLAIN and loss.scores_of == "labels"
    top_2 = words[verdict(loss, n, "top-k:2").status] if n > 2 and plain else "-"
    growth, constant, proven, known = None, None, False, "-"
    if settled != "no":
        try:
            bound = derive(loss, n, target=target)
            found = _proven_growth_and_constant(bound)
            proven = found is not None
            growth, constant = found or _growth_and_constant(bound)
            known = _against_published(bound)
        except EngineCannotAnswerError:
            pass
    return ZooRow(name, n, settled, top_2, growth, constant, proven, known, loss.source)


def _proven_growth_and_constant(bound: Bound) -> tuple[float, float] | None:
    """s and K, rounded up, from a derived bound Gamma(u) <= K u^(1/s); None where there is none of
    that form, or where it rests on a declaration.
    """
    formula = bound.gamma_upper
    if formula is None or any(line.startswith("declared") for line in bound.assumptions):
        return None
    (symbol,) = formula.free_symbols
    constant, power = formula.as_independent(symbol, as_Add=False)
    exponent = power.as_base_exp()[1]
    if power != symbol**exponent or not exponent.is_Rational or constant.free_symbols:
        return None
    with precision(200):
        _, above = endpoints(evaluate(constant, {}, BALLS))
    return float(1 / exponent), round_up(above)


def _growth_and_constant(bound: Bound) -> tuple[float | None, float | None]:
    betas = [float(b * bound.problem.decision.max_regret) for b in _BETAS]
    values = bound.envelope_curve(betas)
    if not all(math.isfinite(v) and v > 0 for v in values):
        return None, None
    if (
        bound.derivation
        and bound.derivation.growth is not None
        and not bound.derivation.growth.free_symbols
    ):
        growth = float(bound.derivation.growth)
    else:
        growth = float(math.log2(values[1] / values[0]))
    # The order at 0 is what the data show to two digits; a half-integer nearby is what it means.
    nearest = round(2 * growth) / 2
    growth = nearest if abs(growth - nearest) < 0.03 else growth
    constant = max(b / v ** (1 / growth) for b, v in zip(betas, values, strict=True))
    return growth, constant


def _against_published(bound: Bound) -> str:
    known = published(bound.problem)
    if not known:
        return "-"
    from hconsist.closed_forms import enclose

    ratios = []
    for beta in _BETAS[9::8]:
        exact = float(bound.transform_curve([float(beta)])[0])
        best = max(float(enclose(t.at(bound.problem), beta_symbol(), beta)[1]) for t in known)
        ratios.append(exact / best)
    worst = max(ratios)
    return "tight" if worst < 1 + 1e-6 else f"loose by {worst:.3g}"


def as_text(rows: Sequence[ZooRow], style: str) -> str:
    """The table as ``markdown``, ``csv`` or ``latex``.

    >>> print(as_text([], "markdown"))
    | loss | n | consistent | top-2 consistent | growth | constant | published | source |
    |---|---|---|---|---|---|---|---|
    """
    cells = [row.cells() for row in rows]
    if style == "csv":
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([HEADER, *cells])
        return stream.getvalue().rstrip("\n")
    if style == "latex":
        body = [" & ".join(_escape(c) for c in row) + r" \\" for row in cells]
        columns = "l" * len(HEADER)
        lines = [
            rf"\begin{{tabular}}{{{columns}}}",
            r"\hline",
            " & ".join(HEADER) + r" \\",
            r"\hline",
            *body,
            r"\hline",
        ]
        return "\n".join([*lines, r"\end{tabular}"])
    lines = ["| " + " | ".join(row) + " |" for row in [HEADER, *(_code(row) for row in cells)]]
    return "\n".join([lines[0], "|" + "---|" * len(HEADER), *lines[1:]])


def _code(row: tuple[str, ...]) -> tuple[str, ...]:
    return (f"`{row[0]}`", *row[1:])


def _escape(text: str) -> str:
    for raw, safe in (
        ("\\", r"\textbackslash{}"),
        ("_", r"\_"),
        ("&", r"\&"),
        ("%", r"\%"),
        ("^", r"\^{}"),
        ("~", r"$\sim$"),
    ):
        text = text.replace(raw, safe)
    return text


def as_dicts(rows: Sequence[ZooRow]) -> list[dict[str, object]]:
    """JSON-ready rows."""
    return [vars(row) for row in rows]
