"""Targets with costs of their own and a cross-entropy forecast: dual certificates and witnesses."""

from __future__ import annotations

from fractions import Fraction

from hconsist.engines.methods import method
from hconsist.engines.rigorous import plugin
from hconsist.engines.rigorous.methods.plan import Plan, Question


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
