"""What a method of the rigorous engine is asked, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from hconsist.engines.rigorous.branch import Checkpoint, Progress
from hconsist.engines.rigorous.envelope import Supports
from hconsist.losses.facts import Curve, Fact, What
from hconsist.losses.forms import General, OfMargin, OfScores, OfSoftmax, Pairwise, Transport
from hconsist.pointwise import Answer, PointwiseProblem

POOLING = "pooling lemma (docs/theory.md)"
STAR_SHAPE = "star shape of T (docs/theory.md)"
REDUCTION = "reduction lemma for comp-sum losses (docs/theory.md)"
PAIRS = "pair lemma (docs/theory.md)"
RESPONSES = "response lemma (docs/theory.md)"
POOLING_SETS = "pooling lemma for top-k targets (docs/theory.md)"
TOP_K = "Theorem E (docs/theory.md)"
TWO_LABELS = "Theorem A (docs/theory.md)"
CONSTRAINED = "Theorem F (docs/theory.md)"
QUADRATIC = "Theorem K (docs/theory.md)"
POOLS = "Theorem B (docs/theory.md)"
CONCAVE = "Theorem C (docs/theory.md)"

#: Working precision in bits: solvers' floats have 53, so the balls add next to nothing to the
#: width.
BITS = 96


@dataclass(frozen=True)
class Budget:
    """What a search may cost, and how close its bounds should be; None: the method's own."""

    width: Fraction | None = None
    max_boxes: int | None = None
    time_budget: float | None = None
    progress: Progress | None = None
    checkpoint: Checkpoint | None = None
    resume: dict[str, object] | None = None


@dataclass(frozen=True)
class Question:
    """A problem with its numbers at hand.

    Parameters
    ----------
    problem : PointwiseProblem
    k : int
        How many labels are predicted, each at unit cost when it is not the true one; 0 where the
        target has other costs or another way to predict.
    bound : Fraction or None
        The score bound.
    """

    problem: PointwiseProblem
    k: int
    bound: Fraction | None

    @property
    def n(self) -> int:
        """The number of labels."""
        return self.problem.n

    @property
    def softmax(self) -> OfSoftmax | None:
        """The loss as a function of the label's softmax value."""
        return self.problem.surrogate.form(OfSoftmax)

    @property
    def margin(self) -> OfMargin | None:
        """The loss as a function of the margin, for two labels."""
        return self.problem.surrogate.form(OfMargin, self.n)

    @property
    def transport(self) -> Transport | None:
        """The loss as an entropic transport, where its parameters are rational."""
        form = self.problem.surrogate.form(Transport)
        if form is None or not all(isinstance(v, Fraction) for v in (form.lam, form.c, form.scale)):
            return None
        return form

    @property
    def scores(self) -> OfScores | None:
        """The loss as a constrained one."""
        return self.problem.surrogate.form(OfScores)

    @property
    def pairwise(self) -> Pairwise | None:
        """The loss as one of all margins."""
        return self.problem.surrogate.form(Pairwise)

    @property
    def general(self) -> General | None:
        """The loss as a formula of the scores."""
        return self.problem.surrogate.form(General)

    def statement(self) -> dict[str, object]:
        """The problem in words, by which a checkpoint is recognised."""
        return {
            "loss": self.problem.surrogate.spec,
            "classes": self.n,
            "hypotheses": str(self.problem.hypotheses),
            "target": str(self.problem.target),
        }


@dataclass(frozen=True)
class Plan:
    """How T(beta) will be enclosed, and the facts that this rests on.

    Parameters
    ----------
    answer : callable
        ``answer(beta, budget)``.
    rests_on : tuple of Fact
    """

    answer: Callable[[Fraction, Budget], Answer]
    rests_on: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Lines:
    """Where supporting lines of T come from, and the facts that this rests on."""

    supports: Supports
    rests_on: tuple[Fact, ...] = ()


def known(curve: Curve, *whats: What) -> tuple[tuple[Fact, ...], str]:
    """These facts, and in words which of them are missing (then the facts are empty)."""
    return curve.facts(*whats), curve.missing(*whats)


def complete_zero_one(question: Question) -> str:
    """Why a method for all scores and one predicted label does not apply; empty where it does."""
    if question.bound is not None:
        return f"needs complete scores, not {question.problem.hypotheses}"
    return one_predicted_label(question)


def one_predicted_label(question: Question) -> str:
    """Why a method for the zero-one target does not apply; empty where it does."""
    if question.k == 1:
        return ""
    return "needs one predicted label" if question.k else "needs the zero-one target"


def scores_of_labels(question: Question) -> str:
    """Why a method for one score a label does not apply; empty where it does."""
    loss = question.problem.surrogate
    if loss.scores_of == "labels" and question.problem.n_scores == question.n:
        return ""
    return f"needs a loss that scores the labels, not {loss.scores_of}"
