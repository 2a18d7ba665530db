r"""
A counterexample: Crammer-Singer
================================

**Problem.** The multi-class hinge loss of Crammer and Singer, :math:`\max_{k \ne y} \phi(s_y -
s_k)`. Is a small surrogate risk a small error?

**Guarantee.** Refuted, with an exact counterexample: for three labels there is no bound at all.
"""

# %%
# Derivation
# ----------
# When no label has probability above 1/2, predicting nothing (a full tie) is optimal, and ties may
# fall on the wrong label.

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc
from hconsist.consistency import verdict

found = verdict("crammer-singer", n_classes=3)
print(found)

# %%
# Witness
# -------
# The counterexample is a distribution and a score vector in fractions; its check evaluates
# everything again.

example = found.counterexample
print(
    "p =",
    [str(v) for v in example.p],
    "predicted:",
    example.predicted,
    "risk:",
    example.risk(),
    "floor:",
    example.floor,
)

# %%
# Picture
# -------
# The conditional risk along scores (t, 0, 0), which predict the right label: it only grows with t,
# so a minimiser of the surrogate never learns to prefer it.

problem = hc.PointwiseProblem("crammer-singer", n_classes=3)
p = [float(v) for v in example.p]
t = np.linspace(-2, 2, 201)
scores = np.stack([t, 0 * t, 0 * t], axis=-1)
risk = problem.conditional_risk(scores, p)
figure, ax = plt.subplots()
ax.plot(t, risk)
ax.set_xlabel("score of the most probable label, the others at 0")
ax.set_ylabel("conditional risk")
ax.set_title(f"p = ({', '.join(str(v) for v in example.p)})")
plt.show()

# %%
# Reference
# ---------
# Awasthi, Mao, Mohri, Zhong, "Multi-class H-consistency bounds", NeurIPS 2022 (convex max losses
# admit no bound). Weston and Watkins' sum of hinges fares no better; with at most one wrong label,
# two classes, the hinge is fine.

assert found.status == "not consistent" and example.check()
assert sum(example.p) == 1 and max(example.p) > example.p[example.predicted[0]], (
    "the prediction is wrong"
)
random_scores = np.random.default_rng(0).normal(size=(20000, 3)) * 2
assert problem.conditional_risk(random_scores, p).min() >= float(example.floor) - 1e-12, (
    "no scores go below the floor"
)
assert verdict("weston-watkins", n_classes=3).status == "not consistent"
assert verdict("hinge").status == "consistent"
