"""Statements against engines, one by one or in parallel."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from hconsist.engines import EngineName
from hconsist.theorems import Theorem, catalogue, theorem
from hconsist.verify.evidence import Check, Outcome, Verification
from hconsist.verify.relations import RELATIONS


def verify(
    entry: Theorem | str,
    engines: Sequence[EngineName] = ("symbolic", "numeric", "rigorous"),
) -> Verification:
    """Check one statement with every engine.

    Parameters
    ----------
    entry : Theorem or str
        A statement or its id.
    engines : sequence of str

    Returns
    -------
    Verification
        With ``status`` "holds" when the catalogue's claim is reproduced (for a statement that is
        denied: a contradiction was found on every instance), "violated" when it is not, "undecided"
        when no engine could say.

    Examples
    --------
    >>> verify("psi-hinge", engines=("symbolic",)).status
    'holds'
    """
    found = theorem(entry) if isinstance(entry, str) else entry
    start = time.perf_counter()
    relation = RELATIONS[found.relation].value
    checks = []
    for problem in found.instances:
        for engine in engines:
            check = relation.check(found, problem, engine)
            checks.append(_turned(check) if found.denied else check)
    return Verification(found, tuple(checks), time.perf_counter() - start, relation.by_difference)


def _turned(check: Check) -> Check:
    """For a statement claimed to be false: its contradiction is the confirmation."""
    swap: dict[Outcome, Outcome] = {
        "confirmed": "contradicted",
        "contradicted": "confirmed",
        "undecided": "undecided",
    }
    return Check(check.engine, check.problem, swap[check.outcome], check.margin, check.detail)


def verify_all(
    entries: Sequence[Theorem] | None = None,
    engines: Sequence[EngineName] = ("symbolic", "numeric", "rigorous"),
    n_jobs: int = 1,
) -> Iterator[Verification]:
    """Check many statements, in parallel through joblib; results come as they are finished.

    The joblib backend in force is used, so that ``with joblib.parallel_config("dask")`` runs the
    same call on a cluster.
    """
    chosen = list(catalogue().values()) if entries is None else list(entries)
    if n_jobs == 1:
        for entry in chosen:
            yield verify(entry, engines)
        return
    import joblib

    run = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    known = catalogue()
    # formulas are closures, which do not travel: entries of the catalogue go by their names
    far = [entry for entry in chosen if known.get(entry.id) is entry]
    for entry in chosen:
        if known.get(entry.id) is not entry:
            yield verify(entry, engines)
    yield from run(joblib.delayed(verify)(entry.id, engines) for entry in far)
