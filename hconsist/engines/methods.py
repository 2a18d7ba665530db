"""Methods: the ways in which an engine answers, each with what it needs.

A method is a function that takes a question and returns a plan, or the reason why it does not
apply. It registers itself where it is written:

    @method("rigorous", "concave", rank=20, lemmas=(CONCAVE,))
    def plan(question): ...

An engine tries its methods by rank; where none applies, the error lists every reason.
`hconsist methods SPEC` prints the list for one problem, and a page of the docs is generated from
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from hconsist.answer import ENGINES, EngineName
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem
from hconsist.registry import Registry

#: What is asked: one value of T, or supporting lines of it (T** and Gamma).
Asked = Literal["T", "T**"]
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Method:
    """One way to answer.

    Parameters
    ----------
    engine, name : str
    asked : {"T", "T**"}
    plan : callable
        Takes the engine's question and returns a plan, or in a string why it does not apply: what
        it needs, or what could not be shown.
    rank : int
        Methods of lower rank are tried first.
    lemmas : tuple of str
        What it rests on beyond the definitions.
    summary : str
        One line for people.
    """

    engine: EngineName
    name: str
    asked: Asked
    plan: Callable[[Any], Any]
    rank: int
    lemmas: tuple[str, ...] = ()
    summary: str = ""


#: The methods of each engine; another package adds its own through an entry point of the group
#: ``hconsist.methods.ENGINE``.
METHODS: Mapping[EngineName, Registry[Method]] = MappingProxyType(
    {
        name: Registry(
            f"method of the {name} engine",
            package=f"hconsist.engines.{name}.{home}",
            group=f"hconsist.methods.{name}",
        )
        for name, home in zip(ENGINES, ("methods", "ways", "methods"), strict=True)
    }
)


def method(
    engine: EngineName,
    name: str,
    *,
    rank: int,
    lemmas: tuple[str, ...] = (),
    asked: Asked = "T",
) -> Callable[[F], F]:
    """Put a function on the list of an engine's methods; see `Method`."""

    def register(plan: F) -> F:
        summary = " ".join((plan.__doc__ or "").strip().partition("\n\n")[0].split()).rstrip(".")
        found = Method(engine, name, asked, plan, rank, lemmas, summary)
        METHODS[engine].add(f"{asked} {name}", found, summary=summary)
        return plan

    return register


def methods(engine: EngineName, asked: Asked = "T") -> list[Method]:
    """The methods of an engine for one kind of question, in the order in which they are tried.

    >>> [m.name for m in methods("symbolic")][:2]
    ['reflection', 'constant sum']
    """
    found = (entry.value for entry in METHODS[engine].values())
    return sorted((m for m in found if m.asked == asked), key=lambda m: m.rank)


@dataclass(frozen=True)
class Try:
    """What a method says of a question.

    Parameters
    ----------
    method : Method
    found : object
        A plan, or the reason why the method does not apply.
    """

    method: Method
    found: Any

    @property
    def reason(self) -> str:
        """Why it does not apply; empty where it does."""
        return self.found if isinstance(self.found, str) else ""


def tries(engine: EngineName, question: object, asked: Asked = "T") -> Iterable[Try]:
    """Ask the methods one by one, in order."""
    for one in methods(engine, asked):
        yield Try(one, one.plan(question))


def no_method(
    engine: EngineName, problem: PointwiseProblem, tried: Iterable[Try], alternative: str | None
) -> EngineCannotAnswerError:
    """The refusal where no method applies, with the reason of each."""
    reasons = tuple((t.method.name, t.reason) for t in tried)
    listed = ". ".join(f"{name}: {reason}" for name, reason in reasons)
    return EngineCannotAnswerError(
        engine,
        f"no method for {problem.surrogate.spec}, {problem.hypotheses}, {problem.target} "
        f"({listed})",
        alternative,
        reasons,
    )
