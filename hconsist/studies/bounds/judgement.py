"""Every pair against its bound: what is violated, what is caught, what was met."""

from __future__ import annotations

from collections.abc import Sequence

from hconsist.simulate.population import SPREAD
from hconsist.simulate.results import Row
from hconsist.studies.bounds.table import OTHER
from hconsist.studies.study import Verdict

CONFIDENCE = 0.99

#: Which false bound the study plants: Gamma times this; and at which factors its power is told.
PLANTED = 0.7
POWERS = (0.99, 0.9, 0.7, 0.5)


def verdict(rows: Sequence[Row], factor: float = 1.0) -> Verdict:
    """Compare every pair with its bound.

    Parameters
    ----------
    rows : sequence of rows
    factor : float
        Multiplies every bound Gamma: below 1 it plants a false bound, which the study must catch.
    """
    pairs = [row for row in rows if row["kind"] not in OTHER]
    proven = [{**row, "status": "violated"} for row in pairs if _beyond(row, "ceiling", factor)]
    exceeded = [
        {**row, "status": "estimate exceeded"}
        for row in pairs
        if _beyond(row, "bound", factor) and not _beyond(row, "ceiling", factor)
    ]
    false = [{**row, "status": "no counterexample"} for row in rows if not _as_promised(row)]
    unanswered = [row for row in rows if row["kind"] == "unanswered"]
    near = sum(row["bound"] > 0 and row["target"] >= 0.99 * row["bound"] for row in pairs)
    trained = sum(row["kind"] in TRAINED for row in pairs)
    groups: dict[str, list[Row]] = {}
    for row in pairs:
        groups.setdefault(f"{row['loss']} (n={row['n']}, {row['hypotheses']})", []).append(row)
    missed = [
        name
        for name, group in groups.items()
        if not any(_beyond(row, "bound", PLANTED) for row in group)
    ]
    standing = {
        word: sum(group[0]["standing"] == word for group in groups.values()) for word in _STANDINGS
    }
    summary = [
        f"{len(pairs)} pairs of a distribution and a hypothesis, "
        f"{len({row['loss'] for row in pairs})} losses: "
        f"{len(pairs) - trained} on finite distributions (exact up to rounding), {trained} "
        "trained on mixtures "
        f"({SPREAD:g} standard errors: {CONFIDENCE:.0%} confidence for all of up to 2000 together)",
        f"{len(proven)} violations of a proven bound, {len(exceeded)} pairs above an estimate; "
        f"{near} pairs come within 1 % of "
        "their bound",
        "bounds by what stands behind them: "
        + ", ".join(f"{count} {word}" for word, count in standing.items()),
        f"a planted false bound ({PLANTED:g} times Gamma) is caught for "
        f"{len(groups) - len(missed)} of {len(groups)}"
        + (f"; not for {', '.join(missed)}" if missed else ""),
    ]
    summary += [
        f"planted bounds caught by pairs of kind {kind} alone, of {table.pop(0)} combinations: "
        + ", ".join(f"{caught} at {factor:g}" for factor, caught in zip(POWERS, table, strict=True))
        for kind, table in power(pairs).items()
    ]
    met = [row for row in rows if row["kind"] == "counterexample"]
    if met:
        summary.append(
            "no bound that vanishes with the surrogate excess, counterexample met by data: "
            + _named(met)
        )
    unbounded = [row for row in rows if row["kind"] == "unbounded"]
    if unbounded:
        summary.append("risk without a lower bound, so no regret: " + _named(unbounded))
    if unanswered:
        summary.append("without a bound or a best risk from any engine: " + _named(unanswered))
    violations = [*proven, *false, *exceeded]
    status = (
        "violated"
        if proven or false
        else "undecided"
        if exceeded or not (pairs or met or unbounded)
        else "holds"
    )
    return Verdict(status, tuple(summary), tuple(violations))  # type: ignore[arg-type]


def power(pairs: Sequence[Row]) -> dict[str, list[int]]:
    """For each kind of pair: how many combinations of a loss, a number of labels and a set it was
    tried on, then in how many it catches Gamma times each of `POWERS`.
    """
    found = {}
    for kind in dict.fromkeys(row["kind"] for row in pairs):
        groups: dict[tuple[str, int, str], list[Row]] = {}
        for row in pairs:
            if row["kind"] == kind:
                groups.setdefault((row["loss"], row["n"], row["hypotheses"]), []).append(row)
        found[kind] = [
            len(groups),
            *(
                sum(
                    any(_beyond(row, "bound", factor) for row in group) for group in groups.values()
                )
                for factor in POWERS
            ),
        ]
    return found


#: Kinds of pairs whose sides are averages over a rule, with hypotheses from training.
TRAINED = ("mixture", "chosen mixture")

_STANDINGS = {"proven": 0, "certified": 0, "estimate": 0}


def _named(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(f"{row['loss']} (n={row['n']})" for row in rows))


def _beyond(row: Row, name: str, factor: float) -> bool:
    if name == "ceiling" and row["standing"] not in ("proven", "certified"):
        return False
    # target regrets are sums of at most four products: exact but for the last bits
    return bool(row["target"] - row["target_error"] > factor * row[name] * (1 + 1e-9) + 1e-12)


def _as_promised(row: Row) -> bool:
    """Whether a counterexample is one: target excess without surrogate excess; or a risk that falls
    without limit.
    """
    if row["kind"] == "counterexample":
        return bool(row["target"] > 0 and row["surrogate"] <= row["surrogate_error"])
    return bool(row["kind"] != "unbounded" or row["surrogate"] < -1000)
