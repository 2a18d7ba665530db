"""hconsist: H-consistency bounds derived, solved and certified.

Every name is loaded on first use, so that importing the package costs nothing. The losses of
`hconsist.losses`, the targets and the hypothesis sets are all reachable here: ``hc.CompSum``,
``hc.TopK``, ``hc.Bounded``, ... Type checkers read ``__init__.pyi``.
"""

__version__ = "0.2.0"

_HOMES = {
    # Packages whose own names are many: ``hc.verify.verify``, ``hc.simulate.train``, ...
    "hconsist": ("certificates", "checker", "plots", "simulate", "theorems", "verify"),
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
    "hconsist.auditing": ("Audit", "audit"),
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


#: Packages each of whose registered classes is a name here.
_REGISTERED = ("hconsist.losses", "hconsist.decisions", "hconsist.hypotheses")


def __getattr__(name):  # type: ignore[no-untyped-def]
    import importlib

    home = _HOME_OF.get(name)
    if home == "hconsist":
        return importlib.import_module(f"hconsist.{name}")
    registered = () if name.startswith("_") or home else map(importlib.import_module, _REGISTERED)
    for module in (importlib.import_module(home),) if home else registered:
        if home or name in module.__all__:
            value = globals()[name] = getattr(module, name)
            return value
    raise AttributeError(f"module 'hconsist' has no attribute {name!r}")


def __dir__():  # type: ignore[no-untyped-def]
    import importlib

    registered = (importlib.import_module(home).__all__ for home in _REGISTERED)
    return sorted({*globals(), *_HOME_OF, *(name for names in registered for name in names)})
