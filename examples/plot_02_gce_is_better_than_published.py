r"""
Generalized cross-entropy is better than published
==================================================

**Problem.** GCE with q = 1/2. The published transformation shrinks as :math:`1/\sqrt n` with the
number n of classes. Does the loss really weaken?

**Guarantee.** Tight (theorem A of the theory page): it does not. The exact transformation is free
of n.
"""

# %%
# Derivation
# ----------

import matplotlib.pyplot as plt

import hconsist as hc
from hconsist.figures.published import gain_over_published
from hconsist.theorems import published

bounds = {n: hc.derive(hc.GCE(q=0.5), n_classes=n) for n in (2, 10, 100)}
print("T(beta) =", bounds[100].transform)

gains = {}
for n, bound in bounds.items():
    (theorem,) = published(bound.problem)
    (beta,) = bound.transform.free_symbols
    gains[n] = float((bound.transform / theorem.formula(bound.problem)).subs(beta, 0.5))
    print(f"n = {n:3}: exact T / published T = {gains[n]:.6f}")

# %%
# Witness
# -------
# At n = 100 the worst case plays two labels only. Its regret, evaluated from the definition of the
# loss:

problem = bounds[100].problem
witness = hc.transform(problem, beta="1/2").witness
best_in_class = 2 * (1 - sum(v**2 for v in witness.p) ** 0.5)
regret = float(problem.conditional_risk(witness.scores, witness.p)) - best_in_class
print(
    f"surrogate regret {regret:.9f} at zero-one regret 1/2; largest probabilities "
    f"{sorted(witness.p)[-2:]}"
)

# %%
# Picture
# -------

ax = gain_over_published(bounds[100], labels=["GCE, q = 0.5, 100 classes"])
ax.legend(loc="lower right")
plt.show()

# %%
# Reference
# ---------
# Mao, Mohri, Zhong, "Cross-entropy loss functions", ICML 2023, section 3, tau in (1, 2). The factor
# gained is :math:`(n/2)^q`.

assert all(abs(gain - (n / 2) ** 0.5) < 1e-9 for n, gain in gains.items())
assert bounds[2].transform == bounds[10].transform == bounds[100].transform
assert abs(regret - float(bounds[100].transform.subs(beta, 0.5))) < 1e-9
assert witness.regret >= 0 and max(witness.p) - witness.p[witness.predicted[0]] >= 0.5 - 1e-12
