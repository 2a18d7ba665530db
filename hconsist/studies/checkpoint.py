"""Finished cells of a study on disk: what an interruption leaves behind is read back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hconsist.errors import InvalidInputError
from hconsist.simulate.results import Row


class Checkpoint:
    """Finished cells, one JSON line each, after a first line that says whose they are."""

    def __init__(self, path: Path, fingerprint: dict[str, Any]) -> None:
        self.path, self.fingerprint = path, fingerprint

    def read(self) -> Iterator[tuple[int, list[Row]]]:
        """What was finished; a last line that an interruption cut short is dropped from the
        file.
        """
        if not self.path.exists() or self.path.stat().st_size == 0:
            self._write("w", self.fingerprint)
            return
        whole = []
        for line in self.path.read_bytes().splitlines(keepends=True):
            try:
                whole.append((line, json.loads(line) if line.endswith(b"\n") else None))
            except ValueError:
                whole.append((line, None))
        kept = [(line, value) for line, value in whole if value is not None]
        if not kept or kept[0][1] != self.fingerprint:
            raise InvalidInputError(
                "the checkpoint must be of the same study, seed, device and version",
                str(self.path),
                "write to another folder, or delete the checkpoint",
            )
        if len(kept) < len(whole):
            with self.path.open("r+b") as file:
                file.truncate(sum(len(line) for line, _ in kept))
        for _, value in kept[1:]:
            yield int(value["cell"]), value["rows"]

    def append(self, number: int, rows: list[Row]) -> None:
        """Add a cell; on disk when this returns."""
        self._write("a", {"cell": number, "rows": rows})

    def _write(self, mode: str, value: Any) -> None:
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")
            file.flush()
            os.fsync(file.fileno())
