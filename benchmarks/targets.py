"""Every row of the table of targets (docs/targets.md) at three settings, from every engine that
answers, with the time of each, against a brute force of the tests (scores and distributions at
random, then nearer and nearer to the worst): ``python -m benchmarks targets [OUT.json]``.

The file keeps each setting as soon as it is done; a run that ends early goes on from there.
``python -m benchmarks targets OUT.json OUT.md`` writes what the file has as a table.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: Points of the brute force for each setting, and its rounds.
POINTS, ROUNDS = 100_000, 120


@dataclass(frozen=True)
class Setting:
    """One value of T to compute: surrogate, target, number of labels, target regret."""

    surrogate: str
    target: str
    n: int
    beta: str


def _row(surrogate: str, *settings: tuple[str, int, str]) -> list[Setting]:
    return [Setting(surrogate, target, n, beta) for target, n, beta in settings]


DEFER = "defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]"

#: By row of the interface table.
ROWS: dict[str, list[Setting]] = {
    "zero-one": _row("logistic", *(("zero-one", n, "1/2") for n in (2, 3, 5))),
    "top-k": _row("logistic", *((f"top-k:{k}", n, "1/4") for k, n in ((2, 3), (2, 4), (3, 5)))),
    "cost, plug-in": _row(
        "logistic",
        ("cost:[[0,2,5],[1,0,2],[4,1,0]]", 3, "1"),
        ("cost:[[0,1],[10,0]]", 2, "2"),
        ("cost:[[0,-1,2],[1,0,1/3],[0.5,0.5,0.5],[2,2,-2]]", 3, "1"),
    ),
    "cost, regression": _row(
        "cost-regression:square",
        ("cost:[[0,2,5],[1,0,2],[4,1,0]]", 3, "1"),
        ("cost:[[0,1],[10,0]]", 2, "2"),
        ("cost:[[0,1,3],[2,0,1]]", 3, "1"),
    ),
    "ordinal:absolute": _row("logistic", *(("ordinal:absolute", n, "1") for n in (3, 4, 5))),
    "ordinal:squared": _row("logistic", *(("ordinal:squared", n, "1") for n in (3, 4, 5))),
    "ordinal, cumulative": _row("cumulative", *(("ordinal:absolute", n, "1") for n in (3, 4, 5))),
    "abstain, plug-in": _row("logistic", *((f"abstain:c={c}", 3, "1/5") for c in (0.1, 0.3, 0.6))),
    "abstain, score": _row("weighted", *((f"abstain:c={c}", 3, "1/5") for c in (0.1, 0.3, 0.6))),
    "abstain, score, MAE": _row(
        "weighted:base=mae", *((f"abstain:c={c}", 3, "1/5") for c in (0.1, 0.3, 0.6))
    ),
    "abstain, plug-in, GCE": _row(
        "gce:q=1/2", *((f"abstain:c={c}", 3, "1/5") for c in (0.1, 0.3, 0.6))
    ),
    "defer:accuracy": _row(
        "weighted",
        (DEFER, 3, "3/10"),
        ("defer:accuracy=[[.7,.7]]", 2, "3/10"),
        ("defer:accuracy=[[1,0],[0,1]]", 2, "3/10"),
    ),
    "defer:experts": _row(
        "weighted",
        ("defer:experts=1", 4, "1/2"),
        ("defer:experts=2", 8, "1/2"),
        ("defer:experts=1", 6, "1/4"),
    ),
    "weights, plug-in": _row(
        "logistic", ("weights:3,2,1", 3, "1"), ("weights:1,9", 2, "1"), ("weights:1,1,4", 3, "1/2")
    ),
    "weights, class-weighted": _row(
        "weighted:base=logistic,offset=label",
        ("weights:3,2,1", 3, "1"),
        ("weights:1,9", 2, "1"),
        ("weights:1,1,4", 3, "1/2"),
    ),
    "hamming": _row("binary-relevance", *((f"hamming:k={k}", 2**k, "1/2") for k in (1, 2, 3))),
    "hamming, plug-in": _row("logistic", *((f"hamming:k={k}", 2**k, "1/2") for k in (1, 2, 3))),
    "subset": _row("binary-relevance", *((f"subset:k={k}", 2**k, "4/5") for k in (1, 2, 3))),
    "pairwise": _row("dpo:smoothing=1/10", *(("pairwise", 2, b) for b in ("1/5", "1/2", "9/10"))),
    "pairwise, IPO": _row("ipo:tau=1", *(("pairwise", 2, b) for b in ("1/5", "1/2", "9/10"))),
    "pairwise, SLiC": _row("slic", *(("pairwise", 2, b) for b in ("1/5", "1/2", "9/10"))),
    "borda": _row("ranknet", *(("borda:items=3", 6, b) for b in ("1/2", "1", "3/2"))),
    "first": _row("list-softmax", *(("first:items=3", 6, b) for b in ("1/5", "1/2", "9/10"))),
    "first, ListMLE": _row("listmle", *(("first:items=3", 6, b) for b in ("7/10", "4/5", "9/10"))),
    "kendall": _row("ranknet", *(("kendall:items=3", 6, b) for b in ("3/5", "1", "2"))),
    "rank-loss": _row(
        "binary-relevance", *(("rank-loss:items=3", 8, b) for b in ("1/4", "1/2", "1"))
    ),
    "squared-error": _row(
        "two-hot",
        ("squared-error:range=1", 5, "1/4"),
        ("squared-error:range=2", 4, "1/4"),
        ("squared-error:range=1", 3, "1/10"),
    ),
    "squared-error, HL-Gauss": _row(
        "hl-gauss:sigma=3/4,bins=5",
        *(("squared-error:range=1", 6, b) for b in ("1/10", "1/5", "1/2")),
    ),
    "squared-error, Huber": _row(
        "huber:delta=1/2",
        ("squared-error:range=1", 3, "1/4"),
        ("squared-error:range=1", 5, "2/5"),
        ("squared-error:range=1,law=symmetric", 5, "1/4"),
    ),
    "squared-error, l_p": _row(
        "lp:p=3/2",
        ("squared-error:range=1", 3, "1/4"),
        ("squared-error:range=1", 5, "2/5"),
        ("squared-error:range=1,law=symmetric", 5, "1/4"),
    ),
    "absolute-error": _row(
        "two-hot",
        ("absolute-error:range=1", 5, "1/4"),
        ("absolute-error:range=2", 4, "1/2"),
        ("absolute-error:range=1", 3, "1/10"),
    ),
    "absolute-error, mean": _row(
        "logistic",
        ("absolute-error:range=1,decode=mean", 5, "1/4"),
        ("absolute-error:range=2,decode=mean", 4, "1/2"),
        ("absolute-error:range=1,decode=mean", 3, "1/3"),
    ),
    "absolute-error, eps-insensitive": _row(
        "eps-insensitive:eps=1/10",
        ("absolute-error:range=1", 3, "1/4"),
        ("absolute-error:range=1", 5, "1/2"),
        ("absolute-error:range=2", 4, "1/4"),
    ),
    "policy": _row(
        "cost-regression:square", *((f"policy:arms={k}", 2**k, "1/2") for k in (2, 3, 4))
    ),
    "policy, log": _row(
        "cost-regression:log", *((f"policy:arms={k}", 2**k, "1/2") for k in (2, 3, 4))
    ),
}


def measure(setting: Setting) -> dict[str, Any]:
    """T of each engine that answers, and its seconds; None where it has a lower bound only."""
    import hconsist as hc
    from hconsist.engines import ENGINES

    problem = hc.PointwiseProblem(setting.surrogate, setting.target, n_classes=setting.n)
    found: dict[str, Any] = {}
    for engine in ENGINES:
        start = time.perf_counter()
        try:
            answer = hc.transform(problem, setting.beta, engine)
        except hc.EngineCannotAnswerError:
            continue
        bound = answer.lower is not None and answer.upper is None
        value = None if bound else answer.estimate
        found[engine] = value, time.perf_counter() - start
    return found


def against(setting: Setting, value: float) -> dict[str, float]:
    """The brute force at a setting: least regret found less T, and as a multiple of T."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import brute_targets

    start = time.perf_counter()
    problem = brute_targets.problem(setting.surrogate, setting.target, setting.n)
    beta = brute_targets.eval_fraction(setting.beta)
    excess, ratio = brute_targets.points(problem, beta, value, POINTS, rounds=ROUNDS)
    return {"excess": excess, "ratio": ratio, "seconds": time.perf_counter() - start}


