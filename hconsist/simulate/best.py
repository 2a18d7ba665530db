"""Best-in-class risks R*(H) of a trainable hypothesis set on a Gaussian mixture, with their
uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hconsist.arithmetic import NUMPY
from hconsist.distributions import Estimate
from hconsist.losses import Loss, parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.models import Model
from hconsist.simulate.population import Population
from hconsist.simulate.training import train


@dataclass(frozen=True)
class BestRisk:
    """An interval for R*(H).

    Parameters
    ----------
    low : float
        The mean of the smallest risks on each rule, less its error. A rule is unbiased, so the
        expectation of its minimum is at most R*(H); where training may end in a local minimum this
        side is an estimate.
    high : float
        The mean risk of the hypotheses found, each on the rules that it was not trained on, plus
        its error: no hypothesis has less than the best risk.
    """

    low: float
    high: float

    @property
    def estimate(self) -> Estimate:
        """The middle, with half the width as error."""
        return Estimate(
            (self.low + self.high) / 2,
            (self.high - self.low) / 2,
            "optima of randomised rules, cross-validated",
        )


def best_risk(
    loss: Loss | str,
    model: Model | str,
    nodes: Population,
    *,
    spread: float = 3.0,
    restarts: int | None = None,
    backend: Backend | None = None,
) -> BestRisk:
    """R*(H) of a loss between two sides that err in opposite directions.

    Parameters
    ----------
    loss : Loss or str
    model : Model or str
    nodes : Population
        Independent rules for the distribution.
    spread : float
        Standard errors, over the rules, that each side is moved outward: of a normal law, widened
        to Student's of as many rules.
    restarts, backend
        See `hconsist.simulate.training.train`.

    Examples
    --------
    >>> from hconsist.distributions import GaussianMixture
    >>> from hconsist.simulate.population import population
    >>> g = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[1.0]])
    >>> best = best_risk("logistic", "linear", population(g))
    >>> entropy = g.expectation(lambda p: -(p * np.log(p)).sum(-1))  # R*(H), as p is logistic
    >>> best.low < float(entropy) < best.high and best.high - best.low < 1e-3
    True
    """
    from scipy.stats import norm, t

    loss = parse_loss(loss)
    fit = train(
        loss,
        model,
        nodes.x,
        nodes.p,
        sample_weights=nodes.weights,
        restarts=restarts,
        tolerance=1e-6,
        backend=backend,
    )
    repeats = len(nodes.x)
    scores = np.stack([fit.scores(part) for part in nodes.x], axis=1)  # (hypothesis, rule, m, n)
    risks = ((nodes.p * loss.losses(scores, NUMPY)).sum(-1) * nodes.weights).sum(-1)
    elsewhere = (risks.sum(axis=1) - np.diagonal(risks)) / (repeats - 1)
    inside = np.diagonal(risks)
    scale = float(t.isf(norm.sf(spread), repeats - 1)) / np.sqrt(repeats)
    return BestRisk(
        float(inside.mean() - scale * inside.std(ddof=1)),
        float(elsewhere.mean() + scale * max(elsewhere.std(ddof=1), inside.std(ddof=1))),
    )
