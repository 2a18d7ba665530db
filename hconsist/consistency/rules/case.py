"""One question, and the list of rules that may answer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hconsist.arithmetic import SYMPY, Exact, Ops, Value, evaluate, to_sympy
from hconsist.consistency.verdict import ConsistencyVerdict, Counterexample, Status
from hconsist.decisions import Target, decision_of
from hconsist.engines.derivation import Step
from hconsist.errors import InvalidInputError
from hconsist.losses import Loss
from hconsist.losses.facts import Curve, Domain
from hconsist.losses.forms import Form

if TYPE_CHECKING:
    from sympy import Expr

F = TypeVar("F", bound=Form)

#: A formula of all labels is written with every label its own symbol, up to this many. What holds
#: for four labels says nothing of five.
EXPLICIT_LABELS = 12


@dataclass(frozen=True)
class Case:
    """One question: is the loss, for n labels, consistent with the target?"""

    loss: Loss
    n: int
    target: Target

    @property
    def top_1(self) -> bool:
        """Whether the target is the zero-one loss."""
        return self.k == 1

    @property
    def k(self) -> int:
        """How many labels are predicted, each at unit cost when it is not the true one."""
        top = decision_of(self.target, self.n).structure.top
        if top is None:
            raise AssertionError("a rule was asked about a target that is not the zero-one kind")
        return top

    def verdict(
        self,
        status: Status,
        reason: str,
        *steps: tuple[str, str],
        counterexample: Counterexample | None = None,
    ) -> ConsistencyVerdict:
        """A verdict on this case."""
        made = tuple(Step(statement, justification) for statement, justification in steps)
        return ConsistencyVerdict(
            self.loss, self.n, self.target, status, reason, made, counterexample
        )

    def refuted(
        self,
        reason: str,
        *steps: tuple[str, str],
        p: list[Fraction],
        start: Sequence[Exact | int],
        predicted: tuple[int, ...],
        floor: Expr,
        why: str,
        direction: Sequence[Exact | int] | None = None,
    ) -> ConsistencyVerdict:
        """A negative verdict with its counterexample, padded to n labels of probability 0 far below
        the others.
        """
        missing = self.n - len(p)
        example = Counterexample(
            self.loss,
            (*p, *[Fraction(0)] * missing),
            (*map(Fraction, start), *[Fraction(min(start)) - 2] * missing),
            (
                *map(Fraction, direction or [0] * len(start)),
                *[Fraction(min(direction or [0]))] * missing,
            ),
            predicted,
            to_sympy(floor) if isinstance(floor, Fraction) else floor,
            why,
        )
        return self.verdict("not consistent", reason, *steps, counterexample=example)

    def losses(self, scores: Sequence[Expr]) -> Expr:
        """The losses of all labels at symbolic scores; None where SymPy cannot hold them."""
        return written(self.loss.losses, scores)

    def form(self, kind: type[F]) -> F | None:
        """The loss in a form of this kind, for this number of labels."""
        return self.loss.form(kind, self.n)


def written(formula: Callable[[Value, Ops], Value], arguments: Sequence[Expr]) -> Expr:
    """A formula of an array of symbols; None where SymPy cannot hold it (a branch that depends on
    a symbol, say).
    """
    try:
        return formula(np.array(arguments, dtype=object), SYMPY)
    except (InvalidInputError, TypeError):
        return None


Function = Callable[[Case], ConsistencyVerdict | None]


@dataclass(frozen=True)
class Rule:
    """A sufficient condition, or a construction of counterexamples.

    Parameters
    ----------
    name, summary : str
    form : type of Form
        Losses of this form are asked; a rule finds out the rest from facts and formulas.
    function : callable
    asks, asks_top_k : str
        What it asks of a loss, for the message of an undecided verdict; empty to say nothing.
    labels : int or None
        The only number of labels that it is about.
    """

    name: str
    summary: str
    form: type[Form]
    function: Function
    asks: str = ""
    asks_top_k: str = ""
    labels: int | None = None

    def applies(self, case: Case) -> bool:
        """Whether the loss has the form, for this number of labels."""
        return self.labels in (None, case.n) and case.form(self.form) is not None


#: Every rule, module by module.
REGISTERED: list[Rule] = []


def rule(
    form: type[Form], *, asks: str = "", asks_top_k: str = "", labels: int | None = None
) -> Callable[[Function], Function]:
    """Put a rule on the list: it is tried on every loss of the form."""

    def register(function: Function) -> Function:
        summary = " ".join((function.__doc__ or "").split())
        REGISTERED.append(
            Rule(function.__name__, summary, form, function, asks, asks_top_k, labels)
        )
        return function

    return register


def asked_for(case: Case) -> str:
    """What the rules for losses of this kind ask for, for the message of an undecided verdict."""
    texts = (r.asks if case.top_1 else r.asks_top_k for r in REGISTERED if r.applies(case))
    return "; ".join(dict.fromkeys(text for text in texts if text))


SWAP = (
    r"s_j > s_i,\ p_i > p_j \;\Rightarrow\; C(s) - C(s^{i \leftrightarrow j}) = (p_i - "
    r"p_j)(\ell_i(s) - \ell_j(s)) > 0",
    "symmetry of the loss, and the label with the larger score has the smaller loss",
)


def softmax_variable() -> Expr:
    """u, the label's softmax value."""
    import sympy

    return sympy.Symbol("u", positive=True)


def margin_variable() -> Expr:
    """v, the margin."""
    import sympy

    return sympy.Symbol("v", real=True)


def curve_of(expression: Expr, variable: Expr, domain: Domain) -> Curve:
    """A formula as a curve of which facts can be proven."""
    return Curve(str(variable), lambda x, ops: evaluate(expression, {variable: x}, ops), domain)
