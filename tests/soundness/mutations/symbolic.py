"""Mutations of symbolic."""

# ruff: noqa: E501  -- a table: one mutation a line
from __future__ import annotations

from tests.soundness.mutations.mutant import Mutant

MUTANTS: list[Mutant] = []
