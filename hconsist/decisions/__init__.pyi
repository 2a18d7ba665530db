# What type checkers see: everything public of each module that registers targets.
# tests/test_registries.py holds it against the registry.
from hconsist.decisions.argmax import *
from hconsist.decisions.arms import *
from hconsist.decisions.costs import Costs as Costs
from hconsist.decisions.costs import Table as Table
from hconsist.decisions.costs import Uniform as Uniform
from hconsist.decisions.decision import Decision as Decision
from hconsist.decisions.decision import Rule as Rule
from hconsist.decisions.decision import Structure as Structure
from hconsist.decisions.finite import *
from hconsist.decisions.numbers import Distance as Distance
from hconsist.decisions.rankings import *
from hconsist.decisions.regression import *
from hconsist.decisions.specs import MAKERS as MAKERS
from hconsist.decisions.specs import parse_target as parse_target
from hconsist.decisions.specs import register_target as register_target
from hconsist.decisions.target import Target as Target
from hconsist.decisions.target import decision_of as decision_of
