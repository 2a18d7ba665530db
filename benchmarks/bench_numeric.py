"""The numeric engine against loops of CVXPY solves, in one run.

Run ``python benchmarks/bench_numeric.py``. The sweep includes its search over distributions; the
loops are given the worst-case distributions that the sweep found, and only evaluate them (two
solves for each beta), so that ratio understates the gain; the other one compares the same inner
problems. Times are of the processor, one thread: a busy machine distorts them less.
"""

from __future__ import annotations

import time

import cvxpy as cp
import numpy as np
from threadpoolctl import threadpool_limits

from hconsist.engines.numeric import best_in_class, sweep
from hconsist.engines.numeric.methods import inner_solver
from hconsist.pointwise import PointwiseProblem

BETAS = [float(b) for b in np.round(np.linspace(0.005, 1.0, 200), 6)]


def timed(function, *arguments):  # type: ignore[no-untyped-def]
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def fresh_loop(problem: PointwiseProblem, answers: list) -> list[float]:  # type: ignore[type-arg]
    """A new CVXPY problem for every solve, as the readable oracle states it."""
    values = []
    for a in answers:
        p = np.array(a.witness.p)
        tied = best_in_class(problem, p, a.witness.predicted, method="oracle")
        free = best_in_class(problem, p, method="oracle")
        values.append(tied.risk - free.risk)
    return values


def parametrised_loop(n: int, answers: list) -> list[float]:  # type: ignore[type-arg]
    """Cross-entropy with p as a CVXPY parameter (DPP): the canonical form is made once."""
    p, s = cp.Parameter(n, nonneg=True), cp.Variable(n)
    simplex = [cp.sum(s) == 1, s >= 0]
    free = cp.Problem(cp.Minimize(-p @ cp.log(s)), simplex)
    tied = cp.Problem(cp.Minimize(-p @ cp.log(s)), [*simplex, s[1] >= s])
    values = []
    for a in answers:
        p.value = np.array(a.witness.p)
        values.append(tied.solve(solver=cp.CLARABEL) - free.solve(solver=cp.CLARABEL))
    return values


def main() -> dict[str, float]:
    ratios = {}
    with threadpool_limits(1):
        for spec, n in (
            ("logistic", 10),
            ("gce:q=0.7", 10),
            ("mae", 10),
            ("ldr:lam=0.25,c=1", 10),
            ("gce:q=0.7", 1000),
            ("mae", 1000),
            ("ldr:lam=0.25,c=1", 1000),
            ("constrained:phi=hinge", 10),
            ("sum:phi=hinge", 10),
            ("max:phi=hinge", 10),
        ):
            seconds, _ = timed(sweep, PointwiseProblem(spec, n_classes=n), BETAS)
            print(f"sweep of 200 betas, {spec}, n = {n}: {seconds:.2f} s")
        for spec, n in (
            ("sum:phi=squared-hinge", 3),
            ("sum:phi=squared-hinge", 5),
            ("aldr:lam0=1,alpha=2", 5),
        ):
            seconds, _ = timed(sweep, PointwiseProblem(spec, n_classes=n), BETAS[9::19])
            print(f"sweep of {len(BETAS[9::19])} betas, {spec}, n = {n}: {seconds:.2f} s")
        for spec in ("logistic", "gce:q=0.7"):
            problem = PointwiseProblem(spec, n_classes=10)
            seconds, answers = timed(sweep, problem, BETAS)
            sample = answers[::10]
            slow, values = timed(fresh_loop, problem, sample)
            slow *= len(answers) / len(sample)
            worst = max(abs(v - a.estimate) for v, a in zip(values, sample, strict=True))
            ratios[f"{spec}: fresh CVXPY loop / sweep with search"] = slow / seconds
            # the same inner problems, nothing else: two solves for each beta, in one batch
            p = np.array([a.witness.p for a in answers])
            inner = inner_solver(problem)
            assert inner is not None
            q = p.copy()
            q[:, :2] = p[:, :2].mean(axis=1, keepdims=True)
            both = np.concatenate([p, q])
            fast = min(timed(inner.solve, both, np.ones_like(both))[0] for _ in range(5))
            ratios[f"{spec}: fresh CVXPY loop / batched inner solves"] = slow / fast
            print(f"{spec}: largest difference between oracle and sweep {worst:.1e}")
        problem = PointwiseProblem("logistic", n_classes=10)
        seconds, answers = timed(sweep, problem, BETAS)
        slow, _ = timed(parametrised_loop, 10, answers)
        ratios["logistic: parametrised CVXPY loop / sweep with search"] = slow / seconds
        ratios["logistic: parametrised CVXPY loop / batched inner solves"] = slow / fast
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.1f} x")
    return ratios


if __name__ == "__main__":
    main()
