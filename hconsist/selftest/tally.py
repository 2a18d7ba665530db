"""What was compared, and what was found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

#: "false proof": a proven statement was contradicted; "miss": an estimate without a reason is off;
#: "error": something other than an answer or a refusal came back.
Severity = Literal["false proof", "miss", "error"]


@dataclass(frozen=True)
class Finding:
    """One disagreement, with all that is needed to see it again."""

    severity: Severity
    engine: str
    kind: str
    question: str
    answered: str
    truth: str

    def __str__(self) -> str:
        return (
            f"{self.severity}: {self.engine} {self.kind} of {self.question}: answered "
            f"{self.answered}; brute force {self.truth}"
        )


@dataclass
class Tally:
    """Counts by engine and kind, the worst differences, and findings; ``now`` is the question at
    work, which whoever is stopped by it wants to know, and ``slow`` which engine was interrupted at
    which loss.

    Examples
    --------
    >>> tally = Tally(seed=0)
    >>> tally.count("numeric", "estimate", 1e-9)
    >>> tally.comparisons, tally.contradicted
    (1, False)
    """

    seed: int
    formulas: int = 0
    compared: Counter[tuple[str, str]] = field(default_factory=Counter)
    silent: Counter[tuple[str, str]] = field(default_factory=Counter)
    worst: dict[tuple[str, str], float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    now: str = ""
    slow: set[tuple[str, str]] = field(default_factory=set)

    def count(self, engine: str, kind: str, difference: float = 0.0) -> None:
        """One comparison, with how far the answer was on the wrong side of the truth."""
        self.compared[engine, kind] += 1
        self.worst[engine, kind] = max(self.worst.get((engine, kind), 0.0), difference)

    def unanswered(self, engine: str, why: str) -> None:
        """A question to which there was no answer."""
        self.silent[engine, why] += 1

    @property
    def comparisons(self) -> int:
        """How many there were."""
        return self.compared.total()

    @property
    def contradicted(self) -> bool:
        """Whether a proven statement was contradicted."""
        return any(f.severity == "false proof" for f in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "seed": self.seed,
            "formulas": self.formulas,
            "comparisons": self.comparisons,
            "contradicted": self.contradicted,
            "compared": [
                {"engine": e, "kind": k, "count": c, "worst": self.worst.get((e, k), 0.0)}
                for (e, k), c in sorted(self.compared.items())
            ],
            "unanswered": [
                {"engine": e, "why": w, "count": c} for (e, w), c in sorted(self.silent.items())
            ],
            "more_findings_alike": self.more,
            "findings": [vars(f) for f in self.findings],
        }
