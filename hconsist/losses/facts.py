"""What is known of a loss, and how: facts with an origin.

A loss of a known form (`hconsist.losses.forms`) rests on functions of one number: g of the label's
softmax value, phi of a margin. `Curve` is such a function; `Curve.fact` answers what is known of
it. A `Fact` is *proven* (the program found a proof: signs by algebra or in balls) or *declared*
(whoever wrote the class says so, nothing refutes it). A `NotShown` is neither: "could not show"
is not "is not", unless it is ``refuted``. A proof may rest on proven facts only; what rests on a
declared one says so (`assumptions`) and is not called proven.

>>> from hconsist.losses import parse_loss
>>> from hconsist.losses.forms import OfSoftmax
>>> g = parse_loss("softmax:-log(u)+(1-u)**2/2").form(OfSoftmax).g
>>> bool(g.fact("convex")), g.fact("convex").origin
(True, 'proven')
>>> bool(g.fact("concave")), g.fact("concave").refuted
(False, True)
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hconsist.losses.origin import Asked
from hconsist.losses.origin import Domain as Domain
from hconsist.losses.origin import Fact as Fact
from hconsist.losses.origin import NotShown as NotShown
from hconsist.losses.origin import What as What
from hconsist.losses.origin import assumptions as assumptions
from hconsist.losses.origin import proven as proven


class Curve(Asked):
    """A function of one number, and what is known of it.

    Parameters
    ----------
    name, term, domain, declared
        As of `Asked`.
    """

    def fact(self, what: What) -> Fact | NotShown:
        """What is known: proven, else declared and not refuted, else not shown. Cached."""
        if what not in self._known:
            self._known[what] = self._found(what)
        found: Fact | NotShown = self._known[what]
        return found

    def _found(self, what: What) -> Fact | NotShown:
        from hconsist.losses.proving import prove

        found = prove(self, what)
        if found or found.refuted or what not in self.declared:
            return found
        return Fact(what, self.on, "declared", self.declared[what])

    def facts(self, *whats: What) -> tuple[Fact, ...]:
        """All of these facts, or an empty tuple when one is missing (`missing` tells which)."""
        found = [self.fact(w) for w in whats]
        known = tuple(f for f in found if isinstance(f, Fact))
        return known if len(known) == len(found) else ()

    def missing(self, *whats: What) -> str:
        """What could not be shown of these, in words; empty when all is known."""
        return "; ".join(str(f) for f in map(self.fact, whats) if not f)

    @property
    def kinks(self) -> tuple[Fraction, ...] | None:
        """Every point where the curve may fail to be smooth, ascending and exact; None where they
        are not known. Proven, never declared.
        """
        from hconsist.losses.proving import kinks

        if "kinks" not in self._known:
            self._known["kinks"] = kinks(self)
        found: tuple[Fraction, ...] | None = self._known["kinks"]
        return found

    @property
    def power_law(self) -> Fraction | None:
        """The tau of a g with g'(u) = -c u^(tau - 2), c > 0: a comp-sum loss, up to scale and
        constant. Proven; None for every other curve.

        >>> from hconsist.losses import parse_loss
        >>> from hconsist.losses.forms import OfSoftmax
        >>> [parse_loss(s).form(OfSoftmax).g.power_law for s in ("softmax:3-3*u", "js")]
        [Fraction(2, 1), None]
        """
        found: Fraction | None = self._recognised("power_law")
        return found

    @property
    def hinge(self) -> tuple[Fraction, Fraction] | None:
        """(a, r) of a phi(v) = a max(0, 1 - v / r), a, r > 0; proven, None for every other curve.

        >>> from hconsist.losses import parse_loss
        >>> from hconsist.losses.forms import OfMargin
        >>> parse_loss("margin:Max(0, 2 - v)").form(OfMargin).phi.hinge
        (Fraction(2, 1), Fraction(2, 1))
        """
        found: tuple[Fraction, Fraction] | None = self._recognised("hinge")
        return found

    @property
    def tie_strength(self) -> Fraction:
        """A kappa such that T of two labels is proven to be at least ``kappa b^2`` for b <= 1/2, of
        a convex phi that falls at 0; 0 where none is found (`hconsist.losses.proving.known`).

        >>> from hconsist.losses import parse_loss
        >>> from hconsist.losses.forms import OfMargin
        >>> parse_loss("squared-hinge").form(OfMargin).phi.tie_strength
        Fraction(1, 1)
        """
        found: Fraction = self._recognised("tie_strength")
        return found

    def _recognised(self, what: str) -> Any:
        from hconsist.losses.proving import recognise

        if what not in self._known:
            self._known[what] = recognise(self, what)
        return self._known[what]
