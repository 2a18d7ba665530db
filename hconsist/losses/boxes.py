"""Whether T of two labels is no smaller where scores fill a larger box.

Scores of a linear function fill [-B, B] with B = W |x| + b. T is the least over all x, and is taken
where B is smallest; that is right where T does not fall as B grows.

**Lemma.** Let phi(-v) - phi(v) not fall on v >= 0, C(v) = eta phi(v) + (1 - eta) phi(-v), eta >=
1/2, and D(B) = inf of C over [-B, 0] less inf of C over [-B, B]. Then D does not fall.
*Proof.* Let B < B'. If the first infimum is the same for both, the second can only be smaller for
B'. Else the first is approached by C(-v') with B < v' <= B', and up to what is as small as wanted
D(B') >= C(-v') - C(v') = (2 eta - 1) (phi(-v') - phi(v')). The second, for B, is approached by C(v)
with v <= 0, and D(B) = 0, or by some 0 <= v <= B, and D(B) <= C(-v) - C(v), which is no larger than
that. For a convex phi that falls at 0 the first infimum is C(0) for every B. T(b) is the least D(B)
over eta >= (1 + b)/2, for every B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hconsist.errors import InvalidInputError
from hconsist.losses.facts import Curve
from hconsist.losses.forms import OfMargin

if TYPE_CHECKING:
    from hconsist.losses.base import Loss


def odd_part(phi: Curve) -> Curve:
    """``phi(v) - phi(-v)``."""
    name = f"{phi.name}(v) - {phi.name}(-v)"
    return Curve(name, lambda v, ops: phi(v, ops) - phi(-v, ops), "line")


def boxes_may_grow(loss: Loss) -> bool:
    """Whether the lemma is proven to hold for a loss of two labels.

    >>> from hconsist.losses import parse_loss
    >>> dip = parse_loss("margin:Min(Max(0, 1 - v), Max(0, 4 + v))")
    >>> boxes_may_grow(parse_loss("hinge")), boxes_may_grow(dip)
    (True, False)
    """
    form = None if loss.symbolic else loss.form(OfMargin, 2)
    if form is None:
        return False
    phi = form.phi
    if phi.fact("non-increasing").proven:
        return True
    if phi.fact("convex").proven and phi.fact("falls at 0").proven:
        return True
    return bool(odd_part(phi).fact("non-increasing").proven)


def check_larger_boxes(loss: Loss, hypotheses: object) -> None:
    """Refuse a loss of the margin for which the smallest box need not be the worst.

    Raises
    ------
    InvalidInputError
    """
    form = None if loss.symbolic else loss.form(OfMargin)
    if (
        form is None
        or boxes_may_grow(loss)
        or not odd_part(form.phi).fact("non-increasing").refuted
    ):
        return
    raise InvalidInputError(
        "a loss of the margin needs phi(-v) - phi(v) that grows with v > 0 where scores fill "
        "larger boxes at other inputs, as T is taken where the box is smallest",
        f"{loss.spec}, {hypotheses}",
        "ask for one box at a time, such as bounded:1",
    )
