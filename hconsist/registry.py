"""Registries: the one list of a kind of thing, filled by the things themselves.

A module that defines a loss, a study or a figure registers it where it is defined; whoever needs
the list (a command, a help text, a docs page, a test) asks the registry. Nothing is listed twice.
Other packages add theirs through an entry point of the registry's group.

>>> colours = Registry[str]("colour", group="hconsist.colours")
>>> colours.add("red", "#f00", summary="warm")
'#f00'
>>> colours["red"].value, list(colours)
('#f00', ['red'])
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Generic, TypeVar

from hconsist.errors import HconsistError, UnknownNameError

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered thing.

    Parameters
    ----------
    name : str
        By which it is asked for; unique in its registry.
    value : object
        The thing itself, or what makes it.
    summary : str
        One line for people.
    source : str
        Where it comes from: a paper, with the number of the equation.
    """

    name: str
    value: T
    summary: str = ""
    source: str = ""


class Registry(Mapping[str, Entry[T]]):
    """Entries by name, in the order of registration; loaded when they are first asked for.

    Parameters
    ----------
    kind : str
        What an entry is, in messages: "study".
    package : str, optional
        The package whose modules register entries when they are imported; all its direct children
        are imported before the registry first answers. Or a module that registers them all.
    group : str, optional
        The entry-point group through which other packages add modules that register entries.
    """

    def __init__(self, kind: str, *, package: str | None = None, group: str | None = None) -> None:
        self.kind, self.package, self.group = kind, package, group
        self._entries: dict[str, Entry[T]] = {}
        self._loaded = self._loaded_own = False

    def add(self, name: str, value: V, *, summary: str = "", source: str = "") -> V:
        """Register a thing and return it.

        Raises
        ------
        HconsistError
            When the name is taken by another thing.
        """
        known = self._entries.get(name)
        if known is not None and known.value is not value:
            raise HconsistError(
                f"two entries are called {name!r} in the registry of {self.kind} names; "
                f"received {value!r}; rename one of them"
            )
        self._entries[name] = Entry(name, value, summary, source)  # type: ignore[arg-type]
        return value

    def register(self, name: str, *, summary: str = "", source: str = "") -> Callable[[V], V]:
        """`add` as a decorator; without a summary, the first paragraph of the docstring."""

        def decorate(value: V) -> V:
            paragraph = (value.__doc__ or "").strip().partition("\n\n")[0]
            line = summary or " ".join(paragraph.split()).rstrip(".")
            return self.add(name, value, summary=line, source=source)

        return decorate

    def __getitem__(self, name: str) -> Entry[T]:
        if name not in self._entries:
            self._load_own()
        if name not in self._entries:
            self._load()
        if name not in self._entries:
            raise UnknownNameError(self.kind, name, self._entries)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        """The entry of a name, or the default; never an error."""
        try:
            return self[name]
        except UnknownNameError:
            return default

    def by_name_in_code(self, name: str) -> T | None:
        """The registered class or function of that Python name; None when there is none."""
        for load in (self._load_own, self._load):
            load()
            for entry in self._entries.values():
                if getattr(entry.value, "__name__", None) == name:
                    return entry.value
        return None

    def _load_own(self) -> None:
        """Import the package's own modules: what other packages add is looked for only after."""
        if self._loaded_own or self.package is None:
            return
        self._loaded_own = True  # first, since a module that is imported may ask for the list
        try:
            home = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(getattr(home, "__path__", [])):
                importlib.import_module(f"{self.package}.{module.name}")
        except BaseException:
            self._loaded_own = False
            raise

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            self._load_own()
            for point in _entry_points(self.group):
                _load_point(point)
        except BaseException:
            self._loaded = False  # asked again, it says again what failed
            raise


def _entry_points(group: str | None) -> Iterable[metadata.EntryPoint]:
    return metadata.entry_points(group=group) if group is not None else ()


def _load_point(point: metadata.EntryPoint) -> None:
    try:
        point.load()
    except Exception as problem:
        raise HconsistError(
            f"the entry point {point.name!r} of group {point.group!r} must be importable; "
            f"received {type(problem).__name__}: {problem}; "
            f"mend or uninstall the package that declares {point.value!r}"
        ) from problem
