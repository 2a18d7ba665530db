"""Seconds of computing of whole jobs by form and number of labels, beside their floors and a peer
that does the same job: convex programs inside a global search over label distributions.

Jobs: a cold command, the first answer in a new process, a sweep of 200 target regrets, a curve of
Gamma at 200 excesses, a rigorous enclosure. Floors: ``python -c pass`` for a command, a process up
to the imports of NumPy and the package for the others. The peer is CVXPY (Clarabel, parametrised)
with SciPy's differential evolution over p, n = 3 and 10; it stops at the seconds it is given, and
its ratio is then a lower bound. Ratios are of one run.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

#: One loss of each form: of the softmax value, concave in it, a transport, pairwise, constrained,
#: of all probabilities.
LOSSES = {
    "logistic": "softmax",
    "mae": "concave",
    "ldr:lam=1,c=1": "transport",
    "weston-watkins": "pairwise",
    "constrained:phi=exponential": "constrained",
    "brier": "probabilities",
}
CLASSES = (3, 10, 1000)
SECONDS, PEER_SECONDS = 20, 20
#: Of waiting for a process on a busy machine, in seconds.
PATIENCE = 600
BETA = 0.3


def child(spec: str, n: int, job: str) -> dict[str, Any]:
    """Do a job in this process: its seconds, those of loading, the memory, and the value."""
    import hconsist as hc

    _limit(SECONDS)
    problem = hc.PointwiseProblem(spec, n_classes=n)  # type: ignore[arg-type]
    loaded = started = time.process_time()
    value: float | None = None
    wide = False
    match job:
        case "answer":
            value = hc.transform(problem, "3/10").estimate
        case "sweep":
            betas = np.linspace(0.005, 1.0, 200)
            hc.derive(spec, n_classes=n, engine="numeric").transform_curve(betas)
        case "gamma":
            bound = hc.derive(spec, n_classes=n, engine="numeric")
            bound(np.linspace(0.001, 0.1, 200))
        case "enclosure":
            found = hc.transform(problem, "3/10", "rigorous", time_budget=10.0)
            wide = found.width is None or found.width > 1e-6
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "floor": loaded, "MiB": memory, "value": value, "wide": wide}


def _limit(seconds: int) -> None:
    """End this process after so many more seconds of computing."""
    used = int(time.process_time()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, used + seconds + 1))


def peer(spec: str, n: int, seconds: float) -> tuple[float, float | None, bool]:
    """Seconds, value, and whether it ended by itself: T(0.3) by programs inside a search.

    The distributions are (x + b, x, r_1, ..., r_(n-2)), as the loss is symmetric: what is known of
    the problem is given to the peer too.
    """
    import cvxpy as cp
    from scipy.optimize import differential_evolution

    s, p = cp.Variable(n), cp.Parameter(n, nonneg=True)
    losses, limits = written(spec, n, s)
    risk = cp.sum([p[y] * losses[y] for y in range(n)])
    free = cp.Problem(cp.Minimize(risk), limits)
    wrong = cp.Problem(cp.Minimize(risk), [*limits, *[s[1] >= s[k] for k in range(n) if k != 1]])
    started, best = time.process_time(), np.inf

    class Late(Exception):  # noqa: N818 (it is no error)
        pass

    def regret(shares: Any) -> float:
        nonlocal best
        if time.process_time() - started > seconds:
            raise Late
        x = shares[0] * (1 - BETA) / 2
        rest = np.maximum(shares[1:], 1e-9)
        left = 1 - BETA - 2 * x
        q = np.r_[x + BETA, x, left * rest / rest.sum()]
        if q[2:].max() > q[0] + 1e-12:  # the first label must be likeliest
            return 10.0 + float(q[2:].max())
        p.value = q
        try:
            found = float(wrong.solve(solver=cp.CLARABEL) - free.solve(solver=cp.CLARABEL))
        except cp.SolverError:
            return 10.0
        best = min(best, found)
        return found

    try:
        differential_evolution(
            regret, [(0, 1)] * (n - 1), seed=0, tol=1e-6, popsize=10, maxiter=60, polish=False
        )
        ended = True
    except Late:
        ended = False
    return time.process_time() - started, None if best > 9 else float(best), ended


def written(spec: str, n: int, s: Any) -> tuple[list[Any], list[Any]]:
    """The losses and constraints of a loss in CVXPY, from its definition."""
    import cvxpy as cp

    others = [[k for k in range(n) if k != y] for y in range(n)]
    match spec:
        case "logistic":
            return [cp.log_sum_exp(s - s[y]) for y in range(n)], []
        case "mae":  # the variables are softmax values
            return [1 - s[y] for y in range(n)], [s >= 0, cp.sum(s) == 1]
        case "ldr:lam=1,c=1":
            shift = 1 - np.eye(n)
            return [cp.log_sum_exp(s - s[y] + shift[y]) for y in range(n)], []
        case "weston-watkins":
            return [cp.sum([cp.pos(1 - s[y] + s[k]) for k in others[y]]) for y in range(n)], []
        case "constrained:phi=exponential":
            return [cp.sum([cp.exp(s[k]) for k in others[y]]) for y in range(n)], [cp.sum(s) == 0]
        case "brier":
            return [cp.sum_squares(s - np.eye(n)[y]) for y in range(n)], [s >= 0, cp.sum(s) == 1]
    raise KeyError(spec)


def _timed(words: list[str]) -> float:
    """Seconds of computing of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *words]
    subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ask(spec: str, n: int, job: str) -> dict[str, Any]:
    """A job in a process of its own; what went wrong where it fails."""
    if job == "command":
        words = ["-m", "hconsist", "transform", spec, "-n", str(n), "--beta", "0.3"]
        work: Callable[[], float] = lambda: _timed(words)  # noqa: E731
        floor = _timed(["-c", "pass"])
        return {"seconds": work(), "floor": min(floor, _timed(["-c", "pass"])), "MiB": None}
    code = (
        "import json; from benchmarks.whole_job import "
        f"{'peer' if job == 'peer' else 'child'} as f;"
        f"print(json.dumps(f({spec!r}, {n}, {PEER_SECONDS if job == 'peer' else job!r})))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode < 0:
        return {"why": f"more than {SECONDS} s"}
    if done.returncode:
        return {"why": (done.stderr.strip().splitlines() or ["failed"])[-1][:160]}
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if job == "peer":
        return {"seconds": found[0], "value": found[1], "ended": found[2]}
    return dict(found)


JOBS = ("command", "answer", "sweep", "gamma", "enclosure", "peer")


def measure() -> dict[str, Any]:
    """Every job of every form."""
    found: dict[str, Any] = {}
    for spec in LOSSES:
        for n in CLASSES:
            for job in JOBS:
                if job == "peer" and n > 10:
                    continue
                found[f"{spec} {n} {job}"] = ask(spec, n, job)
                print(spec, n, job, found[f"{spec} {n} {job}"], file=sys.stderr, flush=True)
    return found


def as_markdown(found: dict[str, Any]) -> str:
    """The table, the ratios to the peer, and the worst cell.

    >>> found = {"mae 3 answer": {"seconds": 0.1, "floor": 1.0, "MiB": 9.0}}
    >>> print(as_markdown(found).splitlines()[2])
    | mae | concave | 3 |  | 0.10 s |  |  |  |  |  | 9 |
    """
    lines = [
        "| loss | form | n | command (floor) | answer | sweep of 200 | Gamma, 200 | enclosure "
        "| peer, one answer | ratio | MiB |",
        "|---" * 11 + "|",
    ]
    ratios: list[tuple[float, str]] = []
    for spec, form in LOSSES.items():
        for n in CLASSES:
            cells = {job: found.get(f"{spec} {n} {job}") for job in JOBS}
            if not any(cells.values()):
                continue
            row = [_shown(cells[job]) for job in JOBS]
            if cells["command"] and "floor" in cells["command"]:
                row[0] += f" ({cells['command']['floor']:.2f} s)"
            own, other, ratio = cells["answer"], cells["peer"], ""
            if own and other and "seconds" in own and "seconds" in other:
                value = other["seconds"] / own["seconds"]
                ratios.append((value, f"{spec}, n = {n}"))
                ratio = f"{'' if other['ended'] else '> '}{value:.0f}"
                if other["value"] is not None:
                    row[-1] += f", T = {other['value']:.5f}"
            memory = [c["MiB"] for c in cells.values() if c and c.get("MiB")]
            most = f"{max(memory):.0f}" if memory else ""
            lines.append(f"| {spec} | {form} | {n} | " + " | ".join([*row, ratio, most]) + " |")
    if ratios:
        worst = min(ratios)
        lines += [
            "",
            f"Peer over answer: median {median(r for r, _ in ratios):.0f}, least {worst[0]:.0f} "
            f"({worst[1]}).",
        ]
    return "\n".join(lines)


def _shown(cell: dict[str, Any] | None) -> str:
    if not cell:
        return ""
    if "seconds" not in cell:
        return "none: " + str(cell["why"]).replace("|", "/")
    return f"{cell['seconds']:.2f} s" + (" (wide)" if cell.get("wide") else "")


def main(files: list[str]) -> None:
    """Measure into a JSON file, and print the table."""
    found = measure()
    if files:
        Path(files[0]).write_text(json.dumps(found, indent=1) + "\n")
    print(as_markdown(found))
