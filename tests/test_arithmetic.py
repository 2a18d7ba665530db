"""The arithmetics: one operation, the same value in each."""

import sympy

from hconsist.arithmetic import BALLS, evaluate, precision
from hconsist.engines.rigorous.jets import BALL_JETS, variable


def test_jets_over_balls_enclose_pi():
    # The float nearest to pi stood here once: an "enclosure" of radius 0 that pi is not in.
    v = sympy.Symbol("v", real=True)
    with precision(128):
        jet = evaluate(sympy.pi * v, {v: variable(BALLS.const(1))}, BALL_JETS)
        assert jet.v.contains(BALLS.pi().mid())
        assert jet.d1.contains(BALLS.pi().mid())
        assert jet.v.rad() < 1e-30
