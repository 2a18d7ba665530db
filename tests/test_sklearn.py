"""`hconsist.sklearn.SurrogateClassifier`: scikit-learn's own checks, and what it promises."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hconsist.errors import InvalidInputError
from hconsist.losses import CATALOGUE, parse_loss
from hconsist.simulate.conditional import conditional_risk
from hconsist.simulate.optimum import least_conditional_risk
from hconsist.simulate.probabilities import link

pytest.importorskip("sklearn")
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator


def classifier(*arguments: Any, **named: Any) -> Any:
    return importlib.import_module("hconsist.sklearn").SurrogateClassifier(*arguments, **named)


@pytest.mark.filterwarnings("ignore")  # its checks provoke warnings on purpose
def test_scikit_learn_s_own_checks() -> None:
    results = check_estimator(classifier(), on_skip=None)
    assert len(results) > 50
    # one check is for those who set SCIPY_ARRAY_API before they import SciPy
    skipped = {r["check_name"] for r in results if r["status"] != "passed"}
    assert skipped <= {"check_array_api_input"}


def test_the_logistic_loss_is_scikit_learn_s_logistic_regression() -> None:
    x, y = load_wine(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    mine = classifier("logistic", alpha=0.01).fit(x, y)
    theirs = LogisticRegression(C=1 / (0.01 * len(y)), tol=1e-8, max_iter=1000).fit(x, y)
    assert mine.predict_proba(x) == pytest.approx(theirs.predict_proba(x), abs=1e-5)
    assert mine.coef_ == pytest.approx(theirs.coef_, abs=1e-4)
    assert mine.score(x, y) == theirs.score(x, y)


def test_pipelines_and_grid_search_over_losses() -> None:
    x, y = load_wine(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), classifier(restarts=1, tol=1e-5))
    losses = ["logistic", "gce:q=0.7", "sum:phi=squared-hinge"]
    grid = {"surrogateclassifier__loss": losses, "surrogateclassifier__alpha": [0.1, 0.01]}
    search = GridSearchCV(pipe, grid, cv=3).fit(x, y)
    assert search.best_score_ > 0.95
    assert cross_val_score(classifier(alpha=0.1), x, y, cv=3).mean() > 0.9  # unscaled


def test_mini_batches_from_a_file_come_near_the_optimum(tmp_path: Path) -> None:
    x, y = load_digits(return_X_y=True)
    stored = np.memmap(tmp_path / "x", dtype=np.float32, mode="w+", shape=x.shape)
    stored[:] = x
    stored.flush()
    at_once = classifier(alpha=0.01, tol=1e-4).fit(x, y)
    few = classifier(alpha=0.01, batch_size=64, epochs=8, random_state=0).fit(
        np.memmap(tmp_path / "x", dtype=np.float32, mode="r", shape=x.shape), y
    )
    part = classifier(alpha=0.01, random_state=0)
    for _ in range(3):
        for i in range(0, len(y), 128):
            part.partial_fit(x[i : i + 128], y[i : i + 128], classes=range(10))

    def value(c: Any) -> float:
        p = c.predict_proba(x)[np.arange(len(y)), y]
        return float(-np.log(p).mean() + 0.005 * (c.coef_**2).sum())

    assert value(at_once) < value(few) < value(at_once) + 0.03
    assert value(part) < value(at_once) + 0.1
    before = value(at_once)
    at_once.partial_fit(x[:128], y[:128])
    assert before < value(at_once) < 0.5  # goes on from where fit ended, not from log 10


@pytest.mark.parametrize(
    "hypotheses", ["linear:W=5,B=5", "rff:features=40,scale=6", "relu:width=4"]
)
def test_other_hypotheses(hypotheses: str) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x)
    model = classifier("logistic", alpha=1e-2, hypotheses=hypotheses, restarts=1, tol=1e-3)
    assert model.fit(x, y).score(x, y) > 0.9


#: Losses whose scores tell probabilities, by number of labels.
TOLD = {3: {"logistic", "sum-exp", "gce", "comp-sum", "focal", "sce", "brier", "spherical",
            "softmax", "ldr", "infonce", "taylor-ce", "ael", "agce", "js", "soft-truncated"},
        2: {"margin-logistic", "exponential", "least-squares", "margin", "probit"}}  # fmt: skip


@pytest.mark.parametrize("name", CATALOGUE)
def test_scores_are_best_under_the_probabilities_they_tell(name: str) -> None:
    loss = parse_loss(name)
    n = loss.only_classes or 3
    told = link(loss, n)
    assert (told is not None) == (name in TOLD[n])
    if told is None:
        with pytest.raises(AttributeError, match="has no attribute 'predict_proba'"):
            classifier(name).predict_proba  # noqa: B018
        return
    scores = 0.4 * np.random.default_rng(0).normal(size=(6, n))
    p = told(scores)
    assert p.sum(-1) == pytest.approx(1)
    best, _ = least_conditional_risk(loss, p)
    assert conditional_risk(loss, scores, p) == pytest.approx(best, abs=1e-9)
    scores[:, 0] += 0.3
    assert (told(scores)[:, 0] >= p[:, 0]).all()


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda x, y: classifier("hinge").fit(x, y), "lift it: 'sum:phi=hinge'"),
        (lambda x, y: classifier(alpha=-1).fit(x, y), "alpha must be"),
        (lambda x, y: classifier(batch_size=0).fit(x, y), "batch_size must be >= 1"),
        (lambda x, y: classifier().partial_fit(x, y), "classes must be given"),
        (lambda x, y: classifier().partial_fit(x, y, classes=[0, 1]), "labels must be among"),
    ],
)
def test_bad_input_names_the_rule(make: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        make(np.eye(3), [0, 1, 2])
