"""Certificates: what is right is certified, what is false refuted, what was tampered with
rejected.
"""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hconsist.checker
from hconsist import derive
from hconsist.certificates import Search, certify, parse_claim, statement, tree
from hconsist.checker import Rejected, check, digest, discharge, read_statement
from hconsist.checker.algebra import Algebra
from hconsist.checker.coverage import covering, scores
from hconsist.checker.enclosures import ball
from hconsist.checker.obligations import prove
from hconsist.checker.rules.shapes import concave, convex
from hconsist.checker.trees import derivative, minus
from hconsist.cli import main
from hconsist.errors import EngineCannotAnswerError, InvalidInputError
from hconsist.pointwise import PointwiseProblem, beta_symbol
from hconsist.theorems import catalogue
from hconsist.verify import claims

N = sympy.Symbol("n", integer=True, positive=True)


def arb(q: Fraction | int) -> Any:
    """A rational as a ball."""
    return ball(str(q))


def certificate(
    spec: str, n: Any, claim: str, hypotheses: str = "complete", **options: Any
) -> dict[str, Any]:
    relation, formula = parse_claim(claim, n)
    return certify(
        PointwiseProblem(spec, hypotheses=hypotheses, n_classes=n), relation, formula, **options
    )  # type: ignore[arg-type]


#: Published claims that no rule of the kernel settles: a minimum of two formulas that meet inside
#: (0, 1), and sums of margins of single scores.
BEYOND = ("linear-exponential-gamma", "linear-logistic-gamma", "zhang-one-vs-all")
PUBLISHED = [
    pytest.param(
        *job, id=f"{entry.id}-{job[0].surrogate.spec}-{job[0].n_classes}-{job[0].hypotheses}"
    )
    for entry in catalogue().values()
    if entry.id.startswith(("comp-sum", "linear", "psi", "zhang", "discriminative-logistic"))
    and not entry.id.startswith(BEYOND)
    and not entry.new
    for job in claims(entry)
]


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(job, id=f"{entry.id}-{job[0].n_classes}-{job[0].hypotheses}")
        for entry in catalogue().values()
        if entry.id.startswith(BEYOND)
        for job in list(claims(entry))[:1]
    ],
)
def test_published_claims_beyond_the_rules_are_not_settled(job: tuple[Any, ...]) -> None:
    problem, relation, claim, _ = job
    try:
        found = certify(problem, relation, claim, max_boxes=200)
    except EngineCannotAnswerError as refusal:
        assert "no method" in str(refusal)
    else:
        assert check(json.loads(json.dumps(found))) == "undecided"


@pytest.mark.parametrize(("problem", "relation", "claim", "verdict"), PUBLISHED)
def test_published_claims_are_certified(
    problem: PointwiseProblem, relation: Any, claim: Any, verdict: str
) -> None:
    """Every published bound of T or Gamma for comp-sum and binary losses: the right ones uniformly,
    the false ones refuted.
    """
    found = certify(problem, relation, claim)
    assert check(json.loads(json.dumps(found))) == verdict


@pytest.mark.parametrize(
    ("spec", "n", "claim", "hypotheses"),
    [
        ("sum-exp", 3, "T >= b", "complete"),  # listed as linear with constant 1
        ("mae", 10, "T >= b", "complete"),
        ("gce:q=0.7", 10, "T >= b/2", "complete"),
        ("comp-sum:tau=3", 4, "T >= b/2", "complete"),
        ("logistic", 3, "T >= 0.51*b**2", "complete"),
        ("exponential", 2, "T >= b**2", "complete"),
        ("hinge", 2, "T >= 1.01*b", "complete"),
        ("squared-hinge", 2, "T >= b**2", "bounded:0.5"),
        ("sigmoid", 2, "T >= b", "bounded:2"),
        ("logistic", 3, "T <= b**2/2", "complete"),
    ],
)
def test_false_claims_are_refuted(spec: str, n: int, claim: str, hypotheses: str) -> None:
    found = certificate(spec, n, claim, hypotheses)
    assert found["verdict"] == check(found) == "violated"


