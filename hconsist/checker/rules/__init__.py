"""The rules: which proof may follow which statement, and the lemmas each rests on.

One rule is one theorem; its file states hypotheses, conclusion and why. `obligations` lists what
is left to prove once the theorem is applied.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from hconsist.checker.limits import Rejected, need
from hconsist.checker.obligations import Obligation
from hconsist.checker.reading import Fields
from hconsist.checker.rules import (
    above,
    chords,
    forecasts,
    gamma,
    gaps,
    lower,
    plugin,
    points,
    ties,
)
from hconsist.checker.rules.boxed import BOUNDED_SWAP
from hconsist.checker.rules.cells import CELLS
from hconsist.checker.rules.concave import CONCAVE_PAIR, THEOREM_C
from hconsist.checker.rules.curvature import THEOREM_D, THEOREM_X
from hconsist.checker.rules.margin import MARGIN
from hconsist.checker.rules.pools import POOLS
from hconsist.checker.rules.softmax import PAIR, THEOREM_A
from hconsist.checker.rules.swap import SWAP
from hconsist.checker.statements import Statement

Rule = Callable[[Statement, Fields], Iterator[Obligation]]

#: Lemmas that give lower bounds of T, by the name of the rule.
LOWER = {
    rule.name: rule
    for rule in (
        PAIR, THEOREM_A, CONCAVE_PAIR, THEOREM_C, MARGIN, CELLS, SWAP, BOUNDED_SWAP,
        THEOREM_D, THEOREM_X, POOLS,
    )
}  # fmt: skip

#: Rules that know what bounded scores do to softmax values. The others are about all scores.
BOUNDED = ("bounded swap", "tie", "bounded point", "gap")
#: Rules about several predicted labels too. The others are about one.
SEVERAL = ("swap", "tie", "convex point", "concave point")

#: Where the lemmas are proven.
WHERE = {
    "pooling lemma": "docs/theory.md, Pooling lemma and Star shape",
    "pair lemma": "docs/theory.md, Pair lemma",
    "theorem A": "docs/theory.md, Theorem A",
    "theorem B": "docs/theory.md, Theorem B and Lines below the pools",
    "theorem D": "docs/theory.md, Theorem D",
    "theorem X": "docs/theory.md, Theorem X",
    "theorem C": "docs/certificate.md, Lemmas: theorem C for concave losses",
    "concave pair lemma": "docs/certificate.md, Lemmas: concave pair lemma",
    "plug-in lemma": "docs/certificate.md, Lemmas: plug-in lemma",
    "margin lemma": "docs/certificate.md, Lemmas: margin lemma",
}

#: By the kind of claim, the verdict and the rule: what lists the obligations, and the lemmas used.
RULES: dict[tuple[str, str, str], tuple[Rule, tuple[str, ...]]] = {
    ("T >=", "holds", "plug-in lines"): (plugin.holds, plugin.LEMMAS),
    ("T <=", "holds", "tangent"): (above.holds, ()),
    ("T <=", "violated", "plug-in lines"): (forecasts.refutes, plugin.LEMMAS),
    ("T <=", "holds", "plug-in curve"): (forecasts.holds, ()),
    ("T >=", "violated", "plug-in point"): (forecasts.point, ()),
    ("T <=", "holds", "chords"): (chords.holds, ()),
    ("T >=", "violated", "score point"): (chords.score_point, ()),
    ("T >=", "violated", "convex point"): (points.convex_point, ()),
    ("T >=", "violated", "concave point"): (points.concave_point, ()),
    ("T >=", "violated", "margin point"): (points.margin_point, ()),
    ("T >=", "violated", "bounded point"): (points.bounded_point, ()),
    ("T <=", "holds", "tie"): (ties.holds, ()),
    ("gap <=", "holds", "gap"): (gaps.holds, ()),
    ("gap >=", "holds", "gap"): (gaps.holds, ()),
}
for _name, _rule in LOWER.items():
    RULES["T >=", "holds", _name] = functools.partial(lower.holds, _rule), _rule.lemmas
    RULES["T <=", "violated", _name] = functools.partial(lower.refutes, _rule), _rule.lemmas
    RULES["Gamma <=", "holds", _name] = functools.partial(gamma.holds, _rule), _rule.lemmas
for _name, _point in {
    "convex point": points.convex_point, "concave point": points.concave_point,
    "margin point": points.margin_point, "bounded point": points.bounded_point,
    "score point": chords.score_point,
}.items():  # fmt: skip
    RULES["Gamma <=", "violated", _name] = functools.partial(gamma.refutes, _point), ()


def rule_of(statement: Statement, verdict: str, proof: Fields) -> tuple[Rule, tuple[str, ...]]:
    """The rule that a proof names, which must fit the claim and the verdict."""
    if not isinstance(proof, dict) or not isinstance(proof.get("rule"), str):
        raise Rejected("proof must be an object with a rule")
    key = (statement.claim_kind, verdict, proof["rule"])
    need(key in RULES, f"no rule {proof['rule']!r:.40} for {key[0]} {verdict}")
    rule = proof["rule"]
    bounded = statement.kind == "softmax" and statement.bound is not None
    need(not bounded or rule in BOUNDED, f"rule {rule!r:.40} is about all scores")
    need(statement.top == 1 or rule in SEVERAL, f"rule {rule!r:.40} predicts one label")
    return RULES[key]
