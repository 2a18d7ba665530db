"""A lower bound of T for any number of labels, by affine responses (docs/theory.md, "Response
lemma"): what the best other scores are is said once for a whole simplex of scores.
"""

from hconsist.engines.rigorous.responses.search import regret_is_more

__all__ = ["regret_is_more"]
