"""Hypothesis sets that can be trained: parameters (A, P) and inputs to scores, and gradients back.

A model first turns inputs into its design (A or 1, D, m) once, for linear scores the inputs
themselves, seen with samples last and never copied; `scores` then runs for many parameter vectors
at once and returns the scores (A, n_classes, m) with a function that carries gradients by the
scores back to the parameters. Samples come last, which is several times faster for the products of
a few rows with many samples. Sparse inputs stay sparse (`SparseDesign`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from types import ModuleType
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import Exact, exact, require, whole
from hconsist.arithmetic.exact import Value
from hconsist.errors import UnknownNameError
from hconsist.simulate.backend import AnyArray
from hconsist.simulate.sparse import SparseDesign

Pullback = Callable[[AnyArray], AnyArray]


class Model(ABC):
    """A parametrised set of score functions."""

    #: Whether the score functions form a convex set, parametrised one to one: convex losses then
    #: have no spurious minima.
    convex: ClassVar[bool] = False
    #: Whether training may move and scale the inputs, which changes the path and not the optimum.
    rescales: ClassVar[bool] = False

    def design(self, x: ArrayLike | SparseDesign) -> NDArray[np.float64] | SparseDesign:
        """Inputs (..., m, d) to what the scores are functions of, of shape (..., D, m)."""
        return x if isinstance(x, SparseDesign) else np.swapaxes(np.asarray(x, dtype=float), -1, -2)

    @abstractmethod
    def is_weight(self, width: int, n_classes: int) -> NDArray[np.bool_]:
        """Which parameters (P,) an l2 penalty is for: all but the biases."""

    @abstractmethod
    def size(self, width: int, n_classes: int) -> int:
        """The number of parameters, for design arrays of this width."""

    def start(
        self, batch: int, width: int, n_classes: int, random: np.random.Generator
    ) -> NDArray[np.float64]:
        """Starting points (batch, P)."""
        return random.standard_normal((batch, self.size(width, n_classes))) * 0.5

    @abstractmethod
    def scores(
        self, parameters: AnyArray, design: AnyArray, n_classes: int, xp: ModuleType
    ) -> tuple[AnyArray, Pullback]:
        """Scores (A, n_classes, m), and the map of gradients by them to gradients (A, P)."""


@dataclass(frozen=True)
class LinearScores(Model):
    """``s_k = w_k . x + b_k``, without bounds.

    >>> LinearScores().size(width=3, n_classes=2)
    8
    """

    convex: ClassVar[bool] = True
    rescales: ClassVar[bool] = True

    def size(self, width: int, n_classes: int) -> int:
        return (width + 1) * n_classes

    def is_weight(self, width: int, n_classes: int) -> NDArray[np.bool_]:
        return np.tile(np.arange(width + 1) < width, n_classes)

    def start(
        self, batch: int, width: int, n_classes: int, random: np.random.Generator
    ) -> NDArray[np.float64]:
        return np.zeros((batch, self.size(width, n_classes)))

    def scores(
        self, parameters: AnyArray, design: AnyArray, n_classes: int, xp: ModuleType
    ) -> tuple[AnyArray, Pullback]:
        weights = xp.reshape(parameters, (parameters.shape[0], n_classes, design.shape[-2] + 1))

        def back(gradient: AnyArray) -> AnyArray:
            return xp.reshape(_pulled(gradient, design, xp), parameters.shape)

        return _affine(weights, design, xp), back


@dataclass(frozen=True)
class BoundedLinear(LinearScores):
    """``s_k = w_k . x + b_k`` with ``||w_k||_2 <= weight`` and ``|b_k| <= bias``:
    `hconsist.Linear`, trained.

    The ball is covered by ``w = weight v / sqrt(1 + |v|^2)``, smooth and one to one, so that
    training has no constraint; the boundary is approached, never reached.

    >>> str(BoundedLinear(2, "1/2"))
    'linear:W=2,B=1/2'
    """

    rescales: ClassVar[bool] = False
    weight: Exact = Fraction(1)
    bias: Exact = Fraction(1)

    def __post_init__(self) -> None:
        for name in ("weight", "bias"):
            value = exact(getattr(self, name), name)
            object.__setattr__(self, name, value)
            require(value > 0, f"{name} must be > 0", value, f"pass {name}=1")

    def __str__(self) -> str:
        return f"linear:W={self.weight},B={self.bias}"

    def scores(
        self, parameters: AnyArray, design: AnyArray, n_classes: int, xp: ModuleType
    ) -> tuple[AnyArray, Pullback]:
        free = xp.reshape(parameters, (parameters.shape[0], n_classes, design.shape[-2] + 1))
        parts = ((free[..., :-1], float(self.weight)), (free[..., -1:], float(self.bias)))
        roots = [xp.sqrt(1 + xp.sum(v * v, axis=-1, keepdims=True)) for v, _ in parts]
        held = [radius * v / root for (v, radius), root in zip(parts, roots, strict=True)]

        def back(gradient: AnyArray) -> AnyArray:
            outer = _pulled(gradient, design, xp)
            pulled = [
                radius * (o / root - v * xp.sum(o * v, axis=-1, keepdims=True) / root**3)
                for (v, radius), root, o in zip(
                    parts, roots, (outer[..., :-1], outer[..., -1:]), strict=True
                )
            ]
            return xp.reshape(xp.concat(pulled, axis=-1), parameters.shape)

        return _affine(xp.concat(held, axis=-1), design, xp), back


@dataclass(frozen=True)
class RandomFeatures(LinearScores):
    """Linear scores of random Fourier features of the Gaussian kernel ``exp(-|x - x'|^2 / (2
    scale^2))``.

    Source: Rahimi, Recht, NeurIPS 2007.

    >>> x = np.array([[0.0], [1.0]])
    >>> features = RandomFeatures(4096, scale=1, seed=0).design(x)
    >>> float((features[:, 0] @ features[:, 1]).round(1)), round(float(np.exp(-0.5)), 1)
    (0.6, 0.6)
    """

    rescales: ClassVar[bool] = False
    features: int = 64
    scale: Exact = Fraction(1)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("features", "seed"):
            object.__setattr__(self, name, whole(getattr(self, name), name))
        object.__setattr__(self, "scale", exact(self.scale, "scale"))
        require(self.features > 0, "features must be > 0", self.features, "pass features=64")
        require(self.scale > 0, "scale must be > 0", self.scale, "pass scale=1")

    def __str__(self) -> str:
        return f"rff:features={self.features},scale={self.scale},seed={self.seed}"

    def design(self, x: ArrayLike | SparseDesign) -> NDArray[np.float64] | SparseDesign:
        inputs: Value = x.matrix if isinstance(x, SparseDesign) else np.asarray(x, dtype=float)
        random = np.random.default_rng(self.seed)
        frequencies = random.standard_normal((inputs.shape[-1], self.features)) / float(self.scale)
        phases = random.uniform(0, 2 * np.pi, self.features)
        return super().design(np.sqrt(2 / self.features) * np.cos(inputs @ frequencies + phases))


@dataclass(frozen=True)
class ReLUNetwork(Model):
    """``s_k = sum_j u_kj relu(v_j . x + c_j) + b_k`` with ``width`` hidden units.

    >>> ReLUNetwork(8).size(width=3, n_classes=2)
    50
    """

    width: int = 16

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", whole(self.width, "width"))
        require(self.width > 0, "width must be > 0", self.width, "pass width=16")

    def __str__(self) -> str:
        return f"relu:width={self.width}"

    def size(self, width: int, n_classes: int) -> int:
        return self.width * (width + 1) + n_classes * (self.width + 1)

    def is_weight(self, width: int, n_classes: int) -> NDArray[np.bool_]:
        inner = np.tile(np.arange(width + 1) < width, self.width)
        return np.concatenate([inner, np.tile(np.arange(self.width + 1) < self.width, n_classes)])

    def start(
        self, batch: int, width: int, n_classes: int, random: np.random.Generator
    ) -> NDArray[np.float64]:
        inner = random.standard_normal((batch, self.width * (width + 1))) * np.sqrt(2 / (width + 1))
        outer = random.standard_normal((batch, n_classes * (self.width + 1))) * np.sqrt(
            1 / self.width
        )
        return np.concatenate([inner, outer], axis=-1)

    def scores(
        self, parameters: AnyArray, design: AnyArray, n_classes: int, xp: ModuleType
    ) -> tuple[AnyArray, Pullback]:
        batch, width = parameters.shape[0], design.shape[-2] + 1
        cut = self.width * width
        inner = xp.reshape(parameters[:, :cut], (batch, self.width, width))
        outer = xp.reshape(parameters[:, cut:], (batch, n_classes, self.width + 1))
        before = _affine(inner, design, xp)
        hidden = xp.maximum(before, xp.zeros_like(before))

        def back(gradient: AnyArray) -> AnyArray:
            by_outer = xp.matmul(gradient, xp.matrix_transpose(hidden))
            by_bias = xp.sum(gradient, axis=-1, keepdims=True)
            by_hidden = xp.matmul(xp.matrix_transpose(outer[..., :-1]), gradient)
            by_before = xp.where(before > 0, by_hidden, xp.zeros_like(by_hidden))
            by_inner = _pulled(by_before, design, xp)
            pieces = [by_inner, xp.concat([by_outer, by_bias], axis=-1)]
            return xp.concat([xp.reshape(p, (batch, -1)) for p in pieces], axis=-1)

        return xp.matmul(outer[..., :-1], hidden) + outer[..., -1:], back


def _affine(weights: AnyArray, design: AnyArray, xp: ModuleType) -> AnyArray:
    """Weights (A, k, D + 1), the bias last, at a design: (A, k, m)."""
    return _product(weights[..., :-1], design, xp) + weights[..., -1:]


def _pulled(gradient: AnyArray, design: AnyArray, xp: ModuleType) -> AnyArray:
    """A gradient (A, k, m) by the values of `_affine`, by its weights: (A, k, D + 1)."""
    turned = design.transposed if isinstance(design, SparseDesign) else xp.matrix_transpose(design)
    by_bias = xp.sum(gradient, axis=-1, keepdims=True)
    return xp.concat([_product(gradient, turned, xp), by_bias], axis=-1)


def _product(left: AnyArray, right: AnyArray, xp: ModuleType) -> AnyArray:
    """(A, k, i) times (A or 1, i, j); one large product where all problems share the right
    factor.
    """
    if isinstance(right, SparseDesign):
        return right.product(left)
    if right.shape[0] > 1:
        return xp.matmul(left, right)
    batch, rows, inner = left.shape
    return xp.reshape(
        xp.matmul(xp.reshape(left, (batch * rows, inner)), right[0, ...]),
        (batch, rows, right.shape[-1]),
    )


def parse_model(spec: str | Model) -> Model:
    """The model that a spec string names: ``linear``, ``linear:W=..,B=..``,
    ``rff:features=..,scale=..`` or ``relu:width=..``.

    Raises
    ------
    UnknownNameError, InvalidInputError

    Examples
    --------
    >>> parse_model("relu:width=8")
    ReLUNetwork(width=8)
    """
    if isinstance(spec, Model):
        return spec
    name, _, rest = spec.strip().partition(":")
    makers: dict[str, tuple[Callable[..., Model], dict[str, str]]] = {
        "linear": (BoundedLinear if rest else LinearScores, {"W": "weight", "B": "bias"}),
        "rff": (RandomFeatures, {k: k for k in ("features", "scale", "seed")}),
        "relu": (ReLUNetwork, {"width": "width"}),
    }
    if name not in makers:
        raise UnknownNameError("model", name, makers)
    make, fields = makers[name]
    arguments = {}
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        if key.strip() not in fields:
            raise UnknownNameError(f"parameter of {name}", key.strip(), fields)
        arguments[fields[key.strip()]] = value.strip()
    return make(**arguments)
