"""Piecewise-linear losses of all scores: T and T** exactly, by rational linear programs.

`risks` solves the inner problems, with dual solutions that bound them below; `cells` cuts the label
distributions until both risks are linear in each part; `answers` reads T and T** off the corners.
"""
