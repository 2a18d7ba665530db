"""The command line.

`COMMANDS` is the table of commands; each lives in the module of its name in this package and is
imported only when it runs. The help of the whole program is printed from the table alone, so that
it appears at once.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import would be felt here
if TYPE_CHECKING:
    from typing import NoReturn

COMMANDS = {
    "losses": "List the losses by name, with parameters and sources.",
    "derive": "Derive a bound in closed form, step by step.",
    "transform": "Compute T(beta), with a witness or an enclosure.",
    "bound": "Turn a surrogate excess into a bound on the target excess.",
    "choose": "Choose a loss for a number of labels and label noise.",
    "audit": "Audit a classifier from its logits and labels.",
    "plot": "Draw bound curves, published beside exact.",
    "explore": "Write a page with sliders that draws T and Gamma.",
    "figures": "Rebuild the project's figures.",
    "tightness": "Tell whether published bounds are tight, loose or false.",
    "methods": "Tell which methods answer a problem, and why others do not.",
    "zoo": "List every loss with its verdicts and its bound.",
    "simulate": "Meet the bounds by experiment: a study by name.",
    "certify": "Prove or refute a claim about T, as a file to check.",
    "check": "Re-verify a certificate from its file alone.",
    "verify": "Check published statements, or a paper's file.",
    "cite": "Print the BibTeX entry of a statement's source.",
    "selftest": "Hold every engine against brute force on random losses.",
}

_HELP = """\
Usage: hconsist [OPTIONS] COMMAND [ARGS]...

  H-consistency bounds of classification losses: derived, solved to optimality
  and certified.

  Losses are named by spec strings: logistic, gce:q=0.7, comp-sum:tau=1.5, ...

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:
{commands}

Exit codes: 0 it holds, 1 it is violated, 2 bad input, 3 undecided, 4 an error
of hconsist itself.
"""


def help_text() -> str:
    """The help of the whole program."""
    width = max(map(len, COMMANDS)) + 2
    return _HELP.format(
        commands="\n".join(f"  {name:{width}}{summary}" for name, summary in COMMANDS.items())
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 it holds, 1 it is violated, 2 bad input, 3 undecided, 4 an
    error of ours, 130 interrupted, 141 nobody reads stdout.

    Parameters
    ----------
    arguments : list of str, optional
        Words after the program's name; those of the process when left out.
    """
    import sys

    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given in (
            ["--help"],
            ["-h"],
        ):  # known without click, whose import alone costs more than all of this
            if sys.stdout is not None:
                sys.stdout.write(help_text())
                sys.stdout.flush()
            sys.exit(0)
        if arguments is None:
            _own_process()
        from hconsist.cli.app import app

        app.main(given)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        leave_closed_pipe()
    except OSError as problem:
        sys.stderr.write(f"hconsist: {problem.strerror}\n")
        sys.exit(2)


def _own_process() -> None:
    """What only a program of its own may do: print any letter anywhere, keep warnings of libraries
    to itself, bound its memory, and end itself when its time is over.
    """
    import os
    import sys
    import warnings

    from hconsist.cli import limits

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions and not os.environ.get("HCONSIST_TRACEBACK"):
        warnings.simplefilter("ignore")
    limits.owns_process = True
    limits.bound_memory()


def leave_closed_pipe() -> NoReturn:
    """Exit quietly, as a shell tool does, when the reader of stdout has gone (``hconsist losses |
    head -1``).
    """
    import os
    import sys

    if sys.stdout is None:
        sys.exit(141)
    os.dup2(
        os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
    )  # so that the final flush has nowhere to fail
    sys.exit(141)
