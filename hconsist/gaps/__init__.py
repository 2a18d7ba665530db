"""Minimizability gaps: ``M_l(H) = R*_l(H) - E_x[C*_l(H, x)] >= 0``, what an H-consistency bound
carries on both sides.

M is 0 when H has every measurable function with scores in its box, for any distribution. It is
positive when the members of H cannot treat the inputs one by one: here constant functions and
linear functions, on finite distributions and Gaussian mixtures.

Source: Mao, Mohri, Zhong, ICML 2023, section 5 (comp-sum losses); Awasthi et al., ICML 2022.
"""

from hconsist.gaps.comp_sum import (
    GapComparison,
    comp_sum_value,
    compare_taus,
    deterministic_gap_bound,
    gap_upper_bound,
)
from hconsist.gaps.conditional import best_in_class_function, expected_best_in_class
from hconsist.gaps.gap import Gap
from hconsist.gaps.minimizability import Members, minimizability_gap, target_gap

__all__ = [
    "Gap",
    "GapComparison",
    "Members",
    "best_in_class_function",
    "comp_sum_value",
    "compare_taus",
    "deterministic_gap_bound",
    "expected_best_in_class",
    "gap_upper_bound",
    "minimizability_gap",
    "target_gap",
]
