"""``hconsist check``: re-verify a certificate from its file alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import Seconds
from hconsist.cli.options import json_option
from hconsist.cli.output import print_fields, print_json
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    from hconsist.checker.reading import Fields

_CODES = {"holds": ExitCode.HOLDS, "violated": ExitCode.VIOLATED, "undecided": ExitCode.UNDECIDED}
#: Seconds after which a checker that does not end by itself is stopped.
_GRACE = 15.0


def run_checker(file: Path, seconds: float) -> Fields:
    """What the checker says of a file, in a process of its own that is ended when time is up."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-P", "-m", "hconsist.checker", str(file.resolve()), f"{seconds:g}"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds + _GRACE,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        reason = f"over the limit: seconds (> {seconds:g})"
        return {"outcome": "over the limit", "reason": reason}
    try:
        found: Fields = json.loads(done.stdout)
    except ValueError:
        # Killed for memory by the system, or ended by a library: no verdict either way.
        if done.returncode < 0 or "memory" in done.stderr.lower():
            return {"outcome": "over the limit", "reason": "over the limit: memory"}
        return {"outcome": "error", "reason": done.stderr.strip()[-300:] or "the checker ended"}
    return found


def _check_spec(statement: Fields, file: Path) -> None:
    """Refuse a spec that is not the name of the formula that was checked."""
    from hconsist.certificates.statements import is_named
    from hconsist.errors import HconsistError

    loss = statement["loss"]
    if loss["spec"] is None:
        return
    try:
        matrix = statement["target"].get("matrix")
        scores = statement["hypotheses"]["kind"]
        named = is_named(loss["spec"], loss["kind"], loss["formula"], matrix, scores)
    except HconsistError as problem:
        raise InvalidInputError(
            "the spec of a certificate must name a loss", loss["spec"], f"see {file}: {problem}"
        ) from problem
    if not named:
        raise InvalidInputError(
            "the spec of a certificate must name the loss whose formula was checked",
            loss["spec"],
            f"the formula in {file} is another one: do not trust its name",
        )


@click.command("check", short_help=COMMANDS["check"])
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--time-budget",
    default=120.0,
    show_default=True,
    metavar="S",
    type=Seconds(least=1e-3, most=1e6),
    help="Seconds, after which the file is left undecided.",
)
@json_option
def command(file: Path, time_budget: float, as_json: bool) -> ExitCode:
    """Re-verify the certificate in FILE; print the statement that was checked, and the verdict.

    Exits 0 when the statement holds, 1 when a proof that it is violated was verified, 3 when the
    file claims neither or is beyond the checker's limits, 2 when it is no valid certificate:
    changed, malformed, short of its proof, or under the name of another loss.
    """
    found = run_checker(file, time_budget)
    kind = found["outcome"]
    if kind == "error":
        raise RuntimeError(f"the checker ended by itself: {found['reason']}")
    if kind == "rejected":
        raise InvalidInputError(
            f"the certificate is rejected ({found['reason']})",
            str(file),
            "write one with hconsist certify",
        )
    if kind == "over the limit":
        if as_json:
            print_json({"verdict": "undecided", "reason": found["reason"]})
        else:
            print_fields([("verdict", "undecided"), ("reason", found["reason"])])
        return ExitCode.UNDECIDED
    _check_spec(found["statement"], file)
    if as_json:
        keys = ("statement", "words", "lemmas", "obligations", "reason")
        print_json({"verdict": kind, **{key: found[key] for key in keys if found[key] != ""}})
    else:
        spec = found["statement"]["loss"]["spec"]
        named = "none" if spec is None else f"{spec} (its formula is the catalogue's)"
        lemmas = [f"{name} ({where})" for name, where in found["lemmas"].items()]
        fields = [
            ("statement", "\n".join(found["words"])),
            ("name", named),
            ("verdict", kind),
        ]
        if kind == "undecided":
            fields.append(("reason", found["reason"]))
        else:
            fields.append(("rests on", "\n".join(lemmas) or "the definitions"))
        print_fields(fields)
    return _CODES[kind]
