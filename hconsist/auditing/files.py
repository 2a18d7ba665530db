"""Arrays that users keep in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hconsist.errors import InvalidInputError


def read_array(path: Path) -> NDArray[np.generic]:
    """The array of a file of `numpy.save`; no Python object is read from it.

    Raises
    ------
    InvalidInputError
        For a file that cannot be read, or that does not hold one array of numbers.
    """
    try:
        with path.open("rb") as file:
            return np.asarray(np.load(file, allow_pickle=False))
    except OSError as problem:
        raise InvalidInputError(
            "the file must be readable", str(path), f"{problem.strerror}: write it with np.save"
        ) from None
    except (ValueError, EOFError):
        raise InvalidInputError(
            "the file must hold one NumPy array of numbers", str(path), "write it with np.save"
        ) from None
