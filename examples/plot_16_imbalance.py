r"""
Imbalance: logit adjustment and class weights
=============================================

**Problem.** The balanced error counts each label's error rate alike, so a rare label weighs
1/p. Two remedies: predict the largest p-weighted softmax value (logit adjustment), or weigh the
loss. How do their bounds depend on the rarest label?

**Guarantee.** Exact, for every n and all weights (theorems 2 and 5 of the page on targets).
"""

# %%
# Derivation
# ----------
# With w1 and w2 the two largest weights the plug-in has a binary divergence with base point
# w2/(w1 + w2); the weighted loss the perspective of the balanced one.

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc
from hconsist.functionals import balanced_error

target = balanced_error(["0.7", "0.2", "0.1"])
adjusted = hc.derive("logistic", 3, target=target, engine="symbolic")
weighted = hc.derive("weighted:base=logistic,offset=label", 3, target=target, engine="symbolic")
print(adjusted.transform)

# %%
# Witness
# -------
# The two rarest labels compete; the forecast ties their weighted chances.

answer = hc.transform(adjusted.problem, beta="1/2", engine="symbolic")
print([str(v) for v in answer.witness.p], answer.witness.predicted)

# %%
# Picture
# -------

excess = np.linspace(0, 0.1, 101)
fig, ax = plt.subplots()
for name, bound in (("logit adjustment", adjusted), ("class weights", weighted)):
    most = float(bound.problem.decision.max_regret)
    betas = np.linspace(0, most, 401)
    ax.plot(excess, np.interp(excess, bound.envelope_curve(betas), betas), label=name)
ax.set_xlabel("surrogate excess")
ax.set_ylabel("excess of the balanced error at most")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# Menon et al., "Long-tail learning via logit adjustment", ICLR 2021. Cortes, Mohri, Zhong, NeurIPS
# 2025 (bounds that scale with 1/p_min and its root, from the abstract).

w1, w2 = 1 / 0.3, 1 / 0.6  # 1/(n p) for p = 0.1 and 0.2
small = 1e-6
assert abs(adjusted(small) / np.sqrt(2 * w1 * w2 * small) - 1) < 0.01
assert abs(weighted(small) / np.sqrt(4 * w1 * w2 / (w1 + w2) * small) - 1) < 0.01
assert answer.witness.p[0] == 0
