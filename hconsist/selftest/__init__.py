"""The red team: brute force from the definitions against everything that the package calls proven.

`run` draws random formulas, asks the engines, and holds their answers against `two_labels` and
`three_labels`, which import no engine. It looks for two things: a proven statement that is false,
which must never happen, and an estimate that misses the truth without giving a reason.
"""

from __future__ import annotations

from hconsist.selftest.fuzz import run
from hconsist.selftest.tally import Finding, Tally

__all__ = ["Finding", "Tally", "run"]
