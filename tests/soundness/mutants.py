"""Source mutations, each of which must make a test fail: constants and directions of inequalities
inside the rigorous engine, the provers of facts, the conditions of rules, and the checker.

Run as ``python -m tests.soundness.mutants [FIRST [LAST]]`` from the root of a checkout; it prints a
table of what was killed and what survived, and takes a minute for every few mutants.
"""

# ruff: noqa: E501  -- a table: one mutation a line
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Which tests stand guard over a part of the package; the first failure ends them.
GUARDS: dict[str, tuple[str, ...]] = {
    "proving": ("tests/test_facts.py", "tests/soundness/test_enclosures.py"),
    "rigorous": ("tests/soundness/test_enclosures.py", "tests/test_rigorous.py"),
    "plugin": ("tests/test_rigorous_costs.py",),
    "checker": (
        "tests/test_kernel_forgeries.py",
        "tests/test_kernel_limits.py",
        "tests/test_kernel_gamma.py",
        "tests/test_kernel_plugin.py",
        "tests/soundness/test_checker_conditions.py",
        "tests/test_checker.py",
    ),
    "consistency": ("tests/test_consistency_liars.py", "tests/test_consistency.py"),
    "symbolic": ("tests/test_symbolic_liars.py", "tests/test_symbolic.py"),
}


@dataclass(frozen=True)
class Mutant:
    """One change of one line.

    Parameters
    ----------
    guard : str
        A key of `GUARDS`.
    file : str
        Below ``hconsist/``.
    old, new : str
        ``old`` occurs in the file exactly once.
    """

    guard: str
    file: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}: {self.old.strip()}  =>  {self.new.strip()}"


def _of(guard: str, file: str, *changes: tuple[str, str]) -> list[Mutant]:
    return [Mutant(guard, file, old, new) for old, new in changes]


