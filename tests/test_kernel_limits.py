"""What a file may ask of the checker: strict JSON, bounded work, exit codes that mean one thing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from forger.build import HINGE, make, piece, sealed

from hconsist.checker import OverLimit, Rejected, check, examine, parse
from hconsist.checker.limits import BYTES
from hconsist.checker.trees import Tree
from hconsist.checker.words import infix
from hconsist.cli import main

#: A product of two primes of 200 bits.
SEMIPRIME = str((2**200 - 75) * (2**201 - 55))


def hinge(claim: Tree, **changes: Any) -> dict[str, Any]:
    proof = {**HINGE, "pieces": [piece("0", "1", "1")]}
    return make("hinge", 2, ("T >=", claim), proof, **changes)


def nested(t: Tree, exponent: str, depth: int) -> Tree:
    for _ in range(depth):
        t = ["pow", t, exponent]
    return t


HOSTILE = {
    "a logarithm of a semiprime of 400 bits": hinge(
        ["mul", "2", "b", ["log", SEMIPRIME], ["pow", ["log", SEMIPRIME], "-1"]]
    ),
    "classes 10^9 in theorem C": make(
        "mae", 10**9, ("T >=", "0"), {"rule": "theorem C", "pieces": [piece("0", "1", None)]}
    ),
    "classes 10^9 in a distribution": make(
        "mae",
        10**9,
        ("T >=", "b"),
        {"rule": "concave point", "beta": "1/2", "p": ["1"], "point": ["1"]},
        "violated",
    ),
    "nested powers": hinge(nested(["add", "b", "1"], "100", 12)),
    "nested whole powers of 2": hinge(["mul", "b", nested("2", "400", 6)]),
    "nested exponentials": hinge(["exp", ["exp", ["exp", ["exp", ["exp", ["exp", "100"]]]]]]),
    "an exponent too large": hinge(["pow", ["add", "1", "b"], "1000000000"]),
    "an exponent too fine": hinge(["pow", ["add", "1", "b"], "1/1000003"]),
    "roots of many orders": hinge(
        ["add", *(["pow", ["add", str(k), "b"], f"1/{k}"] for k in range(2, 60))]
    ),
    "a product of many sums": hinge(["mul", *(["add", "1", "b", ["exp", "b"], ["log", ["add", str(
        k), "b"]]] for k in range(2, 40))]),
    "too many generators": hinge(["add", *(["log", ["add", str(k), "b"]] for k in range(2, 60))]),
    "a number too long": hinge("9" * 5000),
    "a deep formula": hinge(nested("b", "2", 400)),
    "a wide formula": hinge(["add", *["b"] * 50_000]),
    "a ladder of a long formula": hinge(
        ["mul", *(["exp", ["mul", str(k), "b"]] for k in range(1, 400))]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("method", ["algebra:0", "balls:0", "balls:6"])
def test_no_small_file_runs_for_long(name: str, method: str) -> None:
    """Rejected or over the limit, by bounds on sizes; the budget of time is there for the rest."""
    made = HOSTILE[name]
    proof = dict(made["proof"])
    if "pieces" in proof:
        proof["pieces"] = [{**p, "method": method} for p in proof["pieces"]]
    started = time.monotonic()
    with pytest.raises(Rejected):
        examine(sealed({**made, "proof": proof}), seconds=20.0)
    assert time.monotonic() - started < 60  # far above what it takes: a hang, not a measurement


def test_an_honest_number_of_400_bits_does_no_harm() -> None:
    """It is not factored: both are proven, at once."""
    root = ["mul", "b", ["pow", SEMIPRIME, "1/2"], ["pow", SEMIPRIME, "-1/2"]]
    assert check(hinge(root)) == "holds"
    large = ["add", "b", ["mul", SEMIPRIME, ["add", "b", ["mul", "-1", "b"]]]]
    assert check(hinge(large)) == "holds"


def test_the_budget_of_work_and_of_time_is_kept() -> None:
    made = hinge("b")
    assert examine(made).verdict == "holds"
    with pytest.raises(OverLimit, match="steps"):
        examine(made, steps=20)
    with pytest.raises(OverLimit, match="seconds"):
        examine(made, seconds=0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"schema": 1, "schema": 2}', "twice"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'{"a": NaN}', "number"),
        (b'{"a": -Infinity}', "number"),
        (b'{"a": 1.5}', "number"),
        (b'{"a": 1e9}', "number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 100_000, "nesting"),
        (b'{"a":' * 100_000, "nesting"),
        (b'{"a": 1', "JSON"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "JSON"),
        (b" " * (BYTES + 1), "bytes"),
    ],
    ids=lambda v: None if isinstance(v, bytes) else v,
)
def test_json_is_read_strictly(text: bytes, message: str) -> None:
    with pytest.raises(Rejected, match=message):
        parse(text)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    listed = list(enumerate(value)) if isinstance(value, list) else []
    below = list(value.items()) if isinstance(value, dict) else listed
    return [path, *(p for k, v in below for p in places(v, (*path, k)))]


@pytest.mark.parametrize(
    "put", [None, True, 1, -1, "", "x", [], {}, ["add"], {"kind": "zero-one"}, 10**15, "1/0", "01"]
)
def test_a_wrong_type_anywhere_is_rejected_not_a_fault(put: Any) -> None:
    """Each place of a file in turn holds something else. What is accepted must be a fair change."""
    original = json.dumps(hinge("b"))
    for path in places(json.loads(original)):
        made = json.loads(original)
        where: Any = made
        for key in path[:-1]:
            where = where[key]
        if not path or path[0] == "digest" or where[path[-1]] == put:
            continue
        where[path[-1]] = put
        try:
            check(sealed(made))
        except Rejected:
            continue
        assert path[-1] in ("spec", "formula") or put == "1", (path, put)


@pytest.mark.parametrize("extra", ["note", "statement2", "Verdict", "comment"])
def test_an_unknown_or_missing_key_anywhere_is_rejected(extra: str) -> None:
    original = json.dumps(hinge("b"))
    for path in places(json.loads(original)):
        made = json.loads(original)
        where: Any = made
        for key in path:
            where = where[key]
        if not isinstance(where, dict):
            continue
        before = dict(where)
        for key in (extra, *before):
            where.clear()
            where.update({k: v for k, v in before.items() if k != key})
            if key == extra:
                where[key] = "T(b) >= 100 b for every loss"
            with pytest.raises(Rejected):
                check(sealed(made) if "digest" in made else made)
        where.clear()
        where.update(before)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def test_exit_codes_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "c.json"
    violated = make(
        "mae", 3, ("T >=", "b"),
        {"rule": "concave point", "beta": "1/3", "p": ["2/3", "1/3", "0"],
         "point": ["1/2", "1/2", "0"]}, "violated",
    )  # fmt: skip
    undecided = hinge("b", verdict="undecided", lemmas=[])
    undecided["proof"] = {"reason": "no time", "progress": {}}
    named = hinge("b")
    named["statement"]["loss"]["spec"] = "hinge"
    misnamed = hinge("b")
    misnamed["statement"]["loss"]["spec"] = "logistic"
    unnamed = hinge("b")
    unnamed["statement"]["loss"]["spec"] = "no such loss"
    for made, code, said in (
        (hinge("b"), 0, "T(b) >= b for every b in [0, 1]"),
        (named, 0, "hinge"),
        (violated, 1, "violated"),
        (undecided, 3, "no time"),
        (misnamed, 2, "name the loss"),
        (unnamed, 2, "name a loss"),
        (hinge(["mul", "2", "b"]), 2, "rejected"),
        ({**violated, "verdict": "holds"}, 2, "rejected"),
        (HOSTILE["classes 10^9 in theorem C"], 3, "over the limit"),
        (HOSTILE["a wide formula"], 3, "over the limit"),
    ):
        file.write_text(json.dumps(sealed(made)))
        assert run("check", str(file)) == code, said
        shown = capsys.readouterr()
        assert said in shown.out + shown.err
    file.write_text('{"a":' * 100_000)
    assert run("check", str(file)) == 3
    file.write_text("[]")
    assert run("check", str(file)) == 2
    assert run("check", str(tmp_path / "none.json")) == 2


def test_a_fault_of_the_checker_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    import hconsist.checker.__main__ as command

    def broken(*_: Any) -> Any:
        raise KeyError("a fault")

    monkeypatch.setattr(command, "examine", broken)
    data = json.dumps(hinge("b")).encode()
    assert command.outcome(data, 10.0)["outcome"] == "error"
    assert command.CODES["error"] == 4


def test_words_mean_what_the_tree_means() -> None:
    """The printed formula, read by Python's own rules of precedence, has the tree's values."""
    from hconsist.checker.enclosures import ball

    trees: list[Tree] = [
        ["mul", "1/2", ["pow", ["add", "1", ["mul", "-1", "b"]], "2"]],
        ["mul", "-1", ["mul", "-2", "b"], ["add", "b", ["mul", "-1", ["add", "b", "3"]]]],
        ["pow", ["pow", "b", "2"], "3"],
        ["pow", ["mul", "1/2", "b"], "-2"],
        ["pow", "1/2", "3"],
        ["add", ["add", "-1", "b"], ["mul", "-1/2", "b"], "-3/4", ["mul", "-1", "-1/3", "b"]],
        ["mul", "b", "-1/3", ["mul", "-1/2", "b"], ["add", "-1", "b"]],
        ["add", "1", ["add", "-1", ["mul", "-1", "b"]]],
        ["max", ["mul", "-1", "b"], ["pow", "b", "-1"]],
    ]
    from fractions import Fraction

    for t in trees:
        words = infix(t).replace("^", "**")
        for b in (Fraction(1, 3), Fraction(7, 5)):
            import re

            exact = re.sub(r"(?<![a-z\d])(\d+)", r"Q(\1)", words).replace("**Q(", "**(")
            value = eval(exact, {"Q": Fraction, "b": b, "max": max})
            expected = ball(t, b=ball(str(b)))
            assert expected.contains(ball(str(Fraction(value)))), (t, words)
