"""Several predicted labels: cross-entropy has T of two labels (Theorem E), other losses that pool
over sets of labels are searched up to five labels.
"""

from __future__ import annotations

from fractions import Fraction

from hconsist.arithmetic import endpoints
from hconsist.engines.methods import method
from hconsist.engines.rigorous.branch import Risk
from hconsist.engines.rigorous.methods.plan import (
    POOLING_SETS,
    TOP_K,
    Lines,
    Plan,
    Question,
    known,
)
from hconsist.engines.rigorous.methods.searched import (
    Coordinates,
    Searching,
    at_zero,
    scores_of,
)
from hconsist.engines.rigorous.regions import top_k_everything, top_k_regions
from hconsist.engines.rigorous.risk import SoftmaxRisk
from hconsist.engines.rigorous.supports import Pools, Searched
from hconsist.engines.rigorous.transport import TransportRisk
from hconsist.losses.facts import Fact
from hconsist.losses.forms import OfSoftmax
from hconsist.pointwise import Answer, Witness


def _cross_entropy(question: Question) -> OfSoftmax | None:
    """The loss where Theorem E speaks of it."""
    form = question.softmax
    fits = form is not None and form.g.power_law == 1 and question.n >= 2 * question.k
    return form if fits else None


def _searched(question: Question) -> tuple[Risk, Coordinates, float, tuple[Fact, ...]] | str:
    if question.n > 5:
        return "top-k targets are searched up to five labels"
    form, transport = question.softmax, question.transport
    missing = "needs a loss convex in the softmax value, or an LDR loss"
    if form is not None:
        facts, missing = known(form.g, "convex", "non-increasing")
        if facts:
            return SoftmaxRisk(form.g), "softmax", float(form.temperature), facts
    if transport is not None:
        return TransportRisk(transport), "scores", float(transport.lam), ()
    return missing


def _other(question: Question) -> str:
    if question.k < 2:
        return "needs a target of several predicted labels"
    if question.bound is not None:
        return f"top-k targets need complete scores, not {question.problem.hypotheses}"
    return ""


@method("rigorous", "top-k", rank=40, lemmas=(TOP_K, POOLING_SETS))
def plan(question: Question) -> Plan | str:
    """Theorem E, or branch and bound."""
    if other := _other(question):
        return other
    form = _cross_entropy(question)
    if form is not None:
        facts = known(form.g, "convex", "non-increasing")[0]
        return Plan(lambda beta, budget: _two_labels(question, form, beta), facts)
    found = _searched(question)
    if isinstance(found, str):
        return found
    risk, coordinates, temperature, facts = found
    searching = Searching(
        risk,
        lambda beta: top_k_regions(question.n, question.k, beta),
        coordinates,
        (POOLING_SETS,),
        temperature,
    )
    return searching.plan(question, facts)


@method("rigorous", "top-k", rank=40, lemmas=(TOP_K, POOLING_SETS), asked="T**")
def lines(question: Question) -> Lines | str:
    """Theorem E, or a search."""
    if other := _other(question):
        return other
    form = _cross_entropy(question)
    if form is not None:
        facts = known(form.g, "convex", "non-increasing")[0]
        return Lines(Pools(form.g.term, (2,), (TOP_K,)), facts)
    found = _searched(question)
    if isinstance(found, str):
        return found
    risk, _, _, facts = found
    region = top_k_everything(question.n, question.k)
    return Lines(Searched(risk, region, (POOLING_SETS,), 5_000), facts)


def _two_labels(question: Question, form: OfSoftmax, beta: Fraction) -> Answer:
    """Theorem E: T of the zero-one target and two labels, on twice k labels."""
    if not beta:
        return at_zero(question)
    k = question.k
    rest = question.n - 2 * k
    risk = SoftmaxRisk(form.g)
    tied = risk.best_in_class((Fraction(1, 2),), (2,))
    split = risk.best_in_class(((1 + beta) / 2, (1 - beta) / 2), (1, 1))
    lower, upper = endpoints(tied[0] - split[1])[0], endpoints(tied[1] - split[0])[1]
    p = (*[(1 + beta) / (2 * k)] * k, *[(1 - beta) / (2 * k)] * k, *[Fraction(0)] * rest)
    scores = scores_of([1.0] * (2 * k) + [0.0] * rest, float(form.temperature))
    witness = Witness(p, scores, tuple(range(k, 2 * k)), float(upper))
    lower = max(lower, Fraction(0))
    return Answer(float((lower + upper) / 2), lower, upper, witness, "rigorous", (TOP_K,))
