"""Makes ``ldr.json``, the table of LDR transformations on the page: ``python -m hconsist.explore.table`` (a minute)."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from hconsist.engines.numeric import sweep
from hconsist.losses import LDR
from hconsist.pointwise import PointwiseProblem

#: c / lambda for lambda in {1/4, 1/2, 1, 2} and c in {0, 1/2, 1, 2}.
RATIOS = tuple(Fraction(s) for s in ("0", "1/4", "1/2", "1", "2", "4", "8"))
CLASSES = (2, 3, 5, 10)
BETAS = tuple(Fraction(k, 20) for k in range(21))


def entry(ratio: Fraction, n: int) -> dict[str, Any]:
    """T and a worst-case distribution at every beta; null where the engine was not sure of its value."""
    answers = sweep(PointwiseProblem(LDR(lam=1, c=ratio), n_classes=n), BETAS)
    values = [None if a.estimate is None else float(f"{a.estimate:.9g}") for a in answers]
    p = [None if a.witness is None or a.estimate is None else [round(float(v), 5) for v in a.witness.p] for a in answers]
    return {"T": values, "p": p}


def table() -> dict[str, Any]:
    """The whole table, keyed by c / lambda and by n."""
    return {str(float(ratio)): {str(n): entry(ratio, n) for n in CLASSES} for ratio in RATIOS}


if __name__ == "__main__":
    Path(__file__).with_name("ldr.json").write_text(json.dumps(table(), separators=(",", ":")) + "\n", encoding="utf-8")
