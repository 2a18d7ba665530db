r"""
Your own loss in five lines
===========================

**Problem.** Two losses that no paper named, given by their formulas in the softmax value u of the
label: :math:`1/u^2`, and cross-entropy plus mean absolute error. What are their bounds for four
classes?

**Guarantee.** Tight for the power, derived in closed form; an estimate with a witness for the sum.
"""

# %%
# Derivation
# ----------
# These are the five lines.

import hconsist as hc

power = hc.derive(hc.UserSoftmaxLoss("1/u**2"), n_classes=4)
mixture = hc.derive(hc.UserSoftmaxLoss("-log(u) + 1 - u"), n_classes=4, engine="numeric")
print("T(beta) =", power.transform)
print("Gamma(0.01) is about", round(power(0.01), 6), "and", round(mixture(0.01), 6))

# %%
# Witness
# -------

answer = hc.transform(mixture.problem, beta="1/2")
print(
    f"T(1/2) is about {answer.estimate:.9f} at p = {answer.witness.p}, predicting label "
    f"{answer.witness.predicted[0]}"
)

# %%
# Picture
# -------

import matplotlib.pyplot as plt

from hconsist.plots import bound_curves

ax = bound_curves([power, mixture], labels=["1/u²", "−log u + 1 − u"])
plt.show()

# %%
# Reference
# ---------
# The pooling lemma and theorem D of the theory page. The witness is checked by minimising the
# conditional risk anew.

import numpy as np
from scipy.optimize import minimize

p = np.array(answer.witness.p)
best = minimize(
    lambda s: float(mixture.problem.conditional_risk(s, p)),
    np.zeros(4),
    method="BFGS",
    options={"gtol": 1e-9},
).fun
assert (
    abs(float(mixture.problem.conditional_risk(answer.witness.scores, p)) - best - answer.estimate)
    < 1e-6
)
assert abs(p.max() - p[answer.witness.predicted[0]] - 0.5) < 1e-9
# 1/u^2 at p = ((1 + b)/2, (1 - b)/2): tied scores cost 4, the best ones (sum of p^(1/3))^3
by_hand = 4 - (0.75 ** (1 / 3) + 0.25 ** (1 / 3)) ** 3
assert abs(power.transform_curve([0.5])[0] - by_hand) < 1e-12
