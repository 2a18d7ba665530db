"""The least regret over all scores that predict a wrong set: regions are cut until the bound over
each is close to a regret that is attained.
"""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Any

from hconsist.engines.rigorous.responses.certificate import Certifier
from hconsist.engines.rigorous.responses.layouts import regions
from hconsist.losses.facts import Curve


def regret_is_more(
    g: Curve,
    ratio: Any,
    n: int,
    k: int,
    beta: Fraction,
    enough: Fraction,
    *,
    max_boxes: int = 2_000,
    time_budget: float | None = None,
) -> str:
    """Prove that ``T(beta) >= enough`` for a top-k target: empty where it is proven, else why not.

    Parameters
    ----------
    g : Curve
        Non-increasing, of a loss whose pooled scores may be tied (docs/theory.md, "Pooling").
    ratio : ball or None
        The largest ratio of two softmax values; None where there is no bound.
    n, k : int
        1 <= k < n.
    beta : Fraction
        In (0, 1].
    enough : Fraction
        Positive.

    Examples
    --------
    >>> from hconsist.losses import parse_loss
    >>> from hconsist.losses.forms import OfSoftmax
    >>> g = parse_loss("gce:q=0.7").form(OfSoftmax).g
    >>> regret_is_more(g, None, 100, 2, Fraction(3, 10), Fraction(13, 1000))
    ''
    """
    certifier = Certifier(g, ratio, beta)
    if ratio is not None and certifier.least <= 0:
        return "the ratio of two softmax values is not known well enough"
    started, boxes = time.monotonic(), 0
    left = [(region, 1.0) for region in regions(n, k, certifier.least)]
    while left:
        if boxes >= max_boxes:
            return f"the box budget ran out after {boxes} boxes"
        if time_budget is not None and time.monotonic() - started > time_budget:
            return f"the time budget ran out after {boxes} boxes"
        region, near = left.pop()
        holds, slope = certifier.proves(region, enough, near)
        boxes += 1
        if not holds:
            left += [(half, slope) for half in region.halves()]
    return ""
