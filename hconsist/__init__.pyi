from hconsist import certificates as certificates
from hconsist import checker as checker
from hconsist import plots as plots
from hconsist import simulate as simulate
from hconsist import theorems as theorems
from hconsist import verify as verify
from hconsist.auditing import Audit as Audit
from hconsist.auditing import audit as audit
from hconsist.bounds import Bound as Bound
from hconsist.bounds import derive as derive
from hconsist.certificates import certify as certify
from hconsist.checker import check as check
from hconsist.consistency import ConsistencyVerdict as ConsistencyVerdict
from hconsist.consistency import Counterexample as Counterexample
from hconsist.consistency import verdict as verdict
from hconsist.decisions import *
from hconsist.distributions import ClassNoise as ClassNoise
from hconsist.distributions import Distribution as Distribution
from hconsist.distributions import Estimate as Estimate
from hconsist.distributions import Finite as Finite
from hconsist.distributions import GaussianMixture as GaussianMixture
from hconsist.distributions import MassartNoise as MassartNoise
from hconsist.distributions import NoisyLabels as NoisyLabels
from hconsist.distributions import TsybakovNoise as TsybakovNoise
from hconsist.distributions import UniformNoise as UniformNoise
from hconsist.engines import transform as transform
from hconsist.errors import EngineCannotAnswerError as EngineCannotAnswerError
from hconsist.errors import HconsistError as HconsistError
from hconsist.errors import InvalidInputError as InvalidInputError
from hconsist.errors import UnknownNameError as UnknownNameError
from hconsist.gaps import Gap as Gap
from hconsist.gaps import gap_upper_bound as gap_upper_bound
from hconsist.gaps import minimizability_gap as minimizability_gap
from hconsist.hypotheses import *
from hconsist.losses import *
from hconsist.pointwise import Answer as Answer
from hconsist.pointwise import PointwiseProblem as PointwiseProblem
from hconsist.pointwise import Witness as Witness
from hconsist.tightness import Tightness as Tightness

__version__: str
