"""Arguments and options that commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

ENGINES = ("symbolic", "numeric", "rigorous")

spec_argument: Callable[[F], F] = click.argument("spec", metavar="SPEC")
specs_argument: Callable[[F], F] = click.argument(
    "specs", metavar="SPEC...", nargs=-1, required=True
)
hypotheses_option: Callable[[F], F] = click.option(
    "--hypotheses",
    default="complete",
    show_default=True,
    metavar="SET",
    help="complete, bounded:B, linear:W=..,B=.. or relu:L=..,W=..,B=..",
)
target_option: Callable[[F], F] = click.option(
    "--target", default="zero-one", show_default=True, metavar="TARGET", help="zero-one or top-k:K."
)
json_option: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def classes_or_symbol(value: str) -> Any:
    """A whole number, or the letter n for a symbol."""
    if value == "n":
        import sympy

        return sympy.Symbol("n", integer=True, positive=True)
    if not str(value).lstrip("-").isdecimal():
        raise click.BadParameter(f"{value!r} is not a whole number, nor the letter n.")
    return int(value)


def classes_option(
    type_: Any = int, text: str = "Number of classes.", default: int = 2
) -> Callable[[F], F]:
    """``--classes``."""
    return click.option(
        "-n",
        "--classes",
        "n_classes",
        type=type_,
        default=default,
        show_default=True,
        metavar="N",
        help=text,
    )


def engine_option(default: str) -> Callable[[F], F]:
    """``--engine``, with the default that suits the command."""
    return click.option(
        "--engine",
        type=click.Choice([*ENGINES, "auto"] if default == "auto" else ENGINES),
        default=default,
        show_default=True,
        help="symbolic: closed form; numeric: estimate and witness; rigorous: proven enclosure."
        + (" auto: symbolic, else numeric." if default == "auto" else ""),
    )


def problem_options(command: F) -> F:
    """The options that state a pointwise problem beside its loss."""
    return classes_option()(hypotheses_option(target_option(command)))
