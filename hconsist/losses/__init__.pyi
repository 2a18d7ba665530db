# What type checkers see: everything public of each module that registers losses.
# tests/test_registries.py holds it against the registry.
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
from hconsist.losses.comp_sum import *
from hconsist.losses.imbalance import *
from hconsist.losses.ldr import *
from hconsist.losses.margin import *
from hconsist.losses.multiclass import *
from hconsist.losses.of_items import *
from hconsist.losses.of_parts import *
from hconsist.losses.of_predictions import *
from hconsist.losses.preferences import *
from hconsist.losses.proper import *
from hconsist.losses.regression import *
from hconsist.losses.robust import *
from hconsist.losses.robust_truncated import *
from hconsist.losses.separable import Separable as Separable
from hconsist.losses.spherical_family import *
from hconsist.losses.user import *
