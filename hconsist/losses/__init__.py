"""Surrogate families; each formula is written once, over an ``ops`` arithmetic.

Every registered loss is a name of this package, those of other packages too; none is listed here.
"""

from typing import TYPE_CHECKING

from hconsist.losses.base import Loss as Loss
from hconsist.losses.base import MarginLoss as MarginLoss
from hconsist.losses.base import ProbabilityLoss as ProbabilityLoss
from hconsist.losses.base import SoftmaxLoss as SoftmaxLoss
from hconsist.losses.base import check_distribution as check_distribution
from hconsist.losses.catalogue import CATALOGUE as CATALOGUE
from hconsist.losses.catalogue import FOR_TARGETS as FOR_TARGETS
from hconsist.losses.catalogue import LOSSES as LOSSES
from hconsist.losses.catalogue import parse_loss as parse_loss
from hconsist.losses.catalogue import register_loss as register_loss
from hconsist.losses.catalogue import register_maker as register_maker
from hconsist.losses.separable import Separable as Separable

_OWN = (
    "CATALOGUE",
    "FOR_TARGETS",
    "LOSSES",
    "Loss",
    "MarginLoss",
    "ProbabilityLoss",
    "Separable",
    "SoftmaxLoss",
    "check_distribution",
    "parse_loss",
    "register_loss",
    "register_maker",
)

if not TYPE_CHECKING:  # type checkers read __init__.pyi

    def __getattr__(name):
        if name == "__all__":
            return sorted({*_OWN, *(entry.value.__name__ for entry in LOSSES.values())})
        if name[:1].isupper():
            found = LOSSES.by_name_in_code(name)
            if found is not None:
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__getattr__("__all__")})
