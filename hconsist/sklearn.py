"""Surrogate losses in scikit-learn: `SurrogateClassifier` works in pipelines and grid searches.

Needs ``pip install 'hconsist[sklearn]'``.

>>> from hconsist.sklearn import SurrogateClassifier
>>> from sklearn.datasets import load_iris
>>> x, y = load_iris(return_X_y=True)
>>> SurrogateClassifier("gce:q=0.7", alpha=1e-3).fit(x, y).score(x, y) > 0.95
True
"""

from __future__ import annotations

import warnings
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hconsist.errors import InvalidInputError
from hconsist.losses import Loss, parse_loss
from hconsist.simulate.backend import Backend
from hconsist.simulate.convergence import counting
from hconsist.simulate.minibatch import MiniBatches
from hconsist.simulate.models import Model, parse_model
from hconsist.simulate.probabilities import link
from hconsist.simulate.problem import read_inputs
from hconsist.simulate.training import train

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import Tags, check_random_state
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
except ImportError:
    raise ImportError("hconsist.sklearn needs scikit-learn 1.6 or later: "
                      "pip install 'hconsist[sklearn]'") from None  # fmt: skip

__all__ = ["SurrogateClassifier"]

#: What scikit-learn reads: arrays, sparse matrices, data frames, lists.
Samples: TypeAlias = Any
Array = NDArray[np.float64]


def _tells_probabilities(classifier: SurrogateClassifier) -> bool:
    loss = parse_loss(classifier.loss)
    n = len(getattr(classifier, "classes_", ())) or loss.only_classes or 3
    if link(loss, n) is None:
        raise AttributeError(f"the scores of {loss.spec} tell no probabilities (not proper)")
    return True


class SurrogateClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier trained on any loss of the catalogue, or on yours.

    ``fit`` minimises ``sum_i w_i l(h(x_i), y_i) / sum_i w_i + (alpha / 2) |weights of h|^2``.

    Parameters
    ----------
    loss : str or Loss
        A spec string; a loss of two labels is lifted by ``sum:phi=..``, ``max:phi=..`` for more.
    alpha : float
        Penalty >= 0 on the weights, not on the biases.
    hypotheses : str or Model
        ``"linear"``, ``"linear:W=1,B=1"``, ``"rff:features=64,scale=1"``, ``"relu:width=16"``.
    batch_size : int, optional
        Without it all samples are seen at once (L-BFGS, to the optimum where loss and hypotheses
        are convex). With it, mini-batches (Adam) are read from X one by one: X may be a
        `numpy.memmap` larger than memory. ``partial_fit`` takes the batches themselves.
    epochs : int
        Passes over the data by mini-batches.
    step : float
        Of Adam.
    restarts : int, optional
        Runs where the risk is not convex; see `hconsist.simulate.train`.
    max_iter : int
    tol : float
        On the largest entry of the gradient; a `ConvergenceWarning` tells where it was not met.
    random_state : int, RandomState or None

    Attributes
    ----------
    classes_ : array (K,)
    n_features_in_ : int
    parameters_ : array (P,)
        Of the hypothesis; ``coef_`` (K, d) and ``intercept_`` (K,) where it is linear.
    converged_ : bool
        Of the fit of all samples at once.

    Examples
    --------
    >>> x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), ["no", "no", "yes", "yes"]
    >>> SurrogateClassifier(alpha=0.1).fit(x, y).predict([[0.2], [2.8]])
    array(['no', 'yes'], dtype='<U3')
    """

    def __init__(
        self,
        loss: str | Loss = "logistic",
        *,
        alpha: float = 1e-3,
        hypotheses: str | Model = "linear",
        batch_size: int | None = None,
        epochs: int = 20,
        step: float = 0.05,
        restarts: int | None = None,
        max_iter: int = 1000,
        tol: float = 1e-7,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.loss = loss
        self.alpha = alpha
        self.hypotheses = hypotheses
        self.batch_size = batch_size
        self.epochs = epochs
        self.step = step
        self.restarts = restarts
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Samples, y: Samples, sample_weight: Samples = None) -> SurrogateClassifier:
        """Train on all samples.

        Parameters
        ----------
        X : array or sparse matrix (m, d)
        y : array (m,)
            Labels of any kind, two different ones at the least.
        sample_weight : array (m,), optional
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32])
        weights = self._weights(sample_weight, X)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if self.classes_.size < 2:
            raise InvalidInputError(
                "a classifier needs samples of two classes", "1 class", "add samples of another"
            )
        self._run: MiniBatches | None = None
        if self.batch_size is None:
            return self._fit_all(X, labels, weights)
        self._check_batches()
        run, random = self._start(), check_random_state(self.random_state)
        for _ in range(self.epochs):
            order = random.permutation(X.shape[0])
            for start in range(0, len(order), self.batch_size):
                part = np.sort(order[start : start + self.batch_size])
                run.step(X[part], labels[part], None if weights is None else weights[part])
        self.n_iter_ = run.steps
        self._settle(run.parameters[0])
        return self

    def partial_fit(
        self, X: Samples, y: Samples, classes: Samples = None, sample_weight: Samples = None
    ) -> SurrogateClassifier:
        """Move along the gradient of one batch, from where ``fit`` or the last batch ended.

        Parameters
        ----------
        X, y, sample_weight
            As in ``fit``.
        classes : array (K,)
            All labels that will come; needed in the first call.
        """
        first = not hasattr(self, "classes_")
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32], reset=first
        )
        weights = self._weights(sample_weight, X)
        check_classification_targets(y)
        if first:
            if classes is None:
                raise InvalidInputError(
                    "classes must be given in the first call of partial_fit",
                    "None",
                    "pass them all",
                )
            self.classes_ = np.unique(classes)
        run: MiniBatches | None = getattr(self, "_run", None)
        if run is None:  # from where fit ended, where it did
            self._check_batches()
            run = self._run = self._start(getattr(self, "parameters_", None))
        known = np.isin(y, self.classes_)
        if not known.all():
            raise InvalidInputError(
                "labels must be among classes", y[~known][:3].tolist(), "pass all of them at first"
            )
        run.step(X, np.searchsorted(self.classes_, y), weights)
        self._settle(run.parameters[0])
        return self

    def decision_function(self, X: Samples) -> Array:
        """Scores (m, K); of two labels the difference (m,) of the second to the first."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Samples) -> NDArray[np.generic]:
        """The label of the largest score."""
        scores = self._scores(X)
        found: NDArray[np.generic] = self.classes_[scores.argmax(axis=1)]
        return found

    @available_if(_tells_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Samples) -> Array:
        """Label distributions (m, K), of losses whose scores tell them
        (`hconsist.simulate.probabilities`).
        """
        scores = self._scores(X)
        told = link(parse_loss(self.loss), len(self.classes_))
        assert told is not None  # available_if has asked
        return told(scores)

    @available_if(_tells_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Samples) -> Array:
        """Logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            found: Array = np.log(self.predict_proba(X))
        return found

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _weights(self, sample_weight: Samples, X: Samples) -> Array | None:
        if sample_weight is None:
            return None
        weights: Array = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        mean_one: Array = weights / weights.mean()
        return mean_one

    def _fit_all(
        self, X: Samples, labels: NDArray[np.int64], weights: Array | None
    ) -> SurrogateClassifier:
        if not self.alpha >= 0:
            raise InvalidInputError("alpha must be a number >= 0", self.alpha, "pass alpha=0.01")
        with counting() as tally:
            fit = train(
                parse_loss(self.loss),
                parse_model(self.hypotheses),
                X,
                labels,
                n_classes=len(self.classes_),
                sample_weights=None if weights is None else weights / len(weights),
                l2=self.alpha,
                restarts=self.restarts,
                seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
                tolerance=self.tol,
                max_iterations=self.max_iter,
            )
        self.converged_, self.n_iter_ = not tally.unconverged, int(fit.iterations[0])
        if tally.unconverged:
            warnings.warn(
                f"the gradient is still {fit.gradient[0]:.2g}, above tol = {self.tol:g}: raise "
                "max_iter or alpha, or expect this of a loss with kinks",
                ConvergenceWarning,
                stacklevel=3,
            )
        self._settle(fit.parameters[0])
        return self

    def _check_batches(self) -> None:
        for name in ("batch_size", "epochs"):
            value = getattr(self, name)
            if value is not None and (int(value) != value or value < 1):
                raise InvalidInputError(f"{name} must be >= 1", value, f"pass {name}=20")

    def _start(self, begin: Array | None = None) -> MiniBatches:
        return MiniBatches(
            parse_loss(self.loss),
            parse_model(self.hypotheses),
            len(self.classes_),
            self.alpha,
            step=self.step,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
            begin=begin,
        )

    def _settle(self, parameters: Array) -> None:
        self.parameters_ = np.array(parameters)
        if str(self.hypotheses) == "linear":
            rows = self.parameters_.reshape(len(self.classes_), -1)
            self.coef_, self.intercept_ = rows[:, :-1], rows[:, -1]

    def _scores(self, X: Samples) -> Array:
        check_is_fitted(self, "parameters_")
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        model = parse_model(self.hypotheses)
        scores, _ = model.scores(
            self.parameters_[None],
            model.design(read_inputs(X)),
            len(self.classes_),
            Backend().xp,
        )
        found: Array = np.asarray(scores)[0].T
        return found
