r"""
Deferral: the number of experts is not in the bound
===================================================

**Problem.** A classifier may defer to one of several experts. The published bound of the logistic
surrogate has a factor that grows with their number. Must it?

**Guarantee.** :math:`\mathcal{T}(\beta) \ge (2-\beta)\,\mathcal{T}_1(\beta/(2-\beta))` for any
experts with costs in [0, 1], whatever their number (theorem 5 of the page on targets).
"""

# %%
# Derivation
# ----------
# The surrogate weighs each prediction by what it saves, at most 1. So two that compete with a gap b
# weigh at most 2 - b together, and the regret of two falls when they weigh more.

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc


def exact(b):
    m = 2 - b
    x = b / m
    return m * ((1 + x) / 2 * np.log1p(x) + (1 - x) / 2 * np.log1p(-x))


experts = {k: "defer:accuracy=[" + ",".join(["[1,1]"] * k) + "]" for k in (1, 3)}
bounds = {
    k: hc.derive("weighted", 2, target=target, engine="symbolic") for k, target in experts.items()
}

# %%
# Witness
# -------
# One label is certain and the expert errs on it half the time; the surrogate ties the two.

half = hc.PointwiseProblem("weighted", "defer:accuracy=[[.5,.5]]", n_classes=2)
answer = hc.transform(half, beta="0.5")
print(answer.estimate, exact(0.5), np.round(answer.witness.p, 6), answer.witness.predicted)

# %%
# Picture
# -------

betas = np.linspace(0, 0.95, 96)
fig, ax = plt.subplots()
ax.plot(betas, exact(betas), label="any experts")
for k in (1, 3):
    m = k + 1
    published = m * (
        (1 + betas / m) / 2 * np.log1p(betas / m) + (1 - betas / m) / 2 * np.log1p(-betas / m)
    )
    ax.plot(betas, published, "--", label=f"published, {k} expert{'s' if k > 1 else ''}")
ax.set_xlabel("excess cost")
ax.set_ylabel("surrogate excess")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# Mao, Mohri, Zhong, "Principled approaches for learning to defer with multiple experts", 2024 (the
# published factor, quoted from memory).

assert abs(answer.estimate - exact(0.5)) < 1e-7
for bound in bounds.values():  # the number of experts does not matter
    assert np.all(bound.transform_curve(betas) >= exact(betas) - 1e-12)
assert np.allclose(bounds[1].transform_curve(betas), bounds[3].transform_curve(betas))
