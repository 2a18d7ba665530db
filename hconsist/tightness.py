"""Is a published transformation tight, loose or false? The exact T against it, with witnesses.

The exact T comes from the numeric engine: a minimum over distributions and scores that a search
found, with the point where it is attained. A published value above the regret of a witness is
therefore refuted by that witness; a published value below the minimum found is loose to the extent
that the search is global.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np

from hconsist.closed_forms import float_curve
from hconsist.engines import sweep
from hconsist.errors import InvalidInputError
from hconsist.hull import ConvexHull, search_grid
from hconsist.pointwise import Answer, PointwiseProblem
from hconsist.theorems import Theorem, published

Verdict = Literal["tight", "loose", "invalid", "undecided"]

#: Where a table is made unless told otherwise.
BETAS = tuple(
    Fraction(s)
    for s in (
        "1/100",
        "1/20",
        "1/10",
        "1/5",
        "3/10",
        "2/5",
        "1/2",
        "3/5",
        "7/10",
        "4/5",
        "9/10",
        "1",
    )
)
#: Surrogate excesses at which improved bounds are shown, as fractions of T(1).
EXCESSES = tuple(Fraction(s) for s in ("1/10000", "1/1000", "1/100", "1/10"))
#: Differences within ``ABSOLUTE + RELATIVE * published`` are noise: neither looseness nor a
#: violation.
ABSOLUTE, RELATIVE = 1e-9, 1e-7


@dataclass(frozen=True)
class Comparison:
    """One published transformation against the exact values.

    Parameters
    ----------
    theorem : Theorem
    values : tuple of float
        The published T at the betas of the table.
    exact : tuple of float or None
        The numeric engine's values there.
    """

    theorem: Theorem
    values: tuple[float, ...]
    exact: tuple[float | None, ...]

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Exact over published; None where either is 0 or unknown."""
        pairs = zip(self.exact, self.values, strict=True)
        return tuple(None if e is None or v <= 0 or e <= 0 else e / v for e, v in pairs)

    @property
    def verdict(self) -> Verdict:
        """invalid where a published value exceeds a witness by more than the margin; loose where it
        falls short by more.
        """
        gaps = [
            None if e is None else (e - v, ABSOLUTE + RELATIVE * abs(v))
            for e, v in zip(self.exact, self.values, strict=True)
        ]
        known = [g for g in gaps if g is not None]
        if any(gap < -margin for gap, margin in known):
            return "invalid"
        if any(gap > margin for gap, margin in known):
            return "loose"
        return "tight" if len(known) == len(gaps) else "undecided"

    @property
    def factor(self) -> float | None:
        """The largest ratio of exact to published, for a loose result; the smallest one for an
        invalid result.
        """
        ratios = [r for r in self.ratios if r is not None]
        if not ratios or self.verdict not in ("loose", "invalid"):
            return None
        return max(ratios) if self.verdict == "loose" else min(ratios)

    def __str__(self) -> str:
        verdict, factor = self.verdict, self.factor
        if factor is None:
            return verdict
        return (
            f"loose by a factor of {factor:.4g}"
            if verdict == "loose"
            else f"invalid: exact is {factor:.4g} of published"
        )


@dataclass(frozen=True)
class Improvement:
    """Gamma at one surrogate excess: what the published transformation gives, and what the exact
    one gives.
    """

    excess: float
    published: float
    exact: float


