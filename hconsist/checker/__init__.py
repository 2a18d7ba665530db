"""Re-verify a certificate from its file alone.

Read in this order, a file an idea, each beside its mathematics:

1. `limits`: what a file may ask for.
2. `trees`: formulas, when they have a value, and why they are then continuous and differentiable.
3. `enclosures`: balls that contain the values of a formula, or a rejection.
4. `algebra`: normal forms, zeros and signs. `infinity`: limits.
5. `obligations`: the small facts that theorems are reduced to, and how each is proven.
6. `coverage`: pieces that lead through an interval.
7. `statements`, `words`: what is claimed. `reading`: strict JSON.
8. `rules`: one theorem a file: which obligations prove which statement.
9. `verdict`: all of it together.

Nothing else of the package is imported: only the standard library and python-flint. docs/kernel.md
says what must be trusted; docs/certificate.md has the schema and the lemmas.
"""

from hconsist.checker.limits import OverLimit, Rejected
from hconsist.checker.obligations import (
    Continuous,
    Equal,
    Identity,
    Number,
    Obligation,
    Sign,
    discharge,
)
from hconsist.checker.reading import digest, parse
from hconsist.checker.rules import WHERE
from hconsist.checker.statements import Statement, read_statement
from hconsist.checker.trees import Tree
from hconsist.checker.verdict import SCHEMA, Report, check, examine, obligations

__all__ = [
    "SCHEMA", "WHERE", "Continuous", "Equal", "Identity", "Number", "Obligation", "OverLimit",
    "Rejected", "Report", "Sign", "Statement", "Tree", "check", "digest", "discharge", "examine",
    "obligations", "parse", "read_statement",
]  # fmt: skip
