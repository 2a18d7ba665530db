"""Seconds of computing of whole jobs by form and number of labels, beside their floors and a peer
that does the same jobs: convex programs inside a global search over label distributions.

Jobs: a cold command, the first answer in a new process, a sweep of 200 target regrets, a curve of
Gamma at 200 excesses, a rigorous enclosure. Every job is a process of its own. Floors: ``python -c
pass`` for a command, a process up to the imports and the reading of the loss for the others; what a
job loads later is its own. The peer is CVXPY (Clarabel, its programs compiled once and parametrised
by p) inside SciPy's search; of its seconds the imports are left out too. Its search is the one that
was fastest among five in `tuned`, and it is told what is known of symmetric losses (which labels
differ), so that it has n - 2 shares to search. A job is stopped after its seconds; what a stopped
peer would have needed is larger than the ratio shown. Of a sweep the peer does as many of the 200
target regrets as its seconds allow, spread evenly, and the ratio is at that pace.

What is measured is kept in a JSON file after each job, and a run that finds the file goes on where
it ended. A job and its peer are measured one after the other.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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
#: Of computing: for a job, an enclosure, an answer of the peer, and its sweep.
SECONDS, ENCLOSURE, PEER_SECONDS, PEER_SWEEP = 20, 5, 20, 6
#: Of address space, for the peer: its programs at a thousand labels may fill a machine.
PEER_BYTES = 6 << 30
#: Of waiting for a process on a busy machine, in seconds.
PATIENCE = 3600
BETA = 0.3
#: The sweep: how many target regrets.
BETAS = 200


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
            betas = np.linspace(0.005, 1.0, BETAS)
            hc.derive(spec, n_classes=n, engine="numeric").transform_curve(betas)
        case "gamma":
            bound = hc.derive(spec, n_classes=n, engine="numeric")
            bound(np.linspace(0.001, 0.1, 200))
        case "enclosure":
            found = hc.transform(problem, "3/10", "rigorous", time_budget=ENCLOSURE)
            wide = found.width is None or found.width > 1e-6
    seconds = time.process_time() - started
    return {"seconds": seconds, "floor": loaded, "MiB": _memory(), "value": value, "wide": wide}


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _limit(seconds: int) -> None:
    """End this process after so many more seconds of computing."""
    used = int(time.process_time()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, used + seconds + 1))


class Late(Exception):  # noqa: N818 (it is no error)
    """The peer's seconds are over."""


class Programs:
    """The peer's convex programs of one loss: its best risk, and that of scores which predict
    label 1, at label distributions (x + b, x, r_1, ..., r_(n-2)).
    """

    def __init__(self, spec: str, n: int) -> None:
        import cvxpy as cp

        self.n, self.cp = n, cp
        self.s, self.p = cp.Variable(n), cp.Parameter(n, nonneg=True)
        self.rest = cp.Parameter(n, nonneg=True)  # 1 - p
        risk, limits = written(spec, n, self.s, self.p, self.rest)
        self.free = cp.Problem(cp.Minimize(risk), limits)
        self.wrong = cp.Problem(cp.Minimize(risk), [*limits, self.s[1] >= self.s])

    def regret(self, shares: Any, beta: float) -> float:
        """At the distribution that n - 2 shares in [0, 1] stand for."""
        x = shares[0] * (1 - beta) / 2
        parts = np.diff(np.r_[0.0, np.sort(shares[1:]), 1.0])
        p = np.r_[x + beta, x, (1 - beta - 2 * x) * parts]
        if p[2:].max() > p[0] + 1e-12:  # the first label must be likeliest
            return 10.0 + float(p[2:].max())
        self.p.value, self.rest.value = p, 1 - p
        try:
            values = [one.solve(solver=self.cp.CLARABEL) for one in (self.wrong, self.free)]
        except self.cp.SolverError:
            return 10.0
        return float(values[0] - values[1])


