"""From a loss to its bound and its curve.

Problem: for cross-entropy over ten classes, how small can the surrogate regret be at a point whose zero-one regret is beta?
Guarantee: tight, for every number of classes.
Reference: Mao, Mohri, Zhong, "Cross-entropy loss functions", ICML 2023, section 3.
"""

from __future__ import annotations

import sys

import hconsist as hc
from hconsist.plots import bound_curves, save


def main(picture: str | None = None) -> hc.Bound:
    """Derive the bound, ask for a value and its proof status, find a witness, draw."""
    bound = hc.derive(hc.Logistic(), n_classes=10)
    print("T(beta) =", bound.transform)
    print("Gamma(epsilon) <=", bound.gamma_upper)
    for number, step in enumerate(bound.steps, 1):
        print(f"{number}. {step.justification}")

    proven = bound.bound(excess=0.05)
    assert proven.lower is not None and proven.upper is not None
    print(f"at a surrogate excess of 0.05 nats: Gamma in [{float(proven.lower):.12f}, {float(proven.upper):.12f}]")

    found = hc.transform(bound.problem, beta=0.3, engine="numeric")
    assert found.witness is not None
    print(f"T(0.3) is about {found.estimate:.12f}, attained at p = {found.witness.p}, predicting {found.witness.predicted}")

    if picture:
        save(bound_curves(bound, labels=["logistic"]), picture)
        print("wrote", picture)
    return bound


if __name__ == "__main__":
    main(*sys.argv[1:2])