@pytest.mark.parametrize(
    ("spec", "n", "claim"),
    [
        ("logistic", 3, "T >= b**2/2"),  # tight to second order at 0
        ("logistic", N, "T >= b**2/2"),
        ("gce:q=0.3", N, "T >= b**2/4"),
        ("exponential", 2, "T >= b**2/2"),
        ("softmax:1/u-1", 3, "T >= b**2/2"),
        ("comp-sum:tau=1.25", N, "T >= 2**(-1/4)/(1/4)*((((1+b)**(4/3)+(1-b)**(4/3))/2)**(3/4)-1)"),
    ],
)
def test_other_right_claims_hold(spec: str, n: Any, claim: str) -> None:
    found = certificate(spec, n, claim)
    assert found["verdict"] == check(found) == "holds"


@pytest.mark.parametrize(("spec", "n"), [("mae", 3), ("mae", 10), ("comp-sum:tau=3", 10)])
def test_exact_envelopes_of_concave_losses_are_certified(spec: str, n: int) -> None:
    """The published bound is b/((tau - 1) n^(tau - 1)): the exact envelope, far above it, is
    certified too.
    """
    problem = PointwiseProblem(spec, n_classes=n)
    found = certify(problem, ">=", derive(spec, n_classes=n).envelope.doit())
    assert found["verdict"] == check(found) == "holds"
    assert found["lemmas"] == ["theorem C"]
    above = certify(
        problem, ">=", sympy.Rational(101, 100) * derive(spec, n_classes=n).envelope.doit()
    )
    assert above["verdict"] == check(above) == "violated"


@pytest.mark.parametrize("spec", ["logistic", "sum-exp", "gce:q=0.5", "softmax:1/u-1"])
def test_upper_bounds_are_proven_from_the_definition(spec: str) -> None:
    """T <= claim rests on no lemma; a claim a hair below T is refuted, and no proof of the right
    one serves it.
    """
    problem, formula = PointwiseProblem(spec, n_classes=3), derive(spec, n_classes=3).transform
    found = certify(problem, "<=", formula)
    assert found["verdict"] == check(found) == "holds"
    assert found["lemmas"] == []
    forged = copy.deepcopy(found)
    forged["statement"]["claim"]["formula"] = [
        "mul",
        "999999/1000000",
        found["statement"]["claim"]["formula"],
    ]
    forged["digest"] = digest(forged)
    with pytest.raises(Rejected):
        check(forged)
    below = certify(problem, "<=", sympy.Rational(99, 100) * formula)
    assert below["verdict"] == check(below) == "violated"


def test_upper_bounds_need_a_witness_in_the_simplex_and_a_convex_loss() -> None:
    found = certificate("logistic", 3, "T <= b")
    assert found["verdict"] == check(found) == "holds"
    for witness in ("2", "0", "-1/2", ["add", "1", "x"], ["1/2", "1/2"]):
        forged = copy.deepcopy(found)
        forged["proof"]["pieces"][-1]["witness"] = witness
        forged["digest"] = digest(forged)
        with pytest.raises(Rejected):
            check(forged)
    for spec, n in (("hinge", 2), ("comp-sum:tau=3", 3)):
        assert (
            certificate(spec, n, "T <= b", time_budget=5.0)["verdict"] == "undecided"
        )  # true, and beyond the rules


def test_a_claim_that_no_lemma_settles_is_undecided() -> None:
    found = certificate("gce:q=0.7", 10, "T >= b**2*10**(-7/10)", time_budget=1.0)
    assert found["verdict"] == check(found) == "undecided"
    assert found["proof"]["reason"]


