"""``hconsist bound``: what a surrogate excess says about the target excess."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.options import (
    engine_option,
    json_option,
    spec_argument,
    symbolic_problem_options,
)
from hconsist.cli.output import at_zero, print_answer, progress
from hconsist.cli.search import search_arguments, search_options

if TYPE_CHECKING:
    from hconsist.engines.protocol import EngineName
    from hconsist.losses import Loss


@click.command("bound", short_help=COMMANDS["bound"])
@spec_argument
@symbolic_problem_options
@click.option(
    "--excess",
    required=True,
    metavar="E",
    help="Surrogate excess risk, >= 0: a risk less the best risk, in the units of the loss (not a "
    "raw risk; see hconsist audit).",
)
@click.option(
    "--gap",
    default="0",
    show_default=True,
    metavar="G",
    help="Minimizability gap of the surrogate, >= 0.",
)
@engine_option("auto")
@search_options("tolerance", "proven bounds this close, relative to the upper one")
@json_option
def command(
    spec: str,
    n_classes: object,
    hypotheses: str,
    target: str,
    excess: str,
    gap: str,
    engine: EngineName,
    accuracy: str | None,
    time_budget: float,
    checkpoint: Path | None,
    as_json: bool,
) -> ExitCode:
    """Turn a surrogate excess E (plus gap G) into Gamma(E + G), the largest target excess (plus
    gap) that it allows.

    With --checkpoint, what a spent budget or an interrupt leaves finished is saved in FILE, and the
    same command goes on.
    """
    from hconsist.bounds import check_excess, derive
    from hconsist.pointwise import PointwiseProblem

    check_excess(excess), check_excess(gap, "gap")
    problem = PointwiseProblem(spec, target, hypotheses, n_classes)
    found = derive(
        problem.surrogate,
        problem.n_classes,
        problem.hypotheses,
        problem.target,
        engine=engine,
    )
    answer = found.bound(
        excess, gap, **search_arguments(engine, "tolerance", accuracy, time_budget, checkpoint)
    )
    name = f"Gamma({excess})" if gap == "0" else f"Gamma({excess} + {gap})"
    note = "" if engine == "rigorous" else at_zero(found)
    suspect = looks_like_a_raw_risk(problem.surrogate, problem.n_classes, excess)
    if suspect:
        progress(f"warning: {suspect}")
        note = f"{note}; {suspect}" if note else suspect
    given = {"loss": spec, "excess": excess, "gap": gap}
    return print_answer(answer, name, as_json, problem, note, **given)


def looks_like_a_raw_risk(loss: Loss, n_classes: object, excess: str) -> str:
    """What to say of an excess that is larger than the risk of equal scores, which everybody has at
    the start of training; empty for a smaller one, and where the loss has no value there.

    >>> from hconsist.losses import parse_loss
    >>> looks_like_a_raw_risk(parse_loss("logistic"), 10, "0.31")
    ''
    >>> looks_like_a_raw_risk(parse_loss("logistic"), 10, "2.5")[:58]
    'an excess of 2.5 is above 2.3026, the loss of equal scores'
    """
    import numpy as np

    from hconsist.arithmetic import NUMPY
    from hconsist.bounds import check_excess
    from hconsist.losses.forms import OfSoftmax
    from hconsist.losses.per_example import label_losses

    if not isinstance(n_classes, int) or n_classes > 10**4 or loss.symbolic:
        return ""
    if loss.scores_of != "labels":
        return ""
    with np.errstate(all="ignore"):
        equal = float(np.max(loss.losses(np.zeros(min(n_classes, 50)), NUMPY)))
        if n_classes > 50 and loss.form(OfSoftmax) is not None:
            equal = float(label_losses(loss, np.zeros((1, n_classes)), np.array([0]), NUMPY)[0])
    if not np.isfinite(equal) or float(check_excess(excess)) <= equal:
        return ""
    return (
        f"an excess of {excess} is above {equal:.4f}, the loss of equal scores: if it is a raw "
        "risk, subtract the best risk (hconsist audit reads logits and labels)"
    )
