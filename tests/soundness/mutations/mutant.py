"""One change of one line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One change of one line.

    Parameters
    ----------
    file : str
        A module below ``hconsist/`` (``../second_checker/`` for one of the second checker), or the
        package that it has become.
    old, new : str
        ``old`` occurs there exactly once.
    equivalent : str
        Why no test can notice: what the changed line asks is implied by what else is asked. Such a
        line is kept where the argument is clearer with it; the mutant is not run.
    """

    file: str
    old: str
    new: str
    equivalent: str = ""

    def places(self, root: Path) -> list[Path]:
        """Every file of a checkout that has the old text, as often as it does; one, if all is
        well.
        """
        module = root / "hconsist" / self.file
        files = [module] if module.exists() else sorted(module.with_suffix("").rglob("*.py"))
        return [f for f in files for _ in range(f.read_text(encoding="utf-8").count(self.old))]

    def __str__(self) -> str:
        return f"{self.file}: {self.old.strip()}  =>  {self.new.strip()}"


def of(file: str, *changes: tuple[str, str] | tuple[str, str, str]) -> list[Mutant]:
    """Mutants of one module: old text, new text and, where no test can notice, why."""
    return [Mutant(file, *change) for change in changes]
