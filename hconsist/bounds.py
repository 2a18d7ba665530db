"""From the transformation T to the bound: convex envelope, its inverse Gamma, and the `Bound` that
users hold.

For every distribution and every h in H,

    T**( R_target(h) - R*_target(H) + M_target(H) )  <=  R_l(h) - R*_l(H) + M_l(H),

with T** the lower convex envelope of T and M the minimizability gaps; Gamma is the inverse of T**.

Source: Mao, Mohri, Zhong, ICML 2023, theorem 1; Awasthi et al., ICML 2022, theorem 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import Exact, exact
from hconsist.cards import card, curve
from hconsist.closed_forms import float_curve
from hconsist.decisions import Target
from hconsist.engines import ENGINES, EngineName, load, transform
from hconsist.engines.derivation import DerivedEnvelope
from hconsist.engines.protocol import ConvexEnvelope, Effort
from hconsist.errors import EngineCannotAnswerError, InvalidInputError, UnknownNameError
from hconsist.hypotheses import Hypotheses
from hconsist.losses import Loss
from hconsist.pointwise import Answer, PointwiseProblem, beta_symbol
from hconsist.registry import Registry

if TYPE_CHECKING:
    import sympy
    from matplotlib.axes import Axes

    from hconsist.engines.derivation import Derivation, Step

#: What draws bounds: functions that stand above this file and register themselves.
DRAWINGS: Registry[Callable[..., Axes]] = Registry("drawing of bounds", package="hconsist.plots")


@dataclass(frozen=True, repr=False)
class Bound:
    """An H-consistency bound: target excess <= Gamma(surrogate excess), gaps included on both
    sides.

    Made by `derive`. Calling it gives Gamma; `bound` gives Gamma with its proof status.

    Parameters
    ----------
    problem : PointwiseProblem
    engine : {"symbolic", "numeric", "rigorous"}
        Which engine stands behind the numbers.
    derivation : Derivation or None
        The symbolic engine's closed form and steps.

    Examples
    --------
    >>> b = derive("logistic", n_classes=10)
    >>> b.transform
    (1/2 - beta/2)*log(1 - beta) + (beta/2 + 1/2)*log(beta + 1)
    >>> round(b(0.05), 6)
    0.313563
    """

    problem: PointwiseProblem
    engine: EngineName
    derivation: Derivation | None = None

    # -- closed forms
    @property
    def transform(self) -> sympy.Expr | None:
        """T in the symbol beta; None where no closed form was derived."""
        return self.derivation.transform if self.derivation else None

    @property
    def envelope(self) -> sympy.Expr | None:
        """T** in the symbol beta; None where no closed form was derived."""
        return self.derivation.envelope if self.derivation else None

    @property
    def gamma(self) -> sympy.Expr | None:
        """Gamma in the symbol epsilon, where it has a closed form; `__call__` works in any case."""
        return self.derivation.gamma if self.derivation else None

    @property
    def gamma_upper(self) -> sympy.Expr | None:
        """An elementary upper bound on Gamma in the symbol epsilon."""
        return self.derivation.gamma_upper if self.derivation else None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the derivation; empty for the other engines."""
        return self.derivation.steps if self.derivation else ()

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the bound rests on beyond the definitions."""
        told = self.derivation.assumptions if self.derivation else load(self.engine).assumptions
        return tuple(filter(None, (*told, self.problem.of_larger_boxes)))

    def latex(self) -> str:
        """The bound as a theorem with a proof sketch, in LaTeX.

        Raises
        ------
        EngineCannotAnswerError
            When there is no derivation.
        """
        if self.derivation is None:
            reason = "only a closed form has a LaTeX form; derive(..., engine='symbolic') says why "
            raise EngineCannotAnswerError(self.engine, f"{reason}there is none")
        return replace(self.derivation, assumptions=self.assumptions).latex()

    def __repr__(self) -> str:
        """One line: what the bound is of, T where it is short, and what it rests on."""
        problem = self.problem
        of = f"{problem.surrogate.spec}, n = {problem.n_classes}, {problem.hypotheses}"
        formula = "" if self.transform is None else f"; T(beta) {self._relation} {self.transform}"
        shown = formula if len(formula) < 200 else "; T(beta) in closed form"
        return f"Bound({of}, {problem.target}{shown}; {self._status})"

    @property
    def _relation(self) -> str:
        return "=" if self.derivation is None else self.derivation.relation

    @property
    def _status(self) -> str:
        if self.engine == "numeric":
            return "estimates of the numeric engine"
        rests = "; ".join(self.assumptions) or "the definitions alone"
        word = "derived" if self.problem.of_larger_boxes else "proven"
        return f"{word} ({self.engine} engine), resting on {rests}"

    def _repr_html_(self) -> str:
        """For notebooks: T as a formula, its proof status, and a picture of Gamma."""
        problem = self.problem
        facts = [
            ("loss", problem.surrogate.spec),
            ("labels", str(problem.n_classes)),
            ("hypotheses", str(problem.hypotheses)),
            ("target", str(problem.target)),
            ("status", self._status),
        ]
        if self.gamma_upper is not None:
            facts.append(("Gamma(epsilon) is at most", str(self.gamma_upper)))
        title = (
            "T has no closed form here"
            if self.derivation is None
            else f"$\\displaystyle {self.derivation.equation}$"
        )
        return card(title, facts, self._picture())

    def _picture(self) -> str:
        """Gamma over the excess, where its curve is at hand at once: a closed form in numbers."""
        if self.derivation is None or self.problem.is_symbolic:
            return ""
        betas = np.linspace(0.0, float(self.problem.decision.max_regret), 41)
        return curve(self.envelope_curve(betas).tolist(), betas.tolist(), "epsilon", "Gamma")

    def _repr_latex_(self) -> str:
        if self.derivation is None:
            return (
                f"$T(\\beta)$ of {self.problem.surrogate.spec} by the {self.engine} engine (no "
                "closed form)"
            )
        return f"$\\displaystyle {self.derivation.equation}$"

    @property
    def left_open(self) -> bool:
        """Whether the envelope holds symbols without a value."""
        if not self.problem.is_symbolic:
            return False
        return self.envelope is None or bool(self.envelope.free_symbols - {beta_symbol()})

    # -- values
    def T(self, beta: object, **options: Any) -> Answer:  # noqa: N802 (the name of the transformation in every paper)
        """The transformation at one target regret, by this bound's engine; see
        `hconsist.engines.transform`.
        """
        return transform(self.problem, beta, self.engine, **options)

    def transform_curve(self, betas: ArrayLike) -> NDArray[np.float64]:
        """T on an array of betas, as floats (estimates)."""
        grid = np.asarray(betas, dtype=float)
        if self.derivation:
            return float_curve(self.derivation.transform, grid)
        checked = [self.problem.check_beta(b) for b in grid.ravel()]
        answers = load(self.engine).sweep(self.problem, checked)
        return np.array([_estimate(answer) for answer in answers]).reshape(grid.shape)

    def envelope_curve(self, betas: ArrayLike) -> NDArray[np.float64]:
        """T** on an array of betas, as floats: estimates, but for the rigorous engine a
        proven lower bound.
        """
        return self._envelope.curve(np.asarray(betas, dtype=float))

    def __call__(self, excess: ArrayLike) -> Any:
        """Gamma at a surrogate excess (risk difference plus minimizability gap): the largest target
        excess possible.

        Parameters
        ----------
        excess : array-like of float
            At least 0; in the units of the loss.

        Returns
        -------
        float or array
            In the unit of the target's costs, of the shape of the argument. Floats; for proven
            bounds see `bound`.
        """
        values = np.asarray(excess, dtype=float)
        result = np.array([_estimate(self.bound(float(e))) for e in values.ravel()]).reshape(
            values.shape
        )
        return float(result) if values.ndim == 0 else result

    def bound(
        self,
        excess: object,
        gap: object = 0,
        *,
        tolerance: float | Fraction | None = None,
        time_budget: float | None = None,
        progress: Callable[[str], None] | None = None,
        checkpoint: Callable[[dict[str, object]], None] | None = None,
        resume: dict[str, object] | None = None,
    ) -> Answer:
        """Gamma at a surrogate excess plus gap, with what is proven about it.

        Parameters
        ----------
        excess : number
            Surrogate excess risk R_l(h) - R*_l(H), at least 0.
        gap : number
            Minimizability gap of the surrogate, at least 0.
        tolerance : float or Fraction, optional
            Rigorous engine: refine until ``upper - lower`` is at most this part of ``upper``; 1e-6
            unless given.
        time_budget : float, optional
            Rigorous engine: seconds after which it stops with a wider, still proven answer whose
            ``reason`` says so.
        progress, checkpoint : callable, optional
            Rigorous engine: called with a line of text, and with everything proven so far
            (JSON-ready), after each step. With a checkpoint an interrupt (Ctrl-C) ends the
            refinement with what is proven; without, it passes on.
        resume : dict, optional
            Rigorous engine: a checkpoint of the same problem, whose work is taken over.

        Raises
        ------
        InvalidInputError
            When a number is negative, the loss has a parameter without a value, or an option
            belongs to another engine.

        Examples
        --------
        >>> answer = derive("mae", n_classes=2).bound(0.1)
        >>> answer.estimate, float(answer.lower) <= 0.2 <= float(answer.upper)
        (0.2, True)
        """
        total = check_excess(excess, "excess") + check_excess(gap, "gap")
        if self.left_open:
            raise InvalidInputError(
                "a value needs every parameter to be a number",
                self.problem.surrogate.spec,
                "derive the bound again with numbers, such as hc.CompSum(tau=1)",
            )
        options = {
            "tolerance": tolerance,
            "time_budget": time_budget,
            "progress": progress,
            "checkpoint": checkpoint,
        }
        given = [name for name, value in {**options, "resume": resume}.items() if value is not None]
        if given and not load(self.engine).refines:
            raise InvalidInputError(
                f"{', '.join(given)} is for the rigorous engine",
                self.engine,
                'derive the bound with engine="rigorous"',
            )
        effort = Effort(_tolerance(tolerance), time_budget, progress, checkpoint, resume)
        return self.problem.at_all_inputs(self._envelope.gamma(total, effort), of_gamma=True)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw Gamma against the surrogate excess; see `hconsist.plots.bound_curves`."""
        return DRAWINGS["gamma"].value([self], ax=ax, **options)

    @cached_property
    def _envelope(self) -> ConvexEnvelope:
        """T** and Gamma as this engine knows them."""
        if self.derivation:
            return DerivedEnvelope(self.derivation)
        return load(self.engine).envelope(self.problem)


