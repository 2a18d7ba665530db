r"""
A bounded hypothesis set
========================

**Problem.** Linear classifiers :math:`x \mapsto w \cdot x + b` with :math:`|b| \le B` cannot score
higher than B at the origin. How does that limit the bound of the logistic loss?

**Guarantee.** Tight: beyond :math:`\beta = \tanh(B/2)` the transformation continues along a
tangent.
"""

# %%
# Derivation
# ----------
# At the origin only the bias is left: the pointwise problem has scores in [-B, B], the same for
# linear and bounded sets.

import math

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc
from hconsist.plots import transform_curves

sizes = (0.5, 1, 2)
bounds = [hc.derive("margin-logistic", hypotheses=hc.Linear(weight=1, bias=B)) for B in sizes]

# %%
# Witness
# -------
# Where the bound binds, the best-in-class score sits at B.

answer = hc.transform(bounds[1].problem, beta="0.9", engine="numeric")
print(f"T(0.9) = {answer.estimate:.9f} at p = {np.round(answer.witness.p, 4)}")

# %%
# Picture
# -------

ax = transform_curves(bounds, labels=[f"B = {B}" for B in sizes], published=False)
ax.legend(loc="upper left")
plt.show()

# %%
# Reference
# ---------
# Awasthi, Mao, Mohri, Zhong, "H-consistency bounds for surrogate loss minimizers", ICML 2022,
# section 5. Below, the formula computed independently: the risk at score 0 less the smallest risk
# over scores on a fine grid.


def brute_force(beta: float, B: float) -> float:
    """log 2 minus the least conditional risk over |f| <= B at P(+1) = (1 + beta)/2."""
    f = np.linspace(-B, B, 20001)
    risk = (1 + beta) / 2 * np.logaddexp(0, -f) + (1 - beta) / 2 * np.logaddexp(0, f)
    return math.log(2) - float(risk.min())


for bound, B in zip(bounds, sizes, strict=True):
    betas = np.array([0.1, 0.3, 0.6, 0.9, 1.0])
    assert np.allclose(bound.transform_curve(betas), [brute_force(b, B) for b in betas], atol=1e-7)
assert abs(answer.estimate - brute_force(0.9, 1)) < 1e-7
