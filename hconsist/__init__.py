"""hconsist: H-consistency bounds derived, solved and certified.

The names below are loaded on first use, so that importing the package is cheap.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as typing's, without importing it: `hconsist --help` must appear at once
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "hconsist.losses": (
        "AEL", "AGCE", "AUL", "Brier", "CompSum", "CompSumMargin", "Constrained", "CosFace", "CrammerSinger", "Dice",
        "Exponential", "Focal", "GCE", "HardTruncated", "Hinge", "InfoNCE", "JensenShannon", "LDAM", "LDR",
        "LDRInfinity", "LDRZero", "LDRk", "Logistic", "Loss", "MAE", "MarginFocal", "MarginLogistic", "MarginLoss",
        "Max", "NCE", "ProbabilityLoss", "Quadratic", "QuadraticSurrogate", "RLL", "Ramp", "ReverseCrossEntropy", "RhoMargin", "SCE",
        "Sigmoid", "SoftTruncated", "SoftmaxLoss", "Spherical", "SphericalSoftmax", "SquaredHinge", "Sum",
        "SumExponential", "Target", "TaylorCE", "TaylorSoftmax", "TopK", "TruncatedGCE", "UserMarginLoss",
        "UserSoftmaxLoss", "WestonWatkins", "ZLoss", "ZeroOne", "parse_loss", "parse_target",
    ),
    "hconsist.hypotheses": ("Bounded", "Complete", "Hypotheses", "Linear", "OneHiddenReLU", "parse_hypotheses"),
    "hconsist.pointwise": ("Answer", "PointwiseProblem", "Witness"),
    "hconsist.engines": ("transform",),
    "hconsist.bounds": ("Bound", "derive"),
    "hconsist.errors": ("EngineCannotAnswerError", "HconsistError", "InvalidInputError", "UnknownNameError"),
}  # fmt: skip
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 (built from the table above)


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        import importlib

        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module 'hconsist' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
