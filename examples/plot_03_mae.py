r"""
Mean absolute error: many labels in the worst case
==================================================

**Problem.** The mean absolute error :math:`1 - S_y` resists label noise, but its published bound,
:math:`n` times the surrogate excess, says nothing for many classes. What is the best bound?

**Guarantee.** Tight (theorem C of the theory page): :math:`\mathcal T(\beta) = \min_k \max(\beta/k,
\beta - 1/k)`.
"""

# %%
# Derivation
# ----------

from fractions import Fraction

import matplotlib.pyplot as plt

import hconsist as hc
from hconsist.figures.witnesses import transform_with_witnesses

bound = hc.derive(hc.MAE(), n_classes=5)
print("T(beta) =", bound.transform)
print("T**(beta) =", bound.envelope)

# %%
# Witness
# -------
# As beta falls, more labels share the top score in the worst case. At beta = 1/2 two labels have
# probability 1/2 each, and a third one, of probability zero, is predicted.

answers = {
    k: hc.transform(bound.problem, beta=Fraction(1, k), engine="symbolic") for k in (1, 2, 3, 4)
}
for k, answer in answers.items():
    print(f"T(1/{k}) = {answer.estimate:.9f} at p = {[str(v) for v in answer.witness.p]}")

# %%
# Picture
# -------
# Filled bars are the labels tied at the top score; the triangle marks the predicted one.

ax = transform_with_witnesses(bound)
ax.legend(loc="upper left")
plt.show()

# %%
# Reference
# ---------
# Ghosh, Kumar, Sastry, AAAI 2017 (the loss); Mao, Mohri, Zhong, ICML 2023 (the published bound,
# valid, here shown loose).

for k, answer in answers.items():
    exact = Fraction(1, k * (k + 1))
    assert answer.lower <= exact <= answer.upper, "the enclosure contains 1/(k(k+1))"
    p, j = answer.witness.p, answer.witness.predicted[0]
    assert sum(p) == 1 and max(p) - p[j] == Fraction(1, k)
    assert abs(answer.witness.regret - float(exact)) < 1e-12
hundred = hc.derive(hc.MAE(), n_classes=100)
assert abs(hundred(1 / 6) - 1 / 2) < 1e-12, "the published bound at 1/6 is 100/6: nothing"
