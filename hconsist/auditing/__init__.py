"""The audit of a trained classifier: what its logits and labels say of its risk, and of its error.

`audit` reads logits and labels. Labels of several annotators, as distributions, show the regret at
every point, so both sides of the bound are sums. One label a point shows risks alone: there the
excess is bounded through what is known of the best risk.
"""

from hconsist.auditing.run import Audit, audit
from hconsist.auditing.statistics import ConfidenceInterval

__all__ = ["Audit", "ConfidenceInterval", "audit"]
