"""Enclosures of T for costs of any kind: tight, around closed forms in many digits, with witnesses
that anyone can evaluate.
"""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

import hconsist as hc
from hconsist.engines import rigorous
from hconsist.errors import EngineCannotAnswerError
from hconsist.losses import SoftmaxLoss, parse_loss
from hconsist.losses.cross_entropy import cross_entropy_scale


def kl(x, y):
    """The binary divergence to fifty digits."""
    with mpmath.workdps(50):
        x, y = (mpmath.mpf(v.numerator) / v.denominator for v in (Fraction(x), Fraction(y)))
        first = x * mpmath.log(x / y) if x else mpmath.mpf(0)
        return first + ((1 - x) * mpmath.log((1 - x) / (1 - y)) if x != 1 else 0)


def ordinal_squared(n: int, b: Fraction):
    found = []
    for r in range(1, n):
        for m in range(1, n):
            u = (b + m * m) / (2 * m)
            if r + u <= n:
                found.append(kl((r - 1 + u) / (n - 1), (r - Fraction(1, 2)) / (n - 1)))
    return min(found)


def chow(c: Fraction, b: Fraction):
    return kl(min(b + c, (1 + b) / 2), c) if c < Fraction(1, 2) else kl((1 + b) / 2, Fraction(1, 2))


CLOSED = {
    ("ordinal:absolute", 4): lambda b: kl((1 + b / 3) / 2, Fraction(1, 2)),
    ("ordinal:squared", 4): lambda b: ordinal_squared(4, b),
    ("abstain:c=0.3", 3): lambda b: chow(Fraction(3, 10), b),
    ("abstain:c=0.45", 4): lambda b: chow(Fraction(9, 20), b),
    ("abstain:c=0.6", 3): lambda b: chow(Fraction(3, 5), b),
    ("abstain:c=0.9", 3): lambda b: chow(Fraction(9, 10), b),
    ("weights:1,3,2", 3): lambda b: kl((b + 2) / 5, Fraction(2, 5)),
    ("weights:1,9", 2): lambda b: kl((b + 1) / 10, Fraction(1, 10)),
    ("hamming:k=2", 4): lambda b: kl((1 + b / 2) / 2, Fraction(1, 2)),
}


@pytest.mark.parametrize("share", ["1/1000000", "1/10", "2/5", "1/2", "9/10", "1"])
@pytest.mark.parametrize("case", CLOSED, ids=str)
def test_enclosures_are_tight_around_closed_forms(case: tuple[str, int], share: str) -> None:
    problem = hc.PointwiseProblem("logistic", case[0], n_classes=case[1])
    b = problem.decision.max_regret * Fraction(share)
    answer = hc.transform(problem, b, "rigorous")
    wanted = CLOSED[case](b)
    assert not answer.reason
    assert answer.width < 1e-12
    with mpmath.workdps(50):
        low, high = (mpmath.mpf(v.numerator) / v.denominator for v in (answer.lower, answer.upper))
        assert low <= wanted <= high
        assert high - low <= 1e-4 * wanted


@pytest.mark.parametrize(
    ("target", "n"),
    [
        ("cost:[[0,2,5],[1,0,2],[4,1,0]]", 3),
        ("cost:[[0,-1,2],[1,0,1/3],[0.5,0.5,0.5],[2,2,-2]]", 3),
        ("defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]", 3),
        ("hamming:k=3", 8),
    ],
)
def test_both_engines_and_an_exact_witness_agree(target: str, n: int) -> None:
    problem = hc.PointwiseProblem("logistic", target, n_classes=n)
    for share in ("1/50", "1/3", "4/5"):
        b = problem.decision.max_regret * Fraction(share)
        answer = hc.transform(problem, b, "rigorous")
        estimate = hc.transform(problem, b).estimate
        assert answer.width < 1e-12
        assert float(answer.lower) - 1e-12 <= estimate <= float(answer.upper) + 1e-12
        p = answer.witness.p
        assert sum(p) == 1
        assert min(p) >= 0
        assert problem.decision.exact_regret(p, answer.witness.predicted) >= b
        assert answer.witness.regret == pytest.approx(estimate, rel=1e-9, abs=1e-12)


