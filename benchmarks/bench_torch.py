"""`hconsist.torch.SurrogateLoss` beside `torch.nn.functional.cross_entropy`, forward and backward.

    python benchmarks/bench_torch.py [N K]

Rounds of both are taken in turns, and the least time of each counts, on one thread the processor
time: what else runs on the machine slows both. On a CUDA device too, where there is one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch
from torch.nn.functional import cross_entropy

from hconsist.torch import SurrogateLoss

SPECS = ("logistic", "sum-exp", "comp-sum:tau=1.5", "gce:q=0.7", "mae", "focal", "sce", "brier",
         "ldr:lam=0.5,c=1", "weston-watkins", "constrained:phi=squared-hinge")  # fmt: skip


def ratios(
    specs: tuple[str, ...] = SPECS,
    n: int = 4096,
    k: int = 1000,
    rounds: int = 15,
    device: str = "cpu",
) -> dict[str, tuple[float, float]]:
    """Of each loss: its least time over that of cross-entropy, and its least milliseconds."""
    torch.manual_seed(0)
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    clock = time.perf_counter if device == "cuda" else clock
    logits = torch.randn(n, k, device=device, requires_grad=True)
    labels = torch.randint(k, (n,), device=device)

    def once(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> float:
        if device == "cuda":
            torch.cuda.synchronize()
        start = clock()
        (gradient,) = torch.autograd.grad(loss(logits, labels), logits)
        if device == "cuda":
            torch.cuda.synchronize()
        del gradient
        return clock() - start

    found = {}
    for spec in specs:
        loss = SurrogateLoss(spec)
        once(loss), once(cross_entropy)
        ours, theirs = float("inf"), float("inf")
        for _ in range(rounds):
            theirs, ours = min(theirs, once(cross_entropy)), min(ours, once(loss))
        found[spec] = (ours / theirs, 1e3 * ours)
    return found


def main() -> int:
    n, k = (int(v) for v in sys.argv[1:3]) if len(sys.argv) > 2 else (4096, 1000)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        print(f"{device}: N = {n}, K = {k}, {torch.get_num_threads()} threads")
        for spec, (ratio, milliseconds) in ratios(n=n, k=k, device=device).items():
            print(f"  {spec:32} {milliseconds:8.2f} ms  {ratio:6.2f} x cross_entropy")
    if len(devices) == 1:
        print("cuda: never run here, no device")
    return 0


if __name__ == "__main__":
    sys.exit(main())
