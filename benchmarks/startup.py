"""Start-up of the command line: ``hconsist --help`` against a bare interpreter, in one run.

Run ``python benchmarks/startup.py``. The runs of both are interleaved, so that a busy machine slows
both alike.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -m hconsist --help": ["-m", "hconsist", "--help"],
    "hconsist --help": [
        "-c",
        "import sys; from hconsist.cli import main; sys.argv[1:] = ['--help']; sys.exit(main())",
    ],
    "import click": ["-c", "import click"],
    "hconsist losses --help": ["-m", "hconsist", "losses", "--help"],
}


def main(repeats: int = 40) -> dict[str, float]:
    """Median wall time of each command over the bare interpreter's; printed and returned."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, words in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    bare = medians["python -c pass"]
    for name, value in medians.items():
        print(f"{name:28} {1e3 * value:7.1f} ms  {value / bare:5.2f} x")
    return {name: value / bare for name, value in medians.items()}


if __name__ == "__main__":
    main()
