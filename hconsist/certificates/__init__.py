"""Certificates: files from which `hconsist.checker` re-verifies a claim about T without trusting
this package.

What the search produces is checked before it is returned; nothing is called proven that the checker
has not accepted.
"""

from hconsist.certificates.entry import certify, certify_claim
from hconsist.certificates.files import read
from hconsist.certificates.gammas import certify_gamma
from hconsist.certificates.gap_search import certify_gap, parse_gap_claim, read_inputs
from hconsist.certificates.plugin import certify_costs
from hconsist.certificates.search import Progress, Search
from hconsist.certificates.statements import Relation, parse_claim, statement, tree

__all__ = [
    "Progress", "Relation", "Search", "certify", "certify_claim", "certify_costs", "certify_gamma",
    "certify_gap",
    "parse_claim", "parse_gap_claim", "read_inputs", "read", "statement", "tree",
]  # fmt: skip
