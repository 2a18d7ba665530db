"""Where the numbers live: an array-API namespace, a floating type and a device."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hconsist.arithmetic import ArrayOps
from hconsist.arithmetic.exact import Value
from hconsist.errors import InvalidInputError, UnknownNameError

#: Array of any namespace.
AnyArray = Any

#: Array libraries, and where each can keep its arrays.
_DEVICES = {
    "numpy": ("cpu",),
    "torch": ("cpu", "cuda"),
    "array_api_strict": ("cpu", "device1", "device2"),
}


@dataclass(frozen=True)
class Backend:
    """An array namespace with double precision on one device.

    Data and random numbers are always made by NumPy and moved here, so that a seed means the same
    everywhere.

    Parameters
    ----------
    name : {"numpy", "torch", "array_api_strict"}
    device : {"cpu", "cuda", "device1", "device2"}
        "cuda" is torch's; the last two are make-believe devices of array-api-strict, whose arrays
        meet no other device's: what runs there forgets no device, and will run on cuda.

    Raises
    ------
    UnknownNameError
        For another name.
    InvalidInputError
        For a library that is not installed or a device that is not there.

    Examples
    --------
    >>> Backend().array([1, 2])
    array([1., 2.])
    """

    name: str = "numpy"
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.name not in _DEVICES:
            raise UnknownNameError("array library", self.name, _DEVICES)
        known = dict.fromkeys(device for devices in _DEVICES.values() for device in devices)
        if self.device not in known:
            raise UnknownNameError("device", self.device, known)
        if self.device not in _DEVICES[self.name]:
            owner = next(name for name, devices in _DEVICES.items() if self.device in devices)
            raise InvalidInputError(
                f"only {owner} runs on {self.device}",
                self.name,
                f"pass Backend({owner!r}, {self.device!r})",
            )
        try:
            module = importlib.import_module(self.name)
        except ImportError:
            raise InvalidInputError(
                f"{self.name} must be installed",
                "it is not",
                "pip install 'hconsist[gpu]', or use numpy on the cpu",
            ) from None
        if self.device == "cuda" and not module.cuda.is_available():
            raise InvalidInputError("a CUDA device must be available", "none", "use --device cpu")

    @classmethod
    def on(cls, device: str) -> Backend:
        """NumPy on the CPU, torch on CUDA.

        >>> Backend.on("cpu").name
        'numpy'
        """
        return cls("torch", "cuda") if device == "cuda" else cls("numpy", device)

    @cached_property
    def xp(self) -> ModuleType:
        """The namespace."""
        home = self.name if self.name == "array_api_strict" else f"array_api_compat.{self.name}"
        return importlib.import_module(home)

    @cached_property
    def _place(self) -> Value:
        """The device as the library calls it."""
        if self.name == "array_api_strict":
            return self.xp.Device("CPU_DEVICE" if self.device == "cpu" else self.device)
        return self.device

    @cached_property
    def _creation(self) -> dict[str, object]:
        return {"dtype": self.xp.float64, "device": self._place}

    @cached_property
    def ops(self) -> ArrayOps:
        """The arithmetic in which loss formulas run."""
        return ArrayOps(self.xp, **self._creation)

    def array(self, values: ArrayLike) -> AnyArray:
        """Doubles in this namespace, on this device."""
        return self.xp.asarray(np.asarray(values, dtype=float), **self._creation)

    def index(self, values: ArrayLike) -> AnyArray:
        """Integers for ``take``."""
        return self.xp.asarray(np.asarray(values, dtype=np.int64), device=self._place)

    def numpy(self, array: AnyArray) -> NDArray[Any]:
        """The same numbers as a NumPy array."""
        if isinstance(array, np.ndarray):
            return array
        if self.name == "torch":
            return np.asarray(array.detach().cpu().numpy())
        if self.name == "array_api_strict":
            array = array.to_device(self.xp.Device("CPU_DEVICE"))
        return np.asarray(array)
