"""The command line.

`COMMANDS` is the table of commands; each lives in the module of its name in this package and is
imported only when it runs. The help of the whole program is printed from the table alone, so that
it appears at once.
"""

from __future__ import annotations

from hconsist.cli.table import COMMANDS as COMMANDS
from hconsist.cli.table import help_text, leave_closed_pipe


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
