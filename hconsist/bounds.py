"""From the transformation T to the bound: convex envelope, its inverse Gamma, and the `Bound` that
users hold.

For every distribution and every h in H,

    T**( R_target(h) - R*_target(H) + M_target(H) )  <=  R_l(h) - R*_l(H) + M_l(H),

with T** the lower convex envelope of T and M the minimizability gaps; Gamma is the inverse of T**.

Source: Mao, Mohri, Zhong, ICML 2023, theorem 1; Awasthi et al., ICML 2022, theorem 1.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import BALLS, NUMPY, Exact, endpoints, evaluate, exact, precision
from hconsist.decisions import Target
from hconsist.engines import ENGINES, EngineName, transform
from hconsist.errors import EngineCannotAnswerError, InvalidInputError, UnknownNameError
from hconsist.hull import ConvexHull
from hconsist.hypotheses import Hypotheses
from hconsist.losses import Loss
from hconsist.pointwise import UNREACHED, Answer, PointwiseProblem, beta_symbol, round_down

if TYPE_CHECKING:
    import sympy
    from matplotlib.axes import Axes

    from hconsist.engines.derivation import Derivation, Step
    from hconsist.engines.rigorous.envelope import Envelope

#: Relative width to which the rigorous engine refines a curve for a figure.
_CURVE = Fraction(1, 10**4)


def search_grid(size: int = 201) -> list[Fraction]:
    """Exact betas on which an envelope is sampled: uniform, and geometric towards 0, where bounds
    are used.

    >>> grid = search_grid(11)
    >>> grid[0], grid[-1], len(grid) == len(set(grid))
    (Fraction(0, 1), Fraction(1, 1), True)
    """
    uniform = {Fraction(i, size - 1) for i in range(size)}
    return sorted(
        uniform
        | {Fraction(1, 2) ** i for i in range(1, 14)}
        | {Fraction(3, 4) * Fraction(1, 2) ** i for i in range(13)}
    )


@dataclass(frozen=True)
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
        if self.derivation:
            return self.derivation.assumptions
        if self.engine == "numeric":
            return (
                "an estimate: the envelope of values found by optimisation on a grid of beta; "
                "nothing is proven",
            )
        return ()

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
        return self.derivation.latex()

    def _repr_latex_(self) -> str:
        import sympy

        if self.derivation is None:
            return (
                f"$T(\\beta)$ of {self.problem.surrogate.spec} by the {self.engine} engine (no "
                "closed form)"
            )
        return f"$\\displaystyle \\mathcal{{T}}(\\beta) = {sympy.latex(self.derivation.transform)}$"

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
        values = [
            _estimate(answer)
            for answer in self._answers([self.problem.check_beta(b) for b in grid.ravel()])
        ]
        return np.array(values).reshape(grid.shape)

    def envelope_curve(self, betas: ArrayLike) -> NDArray[np.float64]:
        """T** on an array of betas, as floats: estimates, but for the rigorous engine a
        proven lower bound.
        """
        grid = np.asarray(betas, dtype=float)
        if self.derivation:
            return float_curve(self.derivation.envelope, grid)
        if self.engine == "rigorous":
            checked = [self.problem.check_beta(b) for b in grid.ravel()]
            values = [self._proven.value(b, _CURVE)[0] for b in checked]
            return np.array([round_down(v) for v in values]).reshape(grid.shape)
        return np.array([float(self._hull(b)) for b in grid.ravel()]).reshape(grid.shape)

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
        checkpoint: Callable[[dict[str, Any]], None] | None = None,
        resume: dict[str, Any] | None = None,
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
        if self.problem.is_symbolic:
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
        if given and self.engine != "rigorous":
            raise InvalidInputError(
                f"{', '.join(given)} is for the rigorous engine",
                self.engine,
                'derive the bound with engine="rigorous"',
            )
        if self.derivation:
            low, high = _invert(self.derivation.envelope, total, self.problem.decision.max_regret)
            proven_low = low if not self.assumptions else None
            return Answer(_middle(low, high), proven_low, high, None, self.engine, self.assumptions)
        if self.engine == "rigorous":
            if resume is not None:
                self._proven.resume(resume)
            low, high, reason = self._proven.gamma(
                total, _tolerance(tolerance), time_budget, progress, checkpoint
            )
            return Answer(
                _middle(low, high),
                low,
                high,
                None,
                self.engine,
                self._proven.supports.lemmas,
                reason,
            )
        return Answer(
            float(self._hull.inverse(float(total))), None, None, None, self.engine, self.assumptions
        )

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw Gamma against the surrogate excess; see `hconsist.plots.bound_curves`."""
        # By name: plots stand above bounds in the house, and load matplotlib.
        plots = importlib.import_module("hconsist.plots")
        return plots.bound_curves([self], ax=ax, **options)  # type: ignore[no-any-return]

    # -- envelopes of sampled values
    def _answers(self, betas: list[Fraction]) -> list[Answer]:
        if self.engine == "numeric":
            sweep = importlib.import_module("hconsist.engines.numeric").sweep
            return list(sweep(self.problem, betas))
        return [transform(self.problem, b, self.engine) for b in betas]

    @cached_property
    def _proven(self) -> Envelope:
        """T** and Gamma between proven lines and points."""
        found: Envelope = importlib.import_module("hconsist.engines.rigorous").envelope(
            self.problem
        )
        return found

    @cached_property
    def _samples(self) -> tuple[list[Fraction], list[Answer]]:
        most = self.problem.decision.max_regret
        betas = [most * b for b in search_grid()]
        return betas, self._answers(betas)

    @cached_property
    def _hull(self) -> ConvexHull:
        known = [
            (float(b), answer.estimate)
            for b, answer in zip(*self._samples, strict=True)
            if not (answer.estimate is None and answer.reason == UNREACHED)  # T is infinite there
        ]
        return ConvexHull.below([b for b, _ in known], [value for _, value in known])


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
    problem = PointwiseProblem(loss, target, hypotheses, n_classes)  # type: ignore[arg-type]
    if engine not in (*ENGINES, "auto"):
        raise UnknownNameError("engine", str(engine), (*ENGINES, "auto"))
    if engine in ("auto", "symbolic"):
        symbolic = importlib.import_module("hconsist.engines.symbolic")
        try:
            return Bound(problem, "symbolic", symbolic.derive(problem))
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


