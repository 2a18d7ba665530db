"""Scores of linear functions fill larger boxes away from the origin: T is taken at the origin only
where it is no smaller elsewhere. True values from the definition, on grids.
"""

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

import hconsist as hc
from hconsist.certificates import certify_claim
from hconsist.engines import transform
from hconsist.errors import InvalidInputError
from hconsist.hypotheses import Hypotheses
from hconsist.plots.bounds import _status
from hconsist.pointwise import PointwiseProblem

DIP = "margin:Min(Max(0,1-v),Max(0,4+v))"


def smallest(phi, bound, beta):
    """T of one box, from the definition; bound a multiple of 1/2."""
    v = np.linspace(-bound, bound, int(640 * bound) + 1)
    eta = np.linspace((1 + beta) / 2, 1, 101)[:, None]
    risk = eta * phi(v) + (1 - eta) * phi(-v)
    return (risk[:, v <= 0].min(axis=1) - risk.min(axis=1)).min()


def test_a_dip_that_larger_boxes_reach() -> None:
    def phi(v):
        return np.minimum(np.maximum(0, 1 - v), np.maximum(0, 4 + v))

    assert smallest(phi, 1.0, 0.5) == pytest.approx(0.5)
    assert smallest(phi, 4.0, 0.5) == 0  # |x| = 3: both labels cost nothing at a margin of -4
    for hypotheses in ("linear:W=1,B=1", "relu:L=1,W=1,B=1"):
        with pytest.raises(InvalidInputError, match="one box at a time"):
            hc.derive(DIP, hypotheses=hypotheses)
    assert transform(PointwiseProblem(DIP, hypotheses="bounded:1"), "1/2", "rigorous").proven


@pytest.mark.parametrize(
    ("formula", "phi"),
    [
        ("Max(0,1-v)", lambda v: np.maximum(0, 1 - v)),
        ("Min(1,Max(0,1-v))", lambda v: np.clip(1 - v, 0, 1)),
        ("1-tanh(v)", lambda v: 1 - np.tanh(v)),
        ("(1-v)**2", lambda v: (1 - v) ** 2),
    ],
)
def test_losses_that_fall_keep_their_proofs(formula, phi) -> None:
    problem = PointwiseProblem(f"margin:{formula}", hypotheses="linear:W=2,B=1")
    answer = transform(problem, "2/5", "rigorous")
    assert problem.of_larger_boxes == "" and answer.proven
    values = [smallest(phi, B, 0.4) for B in (1.0, 1.5, 2.0, 4.0)]
    assert all(b >= a - 1e-4 for a, b in itertools.pairwise(values))
    assert float(answer.lower) <= values[0] + 1e-4


def test_three_labels_rest_on_what_is_declared() -> None:
    problem = PointwiseProblem("mae", hypotheses="linear:W=1,B=1", n_classes=3)
    answer = transform(problem, "3/5", "rigorous")
    assert answer.lower is None and answer.upper is not None
    assert any("box of scores grows" in told for told in answer.assumptions)
    box = transform(PointwiseProblem("mae", hypotheses="bounded:1", n_classes=3), "3/5", "rigorous")
    assert box.proven and answer.upper == box.upper
    bound = hc.derive("mae", 3, "linear:W=1,B=1")
    assert bound.bound(Fraction(1, 10)).upper is None
    assert any("box of scores grows" in told for told in bound.assumptions)


@dataclass(frozen=True)
class Wide(Hypotheses):
    """Boxes that grow with x, of a stranger who says that they do not."""

    depends_on_input = False

    @property
    def score_bound(self):
        return Fraction(1)

    def score_bound_at(self, norm):
        return 1.0 + norm


def test_a_set_of_a_stranger_is_believed_by_its_boxes() -> None:
    assert Wide().depends_on_input
    with pytest.raises(InvalidInputError, match="one box at a time"):
        hc.derive(DIP, hypotheses=Wide())


@pytest.mark.parametrize("engine", ["symbolic", "rigorous"])
def test_no_face_calls_it_proven_from_three_labels_on(engine) -> None:
    """The theorem in LaTeX did not say what is declared; card and legend said proven."""
    bound = hc.derive("logistic", hypotheses="linear:W=1,B=1", n_classes=3, engine=engine)
    assert any(a.startswith("declared") for a in bound.assumptions)
    assert "proven" not in repr(bound)
    assert _status(bound) == "derived, under assumptions"
    if bound.derivation is not None:
        assert "Declared: " in bound.latex()
    one = hc.derive("logistic", hypotheses="bounded:1", n_classes=3, engine=engine)
    assert "proven" in repr(one)
    assert _status(one) != "derived, under assumptions"


def test_a_certificate_of_one_box_is_not_given_for_sets_whose_boxes_grow() -> None:
    """The file told of bounded scores; the question was about linear functions."""
    problem = PointwiseProblem("logistic", hypotheses="linear:W=1,B=1", n_classes=3)
    with pytest.raises(InvalidInputError, match="certify it for bounded:1"):
        certify_claim(problem, "T >= b**2/100")
    binary = PointwiseProblem("hinge", hypotheses="linear:W=1,B=1", n_classes=2)
    assert certify_claim(binary, "T >= b/2")["verdict"] == "holds"
