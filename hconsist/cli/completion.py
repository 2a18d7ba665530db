"""What the Tab key offers: losses, targets, hypothesis sets, statements, studies and figures.

A shell asks by running the program with ``_HCONSIST_COMPLETE`` in its environment, which click
answers (docs/command_line.md). Candidates have neither commas nor parentheses, which some shells
would take for their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

#: What every shell takes as one word.
_WORD = re.compile(r"[\w:=./+-]+")


def _completing(names: Callable[[], Iterable[str]], files: bool = False) -> Complete:
    """Completion from names that are read when they are asked for; with files where none fits."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        fits = (name for name in names() if name.startswith(incomplete) and name != incomplete)
        found = [CompletionItem(name) for name in fits]
        return found or ([CompletionItem(incomplete, type="file")] if files else [])

    return complete


def _of_spec(name: str, spec: str) -> list[str]:
    """A name and its spec with the defaults, as far as a shell takes it as a word.

    >>> _of_spec("gce", "gce:q=0.7"), _of_spec("js", "js:pi=0.5"), _of_spec("mae", "mae")
    (['gce', 'gce:q=0.7'], ['js', 'js:pi=0.5'], ['mae'])
    >>> _of_spec("softmax", "softmax:-log(u)"), _of_spec("agce", "agce:a=1,q=0.5")
    (['softmax', 'softmax:'], ['agce', 'agce:'])
    """
    if name == spec:
        return [name]
    return [name, spec if _WORD.fullmatch(spec) else f"{name}:"]


def _losses() -> list[str]:
    from hconsist.losses import CATALOGUE, FOR_TARGETS, parse_loss

    specs = {name: entry.spec for name, entry in CATALOGUE.items()}
    specs |= {name: parse_loss(name).spec for name in FOR_TARGETS}
    return [word for name, spec in specs.items() for word in _of_spec(name, spec)]


def _of_form(name: str, form: str) -> list[str]:
    """The specs that a form of a target shows, or how they begin.

    >>> _of_form("ordinal", "ordinal:absolute|squared"), _of_form("weights", "weights:3,2,1")
    (['ordinal:absolute', 'ordinal:squared'], ['weights:'])
    """
    found = []
    for part in form.split(" or "):
        begin, *others = part.split("|")
        found += [begin, *(f"{name}:{other}" for other in others)]
    return list(dict.fromkeys(word if _WORD.fullmatch(word) else f"{name}:" for word in found))


def _targets() -> list[str]:
    from hconsist.decisions.specs import MAKERS

    return [word for name, entry in MAKERS.items() for word in _of_form(name, entry.value.form)]


def _hypotheses() -> list[str]:
    from hconsist.hypotheses import HYPOTHESES

    return [name + (":" if entry.value.letters else "") for name, entry in HYPOTHESES.items()]


def _statements() -> list[str]:
    from hconsist.theorems import catalogue

    return list(catalogue())


def _studies() -> list[str]:
    from hconsist.studies import STUDIES

    return list(STUDIES)


def _figures() -> list[str]:
    from hconsist.figures import FIGURES

    return list(FIGURES)


losses = _completing(_losses)
targets = _completing(_targets)
hypotheses = _completing(_hypotheses)
statements = _completing(_statements, files=True)
studies = _completing(_studies)
figures = _completing(_figures)


class _Bash(BashComplete):
    """Bash, which takes ``:`` and ``=`` for ends of words: the words are read off the line, and
    of a candidate only what follows the last of these is given back.
    """

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' type value completion
    COMPREPLY=()
    for completion in $(env COMP_WORDS="${COMP_LINE:0:$COMP_POINT}" \\
            %(complete_var)s=bash_complete "$1"); do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == file ]]; then compopt -o default; elif [[ $type == dir ]]; then
            compopt -o dirnames; else COMPREPLY+=("$value"); fi
    done
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:=] ]] && compopt -o nospace
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        from click.shell_completion import split_arg_string

        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        self.known = max(incomplete.rfind(":"), incomplete.rfind("=")) + 1
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.type},{item.value[self.known :]}"


def install() -> None:
    """Answer bash as it splits words."""
    add_completion_class(_Bash, "bash")
