"""hconsist: H-consistency bounds derived, solved and certified.

Every name is loaded on first use, so that importing the package costs nothing. The losses of
`hconsist.losses` are all reachable here: ``hc.CompSum``, ``hc.LDR``, ``hc.GCE``, ... Type checkers
read ``__init__.pyi``.
"""

__version__ = "0.1.0"

_HOMES = {
    # Packages whose own names are many: ``hc.verify.verify``, ``hc.simulate.train``, ...
    "hconsist": ("certificates", "checker", "plots", "simulate", "theorems", "verify"),
    "hconsist.decisions": (
        "Abstain",
        "AbsoluteError",
        "Borda",
        "CostMatrix",
        "Decision",
        "Defer",
        "Experts",
        "First",
        "Hamming",
        "Kendall",
        "LabelWeights",
        "Ordinal",
        "Preference",
        "Policy",
        "RankLoss",
        "SquaredError",
        "SubsetZeroOne",
        "Table",
        "Target",
        "TopK",
        "ZeroOne",
        "parse_target",
    ),
    "hconsist.hypotheses": (
        "Bounded",
        "Complete",
        "Hypotheses",
        "Linear",
        "OneHiddenReLU",
        "parse_hypotheses",
    ),
    "hconsist.distributions": (
        "ClassNoise",
        "Distribution",
        "Estimate",
        "Finite",
        "GaussianMixture",
        "MassartNoise",
        "NoisyLabels",
        "TsybakovNoise",
        "UniformNoise",
    ),
    "hconsist.pointwise": ("Answer", "PointwiseProblem", "Witness"),
    "hconsist.engines": ("transform",),
    "hconsist.consistency": ("ConsistencyVerdict", "Counterexample", "verdict"),
    "hconsist.gaps": ("Gap", "gap_upper_bound", "minimizability_gap"),
    "hconsist.bounds": ("Bound", "derive"),
    "hconsist.certificates": ("certify",),
    "hconsist.checker": ("check",),
    "hconsist.tightness": ("Tightness",),
    "hconsist.errors": (
        "EngineCannotAnswerError",
        "HconsistError",
        "InvalidInputError",
        "UnknownNameError",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name):  # type: ignore[no-untyped-def]
    import importlib

    home = _HOME_OF.get(name)
    if (
        home is None
        and not name.startswith("_")
        and name in importlib.import_module("hconsist.losses").__all__
    ):
        home = "hconsist.losses"
    if home == "hconsist":
        return importlib.import_module(f"hconsist.{name}")
    if home is None:
        raise AttributeError(f"module 'hconsist' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__():  # type: ignore[no-untyped-def]
    import importlib

    return sorted({*globals(), *_HOME_OF, *importlib.import_module("hconsist.losses").__all__})
