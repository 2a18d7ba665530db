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

from collections.abc import Iterable
from typing import Any

from hconsist.engines.protocol import ENGINES, Engine, EngineName
from hconsist.errors import UnknownNameError
from hconsist.pointwise import Answer, PointwiseProblem

__all__ = ["ENGINES", "Engine", "EngineName", "load", "sweep", "transform"]


def load(name: EngineName) -> Engine:
    """The engine of a name; imported on first use, since each is slow to load.

    Raises
    ------
    UnknownNameError

    Examples
    --------
    >>> load("symbolic").name
    'symbolic'
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    if name == "symbolic":
        from hconsist.engines.symbolic.engine import SymbolicEngine

        return SymbolicEngine()
    if name == "numeric":
        from hconsist.engines.numeric.engine import NumericEngine

        return NumericEngine()
    from hconsist.engines.rigorous.engine import RigorousEngine

    return RigorousEngine()


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
    answer = load(engine).transform(problem, value, **options)
    return problem.at_all_inputs(problem.with_prediction_regret(answer))


def sweep(
    problem: PointwiseProblem,
    betas: Iterable[object],
    engine: EngineName = "numeric",
    **options: Any,
) -> list[Answer]:
    """`transform` at many values of beta; the numeric engine answers them together.

    Examples
    --------
    >>> answers = sweep(PointwiseProblem("mae", n_classes=2), [0, "1/2"], engine="symbolic")
    >>> [a.estimate for a in answers]
    [0.0, 0.25]
    """
    values = [problem.check_beta(b) for b in betas]
    return [problem.at_all_inputs(a) for a in load(engine).sweep(problem, values, **options)]
