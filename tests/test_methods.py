"""Methods say what they need: the list, the reasons in errors, the command."""

from __future__ import annotations

import json

import pytest

from hconsist.cli import main
from hconsist.engines import ENGINES, load, transform
from hconsist.engines.methods import METHODS, method, methods
from hconsist.errors import EngineCannotAnswerError
from hconsist.pointwise import PointwiseProblem


@pytest.mark.parametrize("engine", ENGINES)
def test_every_method_is_told_and_has_a_place_in_the_order(engine: str) -> None:
    for asked in ("T", "T**"):
        found = methods(engine, asked)  # type: ignore[arg-type]
        assert len({m.rank for m in found}) == len(found)
        assert all(m.summary and m.engine == engine for m in found)
    assert methods(engine)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("engine", "spec", "hypotheses"),
    [("symbolic", "aldr", "complete"), ("rigorous", "dice", "complete")],
)
def test_a_refusal_lists_the_reason_of_every_method(
    engine: str, spec: str, hypotheses: str
) -> None:
    problem = PointwiseProblem(spec, hypotheses=hypotheses, n_classes=4)  # type: ignore[arg-type]
    with pytest.raises(EngineCannotAnswerError) as refused:
        transform(problem, "1/2", engine)  # type: ignore[arg-type]
    told = dict(refused.value.methods)
    assert set(told) == {m.name for m in methods(engine)}  # type: ignore[arg-type]
    assert all(told.values())
    assert all(f"{name}: {reason}" in str(refused.value) for name, reason in told.items())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("spec", ["mae", "weston-watkins", "brier"])
def test_an_engine_answers_where_one_of_its_methods_applies(engine: str, spec: str) -> None:
    problem = PointwiseProblem(spec, n_classes=3)  # type: ignore[arg-type]
    tried = load(engine).methods(problem)  # type: ignore[arg-type]
    applies = any(not one.reason for one in tried if one.method.asked == "T")
    try:
        transform(problem, "1/2", engine)  # type: ignore[arg-type]
    except EngineCannotAnswerError:
        assert not applies
    else:
        assert applies


def test_a_method_that_registers_itself_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    methods("rigorous")
    monkeypatch.setattr(METHODS["rigorous"], "_entries", dict(METHODS["rigorous"]._entries))

    @method("rigorous", "mine", rank=1000, lemmas=("my lemma",))
    def plan(question: object) -> str:
        """What I can do."""
        return "needs a better day"

    with pytest.raises(EngineCannotAnswerError, match="mine: needs a better day"):
        transform(PointwiseProblem("dice", n_classes=4), "1/2", "rigorous")  # type: ignore[arg-type]


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["methods", "mae", "--classes", "3", "--hypotheses", "bounded:1", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert left.value.code == 0
    assert {row["engine"] for row in rows} == set(ENGINES)
    assert all(row["applies"] == (not row["reason"]) for row in rows)
    concave = next(r for r in rows if (r["engine"], r["method"]) == ("rigorous", "concave"))
    assert concave["reason"] == "needs complete scores, not bounded:1"
    with pytest.raises(SystemExit):
        main(["methods", "mae"])
    assert "RESTS ON" in capsys.readouterr().out