def derive(
    loss: Loss | str,
    n_classes: int | sympy.Symbol = 2,
    hypotheses: Hypotheses | str = "complete",
    target: Target | str = "zero-one",
    engine: EngineName | Literal["auto"] = "auto",
) -> Bound:
    """The H-consistency bound of a loss.

    Parameters
    ----------
    loss : Loss or str
        A loss, or its spec string such as ``"gce:q=0.7"``.
    n_classes : int
        At least 2.
    hypotheses : Hypotheses or str
        ``"complete"``, ``"bounded:1"``, ...
    target : Target or str
        ``"zero-one"`` or ``"top-k:2"``.
    engine : {"auto", "symbolic", "numeric", "rigorous"}
        "auto" derives a closed form where the symbolic engine can, and estimates by optimisation
        where it cannot.

    Returns
    -------
    Bound

    Raises
    ------
    InvalidInputError
        When an argument breaks a rule.
    EngineCannotAnswerError
        When the engine asked for has no method.

    Source: Mao, Mohri, Zhong, ICML 2023, theorems 1 and 2.

    Examples
    --------
    >>> derive("mae", n_classes=2).transform
    beta/2
    """
    problem = PointwiseProblem(loss, target, hypotheses, n_classes)
    if engine not in (*ENGINES, "auto"):
        raise UnknownNameError("engine", str(engine), (*ENGINES, "auto"))
    if engine in ("auto", "symbolic"):
        try:
            return Bound(problem, "symbolic", load("symbolic").derive(problem))
        except EngineCannotAnswerError:
            if engine == "symbolic" or problem.is_symbolic:
                raise
    return Bound(problem, "rigorous" if engine == "rigorous" else "numeric")


def check_excess(value: object, name: str = "excess") -> Fraction:
    """A surrogate excess or gap, exactly.

    Raises
    ------
    InvalidInputError
        For a negative value, or not a number.

    >>> check_excess("0.05")
    Fraction(1, 20)
    """
    number: Exact = exact(value, name)
    if not isinstance(number, Fraction) or number < 0:
        raise InvalidInputError(
            f"{name} must be a number >= 0",
            str(value),
            "pass a surrogate risk difference such as 0.05",
        )
    return number


def _tolerance(value: float | Fraction | None) -> Fraction:
    if value is None:
        return Fraction(1, 10**6)
    number = exact(value, "tolerance")
    if not isinstance(number, Fraction) or not 0 < number < 1:
        raise InvalidInputError(
            "tolerance must lie in (0, 1)", str(value), "pass a relative width such as 1e-6"
        )
    return number


def _estimate(answer: Answer) -> float:
    return float("nan") if answer.estimate is None else answer.estimate
