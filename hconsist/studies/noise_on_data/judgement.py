"""Measured differences of losses with intervals, and what theory said of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hconsist.choosing import Choice, choices, recommendation
from hconsist.simulate.results import Row
from hconsist.studies.noise_on_data.experiment import PENALTIES
from hconsist.studies.study import Verdict

#: Of all differences of one setting together.
CONFIDENCE = 0.95

Setting = tuple[str, str, float]


@dataclass(frozen=True)
class Difference:
    """The mean of ``error(second) - error(first)`` over repeats, with half the width of its
    interval.
    """

    first: str
    second: str
    mean: float
    half: float

    @property
    def sure(self) -> int:
        """1 where the first loss errs less beyond the interval, -1 where more, else 0."""
        return (self.mean > self.half) - (self.mean < -self.half)


def settings(rows: Sequence[Row]) -> dict[Setting, list[Row]]:
    """Rows by data, kind and rate of noise."""
    found: dict[Setting, list[Row]] = {}
    for row in rows:
        found.setdefault((row["data"], row["noise"], row["rate"]), []).append(row)
    return found


def errors(rows: Sequence[Row], column: str = "error") -> dict[str, NDArray[np.float64]]:
    """Errors of each loss, repeat by repeat."""
    return {
        loss: np.array([row[column] for row in rows if row["loss"] == loss])
        for loss in dict.fromkeys(row["loss"] for row in rows)
    }


def differences(table: dict[str, NDArray[np.float64]]) -> list[Difference]:
    """All pairs of losses, paired by repeats; Student's t, by a union bound over the pairs.

    >>> found = differences({"a": np.array([0.1, 0.2, 0.3]), "b": np.array([0.2, 0.3, 0.401])})
    >>> round(found[0].mean, 4), found[0].sure
    (0.1003, 1)
    """
    from scipy.stats import t

    pairs = list(itertools.combinations(table, 2))
    found = []
    for first, second in pairs:
        gap = table[second] - table[first]
        spread = float(gap.std(ddof=1)) / math.sqrt(gap.size)
        half = float(t.isf((1 - CONFIDENCE) / (2 * len(pairs)), gap.size - 1)) * spread
        found.append(Difference(first, second, float(gap.mean()), half))
    return found


@cache
def theory(losses: tuple[str, ...], n: int) -> dict[str, Choice]:
    """What `hconsist choose` says of the losses at n labels, before noise: uniform noise divides
    all their bounds by one factor.
    """
    return {choice.loss: choice for choice in choices(n, losses=losses)}


def robustness(choice: Choice) -> int:
    """0 for a symmetric loss, 1 for a bounded one, 2 for the others."""
    return 0 if choice.symmetric else 1 if choice.bounded else 2


def _told(name: str, found: Sequence[Difference], rank: dict[str, float]) -> str:
    """How many pairs that an order tells apart came out so, the other way round, or too close."""
    signs = [
        d.sure * (1 if rank[d.first] < rank[d.second] else -1)
        for d in found
        if rank[d.first] != rank[d.second]
    ]
    return (
        f"{name}: {signs.count(1)} of {len(signs)} pairs confirmed, {signs.count(-1)} the other "
        f"way round, {signs.count(0)} too close"
    )


def verdict(rows: Sequence[Row]) -> Verdict:
    """Mean errors with the penalties chosen, then each order of theory against the measured one."""
    summary, total = [], {"bounds": [0, 0, 0], "robustness": [0, 0, 0]}
    for (data, noise, rate), group in settings(rows).items():
        table, fixed = errors(group), errors(group, "error_fixed")
        found = differences(table)
        known = theory(tuple(table), group[0]["classes"])
        ranks = {
            "bounds": {k: math.inf if c.bound is None else c.bound for k, c in known.items()},
            "robustness": {k: float(robustness(c)) for k, c in known.items()},
        }
        if rate == 0:
            del ranks["robustness"]
        if noise == "pairs" and rate > 0:
            del ranks["bounds"]  # there is no such factor
        told = []
        for loss in sorted(table, key=lambda loss: float(table[loss].mean())):
            l2 = np.median([row["l2"] for row in group if row["loss"] == loss])
            told.append(f"{loss} {table[loss].mean():.4f} ({fixed[loss].mean():.4f}; l2 {l2:g})")
        pick, _ = recommendation(list(known.values()), rate)
        orders = [_told(name, found, rank) for name, rank in ranks.items()]
        if pick:
            ahead = [
                d.second if d.first == pick else d.first
                for d in found
                if (d.first == pick and d.sure < 0) or (d.second == pick and d.sure > 0)
            ]
            orders.append(f"choose picks {pick}, surely behind {', '.join(ahead) or 'none'}")
        summary.append(
            f"{data}, {noise} {rate:g}, {group[0]['samples']} samples: "
            + ", ".join(told)
            + "; "
            + "; ".join(orders)
        )
        for name, rank in ranks.items():
            for d in found:
                if rank[d.first] != rank[d.second]:
                    total[name][d.sure * (1 if rank[d.first] < rank[d.second] else -1)] += 1
    for name, (close, confirmed, turned) in total.items():
        if close + confirmed + turned:
            summary.append(
                f"the order of {name}, all settings: {confirmed} pairs confirmed, {turned} the "
                f"other way round, {close} too close"
            )
    ends = (PENALTIES[0], PENALTIES[-1])
    edge = sum(row["l2"] in ends for row in rows) / len(rows)
    summary.append(
        f"clean test errors, means over repeats, in brackets at one penalty for all; {edge:.0%} of "
        "the penalties chosen are the smallest or largest tried"
    )
    return Verdict("measured", tuple(summary))
