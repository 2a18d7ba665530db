"""``python -m benchmarks certificates [FOLDER] [--coq]``: what each certificate costs, as a table.

Seconds of wall time, each once: the search from the statement alone (nothing of the proof is kept),
the checker, the second checker, and coqc on the exported script (with ``--coq``, where it is
installed). A dash says that there is none: no search for the statement, no export of the rule.
"""

from __future__ import annotations

import functools
import json
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

    start = time.perf_counter()
    try:
        work()
    except HconsistError:
        return "–"
    return f"{time.perf_counter() - start:.2f}"


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


def coq(certificate: dict[str, Any]) -> None:
    """Export and compile."""
    from hconsist.exports import compile_script, coq_script

    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "Certificate.v"
        script.write_text(coq_script(certificate), encoding="utf-8")
        compile_script(script)


def main(arguments: list[str]) -> None:
    """Print the table."""
    sys.path.insert(0, str(ROOT))
    import second_checker
    from hconsist.checker import check

    folders = [a for a in arguments if not a.startswith("--")]
    folder = Path(folders[0]) if folders else ROOT / "certificates"
    with_coq = "--coq" in arguments and shutil.which("coqc") is not None
    print("| file | rule | verdict | search | check | second checker | coqc |")
    print("|---|---|---|---|---|---|---|")
    for path in sorted(folder.rglob("*.json")):
        c = json.loads(path.read_text(encoding="utf-8"))
        found = second_checker.check
        row = [
            path.stem,
            c["proof"].get("rule", "–"),
            c["verdict"],
            seconds(functools.partial(search, c["statement"])),
            seconds(functools.partial(check, c)),
            seconds(functools.partial(found, c)),
            seconds(functools.partial(coq, c)) if with_coq else "–",
        ]
        print("| " + " | ".join(row) + " |", flush=True)
