"""Real data: sets of scikit-learn by name, or two files of NumPy arrays."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hconsist.auditing.files import read_array
from hconsist.errors import InvalidInputError, UnknownNameError
from hconsist.simulate.results import Cell

Array = NDArray[np.float64]

#: Sets that come with scikit-learn, and their numbers of labels.
NAMED = {"digits": 10, "wine": 3, "breast_cancer": 2}

#: Examples of each label that the splits need.
FEWEST = 10


def named(name: str) -> Cell:
    """What a cell says of a set of scikit-learn.

    Raises
    ------
    UnknownNameError

    Examples
    --------
    >>> named("wine")
    {'data': 'wine', 'classes': 3}
    """
    if name not in NAMED:
        raise UnknownNameError("data set", name, NAMED)
    return {"data": name, "classes": NAMED[name]}


def from_files(features: Path, labels: Path) -> Cell:
    """What a cell says of two files, which are read and checked; a checksum tells whether they have
    changed since.

    Raises
    ------
    InvalidInputError
        For files that cannot be read, features that are not a finite table (N, d), labels that are
        not one for each row, fewer than two of them, or fewer than `FEWEST` examples of one.
    """
    x, y = read_array(features), read_array(labels)
    _, classes = checked(x, y)
    return {
        "data": features.stem,
        "classes": len(classes),
        "features": str(features.resolve()),
        "labels": str(labels.resolve()),
        "sha256": _digest(x, y),
    }


def load(cell: Cell) -> tuple[Array, NDArray[np.int64]]:
    """Features (N, d) and labels (N,) from 0 on.

    Raises
    ------
    InvalidInputError
        Where scikit-learn is not installed, or the files are not those of the cell any more.
    """
    if "features" not in cell:
        try:
            from sklearn import datasets
        except ImportError:
            raise InvalidInputError(
                "scikit-learn must be installed for its data sets",
                cell["data"],
                "pip install 'hconsist[sklearn]', or pass --features X.npy --labels y.npy",
            ) from None
        x, y = getattr(datasets, f"load_{cell['data']}")(return_X_y=True)
    else:
        x, y = read_array(Path(cell["features"])), read_array(Path(cell["labels"]))
        if _digest(x, y) != cell["sha256"]:
            raise InvalidInputError(
                "the data must not change while a study runs",
                cell["features"],
                "run the study again, in another folder",
            )
    return checked(x, y)[0]


def checked(
    x: NDArray[np.generic], y: NDArray[np.generic]
) -> tuple[tuple[Array, NDArray[np.int64]], NDArray[np.generic]]:
    """Features as doubles, labels from 0 on, and the labels as they were."""
    if x.ndim != 2 or x.dtype.kind not in "fiub" or 0 in x.shape:
        raise InvalidInputError(
            "features must be a table of numbers (N, d)",
            f"{x.dtype} of shape {x.shape}",
            "a row an example",
        )
    inputs = x.astype(float)
    if not np.isfinite(inputs).all():
        raise InvalidInputError(
            "features must be finite",
            f"{int((~np.isfinite(inputs)).sum())} entries that are not",
            "fill or drop them first",
        )
    if y.ndim != 1 or len(y) != len(x) or y.dtype.kind not in "iubSU":
        raise InvalidInputError(
            f"labels must be whole numbers or words, of shape ({len(x)},)",
            f"{y.dtype} of shape {y.shape}",
            "one a row of the features",
        )
    classes, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(classes) < 2 or counts.min() < FEWEST:
        raise InvalidInputError(
            f"there must be two labels or more, of {FEWEST} examples each",
            {str(k): int(v) for k, v in zip(classes[:20], counts[:20], strict=True)},
            "drop or join rare labels",
        )
    return (inputs, labels.astype(np.int64)), classes


def _digest(x: NDArray[np.generic], y: NDArray[np.generic]) -> str:
    found = hashlib.sha256()
    for array in (x, y):
        found.update(f"{array.dtype.str} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