def test_interrupted_work_goes_on() -> None:
    relation, formula = parse_claim("T >= b**2/2", 3)
    problem = PointwiseProblem("logistic", n_classes=3)
    first = certify(problem, relation, formula, max_boxes=6)
    assert first["verdict"] == "undecided"
    done = first["proof"]["progress"]["done"]
    assert done
    second = certify(problem, relation, formula, resume=json.loads(json.dumps(first)))
    assert second["verdict"] == check(second) == "holds"
    assert all(piece in second["proof"]["pieces"] for piece in done)
    with pytest.raises(InvalidInputError, match="same claim"):
        Search(PointwiseProblem("logistic", n_classes=4), relation, formula).run(first)


def test_an_interrupt_and_a_checkpoint_keep_what_is_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relation, formula = parse_claim("T >= b**2/2", 3)
    problem = PointwiseProblem("logistic", n_classes=3)
    monkeypatch.setattr("hconsist.certificates.search._SAVE_EVERY", 0.0)
    original, calls = Search._proven, iter(range(8))

    def interrupted(self: Search, *arguments: Any) -> Any:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return original(self, *arguments)

    saved: list[dict[str, Any]] = []
    monkeypatch.setattr(Search, "_proven", interrupted)
    first = certify(problem, relation, formula, checkpoint=lambda c: saved.append(copy.deepcopy(c)))
    assert "interrupted" in first["proof"]["reason"]
    monkeypatch.undo()
    for state in (first, saved[-1]):
        assert check(state) == "undecided"
        assert state["proof"]["progress"]["done"]
        assert (
            certify(problem, relation, formula, resume=json.loads(json.dumps(state)))["verdict"]
            == "holds"
        )


SAMPLES = {
    "identity": lambda: certificate(
        "gce:q=0.7", 3, "T >= ((((1+b)**(10/3)+(1-b)**(10/3))/2)**(3/10)-1)/(7/10*3**(7/10))"
    ),
    "boxes": lambda: certificate("logistic", 3, "T >= b**2/2"),
    "counterexample": lambda: certificate("gce:q=0.7", 4, "T >= b/2"),
    "margin": lambda: certificate("hinge", 2, "T >= 1.01*b"),
    "above": lambda: certificate("logistic", 3, "T <= b"),
    "even": lambda: certificate("rho-margin:rho=2", 2, "T >= b/2", "bounded:1"),
}
MADE: dict[str, dict[str, Any]] = {}


def sample(name: str) -> dict[str, Any]:
    if name not in MADE:
        MADE[name] = SAMPLES[name]()
    return MADE[name]


