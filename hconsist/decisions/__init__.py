"""Targets as their definitions: labels, predictions, exact costs, and how scores are turned into a
prediction.

Everything else, the regret, its largest value, the structure that a method asks for, is computed
from these.

Every registered class of targets is a name of this package, those of other packages too; none is
listed here.
"""

from typing import TYPE_CHECKING

from hconsist.decisions.arms import Experts as Experts
from hconsist.decisions.costs import Costs as Costs
from hconsist.decisions.costs import Table as Table
from hconsist.decisions.costs import Uniform as Uniform
from hconsist.decisions.decision import Decision as Decision
from hconsist.decisions.decision import Rule as Rule
from hconsist.decisions.decision import Structure as Structure
from hconsist.decisions.numbers import Distance as Distance
from hconsist.decisions.specs import MAKERS as MAKERS
from hconsist.decisions.specs import parse_target as parse_target
from hconsist.decisions.specs import register_target as register_target
from hconsist.decisions.target import Target as Target
from hconsist.decisions.target import decision_of as decision_of

_OWN = (
    "MAKERS",
    "Costs",
    "Decision",
    "Distance",
    "Experts",
    "Rule",
    "Structure",
    "Table",
    "Target",
    "Uniform",
    "decision_of",
    "parse_target",
    "register_target",
)

if not TYPE_CHECKING:  # type checkers read __init__.pyi

    def __getattr__(name):
        if name == "__all__":
            kinds = (entry.value.__name__ for entry in MAKERS.values())
            return sorted({*_OWN, *filter(None, kinds)})
        found = MAKERS.by_name_in_code(name) if name[:1].isupper() else None
        if found is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found.kind
        return found.kind

    def __dir__():
        return sorted({*globals(), *__getattr__("__all__")})
