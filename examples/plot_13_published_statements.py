r"""
What papers claim, and what became of it
========================================

**Problem.** The literature is full of statements about surrogate losses. Which are tight, which
merely valid, which false as printed?

**Guarantee.** A verdict for each, by engines that never saw the statement.
"""

# %%
# Derivation
# ----------
# Statements are data: a formula, the problems it speaks of, and the claim. Here are those that
# fail as printed, in papers that were read, and the improvements of bounds that hold.

import collections

import matplotlib.pyplot as plt

import hconsist as hc
from hconsist.theorems import catalogue
from hconsist.verify import verify

for entry in catalogue().values():
    if entry.claim not in ("fails as printed", "not tight"):
        continue
    print(f"{entry.id}: {entry.note}")

# %%
# Witness
# -------
# The printed table lists the mean absolute error as linear with constant 1. At two classes and beta
# = 1/2:

answer = hc.transform(hc.PointwiseProblem("mae"), beta="1/2")
print(f"T(1/2) = {answer.estimate} at p = {answer.witness.p}: half of what is printed")

# %%
# Picture
# -------

counts = collections.Counter((entry.claim, entry.new) for entry in catalogue().values())
figure, ax = plt.subplots()
claims = ["tight", "valid", "not tight", "false", "fails as printed"]
old, new = ([counts[claim, fresh] for claim in claims] for fresh in (False, True))
ax.barh(claims, old, color="#0072B2", label="published")
ax.barh(claims, new, left=old, color="#E69F00", hatch="//", edgecolor="white", label="new")
ax.invert_yaxis()
ax.set_xlabel("statements")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# The papers are named in the catalogue; ``hconsist verify`` runs every engine on every statement.

for identifier in (
    "enhanced-table-mae",
    "comp-sum-mae-not-tight",
    "comp-sum-logistic",
    "comp-sum-gce-exact",
):
    assert verify(identifier, engines=("symbolic",)).status == "holds", identifier
assert answer.estimate == 0.25
assert any(claim == "fails as printed" for claim, _ in counts) and sum(counts.values()) == len(
    catalogue()
)
