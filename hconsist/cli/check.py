"""``hconsist check``: re-verify a certificate from its file alone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.options import json_option
from hconsist.cli.output import print_fields, print_json
from hconsist.errors import InvalidInputError

_CODES = {"holds": ExitCode.HOLDS, "violated": ExitCode.VIOLATED, "undecided": ExitCode.UNDECIDED}


@click.command("check", short_help=COMMANDS["check"])
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
def command(file: Path, as_json: bool) -> ExitCode:
    """Re-verify the certificate in FILE and print holds, violated or undecided.

    Exits 0, 1 or 3 in that order, and 2 when the file is no valid certificate: changed, malformed,
    or short of its proof.
    """
    from hconsist.checker import Rejected, check

    remedy = "write one with hconsist certify"
    try:
        certificate = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidInputError(
            "a certificate must be a readable JSON file", str(file), remedy
        ) from problem
    try:
        verdict = check(certificate)
    except Rejected as problem:
        raise InvalidInputError(
            f"the certificate is rejected ({problem})", str(file), remedy
        ) from problem
    if as_json:
        print_json(
            {
                "verdict": verdict,
                "statement": certificate["statement"],
                "lemmas": certificate["lemmas"],
            }
        )
    else:
        print_fields(
            [
                ("verdict", verdict),
                ("rests on", ", ".join(certificate["lemmas"]) or "the definitions"),
            ]
        )
    return _CODES[verdict]
