"""What has been found out about an object, kept with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Keeps:
    """An object that keeps what has been found out about it, until that is forgotten.

    >>> one = Keeps()
    >>> one.kept("answer", lambda: 42), one.kept("answer", lambda: 0)
    (42, 42)
    """

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` finds out about this object, asked once."""
        if "_found" not in self.__dict__:
            object.__setattr__(self, "_found", {})
        found: dict[str, Any] = self.__dict__["_found"]
        if name not in found:
            found[name] = make()
        return found[name]

    def forget(self) -> None:
        """Nothing has been found out."""
        self.__dict__.pop("_found", None)

    def __getstate__(self) -> dict[str, object]:
        # What has been found out holds functions and stays behind when the object travels.
        return {k: v for k, v in self.__dict__.items() if k != "_found"}