def _middle(low: Fraction, high: Fraction) -> float:
    return (
        float((low + high) / 2) if low else 0.0 if high < Fraction(1, 2**100) else float(high / 2)
    )


def float_curve(expression: sympy.Expr, betas: NDArray[np.float64]) -> NDArray[np.float64]:
    """A closed form on floats. Cancellation near 0 is left to the balls: small arguments go through
    them one by one.
    """
    symbol = beta_symbol()
    with np.errstate(all="ignore"):
        values = np.asarray(
            evaluate(expression, {symbol: betas}, NUMPY), dtype=float
        ) + np.zeros_like(betas)
    delicate = ~np.isfinite(values) | (betas < 1e-2)
    for index in np.argwhere(delicate):
        low, high = enclose(expression, symbol, Fraction(repr(float(betas[tuple(index)]))))
        values[tuple(index)] = _middle(low, high)
    return values


def enclose(
    expression: sympy.Expr, symbol: sympy.Symbol, value: Fraction, bits: int = 200
) -> tuple[Fraction, Fraction]:
    """Proven rational bounds of a closed form in one variable.

    Parameters
    ----------
    expression : sympy.Expr
        In the one symbol.
    symbol : sympy.Symbol
    value : Fraction
    bits : int
        Working precision.

    Raises
    ------
    ArithmeticError
        When the value is not finite.

    Examples
    --------
    >>> low, high = enclose(beta_symbol() ** 2 / 3, beta_symbol(), Fraction(1, 2))
    >>> low <= Fraction(1, 12) <= high
    True
    """
    if value in (0, 1):
        # 0 log 0 and its like tend to 0, which a ball around an end point cannot see: substitute
        # exactly there.
        import sympy

        there = expression.subs(symbol, int(value))
        original, expression = expression, there
        if there.has(sympy.nan, sympy.zoo, sympy.oo):
            limit = original.limit(symbol, 1, "-")
            # a minimum over a half-line has its value at 1 by itself, where no limit is known
            expression = there if limit.has(sympy.Limit) else limit
    with precision(bits):
        return endpoints(evaluate(expression, {symbol: BALLS.const(value)}, BALLS))


def _invert(
    envelope: sympy.Expr, excess: Fraction, most: Fraction = Fraction(1), bits: int = 60
) -> tuple[Fraction, Fraction]:
    """Rationals around sup { beta in [0, most] : T**(beta) <= excess }, by bisection on proven
    comparisons.

    A comparison that the balls leave open keeps both sides where they are, so the result holds in
    any case.
    """

    def level(beta: Fraction) -> tuple[Fraction, Fraction]:
        return enclose(envelope, beta_symbol(), beta)

    low, high = Fraction(0), most
    if level(high)[1] <= excess:
        return high, high
    # Halve from above first: excesses of interest are often tiny, and relative accuracy is what
    # counts.
    while high > Fraction(1, 2**200) and level(high / 2)[0] > excess:
        high /= 2
    low = high / 2 if level(high / 2)[1] <= excess else Fraction(0)
    tolerance = high / 2**bits
    while high - low > tolerance:
        middle = (low + high) / 2
        below, above = level(middle)
        if above <= excess:
            low = middle
        elif below > excess:
            high = middle
        else:  # equality to 200 bits: middle is the answer up to rounding; close in on both sides
            step = tolerance / 2
            low = max((x for x in (low, middle - step) if level(x)[1] <= excess), default=low)
            high = min((x for x in (high, middle + step) if level(x)[0] > excess), default=high)
            break
    return low, high
