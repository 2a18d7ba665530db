"""Regression on a grid of points: squared and absolute error of a predicted number."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hconsist.arithmetic import exact, is_symbolic, require
from hconsist.decisions import reading
from hconsist.decisions.costs import Table
from hconsist.decisions.decision import Decision
from hconsist.decisions.numbers import Distance
from hconsist.decisions.specs import register_target
from hconsist.decisions.target import Target
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from sympy import Expr


@dataclass(frozen=True)
class _Error(Target):
    """The label is one of n equally spaced points from 0 to ``range``."""

    range: Fraction = Fraction(1)
    decode: str = ""
    name: ClassVar[str] = ""
    power: ClassVar[Literal[1, 2]] = 2
    decodes: ClassVar[tuple[str, ...]] = ("mean",)

    def __post_init__(self) -> None:
        value = exact(self.range, "range")
        object.__setattr__(self, "range", value)
        require(
            isinstance(value, Fraction) and value > 0,
            "the range of the labels must be > 0",
            value,
            f"write {self.name}:range=1",
        )
        object.__setattr__(self, "decode", self.decode or self.decodes[0])
        require(
            self.decode in self.decodes,
            f"{self.name} decodes a forecast by its {' or '.join(self.decodes)}",
            self.decode,
            f"write {self.name}:range=1,decode={self.decodes[0]}",
        )

    def _points(self, n: int | Expr) -> tuple[Fraction, ...]:
        if is_symbolic(n):
            raise InvalidInputError(
                f"the target {self} needs a number of labels", str(n), "pass n_classes=3"
            )
        return tuple(self.range * i / (n - 1) for i in range(n))

    def decision(self, n_classes: int | Expr) -> Decision:
        """Labels at n equally spaced points."""
        numbers = Distance(self._points(n_classes), self.power, self._symmetric)
        return Decision(numbers, rule="mean", numbers=numbers)

    @property
    def _symmetric(self) -> bool:
        return False

    def __str__(self) -> str:
        decode = "" if self.decode == self.decodes[0] else f",decode={self.decode}"
        return f"{self.name}:range={reading.shown(self.range)}{decode}"


@dataclass(frozen=True)
class SquaredError(_Error):
    """``(h - y)^2`` for the predicted number h: the mean of a forecast of n equally spaced points
    from 0 to ``range``, or the score of a regression loss.

    Parameters
    ----------
    range : Fraction
    decode : {"mean"}
    law : {"any", "symmetric"}
        Whether labels are any, or symmetric around their mean.

    Examples
    --------
    >>> target = SquaredError(2)
    >>> str(target), target.decision(5).max_regret
    ('squared-error:range=2', Fraction(4, 1))
    """

    law: Literal["any", "symmetric"] = "any"
    name: ClassVar[str] = "squared-error"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.law in ("any", "symmetric"),
            "the law of the labels must be any or symmetric",
            self.law,
            "write squared-error:range=1,law=symmetric",
        )

    @property
    def _symmetric(self) -> bool:
        return self.law == "symmetric"

    def __str__(self) -> str:
        return super().__str__() + (",law=symmetric" if self._symmetric else "")


@dataclass(frozen=True)
class AbsoluteError(_Error):
    """``|h - y|`` for the predicted number h: the median, or the mean, of a forecast of n equally
    spaced points from 0 to ``range``, or the score of a regression loss.

    Where a forecast has many medians, ties fall on the worst of them, which is a point.

    Examples
    --------
    >>> AbsoluteError(2).decision(3).rule, AbsoluteError(2, "mean").decision(3).rule
    ('least expected cost', 'mean')
    """

    name: ClassVar[str] = "absolute-error"
    power: ClassVar[Literal[1, 2]] = 1
    decodes: ClassVar[tuple[str, ...]] = ("median", "mean")

    def decision(self, n_classes: int | Expr) -> Decision:
        """A median of the forecast is a point: the costs are a table."""
        found = super().decision(n_classes)
        if self.decode == "mean":
            return found
        points = self._points(n_classes)
        rows = [[abs(r - y) for y in points] for r in points]
        return Decision(Table(rows), rule="least expected cost", numbers=found.numbers)


def _read(rest: str, spec: str, *more: str) -> dict[str, Any]:
    given = reading.settings(rest, spec, {"range": "1"}, dict.fromkeys(("decode", *more), ""))
    return {**given, "range": reading.number(given["range"], "range")}


@register_target(
    "squared-error",
    "squared-error:range=1",
    "(h - y)^2, h the forecast's mean, y on a grid",
    SquaredError,
)
def _squared(rest: str, spec: str) -> Target:
    given = _read(rest, spec, "law")
    return SquaredError(given["range"], given["decode"], given["law"] or "any")


@register_target(
    "absolute-error",
    "absolute-error:range=1",
    "|h - y|, h the forecast's median, y on a grid",
    AbsoluteError,
)
def _absolute(rest: str, spec: str) -> Target:
    given = _read(rest, spec)
    return AbsoluteError(given["range"], given["decode"])
