"""The main job end to end, through the command line: three engines against formulas written here a
second time.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from hconsist.cli import main

BETAS = ("1/10", "1/2", "0.9")


def published(tau: Fraction, beta: Fraction) -> mpmath.mpf:
    """T for tau in [0, 1] as the paper prints it, to 50 digits."""
    with mpmath.workdps(50):
        t, b = (
            mpmath.mpf(tau.numerator) / tau.denominator,
            mpmath.mpf(beta.numerator) / beta.denominator,
        )
        if t == 1:
            return (1 + b) / 2 * mpmath.log(1 + b) + (1 - b) / 2 * mpmath.log(1 - b)
        mean = ((1 + b) ** (1 / (2 - t)) + (1 - b) ** (1 / (2 - t))) / 2
        return 2 ** (1 - t) / (1 - t) * (1 - mean ** (2 - t))


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("tau", ["0", "0.5", "1"])
def test_three_engines_agree_with_the_paper(
    tau: str, n: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(beta: str, engine: str) -> dict[str, Any]:
        words = [
            "transform",
            f"comp-sum:tau={tau}",
            "-n",
            str(n),
            "--beta",
            beta,
            "--engine",
            engine,
            "--json",
        ]
        with pytest.raises(SystemExit) as left:
            main(words)
        assert not left.value.code
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    for beta in BETAS:
        truth = published(Fraction(tau), Fraction(beta))
        assert abs(ask(beta, "symbolic")["estimate"] - truth) < 1e-10
        rigorous = ask(beta, "rigorous")
        assert mpmath.mpf(rigorous["lower"]) <= truth <= mpmath.mpf(rigorous["upper"])
        assert rigorous["upper"] - rigorous["lower"] < 1e-6
        numeric = ask(beta, "numeric")
        assert abs(numeric["estimate"] - truth) < 1e-7
        assert numeric["lower"] is None and numeric["upper"] is None
