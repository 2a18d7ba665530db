r"""
Abstention: what confidence thresholds are worth
================================================

**Problem.** A classifier may reject at cost c. The usual rule forecasts the label and rejects when
no label has a chance of 1 - c; another one learns a score for rejecting. How much of the
excess cost does a small surrogate excess leave possible?

**Guarantee.** Exact for the forecast, every n and c (theorem 4 of the page on targets). For the
score of its own exact up to :math:`\beta = \max(c, 1 - 2c)`, a lower bound of T beyond.
"""

# %%
# Derivation
# ----------
# For each pair of predictions the forecasts that lead to the worse one are a polytope; exact linear
# programs find the one that is worst whatever the multiplier. The cost of rejecting may be a
# symbol.

import matplotlib.pyplot as plt
import numpy as np
import sympy

import hconsist as hc
from hconsist.decisions import Abstain

c = sympy.Symbol("c", positive=True)
print(hc.derive("logistic", 3, target=Abstain(c)).transform)

forecast = hc.derive("logistic", 3, target="abstain:c=0.2", engine="symbolic")
own_score = hc.derive("weighted", 3, target="abstain:c=0.2", engine="symbolic")

# %%
# Witness
# -------
# The forecast is 0.8 sure of a label that has a chance of 0.7: rejecting would cost 0.1 less.

answer = hc.transform(forecast.problem, beta="0.1", engine="symbolic")
print(answer.estimate, [str(v) for v in answer.witness.p], answer.witness.predicted)

# %%
# Picture
# -------
# T has a concave kink at 1 - 2c: from there on a label takes the place of another label, not of the
# rejection. The bound comes from the convex envelope (dashed).

betas = np.linspace(0, 1, 101)
fig, ax = plt.subplots()
ax.plot(betas, forecast.transform_curve(betas), label="forecast, T")
ax.plot(betas, forecast.envelope_curve(betas), "--", label="forecast, T**")
ax.plot(betas, own_score.transform_curve(betas), ":", label="a score for rejecting")
ax.set_xlabel("excess cost")
ax.set_ylabel("surrogate excess")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# Chow, "On optimum recognition error and reject tradeoff", IEEE Transactions on Information Theory
# 1970. Mao, Mohri, Zhong, "Theoretically grounded loss functions and algorithms for score-based
# multi-class abstention", AISTATS 2024.

for beta in (0.05, 0.3, 0.7):
    numeric = hc.transform(forecast.problem, beta).estimate
    assert abs(forecast.transform_curve([beta])[0] - numeric) < 1e-9
small = forecast.bound("0.0001")
assert abs(float(small.upper) / np.sqrt(2 * 0.2 * 0.8 * 1e-4) - 1) < 0.03
assert np.max(forecast.transform_curve(betas) - forecast.envelope_curve(betas)) > 0.01
assert answer.witness.predicted == (0,)
