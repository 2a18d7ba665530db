"""``hconsist certify``: a claim about T, as a certificate that a stranger can check."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import ONE_VALUE, Seconds
from hconsist.cli.options import (
    certified_problem_options,
    json_option,
    spec_argument,
)
from hconsist.cli.output import (
    atomic_file,
    check_output,
    print_fields,
    print_json,
    progress,
    write_json,
)
from hconsist.errors import InvalidInputError

_CODES = {"holds": ExitCode.HOLDS, "violated": ExitCode.VIOLATED, "undecided": ExitCode.UNDECIDED}


@click.command("certify", short_help=COMMANDS["certify"])
@spec_argument
@certified_problem_options("Number of classes; the letter n certifies for every one.")
@click.option(
    "--claim",
    required=True,
    metavar="CLAIM",
    help="'T >= EXPR' or 'T <= EXPR' in b and n, for every target regret b; 'Gamma <= EXPR' in u "
    "and n, for every surrogate excess u >= 0; or 'gap <= NUMBER' (or >=), with --inputs.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Certificate, .json.",
)
@click.option(
    "--time-budget",
    default=ONE_VALUE,
    show_default=True,
    metavar="S",
    type=Seconds(),
    help="Seconds.",
)
@click.option(
    "--max-boxes",
    default=20_000,
    show_default=True,
    metavar="N",
    type=click.IntRange(min=1),
    help="Boxes.",
)
@click.option("--resume", is_flag=True, help="Go on from the undecided certificate in FILE.")
@click.option(
    "--export",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also an SMT-LIB (.smt2) or Coq (.v) script; 'smt' and 'coq' name it after the output.",
)
@click.option("--compile", "run_coq", is_flag=True, help="Run coqc on the exported Coq script.")
@click.option(
    "--inputs",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help='Of a gap: JSON, a list of {"weight": "1/2", "p": ["3/4", "1/4"]}.',
)
@click.option(
    "--members",
    type=click.Choice(["constant", "all"]),
    default="constant",
    show_default=True,
    help="Of a gap: constant scores, or all functions of the input.",
)
@json_option
def command(
    spec: str,
    n_classes: object,
    hypotheses: str,
    target: str,
    claim: str,
    output: Path,
    time_budget: float,
    max_boxes: int,
    resume: bool,
    export: Path | None,
    run_coq: bool,
    inputs: Path | None,
    members: Literal["constant", "all"],
    as_json: bool,
) -> ExitCode:
    """Search for a proof of T(b) >= EXPR (or <=) for every b from 0 to the largest target regret,
    or for a counterexample, and write it to FILE.

    Losses that are piecewise linear in the scores (sums, maxima and constrained losses of hinges,
    ramps, LDR-k) are settled exactly, with any score bound. T <= EXPR has proofs for convex losses
    of the softmax value, and for cross-entropy with costs other than zero-one. Gamma(u) <= EXPR has
    proofs by supporting lines of T, and is refuted at points of T. --resume goes with boxes:
    comp-sum and margin losses, zero-one.

    Exits 0 when the claim is proven, 1 when it is refuted, 3 when the budget ends first; the file
    then holds what was finished, and --resume goes on from there.
    """
    from hconsist.certificates import (
        certify_claim,
        certify_gap,
        parse_gap_claim,
        read,
        read_inputs,
    )
    from hconsist.checker.rules import WHERE
    from hconsist.pointwise import PointwiseProblem

    check_output(output, (".json",))
    if export is not None:
        suffix = {"smt": ".smt2", "coq": ".v"}.get(str(export))
        export = export if suffix is None else output.with_suffix(suffix)
        check_output(export, (".smt2", ".v"))
    if run_coq and (export is None or export.suffix != ".v"):
        raise InvalidInputError("--compile needs a Coq script", export, "add --export coq")
    if inputs is not None:
        distribution = read_inputs(inputs)
        n_classes = distribution.n_classes
    problem = PointwiseProblem(spec, target, hypotheses, n_classes)
    before = read(output) if resume else None

    def write(certificate: dict[str, object]) -> None:
        write_json(output, certificate, indent=1)

    if inputs is not None:
        relation, bound = parse_gap_claim(claim)
        certificate = certify_gap(problem, distribution, relation, bound, members)
    else:
        certificate = certify_claim(
            problem,
            claim,
            time_budget=time_budget,
            max_boxes=max_boxes,
            progress=progress,
            resume=before,
            checkpoint=write,
        )
    write(certificate)
    if export is not None:
        from hconsist.exports import compile_script, coq_script, smt_script

        script = (
            coq_script(certificate)
            if export.suffix == ".v"
            else smt_script(certificate["statement"])
        )
        with atomic_file(export) as temporary:
            temporary.write_text(script, encoding="utf-8")
        if run_coq:
            compile_script(export)
    verdict, proof = certificate["verdict"], certificate["proof"]
    if as_json:
        print_json(
            {
                "verdict": verdict,
                "lemmas": certificate["lemmas"],
                "file": str(output),
                "digest": certificate["digest"],
                "coq": "accepted" if run_coq else None,
                "inputs": {
                    "loss": spec,
                    "n_classes": str(n_classes) if not isinstance(n_classes, int) else n_classes,
                    "hypotheses": hypotheses,
                    "target": target,
                    "claim": claim,
                },
            }
        )
    else:
        fields = [("verdict", verdict), ("file", str(output))]
        if certificate["lemmas"]:
            lemmas = (f"{name} ({WHERE[name]})" for name in certificate["lemmas"])
            fields.append(("rests on", "\n".join(lemmas)))
        if run_coq:
            fields.append(("coq", f"accepts {export}"))
        if verdict == "violated":
            e = proof.get("excess")
            at = f"b = {proof['beta']}" if e is None else f"u = {e}"
            fields.append(("refuted at", at))
        if verdict == "undecided":
            fields.append(("reason", proof["reason"]))
        print_fields(fields)
    return _CODES[verdict]