@dataclass(frozen=True)
class Tightness:
    """The table of one problem: exact T with witnesses, and every published transformation beside
    it.

    Parameters
    ----------
    problem : PointwiseProblem
    betas : tuple of Fraction
    answers : tuple of Answer
        The numeric engine's, one for each beta.
    comparisons : tuple of Comparison
        One for each published transformation; empty where nothing is published.
    grid : tuple of (Fraction, Answer)
        The finer grid from which the convex envelope is taken.
    """

    problem: PointwiseProblem
    betas: tuple[Fraction, ...]
    answers: tuple[Answer, ...]
    comparisons: tuple[Comparison, ...]
    grid: tuple[tuple[Fraction, Answer], ...]

    @property
    def verdict(self) -> Verdict | Literal["unpublished"]:
        """That of the strongest published statement that is not invalid; invalid where there is
        none.
        """
        if any(a.estimate is None for a in self.answers):
            return "undecided"
        if not self.comparisons:
            return "unpublished"
        if any(c.verdict == "invalid" for c in self.comparisons):
            return "invalid"
        return self.strongest.verdict

    @property
    def strongest(self) -> Comparison:
        """The published transformation with the largest values."""
        return max(self.comparisons, key=lambda c: sum(c.values))

    @cached_property
    def envelope(self) -> ConvexHull:
        """The convex envelope of the exact values on the grid (an estimate)."""
        return ConvexHull.below(
            [float(b) for b, _ in self.grid], [answer.estimate for _, answer in self.grid]
        )

    @property
    def improvements(self) -> tuple[Improvement, ...]:
        """Gamma before and after, for a loose published result; empty otherwise.

        For the published side its transformation, convex, is inverted on the same grid.
        """
        if self.verdict != "loose":
            return ()
        betas = np.array([float(b) for b, _ in self.grid])
        formula = self.strongest.theorem.at(self.problem)
        paper = ConvexHull.of(betas.tolist(), float_curve(formula, betas).tolist())
        excesses = [float(e) * self.envelope.values[-1] for e in EXCESSES]
        return tuple(
            Improvement(u, float(paper.inverse(u)), float(self.envelope.inverse(u)))
            for u in excesses
        )

    def as_dict(self) -> dict[str, object]:
        """JSON-ready form."""
        return {
            "loss": self.problem.surrogate.spec,
            "n_classes": self.problem.n,
            "target": str(self.problem.target),
            "hypotheses": str(self.problem.hypotheses),
            "verdict": self.verdict,
            "margin": {"absolute": ABSOLUTE, "relative": RELATIVE},
            "rows": [
                {"beta": str(b), **a.as_dict()}
                for b, a in zip(self.betas, self.answers, strict=True)
            ],
            "published": [
                {
                    "id": c.theorem.id,
                    "paper": c.theorem.paper,
                    "locator": c.theorem.locator,
                    "verdict": c.verdict,
                    "factor": c.factor,
                    "values": list(c.values),
                    "ratios": list(c.ratios),
                }
                for c in self.comparisons
            ],
            "improved_bound": [
                {"excess": i.excess, "published": i.published, "exact": i.exact}
                for i in self.improvements
            ],
        }


def tightness(
    problem: PointwiseProblem,
    betas: Iterable[object] | None = None,
    *,
    theorems: Sequence[Theorem] | None = None,
) -> Tightness:
    """Compare every published transformation for a problem with the exact one.

    Parameters
    ----------
    problem : PointwiseProblem
        With a number for every parameter.
    betas : iterable of numbers, optional
        Target regrets; `BETAS` times the largest one when left out.
    theorems : sequence of Theorem, optional
        The statements to compare; all published ones that apply when left out.

    Raises
    ------
    InvalidInputError
        For a problem with symbols, or no beta.
    EngineCannotAnswerError
        When the numeric engine has no method.

    Examples
    --------
    >>> report = tightness(PointwiseProblem("mae", n_classes=100))
    >>> report.verdict, round(report.comparisons[0].factor, 6)
    ('loose', 50.0)
    """
    most = problem.decision.max_regret
    table = tuple(most * b for b in BETAS)
    if betas is not None:
        table = tuple(problem.check_beta(b) for b in betas)
    if problem.is_symbolic or not table:
        raise InvalidInputError(
            "tightness needs numbers and at least one beta",
            str(problem.surrogate),
            "give every parameter",
        )
    chosen = list(published(problem)) if theorems is None else list(theorems)
    everything = sorted({*(most * b for b in search_grid(201)), *table})
    answers = dict(zip(everything, sweep(problem, everything), strict=True))
    rows = tuple(answers[b] for b in table)
    exact = tuple(a.estimate for a in rows)
    points = np.array([float(b) for b in table])
    comparisons = tuple(
        Comparison(t, tuple(float_curve(t.at(problem), points).tolist()), exact) for t in chosen
    )
    return Tightness(problem, table, rows, comparisons, tuple((b, answers[b]) for b in everything))
