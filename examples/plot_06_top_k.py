r"""
Top-k: the factor k can be dropped
==================================

**Problem.** A classifier may name k labels, and errs when the true one is not among them. The
published bound of cross-entropy for this target is k times its zero-one bound. Is the factor real?

**Guarantee.** Tight for :math:`n \ge 2k` (theorem E of the theory page): the top-k bound is the
zero-one bound.
"""

# %%
# Derivation
# ----------
# The labels that should have been named, those that were, and the rest, merged into three: merging
# cannot raise the Kullback-Leibler divergence, and what is left is the zero-one problem.

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc
from hconsist.plots import transform_curves

zero_one = hc.derive("logistic", n_classes=6)
top_2 = hc.derive("logistic", n_classes=6, target="top-k:2", engine="numeric")

# %%
# Witness
# -------
# The worst case spreads the mass evenly over k labels that should be named and k that are named
# instead.

answer = hc.transform(top_2.problem, beta="0.4")
print(
    f"T(0.4) = {answer.estimate:.9f} at p = {np.round(answer.witness.p, 4)}, naming labels "
    f"{answer.witness.predicted}"
)

# %%
# Picture
# -------

ax = transform_curves(top_2, labels=["cross-entropy, top-2"])
plt.show()

# %%
# Reference
# ---------
# Cortes, Mao, Mohri, Mohri, Zhong, "Cardinality-aware set prediction and top-k classification",
# NeurIPS 2024 (the published bound, :math:`\Gamma_k = k\,\Gamma_1`).

betas = np.array([0.1, 0.4, 0.7, 0.95])
assert np.allclose(top_2.transform_curve(betas), zero_one.transform_curve(betas), atol=1e-7)
published = zero_one.transform_curve(betas / 2)
assert np.all(top_2.transform_curve(betas) > 2 * published), (
    "the published transformation is less than half of the exact one"
)
named = sum(answer.witness.p[j] for j in answer.witness.predicted)
assert abs(sum(sorted(answer.witness.p)[-2:]) - named - 0.4) < 1e-9
