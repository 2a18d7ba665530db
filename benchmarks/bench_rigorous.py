"""Enclosures and certificates: what a proof costs, and how much less its check costs.

Run ``python benchmarks/bench_rigorous.py [--full]``. Ratios are taken within one run. Rows:

- enclosures of T to 1e-9 for GCE and MAE, n = 2 to 10 (with ``--full`` also n = 100 and 1000), and
  of LDR with margin at
  n = 3 to 1e-6;
- enclosures of Gamma to 1e-6 (relative) for comp-sum losses, and to 1e-3 for losses that need a
  search, at excesses from
  1e-4 to 1/2; how far the published bound lies above the proven one at 1/10;
- enclosures of minimizability gaps of bounded constant and of linear scores on finitely many
  inputs;
- every published bound, of T or of Gamma, for comp-sum and binary margin losses, certified
  uniformly on [0, 1], and the refuted
  tightness claims; the time of the search over the time of the checker on the same files.
"""

from __future__ import annotations

import json
import sys
import time
from fractions import Fraction

import numpy as np

from hconsist.certificates import certify, parse_claim
from hconsist.checker import check
from hconsist.distributions import Finite
from hconsist.engines.rigorous import envelope, transform
from hconsist.gaps import minimizability_gap
from hconsist.hypotheses import Linear
from hconsist.losses import CompSum, parse_loss
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import catalogue
from hconsist.verify import claims

BETAS = tuple(Fraction(s) for s in ("1/100", "1/10", "3/10", "1/2", "7/10", "9/10", "1"))


def enclosures(full: bool) -> None:
    rows = [
        (spec, n, 1e-9)
        for spec in ("gce:q=0.3", "gce:q=0.7", "gce:q=0.9", "mae")
        for n in (2, 3, 5, 10)
    ]
    rows += [(f"ldr:lam={lam},c=1", 3, 1e-6) for lam in ("0.25", "1")]
    rows += (
        [(spec, n, 1e-9) for spec in ("logistic", "gce:q=0.7", "mae") for n in (100, 1000)]
        if full
        else []
    )
    print(f"{'enclosure of T':<24}{'n':>5}{'widest':>10}{'seconds a beta':>16}{'slowest':>9}")
    total = time.perf_counter()
    for spec, n, width in rows:
        problem = PointwiseProblem(spec, n_classes=n)
        widths, seconds = [], []
        for beta in BETAS:
            started = time.perf_counter()
            answer = transform(problem, beta, width=width)
            seconds.append(time.perf_counter() - started)
            widths.append(answer.width)
        print(
            f"{spec:<24}{n:>5}{max(widths):>10.1e}{sum(seconds) / len(seconds):>16.3f}"
            f"{max(seconds):>9.2f}"
        )
    print(f"all enclosures: {time.perf_counter() - total:.1f} s\n")


def gammas(full: bool) -> None:
    excesses = tuple(Fraction(s) for s in ("1/10000", "1/1000", "1/100", "1/10", "1/2"))
    rows = [(spec, n, "1/1000000") for spec in ("logistic", "gce:q=0.7", "mae") for n in (2, 3, 10)]
    rows += [("ldr:lam=0.25,c=1", 2, "1/1000000"), ("ldr:lam=0.25,c=1", 3, "1/1000")]
    rows += (
        [("gce:q=0.7", 100, "1/1000000"), ("constrained:phi=exponential", 3, "1/1000")]
        if full
        else []
    )
    print(
        f"{'enclosure of Gamma':<30}{'n':>5}{'relative width':>16}{'seconds for 5':>15}"
        f"{'published / proven':>20}"
    )
    for spec, n, tolerance in rows:
        problem = PointwiseProblem(spec, n_classes=n)
        started = time.perf_counter()
        proven = envelope(problem)
        found = [proven.gamma(u, Fraction(tolerance)) for u in excesses]
        seconds = time.perf_counter() - started
        widest = max(float((high - low) / high) for low, high, _ in found)
        tau = float(problem.surrogate.tau) if isinstance(problem.surrogate, CompSum) else None
        ratio = ""
        if tau is not None and tau >= 1:
            paper = min(
                1.0,
                (2 * n ** (tau - 1) * 0.1) ** 0.5 if tau < 2 else (tau - 1) * n ** (tau - 1) * 0.1,
            )
            ratio = f"{paper / float(found[3][1]):.3f}"
        print(f"{spec:<30}{n:>5}{widest:>16.1e}{seconds:>15.2f}{ratio:>20}")
    print()


def gaps() -> None:
    random = np.random.default_rng(0)
    print(
        f"{'enclosure of a gap':<30}{'members':>12}{'inputs':>8}{'gap':>12}"
        f"{'width':>10}{'seconds':>9}"
    )
    rows = [
        ("logistic", "linear", 4),
        ("logistic", "linear", 16),
        ("sum-exp", "linear", 4),
        ("ldr:lam=0.5,c=1", "linear", 4),
    ]
    rows += [("hinge", "linear", 4), ("max:phi=hinge", "linear", 4)]
    rows += [("logistic", "constant", 16), ("gce:q=0.7", "constant", 16), ("mae", "constant", 16)]
    for spec, members, inputs in rows:
        n = parse_loss(spec).only_classes or 3
        counts = random.integers(1, 10, (inputs, n))
        p = [[Fraction(int(c), int(row.sum())) for c in row] for row in counts]
        points = random.integers(-8, 9, (inputs, 2)) / 4
        distribution = Finite([Fraction(1, inputs)] * inputs, p, points)
        reach = Linear(weight=1, bias=1) if members == "linear" else "bounded:1"
        started = time.perf_counter()
        gap = minimizability_gap(spec, distribution, reach, members, "rigorous")
        seconds = time.perf_counter() - started
        width = float(gap.upper - gap.lower)
        print(f"{spec:<30}{members:>12}{inputs:>8}{float(gap):>12.6f}{width:>10.1e}{seconds:>9.2f}")
    print()


def certificates() -> None:
    jobs = [
        job
        for theorem in catalogue().values()
        if theorem.id.startswith(("comp-sum", "linear", "psi", "zhang", "discriminative-logistic"))
        for job in claims(theorem)
        if not theorem.new
    ]
    for spec, n, claim, expected in (
        ("logistic", 3, "T >= b**2/2", "holds"),
        ("sum-exp", 3, "T >= b", "violated"),
        ("mae", 10, "T >= b", "violated"),
        ("gce:q=0.7", 10, "T >= b/2", "violated"),
    ):
        jobs.append((PointwiseProblem(spec, n_classes=n), *parse_claim(claim, n), expected))
    files, searching, wrong = [], 0.0, 0
    for problem, relation, claim, expected in jobs:
        started = time.perf_counter()
        found = certify(problem, relation, claim)
        searching += time.perf_counter() - started
        wrong += found["verdict"] != expected
        files.append(json.loads(json.dumps(found)))
    started = time.perf_counter()
    verdicts = [check(f) for f in files]
    checking = time.perf_counter() - started
    print(
        f"{len(files)} certificates: {verdicts.count('holds')} hold, {verdicts.count('violated')} "
        f"violated, {wrong} wrong"
    )
    print(
        f"search {searching:.2f} s, check {checking:.2f} s: the checker is "
        f"{searching / checking:.1f} times faster"
    )


if __name__ == "__main__":
    enclosures("--full" in sys.argv)
    gammas("--full" in sys.argv)
    gaps()
    certificates()
