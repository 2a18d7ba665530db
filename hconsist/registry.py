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
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Generic, TypeVar

from hconsist.errors import HconsistError, UnknownNameError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

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
    """Entries by name, by module and in the order of registration; loaded when they are first asked
    for. For one name, only the module is loaded whose text registers it, where there is one.

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
        self._homes: dict[str, str] = {}
        self._loaded = self._loaded_own = False

    def add(self, name: str, value: V, *, summary: str = "", source: str = "", home: str = "") -> V:
        """Register a thing and return it; `home` is the module that does, if not that of the value.

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
        self._homes[name] = home or getattr(value, "__module__", None) or ""
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
            self._load_home(_REGISTERS, name)
        for load in (self._load_own, self._load):
            if name not in self._entries:
                load()
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
        self._load_home(_DEFINES, name)
        for load in (None, self._load_own, self._load):
            if load is not None:
                load()
            for entry in self._entries.values():
                if getattr(entry.value, "__name__", None) == name:
                    return entry.value
        return None

    def _load_home(self, pattern: str, name: str) -> None:
        """Import the package's modules in whose text a name is registered or defined."""
        if self._loaded_own or self.package is None:
            return
        home = importlib.import_module(self.package)
        wanted = re.compile((pattern % re.escape(name)).encode(), re.MULTILINE)
        for module, text in _texts(self.package, tuple(getattr(home, "__path__", ()))):
            if wanted.search(text):
                importlib.import_module(module)

    def _load_own(self) -> None:
        """Import the package's own modules: what other packages add is looked for only after."""
        if self._loaded_own or self.package is None:
            return
        self._loaded_own = True  # first, since a module that is imported may ask for the list
        try:
            home = importlib.import_module(self.package)
            modules = [
                f"{self.package}.{module.name}"
                for module in pkgutil.iter_modules(getattr(home, "__path__", []))
            ]
            for module in modules:
                importlib.import_module(module)
        except BaseException:
            self._loaded_own = False
            raise
        # whatever was asked for first, the list is the same
        rank = {module: i for i, module in enumerate(modules)}
        entries = sorted(
            self._entries.items(), key=lambda item: rank.get(self._homes[item[0]], len(rank))
        )
        self._entries.clear()
        self._entries.update(entries)

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


#: How a module's text registers a name, and how it defines a class or function of a name.
_REGISTERS = r"""(?:register\w*\(|\badd\(|=)\s*["']%s["']"""
_DEFINES = r"^(?:class|def) %s\b"


@lru_cache(maxsize=16)
def _texts(package: str, path: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    """Names and sources of a package's modules; a module without a source has none."""
    found = []
    for folder in path:
        for module in pkgutil.iter_modules([folder]):
            end = os.path.join(module.name, "__init__.py") if module.ispkg else f"{module.name}.py"
            try:
                with open(os.path.join(folder, end), "rb") as file:
                    found.append((f"{package}.{module.name}", file.read()))
            except OSError:  # in an archive, or compiled: it is loaded with all the others
                continue
    return tuple(found)


def _entry_points(group: str | None) -> Iterable[EntryPoint]:
    if group is None:
        return ()
    others = any(hasattr(f, "find_distributions") and f is not PathFinder for f in sys.meta_path)
    declared = None if others else _declared_groups(tuple(sys.path))
    if declared is not None and group not in declared:
        return ()
    from importlib import metadata  # which takes longer than most answers

    return metadata.entry_points(group=group)


@lru_cache(maxsize=4)
def _declared_groups(path: tuple[str, ...]) -> frozenset[str] | None:
    """The groups in the ``entry_points.txt`` of what is installed in some folders; None where there
    is an archive among them.
    """
    groups: set[str] = set()
    for folder in path:
        if os.path.isfile(folder):
            return None
        try:
            inside = [one.path for one in os.scandir(folder or ".") if _is_metadata(one.name)]
        except OSError:
            continue
        for place in inside:
            try:
                with open(os.path.join(place, "entry_points.txt"), encoding="utf-8") as file:
                    groups.update(re.findall(r"^\s*\[\s*(.+?)\s*\]", file.read(), re.MULTILINE))
            except OSError:
                continue
            except UnicodeDecodeError:
                return None
    return frozenset(groups)


def _is_metadata(name: str) -> bool:
    return name.lower().endswith((".dist-info", ".egg-info")) or name == "EGG-INFO"


def _load_point(point: EntryPoint) -> None:
    try:
        point.load()
    except Exception as problem:
        raise HconsistError(
            f"the entry point {point.name!r} of group {point.group!r} must be importable; "
            f"received {type(problem).__name__}: {problem}; "
            f"mend or uninstall the package that declares {point.value!r}"
        ) from problem
