"""Your own loss in five lines.

Problem: two losses that no paper named, given by their formulas in the softmax value u of the label, for four classes.
Guarantee: the power 1/u^2 has a closed form; cross-entropy plus mean absolute error is answered by computation.
"""

from __future__ import annotations

import sys

import hconsist as hc
from hconsist.plots import bound_curves, save


def main(picture: str | None = None) -> list[hc.Bound]:
    """State two losses by their formulas, derive or compute, draw."""
    bounds = []
    for formula in ("1/u**2", "-log(u) + 1 - u"):
        bound = hc.derive(hc.UserSoftmaxLoss(formula), n_classes=4)
        print(f"{formula}: by the {bound.engine} engine", "" if bound.transform is None else f"T(beta) = {bound.transform}")
        print(f"    Gamma(0.01) is about {bound(0.01):.6f}")
        answer = hc.transform(bound.problem, beta=0.5, engine="numeric")
        assert answer.witness is not None
        print(f"    T(0.5) is about {answer.estimate:.9f}, at p = {answer.witness.p}, predicting {answer.witness.predicted}")
        bounds.append(bound)
    if picture:
        save(bound_curves(bounds), picture)
        print("wrote", picture)
    return bounds


if __name__ == "__main__":
    main(*sys.argv[1:2])
