"""How many finite pairs a second the rounds of climbing evaluate: both excesses and the best risk
of each, on NumPy, on torch, and on a CUDA device where there is one.

    python benchmarks/bench_pairs.py [PAIRS ...]

A pair is a distribution on four inputs and the scores there; a cell of the study has 60. Fails
where two libraries disagree.
"""

from __future__ import annotations

import importlib.util
import sys
import time

import numpy as np

from hconsist.losses import parse_loss
from hconsist.simulate import Backend
from hconsist.studies.bounds.pairs import excesses, random_pairs

SETTINGS = (("logistic", 3), ("gce:q=0.7", 10), ("mae", 5), ("hinge", 2))


def places() -> dict[str, Backend]:
    """The array libraries at hand."""
    found = {"numpy": Backend()}
    if importlib.util.find_spec("torch"):
        import torch

        found["torch"] = Backend("torch")
        if torch.cuda.is_available():
            found["cuda"] = Backend("torch", "cuda")
    return found


def rate(spec: str, n: int, pairs: int, backend: Backend, rounds: int = 3) -> tuple[float, float]:
    """Pairs a second in the best of some rounds, and their mean surrogate excess."""
    loss = parse_loss(spec)
    arrays = [backend.array(v) for v in random_pairs(n, pairs, np.random.default_rng(0))]
    least, value = float("inf"), 0.0
    for _ in range(rounds + 1):  # the first one loads what it needs
        start = time.perf_counter()
        _, surrogate = excesses(loss, *arrays, backend=backend)
        value = float(backend.xp.mean(surrogate))  # waits for the device
        least = min(least, time.perf_counter() - start)
    return pairs / least, value


def main(words: list[str]) -> int:
    """Print the table; 1 where two libraries disagree."""
    sizes, wrong = [int(word) for word in words] or [60, 1000, 20_000], 0
    found = places()
    print(f"{'loss':12} {'n':>3} {'pairs':>7}  " + "  ".join(f"{name:>10}" for name in found))
    for spec, n in SETTINGS:
        for pairs in sizes:
            told = {name: rate(spec, n, pairs, place) for name, place in found.items()}
            rates = "  ".join(f"{per_second:10.0f}" for per_second, _ in told.values())
            print(f"{spec:12} {n:3} {pairs:7}  {rates}", flush=True)
            values = [value for _, value in told.values()]
            wrong |= max(values) - min(values) > 1e-9
    if "cuda" not in found:
        print("no CUDA device is at hand: never run on one")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
