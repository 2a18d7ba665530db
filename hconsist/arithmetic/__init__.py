"""Number systems: each elementary function once per arithmetic.

A loss formula takes an ``ops`` object and never asks which arithmetic it runs in:

============== ======================================== =======================================
class          numbers                                  a vector over classes is
============== ======================================== =======================================
`ArrayOps`     floats of any array-API namespace        an array (..., n), class axis last
`SympyOps`     exact symbolic expressions               a NumPy object array (n,)
`BallOps`      python-flint balls, outward rounded      a NumPy object array (n,)
`CvxpyOps`     convex expressions                       a CVXPY expression (n,)
============== ======================================== =======================================

Heavy libraries are imported on first use only, so that importing the package stays cheap.
"""

from __future__ import annotations

from hconsist.arithmetic.arrays import NUMPY, ArrayOps
from hconsist.arithmetic.balls import BALLS, BallOps, endpoints, precision
from hconsist.arithmetic.exact import (
    Exact,
    OfParameter,
    Value,
    exact,
    is_symbolic,
    require,
    to_sympy,
    whole,
)
from hconsist.arithmetic.expressions import evaluate
from hconsist.arithmetic.ops import Ops
from hconsist.arithmetic.programs import CVXPY, CvxpyOps
from hconsist.arithmetic.symbols import SYMPY, SympyOps

__all__ = [
    "BALLS",
    "CVXPY",
    "NUMPY",
    "SYMPY",
    "ArrayOps",
    "BallOps",
    "CvxpyOps",
    "Exact",
    "OfParameter",
    "Ops",
    "SympyOps",
    "Value",
    "endpoints",
    "evaluate",
    "exact",
    "is_symbolic",
    "precision",
    "require",
    "to_sympy",
    "whole",
]
