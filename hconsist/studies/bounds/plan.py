"""What the study of the bounds tries: losses, hypothesis sets, classes, numbers of pairs."""

from __future__ import annotations

from hconsist.losses import CATALOGUE, parse_loss
from hconsist.simulate.mixtures import NAMES, mixture
from hconsist.simulate.results import Cell

#: Other parameters than the default ones, for losses whose bounds change with them.
PARAMETERS = {
    "comp-sum": ("comp-sum:tau=0.5", "comp-sum:tau=1.5", "comp-sum:tau=2.5"),
    "gce": ("gce:q=0.7", "gce:q=0.9"),
    "ldr": ("ldr:lam=1,c=0", "ldr:lam=0.5,c=1"),
    "cosface": ("cosface:scale=2",),
    "constrained": (
        "constrained:phi=hinge",
        "constrained:phi=squared-hinge",
        "constrained:phi=exponential",
    ),
    "sum": ("sum:phi=squared-hinge", "sum:phi=exponential", "sum:phi=rho-margin"),
    "max": ("max:phi=exponential", "max:phi=rho-margin"),
    "comp-sum-margin": ("comp-sum-margin:phi=hinge,tau=1", "comp-sum-margin:phi=rho-margin,tau=1"),
    "softmax": ("softmax:(1 - u)**2",),
    "margin": ("margin:Max(0, 1 - v)**3",),
}

#: Losses whose best conditional risks are quick to find at five labels too.
FIVE = (
    *(
        "sum-exp",
        "comp-sum:tau=0.5",
        "logistic",
        "comp-sum:tau=1.5",
        "gce:q=0.7",
        "gce:q=0.9",
        "mae",
        "comp-sum:tau=2.5",
    ),
    *("infonce", "rce", "sce", "agce", "aul", "ael", "js", "taylor-ce", "focal"),
)

#: No bound at any target regret (T = 0 on [0, 1)): (loss, fewest classes). Their counterexamples
#: are all there is to meet.
NO_BOUND = {"nce": 3, "taylor-softmax": 2, "spherical-softmax": 2}

#: A search finds their best conditional risks or T at three classes (ALDR maximises inside): fewer
#: pairs, shorter climbs.
SEARCHED = (
    "dice",
    "ldam",
    "rll",
    "z-loss",
    "hard-truncated",
    "truncated-gce",
    "spherical",
    "max:phi=exponential",
    "aldr",
)

#: Linear and ReLU hypotheses of bounded norms, with score bounds 1, 1/2 and 1 at the origin.
BOUNDED = ("linear:W=1,B=1", "linear:W=1,B=1/2", "relu:L=2,W=1,B=1/2")

#: Losses of more than two labels on bounded hypothesis sets.
BOUNDED_SOFTMAX = (
    "sum-exp",
    "logistic",
    "gce:q=0.7",
    "mae",
    "focal",
    "ldr-k:k=2",
    "ldr-zero",
    "ldr-inf",
    "sum:phi=hinge",
)

#: What is trained on mixtures, over which hypothesis sets.
TRAINED = FIVE[:8]

TRAINED_BOUNDED = (
    "hinge",
    "squared-hinge",
    "exponential",
    "margin-logistic",
    "logistic",
    "gce:q=0.7",
)

#: How far apart the two likeliest labels of the mixtures are that an adversary chooses.
APARTS = (0.2, 0.5, 0.8)

MODELS = ("linear", "rff:features=32,scale=1", "relu:width=8")


#: Targets with costs of their own: loss, labels, target.
COSTS = (
    ("logistic", 3, "abstain:c=0.3"),
    ("weighted", 3, "abstain:c=0.5"),
    ("logistic", 3, "weights:3,2,1"),
    ("weighted:base=logistic,offset=label", 3, "weights:3,2,1"),
    ("logistic", 4, "ordinal:squared"),
    ("logistic", 4, "hamming:k=2"),
    ("logistic", 3, "defer:accuracy=[[.9,.8,.1],[.3,.3,.9]]"),
    ("logistic", 3, "cost:[[0,2,5],[1,0,2],[4,1,0]]"),
)


def specs() -> list[str]:
    """The losses of the study, the whole catalogue: by name, or with other parameters.

    >>> len({parse_loss(spec).spec_name for spec in specs()}) >= 40
    True
    """
    return [spec for name in CATALOGUE for spec in PARAMETERS.get(name, (name,))]


def cells(quick: bool) -> list[Cell]:
    """Finite distributions for every loss, hypothesis set and number of classes, then trained
    hypotheses on mixtures.
    """
    if quick:
        chosen = [
            (loss, n, "complete", 120) for loss in ("logistic", "gce:q=0.7", "mae") for n in (2, 3)
        ]
        chosen += [("hinge", 2, BOUNDED[0], 80), ("exponential", 2, BOUNDED[2], 80)]
        chosen += [
            ("js", 2, "complete", 80),
            ("dice", 2, "complete", 80),
        ]  # a certified bound, and an estimate
        chosen += [
            ("weston-watkins", 3, "complete", 80),
            ("nce", 3, "complete", 0),
            ("ldr-inf", 2, "complete", 0),
        ]
        plans = [(NAMES[0], "linear", ["logistic", "gce:q=0.7", "mae"], 2)]
    else:
        chosen = []
        for spec in specs():
            only = parse_loss(spec).only_classes
            chosen += [
                (spec, n, "complete", _pairs_of(spec, n)) for n in ((only,) if only else (2, 3))
            ]
        chosen += [(spec, 5, "complete", 160) for spec in FIVE]
        margins = [spec for spec in specs() if parse_loss(spec).only_classes == 2]
        chosen += [
            (spec, 2, hypotheses, 120)
            for spec in (*margins, *BOUNDED_SOFTMAX)
            for hypotheses in BOUNDED
        ]
        chosen += [(spec, 3, BOUNDED[0], 120) for spec in BOUNDED_SOFTMAX]
        plans = [(name, "linear", list(TRAINED), 5) for name in NAMES]
        plans += [(name, model, list(TRAINED), 2) for name in NAMES[:3] for model in MODELS[1:]]
        plans += [
            (name, BOUNDED[0], list(TRAINED_BOUNDED), 3)
            for name in NAMES
            if mixture(name).n_classes == 2
        ]
    finite = [
        {"kind": "finite", "loss": loss, "n": n, "hypotheses": h, "pairs": k}
        for loss, n, h, k in chosen
    ]
    costs = [
        {"kind": "costs", "loss": loss, "n": n, "target": target, "pairs": 60 if quick else 240}
        for loss, n, target in (COSTS[:3] if quick else COSTS)
    ]
    mixtures = [
        {"kind": "mixture", "distribution": name, "model": model, "losses": losses, "seeds": seeds}
        for name, model, losses, seeds in plans
    ]
    chosen_ones = [
        {"kind": "chosen", "n": n, "beta": beta, "losses": plans[0][2], "seeds": 2}
        for n, beta in ([(2, 0.5)] if quick else [(n, b) for n in (2, 3) for b in APARTS])
    ]
    return [*finite, *costs, *mixtures, *chosen_ones]


def _pairs_of(spec: str, n: int) -> int:
    if n >= NO_BOUND.get(spec, n + 1):
        return 0
    return 80 if is_searched(spec, n) else 240


def is_searched(spec: str, n: int) -> bool:
    """Whether the best conditional risk of a loss needs a search at n labels."""
    return any(spec.startswith(name) for name in SEARCHED) and (n == 3 or spec.startswith("aldr"))
