"""A claim against exact values, as numbers to draw: both curves, the factor lost, and a witness."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hconsist.closed_forms import enclose
from hconsist.engines import EngineName
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem, Witness, beta_symbol, excess_symbol
from hconsist.verify.compare import BETAS, ask
from hconsist.verify.evidence import Verification, describe

#: Instances of one claim that are drawn.
_DRAWN = 3
_OF_T = ("T >=", "T =", "T <=")
_OF_GAMMA = ("Gamma <=", "Gamma =")


@dataclass(frozen=True)
class ClaimCurve:
    """One instance of a claim.

    Parameters
    ----------
    label : str
        The instance, in words.
    of : {"T", "Gamma"}
        What is drawn: T over target regrets, or Gamma over surrogate regrets T(beta).
    engine : str
        Whose values are called exact.
    betas, levels : tuple of float
        Target regrets, and T there.
    claimed : tuple of float
        The claimed T at the betas, or the claimed Gamma at the levels.
    """

    label: str
    of: str
    engine: EngineName
    betas: tuple[float, ...]
    levels: tuple[float, ...]
    claimed: tuple[float, ...]

    @property
    def x(self) -> tuple[float, ...]:
        """Abscissae."""
        return self.betas if self.of == "T" else self.levels

    @property
    def exact(self) -> tuple[float, ...]:
        """Exact values at the abscissae."""
        return self.levels if self.of == "T" else self.betas

    @property
    def factor(self) -> tuple[float, float] | None:
        """How many times the claim loses against the exact value, at most, and the target regret
        where: T / claimed T, or claimed Gamma / Gamma. Below 1 the claim says too much.
        """
        found = []
        for beta, exact, claimed in zip(self.betas, self.exact, self.claimed, strict=True):
            above, below = (exact, claimed) if self.of == "T" else (claimed, exact)
            if below > 0:
                found.append((above / below, beta))
        return max(found) if found else None

    @property
    def least(self) -> tuple[float, float] | None:
        """The same where it is least: below 1 the claim is false there."""
        found = []
        for beta, exact, claimed in zip(self.betas, self.exact, self.claimed, strict=True):
            above, below = (exact, claimed) if self.of == "T" else (claimed, exact)
            if below > 0:
                found.append((above / below, beta))
        return min(found) if found else None


def curves(found: Verification) -> tuple[ClaimCurve, ...]:
    """Claimed against exact values of the first and the last instances of a verified claim; empty
    where the claim is not about T or Gamma, or no engine answers.

    Examples
    --------
    >>> from hconsist.verify import verify
    >>> (curve, *_) = curves(verify("comp-sum-from-two", ("symbolic",)))
    >>> curve.of, curve.factor[0]
    ('T', 1.0)
    """
    entry = found.theorem
    if entry.relation not in (*_OF_T, *_OF_GAMMA):
        return ()
    problems = dict.fromkeys((*entry.instances[: _DRAWN - 1], entry.instances[-1]))
    drawn = []
    for problem in problems:
        betas = entry.betas(problem) if entry.betas is not None else BETAS
        answer = _exact(problem, betas)
        if answer is None:
            continue
        engine, levels = answer
        of = "T" if entry.relation in _OF_T else "Gamma"
        symbol = beta_symbol() if of == "T" else excess_symbol()
        formula = entry.at(problem)
        at = betas if of == "T" else [Fraction(v) for v in levels]
        claimed = []
        for value in at:
            low, high = enclose(formula, symbol, value)
            claimed.append(float((low + high) / 2))
        drawn.append(
            ClaimCurve(
                describe(problem), of, engine, tuple(map(float, betas)), levels, tuple(claimed)
            )
        )
    return tuple(drawn)


def _exact(
    problem: PointwiseProblem, betas: tuple[Fraction, ...]
) -> tuple[EngineName, tuple[float, ...]] | None:
    """T from the symbolic engine, or from the numeric one."""
    engines: tuple[EngineName, ...] = ("symbolic", "numeric")
    for engine in engines:
        try:
            values = [a.estimate for a in ask(engine, problem, betas)]
        except EngineCannotAnswerError:
            continue
        if all(v is not None for v in values):
            return engine, tuple(max(float(v), 0.0) for v in values if v is not None)
    return None


def witness(curve: ClaimCurve, problem: PointwiseProblem) -> tuple[float, Witness] | None:
    """The numeric engine's point where T is attained, at the target regret where the claim says
    most too much, or else is nearest to that.
    """
    sign = 1 if curve.of == "T" else -1
    excess = [sign * (c - e) for c, e in zip(curve.claimed, curve.exact, strict=True)]
    at = curve.betas[excess.index(max(excess))]
    if max(excess) <= 0:
        worst = curve.least
        if worst is None:
            return None
        at = worst[1]
    beta = Fraction(repr(at)).limit_denominator(10_000)
    try:
        (answer,) = ask("numeric", problem, (beta,))
    except EngineCannotAnswerError:
        return None
    return None if answer.witness is None else (float(beta), answer.witness)