MUTANTS: list[Mutant] = [
    *_of(
        "proving",
        "losses/proving/known.py",
        ("return exponent + 2 if falls", "return exponent + 1 if falls"),
        ("(Sum({frozenset(rest): c})) == -3", "(Sum({frozenset(rest): c})) != 0"),
        ("joint[0] > 0 > slope", "0 > slope"),
        ("if level == -slope * joint[0] else None", "if True else None"),
        ("share * slope**2 / (2 * bend)", "share * slope**2 / bend"),
        ("not in (0, 3)", "not in (-3, 0, 3)"),
        ("even * sum_of(4 * kappa)", "even * sum_of(2 * kappa)"),
    ),
    *_of(
        "proving",
        "losses/proving/curves.py",
        ("{0, 1, 2, 3}, \"the value\"", "{-1, 0, 1, 2, 3}, \"the value\""),
        ("found.growth > limits.FLAT and found.sign == -3", "found.growth > limits.FLAT and found.sign == 3"),
        ("        if sign != -3:", "        if sign == 3:"),
        ("found * sign < 0", "found * sign < -100"),
        ("    if gap != 0:", "    if gap == 3:"),
    ),
    *_of(
        "proving",
        "losses/proving/signs.py",
        ("return 3 if ball > 0 else -3 if ball < 0 else None", "return 3 if ball > 0 else -3"),
        ("if total is None or sign * total < 0:", "if total is None:"),
        ("(e < 0 and abs(sign) < 3)", "False"),
        ("if a is None or b is None or a * b >= 0:", "if a is None or b is None:"),
        ("return 3 if abs(rate) >= 2 or least > 0 else 1", "return 3"),
        ("if least is not None and least >= 0:", "if least is not None:"),
        ("if most is not None and most <= 0:", "if most is not None:"),
        ("if left * right < 0 or middle is None:", "if middle is None:"),
    ),
    *_of(
        "proving",
        "losses/proving/scores.py",
        ("rising = e >= 1 and x.sign > 0", "rising = e >= 1"),
        ("_FLIP.get(right.curve, right.curve)", "right.curve"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/risk.py",
        ("lowest.min(d)", "lowest.max(d)"),
        ("(upper + lowest - shift, upper)", "(upper - lowest - shift, upper)"),
        ("values[others[0]] * size > total", "values[others[0]] * size < total"),
        ("BALLS.const(p * count) * term", "BALLS.const(p) * term"),
        ("shift = shift + d * BALLS.const(s * count)", "shift = shift + d * BALLS.const(s)"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/binary.py",
        ("+ s1 * s2 * BALLS.const(y2 - y1)) / (s2 - s1)", ") / (s2 - s1)"),
        ("(s2 * r1 - s1 * r2", "(s2 * r2 - s1 * r1"),
        ("self.value(BALLS.const(y1)) + s1 * BALLS.const(wall - y1)", "self.value(BALLS.const(y1))"),
        ("self.slope(wall) <= 0", "self.slope(wall) >= 0"),
        ("low = self._weighted(self.phi(c, BALLS), lambda: self.phi(-a, BALLS))",
         "low = self._weighted(self.phi(a, BALLS), lambda: self.phi(-c, BALLS))"),
        ("            if s1 <= 0 and s2 >= 0 and s2 - s1 > 0:", "            if s2 - s1 > 0:"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/box.py",
        ("BALLS.const(2 * bound)", "BALLS.const(bound)"),
        ("low = 1 / (k * self.ratio + (n - k))", "low = 1 / (k * self.ratio + n)"),
        ("least = at if least is None else least.min(at)", "least = at"),
        ("endpoints(value - tangent + least)[0]", "endpoints(value)[0]"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/regions.py",
        ("BALLS.const(2 * m) * (tied - split)", "BALLS.const(4 * m) * (tied - split)"),
        ("m = max((v[0] + v[1]) / 2 for v in simplex.vertices)", "m = min((v[0] + v[1]) / 2 for v in simplex.vertices)"),
        ("BALLS.const(2) / mass, self.tau - 1", "mass / BALLS.const(2), self.tau - 1"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/constrained.py",
        ("BALLS.const((1 - p) * count) * term", "BALLS.const(p * count) * term"),
        ("+ s1 * s2 * BALLS.const(y2 - y1)) / (s2 - s1)", ") / (s2 - s1)"),
        ("BALLS.const(w) * jet.v - BALLS.const(mu * y)", "BALLS.const(w) * jet.v"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/methods/concave.py",
        ("known(form.g, \"concave\", \"non-increasing\", \"continuous at 0\")", "known(form.g, \"continuous at 0\")"),
        ("min(Fraction(1), k * top - beta)", "min(Fraction(1), k * top)"),
        ("lowest = low if lowest is None else min(lowest, low)", "lowest = low if lowest is None else max(lowest, low)"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/methods/one_margin.py",
        ("lower = wrong[0] - min(right[1], wrong[1])", "lower = wrong[1] - min(right[0], wrong[0])"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/supports.py",
        ("offset = max(wanted.slope * beta - low for", "offset = min(wanted.slope * beta - low for"),
        ("endpoints((backward - forward) / 2)[0]", "endpoints(backward - forward)[0]"),
        ("low = min(low, tied - endpoints", "low = max(low, tied - endpoints"),
    ),
    *_of(
        "rigorous",
        "engines/rigorous/transport.py",
        ("if k != y else BALLS.const(0)", "if k == y else BALLS.const(0)"),
    ),
    *_of(
        "plugin",
        "engines/rigorous/plugin.py",
        ("BALLS.const(lam * (self.beta - self.top)) - BALLS.log(BALLS.const(most))",
         "BALLS.const(lam * (self.beta - self.top)) + BALLS.log(BALLS.const(most))"),
        ("mu = [max(Fraction(float(v)), Fraction(0))", "mu = [abs(2 * Fraction(float(v)))"),
        ("        if found is None and min(combined) > 0:", "        if found is None:"),
    ),
    *_of(
        "checker",
        "checker/rules/softmax.py",
        ("power(str(Fraction(2, s.classes)), e)", "power(str(Fraction(3, s.classes)), e)"),
        ("0 < e <= Fraction(1, 2)", "0 < e"),
        ("need(e <= 0 or s.classes is not None,", "need(True,"),
        ("[u, w, minus(\"1\", add(u, w))]", "[u, w]"),
    ),
    *_of(
        "checker",
        "checker/rules/points.py",
        ("max(p) - min(predicted) >= rational(beta)", "max(p) - min(p) >= rational(beta)"),
        ("min(point) >= 0 and sum(point) == 1", "sum(point) == 1"),
        ("need(v <= 0,", "need(v <= 1,"),
        ("s.bound is None or -v <= s.bound", "True"),
    ),
    *_of(
        "checker",
        "checker/rules/margin.py",
        ("sides = [minus(bound, witness), add(bound, witness)]", "sides = [add(bound, witness)]"),
        ("mul(even, minus(\"1\", b)), mul(worse, b)", "mul(worse, minus(\"1\", b)), mul(even, b)"),
        ("need(s.bound is None, \"an infinite", "need(True, \"an infinite"),
    ),
    *_of(
        "checker",
        "checker/rules/lower.py",
        ("yield Number(minus(\"0\", claim_at(s.claim, \"0\")), \">=\"", "yield Number(minus(\"0\", claim_at(s.claim, \"0\")), \"\""),
        ("claim_at(s.claim, beta)), \">\", \"T <=", "claim_at(s.claim, beta)), \">=\", \"T <="),
        ("need(0 <= rational(proof[\"beta\"]) <= 1", "need(0 <= rational(proof[\"beta\"]) <= 2"),
    ),
    *_of(
        "checker",
        "checker/rules/gamma.py",
        ("need(rule.affine,", "need(True,"),
        ("(minus(at_one, at_zero), True, \"the slope", "(minus(at_one, at_zero), False, \"the slope"),
    ),
    *_of(
        "checker",
        "checker/rules/shapes.py",
        ("    slope = mul(\"-1\", derivative(s.g, \"u\"))", "    slope = derivative(s.g, \"u\")"),
        ("    bend = mul(\"-1\", derivative(derivative", "    bend = mul(\"1\", derivative(derivative"),
        ("    yield Number(s.loss(\"0\"), \"\", \"the loss has no value at u = 0\")\n", ""),
    ),
    *_of(
        "checker",
        "checker/enclosures.py",
        ("hull if low >= turn or high <= turn else hull.union(-turn)", "hull"),
        ("need(not x.contains(0), \"a division", "need(True, \"a division"),
    ),
    *_of(
        "checker",
        "checker/coverage.py",
        ("need(low == here, \"the pieces of scores leave a gap\")", "need(True, \"\")"),
        ("need(k < last or high == stop,", "need(True,"),
        ("found.append(Equal(ends[1], stop,", "found.append(Equal(stop, stop,"),
        ("            Equal(ends[0], here, \"the pieces leave a gap\"),", "            Equal(here, here, \"\"),"),
    ),
    *_of(
        "checker",
        "checker/obligations.py",
        ("    return not strict and (bool(x >= 0)", "    return (bool(x >= 0)"),
        ("o.term, o.sign == \">\")", "o.term, False)"),
        ("shown = form.positive if o.strict else form.nonnegative", "shown = True"),
    ),
    *_of(
        "checker",
        "checker/algebra.py",
        ("all(c > 0 for c in p.coeffs())", "any(c > 0 for c in p.coeffs())"),
        ("constant + slope * self.low >= 0 and at_high >= 0", "constant + slope * self.low >= 0 or at_high >= 0"),
        ("need(side > 0, \"a logarithm", "need(True, \"a logarithm"),
        ("if kinds != [\"variable\"] or p.total_degree() != 1:", "if kinds != [\"variable\"]:"),
    ),
    *_of(
        "checker",
        "checker/infinity.py",
        ("need(0 not in signs,", "need(True,"),
        ("need(len(set(infinite)) == 1,", "need(True,"),
        ("signs.count(-1) % 2 == 0", "signs.count(-1) % 2 == 1"),
    ),
]  # fmt: skip


def check_list(mutants: Sequence[Mutant] = MUTANTS) -> list[str]:
    """What of the list no longer fits the sources."""
    wrong = []
    for mutant in mutants:
        text = (ROOT / "hconsist" / mutant.file).read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            wrong.append(f"{mutant.file}: {text.count(mutant.old)} times {mutant.old!r}")
    return wrong


def outcome(mutant: Mutant, folder: Path, seconds: float = 600.0) -> str:
    """ "killed", "survived", or "broke" for a change after which the tests cannot be collected."""
    target = folder / "hconsist" / mutant.file
    original = target.read_text(encoding="utf-8")
    target.write_text(original.replace(mutant.old, mutant.new), encoding="utf-8")
    guards = [g for g in GUARDS[mutant.guard] if (folder / g).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *guards]
    try:
        code = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return "killed (it hangs)"
    finally:
        target.write_text(original, encoding="utf-8")
    return {0: "survived", 1: "killed"}.get(code, "broke")


def copy_of_sources(folder: Path) -> None:
    """The package and its tests in another folder."""
    for name in ("hconsist", "tests", "certificates", "docs", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)


def main(first: int = 0, last: int | None = None) -> list[str]:
    """Run mutants, print the table, and return the survivors."""
    wrong = check_list()
    if wrong:
        raise SystemExit("the list does not fit the sources:\n" + "\n".join(wrong))
    survivors = []
    with tempfile.TemporaryDirectory() as name:
        copy_of_sources(Path(name))
        for number, mutant in list(enumerate(MUTANTS))[first:last]:
            found = outcome(mutant, Path(name))
            print(f"{number:3} {found:10} {mutant}", flush=True)
            if found == "survived":
                survivors.append(str(mutant))
    return survivors


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:3]))
