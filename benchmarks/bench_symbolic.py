"""Time per derivation of the symbolic engine: a table, its median and its worst.

Run ``python benchmarks/bench_symbolic.py``. Each derivation starts cold except for SymPy's own
cache of a first, uncounted derivation; the figures are wall-clock seconds, and the last column is
one value of T in balls.
"""

from __future__ import annotations

import statistics
import time
from fractions import Fraction

from hconsist.engines.symbolic import derive, transform
from hconsist.pointwise import PointwiseProblem

PROBLEMS = [
    *(
        (spec, "complete", n)
        for spec in ("sum-exp", "comp-sum:tau=0.5", "logistic", "gce:q=0.5")
        for n in (2, 10, 1000)
    ),
    *(
        (spec, "complete", n)
        for spec in ("gce:q=0.7", "comp-sum:tau=1.9", "mae", "comp-sum:tau=2.5")
        for n in (2, 10, 1000)
    ),
    *(
        (spec, hypotheses, 2)
        for spec in (
            "hinge",
            "squared-hinge",
            "least-squares",
            "margin-logistic",
            "exponential",
            "sigmoid:k=2",
            "rho-margin:rho=2",
            "ramp",
        )
        for hypotheses in ("complete", "bounded:0.4", "bounded:2.5")
    ),
    *(
        (f"margin:{phi}", "complete", 2)
        for phi in ("Max(0, 1 - v)**3", "exp(-v) + Max(0, 1 - v)", "1/(1 + exp(v))")
    ),
    *(
        (f"softmax:{phi}", "complete", 3)
        for phi in ("-log(u) + (1 - u)/2", "1/u - log(u)", "-log(u) - sqrt(u)")
    ),
    ("softmax:(1 - u)**2", "complete", 2),
    ("ldr:lam=0.5,c=1", "complete", 2),
    ("ldr:lam=1,c=0.2", "complete", 5),
    *(
        (f"constrained:phi={phi}", "complete", 4)
        for phi in ("hinge", "exponential", "squared-hinge", "margin-logistic")
    ),
    ("comp-sum-margin:phi=rho-margin,tau=1", "complete", 2),
]


def main() -> None:
    derive(PointwiseProblem("margin:exp(-5*v)"))
    seconds = []
    print(f"{'loss':38} {'hypotheses':12} {'n':>5} {'derivation s':>13} {'value s':>9}")
    for spec, hypotheses, n in PROBLEMS:
        problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=n)  # type: ignore[arg-type]
        start = time.perf_counter()
        derive(problem)
        seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        transform(problem, Fraction(3, 10))
        print(
            f"{spec:38} {hypotheses:12} {n:5d} {seconds[-1]:13.3f} "
            f"{time.perf_counter() - start:9.4f}"
        )
    print(
        f"{len(seconds)} derivations: median {statistics.median(seconds):.3f} s, worst "
        f"{max(seconds):.3f} s"
    )


if __name__ == "__main__":
    main()