def table(kept: Path | None = None) -> None:
    """Measure and print every setting that the file does not have."""
    done: list[dict[str, Any]] = json.loads(kept.read_text()) if kept and kept.exists() else []
    known = [record["setting"] for record in done]
    print(f"{'row':32} {'target':52} {'n':>3} {'beta':>5} {'engine':9} {'T':>14} {'seconds':>8}")
    for row, settings in ROWS.items():
        for one in settings:
            if asdict(one) in known:
                continue
            engines = measure(one)
            value = next(v for v, _ in engines.values() if v is not None)
            record = {"row": row, "setting": asdict(one), "engines": engines,
                      "brute": against(one, value)}  # fmt: skip
            done.append(record)
            if kept:
                kept.write_text(json.dumps(done, indent=1) + "\n")
            for engine, (found, seconds) in engines.items():
                shown = "-" if found is None else f"{found:.10f}"
                print(
                    f"{row:32} {one.target:52} {one.n:3d} {one.beta:>5} {engine:9} {shown:>14} "
                    f"{seconds:8.2f}"
                )
            print(f"{'':32} smallest ratio {record['brute']['ratio']:.6f}", flush=True)


def markdown(done: Iterable[Mapping[str, Any]]) -> str:
    """The table of a file."""
    lines = [
        "| surrogate | target | n | b | T(b) | engines, seconds | least found / T |",
        "|---|---|---|---|---|---|---|",
    ]
    for record in done:
        one, engines = Setting(**record["setting"]), record["engines"]
        value = next(v for v, _ in engines.values() if v is not None)
        times = ", ".join(f"{name} {seconds:.2g}" for name, (_, seconds) in engines.items())
        lines.append(
            f"| `{one.surrogate}` | `{one.target}` | {one.n} | {one.beta} | {value:.8g} | {times} "
            f"| {record['brute']['ratio']:.4f} |"
        )
    return "\n".join(lines) + "\n"


def main(files: list[str]) -> None:
    """The command line: nothing, a file to keep results in, or that and a table to write."""
    kept = Path(files[0]) if files else None
    if len(files) > 1 and kept:
        Path(files[1]).write_text(markdown(json.loads(kept.read_text())))
    else:
        table(kept)
