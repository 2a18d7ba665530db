"""Arguments and options that commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hconsist.cli import completion
from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    import sympy

    from hconsist.engines.protocol import EngineName

F = TypeVar("F", bound=Callable[..., object])

ENGINES: tuple[EngineName, ...] = ("symbolic", "numeric", "rigorous")

#: Any option or argument whose value is a loss.
LOSS: dict[str, Any] = {"shell_complete": completion.losses}
spec_argument: Callable[[F], F] = click.argument("spec", metavar="SPEC", **LOSS)
specs_argument: Callable[[F], F] = click.argument(
    "specs", metavar="SPEC...", nargs=-1, required=True, **LOSS
)


class Listed(click.Option):
    """An option whose help lists what a registry holds, read only when the help is printed."""

    def __init__(self, *args: Any, listed: Callable[[], str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.listed = listed

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The help, the list after it."""
        record = super().get_help_record(ctx)
        return None if record is None else (record[0], f"{self.listed()}  {record[1]}".strip())


def _hypothesis_sets() -> str:
    from hconsist.hypotheses import forms

    return forms() + "."


def _targets() -> str:
    from hconsist.decisions.specs import forms

    return "What a wrong prediction costs: " + forms() + "."


hypotheses_option: Callable[[F], F] = click.option(
    "--hypotheses",
    cls=Listed,
    listed=_hypothesis_sets,
    default="complete",
    show_default=True,
    metavar="SET",
    shell_complete=completion.hypotheses,
)
target_option: Callable[[F], F] = click.option(
    "--target",
    cls=Listed,
    listed=_targets,
    default="zero-one",
    show_default=True,
    metavar="TARGET",
    shell_complete=completion.targets,
    is_eager=True,  # the number of classes may follow from it
)
json_option: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def classes_or_symbol(value: str) -> int | sympy.Symbol:
    """A whole number, or the letter n for a symbol."""
    if value == "n":
        import sympy

        return sympy.Symbol("n", integer=True, positive=True)
    if not str(value).isascii() or not str(value).lstrip("-").isdecimal() or len(str(value)) > 20:
        raise click.BadParameter(f"{value!r} is not a whole number, nor the letter n.")
    return int(value)


def classes_option(
    type_: Callable[[str], object] = int,
    text: str = "Number of classes.",
    default: int = 2,
    in_memory: bool = True,
) -> Callable[[F], F]:
    """``--classes``; refused beforehand when distributions over them do not fit into memory."""

    def settled(ctx: click.Context, parameter: click.Parameter, value: object) -> object:
        found = _or_the_targets(ctx, value, default)
        in_numbers = in_memory and isinstance(found, int)  # the letter n takes no memory
        return checked_classes(ctx, parameter, found) if in_numbers else found

    return click.option(
        "-n",
        "--classes",
        "n_classes",
        type=type_,
        default=None,
        show_default=f"{default}, or what the target is for",
        callback=settled,
        metavar="N",
        help=text,
    )


def _or_the_targets(context: click.Context, value: object, default: int) -> object:
    """The number of classes that was given, else the target's own, else the default."""
    target = context.params.get("target")
    if value is not None or target is None:
        return default if value is None else value
    from hconsist.decisions import parse_target

    return parse_target(target).only_classes or default


def checked_classes(context: click.Context, _: click.Parameter, value: object) -> object:
    """The number of classes, or several, small enough for memory; without any the target's own."""
    from hconsist.cli.limits import check_memory

    if value == ():
        value = (_or_the_targets(context, None, 2),)
    for n_classes in value if isinstance(value, tuple) else (value,):
        if isinstance(n_classes, int):
            check_memory(n_classes)
    return value


def checked_jobs(_: click.Context, __: click.Parameter, value: int) -> int:
    """How many processes: at least 1, or -1 for all cores."""
    if value < 1 and value != -1:
        raise InvalidInputError(
            "jobs must be at least 1, or -1 for all cores", value, "pass --jobs 1"
        )
    return value


jobs_option: Callable[[F], F] = click.option(
    "--jobs",
    default=1,
    show_default=True,
    metavar="N",
    type=int,
    callback=checked_jobs,
    help="Processes; -1: all cores.",
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
    return _with_classes(classes_option())(command)


def symbolic_problem_options(command: F) -> F:
    """`problem_options`, where the letter n stands for every number of classes."""
    text = "Number of classes; the letter n where the closed form is the same for all."
    return _with_classes(classes_option(classes_or_symbol, text))(command)


def certified_problem_options(text: str) -> Callable[[F], F]:
    """`symbolic_problem_options` of a command that holds no distribution in memory."""
    return _with_classes(classes_option(classes_or_symbol, text, in_memory=False))


def _with_classes(option: Callable[[F], F]) -> Callable[[F], F]:
    return lambda command: option(hypotheses_option(target_option(command)))
