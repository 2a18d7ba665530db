"""``hconsist selftest``: what it prints, what it exits with, and that it sees a false proof."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import hconsist.selftest as selftest
from hconsist.cli.app import app
from hconsist.cli.limits import BudgetSpent
from hconsist.losses import parse_loss
from hconsist.pointwise import Answer
from hconsist.selftest import Finding, Tally, fuzz, judge, three_labels, two_labels


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["selftest", *arguments], standalone_mode=True)


@pytest.fixture
def two_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command on two small losses, whatever the clock says."""

    def some(seed: int, minutes: float, progress: Any, tally: Tally) -> Tally:
        for spec in ("mae", "margin:Max(0,1-v)"):
            fuzz.compare(parse_loss(spec), spec, 2, None, tally, np.random.default_rng(seed))
            tally.formulas += 1
        return tally

    monkeypatch.setattr(fuzz, "MANY", ("1/100", "3/10", "9/10"))
    monkeypatch.setattr(selftest, "run", some)


def test_it_prints_what_it_compared(two_losses: None) -> None:
    found = run("--minutes", "1", "--seed", "7")
    assert found.exit_code == 0, found.output
    assert "seed 7: 2 losses" in found.output
    assert "No proven statement was contradicted." in found.output
    assert "symbolic" in found.output and "rigorous" in found.output


def test_json_has_counts_and_seed(two_losses: None) -> None:
    found = json.loads(run("--seed", "7", "--json").stdout)
    assert found["seed"] == 7 and found["formulas"] == 2 and found["contradicted"] is False
    proven = [row for row in found["compared"] if row["kind"] == "enclosure"]
    assert found["comparisons"] == sum(row["count"] for row in found["compared"])
    assert {row["engine"] for row in proven} >= {"symbolic", "rigorous", "gap, rigorous"}


def _finds(finding: Finding, then: BaseException | None = None) -> Any:
    def some(seed: int, minutes: float, progress: Any, tally: Tally) -> Tally:
        tally.formulas, tally.now = 2, "mae, n = 2"
        tally.count("symbolic", "enclosure")
        tally.findings.append(finding)
        progress(tally)
        if then is not None:
            raise then
        return tally

    return some


@pytest.mark.parametrize(
    ("severity", "then", "code"),
    [
        ("miss", KeyboardInterrupt(), 130),
        ("miss", BudgetSpent(1), 3),
        ("false proof", KeyboardInterrupt(), 1),
        ("miss", RuntimeError("of ours"), 4),
    ],
)
def test_whoever_stops_it_gets_what_was_compared(
    monkeypatch: pytest.MonkeyPatch, severity: Any, then: BaseException, code: int
) -> None:
    monkeypatch.setattr(selftest, "run", _finds(Finding(severity, "e", "k", "q", "1", "0"), then))
    found = run("--seed", "3", "--json")
    assert found.exit_code == code
    assert f"{severity}: e k of q" in found.stderr  # as it comes
    assert "2 losses, 1 comparisons; now mae, n = 2" in found.stderr
    shown = json.loads(found.stdout)
    if code == 4:
        assert "of ours" in shown["error"]["rule"]
    else:
        assert shown["comparisons"] == 1 and "at mae, n = 2" in shown["stopped"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM")
def test_a_request_to_end_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def some(seed: int, minutes: float, progress: Any, tally: Tally) -> Tally:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("not stopped")

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(selftest, "run", some)
    found = run("--seed", "3")
    assert found.exit_code == 130 and "seed 3: 0 losses" in found.stdout
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_contradiction_exits_1(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally(3, findings=[Finding("false proof", "e", "k", "q", "[1, 2]", "0")])
    monkeypatch.setattr(selftest, "run", _finds(tally.findings[0]))
    found = run("--seed", "3")
    assert found.exit_code == 1
    assert "false proof: e k of q" in found.output and "please report" in found.output


@pytest.mark.parametrize(
    "arguments", [("--minutes", "0"), ("--minutes", "nan"), ("--seed", "-1"), ("--minutes", "x")]
)
def test_bad_input_exits_2(arguments: tuple[str, ...]) -> None:
    from hconsist.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(["selftest", *arguments])
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("low", "high", "declared", "severity"),
    [
        (0.2, 0.3, False, []),  # T(1/2) of the MAE is 1/4
        (0.26, 0.3, False, ["false proof"]),
        (0.2, 0.24, False, ["false proof"]),
        (0.26, 0.3, True, []),
    ],
)
def test_a_false_enclosure_is_seen(
    low: float, high: float, declared: bool, severity: list[str]
) -> None:
    tally, question = Tally(0), judge.Trial(parse_loss("mae"), "mae", 2, None, ("1/2",))
    points = judge.brute(question)
    assert points is not None
    from fractions import Fraction

    said = ("declared: something",) if declared else ()
    answer = Answer(0.27, Fraction(low), Fraction(high), None, "rigorous", said)
    judge._held_against(tally, question, "rigorous", answer, points["1/2"])
    assert [f.severity for f in tally.findings] == severity


def test_a_miss_without_a_reason_is_seen() -> None:
    question = judge.Trial(parse_loss("mae"), "mae", 2, None, ("1/2",))
    points = judge.brute(question)
    assert points is not None
    for reason, expected in (("", ["miss"]), ("not settled", [])):
        tally = Tally(0)
        answer = Answer(0.2501, None, None, None, "numeric", (), reason)
        judge._held_against(tally, question, "numeric", answer, points["1/2"])
        assert [f.severity for f in tally.findings] == expected


def _float_losses(spec: str) -> Any:
    return judge.Trial(parse_loss(spec), spec, 2, None, ("1/2",)).losses


def test_brute_force_of_two_labels_sees_both_sides_of_a_jump() -> None:
    phi = "log(1+exp(-2*v))"
    losses = _float_losses(f"margin:Piecewise(({phi},v<=-2),({phi}-2/5,True))")
    (point,) = two_labels.sweep(losses, [59 / 60])  # type: ignore[misc]
    # the best risk is the limit at margin 2 from below, less than that of the valley beyond
    eta = (1 + 59 / 60) / 2
    best = eta * np.log1p(np.exp(-4)) + (1 - eta) * np.log1p(np.exp(4)) - 2 / 5
    assert point.regret == pytest.approx(np.log(2) - 2 / 5 - best, abs=1e-12)


def test_brute_force_of_three_labels_follows_the_valleys_of_kinks() -> None:
    losses = _float_losses("softmax:(tanh(1-u))+sqrt(2)/2*Abs(u-(3/4))")
    p = np.array([19, 5.5, 5.5]) / 30
    axis = np.linspace(0, 4, 401)
    a, c = np.meshgrid(axis, axis)
    for wrong in (True, False):
        orders = ([1, 0, 2],) if wrong else ([0, 1, 2], [1, 0, 2], [2, 1, 0])
        grid = np.stack([np.zeros_like(a), -a, -c], axis=-1)
        least = min(float((losses(grid) @ p[o]).min()) for o in orders)
        asked = p[[1, 0, 2]] if wrong else p
        scores, risk = three_labels.careful(losses, asked, 2.0, wrong)
        assert least - 1e-3 < risk <= least
        assert float(losses(scores) @ asked) == pytest.approx(risk, abs=1e-12)
    # a pattern search that stops on the ridge of a kink had T(9/20) <= 0.18846 by this point
    found = three_labels.regret_at(losses, tuple(p), (2.0, 2.0, -2.0), 2.0)
    assert found == pytest.approx(0.1886137837, abs=1e-9)
