r"""
LDR margins: a third label enters
=================================

**Problem.** The LDR loss :math:`\lambda \log \frac1n \sum_k e^{(c[k \ne y] + s_k - s_y)/\lambda}`
interpolates between cross-entropy (c = 0) and Crammer-Singer (:math:`\lambda \to 0`). Published: it
is consistent. How strong is its bound?

**Guarantee.** Estimates with witnesses: no closed form is known for c > 0.
"""

# %%
# Derivation
# ----------
# For c = 0 the loss is cross-entropy at a temperature, and T is :math:`\lambda` times that of
# cross-entropy, derived in closed form. For c > 0 the transformation is found by optimisation.

import math

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

import hconsist as hc
from hconsist.figures.witnesses import transform_with_witnesses

free = hc.derive(hc.LDR(lam=0.5, c=0), n_classes=3)
print("c = 0: T(beta) =", free.transform)
with_margin = hc.derive(hc.LDR(lam=0.5, c=1), n_classes=3)
print("c = 1: answered by the", with_margin.engine, "engine")

# %%
# Witness
# -------
# With a margin and a small lambda, a third label takes part in the worst case: the two-label
# formula is not the answer.

betas = ["0.2", "0.4", "0.8"]
three = {b: hc.transform(with_margin.problem, beta=b) for b in betas}
for b in betas:
    print(f"beta = {b}: T = {three[b].estimate:.6f} at p = {np.round(three[b].witness.p, 4)}")

# %%
# Picture
# -------

# Filled bars are the labels tied at the top score; the triangle marks the predicted one. Below,
# cross-entropy at the same temperature.

ax = transform_with_witnesses(with_margin)
grid = np.linspace(0, 1, 41)
ax.plot(grid, free.transform_curve(grid), label="c = 0", marker="D", markevery=8, color="black")
ax.set_title(r"LDR, $\lambda = 1/2$, $c = 1$, 3 classes")
ax.legend(loc="upper left")
plt.show()

# %%
# Reference
# ---------
# Zhu, Ying, Yang, "Label distributionally robust losses for multi-class classification", ICML 2023.

assert min(three["0.4"].witness.p) > 0.1, "three labels have mass"
cross_entropy = 0.7 * math.log(1.4) + 0.3 * math.log(0.6)
assert abs(free.transform_curve([0.4])[0] - 0.5 * cross_entropy) < 1e-12
for b in betas:
    assert three[b].estimate > free.transform_curve([float(b)])[0], "a margin only helps"
    p = np.array(three[b].witness.p)
    assert abs(p.max() - p[three[b].witness.predicted[0]] - float(b)) < 1e-9
    risk = float(with_margin.problem.conditional_risk(three[b].witness.scores, p))
    assert (
        abs(
            risk
            - minimize(with_margin.problem.conditional_risk, np.zeros(3), args=(p,)).fun
            - three[b].estimate
        )
        < 1e-6
    )
