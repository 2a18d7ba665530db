"""Enclosures and certificates: what a proof costs, and how much less its check costs.

Run ``python benchmarks/bench_rigorous.py [--full]``. Ratios are taken within one run. Rows:

- enclosures of T to 1e-9 for GCE and MAE, n = 2 to 10 (with ``--full`` also n = 100 and 1000), and of LDR with margin at
  n = 3 to 1e-6;
- every published bound, of T or of Gamma, for comp-sum and binary margin losses, certified uniformly on [0, 1], and the refuted
  tightness claims; the time of the search over the time of the checker on the same files.
"""

from __future__ import annotations

import json
import sys
import time
from fractions import Fraction

from hconsist.certificates import certify, parse_claim
from hconsist.checker import check
from hconsist.engines.rigorous import transform
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems import catalogue
from hconsist.verify import claims

BETAS = tuple(Fraction(s) for s in ("1/100", "1/10", "3/10", "1/2", "7/10", "9/10", "1"))


def enclosures(full: bool) -> None:
    rows = [(spec, n, 1e-9) for spec in ("gce:q=0.3", "gce:q=0.7", "gce:q=0.9", "mae") for n in (2, 3, 5, 10)]
    rows += [(f"ldr:lam={lam},c=1", 3, 1e-6) for lam in ("0.25", "1")]
    rows += [(spec, n, 1e-9) for spec in ("logistic", "gce:q=0.7", "mae") for n in (100, 1000)] if full else []
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
        print(f"{spec:<24}{n:>5}{max(widths):>10.1e}{sum(seconds) / len(seconds):>16.3f}{max(seconds):>9.2f}")
    print(f"all enclosures: {time.perf_counter() - total:.1f} s\n")


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
    print(f"{len(files)} certificates: {verdicts.count('holds')} hold, {verdicts.count('violated')} violated, {wrong} wrong")
    print(f"search {searching:.2f} s, check {checking:.2f} s: the checker is {searching / checking:.1f} times faster")


if __name__ == "__main__":
    enclosures("--full" in sys.argv)
    certificates()
