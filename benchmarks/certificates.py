"""``python -m benchmarks certificates [FOLDER] [--coq] [-o OUT.json]``: what certificates cost.

Seconds of computing, each once, as a table: the search from the statement alone (nothing of the
proof is kept), the checker, the second checker, and coqc on the exported script (with ``--coq``,
where it is installed; 600 seconds of wall time at most, or ``--seconds``). A dash says that there
is none: no search for the statement. "refused" says that the rule has no export, and why follows
the table. A run that was stopped goes on from its JSON file; what has not changed is not measured
again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def seconds(work: Callable[[], object]) -> str:
    """The time of some work; a dash where it is refused."""
    from hconsist.errors import HconsistError

    start = time.process_time()
    try:
        work()
    except HconsistError:
        return "–"
    return f"{time.process_time() - start:.2f}"


def expression(t: Any, symbol: Any) -> Any:
    """A claim's tree as an expression."""
    import sympy

    if isinstance(t, str):
        return symbol if t in ("b", "e") else sympy.Rational(t)
    if t[0] == "pow":
        return expression(t[1], symbol) ** sympy.Rational(t[2])
    if t[0] == "ifle":
        cut, below, above = (expression(a, symbol) for a in t[2:])
        return sympy.Piecewise((below, symbol <= cut), (above, True))
    parts = [expression(a, symbol) for a in t[1:]]
    functions: dict[str, Callable[..., Any]] = {
        "add": sympy.Add, "mul": sympy.Mul, "max": sympy.Max, "exp": sympy.exp,
        "log": sympy.log, "xlogx": lambda x: x * sympy.log(x),
    }  # fmt: skip
    return functions[t[0]](*parts)


def search(statement: dict[str, Any]) -> None:
    """The search for a certificate of a statement."""
    import sympy

    from hconsist.certificates import (
        certify,
        certify_costs,
        certify_gamma,
        certify_gap,
        piecewise,
    )
    from hconsist.certificates.entry import inverse_of
    from hconsist.certificates.refutations import refute_gamma
    from hconsist.distributions import Finite
    from hconsist.errors import EngineCannotAnswerError
    from hconsist.pointwise import PointwiseProblem, beta_symbol, excess_symbol

    loss, claim, n = statement["loss"], statement["claim"], statement["classes"]
    if loss["spec"] is None:
        raise EngineCannotAnswerError("certificate", "a loss without a name", None)
    relation = claim["kind"].split()[1]
    if statement["target"]["kind"] == "costs" and loss["kind"] == "softmax":
        rows = [[Fraction(x) for x in row] for row in statement["target"]["matrix"]]
        certify_costs(rows, claim["formula"], relation=relation)
        return
    bound = statement["hypotheses"].get("scores")
    hypotheses = "complete" if bound is None else f"bounded:{bound}"
    classes = sympy.Symbol("n", integer=True, positive=True) if n == "any" else n
    k = statement["target"].get("k")
    problem = PointwiseProblem(
        loss["spec"], "zero-one" if k is None else f"top-k:{k}", hypotheses, classes
    )
    if "inputs" in claim:
        d = Finite(
            [row["weight"] for row in claim["inputs"]], [row["p"] for row in claim["inputs"]]
        )
        certify_gap(problem, d, relation, claim["formula"], claim["members"])
        return
    if claim["kind"] == "Gamma <=":
        formula = expression(claim["formula"], excess_symbol())
        if piecewise.applies(problem):
            piecewise.certify_piecewise_gamma(problem, formula)
        elif refute_gamma(problem, claim["formula"]) is None:
            certify_gamma(problem, formula, inverse_of(formula))
    else:
        certify(problem, relation, expression(claim["formula"], beta_symbol()))


