"""What is only declared of a loss is named in every answer that rests on it, and nothing then is
called proven: in the transform, its envelope, the bound, the gap, and on the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import pytest

import hconsist as hc
from hconsist.distributions import Finite
from hconsist.engines import rigorous
from hconsist.errors import EngineCannotAnswerError
from hconsist.gaps import minimizability_gap
from hconsist.losses import MarginLoss
from hconsist.losses.facts import Fact
from hconsist.losses.forms import OfMargin
from hconsist.pointwise import PointwiseProblem
from hconsist.selftest import Tally, judge


@dataclass(frozen=True)
class Bent(MarginLoss):
    """Convex, which the prover leaves open; that it falls at 0 is proven."""

    spec_name: ClassVar[str] = "bent"
    convex: ClassVar[bool] = True

    def of_margin(self, u: Any, ops: Any) -> Any:
        return ops.exp(-u - ops.erf(u) / ops.const(9))


TOLD = "declared: phi on the real line is convex (convex of Bent)"


def truth(beta: float) -> float:
    found = judge.brute(judge.Trial(Bent(), "bent", 2, None, (str(Fraction(beta)),)))
    assert found is not None
    return float(next(iter(found.values())).regret)


def test_the_fact_is_declared_and_the_other_proven() -> None:
    form = Bent().form(OfMargin)
    assert form is not None
    convex, falls = form.phi.fact("convex"), form.phi.fact("falls at 0")
    assert isinstance(convex, Fact) and convex.assumption == TOLD
    assert falls.proven


@pytest.mark.parametrize("beta", ["1/10", "1/2"])
def test_a_transform_tells_the_declaration_and_proves_nothing(beta: str) -> None:
    answer = rigorous.transform(PointwiseProblem(Bent()), Fraction(beta))
    assert TOLD in answer.assumptions
    assert answer.lower is None and answer.upper is None and not answer.proven
    assert answer.estimate == pytest.approx(truth(float(Fraction(beta))), abs=1e-6)
    shown = answer.as_dict()
    assert shown["lower"] is None and shown["upper"] is None and TOLD in shown["assumptions"]


def test_no_supporting_line_rests_on_a_declaration() -> None:
    with pytest.raises(EngineCannotAnswerError, match="a bound needs proven facts; declared"):
        rigorous.envelope(PointwiseProblem(Bent()))


def test_the_bound_of_the_rigorous_engine_is_refused() -> None:
    bound = hc.derive(Bent(), engine="rigorous")
    with pytest.raises(EngineCannotAnswerError, match="declared: phi"):
        bound.bound("1/10")


def test_a_gap_is_not_called_proven() -> None:
    rows = Finite(["1/2", "1/2"], [["1/5", "4/5"], ["7/10", "3/10"]])
    try:
        gap = minimizability_gap(Bent(), rows, "bounded:1", members="constant", engine="rigorous")
    except EngineCannotAnswerError as refusal:
        assert "convex" in str(refusal)
    else:
        assert gap.lower is None and gap.upper is None


def test_the_selftest_counts_no_proof() -> None:
    tally = Tally(0)
    question = judge.Trial(Bent(), "bent", 2, None, ("1/2",))

    def ask(tally: Tally, question: Any, engine: str, what: Any, *given: Any) -> Any:
        return what(question, *given)

    judge.transform(tally, question, judge.brute(question), "rigorous", ask)
    assert tally.comparisons == 1 and tally.compared["rigorous", "enclosure"] == 0


def test_a_loss_without_the_declaration_has_no_such_answer() -> None:
    """The answer above rests on the declaration, not on something found by the way."""

    class Undeclared(Bent):
        convex: ClassVar[bool] = False

    with pytest.raises(EngineCannotAnswerError):
        rigorous.transform(PointwiseProblem(Undeclared()), Fraction(1, 2))
