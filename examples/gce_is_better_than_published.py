"""Generalized cross-entropy is better than published.

Problem: GCE with q = 1/2. The published transformation shrinks as 1/sqrt(n) with the number n of classes.
Guarantee: the exact one does not depend on n (docs/theory.md, theorem A), so the bound gains a factor that grows with n.
Reference: Mao, Mohri, Zhong, "Cross-entropy loss functions", ICML 2023, section 3, tau in (1, 2).
"""

from __future__ import annotations

import sys

import hconsist as hc
from hconsist.plots import bound_curves, save
from hconsist.theorems import published


def main(picture: str | None = None) -> list[float]:
    """Compare the exact and the published T at beta = 1/2, and evaluate the witness again by hand."""
    gains, bounds = [], []
    for n in (2, 10, 100):
        bound = hc.derive(hc.GCE(q=0.5), n_classes=n)
        (theorem,) = published(bound.problem)
        assert theorem.formula is not None and bound.transform is not None
        (beta,) = bound.transform.free_symbols
        ratio = float((bound.transform / theorem.formula(bound.problem)).subs(beta, 0.5))
        print(f"n = {n:3}: exact T / published T = {ratio:.6f}, and (n/2)^q = {(n / 2) ** 0.5:.6f}")
        gains.append(ratio)
        bounds.append(bound)

    problem = bounds[-1].problem
    witness = hc.transform(problem, beta=0.5, engine="numeric").witness
    assert witness is not None
    best = 2 * (1 - sum(float(v) ** 2 for v in witness.p) ** 0.5)  # best-in-class risk, theory section of the paper
    regret = float(problem.conditional_risk(witness.scores, witness.p)) - best
    print(f"n = 100: the witness has surrogate regret {regret:.9f} and zero-one regret 1/2")

    if picture:
        save(bound_curves(bounds[1:], labels=["gce:q=0.5"] * 2), picture)
        print("wrote", picture)
    return gains


if __name__ == "__main__":
    main(*sys.argv[1:2])
