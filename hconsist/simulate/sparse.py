"""Inputs that stay sparse: a SciPy matrix, seen by linear scores as a design of shape (1, d, m)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SparseDesign:
    """A sparse matrix (m, d) of inputs, shared by all problems, or its transpose.

    >>> import scipy.sparse
    >>> design = SparseDesign(scipy.sparse.csr_array(np.eye(3)[:2]))
    >>> design.shape, design.product(np.ones((1, 1, 3)))
    ((1, 3, 2), array([[[1., 1.]]]))
    """

    matrix: Any

    @property
    def shape(self) -> tuple[int, int, int]:
        """As of a dense design, samples last."""
        return (1, self.matrix.shape[1], self.matrix.shape[0])

    @property
    def ndim(self) -> int:
        """Of the shape."""
        return 3

    @property
    def transposed(self) -> SparseDesign:
        """The transpose; nothing is copied."""
        return SparseDesign(self.matrix.T)

    def product(self, left: NDArray[np.float64]) -> NDArray[np.float64]:
        """(A, k, i) times this, (A, k, j)."""
        batch, rows, inner = left.shape
        flat = np.ascontiguousarray(left.reshape(batch * rows, inner).T)
        return np.asarray((self.matrix @ flat).T).reshape(batch, rows, -1)
