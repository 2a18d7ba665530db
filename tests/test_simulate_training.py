"""Batched training against finite differences, SciPy, autograd and itself on other array
libraries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize as scipy_minimize

from hconsist.arithmetic import NUMPY
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.losses import CATALOGUE, Loss, parse_loss
from hconsist.simulate import Backend, Fit, parse_model, train, training
from hconsist.simulate.convergence import NotConvergedWarning, counting
from hconsist.simulate.gradients import risk_kernel
from hconsist.simulate.lbfgs import minimise

LOSSES = sorted(CATALOGUE)


def data(
    n: int, m: int = 60, d: int = 2, batch: int = 1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.integers(n, size=(batch, m))
    centres = random.normal(size=(n, d))
    return centres[y] + random.normal(size=(batch, m, d)), y


def on(library: str) -> Backend:
    """The strict library on a device of its own, where an array made elsewhere is refused."""
    return Backend(library, "device1" if library == "array_api_strict" else "cpu")


def classes_of(loss: Loss) -> int:
    return loss.only_classes or 3


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("library", ["numpy", "array_api_strict"])
def test_gradient_of_every_loss_is_a_finite_difference(name: str, library: str) -> None:
    loss, backend = parse_loss(name), on(library)
    n = classes_of(loss)
    random = np.random.default_rng(sum(map(ord, name)))
    scores, weights = random.normal(size=(n, 5)), random.dirichlet(np.ones(n), size=5).T
    kernel = risk_kernel(loss, backend)

    def value(s: np.ndarray) -> np.ndarray:
        # the definition, without the kernel: classes last, projected where the scores must sum to
        # zero
        s = s - s.mean(axis=0) if loss.sum_to_zero else s
        return (weights.T * loss.losses(s.T, NUMPY)).sum(-1)

    got, gradient = map(backend.numpy, kernel(backend.array(scores), backend.array(weights)))
    assert got == pytest.approx(value(scores), rel=1e-12)
    step = 1e-6
    for k in range(n):
        move = np.zeros_like(scores)
        move[k] = step
        assert gradient[k] == pytest.approx(
            (value(scores + move) - value(scores - move)) / (2 * step), rel=2e-6, abs=2e-8
        )


@pytest.mark.parametrize(
    "spec", ["logistic", "sum-exp", "gce:q=0.7", "focal", "ldr:lam=0.5,c=1", "brier"]
)
def test_gradient_is_autograd_s(spec: str) -> None:
    torch = pytest.importorskip("torch")
    loss, backend = parse_loss(spec), Backend("torch")
    random = np.random.default_rng(1)
    scores, weights = random.normal(size=(4, 7)), random.dirichlet(np.ones(4), size=7).T
    leaf = torch.tensor(scores.T.copy(), requires_grad=True)
    (loss.losses(leaf, backend.ops) * torch.tensor(weights.T.copy())).sum().backward()
    _, gradient = risk_kernel(loss, backend)(backend.array(scores), backend.array(weights))
    expected = leaf.grad.numpy()
    got = backend.numpy(gradient).T
    assert got == pytest.approx(expected, rel=1e-10, abs=1e-13)


@pytest.mark.parametrize(
    "spec", ["linear", "linear:W=1,B=0.5", "rff:features=9,scale=2", "relu:width=5"]
)
def test_gradient_of_every_model_is_a_finite_difference(spec: str) -> None:
    model, random = parse_model(spec), np.random.default_rng(3)
    design = model.design(random.normal(size=(1, 8, 2)))
    parameters = random.normal(size=(3, model.size(design.shape[-2], 3)))
    direction = random.normal(size=(3, 3, 8))
    scores, back = model.scores(parameters, design, 3, Backend().xp)
    gradient = back(direction)
    assert scores.shape == (3, 3, 8)
    for i in range(parameters.shape[1]):
        move = np.zeros_like(parameters)
        move[:, i] = 1e-6
        high, low = (
            model.scores(parameters + sign * move, design, 3, Backend().xp)[0] for sign in (1, -1)
        )
        slope = ((high - low) * direction).sum((1, 2)) / 2e-6
        assert gradient[:, i] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_bounded_linear_stays_within_its_bounds() -> None:
    model = parse_model("linear:W=2,B=0.5")
    x, y = data(2, seed=4)
    fit = train("logistic", model, 100 * x, y)
    unit = np.eye(2)
    bias = fit.scores(np.zeros((1, 2)))[0, 0]
    assert np.abs(bias).max() <= 0.5
    weights = fit.scores(unit)[0] - bias
    assert np.linalg.norm(weights, axis=0).max() <= 2


def test_minimiser_on_ill_conditioned_quadratics_and_rosenbrock() -> None:
    random = np.random.default_rng(0)
    roots = random.normal(size=(20, 6, 6)) * np.geomspace(1, 30, 6)
    matrices = roots @ np.swapaxes(roots, 1, 2) + 0.1 * np.eye(6)
    targets = random.normal(size=(20, 6))

    def quadratic(x: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        g = np.einsum("bij,bj->bi", matrices[index], x - targets[index])
        return 0.5 * ((x - targets[index]) * g).sum(1), g

    found = minimise(quadratic, np.zeros((20, 6)), Backend(), tolerance=1e-9)
    assert found.converged.all()
    assert found.parameters == pytest.approx(targets, abs=1e-6)

    def rosenbrock(x: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a, b = x[:, 0], x[:, 1]
        g = np.stack([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)], axis=1)
        return (1 - a) ** 2 + 100 * (b - a**2) ** 2, g

    found = minimise(rosenbrock, random.normal(size=(30, 2)), Backend())
    assert found.converged.all()
    assert found.parameters == pytest.approx(np.ones((30, 2)), abs=1e-5)


def scipy_optimum(
    spec: str, x: np.ndarray, y: np.ndarray, n: int, l2: float, start: np.ndarray
) -> float:
    loss, design = parse_loss(spec), np.c_[x, np.ones(len(x))]

    def risk(theta: np.ndarray) -> float:
        weights = theta.reshape(n, -1)
        values = loss.losses(design @ weights.T, NUMPY)[np.arange(len(y)), y]
        return float(values.mean() + l2 / 2 * (weights[:, :-1] ** 2).sum())

    return float(scipy_minimize(risk, start, method="BFGS", options={"gtol": 1e-7}).fun)


@pytest.mark.parametrize(
    "spec", ["logistic", "comp-sum:tau=0.5", "ldr:lam=0.5,c=1", "sum:phi=squared-hinge"]
)
def test_convex_training_finds_scipy_s_optimum(spec: str) -> None:
    x, y = data(3, seed=5)
    fit = train(spec, "linear", x, y, l2=0.05)
    assert fit.converged.all()
    assert fit.objective[0] == pytest.approx(
        scipy_optimum(spec, x[0], y[0], 3, 0.05, np.zeros(9)), rel=1e-7
    )


@pytest.mark.parametrize("spec", ["gce:q=0.7", "mae", "sce"])
def test_non_convex_training_is_no_worse_than_scipy_from_its_point(spec: str) -> None:
    x, y = data(3, seed=6)
    fit = train(spec, "linear", x, y, l2=0.02)
    assert fit.converged.all()
    # a local search from the answer finds nothing better, nor do random starts
    for start in [fit.parameters[0], *np.random.default_rng(0).normal(size=(3, 9))]:
        assert fit.objective[0] <= scipy_optimum(spec, x[0], y[0], 3, 0.02, start) + 1e-7


def test_a_batch_is_its_problems_one_by_one() -> None:
    x, y = data(3, m=40, batch=6, seed=7)
    losses = ["logistic", "gce:q=0.5", "ldr:lam=0.5,c=1"] * 2
    l2 = np.array([0.1, 0.1, 0.1, 0.01, 0.02, 0.03])
    sizes = np.array([40, 20, 30, 40, 10, 25])
    weights = (np.arange(40) < sizes[:, None]) / sizes[:, None]
    fit = train(losses, "linear", x, y, sample_weights=weights, l2=l2)
    for i in range(6):
        m = sizes[i]
        alone = train(losses[i], "linear", x[i, :m], y[i, :m], n_classes=3, l2=l2[i])
        assert fit.objective[i] == pytest.approx(alone.objective[0], rel=1e-9)
        # parameters are unique up to adding one vector to all classes, which the penalty forbids
        # for the weights
        assert fit.scores(x[i])[i, :m] - fit.scores(x[i])[i, :m].mean(
            -1, keepdims=True
        ) == pytest.approx(
            alone.scores(x[i, :m])[0] - alone.scores(x[i, :m])[0].mean(-1, keepdims=True), abs=1e-4
        )


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
@pytest.mark.parametrize("model", ["linear", "linear:W=2,B=1", "relu:width=4"])
def test_array_libraries_agree(library: str, model: str) -> None:
    pytest.importorskip(library)
    x, y = data(3, m=20, batch=2, seed=8)

    # A network's path forks on rounding long before it converges; its first steps must agree.
    iterations = 10 if model.startswith("relu") else 200

    def fit(backend: Backend) -> Fit:
        return train(
            ["logistic", "gce:q=0.7"],
            model,
            x,
            y,
            l2=0.1,
            restarts=1,
            max_iterations=iterations,
            backend=backend,
        )

    with counting():
        first, second = fit(Backend()), fit(on(library))
    assert second.objective == pytest.approx(first.objective, abs=1e-7)
    assert second.scores(x) == pytest.approx(first.scores(x), abs=1e-6)


def test_population_weights_give_the_bayes_rule() -> None:
    # label distributions as labels: the risk is the conditional one, minimised by log p
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    fit = train("logistic", "linear", np.array([[0.0], [1.0]]), p, tolerance=1e-10)
    scores = fit.scores(np.array([[0.0], [1.0]]))[0]
    assert np.exp(scores) / np.exp(scores).sum(-1, keepdims=True) == pytest.approx(p, abs=1e-8)
    assert fit.risks("logistic", [[0.0], [1.0]], p)[0] == pytest.approx(
        -(p * np.log(p)).sum() / 2, abs=1e-12
    )
    assert fit.errors([[0.0], [1.0]], p)[0] == pytest.approx(0.35)


def test_errors_count_ties_as_wrong() -> None:
    fit = Fit(parse_model("linear"), 2, np.zeros((1, 4)), *(np.zeros(1) for _ in range(4)))  # type: ignore[arg-type]
    assert fit.errors([[1.0]], [[0.8, 0.2]])[0] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: train("logistic", "linear", [1.0, 2.0], [0, 1]), "x must be finite"),
        (
            lambda: train("logistic", "linear", [[1.0], [2.0]], [0, 2], n_classes=2),
            "labels must be 0..1",
        ),
        (lambda: train("hinge", "linear", [[1.0], [2.0]], [0, 2]), "defined for n_classes = 2"),
        (lambda: train([], "linear", [[1.0], [2.0]], [0, 1]), "there must be a loss"),
        (
            lambda: train(["mae"] * 3, "linear", np.zeros((2, 4, 1)), [0, 1, 0, 1]),
            "agree on the number of problems",
        ),
        (
            lambda: train("mae", "linear", [[1.0], [2.0]], [0, 1], sample_weights=[1.0, -1.0]),
            "non-negative",
        ),
        (lambda: train("mae", "linear", [[1.0], [2.0]], [0, 1], l2=-1), "l2 must be"),
        (lambda: Backend("numpy", "cuda"), "only torch runs on cuda"),
        (lambda: Backend("numpy", "device1"), "only array_api_strict runs on device1"),
    ],
)
def test_bad_input_names_the_rule(make: object, rule: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make()  # type: ignore[operator]
    assert rule in str(caught.value)


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'linear'"):
        parse_model("liner")
    with pytest.raises(UnknownNameError, match="width"):
        parse_model("relu:widht=3")


def wine() -> tuple[np.ndarray, np.ndarray]:
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_wine(return_X_y=True)
    return x, y


def test_features_of_unlike_scales_are_trained_to_the_optimum() -> None:
    x, y = wine()  # from 0.1 to 1700: stopped at 0.0608 after 500 iterations, and said nothing
    fit = train("logistic", "linear", x, y, l2=1e-3)
    assert fit.converged.all()
    weights = fit.parameters[0].reshape(3, -1)
    scores = x @ weights[:, :-1].T + weights[:, -1]
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    losses = -np.log(p[np.arange(len(y)), y])
    assert fit.objective[0] == pytest.approx(
        losses.mean() + 5e-4 * (weights[:, :-1] ** 2).sum(), rel=1e-9
    )
    # the objective is convex: where its gradient vanishes, in any units, it is least
    slope = (p - np.eye(3)[y]).T @ np.c_[x, np.ones(len(y))] / len(y)
    slope[:, :-1] += 1e-3 * weights[:, :-1]
    assert np.abs(slope / np.r_[x.std(0), 1.0]).max() < 1e-5


def test_a_fit_that_did_not_converge_is_told() -> None:
    x, y = data(3, seed=1)
    with pytest.warns(NotConvergedWarning, match="1 of 1 fits stopped with a gradient above 1e-07"):
        train("logistic", "linear", x, y, max_iterations=3)
    with counting() as tally:
        train(["logistic"] * 2, "linear", x, y, max_iterations=3)
    assert (tally.fits, tally.unconverged) == (2, 2)


def test_training_takes_little_memory_beside_the_data() -> None:
    import tracemalloc

    x = np.random.default_rng(0).normal(size=(4000, 200))
    y = (x[:, 0] > 0).astype(int)
    train("logistic", "linear", x[:50], y[:50], l2=0.1)  # what is loaded and kept is not its own
    tracemalloc.start()
    train("logistic", "linear", x, y, l2=0.1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.3 * x.nbytes  # 1.1 times the data when a copy held a row of ones


@pytest.mark.parametrize("model", ["linear", "rff:features=5,scale=2", "relu:width=3"])
def test_sparse_inputs_are_the_dense_ones(model: str) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    x, y = data(3, d=6, seed=2)
    x[np.abs(x) < 1] = 0
    x[..., 0] *= 100  # rescaled on the way
    with counting():
        dense, thin = (
            train("logistic", model, v, y[0], l2=0.1, restarts=1, max_iterations=8)
            for v in (x[0], sparse.csr_array(x[0]))
        )
    assert thin.objective == pytest.approx(dense.objective, rel=1e-6)
    at = sparse.coo_array(x[0, :5])
    assert thin.scores(at) == pytest.approx(thin.scores(x[0, :5]), abs=1e-10)
    with pytest.raises(InvalidInputError, match="sparse x must be finite"):
        train("logistic", model, sparse.csr_array(np.array([[np.nan]])), [0])


def test_one_transfer_from_the_device_for_each_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    counts = dict.fromkeys(("evaluations", "transfers", "gathers"), 0)

    def counted(owner: Any, name: str, key: str) -> None:
        honest = getattr(owner, name)

        def watched(*args: Any, **options: Any) -> Any:
            counts[key] += 1
            return honest(*args, **options)

        monkeypatch.setattr(owner, name, watched)

    # what makes the host wait for a device: every way out of a tensor
    for name in ("cpu", "item", "tolist", "__bool__", "__float__", "__int__", "__array__"):
        counted(torch.Tensor, name, "transfers")
    counted(training._Objective, "__call__", "evaluations")
    counted(training._Objective, "_gather", "gathers")
    random = np.random.default_rng(0)
    x, y = random.normal(size=(6, 60, 3)), random.integers(3, size=(6, 60))
    fit = train(["logistic", "gce:q=0.7", "sum-exp"] * 2, "linear", x, y, l2=0.01, restarts=1,
                backend=Backend("torch"))  # fmt: skip
    assert fit.iterations.max() > 10 and counts["evaluations"] > 20
    # and once for each change of the set of problems, once at the start and the end of a search
    spare = 2 * counts["gathers"] + 12
    assert counts["transfers"] <= counts["evaluations"] + spare
    assert counts["transfers"] < 1.5 * counts["evaluations"]
