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

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from hconsist.arithmetic import Ops, Value

#: What can be asked of a curve. Monotone and convex facts include continuity: a function that jumps
#: has none of them. "falls at 0" is a slope below zero on both sides of 0; "convex in -log u" is of
#: t -> g(exp(-t)) on [0, infinity); "continuous at 0" says that a g on (0, 1] has its formula's
#: value at 0 for a limit; "odd about a level", that phi(v) + phi(-v) is constant.
What = Literal[
    "continuous",
    "non-increasing",
    "non-decreasing",
    "decreasing",
    "increasing",
    "convex",
    "concave",
    "strictly convex",
    "strictly concave",
    "piecewise linear",
    "non-negative",
    "bounded below",
    "falls at 0",
    "convex in -log u",
    "continuous at 0",
    "odd about a level",
]
#: Where a curve lives: the softmax values (0, 1] (the value at 0 is the limit), or the real line.
Domain = Literal["unit", "line"]
_WHERE = {"unit": "(0, 1]", "line": "the real line"}


@dataclass(frozen=True)
class Fact:
    """Something that holds of a curve. Truthy.

    Parameters
    ----------
    what : str
        One of `What`.
    on : str
        Of what and where, in words: "g on (0, 1]".
    origin : {"proven", "declared"}
    proof : str
        How it is proven, or who declares it.

    >>> Fact("convex", "g on (0, 1]", "declared", "shape").assumption
    'declared: g on (0, 1] is convex (shape)'
    """

    what: str
    on: str
    origin: Literal["proven", "declared"]
    proof: str

    @property
    def proven(self) -> bool:
        """Whether the program has a proof."""
        return self.origin == "proven"

    @property
    def refuted(self) -> bool:
        """Never: see `NotShown`."""
        return False

    @property
    def assumption(self) -> str:
        """What an answer that rests on it must say; empty for a proven fact."""
        return "" if self.proven else f"declared: {self.on} {_verb(self.what)} ({self.proof})"

    def __str__(self) -> str:
        return f"{self.on} {_verb(self.what)} ({self.origin}: {self.proof})"


@dataclass(frozen=True)
class NotShown:
    """Something that is not known to hold. Falsy.

    Parameters
    ----------
    what, on : str
        As in `Fact`.
    reason : str
    refuted : bool
        Whether it is proven *not* to hold.

    >>> bool(NotShown("convex", "g on (0, 1]", "signs of g'' stayed open"))
    False
    """

    what: str
    on: str
    reason: str = ""
    refuted: bool = False

    proven = False
    assumption = ""

    def __bool__(self) -> Literal[False]:
        return False

    def __str__(self) -> str:
        tail = f": {self.reason}" if self.reason else ""
        if self.refuted:
            return f"{self.on} is proven not to satisfy {self.what!r}{tail}"
        return f"could not show that {self.on} {_verb(self.what)}{tail}"


def _verb(what: str) -> str:
    return what if what.startswith("falls") else f"is {what}"


@dataclass(frozen=True)
class Curve:
    """A function of one number, written once over an arithmetic, and what is known of it.

    Parameters
    ----------
    name : str
        "g", "phi": how reasons call it.
    term : callable
        ``term(x, ops)``, elementwise.
    domain : {"unit", "line"}
    declared : mapping
        Facts that the author of the class declares: what -> where it is declared.
    """

    name: str
    term: Callable[[Value, Ops], Value] = field(compare=False)
    domain: Domain
    declared: Mapping[str, str] = field(default_factory=dict, compare=False)
    _known: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, x: Value, ops: Ops) -> Value:
        return self.term(x, ops)

    @property
    def on(self) -> str:
        """Of what and where the facts are, in words."""
        return f"{self.name} on {_WHERE[self.domain]}"

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


def assumptions(facts: Iterable[Fact | NotShown]) -> tuple[str, ...]:
    """What an answer that rests on these facts has to say: the declared ones, in words.

    >>> assumptions([Fact("convex", "g on (0, 1]", "proven", "g'' >= 0")])
    ()
    """
    return tuple(dict.fromkeys(f.assumption for f in facts if f.assumption))


def proven(facts: Iterable[Fact | NotShown]) -> bool:
    """Whether every one of them is proven.

    >>> proven([Fact("convex", "g on (0, 1]", "declared", "shape")])
    False
    """
    return all(f.proven for f in facts)
