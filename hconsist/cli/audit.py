"""``hconsist audit``: what logits and labels say of a trained classifier."""

from __future__ import annotations

from pathlib import Path

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import MANY_VALUES, time_budget_option
from hconsist.cli.options import LOSS, json_option
from hconsist.cli.output import atomic_file, check_output, print_fields, print_json, print_table


@click.command("audit", short_help=COMMANDS["audit"])
@click.argument("logits", metavar="LOGITS.npy", type=click.Path(path_type=Path))
@click.argument("labels", metavar="LABELS.npy", type=click.Path(path_type=Path))
@click.option(
    "--loss", default="logistic", show_default=True, metavar="SPEC", help="The loss.", **LOSS
)
@click.option(
    "--best-risk",
    type=float,
    metavar="R",
    help="A lower bound on the best risk, where you know one; else the least value of the loss.",
)
@click.option(
    "--level", type=float, default=0.95, show_default=True, metavar="P", help="Of the intervals."
)
@click.option(
    "--folds", type=int, default=5, show_default=True, metavar="K", help="Of the calibration."
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a page with figures: FILE.html.",
)
@json_option
@time_budget_option(MANY_VALUES)
def command(
    logits: Path,
    labels: Path,
    loss: str,
    best_risk: float | None,
    level: float,
    folds: int,
    report: Path | None,
    as_json: bool,
) -> ExitCode:
    """Audit a classifier: risks, excess error through the bound, calibration.

    LOGITS.npy has shape (N, K); LABELS.npy has shape (N,), one label each, or (N, K): label
    distributions, or counts of annotators. Use examples that were not trained on.
    """
    from hconsist.auditing import audit
    from hconsist.auditing.files import read_array

    if report is not None:
        check_output(report, (".html",))
    found = audit(
        read_array(logits), read_array(labels), loss, best_risk=best_risk, level=level, folds=folds
    )
    if report is not None:
        with atomic_file(report) as temporary:
            temporary.write_text(found.html(), encoding="utf-8")
    if as_json:
        print_json(found.as_dict())
        return ExitCode.HOLDS
    fields = [
        ("examples", f"{found.examples}, {found.classes} labels ({found.labels})"),
        ("risk", str(found.risk)),
        ("error", str(found.error)),
    ]
    if found.regret is not None:
        fields.append(("excess error", str(found.regret)))
    if found.surrogate_regret is not None:
        fields.append(("excess risk", str(found.surrogate_regret)))
    for side in found.sides:
        standing = "Gamma proven" if side.proven else "Gamma an estimate"
        fields.append(
            (
                "bound",
                f"excess error <= Gamma({side.excess:.4g}) = {side.most:.4g} ({standing})"
                f"\n{side.means}",
            )
        )
    for name, value in found.lost.items():
        fields.append(("slack", f"{value:.4g}  {name}"))
    fields.append(
        ("calibration", f"mean distance {found.calibration_error:.4g} ({found.probabilities})")
    )
    fields += [("note", note) for note in found.notes]
    print_fields(fields)
    click.echo()
    heads = ("LABEL", "EXAMPLES", "PREDICTED", "RECALL", "RISK", "ERROR", "CONFIDENCE")
    print_table(
        heads,
        [
            (
                f"{row['label']:.0f}",
                f"{row['examples']:.6g}",
                f"{row['predicted']:.0f}",
                *(f"{row[key]:.4f}" for key in ("recall", "risk", "error", "confidence")),
            )
            for row in found.per_class
        ],
    )
    return ExitCode.HOLDS
