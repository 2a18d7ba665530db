"""``hconsist derive``: a bound in closed form, with its steps."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

import click

from hconsist.cli import COMMANDS
from hconsist.cli.app import ExitCode
from hconsist.cli.limits import ONE_VALUE, time_budget_option
from hconsist.cli.options import (
    certified_problem_options,
    json_option,
    spec_argument,
)
from hconsist.cli.output import print_fields, print_json

if TYPE_CHECKING:
    from hconsist.bounds import Bound


#: Characters of one formula that are printed.
LONGEST = 2000


@click.command("derive", short_help=COMMANDS["derive"])
@spec_argument
@certified_problem_options("A number of classes, or n to keep it a symbol.")
@json_option
@click.option(
    "--latex", "as_latex", is_flag=True, help="Print a theorem with a proof sketch in LaTeX."
)
@click.option(
    "--standalone", is_flag=True, help="With --latex: a whole document, which compiles by itself."
)
@time_budget_option(ONE_VALUE)
def command(
    spec: str,
    n_classes: object,
    hypotheses: str,
    target: str,
    as_json: bool,
    as_latex: bool,
    standalone: bool,
) -> ExitCode:
    """Derive the H-consistency bound of a loss in closed form, step by step.

    Exits 3 when no closed form is known; transform, bound and plot still answer by computation.
    """
    if as_json and as_latex:
        raise click.UsageError("--json and --latex exclude each other.")
    if standalone and not as_latex:
        raise click.UsageError("--standalone goes with --latex.")
    from hconsist.bounds import derive
    from hconsist.pointwise import PointwiseProblem

    problem = PointwiseProblem(spec, target, hypotheses, n_classes)
    bound = derive(
        problem.surrogate, problem.n_classes, problem.hypotheses, problem.target, engine="symbolic"
    )
    if as_latex:
        _print_latex(bound, standalone)
    elif as_json:
        print_json(bound_as_dict(bound))
    else:
        _print(bound, spec)
    return ExitCode.HOLDS


def bound_as_dict(bound: Bound) -> dict[str, object]:
    """A derived bound in JSON-ready form; ``sympify(text, {'beta': Symbol('beta')})`` reads a
    formula back.
    """
    shown = {
        "transform": bound.transform,
        "envelope": bound.envelope,
        "gamma": bound.gamma,
        "gamma_upper": bound.gamma_upper,
    }
    return {
        "loss": bound.problem.surrogate.spec,
        "n_classes": bound.problem.n_classes
        if isinstance(bound.problem.n_classes, int)
        else str(bound.problem.n_classes),
        "hypotheses": str(bound.problem.hypotheses),
        "target": str(bound.problem.target),
        "engine": bound.engine,
        "relation": None if bound.derivation is None else bound.derivation.relation,
        "conditions": [] if bound.derivation is None else list(bound.derivation.conditions),
        **{
            name: None if formula is None else str(formula.doit())
            for name, formula in shown.items()
        },
        "steps": [
            {
                "statement": s.statement,
                "justification": s.justification,
                "conditions": list(s.conditions),
            }
            for s in bound.steps
        ],
        "assumptions": list(bound.assumptions),
    }


def _print_latex(bound: Bound, standalone: bool) -> None:
    """The theorem, under a comment that says what it needs, or a document."""
    from hconsist.engines.latex import PREAMBLE, document

    if standalone and bound.derivation is not None:
        click.echo(document(bound.derivation), nl=False)
    else:
        click.echo("".join(f"% needs {line}\n" for line in PREAMBLE) + bound.latex())


def _print(bound: Bound, spec: str) -> None:
    from sympy.printing.pretty import pretty

    from hconsist.engines.plain import plain

    problem = bound.problem
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")

    def shown(formula: object) -> str:
        return str(pretty(formula, use_unicode=unicode, wrap_line=False))

    print_fields(
        [
            (
                "loss",
                spec
                if spec == problem.surrogate.spec
                else f"{spec}, that is {problem.surrogate.spec}",
            ),
            (
                "problem",
                f"{problem.n_classes} classes, hypotheses {problem.hypotheses}, target "
                f"{problem.target}",
            ),
        ]
    )
    derived = bound.derivation
    assert derived is not None
    if derived.conditions:
        print_fields([("where", ", ".join(derived.conditions))])
    said = {"=": "=", "<=": "is at most", ">=": "is at least"}
    blocks = [(f"T(beta) {said[derived.relation]}", bound.transform)]
    if bound.envelope != bound.transform:
        how = said[derived.envelope_relation]
        blocks.append((f"T**(beta), its lower convex envelope {how}", bound.envelope))
    if bound.gamma is not None:
        how = said[derived.gamma_relation]
        blocks.append((f"Gamma(epsilon), the bound {how}", bound.gamma))
    if bound.gamma_upper is not None:
        blocks.append(("Gamma(epsilon) is at most", bound.gamma_upper))
    for title, formula in blocks:
        click.echo(f"\n{title}\n")
        lines = shown(formula).splitlines()
        if max(map(len, lines)) > LONGEST:
            lines = [str(formula)[:LONGEST] + " ... (--json prints it whole)"]
        click.echo("\n".join(f"    {line}".rstrip() for line in lines))
    click.echo("\nSteps")
    long = False
    for number, step in enumerate(bound.steps, 1):
        click.echo(
            textwrap.fill(
                step.justification, 100, initial_indent=f"{number:3}. ", subsequent_indent=" " * 5
            )
        )
        statement = plain(step.statement, unicode)
        cut = len(statement) > LONGEST
        long |= cut
        click.echo(f"     {statement[:LONGEST]}{' ...' if cut else ''}")
        for condition in step.conditions:
            click.echo(f"     where {plain(condition, unicode)}")
    if long:
        click.echo(f"\nFormulas are cut after {LONGEST} characters; --json prints them whole.")
    click.echo(
        "\nRests on: "
        + ("; ".join(bound.assumptions) if bound.assumptions else "the definitions alone.")
    )
