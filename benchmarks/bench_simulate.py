"""Batched training against scikit-learn in a loop and against torch autograd, side by side in one
run.

    python benchmarks/bench_simulate.py [--quick]

Every line trains the same l2-penalised logistic regressions. scikit-learn and torch are optional:
what is missing is skipped. Values are compared before times: an optimum that another method beats
by more than 1e-6 fails the run. Memory is the peak that tracemalloc sees, NumPy's arrays included
(torch's own allocations are not).
"""

from __future__ import annotations

import importlib.util
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np

from hconsist.arithmetic import NUMPY
from hconsist.losses import parse_loss
from hconsist.simulate import Backend, train

LOGISTIC = parse_loss("logistic")


def data(problems: int, m: int, d: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    y = random.integers(n, size=(problems, m))
    centres = random.normal(size=(n, d)) * 1.5 / np.sqrt(d)
    return centres[y] + random.normal(size=(problems, m, d)), y


def value(weights: np.ndarray, x: np.ndarray, y: np.ndarray, l2: float) -> np.ndarray:
    """Objective at weights (B, n, d + 1), classes centred: adding one vector to all rows changes
    the penalty alone.
    """
    weights = weights - weights.mean(axis=1, keepdims=True)
    scores = x @ np.swapaxes(weights[..., :-1], 1, 2) + weights[:, None, :, -1]
    losses = np.take_along_axis(LOGISTIC.losses(scores, NUMPY), y[..., None], axis=-1)[..., 0]
    return losses.mean(axis=1) + l2 / 2 * (weights[..., :-1] ** 2).sum((1, 2))


def ours(x: np.ndarray, y: np.ndarray, n: int, l2: float, library: str = "numpy") -> np.ndarray:
    fit = train(
        "logistic", "linear", x, y, n_classes=n, l2=l2, tolerance=1e-5, backend=Backend(library)
    )
    return fit.parameters.reshape(len(x), n, -1)


def scikit_learn(x: np.ndarray, y: np.ndarray, n: int, l2: float) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    result = []
    for features, labels in zip(x, y, strict=True):
        # for two classes scikit-learn has one row w of weights: rows (-w/2, w/2) have half its
        # squared norm
        strength = 1 / (l2 * len(labels)) * (2 if n == 2 else 1)
        model = LogisticRegression(C=strength, tol=1e-5, max_iter=1000).fit(features, labels)
        rows = np.c_[model.coef_, model.intercept_]
        result.append(np.concatenate([-rows / 2, rows / 2]) if n == 2 else rows)
    return np.stack(result)


def autograd(x: np.ndarray, y: np.ndarray, n: int, l2: float) -> np.ndarray:
    """One problem after the other with torch's own L-BFGS and autograd."""
    import torch

    result = []
    for features, labels in zip(x, y, strict=True):
        inputs, targets = torch.tensor(features), torch.tensor(labels)
        weights = torch.zeros((n, features.shape[1] + 1), dtype=torch.float64, requires_grad=True)
        optimiser = torch.optim.LBFGS(
            [weights], max_iter=500, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
        )

        def closure() -> torch.Tensor:
            optimiser.zero_grad()  # noqa: B023 (called in this turn of the loop only)
            scores = inputs @ weights[:, :-1].T + weights[:, -1]  # noqa: B023
            risk = torch.nn.functional.cross_entropy(scores, targets)  # noqa: B023
            risk = risk + l2 / 2 * (weights[:, :-1] ** 2).sum()  # noqa: B023
            risk.backward()
            return risk

        optimiser.step(closure)
        result.append(weights.detach().numpy())
    return np.stack(result)


def measure(
    function: Callable[[], np.ndarray], repeats: int = 3
) -> tuple[float, float, np.ndarray]:
    """Best wall-clock seconds of a few runs, peak MiB of another, and the weights."""
    result = function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return min(seconds), peak, result


def main() -> int:
    warnings.simplefilter("ignore")
    quick = "--quick" in sys.argv
    settings = [
        ("many small", 100, 50, 3, 2),
        ("many small", 100, 50, 5, 3),
        ("one large", 1, 20_000, 20, 3),
    ]
    if not quick:
        settings += [
            ("many small", 1000, 50, 5, 2),
            ("many middling", 100, 500, 10, 4),
            ("one large", 1, 50_000, 50, 10),
        ]
    methods = {"batched (numpy)": ours}
    if importlib.util.find_spec("torch"):
        methods["batched (torch)"] = lambda x, y, n, l2: ours(x, y, n, l2, "torch")
        methods["torch autograd"] = autograd
    if importlib.util.find_spec("sklearn"):
        methods["scikit-learn"] = scikit_learn
    failed = False
    header = (
        "setting",
        "problems",
        "m",
        "d",
        "n",
        "method",
        "seconds",
        "ratio",
        "MiB",
        "above best",
    )
    print("{:15} {:>8} {:>6} {:>3} {:>2}  {:16} {:>9} {:>7} {:>7} {:>11}".format(*header))
    for name, problems, m, d, n in settings:
        x, y = data(problems, m, d, n)
        found = {
            method: measure(lambda f=f, x=x, y=y, n=n: f(x, y, n, 1e-2))
            for method, f in methods.items()
        }  # type: ignore[misc]
        values = {method: value(weights, x, y, 1e-2) for method, (_, _, weights) in found.items()}
        best = np.min(list(values.values()), axis=0)
        reference = found["batched (numpy)"][0]
        for method, (seconds, peak, _) in found.items():
            above = float((values[method] - best).max())
            failed |= method.startswith("batched") and above > 1e-6
            setting = f"{name:15} {problems:8} {m:6} {d:3} {n:2}"
            print(
                f"{setting}  {method:16} {seconds:9.4f} {seconds / reference:7.2f} {peak:7.1f} "
                f"{above:11.1e}",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
