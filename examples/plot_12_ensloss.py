r"""
EnsLoss: is a random loss calibrated?
=====================================

**Problem.** EnsLoss trains on a fresh random loss at every step: only its derivatives are drawn,
and sorted along the margins, so that each is the derivative of some convex calibrated loss, whose
tail decreases no faster than 1/z. Does that keep it bounded below?

**Guarantee.** Calibrated for two classes, as long as the derivative is negative at zero. A tail of
slope -1/z falls without limit, which does not decide calibration.
"""

# %%
# Derivation
# ----------
# Any convex margin loss with a negative derivative at 0 is calibrated. Three losses as an ensemble
# might draw them, and their average:

import matplotlib.pyplot as plt
import numpy as np
import sympy

import hconsist as hc
from hconsist.consistency import verdict
from hconsist.theorems import theorem

drawn = {"exponential": "exp(-v)", "logistic": "log(1 + exp(-v))", "quadratic": "(1 - v)**2"}
losses = {name: hc.UserMarginLoss(formula) for name, formula in drawn.items()}
average = hc.UserMarginLoss("(exp(-v) + log(1 + exp(-v)) + (1 - v)**2)/3")
verdicts = {loss.spec: verdict(loss) for loss in (*losses.values(), average)}
for found in verdicts.values():
    print(found)

# %%
# Witness
# -------
# The released code gives the derivative -1/z beyond z = 1. Its integral:

z, top = sympy.symbols("z top", positive=True)
fall = sympy.integrate(-1 / z, (z, 1, top))
print(
    "the loss falls by", fall, "between 1 and top, so it tends to", sympy.limit(fall, top, sympy.oo)
)
print(theorem("unbounded-tail").claim, "-", theorem("unbounded-tail").note)

# %%
# Picture
# -------

bounds = [hc.derive(loss) for loss in (*losses.values(), average)]
grid = np.linspace(0, 1, 21)
figure, ax = plt.subplots()
for bound, name, marker in zip(bounds, [*losses, "average"], "os^D", strict=True):
    ax.plot(grid, bound.transform_curve(grid), label=name, marker=marker, markevery=4)
ax.set_xlabel(r"zero-one regret $\beta$ at a point")
ax.set_ylabel(r"least surrogate regret $\mathcal{T}(\beta)$")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# Dai, "EnsLoss: stochastic calibrated loss ensembles for preventing overfitting in classification",
# 2024; Bartlett, Jordan, McAuliffe, JASA 2006, theorem 2. An infimum is concave, so the
# transformation of the average is at most the average of the transformations.

assert all(found.status == "consistent" for found in verdicts.values())
assert sympy.limit(fall, top, sympy.oo) == -sympy.oo
betas = np.array([0.1, 0.4, 0.8])
single = np.mean([bound.transform_curve(betas) for bound in bounds[:3]], axis=0)
assert np.all(bounds[3].transform_curve(betas) <= single + 1e-9)