def peer(spec: str, n: int, job: str, search: str = "") -> dict[str, Any]:
    """One answer or a sweep: its seconds, the value, how many target regrets were done, and when
    the search first was within 1e-4 of its last value (which it cannot know).
    """
    import cvxpy
    import scipy.optimize

    _limit(2 * PEER_SECONDS)  # of compiling programs too large for it
    resource.setrlimit(resource.RLIMIT_AS, (PEER_BYTES, PEER_BYTES))
    betas, limit = [BETA], PEER_SECONDS
    if job == "sweep":  # spread evenly, whenever it ends
        limit = PEER_SWEEP
        betas = [0.005 + 0.995 * ((i * 0.6180339887498949) % 1) for i in range(BETAS)]
    loaded = started = ended = time.process_time()
    done, value, hit, wrote = 0, None, None, 0.0
    assert cvxpy and scipy.optimize
    try:
        programs = Programs(spec, n)
        programs.regret(np.full(n - 2, 0.5), BETA)  # compiled at the first values of p
        wrote = time.process_time() - started
        for beta in betas:
            seen = _Seen(programs, beta, started + limit)
            try:
                SEARCHES[search or chosen(n)](seen, [(0.0, 1.0)] * (n - 2))
            finally:
                value = None if seen.best > 9 else seen.best
                hit = seen.hit(started)
            done, ended = done + 1, time.process_time()
    except Late:
        pass
    seconds = (ended if done else time.process_time()) - started  # of what is complete
    return {"seconds": seconds, "floor": loaded, "value": value, "done": done, "of": len(betas),
            "wrote": wrote, "hit": hit, "MiB": _memory()}  # fmt: skip


class _Seen:
    """A regret to minimise, and when its best values were found."""

    def __init__(self, programs: Programs, beta: float, end: float) -> None:
        self.programs, self.beta, self.end = programs, beta, end
        self.best, self.found = np.inf, list[tuple[float, float]]()

    def __call__(self, shares: Any) -> float:
        if time.process_time() > self.end:
            raise Late
        value = self.programs.regret(shares, self.beta)
        if value < self.best:
            self.best = value
            self.found.append((time.process_time(), value))
        return value

    def hit(self, started: float) -> float | None:
        near = [t for t, value in self.found if value <= self.best + 1e-4 * abs(self.best) + 1e-9]
        return near[0] - started if near else None


def _evolution(size: int) -> Callable[[Any, Any], object]:
    def search(regret: Any, box: Any) -> object:
        from scipy.optimize import differential_evolution

        return differential_evolution(regret, box, seed=0, tol=1e-4, popsize=size, polish=False)

    return search


def _simplicial(regret: Any, box: Any) -> object:
    from scipy.optimize import shgo

    return shgo(regret, box, n=32, sampling_method="sobol")


def _rectangles(regret: Any, box: Any) -> object:
    from scipy.optimize import direct

    return direct(regret, box, maxfun=2000)


def _annealing(regret: Any, box: Any) -> object:
    from scipy.optimize import dual_annealing

    return dual_annealing(regret, box, seed=0, maxiter=100)


#: SciPy's global searches that the peer may use.
SEARCHES: dict[str, Callable[[Any, Any], object]] = {
    "evolution, 5": _evolution(5),
    "evolution, 15": _evolution(15),
    "shgo": _simplicial,
    "direct": _rectangles,
    "annealing": _annealing,
}


def chosen(n: int) -> str:
    """The search that ended first with the right value for logistic and Brier; SHGO takes more
    points than labels, so that a thousand labels are left to the smallest evolution.
    """
    return "shgo" if n <= 32 else "evolution, 5"


def tuned(specs: tuple[str, ...] = ("logistic", "brier", "mae")) -> Iterator[tuple[str, ...]]:
    """Every search of the peer at n = 3 and 10: seconds, value, and when it was found."""
    for spec in specs:
        for n in (3, 10):
            for name in SEARCHES:
                found = _in_process("peer", spec, n, "answer", name)
                yield spec, str(n), name, json.dumps(found)


def written(spec: str, n: int, s: Any, p: Any, rest: Any) -> tuple[Any, list[Any]]:
    """The risk and the constraints of a loss in CVXPY, in its shortest form: p the labels'
    probabilities, ``rest`` one less those.
    """
    import cvxpy as cp

    simplex = [s >= 0, cp.sum(s) == 1]  # the variables are softmax values
    match spec:
        case "logistic":
            return cp.log_sum_exp(s) - p @ s, []
        case "mae":
            return 1 - p @ s, simplex
        case "ldr:lam=1,c=1":
            shift = 1 - np.eye(n)
            return cp.sum([p[y] * cp.log_sum_exp(s - s[y] + shift[y]) for y in range(n)]), []
        case "weston-watkins":  # the label itself pays 1
            return cp.sum([p[y] * cp.sum(cp.pos(1 - s[y] + s)) for y in range(n)]) - 1, []
        case "constrained:phi=exponential":
            return rest @ cp.exp(s), [cp.sum(s) == 0]
        case "brier":
            return cp.sum_squares(s) - 2 * p @ s + 1, simplex
    raise KeyError(spec)


