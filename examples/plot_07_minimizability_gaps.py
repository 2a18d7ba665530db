r"""
Minimizability gaps across tau
==============================

**Problem.** A bound carries a gap on both sides: what the best member of H loses because it cannot
treat inputs one by one. Which comp-sum loss leaves the best guarantee, once its gap is paid?

**Guarantee.** Exact for constant functions: the gap is the best-in-class risk of the label marginal
less the mean over inputs.
"""

# %%
# Derivation
# ----------
# One input in ten has another label, with certainty; the functions of H are constant, so they
# cannot see which.

from fractions import Fraction

import matplotlib.pyplot as plt

import hconsist as hc
from hconsist.distributions import Finite
from hconsist.figures.gap import gap_curves
from hconsist.gaps import minimizability_gap

share = Fraction(1, 10)
inputs = Finite([1 - share, share], [[1, 0, 0], [0, 1, 0]])
gaps = {
    tau: float(minimizability_gap(hc.CompSum(tau), inputs, members="constant")) for tau in (0, 1, 2)
}
print(gaps)

# %%
# Witness
# -------
# The best constant errs on every tenth input. The bound, at the best constant, still has to allow
# that error:

allowed = {tau: hc.derive(hc.CompSum(tau), n_classes=3)(gap) for tau, gap in gaps.items()}
print({tau: round(value, 4) for tau, value in allowed.items()}, "of which 0.1 is real")

# %%
# Picture
# -------

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
taus = [f"{i / 4:g}" for i in range(9)]
gap_curves({"gap": inputs}, left, taus=taus)
gap_curves({"bound at the best constant": inputs}, right, taus=taus, guarantee=True)
right.axhline(0.1, color="0.35", linestyle=":", linewidth=1.4, label="its error")
left.set_title("The gap")
right.set_title("What it leaves of the guarantee")
right.legend()
plt.show()

# %%
# Reference
# ---------
# Mao, Mohri, Zhong, "Cross-entropy loss functions", ICML 2023, section 5. By hand: the
# sum-exponential loss has :math:`C^*(p) = (\sum_y \sqrt{p_y})^2 - 1`, cross-entropy the entropy,
# the mean absolute error :math:`1 - p_{\max}`.

import math

assert abs(gaps[0] - ((0.9**0.5 + 0.1**0.5) ** 2 - 1)) < 1e-12
assert abs(gaps[1] + 0.9 * math.log(0.9) + 0.1 * math.log(0.1)) < 1e-12
assert abs(gaps[2] - 0.1) < 1e-12
assert 0.1 <= allowed[2] < allowed[1] < allowed[0], (
    "the robust loss leaves the best guarantee here, and none is violated"
)