def numbers(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the numbers are: whole numbers, and strings that read as rationals."""
    if isinstance(value, dict):
        return [
            p
            for k, v in value.items()
            if k not in ("digest", "schema")
            for p in numbers(v, (*path, k))
        ]
    if isinstance(value, list):
        return [p for i, v in enumerate(value) for p in numbers(v, (*path, i))]
    try:
        Fraction(value)
    except (TypeError, ValueError):
        return []
    return [path]


def changed(made: dict[str, Any], path: tuple[Any, ...], by: Fraction) -> dict[str, Any]:
    result = copy.deepcopy(made)
    place: Any = result
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = int(old + by) if isinstance(old, int) else str(Fraction(old) + by)
    return result


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_changed_number_is_rejected(data: st.DataObject) -> None:
    made = sample(data.draw(st.sampled_from(sorted(SAMPLES))))
    path = data.draw(st.sampled_from(numbers(made)))
    by = data.draw(
        st.sampled_from([Fraction(1), Fraction(-1), Fraction(1, 1000), Fraction(7, 3)]).filter(
            lambda x: x != 0
        )
    )
    forged = changed(
        made, path, Fraction(round(by)) or Fraction(1) if isinstance(_at(made, path), int) else by
    )
    with pytest.raises(Rejected, match="digest"):
        check(forged)


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_forger_who_recomputes_the_digest_must_still_prove(data: st.DataObject) -> None:
    """The statement is made false by strengthening the claim or changing the loss: no digest saves
    the proof.
    """
    name = data.draw(st.sampled_from(["identity", "boxes", "even"]))
    forged = copy.deepcopy(sample(name))
    factor = str(
        1
        + data.draw(st.fractions(min_value=Fraction(1, 10**6), max_value=3, max_denominator=10**6))
    )
    forged["statement"]["claim"]["formula"] = [
        "mul",
        factor,
        forged["statement"]["claim"]["formula"],
    ]
    forged["digest"] = digest(forged)
    with pytest.raises(Rejected):
        check(forged)


@pytest.mark.parametrize("name", ["identity", "boxes"])
def test_a_missing_piece_a_false_verdict_and_other_lemmas_are_rejected(name: str) -> None:
    for change in (
        lambda c: c["proof"]["pieces"].pop(),
        lambda c: c.update(verdict="violated"),
        lambda c: c.update(lemmas=[]),
        lambda c: c.update(schema="hconsist-certificate/3"),
        lambda c: c["statement"].update(target={"kind": "top-k", "k": 2}),
        lambda c: c["statement"].update(target="zero-one"),
        lambda c: c.update(note="T(b) >= 100 b for every loss"),
        lambda c: c["statement"].update(note="T(b) >= 100 b for every loss"),
        lambda c: c["proof"].update(note="T(b) >= 100 b for every loss"),
        lambda c: c["proof"]["pieces"][0].update(note="and for every n"),
        lambda c: c["statement"].update(classes=1),
        lambda c: c["proof"].update(pieces=[]),
        lambda c: c.pop("statement"),
    ):
        forged = copy.deepcopy(sample(name))
        change(forged)
        forged["digest"] = digest(forged)
        with pytest.raises(Rejected):
            check(forged)


def test_a_counterexample_must_have_the_target_regret_and_the_prediction() -> None:
    made = sample("counterexample")
    for key in ("p", "point", "reference"):
        forged = copy.deepcopy(made)
        forged["proof"][key] = forged["proof"][key][::-1] if key != "p" else ["1/4"] * 4
        forged["digest"] = digest(forged)
        with pytest.raises(Rejected):
            check(forged)


def test_a_piece_that_runs_downwards_is_rejected() -> None:
    """With beta = -x and x from 0 to -1 the difference b - 2 b is x, which no rule may take for
    positive.
    """
    forged = certificate("hinge", 2, "T >= b")
    forged["statement"]["claim"]["formula"] = ["mul", "2", "b"]
    piece = {
        "from": "0",
        "to": "-1",
        "at": ["mul", "-1", "x"],
        "witness": "1",
        "method": "algebra:0",
    }
    forged["proof"]["pieces"] = [piece]
    forged["digest"] = digest(forged)
    with pytest.raises(Rejected, match="upwards"):
        check(forged)


@pytest.mark.parametrize(
    ("at", "witness", "claim"),
    [
        (["ifle", "x", "1/2", "0", "1"], "1", "2"),  # a jump covers no interval
        (["pow", ["add", "x", "-1/2"], "-1"], "1", ["mul", "2", "b"]),
        (
            "x",
            ["add", "inf", "x"],
            ["mul", "2", "b"],
        ),  # an infinite score is a limit, not a variable
        ("x", ["mul", "-1", "inf"], ["mul", "2", "b"]),
        ("x", "1", ["ifle", "b", "0", "5", "b"]),  # false at b = 0 alone
    ],
)
def test_crafted_pieces_are_refused(at: Any, witness: Any, claim: Any) -> None:
    for method in ("algebra:0", "algebra:1", "balls:0", "balls:1"):
        forged = certificate("hinge", 2, "T >= b")
        forged["statement"]["claim"]["formula"] = claim
        forged["proof"]["pieces"] = [
            {"from": "0", "to": "1", "at": at, "witness": witness, "method": method}
        ]
        forged["digest"] = digest(forged)
        with pytest.raises(Rejected):
            check(forged)


@pytest.mark.parametrize("value", [[], "x", {}, {"schema": "hconsist-certificate/4"}, None, 3])
def test_what_is_no_certificate_is_rejected(value: Any) -> None:
    with pytest.raises(Rejected):
        check(value)


def test_the_algebra_never_calls_different_things_equal() -> None:
    """Identities that hold, and near misses that do not."""
    x = sympy.Symbol("x", positive=True)
    p, q = 1 + x, 1 - x
    root = sympy.sqrt(p**2 + q**2)
    right = [
        (sympy.sqrt(1 - x**2) * sympy.sqrt(p), p * sympy.sqrt(q)),
        (p ** sympy.Rational(4, 3) * p ** sympy.Rational(-1, 3), p),
        (sympy.log(p * q), sympy.log(p) + sympy.log(q)),
        (sympy.tanh(x), (sympy.exp(2 * x) - 1) / (sympy.exp(2 * x) + 1)),
        (root**3, root * (2 + 2 * x**2)),
        (sympy.exp(sympy.log(p) / 2), sympy.sqrt(p)),
    ]
    for left, other in right:
        assert Algebra(
            Fraction(0), Fraction(1), minus(tree(left, {x: "x"}), tree(other, {x: "x"}))
        ).zero, (left, other)
        nearly = ["mul", "1000001/1000000", tree(other, {x: "x"})]
        assert not Algebra(Fraction(0), Fraction(1), minus(tree(left, {x: "x"}), nearly)).zero


def test_roots_of_squares_and_bases_of_unknown_sign_are_refused() -> None:
    with pytest.raises(Rejected):
        Algebra(Fraction(-1), Fraction(1), ["pow", ["pow", "x", "2"], "1/2"])  # |x|, not x
    with pytest.raises(Rejected):
        Algebra(Fraction(0), Fraction(1), ["log", ["add", "x", "-1/2"]])


def test_signs_follow_the_ends() -> None:
    for t, low, high, expected in (
        (["add", "1", ["mul", "-1", "x"]], 0, 1, True),
        (["add", "1", ["mul", "-1", "x"]], 0, 2, False),
        (["add", "1", ["mul", "-1", "x"]], 0, None, False),
        (["add", "x", "-1"], 1, None, True),
        (["pow", "x", "2"], -1, 1, False),  # true, and beyond these rules
        (["mul", "-1", ["exp", "x"]], 0, 1, False),
        ("0", 0, 1, True),
        (["log", "x"], 2, 3, False),
        (["max", "x", ["mul", "-1", "x"]], 0, 1, True),
    ):
        assert (
            Algebra(Fraction(low), None if high is None else Fraction(high), t).nonnegative
            is expected
        ), t


def test_a_common_denominator_keeps_its_sign() -> None:
    """1/(1 - x) + 1/(1 - x) - 3 is negative at 0: a denominator of the wrong sign would call it
    positive at once.
    """
    part = ["pow", ["add", "1", ["mul", "-1", "x"]], "-1"]
    assert not Algebra(Fraction(0), Fraction(1), ["add", part, part, "-3"]).nonnegative
    assert not Algebra(
        Fraction(0), Fraction(1), ["add", ["mul", "-1", part], ["mul", "-1", part]]
    ).nonnegative
    assert Algebra(Fraction(0), Fraction(1), ["add", part, part]).nonnegative


def bends(formula: Any, conditions: Any) -> bool:
    made = copy.deepcopy(sample("identity")["statement"])
    made["loss"]["formula"] = formula
    try:
        for obligation in conditions(read_statement(made)):
            discharge(obligation)
    except Rejected:
        return False
    return True


def test_which_losses_bend_how() -> None:
    for formula, is_convex, is_concave in (
        (["mul", "-1", ["log", "u"]], True, False),
        (["add", "1", ["mul", "-1", ["pow", "u", "2"]]], False, True),
        (["add", "1", ["mul", "-1", "u"]], True, True),
        (["pow", ["add", "u", "-1/2"], "2"], False, False),  # neither falling nor rising
    ):
        assert (bends(formula, convex), bends(formula, concave)) == (is_convex, is_concave)


def test_pieces_of_scores_must_lead_from_start_to_stop() -> None:
    """Ladders may climb either way and from either end; a gap, a missing end and a false inequality
    are refused.
    """

    def shown(pieces: list[tuple[str, str, str]], value: Any = ("exp", "v")) -> None:
        made = [{"from": a, "to": b, "climb": c, "method": "algebra:0"} for a, b, c in pieces]
        for obligation in scores(made, "-inf", "inf", list(value), "a test"):
            discharge(obligation)

    left, middle, right = ("-inf", "-1", "down"), ("-1", "1", "up"), ("1", "inf", "up")
    shown([left, middle, right])
    shown([left, ("-1", "1", "down"), right])
    for pieces in (
        [left, right],
        [left, middle],
        [right],
        [],
        [("-inf", "-1", "up"), middle, right],
        [left, middle, ("1", "inf", "down")],
        [left, ("-1", "2", "up"), ("2", "1", "up"), right],
    ):
        with pytest.raises(Rejected):
            shown(pieces)
    with pytest.raises(Rejected, match="inequality"):
        shown([left, middle, right], ("add", "v", "-1"))


def test_pieces_may_run_either_way_but_not_leave_a_gap() -> None:
    def covered(*ends: tuple[Any, Any, Any]) -> None:
        pieces = [
            {"from": a, "to": b, "at": at, "method": "algebra:0", "witness": None}
            for a, b, at in ends
        ]
        for _, _, found in covering(pieces, "0", "1"):
            for obligation in found:
                discharge(obligation)

    less = ["add", "1", ["mul", "-1", "x"]]
    covered(("0", "1", "x"))
    covered(("0", "1", less))
    covered(("0", "1/2", "x"), ("0", "1/2", less))
    covered(("0", "2", ["mul", "1/2", "x"]))
    covered(("0", ["pow", "2", "1/2"], ["mul", ["pow", "2", "-1"], ["pow", "x", "2"]]))
    for wrong in (
        [("0", "1/2", "x")],
        [("0", "1/3", "x"), ("1/2", "1", "x")],
        [("1/2", "1", "x")],
        [("0", "1", ["pow", ["mul", "2", "x"], "-1"])],
    ):
        with pytest.raises(Rejected):
            covered(*wrong)


def test_balls_of_trees_contain_samples_and_derivatives_agree() -> None:
    t = [
        "add",
        ["pow", ["add", "1", "x"], "4/3"],
        ["mul", "-1/2", ["exp", ["mul", "-1", "x"]]],
        ["log", ["add", "1", "x"]],
    ]
    box = arb(Fraction(1, 10)).union(arb(Fraction(3, 10)))
    d = ball(derivative(t, "x"), x=box)
    for k in range(11):
        x = Fraction(1, 10) + Fraction(k, 50)
        assert ball(t, x=box).contains(ball(t, x=arb(x)).mid())
        h = Fraction(1, 10**8)
        slope = (ball(t, x=arb(x + h)) - ball(t, x=arb(x - h))) / arb(2 * h)
        assert d.overlaps(slope)


def test_a_maximum_has_no_derivative_at_a_tie() -> None:
    t = derivative(["max", "x", ["mul", "-2", "x"]], "x")
    for x, slope in ((3, 1), (-3, -2)):
        assert ball(t, x=arb(x)).contains(slope)
        assert float(ball(t, x=arb(x)).rad()) < 1e-12
    with pytest.raises(Rejected):
        ball(t, x=arb(0))


def test_prove_is_three_valued() -> None:
    prove(["pow", "x", "2"], "x", "0", "1", "balls:2")
    prove(["pow", "x", "2"], "x", "0", "inf", "algebra:1")
    for t in (
        ["add", "x", "-1/1000000"],
        ["mul", "-1", "x"],
        ["add", ["pow", "x", "2"], ["mul", "-1", "x"], "1/4"],
    ):
        for method in (
            "algebra:0",
            "algebra:1",
            "algebra:2",
            "balls:0",
            "balls:1",
            "balls:2",
            "magic:0",
            "balls:9",
            "balls",
        ):
            with pytest.raises(Rejected):
                prove(t, "x", "0", "1", method)


def test_a_loss_that_no_lemma_covers_is_not_certified() -> None:
    b = beta_symbol()
    with pytest.raises(EngineCannotAnswerError):
        certify(PointwiseProblem("max:phi=exponential", n_classes=3), ">=", b)
    with pytest.raises(EngineCannotAnswerError):  # increasing in the softmax value
        certify(PointwiseProblem("softmax:u**2", n_classes=3), ">=", b)
    assert (
        certify(PointwiseProblem("margin:exp(v)", n_classes=2), ">=", b)["verdict"] != "holds"
    )  # not calibrated: T = 0
    for text in ("b**2", "T > b", "T >= x", "T >= (", "T >= "):
        with pytest.raises(InvalidInputError):
            parse_claim(text, 3)


def test_a_margin_loss_of_the_wrong_slope_has_no_least_value() -> None:
    made = copy.deepcopy(certificate("hinge", 2, "T >= b"))
    made["statement"]["loss"]["formula"] = ["max", "0", ["add", "1", "v"]]
    made["digest"] = digest(made)
    with pytest.raises(Rejected, match="wrong label"):
        check(made)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cert.json"
    assert run("certify", "logistic", "-n", "3", "--claim", "T >= b**2/2", "-o", str(file)) == 0
    assert run("check", str(file)) == 0
    assert "holds" in capsys.readouterr().out
    assert run("check", str(file), "--json") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "holds"
    made = json.loads(file.read_text())
    made["proof"]["pieces"][0]["to"] = "1/3"
    file.write_text(json.dumps(made))
    assert run("check", str(file)) == 2
    error = capsys.readouterr().err
    assert "digest" in error
    assert len(error.strip().splitlines()) == 1
    assert run("certify", "mae", "-n", "3", "--claim", "T >= b", "-o", str(file)) == 1
    assert run("check", str(file)) == 1
    assert (
        run(
            "certify",
            "logistic",
            "-n",
            "3",
            "--claim",
            "T >= b**2/2",
            "--max-boxes",
            "3",
            "-o",
            str(file),
        )
        == 3
    )
    assert run("check", str(file)) == 3
    assert (
        run("certify", "logistic", "-n", "3", "--claim", "T >= b**2/2", "--resume", "-o", str(file))
        == 0
    )
    assert run("check", str(file)) == 0
    assert (
        run("certify", "logistic", "-n", "3", "--claim", "b**2/2", "-o", str(tmp_path / "no.json"))
        == 2
    )
    assert not (tmp_path / "no.json").exists()


def test_the_catalogue_as_certificates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = ("comp-sum-gce-exact", "osokin-quadratic", "comp-sum-gce-not-tight")
    assert run("verify", *ids, "--certificates", str(tmp_path)) == 0
    shown = capsys.readouterr()
    files = sorted(tmp_path.glob("*.json"))
    assert {check(json.loads(f.read_text())) for f in files} == {"holds", "violated"}
    assert f"{len(files)} certificates" in shown.err
    assert "beyond" in shown.err
    before = [f.stat().st_mtime_ns for f in files]
    assert run("verify", *ids, "--certificates", str(tmp_path)) == 0
    assert [f.stat().st_mtime_ns for f in files] == before  # what checks is kept


KEPT = Path(__file__).parent.parent / "certificates"
NEW = sorted(KEPT.glob("*.json"))


@pytest.mark.parametrize("file", NEW, ids=lambda f: f.stem)
def test_certificates_of_new_statements_check(file: Path) -> None:
    """The files kept in certificates/ prove what the catalogue says today."""
    name, _, index = file.stem.rpartition("-")
    entry = catalogue()[name]
    problem, relation, claim, verdict = list(claims(entry))[int(index)]
    made = json.loads(file.read_text(encoding="utf-8"))
    assert entry.new
    assert made["statement"] == statement(problem, relation, claim)
    assert check(made) == verdict


@pytest.mark.parametrize("file", sorted((KEPT / "scores").glob("*.json")), ids=lambda f: f.stem)
def test_certificates_of_losses_of_all_scores_check(file: Path) -> None:
    """Improvements for piecewise-linear losses of all scores; the smallest is made anew."""
    name, _, index = file.stem.rpartition("-")
    entry = catalogue()[name]
    problem, relation, claim, verdict = list(claims(entry))[int(index)]
    made = json.loads(file.read_text(encoding="utf-8"))
    assert made["statement"]["classes"] == problem.n_classes
    assert made["statement"]["claim"]["kind"] == f"T {relation}"
    assert check(made) == verdict
    if problem.n_classes == 2:
        assert certify(problem, relation, claim)["statement"] == made["statement"]


def test_the_checker_is_small_files() -> None:
    for file in Path(hconsist.checker.__file__).parent.rglob("*.py"):
        assert len(file.read_text(encoding="utf-8").splitlines()) < 400, file


def test_the_checker_loads_nothing_of_the_package_but_itself() -> None:
    code = (
        "import sys, hconsist.checker, hconsist.checker.__main__; print(sorted(m for m in "
        "sys.modules if m.startswith(('hconsist', 'sympy', 'numpy')) "
        "and not m.startswith('hconsist.checker')))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown.strip() == "['hconsist']"


def value_of(algebra: Algebra, p: Any, x: float) -> float:
    """A polynomial in atoms at a number, by floats."""
    total = 0.0
    for exponents, coefficient in p.terms():
        term = float(Fraction(int(coefficient.p), int(coefficient.q)))
        for i, e in enumerate(exponents):
            if e:
                kind, of = algebra.atoms[len(exponents) - 1 - i]
                inner = x if kind == "variable" else value_of(algebra, of, x)
                base = {
                    "log": math.log,
                    "exp": math.exp,
                    "root": lambda v: v ** (1 / algebra.root),
                }.get(kind, float)(inner)
                term *= base ** int(e)
        total += term
    return total


RATIONALS = st.sampled_from(["1", "2", "1/2", "3", "-1", "2/3", "-3/2"])
EXPONENTS = st.sampled_from(["2", "3", "-1", "1/2", "4/3", "-1/3", "5/2", "-2"])
TREES = st.recursive(
    st.one_of(st.just("x"), RATIONALS),
    lambda inner: st.one_of(
        st.tuples(st.just("add"), inner, inner).map(list),
        st.tuples(st.just("mul"), inner, inner).map(list),
        st.tuples(st.just("pow"), inner, EXPONENTS).map(list),
        st.tuples(st.sampled_from(["exp", "log"]), inner).map(list),
        st.tuples(st.just("max"), inner, inner).map(list),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, st.sampled_from([Fraction(1, 7), Fraction(2, 5), Fraction(5, 6)]))
def test_normal_forms_are_the_functions_that_they_came_from(t: Any, x: Fraction) -> None:
    try:
        algebra = Algebra(Fraction(0), Fraction(1), t)
        exact = ball(t, x=arb(x))
    except (Rejected, ZeroDivisionError):
        return
    if not exact.is_finite() or abs(float(exact.mid())) > 1e6:
        return
    try:
        p, q = algebra.form(t)
        value = value_of(algebra, p, float(x)) / value_of(algebra, q, float(x))
    except (OverflowError, ZeroDivisionError):
        return
    assert value == pytest.approx(float(exact.mid()), rel=1e-6, abs=1e-6)
    if algebra.zero:
        assert abs(float(exact.mid())) < 1e-9
    if algebra.nonnegative:
        assert float(exact.mid()) > -1e-9
