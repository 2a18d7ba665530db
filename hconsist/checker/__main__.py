"""``python -m hconsist.checker FILE [SECONDS]``: the checker alone, in a process of its own.

Prints one JSON object: ``outcome`` ("holds", "violated", "undecided", "rejected", "over the limit",
"error"), ``reason``, and for a file that was accepted the statement in words, and lemmas with where
they are proven. Exits 0, 1, 3, 2, 3, 4 for these outcomes in turn.

The process limits its own memory where the system allows it, so that no file can fill the machine;
whoever starts it can also end it, if it hangs in a library call that cannot be interrupted.
"""

from __future__ import annotations

import contextlib
import json
import sys

from hconsist.checker import WHERE, OverLimit, Rejected, examine, parse
from hconsist.checker.limits import BYTES, MEMORY, SECONDS, STEPS

CODES = {
    "holds": 0, "violated": 1, "undecided": 3, "rejected": 2, "over the limit": 3, "error": 4,
}  # fmt: skip


def outcome(data: bytes, seconds: float) -> dict[str, str]:
    """What the checker says of the bytes of a file."""
    try:
        certificate = parse(data)
        report = examine(certificate, STEPS, seconds)
    except OverLimit as problem:
        return {"outcome": "over the limit", "reason": str(problem)}
    except Rejected as problem:
        return {"outcome": "rejected", "reason": str(problem)}
    except (MemoryError, RecursionError):
        return {"outcome": "over the limit", "reason": "over the limit: memory or nesting"}
    except Exception as problem:  # a fault of the checker: never a verdict
        return {"outcome": "error", "reason": f"{type(problem).__name__}: {problem}"}
    reason = certificate["proof"]["reason"] if report.verdict == "undecided" else ""
    return {
        "outcome": report.verdict,
        "reason": reason,
        "words": report.statement.words(),
        "statement": certificate["statement"],
        "lemmas": {name: WHERE[name] for name in report.lemmas},
        "obligations": report.obligations,
    }


def main(arguments: list[str]) -> int:
    """Check one file; the exit code."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        with open(arguments[0], "rb") as file:
            data = file.read(BYTES + 1)
    except (OSError, IndexError) as problem:
        found: dict[str, str] = {"outcome": "rejected", "reason": f"cannot be read: {problem}"}
    else:
        found = outcome(data, float(arguments[1]) if len(arguments) > 1 else SECONDS)
    print(json.dumps(found))
    return CODES[found["outcome"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
