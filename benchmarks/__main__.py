"""``python -m benchmarks run OUT.json`` measures, ``... compare OLD.json NEW.json`` prints ratios,
and ``... coverage [--engines numeric,...] [--losses A;B] [--jobs N] [-o OUT.json]`` prints which
questions each engine answers (`benchmarks.coverage`), and
``... certificates [FOLDER] [--coq] [-o OUT.json]`` times the proofs in files
(`benchmarks.certificates`).

A run holds the least of several wall times of each case, in seconds, and beside each the least
time of a fixed piece of work around it (``python -c pass``, or a sum of floats), so that two
machines, or two hours of a busy one, can be compared: a ratio is of times in that unit.

``python -m benchmarks jobs [OUT.json] [--page PAGE.md]`` times whole jobs by form beside a peer
that does the same, and goes on where the file ends (`benchmarks.whole_job`).

``python -m benchmarks facts [SPEC ...]`` prints what the provers of facts add to a first answer
(`benchmarks.facts`).

``python -m benchmarks bounds DIR [--page docs/simulation.md]`` makes the tables of the page from
the output of the study of the bounds (`benchmarks.bounds_page`).

``python -m benchmarks targets [OUT.json [OUT.md]]`` prints T, times and what a brute force finds
for each target, and goes on where the file ends (`benchmarks.targets`).
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CURVES = {
    "numeric sweep, logistic, n = 10": ("logistic", 10, "numeric"),
    "numeric sweep, sum of hinges, n = 5": ("weston-watkins", 5, "numeric"),
    "symbolic sweep, gce, n = 10": ("gce:q=0.7", 10, "symbolic"),
}
COMMANDS = {
    "hconsist --help": ["-m", "hconsist", "--help"],
    "hconsist derive logistic": ["-m", "hconsist", "derive", "logistic", "-n", "3"],
}


def _least(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def _command(words: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)


def cases() -> dict[str, Callable[[], object]]:
    """What is measured: commands from a cold start, curves and verdicts on a warm one."""
    import hconsist as hc

    betas = [i / 20 for i in range(21)]
    found: dict[str, Callable[[], object]] = {k: _command(v) for k, v in COMMANDS.items()}
    for name, (spec, n, engine) in CURVES.items():
        found[name] = lambda spec=spec, n=n, engine=engine: hc.derive(  # type: ignore[misc]
            spec, n_classes=n, engine=engine
        ).transform_curve(betas)
    problem = hc.PointwiseProblem("logistic", n_classes=3)
    found["rigorous value, logistic, n = 3"] = lambda: hc.transform(problem, "1/2", "rigorous")
    found["verdict, gce, n = 10"] = lambda: hc.verdict("gce:q=0.7", 10)
    return found


def run(repeats: int = 5) -> dict[str, Any]:
    """Seconds and units of every case."""
    import numpy as np

    values = np.arange(1.0, 3e6)
    seconds, units = {}, {}
    for name, work in cases().items():
        started = name in COMMANDS
        unit = _command(["-c", "pass"]) if started else lambda: np.log(values).sum()
        if not started:
            work()  # loads what it needs
        units[name] = _least(unit, repeats)
        seconds[name] = _least(work, repeats)
        units[name] = min(units[name], _least(unit, repeats))
    return {"python": platform.python_version(), "seconds": seconds, "unit": units}


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Of each case that both runs have: new time over old, each in its own unit."""
    return [
        (
            name,
            (new["seconds"][name] / new["unit"][name]) / (old["seconds"][name] / old["unit"][name]),
        )
        for name in old["seconds"]
        if name in new["seconds"]
    ]


def _coverage(options: list[str]) -> int:
    from benchmarks import coverage
    from hconsist.engines import ENGINES

    reader = argparse.ArgumentParser("python -m benchmarks coverage", description=coverage.__doc__)
    reader.add_argument("--engines", default=",".join(ENGINES), help="names with commas")
    reader.add_argument("--losses", help="spec strings with semicolons; the catalogue if left out")
    reader.add_argument("--jobs", type=int, default=1, help="cells at a time")
    reader.add_argument("-o", "--out", type=Path, help="a JSON file with every cell")
    reader.add_argument(
        "--join", type=Path, nargs="+", default=[], help="JSON files of earlier runs"
    )
    reader.add_argument("--page", type=Path, help="a page of the documentation to write")
    given = reader.parse_args(options)
    losses = given.losses.split(";") if given.losses else None
    engines = given.engines.split(",")
    return coverage.main(engines, given.out, losses, given.jobs, given.join, given.page)


def _jobs(options: list[str]) -> None:
    from benchmarks import whole_job

    reader = argparse.ArgumentParser("python -m benchmarks jobs", description=whole_job.__doc__)
    reader.add_argument("out", type=Path, nargs="?", help="a JSON file to keep and to go on with")
    reader.add_argument("--page", type=Path, help="a page of the documentation to write")
    given = reader.parse_args(options)
    whole_job.main(given.out, given.page)


def _bounds(options: list[str]) -> int:
    from benchmarks import bounds_page

    reader = argparse.ArgumentParser("python -m benchmarks bounds", description=bounds_page.__doc__)
    reader.add_argument("folder", type=Path, help="the folder of hconsist simulate bounds -o")
    reader.add_argument("--page", type=Path, help="a page with the two marks")
    given = reader.parse_args(options)
    return bounds_page.main(given.folder, given.page)


def main(words: list[str]) -> int:
    """The command line; 2 where it makes no sense."""
    match words:
        case ["targets", *files] if len(files) <= 2:
            from benchmarks import targets

            targets.main(files)
        case ["run", out]:
            Path(out).write_text(json.dumps(run(), indent=1) + "\n")
        case ["compare", old, new]:
            for name, ratio in compare(*(json.loads(Path(f).read_text()) for f in (old, new))):
                print(f"{name:40} {ratio:6.2f} x")
        case ["jobs", *options]:
            _jobs(options)
        case ["bounds", *options]:
            return _bounds(options)
        case ["coverage", *options]:
            return _coverage(options)
        case ["facts", *specs]:
            from benchmarks import facts

            facts.main(specs)
        case ["certificates", *rest]:
            from benchmarks import certificates

            return certificates.main(rest)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
