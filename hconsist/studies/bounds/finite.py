"""Pairs on finite distributions: every comparison is exact up to rounding."""

from __future__ import annotations

import numpy as np

from hconsist.losses import parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.curves import ROUNDING, curve_of
from hconsist.simulate.optimum import is_unbounded_below
from hconsist.simulate.results import Cell, Row
from hconsist.studies.bounds.counterexamples import counterexamples, described, unbounded
from hconsist.studies.bounds.members import NORMS, Members
from hconsist.studies.bounds.pairs import (
    climb,
    excesses,
    joined,
    random_pairs,
    tied_pairs,
    witness_pairs,
)
from hconsist.studies.bounds.plan import is_searched
from hconsist.studies.bounds.table import row_of, with_bounds


def finite_pairs(cell: Cell, random: np.random.Generator, backend: Backend) -> list[Row]:
    """Pairs of four kinds on up to four inputs each, a quarter of each kind, and the counterexample
    where there is one.
    """
    spec, n, hypotheses, size = cell["loss"], cell["n"], cell["hypotheses"], cell["pairs"] // 4
    loss, complete = parse_loss(spec), hypotheses == "complete"
    if complete and is_unbounded_below(loss, n):
        return [
            unbounded(spec, n),
            *(counterexamples(spec, n) if n > 2 and spec != "ldr-inf" else []),
        ]
    rows = counterexamples(spec, n) if complete else []
    if not size:
        return rows
    curve, members = curve_of(spec, n, hypotheses), Members(hypotheses, n)
    steps = 8 if is_searched(spec, n) else 25
    kinds = {
        "random": random_pairs(n, size, random),
        "adversarial": tied_pairs(loss, n, size, members, random),
        "witness": witness_pairs(curve, n, size, random),
    }
    start = joined(kinds, size, random)
    kinds["climbed"] = climb(loss, start, curve, members, random, steps, backend)
    pairs = []
    for kind, (weights, p, wanted) in kinds.items():
        scores, written = members.nearest(wanted, random)
        target, surrogate = excesses(loss, weights, p, scores, members.reach)
        for i in range(len(target)):
            rounding = ROUNDING * (1 + abs(surrogate[i]))
            text = described(weights[i], p[i], scores[i])
            if not complete:
                text += f" norms={NORMS[weights[i] > 0].tolist()}" + written(i)
            pairs.append(
                row_of(
                    kind,
                    spec,
                    n,
                    hypotheses,
                    f"{kind}:{i}",
                    text,
                    target=target[i],
                    surrogate=surrogate[i],
                    surrogate_error=rounding,
                )
            )
    return [*rows, *with_bounds(pairs, curve)]