class Measurements:
    """What was measured of each file, kept in a JSON file after every cell.

    A cell is measured again only where the certificate, or its Coq script, has changed.
    """

    def __init__(self, store: Path | None) -> None:
        self.store = store
        self.rows: dict[str, dict[str, Any]] = {}
        if store is not None and store.exists():
            self.rows = json.loads(store.read_text(encoding="utf-8"))

    def keep(self, name: str, row: dict[str, Any]) -> None:
        """Write a row."""
        self.rows[name] = row
        if self.store is not None:
            part = self.store.with_suffix(".part")
            part.write_text(json.dumps(self.rows, indent=1) + "\n", encoding="utf-8")
            part.replace(self.store)

    def measure(
        self, name: str, c: dict[str, Any], limit: float, with_coq: bool, with_search: bool
    ) -> dict[str, Any]:
        """The row of a certificate."""
        import second_checker
        from hconsist.checker import check

        row = self.rows.get(name, {})
        if row.get("digest") != c["digest"]:
            row = {"digest": c["digest"], "rule": c["proof"].get("rule"), "verdict": c["verdict"]}
        work: dict[str, Callable[[], object]] = {
            "search": lambda: search(c["statement"]),
            "check": lambda: check(c),
            "second checker": lambda: second_checker.check(c),
        }
        for column, job in work.items():
            if column not in row and (with_search or column != "search"):
                row[column] = seconds(job)
                self.keep(name, row)
        if with_coq:
            row.update(coq(c, row, limit))
            self.keep(name, row)
        return row


def coq(c: dict[str, Any], before: dict[str, Any], limit: float) -> dict[str, Any]:
    """Export and compile: seconds of computing, or why there is none."""
    from hconsist.errors import EngineCannotAnswerError
    from hconsist.exports import compile_script, coq_script
    from hconsist.exports.compile import compiled_proofs

    try:
        text = coq_script(c)
    except EngineCannotAnswerError as problem:
        return {"coqc": "refused", "reason": problem.reason, "script": None}
    script = hashlib.sha256(text.encode()).hexdigest()
    compiled_proofs()  # not a part of what is measured
    if before.get("script") == script and (
        before["coqc"] != "over the limit" or before["limit"] >= limit
    ):
        return {}
    found: dict[str, Any] = {"script": script, "reason": None, "limit": limit}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Certificate.v"
        path.write_text(text, encoding="utf-8")
        start = os.times()
        try:
            compile_script(path, limit)
        except EngineCannotAnswerError as problem:
            late = "seconds" in problem.reason
            return found | {
                "coqc": "over the limit" if late else "rejected",
                "reason": problem.reason,
            }
        stop = os.times()
    spent = stop.children_user + stop.children_system - start.children_user - start.children_system
    return found | {"coqc": f"{spent:.1f}"}


HEAD = "| file | rule | verdict | search | check | second checker | coqc |\n" + 7 * "|---" + "|"


def line(name: str, row: dict[str, Any]) -> str:
    """A row of the table."""
    columns = ("rule", "verdict", "search", "check", "second checker", "coqc")
    return "| " + " | ".join([name, *(str(row.get(c, "–")) for c in columns)]) + " |"


def main(arguments: list[str]) -> int:
    """Print the table, and the reasons of refusals."""
    sys.path.insert(0, str(ROOT))
    reader = argparse.ArgumentParser("python -m benchmarks certificates", description=__doc__)
    reader.add_argument("folder", nargs="?", type=Path, default=ROOT / "certificates")
    reader.add_argument("--coq", action="store_true", help="run coqc on the exported scripts")
    reader.add_argument("--seconds", type=float, default=600, help="limit of a run of coqc")
    reader.add_argument("--no-search", action="store_true", help="leave the searches out")
    reader.add_argument("-o", "--out", type=Path, help="a JSON file; a later run goes on from it")
    given = reader.parse_args(arguments)
    with_coq = given.coq and shutil.which("coqc") is not None
    kept, reasons = Measurements(given.out), []
    print(HEAD)
    for path in sorted(given.folder.rglob("*.json")):
        c = json.loads(path.read_text(encoding="utf-8"))
        name = path.relative_to(given.folder).with_suffix("").as_posix()
        row = kept.measure(name, c, given.seconds, with_coq, not given.no_search)
        print(line(name, row), flush=True)
        if row.get("reason"):
            reasons.append(f"* {name}: {row['coqc']}: {row['reason']}")
    print("\n" + "\n".join(reasons))
    return 0
