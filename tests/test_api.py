"""The names users type."""

from __future__ import annotations

import ast
from pathlib import Path

import sympy

import hconsist as hc
import hconsist.losses as losses


def test_every_name_of_the_stub_is_reachable() -> None:
    stub = ast.parse((Path(hc.__file__).parent / "__init__.pyi").read_text())
    names = [
        alias.name
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name != "*"
    ]
    assert names
    for name in [*names, *losses.__all__]:
        assert getattr(hc, name) is not None
        assert name in dir(hc)
    assert set(names) == set(hc._HOME_OF)


def test_a_number_of_classes_may_stay_a_symbol() -> None:
    n = sympy.Symbol("n", integer=True, positive=True)
    assert n in hc.derive("mae", n).envelope.free_symbols
