"""The audit of classifiers of real data, against sums written here a second time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hconsist as hc
from hconsist.cli import main
from hconsist.cli.bound import looks_like_a_raw_risk
from hconsist.errors import InvalidInputError
from hconsist.losses import parse_loss
from hconsist.simulate import train

datasets = pytest.importorskip("sklearn.datasets")


def classifier(name: str, loss: str = "logistic") -> tuple[np.ndarray, np.ndarray]:
    """Logits of held-out examples, and their labels."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
    order = np.random.default_rng(0).permutation(len(y))
    half = len(y) // 2
    fit = train(loss, "linear", x[order[:half]], y[order[:half]], l2=0.02, tolerance=1e-4)
    return fit.scores(x[order[half:]])[0], y[order[half:]]


@pytest.mark.parametrize("name", ["digits", "wine", "breast_cancer"])
def test_hard_labels_of_real_data(name: str) -> None:
    logits, y = classifier(name)
    found = hc.audit(logits, y)
    log_q = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    risk = -log_q[np.arange(len(y)), y].mean()
    wrong = (logits.argmax(1) != y).mean()
    assert found.risk.value == pytest.approx(risk)
    assert found.error.value == pytest.approx(wrong)
    assert found.error.low <= wrong <= found.error.high
    assert found.risk.low < risk < found.risk.high
    floor, *range_ = found.sides
    bound = hc.derive("logistic", n_classes=logits.shape[1])
    assert floor.proven and floor.excess > risk
    assert floor.most >= float(bound.bound(floor.excess).estimate)
    less, more = range_
    assert 0 <= less.excess <= more.excess < floor.excess
    assert "estimate" in less.means and wrong <= floor.most
    assert sum(row["examples"] for row in found.per_class) == len(y)
    recall = [(logits[y == k].argmax(1) == k).mean() for k in range(logits.shape[1])]
    assert [row["recall"] for row in found.per_class] == pytest.approx(recall)
    assert sum(b["examples"] for b in found.calibration) == len(y)


def annotated(name: str = "wine") -> tuple[np.ndarray, np.ndarray]:
    logits, y = classifier(name)
    k, random = logits.shape[1], np.random.default_rng(1)
    q = 0.7 * np.eye(k)[y] + 0.3 / k
    return logits, np.stack([random.multinomial(7, row) for row in q])


@pytest.mark.parametrize("spec", ["logistic", "gce:q=0.7", "brier"])
def test_soft_labels_show_both_sides_and_where_the_slack_goes(spec: str) -> None:
    logits, counts = annotated()
    p = counts / 7
    found = hc.audit(logits, counts, spec)
    assert hc.audit(logits, p, spec).risk == found.risk
    regret = p.max(1) - p[np.arange(len(p)), logits.argmax(1)]
    assert found.regret is not None and found.surrogate_regret is not None
    assert found.regret.value == pytest.approx(regret.mean())
    q = np.exp(logits - np.log(np.exp(logits).sum(1, keepdims=True)))
    if spec == "logistic":
        with np.errstate(divide="ignore", invalid="ignore"):
            divergence = np.where(p > 0, p * np.log(p / q), 0).sum(1)
        assert found.surrogate_regret.value == pytest.approx(divergence.mean(), abs=1e-8)
    if spec == "brier":
        assert found.surrogate_regret.value == pytest.approx(((p - q) ** 2).sum(1).mean())
    (side,) = found.sides
    assert regret.mean() <= side.most  # the theorem
    assert sum(found.lost.values()) == pytest.approx(found.surrogate_regret.value, abs=2e-4)
    assert min(found.lost.values()) >= -2e-4


def test_a_false_constant_would_be_seen() -> None:
    # the witness of T meets the bound: half of it, and the audit's two sides would cross
    answer = hc.transform(hc.PointwiseProblem("logistic", n_classes=3), beta=0.5)
    p = np.array([float(v) for v in answer.witness.p])
    scores = np.array(answer.witness.scores, dtype=float)
    tie = np.flatnonzero(scores >= scores.max() - 1e-9)
    scores[tie[p[tie].argmin()]] += 1e-9
    found = hc.audit([scores, scores], [p, p])
    assert found.regret is not None
    assert found.regret.value == pytest.approx(0.5, abs=1e-6)
    assert found.regret.value <= found.sides[0].most + 1e-6 < 0.51


def test_the_command_prints_writes_and_warns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logits, counts = annotated("breast_cancer")
    np.save(tmp_path / "logits.npy", logits)
    np.save(tmp_path / "soft.npy", counts)
    files = [str(tmp_path / "logits.npy"), str(tmp_path / "soft.npy")]

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(list(words))
        return int(left.value.code or 0), *capsys.readouterr()

    page = tmp_path / "audit.html"
    code, out, _ = run("audit", *files, "--report", str(page))
    assert code == 0 and "excess error <= Gamma(" in out and "wrong probabilities" in out
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text and "http-equiv" not in text and "<script" not in text
    code, out, _ = run("audit", *files, "--json")
    assert code == 0 and json.loads(out)["labels"] == "soft"
    assert run("audit", files[0], str(page))[0] == 2
    assert run("audit", files[0], str(tmp_path / "none.npy"))[0] == 2
    code, out, err = run("bound", "logistic", "-n", "10", "--excess", "2.5")
    assert code == 0 and "above 2.3026" in err and "above 2.3026" in out
    assert "above" not in run("bound", "logistic", "-n", "10", "--excess", "0.31")[2]


@pytest.mark.parametrize(
    ("logits", "labels", "rule"),
    [
        (np.zeros(3), [0, 1, 1], "logits must have shape"),
        (np.array([[0.0, np.nan]] * 2), [0, 1], "finite numbers; received 2 that"),
        (np.zeros((2, 3)), [0, 3], "in 0..2; received int64, shape .* from 0 to 3"),
        (np.zeros((3, 2)), [0, 1, 2], "whole numbers in 0..1"),
        (np.zeros((3, 2)), [0.5, 1, 1], "whole numbers in 0..1"),
        (np.zeros((2, 2)), [[0.5, 0.4], [1, 0]], "sum to 1"),
        (np.zeros((2, 2)), [[0, 0], [1, 0]], "sum to 1"),
        (np.zeros((2, 2)), np.zeros((2, 3)), "labels must have shape"),
    ],
)
def test_bad_input_names_the_rule(logits: Any, labels: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        hc.audit(logits, labels)


def test_what_looks_like_a_raw_risk() -> None:
    assert "above 1.0000" in looks_like_a_raw_risk(parse_loss("hinge"), 2, "1.5")
    assert "above 6.9078" in looks_like_a_raw_risk(parse_loss("logistic"), 1000, "7")
    assert looks_like_a_raw_risk(parse_loss("mae"), 10, "0.5") == ""
