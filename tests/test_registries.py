"""Adding a loss, a hypothesis set or a target is one file: every list is that of the registry."""

from __future__ import annotations

import ast
import dataclasses
import sys
from collections.abc import Iterator
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

import click
import pytest

import hconsist as hc
import hconsist.losses
from hconsist import registry
from hconsist.cli import main
from hconsist.cli.derive import command
from hconsist.decisions import MAKERS, parse_target
from hconsist.hypotheses import HYPOTHESES, forms, parse_hypotheses
from hconsist.losses import CATALOGUE, LOSSES, Loss, parse_loss

PACKAGE = Path(hconsist.__file__).parent

THEIRS = '''
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from hconsist.arithmetic import exact
from hconsist.decisions import CostMatrix, register_target
from hconsist.hypotheses import HYPOTHESES, Hypotheses
from hconsist.losses import SoftmaxLoss, register_loss, register_maker


@register_loss
@dataclass(frozen=True)
class Cubic(SoftmaxLoss):
    """Cubic loss ``(1 - u)^3 / 3``, u the softmax value of the label."""

    spec_name: ClassVar[str] = "cubic"
    source: ClassVar[str] = "nobody 2026"

    def of_softmax(self, u, ops):
        return ops.power(ops.const(1) - u, 3) / ops.const(3)


@register_maker("same", "nobody 2026")
def Same():
    """The same again: `Cubic`."""
    return Cubic()


@HYPOTHESES.register("shallow")
@dataclass(frozen=True)
class Shallow(Hypotheses):
    """Scores of depth at most D."""

    depth: object
    letters = {"D": "depth"}

    @property
    def score_bound(self):
        return exact(self.depth, "depth")

    def __str__(self):
        return f"shallow:{self.depth}"


@register_target("twice", "twice:", "2 unless the label is predicted")
def read(rest, spec):
    return CostMatrix(((0, 2), (2, 0)))
'''


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another package, installed: its module is named by an entry point of each group."""
    (tmp_path / "their_losses.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(str(tmp_path))
    groups = {"hconsist.losses", "hconsist.hypotheses", "hconsist.targets"}

    def points(group: str | None) -> list[Any]:
        made = metadata.EntryPoint("theirs", "their_losses", str(group))
        return [made] if group in groups else []

    every: list[Any] = [LOSSES, HYPOTHESES, MAKERS]
    before = [{name: one[name] for name in one} for one in every]
    monkeypatch.setattr(registry, "_entry_points", points)
    for one in every:
        monkeypatch.setattr(one, "_loaded", False)
    assert not {"cubic", "shallow", "twice"} & {name for names in before for name in names}
    yield
    for one, entries in zip(every, before, strict=True):
        one._entries = entries
    sys.modules.pop("their_losses", None)
    for name in ("Cubic", "Same"):
        vars(hc).pop(name, None)
        vars(hconsist.losses).pop(name, None)


@pytest.mark.usefixtures("theirs")
def test_a_loss_of_another_package_is_read_listed_and_derived(
    capsys: pytest.CaptureFixture[str],
) -> None:
    loss = parse_loss("cubic")
    assert loss.spec == "cubic" and parse_loss("same") == loss
    assert "cubic" in CATALOGUE and "same" in CATALOGUE
    assert (
        CATALOGUE["cubic"].summary == "Cubic loss (1 - u)^3 / 3, u the softmax value of the label"
    )
    assert type(loss) is hc.Cubic and hc.Same() == loss  # type: ignore[attr-defined]
    assert {"Cubic", "Same"} <= {*dir(hc)} & {*hconsist.losses.__all__}  # type: ignore[attr-defined]
    with pytest.raises(SystemExit) as done:
        main(["losses"])
    assert done.value.code == 0 and "nobody 2026" in capsys.readouterr().out
    # at n = 2 the softmax value u of one label is 1 - u of the other: C = (p (1-u)^3 + (1-p) u^3)/3
    p, grid = 0.8, [k / 10000 for k in range(10001)]
    risks = [(p * (1 - u) ** 3 + (1 - p) * u**3) / 3 for u in grid]
    found = hc.derive("cubic", engine="numeric").T("3/5").estimate
    assert found == pytest.approx(1 / 24 - min(risks), rel=1e-6)


@pytest.mark.usefixtures("theirs")
def test_a_hypothesis_set_and_a_target_of_another_package_are_read() -> None:
    assert parse_hypotheses("shallow:3").score_bound == Fraction(3)
    assert parse_hypotheses("shallow:D=3") == parse_hypotheses("shallow:3")
    assert "shallow:D" in forms().split(", ")
    with pytest.raises(hc.InvalidInputError, match="depth"):
        parse_hypotheses("shallow")
    assert float(parse_target("twice").decision(2).max_regret) == 2


def test_help_tells_every_hypothesis_set_and_target() -> None:
    text = " ".join(command.get_help(click.Context(command)).split()).replace("- ", "-")
    for form in forms().split(", "):
        assert form in text
    for name in MAKERS:
        assert name in text


def _classes(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield path.stem, node.name


def test_every_loss_class_is_registered_and_every_registered_loss_has_its_name() -> None:
    abstract = {"Loss", "MarginLoss", "SoftmaxLoss", "ProbabilityLoss", "PredictionLoss"}
    abstract.add("MarginsOfPredictions")
    written = set()
    for stem, name in _classes(PACKAGE / "losses"):
        module = sys.modules.get(f"hconsist.losses.{stem}")
        found = getattr(module, name, None)
        if isinstance(found, type) and issubclass(found, Loss) and name not in abstract:
            written.add(name)
    registered = {entry.value.__name__ for entry in LOSSES.values()}
    assert written and written <= registered
    for name in registered:
        assert getattr(hc, name) is getattr(hconsist.losses, name)
        assert name in hconsist.losses.__all__  # type: ignore[attr-defined]
    for entry in LOSSES.values():
        assert entry.summary and entry.source, entry.name


def test_type_checkers_see_each_module_that_registers_losses() -> None:
    stub = ast.parse((PACKAGE / "losses" / "__init__.pyi").read_text())
    starred = {
        node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    }
    assert starred == {entry.value.__module__ for entry in LOSSES.values()}


def test_type_checkers_see_each_module_that_registers_targets() -> None:
    stub = ast.parse((PACKAGE / "decisions" / "__init__.pyi").read_text())
    starred = {
        node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    }
    assert starred == {entry.value.kind.__module__ for entry in MAKERS.values()}


def test_every_hypothesis_set_and_target_has_its_name() -> None:
    for entry in HYPOTHESES.values():
        assert getattr(hc, entry.value.__name__) is entry.value
        fields = {f.name for f in dataclasses.fields(entry.value)}
        assert set(entry.value.letters.values()) == fields
    for entry in MAKERS.values():
        assert entry.value.kind is getattr(hc, entry.value.__name__)
        form = entry.value.form.partition(" or ")[0].partition("|")[0]
        made = parse_target(form)
        assert getattr(hc, type(made).__name__) is type(made)
        assert parse_target(str(made)) == made


def test_the_names_of_the_package_are_those_that_type_checkers_read() -> None:
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text())
    seen = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert seen == hc._HOME_OF  # type: ignore[attr-defined]
