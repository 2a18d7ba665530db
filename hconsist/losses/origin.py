"""What a fact is: something that holds of a function of one number, and how that is known.

`hconsist.losses.proving` looks for facts, `hconsist.losses.facts` keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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
class Asked:
    """A function of one number, written once over an arithmetic, of which facts are asked.

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
        """What is known: proven, declared, or not shown."""
        raise NotImplementedError


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
