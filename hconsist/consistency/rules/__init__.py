"""Sufficient conditions for consistency, and constructions of counterexamples, each tried on the
loss's own formula.

Throughout, H is complete and the target is the zero-one or a top-k loss. A loss is consistent if
and only if, for every label distribution p, the infimum of the conditional risk over the scores
whose prediction may be suboptimal exceeds the infimum over all scores (Steinwart 2007; Tewari and
Bartlett 2007). Ties fall on the worst label.

Each module holds the rules of one form of losses; ``@rule(form)`` puts a function on the list, in
the order of `MODULES`. What a rule needs of a curve (continuous, falling, convex, bounded
below) is a proven fact, or found by algebra on pieces that are proven to join; a declared shape is
never believed. A formula of all labels is written with every label its own symbol.
"""

from __future__ import annotations

from hconsist.consistency.rules import (
    constrained,
    general,
    links,
    margins,
    piecewise,
    probability,
    softmax,
)
from hconsist.consistency.rules.case import REGISTERED, Case, Rule, asked_for

#: The modules of rules, in the order in which they are tried.
MODULES = (softmax, probability, margins, constrained, piecewise, links, general)
#: Every rule, in that order.
RULES: tuple[Rule, ...] = tuple(
    r for module in MODULES for r in REGISTERED if r.function.__module__ == module.__name__
)

__all__ = ["MODULES", "RULES", "Case", "Rule", "asked_for"]
