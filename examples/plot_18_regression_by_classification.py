r"""
Regression by classification: cross-entropy over bins, squared error
====================================================================

**Problem.** A number is predicted by a softmax over bins, trained by cross-entropy, and judged by
its squared error. Here the prediction is a bin, the one with the least expected square.

**Guarantee.** Exact: T is the least of binary divergences, one for each pair of bins (theorem 4 of
the page on targets).
"""

# %%
# Derivation
# ----------
# The difference of two squared costs is affine in the label, so only means matter, and among laws
# with a given mean the two ends of the range are worst for every multiplier.

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc

bins = 5
bound = hc.derive("logistic", bins, target="ordinal:squared", engine="symbolic")
print(bound.transform)

# %%
# Witness
# -------
# All mass is on the first and the last bin, at distance 4.

answer = hc.transform(bound.problem, beta=2, engine="symbolic")
print(answer.estimate, [str(v) for v in answer.witness.p], answer.witness.predicted)

# %%
# Picture
# -------
# T has a kink wherever another pair of bins takes over; small regrets come from neighbours.

betas = np.linspace(0, 16, 321)
fig, ax = plt.subplots()
ax.plot(betas, bound.transform_curve(betas), label="T")
ax.plot(betas, bound.envelope_curve(betas), "--", label="T**")
ax.set_xlabel("excess squared error, in bins squared")
ax.set_ylabel("cross-entropy excess")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# Imani, White, "Improving regression performance with distributional losses", ICML 2018.

assert abs(answer.estimate - hc.transform(bound.problem, beta=2).estimate) < 1e-9
assert all(v == 0 for v in answer.witness.p[1:-1])
x, y = (0 + 1 / 2 + 0.05) / 4, (1 / 2) / 4  # neighbours at the end: means 1/2 and 1/2 + b/2
kl = x * np.log(x / y) + (1 - x) * np.log((1 - x) / (1 - y))
middle = hc.transform(bound.problem, beta="0.1", engine="symbolic").estimate
assert middle <= kl + 1e-15
