"""Time per consistency verdict, over the catalogue: median and worst, zero-one and top-2.

Run ``python benchmarks/bench_consistency.py [n_classes]``. Wall-clock seconds; the first, uncounted
verdict loads SymPy.
"""

from __future__ import annotations

import statistics
import sys
import time

from hconsist.consistency import verdict
from hconsist.losses import CATALOGUE, parse_loss


def main(n_classes: int) -> None:
    verdict("logistic", n_classes)
    losses = [loss for loss in map(parse_loss, CATALOGUE) if loss.only_classes is None]
    for target in ("zero-one", "top-k:2"):
        rows = []
        for loss in losses:
            start = time.perf_counter()
            found = verdict(loss, n_classes, target)
            rows.append((time.perf_counter() - start, loss.spec, found.status))
        seconds, spec, _ = max(rows)
        undecided = [spec for _, spec, status in rows if status == "undecided"]
        median = statistics.median(row[0] for row in rows)
        print(
            f"{target}, n = {n_classes}: {len(rows)} losses, median {median:.3f} s, worst "
            f"{seconds:.3f} s ({spec})"
        )
        print(f"  undecided: {', '.join(undecided) or 'none'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
