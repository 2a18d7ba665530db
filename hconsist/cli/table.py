"""The table of commands, the help that is printed from it, and how to leave a closed pipe: what
is known before click is.
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
