"""Single results: minimisers of negatively divergent losses (Kwon, Zou, JMLR 2023), projections of
score spaces (Osokin, Bach, Lacoste-Julien, NeurIPS 2017), noise conditions (ALT 2025, lemma 7).
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from hconsist.arithmetic import exact, to_sympy
from hconsist.arithmetic.exact import Value
from hconsist.pointwise import PointwiseProblem
from hconsist.theorems.checks import CHECKS, Check, Verdict


@CHECKS.register("negatively-divergent")
def negatively_divergent(r: str = "") -> Check:
    """Theorems 1 and 6: the printed minimiser is stationary and beats both signs elsewhere, for
    L(z) = 1 - z up to 1 and -log z, or r (1 - z^(1/r)), beyond.
    """
    import sympy

    order = to_sympy(exact(r, "r")) if r else None
    power = sympy.Integer(1) if order is None else order / (order - 1)

    def loss(z: Value) -> Value:
        if z <= 1:
            return 1 - z
        return -sympy.log(z) if order is None else order * (1 - z ** (1 / order))

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        slack = []
        for p in (sympy.Rational(k, 10) for k in (1, 3, 4, 6, 9)):
            right = (
                (p / (1 - p)) ** power if p > sympy.Rational(1, 2) else -(((1 - p) / p) ** power)
            )

            def risk(f: Value, p: Value = p) -> Value:
                return p * loss(f) + (1 - p) * loss(-f)

            there = sympy.N(risk(right), 30)
            others = [
                *(right * (1 + s * sympy.Rational(1, 100)) for s in (-1, 1)),
                *(s * sympy.Rational(k, 4) for s in (-1, 1) for k in (0, 1, 4, 9, 40, 400)),
            ]
            slack += [float(sympy.N(risk(f), 30) - there) for f in others if f != right]
        return min(slack) > 0, min(slack), f"{len(slack)} scores at five label probabilities"

    return check


@CHECKS.register("score-space")
def score_space(bits: int) -> Check:
    """Theorem 7 for the Hamming loss of so many bits and separable scores: 2 k max |P (e_i -
    e_j)|^2 over pairs of the 2^bits labels, P the projection on the span of 1 and the bits' signs,
    is 8 bits; Proposition 13 has H = eps^2 / (8 T).
    """

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        labels = list(itertools.product((1, -1), repeat=bits))
        k = len(labels)
        # the signs of the bits are orthogonal, of square norm k
        largest = max(
            sum(Fraction((a - b) ** 2, k) for a, b in zip(one, two, strict=True))
            for one, two in itertools.combinations(labels, 2)
        )
        value = 2 * k * largest
        return value == 8 * bits, float(8 * bits - value), f"{k} labels: 2 k max |P d|^2 = {value}"

    return check


@CHECKS.register("noise-lemma")
def noise_lemma() -> Check:
    """Lemma 7 of "Enhanced H-consistency bounds" with the c of its proof, B^(1-a)/a^a, on random
    finite distributions, B the smallest that the noise condition allows.
    """

    def check(problem: PointwiseProblem) -> Verdict:
        del problem
        random, worst = np.random.default_rng(0), np.inf
        for size in (1, 2, 5):
            w = random.dirichlet(np.ones(size), 4000)
            gamma = np.sort(random.uniform(0, 1, (4000, size)), axis=1)
            wrong = random.random((4000, size)) < 0.6
            below = np.cumsum(w, axis=1)
            for a in (0.2, 0.5, 0.8):
                b = np.max(below / gamma ** (a / (1 - a)), axis=1)
                c = b ** (1 - a) / a**a
                left = np.sum(w * wrong, axis=1)
                right = c * np.sum(w * gamma * wrong, axis=1) ** a
                keep = left > 0
                worst = min(worst, float(np.min(right[keep] / left[keep] - 1)))
        return worst >= -1e-9, worst, "12000 distributions, alpha = 1/5, 1/2, 4/5"

    return check
