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
from fractions import Fraction
from typing import Any, Literal, Protocol, cast, get_args

from hconsist.errors import UnknownNameError
from hconsist.pointwise import Answer, PointwiseProblem

EngineName = Literal["symbolic", "numeric", "rigorous"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


class Engine(Protocol):
    """What every engine, a package of that name here, can be asked."""

    def transform(self, problem: PointwiseProblem, beta: Fraction, **options: Any) -> Answer:
        """T(beta), beta being checked."""


def load(name: EngineName) -> Engine:
    """The engine of a name; imported on first use, since each is slow to load.

    Raises
    ------
    UnknownNameError

    Examples
    --------
    >>> load("symbolic").__name__
    'hconsist.engines.symbolic'
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    if name == "symbolic":
        from hconsist.engines import symbolic

        return cast(Engine, symbolic)
    if name == "numeric":
        from hconsist.engines import numeric

        return cast(Engine, numeric)
    from hconsist.engines import rigorous

    return cast(Engine, rigorous)


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
    return problem.with_prediction_regret(load(engine).transform(problem, value, **options))


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
    if engine == "numeric":
        from hconsist.engines import numeric

        return numeric.sweep(problem, values, **options)
    return [load(engine).transform(problem, b, **options) for b in values]
