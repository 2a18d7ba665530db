r"""
Experiments under a bound
=========================

**Problem.** A bound holds for every distribution and every hypothesis. What do experiments show:
how far below it does life take place, and can it be reached?

**Guarantee.** Tight: pairs near the worst cases touch the bound, and none lies above it.
"""

# %%
# Derivation
# ----------

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc
from hconsist.figures.clouds import cloud_under_bound, near_witnesses, random_pairs
from hconsist.simulate import train

bound = hc.derive("logistic", n_classes=3)

# %%
# Witness
# -------
# A linear model trained on three points whose labels are noisy, by full-batch L-BFGS. Its excess
# risks over the label distributions, point by point, are another pair under the bound.

x = np.array([[-1.0], [0.0], [1.0]])
p = np.array([[0.7, 0.2, 0.1], [0.1, 0.5, 0.4], [0.5, 0.1, 0.4]])
fit = train("logistic", "linear", x, p)
scores = fit.scores(x)[0]
scores = scores if scores.shape == p.shape else scores.T
entropy = -(p * np.log(p)).sum(axis=1)
surrogate = float(np.mean(bound.problem.conditional_risk(scores, p) - entropy))
target = float(np.mean(bound.problem.target_regret(p, scores.argmax(axis=1)[:, None])))
print(
    f"trained model: surrogate excess {surrogate:.4f}, excess error {target:.4f}, bound "
    f"{bound(surrogate):.4f}"
)

# %%
# Picture
# -------

ax = cloud_under_bound(bound)
ax.plot(
    surrogate,
    target,
    marker="*",
    markersize=14,
    color="#009E73",
    linestyle="none",
    label="trained model",
)
ax.legend(loc="lower right", markerscale=1.5)
plt.show()

# %%
# Reference
# ---------
# Mao, Mohri, Zhong, "Cross-entropy loss functions", ICML 2023. ``hconsist simulate bounds`` runs
# this at scale, over every loss.

pairs = np.vstack(
    [random_pairs(bound.problem, 2000, seed=1), near_witnesses(bound.problem, 2000, seed=1)]
)
least = np.interp(
    pairs[:, 1], *(np.linspace(0, 1, 4001), bound.envelope_curve(np.linspace(0, 1, 4001)))
)
assert np.all(pairs[:, 0] >= least - 1e-7), "no pair lies above the bound"
assert np.min(pairs[pairs[:, 1] > 0.3, 0] / least[pairs[:, 1] > 0.3]) < 1.01, "and some touch it"
assert 0 < target <= bound(surrogate)
