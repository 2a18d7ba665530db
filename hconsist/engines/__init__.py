"""Three engines for one question; none imports another.

============ ============================= =======================================================
engine       method                        what an `Answer` holds
============ ============================= =======================================================
symbolic     derivation by SymPy           the closed form's value, enclosed
numeric      convex optimisation           an estimate and a witness; nothing proven
rigorous     ball arithmetic               an enclosure that is a theorem, and a witness
============ ============================= =======================================================
"""

from __future__ import annotations

import importlib
from typing import Any, Literal

from hconsist.errors import UnknownNameError
from hconsist.pointwise import Answer, PointwiseProblem

EngineName = Literal["symbolic", "numeric", "rigorous"]
ENGINES: tuple[EngineName, ...] = ("symbolic", "numeric", "rigorous")


def transform(
    problem: PointwiseProblem, beta: object, engine: EngineName = "numeric", **options: Any
) -> Answer:
    """Ask one engine for T(beta).

    Parameters
    ----------
    problem : PointwiseProblem
    beta : number in [0, the largest regret of the target]
        Kept exactly; a float is read as its shortest decimal.
    engine : {"symbolic", "numeric", "rigorous"}
    **options
        Passed to the engine.

    Raises
    ------
    InvalidInputError
        For beta outside its range or an unknown engine.
    EngineCannotAnswerError
        When the engine has no method for the problem; the message names another engine.

    Examples
    --------
    >>> answer = transform(PointwiseProblem("mae", n_classes=2), 0.5, engine="symbolic")
    >>> answer.estimate
    0.25
    """
    value = problem.check_beta(beta)
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    module = importlib.import_module(f"hconsist.engines.{engine}")
    answer: Answer = module.transform(problem, value, **options)
    return answer
