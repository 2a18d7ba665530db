r"""
Cross-entropy
=============

**Problem.** A classifier over ten classes is trained on cross-entropy. How small can its surrogate
regret be at a point where its zero-one regret is :math:`\beta`, and so how large can its excess
error be, given its excess cross-entropy?

**Guarantee.** Tight, for every number of classes and every distribution.
"""

# %%
# Derivation
# ----------
# The closed form is computed from the formula of the loss, step by step; nothing is looked up.

import matplotlib.pyplot as plt
import sympy

import hconsist as hc

bound = hc.derive(hc.Logistic(), n_classes=10)
print("T(beta) =", bound.transform)
for number, step in enumerate(bound.steps, 1):
    print(f"{number}. {step.justification}")

# %%
# The bound at a surrogate excess of 0.05 nats is enclosed by ball arithmetic: both ends are proven.

proven = bound.bound(excess="0.05")
print(f"excess error <= {float(proven.upper):.12f}")

# %%
# Witness
# -------
# A label distribution and a score vector that attain T(0.3). Anyone can evaluate them again: the
# conditional risk there, less the smallest possible one (the entropy of p), is the surrogate
# regret.

answer = hc.transform(bound.problem, beta="0.3")
p, scores = answer.witness.p, answer.witness.scores
entropy = float(-sum(v * sympy.log(v) for v in p if v > 0))
regret = float(bound.problem.conditional_risk(scores, p)) - entropy
print("p =", p[:3], "... regret =", regret)

# %%
# Picture
# -------

ax = bound.plot(labels=["cross-entropy"])
plt.show()

# %%
# Reference
# ---------
# Mao, Mohri, Zhong, "Cross-entropy loss functions", ICML 2023, section 3. Below, the two-label
# entropy gap of the paper, the value of the witness, and the inverse, against one another.

beta = sympy.Symbol("beta", nonnegative=True)
published = (1 + beta) / 2 * sympy.log(1 + beta) + (1 - beta) / 2 * sympy.log(1 - beta)
assert sympy.simplify(bound.transform - published) == 0
assert abs(regret - float(published.subs(beta, 0.3))) < 1e-9
assert abs(float(published.subs(beta, proven.estimate)) - 0.05) < 1e-12
assert 0 <= proven.upper - proven.lower < 1e-15