def _timed(words: list[str]) -> float:
    """Seconds of computing of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, *words]
    subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _in_process(what: str, *given: object) -> dict[str, Any]:
    """The result of a function of this module in a new process; what went wrong where it fails."""
    code = (
        f"import json; from benchmarks.whole_job import {what} as f;"
        f"print(json.dumps(f({', '.join(map(repr, given))})))"
    )
    command = [sys.executable, "-c", code]
    limit = 2 * PEER_SECONDS if what == "peer" else SECONDS
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {"why": f"no answer in {PATIENCE} s of waiting", "limit": None}
    if done.returncode < 0:
        return {"why": f"more than {limit} s", "limit": limit}
    if done.returncode:
        return {"why": (done.stderr.strip().splitlines() or ["failed"])[-1][:160], "limit": None}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def ask(spec: str, n: int, job: str) -> dict[str, Any]:
    """A job in a process of its own."""
    if job == "command":
        words = ["-m", "hconsist", "transform", spec, "-n", str(n), "--beta", "0.3"]
        floors = [_timed(["-c", "pass"])]
        seconds = _timed(words)
        return {"seconds": seconds, "floor": min(*floors, _timed(["-c", "pass"])), "MiB": None}
    if job.startswith("peer"):
        return _in_process("peer", spec, n, job.removeprefix("peer "))
    return _in_process("child", spec, n, job)


#: In this order: a job and its peer one after the other.
JOBS = ("command", "answer", "peer answer", "sweep", "gamma", "peer sweep", "enclosure")


def measure(found: dict[str, Any], keep: Callable[[], object] = lambda: None) -> None:
    """Every job of every form that is not in ``found`` yet."""
    for n in CLASSES:
        for spec in LOSSES:
            for job in JOBS:
                key = f"{spec} {n} {job}"
                if key in found:
                    continue
                one = found.get(f"{spec} {n} peer answer", {})
                if job == "peer sweep" and not one.get("done", 1 if "why" not in one else 0):
                    found[key] = {**one, "of": BETAS}  # not even one answer: no sweep either
                else:
                    found[key] = ask(spec, n, job)
                print(key, found[key], file=sys.stderr, flush=True)
                keep()


def ratio(found: dict[str, Any], spec: str, n: int, job: str) -> tuple[float, bool] | None:
    """Seconds of the peer over those of a job, and whether the peer needed more than that.

    A curve of Gamma needs the peer's sweep: its own envelope and inverse are not counted.

    >>> found = {"mae 3 sweep": {"seconds": 2.0}, "mae 3 peer sweep": {"seconds": 61.0, "done": 20,
    ... "of": 200, "wrote": 1.0, "value": 0.1}}
    >>> ratio(found, "mae", 3, "sweep")
    (300.5, False)
    """
    own, other = found.get(f"{spec} {n} {job}"), None
    name = "answer" if job == "answer" else "sweep"
    other = found.get(f"{spec} {n} peer {name}")
    if not own or not other or "seconds" not in own:
        return None
    if other.get("done") and other["value"] is None:  # it ended without a value
        return None
    if "seconds" not in other:  # stopped while it wrote its programs
        return None if not other.get("limit") else (other["limit"] / own["seconds"], True)
    wrote = other.get("wrote") or other["seconds"]  # once, whatever is asked
    searched = (other["seconds"] - wrote) * other["of"] / max(other["done"], 1)
    return (wrote + searched) / own["seconds"], other["done"] == 0


def as_markdown(found: dict[str, Any]) -> str:
    """The table, the ratios to the peer, and the worst cell.

    >>> found = {"mae 3 answer": {"seconds": 0.1, "floor": 1.0, "MiB": 9.0}}
    >>> print(as_markdown(found).splitlines()[2])
    | `mae` | concave | 3 |  | 0.10 s (1.00 s) |  |  |  | 9 |
    """
    lines = [
        "| loss | form | n | command (floor) | answer (floor) | sweep of 200 | Gamma at 200 "
        "| enclosure | MiB |",
        "|---" * 9 + "|",
    ]
    rows = [(spec, n) for spec in LOSSES for n in CLASSES
            if any(f"{spec} {n} {job}" in found for job in JOBS)]  # fmt: skip
    for spec, n in rows:
        cells = {job: found.get(f"{spec} {n} {job}") for job in JOBS}
        row = [_shown(cells[job]) for job in ("command", "answer", "sweep", "gamma", "enclosure")]
        for i, job in enumerate(("command", "answer")):
            cell = cells[job]
            if cell and "floor" in cell:
                row[i] += f" ({cell['floor']:.2f} s)"
        memory = [c["MiB"] for job, c in cells.items() if c and c.get("MiB") and "peer" not in job]
        most = f"{max(memory):.0f}" if memory else ""
        lines.append(f"| `{spec}` | {LOSSES[spec]} | {n} | " + " | ".join([*row, most]) + " |")
    if not any("peer" in key for key in found):
        return "\n".join(lines)
    lines += [
        "",
        "| loss | n | peer: answer (T) | found after | answer | sweep | Gamma | MiB |",
        "|---" * 8 + "|",
    ]
    ratios: list[tuple[float, str]] = []
    for spec, n in rows:
        one = found.get(f"{spec} {n} peer answer")
        if not one:
            continue
        shown = []
        for job in ("answer", "sweep", "gamma"):
            value = ratio(found, spec, n, job)
            shown.append("" if value is None else f"{'> ' if value[1] else ''}{value[0]:,.0f}")
            if value is not None:
                ratios.append((value[0], f"{job} of {spec}, n = {n}"))
        found_at = one.get("hit")
        after = "" if found_at is None else f"{found_at:.1f} s"
        cost = _of_peer(one, found.get(f"{spec} {n} answer")) if "seconds" in one else _shown(one)
        memory_of = f"{one['MiB']:.0f}" if "MiB" in one else ""
        cells_of = [cost, after, *shown, memory_of]
        lines.append(f"| `{spec}` | {n} | " + " | ".join(cells_of) + " |")
    if ratios:
        worst, best = min(ratios), max(ratios)
        lines += [
            "",
            f"Peer over hconsist in {len(ratios)} whole jobs: median "
            f"{median(r for r, _ in ratios):,.0f}, least {worst[0]:.1f} ({worst[1]}), "
            f"largest {best[0]:,.0f} ({best[1]}).",
        ]
    return "\n".join(lines)


def _of_peer(cell: dict[str, Any], own: dict[str, Any] | None) -> str:
    """Its seconds and value, beside that of hconsist where they differ."""
    ended = "" if cell["done"] else "stopped at "
    value = "no T yet" if cell["value"] is None else f"{cell['value']:.5f}"
    known = (own or {}).get("value")
    if known is not None and cell["value"] is not None and abs(cell["value"] - known) > 1e-5:
        value += f"; T is at most {known:.5f}"
    return f"{ended}{cell['seconds']:.1f} s ({value})"


def _shown(cell: dict[str, Any] | None) -> str:
    if not cell:
        return ""
    if "seconds" not in cell:
        why = str(cell["why"]).split("cannot answer: ")[-1].split(" (")[0].replace("|", "/")
        memory = f"more than {PEER_BYTES >> 30} GiB"
        return "none: " + (memory if "MemoryError" in why else why)
    return f"{cell['seconds']:.2f} s" + (" (wide)" if cell.get("wide") else "")


def as_page(found: dict[str, Any]) -> str:
    """A page of the documentation.

    >>> as_page({"mae 3 answer": {"seconds": 0.1, "floor": 1.0, "MiB": 9.0}}).splitlines()[0]
    '# How long it takes'
    """
    return (
        "# How long it takes\n\n"
        "Seconds of computing of one run, on a shared machine of two cores. Every job is a process "
        "of its own; a floor\nis `python -c pass` for a command, and a process up to its imports "
        f"for an answer. *Wide*: an enclosure wider than\n1e-6 after {ENCLOSURE} s; *none*: "
        f"stopped after {SECONDS} s, or refused. The memory is the largest of the row's jobs. Made "
        "by\n`python -m benchmarks jobs jobs.json --page docs/speed.md`, which goes on where an "
        "earlier run ended.\n\n"
        "The peer does the same jobs by CVXPY (Clarabel, programs compiled once, each loss in its "
        "shortest form) inside SciPy's global\nsearch over the label distributions; its imports "
        "are not counted, and it is told which labels of a worst case differ. It has\n"
        f"{PEER_SECONDS} s for an answer and {PEER_SWEEP} s for a sweep. Ratios are its seconds "
        "over those of hconsist; *found after* is when its search\nfirst was within 1e-4 of its "
        "last value, which it cannot know. Of the sweep it does as many target regrets as it can, "
        "spread\nevenly, and the ratio is at that pace; where not one answer ended, the ratio is a "
        "lower bound, and a sweep takes 200 times that.\nA curve of Gamma needs the sweep. The "
        "peer's search (`tuned` in `benchmarks/whole_job.py`)\nis the one of five of SciPy's that "
        "ended first for logistic and Brier;\nwhere it left a value above T, T's upper bound "
        "stands beside it.\n\n" + as_markdown(found) + "\n"
    )


def main(file: Path | None, page: Path | None = None) -> None:
    """Measure what is missing in a JSON file, print the table, and write the page."""
    found: dict[str, Any] = {}
    if file is not None and file.exists():
        found = json.loads(file.read_text())

    def keep() -> None:
        if file is not None:
            file.write_text(json.dumps(found, indent=1) + "\n")

    measure(found, keep)
    if page is not None:
        page.write_text(as_page(found))
    print(as_markdown(found))
