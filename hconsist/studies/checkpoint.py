"""Finished cells of a study on disk: what an interruption leaves behind is read back.

Every line carries a checksum of itself and of the run that it belongs to. A line that is cut short,
or in which a single digit has changed, is dropped, and its cell is run again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hconsist.errors import InvalidInputError
from hconsist.simulate.results import Row


class Checkpoint:
    """Finished cells, one JSON line each, after a first line that says whose they are."""

    def __init__(self, path: Path, fingerprint: dict[str, object]) -> None:
        self.path, self.fingerprint = path, fingerprint
        self._salt = json.dumps(fingerprint, sort_keys=True)

    def read(self) -> Iterator[tuple[int, list[Row]]]:
        """What was finished; damaged lines are taken out of the file.

        Raises
        ------
        InvalidInputError
            When the file is of another run: none of its lines is of this one.
        """
        self.path.with_name(f"{self.path.name}.new").unlink(missing_ok=True)
        if not self.path.exists() or self.path.stat().st_size == 0:
            self._write([self.fingerprint])
            return
        lines = self.path.read_bytes().splitlines(keepends=True)
        found = [self._value(line) for line in lines]
        kept = [value for value in found if value is not None]
        if not kept:
            raise InvalidInputError(
                "the checkpoint must be of the same study, seed, device and version",
                str(self.path),
                "write to another folder, or delete the checkpoint",
            )
        cells = [value for value in kept if "cell" in value]
        if len(kept) < len(found) or len(cells) == len(kept):
            self._write([self.fingerprint, *cells])
        for value in cells:
            yield int(value["cell"]), value["rows"]

    def append(self, number: int, rows: list[Row]) -> None:
        """Add a cell; on disk when this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(self._line({"cell": number, "rows": rows}))
            file.flush()
            os.fsync(file.fileno())

    def _sum(self, text: str) -> str:
        return hashlib.sha256((self._salt + text).encode()).hexdigest()[:32]

    def _line(self, value: object) -> str:
        text = json.dumps(value)
        return f"{self._sum(text)} {text}\n"

    def _value(self, line: bytes) -> Any:
        """What a line says; None where it is damaged, or of another run."""
        try:
            checksum, _, text = line.decode("utf-8").partition(" ")
        except UnicodeDecodeError:
            return None
        if not text.endswith("\n") or checksum != self._sum(text[:-1]):
            return None
        return json.loads(text)

    def _write(self, values: list[object]) -> None:
        """The whole file anew, in one step."""
        new = self.path.with_name(f"{self.path.name}.new")  # one name: what is left is overwritten
        with new.open("w", encoding="utf-8") as file:
            file.writelines(map(self._line, values))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
