"""What a statement can be about: a relation knows how an engine checks it.

Each module registers its relations in `RELATIONS` under the name that statements use; another
package adds its own through the entry-point group ``hconsist.relations``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from hconsist.engines import EngineName
from hconsist.pointwise import PointwiseProblem
from hconsist.registry import Registry
from hconsist.theorems import Theorem
from hconsist.verify.evidence import Check


class Relation(ABC):
    """How a claimed formula compares with an exact quantity."""

    #: Whether the margin nearest to a violation is the largest difference, not the smallest slack.
    by_difference: ClassVar[bool] = False

    @abstractmethod
    def check(self, entry: Theorem, problem: PointwiseProblem, engine: EngineName) -> Check:
        """One engine's word on one instance of a statement; three-valued."""


#: Every relation, by the name that `Theorem.relation` holds.
RELATIONS: Registry[Relation] = Registry(
    "relation", package="hconsist.verify.relations", group="hconsist.relations"
)
