"""`python -m second_checker FILE...` checks certificates.

Exit codes: 0 every file holds; 1 a violation was verified; 2 a file is rejected; 3 one is
undecided. Of several the first of 2, 3, 1, 0 that occurs.
"""

from __future__ import annotations

import sys
import time

from . import Rejected, Undecided, check
from .reading import load

CODES = {"holds": 0, "violated": 1, "rejected": 2, "undecided": 3}


def main(files: list[str]) -> int:
    """Check the files, one line or two for each."""
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    codes = set()
    for name in files:
        start = time.perf_counter()
        stated = ""
        try:
            result = check(load(name))
            verdict, reason, stated = result.verdict, result.reason, result.stated
        except (Rejected, OSError) as error:
            verdict, reason = "rejected", str(error)
        except Undecided as error:
            verdict, reason = "undecided", str(error)
        codes.add(CODES[verdict])
        shown = verdict + (f" ({reason})" if reason else "")
        print(f"{name}: {shown}; {time.perf_counter() - start:.2f} s", flush=True)
        if stated:
            print(f"    {stated}")
    return next(code for code in (2, 3, 1, 0) if code in codes)


if __name__ == "__main__":
    sys.setrecursionlimit(20_000)
    sys.exit(main(sys.argv[1:]))
