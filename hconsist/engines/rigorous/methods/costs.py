"""Targets with costs of their own and a cross-entropy forecast: dual certificates and witnesses."""

from __future__ import annotations

from fractions import Fraction

from hconsist.engines.methods import method
from hconsist.engines.rigorous import duals, plugin
from hconsist.engines.rigorous.methods.plan import Lines, Plan, Question
from hconsist.engines.rigorous.supports import Forecasts
from hconsist.losses.cross_entropy import cross_entropy_scale


@method("rigorous", "forecasts", rank=10, lemmas=(plugin.PLUG_IN,))
def plan(question: Question) -> Plan | str:
    """Any finite costs and a forecast by cross-entropy: one dual certificate for each pair of
    predictions.
    """
    if question.k:
        return "needs a target with costs of its own"
    missing = plugin.missing(question.problem)
    if missing:
        return missing
    default = Fraction(1, 10**9)
    return Plan(
        lambda beta, budget: plugin.transform(question.problem, beta, budget.width or default)
    )


@method("rigorous", "forecasts", rank=10, lemmas=(plugin.PLUG_IN,), asked="T**")
def lines(question: Question) -> Lines | str:
    """Any finite costs and a forecast by cross-entropy: one multiplier for all pairs."""
    if question.k:
        return "needs a target with costs of its own"
    missing = plugin.missing(question.problem)
    if missing:
        return missing
    scale = cross_entropy_scale(question.problem.surrogate)
    assert scale is not None
    return Lines(Forecasts(question.problem, scale))


@method("rigorous", "pairs of predictions", rank=12, lemmas=(duals.PAIRS_OF_PREDICTIONS,))
def pairs_of_predictions(question: Question) -> Plan | str:
    """Regrets that are a KL divergence or a squared distance, any finite costs: the dual of a
    convex program for each pair of predictions.
    """
    if question.k and question.problem.surrogate.scores_of == "labels":
        return "needs a target with costs of its own, or a score for each prediction"
    missing = duals.missing(question.problem)
    if missing:
        return missing
    default = Fraction(1, 10**7)
    return Plan(
        lambda beta, budget: duals.transform(question.problem, beta, budget.width or default)
    )
