r"""
Ranking: AUC from a proper loss, a factor of root 3 better
==========================================================

**Problem.** A model is trained by a proper loss and judged by its AUC. Agarwal (2014) bounds the
AUC that is lost by :math:`\sqrt{2 \varepsilon/\lambda} / (\pi (1 - \pi))`, with :math:`\lambda` the
strong properness of the loss and :math:`\pi` the share of positives. Is that the best constant?

**Guarantee.** It can be divided by :math:`\sqrt 3`, and for a squared loss no further.
"""

# %%
# Derivation
# ----------
# On a misordered pair the chances differ by at most the difference of the errors, and the mean
# difference of two errors is at most :math:`2/\sqrt 3` times their standard deviation.

import matplotlib.pyplot as plt
import numpy as np

from hconsist.functionals import AUC, strong_properness

for spec in ("margin-logistic", "exponential", "least-squares", "spherical"):
    print(spec, strong_properness(spec).steps[-1])
target = AUC("least-squares", "3/10")
print(target.gamma, "published:", target.published)

# %%
# Witness
# -------
# Chances spread evenly around the share of positives, and a forecast that is constant but for a
# tilt the wrong way.

worst = target.worst(0.2)
print(f"AUC lost {worst.rank_regret:.6f} at an excess of {worst.excess:.6f}")

# %%
# Picture
# -------

(symbol,) = target.gamma.free_symbols
excess = np.linspace(0, 0.04, 101)
ours, published = (
    np.sqrt(excess) * float(f.subs(symbol, 1)) for f in (target.gamma, target.published)
)
reached = [target.worst(r) for r in (0.05, 0.1, 0.2, 0.3)]
fig, ax = plt.subplots()
ax.plot(excess, published, "--", label="published")
ax.plot(excess, ours, label="ours")
ax.plot([w.excess for w in reached], [w.rank_regret for w in reached], "o", label="reached")
ax.set_xlabel("surrogate excess")
ax.set_ylabel("AUC lost at most")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# Agarwal, "Surrogate regret bounds for bipartite ranking via strongly proper losses", JMLR 2014,
# theorem 13.

assert (
    abs(float(target.published.subs(symbol, 1)) / float(target.gamma.subs(symbol, 1)) - 3**0.5)
    < 1e-12
)
for found in reached:
    bound = float(target.gamma.subs(symbol, found.excess))
    assert found.rank_regret <= bound < found.rank_regret * 1.001
