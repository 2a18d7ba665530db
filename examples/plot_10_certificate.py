r"""
A certificate, and its checker
==============================

**Problem.** "For cross-entropy over ten classes, :math:`\mathcal T(\beta) \ge \beta^2/2` for every
:math:`\beta`." How does a reader who trusts nobody check that?

**Guarantee.** A file whose every step is re-evaluated in exact and ball arithmetic by a checker
that shares no code with the search. A false claim gets a certified counterexample.
"""

# %%
# Derivation
# ----------

import json
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

import hconsist as hc
from hconsist.certificates import certify, parse_claim
from hconsist.checker import Rejected, check, digest

problem = hc.PointwiseProblem("logistic", n_classes=10)
proven = certify(problem, *parse_claim("T >= b**2/2", 10))
pieces = proven["proof"]["pieces"]
print(
    proven["verdict"],
    "by",
    len(pieces),
    "pieces; the file has",
    len(json.dumps(proven)),
    "characters",
)
print("it rests on:", ", ".join(proven["lemmas"]))

# %%
# A closed form that is certified both ways is exact: here the new one for GCE with q = 1/2. That T
# is at most this follows from the definition alone.

exact = hc.derive("gce:q=0.5", n_classes=10).transform
for relation in (">=", "<="):
    certificate = certify(hc.PointwiseProblem("gce:q=0.5", n_classes=10), relation, exact)
    print(
        "T",
        relation,
        exact,
        "-",
        certificate["verdict"],
        "by",
        ", ".join(certificate["lemmas"]) or "the definition",
    )
    assert check(certificate) == "holds"

# %%
# Witness
# -------
# The claim that MAE at three classes has T(b) >= b/2 is false, and the certificate says where.

refuted = certify(hc.PointwiseProblem("mae", n_classes=3), *parse_claim("T >= b/2", 3))
print(refuted["verdict"], "at beta =", refuted["proof"]["beta"], "with p =", refuted["proof"]["p"])

# %%
# Picture
# -------
# The pieces of the proof: a ladder of derivatives near zero, exact witnesses in boxes beyond.

edges = np.array(
    [[float(Fraction(piece["from"])), float(Fraction(piece["to"]))] for piece in pieces]
)
betas = np.linspace(0, 1, 201)
figure, ax = plt.subplots()
ax.plot(betas, hc.derive("logistic", n_classes=10).transform_curve(betas), label="T")
ax.plot(betas, betas**2 / 2, linestyle="--", label="the claim")
for low, _ in edges:
    ax.axvline(low, color="0.8", linewidth=0.7, zorder=0, label="_edge")
ax.plot([], [], color="0.8", linewidth=0.7, label="ends of the pieces")
ax.set_xlabel(r"zero-one regret $\beta$ at a point")
ax.set_ylabel(r"least surrogate regret $\mathcal{T}(\beta)$, nats")
ax.legend()
plt.show()

# %%
# Reference
# ---------
# The theory page has the lemmas that a certificate names, with their proofs.

assert (proven["verdict"], refuted["verdict"]) == ("holds", "violated")
assert check(proven) == "holds" and check(refuted) == "violated"
assert edges[0, 0] == 0 and edges[-1, 1] == 1 and np.all(edges[1:, 0] == edges[:-1, 1]), (
    "the pieces cover [0, 1]"
)
forged = json.loads(json.dumps(proven))
forged["statement"]["claim"]["formula"] = ["mul", "51/50", proven["statement"]["claim"]["formula"]]
forged["digest"] = digest(forged)
try:
    check(forged)
except Rejected as reason:
    print("forged:", reason)
else:
    raise AssertionError("a forged certificate was accepted")
