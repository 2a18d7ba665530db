"""How a target is decided from scores of a given kind (`hconsist.losses.base.ScoresOf`)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hconsist.decisions.decision import Decision
from hconsist.decisions.score_rules import rule_for
from hconsist.errors import InvalidInputError

Centres = tuple[Fraction, ...] | None


def read(found: Decision, scores_of: str, n: int, centres: Centres, name: object) -> Decision:
    """The decision from scores that are not the labels'.

    Parameters
    ----------
    found : Decision
    scores_of : str
    n : int
        The number of labels.
    centres : tuple of Fraction or None
        Of the bins that are scored, where they are not the labels.
    name : object
        The target, for the message.

    Raises
    ------
    InvalidInputError
        Where no prediction follows from such scores.

    Examples
    --------
    >>> from hconsist.decisions.finite import Hamming
    >>> read(Hamming(2).decision(4), "bits", 4, None, "hamming:k=2").rule
    'signs'
    """
    decided = _read(found, scores_of, n, centres)
    if decided is None:
        raise InvalidInputError(
            f"no prediction of the target {name} follows from scores of {scores_of}",
            f"n_classes={n}",
            "see the table of targets and surrogates in docs/targets.md",
        )
    return decided


def _read(found: Decision, scores_of: str, n: int, centres: Centres) -> Decision | None:
    match scores_of:
        case "predictions":
            return None if found.predicts_numbers else found.by_largest_scores()
        case "value":
            return found.by_value()
        case "bins":
            if found.numbers is None or not (found.predicts_numbers or centres is None):
                return None
            return replace(found, centres=centres)
    fits = None if found.predicts_numbers else rule_for(scores_of, n, found.items)
    if fits is None:
        return None
    return found.by_score_rule(fits[0]) if fits[0] else found.by_largest_scores()


def count(found: Decision, scores_of: str, n: int, centres: Centres) -> int:
    """How many scores there are, where a prediction follows from them.

    >>> from hconsist.decisions.finite import Hamming
    >>> count(Hamming(3).decision(8), "bits", 8, None)
    3
    """
    match scores_of:
        case "labels":
            return n
        case "predictions":
            return int(found.items)
        case "value":
            return 1
        case "bins":
            return n if centres is None else len(centres)
    fits = rule_for(scores_of, n, found.items)
    return fits[1] if fits else n
