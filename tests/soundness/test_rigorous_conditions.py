"""Methods of the rigorous engine for two labels, and where T vanishes, each asked directly and held
against brute force: formulas that rise, bend both ways, or tell the labels apart.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from hconsist.arithmetic import precision
from hconsist.engines.rigorous import question_of
from hconsist.engines.rigorous.methods import two_labels, vanishing
from hconsist.engines.rigorous.methods.plan import Budget
from hconsist.engines.rigorous.methods.two_likely import TwoLikely
from hconsist.losses import parse_loss
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import PointwiseProblem
from hconsist.selftest import judge

CASES = [
    ("softmax:Abs(u-7/10)", None),
    ("softmax:1-u**2", "1/2"),
    ("softmax:u*(1-u)", None),
    ("softmax:-Abs(u-1/4)", "1"),
    ("softmax:Min(1-u,Abs(u-1/3))", None),
    ("margin:1/(1+exp(v))+Abs(v)/3", "1"),
    ("softmax:sqrt(u)", None),  # it rises, with an infinite slope at 0
    ("softmax:Piecewise((1/2-5*u/4,u<2/5),(5*u-2,u<3/5),(5/2-5*u/2,True))", None),  # 0 at b = 1
    ("softmax:1/u-1", None),
    ("ldam:margin=2,growth=4", "1/2"),  # labels are told apart, either way
    ("ldam:margin=2,growth=1/4", None),
]


@pytest.mark.parametrize(("spec", "bound"), CASES)
def test_two_labels_of_any_formula(spec: str, bound: str | None) -> None:
    slow = "Piecewise" in spec
    betas, width = ("1/5",) if slow else ("1/5", "1/2", "9/10"), Fraction(1, 20 if slow else 10**5)
    question = judge.Trial(parse_loss(spec), spec, 2, bound, betas)
    points = judge.brute(question)
    assert points is not None
    with precision(128):
        plan = two_labels.plan(question_of(question.problem))
        assert not isinstance(plan, str), plan
        for beta, point in points.items():
            answer = plan.answer(Fraction(beta), Budget(width))
            assert point is not None and answer.lower is not None and answer.upper is not None
            assert float(answer.lower) <= point.regret + 1e-8
            assert float(answer.upper) >= point.regret - 1e-8
            narrow = answer.upper - answer.lower <= width
            assert narrow or (answer.reason and spec != "softmax:1/u-1")


def test_the_least_risk_of_two_likely_labels_is_that_of_the_worse_order_too() -> None:
    """All scores may be best at either label, whichever is the likelier: g = 1 - u."""
    g = parse_loss("mae").form(OfSoftmax).g
    two = TwoLikely(g, None, 4, 1)
    for first, other in ((Fraction(1, 5), Fraction(4, 5)), (Fraction(4, 5), Fraction(1, 5))):
        assert float(two.lowest(first, other, Fraction(1, 10**4))) <= 0.2 + 1e-9


@pytest.mark.parametrize(
    ("problem", "why"),
    [
        (PointwiseProblem("logistic", n_classes=3), "costs something"),
        (PointwiseProblem("mae", hypotheses="bounded:1", n_classes=3), "complete scores"),
    ],
)
def test_where_t_does_not_vanish(problem: PointwiseProblem, why: str) -> None:
    with precision(128):
        found = vanishing.plan(question_of(problem))
    assert isinstance(found, str) and why in found
