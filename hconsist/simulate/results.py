"""The rows of a study as an xarray dataset, for netCDF files."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hconsist.errors import InvalidInputError

if TYPE_CHECKING:
    import xarray

#: One line of a result table, JSON-ready; one part of a study, JSON-ready.
Row = dict[str, Any]
Cell = dict[str, Any]


def require_xarray() -> None:
    """Raise `InvalidInputError` where xarray is not installed: asked before the work that it would
    be needed for.

    >>> import importlib.util
    >>> require_xarray() if importlib.util.find_spec("xarray") else None
    """
    if importlib.util.find_spec("xarray") is None:
        raise InvalidInputError(
            "xarray must be installed for netCDF",
            "it is not",
            "pip install 'hconsist[data]', or use CSV",
        )


def dataset(rows: Sequence[Row], attributes: Mapping[str, object] | None = None) -> xarray.Dataset:
    """One variable for each column, over the dimension ``row``.

    Parameters
    ----------
    rows : sequence of dicts with the same keys
        What `run_study` returned.
    attributes : mapping, optional
        Of the dataset: numbers and texts.

    Raises
    ------
    InvalidInputError
        Where xarray is not installed (the extra ``data``), or there are no rows.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("xarray")
    >>> dataset([{"m": 8, "error": 0.5}, {"m": 16, "error": 0.25}])["error"].values
    array([0.5 , 0.25])
    """
    require_xarray()
    if not rows:
        raise InvalidInputError("there must be rows", "none", "run the study first")
    import xarray

    columns = {name: ("row", [row[name] for row in rows]) for name in rows[0]}
    return xarray.Dataset(columns, attrs=dict(attributes or {}))


def netcdf(rows: Sequence[Row], attributes: Mapping[str, object] | None = None) -> bytes:
    """The content of a netCDF-3 file with the `dataset`; SciPy writes it, no other library is
    needed.

    Whole numbers are stored in 32 bits, as that format wants.
    """
    return bytes(dataset(rows, attributes).to_netcdf(engine="scipy", format="NETCDF3_64BIT"))
