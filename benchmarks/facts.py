"""The time that provers of facts add to a first answer: ``python -m benchmarks facts [SPEC ...]``.

For each loss (the catalogue when left out) and engine, T(1/3) is asked once of a loss that nothing
is known of yet, and the processor time inside the provers (`hconsist.losses.proving`) is kept apart
from the rest. A refusal counts: what was asked before it was asked too.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_PROVERS = ("prove", "kinks", "recognise", "convex_in_scores")


@dataclass
class Spent:
    """Seconds inside the provers; calls within calls count once."""

    seconds: float = 0.0
    depth: int = 0

    def watched(self, prover: Callable[..., Any]) -> Callable[..., Any]:
        """The prover, timed."""

        def timed(*given: Any) -> Any:
            self.depth += 1
            start = time.process_time()
            try:
                return prover(*given)
            finally:
                self.depth -= 1
                if not self.depth:
                    self.seconds += time.process_time() - start

        return timed


@contextlib.contextmanager
def watching() -> Iterator[Spent]:
    """What the provers take inside the block."""
    from hconsist.losses import proving

    spent, before = Spent(), {name: getattr(proving, name) for name in _PROVERS}
    try:
        for name, prover in before.items():
            setattr(proving, name, spent.watched(prover))
        yield spent
    finally:
        for name, prover in before.items():
            setattr(proving, name, prover)


def first_answer(spec: str, engine: str) -> tuple[float, float]:
    """Seconds of the provers, and of all, for one value of a new loss; three labels where the loss
    has as many.
    """
    from hconsist.engines import transform
    from hconsist.errors import HconsistError
    from hconsist.losses import parse_loss
    from hconsist.pointwise import PointwiseProblem

    options: dict[str, Any] = {"time_budget": 0.5} if engine == "rigorous" else {}
    with watching() as spent:
        start = time.process_time()
        loss = parse_loss(spec)
        problem = PointwiseProblem(loss, n_classes=loss.only_classes or 3)
        with contextlib.suppress(HconsistError):
            transform(problem, "1/3", engine=engine, **options)  # type: ignore[arg-type]
        return spent.seconds, time.process_time() - start


def main(specs: Sequence[str] = ()) -> dict[str, list[float]]:
    """A line an engine: the median and the largest time of the provers, and the loss it was."""
    from hconsist.losses import CATALOGUE

    chosen, found = list(specs or CATALOGUE), {}
    first_answer("margin:exp(-v)", "symbolic")  # loads what all need
    print(
        f"{'engine':10} {'median':>9} {'most':>9}   (of {len(chosen)} losses; ms of processor time)"
    )
    for engine in ("symbolic", "numeric", "rigorous"):
        times = [first_answer(spec, engine)[0] for spec in chosen]
        slowest = chosen[times.index(max(times))]
        median, most = 1e3 * statistics.median(times), 1e3 * max(times)
        print(f"{engine:10} {median:9.1f} {most:9.1f}   {slowest}", flush=True)
        found[engine] = times
    return found