def test_predictions_that_are_never_made_do_not_count() -> None:
    problem = hc.PointwiseProblem("logistic", "cost:[[0,1],[1,0],[2,2]]", n_classes=2)
    zero_one = hc.PointwiseProblem("logistic", n_classes=2)
    for b in ("1/10", "1"):
        found = hc.transform(problem, b, "rigorous")
        wanted = hc.transform(zero_one, b, "rigorous")
        assert found.lower <= wanted.upper
        assert wanted.lower <= found.upper
    beyond = hc.transform(problem, "3/2", "rigorous")
    assert beyond.estimate is None
    assert "no prediction has that target regret" in beyond.reason
    assert hc.transform(problem, "3/2").estimate is None


def test_the_largest_score_at_other_costs() -> None:
    class Costly(hc.Target):
        def decision(self, n):
            wrong = [10, 1, 1]
            return hc.Decision(
                hc.Table([[wrong[r] * (r != y) for y in range(n)] for r in range(n)])
            )

    answer = hc.transform(hc.PointwiseProblem("logistic", Costly(), n_classes=3), 5, "rigorous")
    assert answer.lower == 0
    assert answer.upper < 1e-12


def test_cross_entropy_is_recognised_by_its_formula() -> None:
    assert cross_entropy_scale(parse_loss("softmax:3-2*log(u)")) == 2
    assert cross_entropy_scale(parse_loss("infonce:temperature=2")) is not None
    for spec in ("mae", "gce:q=0.001", "softmax:-log(u)+u/1000", "brier", "crammer-singer"):
        assert cross_entropy_scale(parse_loss(spec)) is None
    doubled = hc.transform(
        hc.PointwiseProblem("softmax:3-2*log(u)", "abstain:c=0.3", n_classes=3), "0.2", "rigorous"
    )
    plain = hc.transform(
        hc.PointwiseProblem("logistic", "abstain:c=0.3", n_classes=3), "0.2", "rigorous"
    )
    assert float(doubled.lower) == pytest.approx(2 * float(plain.lower), rel=1e-12)


def test_a_liar_is_not_taken_for_cross_entropy() -> None:
    class Liar(SoftmaxLoss):
        spec_name = "logistic"
        shape = "convex in softmax"

        def of_softmax(self, u, ops):
            return ops.const(1) - u

    with pytest.raises(EngineCannotAnswerError, match="cross-entropy"):
        rigorous.transform(
            hc.PointwiseProblem(Liar(), "abstain:c=0.3", n_classes=3), Fraction(1, 5)
        )


@pytest.mark.parametrize(
    ("spec", "hypotheses", "n"),
    [("gce:q=1/2", "complete", 3), ("logistic", "bounded:1", 3), ("brier", "bounded:1", 3)],
)
def test_what_is_not_enclosed_is_refused(spec: str, hypotheses: str, n: int) -> None:
    with pytest.raises(EngineCannotAnswerError):
        hc.transform(hc.PointwiseProblem(spec, "abstain:c=0.3", hypotheses, n), "0.1", "rigorous")


@pytest.mark.parametrize(
    ("target", "n", "excess"), [("abstain:c=0.3", 3, "0.3"), ("ordinal:squared", 3, "0.05")]
)
def test_gamma_is_enclosed_for_costs_and_meets_the_derivation(
    target: str, n: int, excess: str
) -> None:
    proven = hc.derive("logistic", n, target=target, engine="rigorous").bound(
        excess, tolerance=1e-4
    )
    derived = hc.derive("logistic", n, target=target, engine="symbolic").bound(excess)
    assert proven.lower <= derived.upper and derived.lower <= proven.upper
    assert float(proven.upper - proven.lower) <= 1.1e-4 * float(proven.upper)
    assert "plug-in" in proven.assumptions[0]
