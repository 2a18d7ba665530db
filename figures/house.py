"""The house on one screen: draws ``house.svg`` from the layer contract in pyproject.toml.

Run ``python figures/house.py`` after a module has come or gone; a test compares the picture with
the contract.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
PICTURE = Path(__file__).with_name("house.svg")

#: What each module is for, in lines that fit the boxes.
CAPTIONS = {
    "cli": "the command line, one module for each command",
    "figures": "the project's figures",
    "studies": "cells, verdict, figure",
    "explore": "one page with sliders",
    "plots": "curves, drawn on Axes",
    "verify": "verdicts on theorems",
    "sklearn": "a surrogate, trained",
    "torch": "a surrogate as a module",
    "answer": "what is estimated, what is proven",
    "cards": "what a notebook shows",
    "choosing": "losses under noise",
    "auditing": "audits of classifiers",
    "zoo": "every loss on one line",
    "selftest": "brute force as a judge",
    "tightness": "published T beside exact T",
    "consistency": "calibrated, or a counterexample",
    "gaps": "minimizability gaps",
    "functionals": "AUC, F, balanced error",
    "composition": "two bounds in a row",
    "bounds": "envelope, its inverse Gamma: a Bound",
    "simulate": "Monte Carlo, training, populations",
    "certificates": "proofs as files",
    "exports": "claims for z3, boxes for Coq",
    "closed_forms": "closed forms: values, enclosures, inverses",
    "engines": "T(beta), three ways; none imports another",
    "theorems": "what papers claim, as data",
    "pointwise": "the question and the Answer",
    "hull": "lower convex hulls",
    "distributions": "marginals with p(y | x)",
    "hypotheses": "which scores can be reached at a point",
    "losses": "surrogates, their forms and facts",
    "decisions": "targets: exact costs",
    "checker": "re-checks a proof; trusts nothing above",
    "arithmetic": "floats, symbols, balls, convex expressions: one interface",
    "formula": "the grammar of what users type",
    "registry": "one list of each kind of thing, filled by the things",
    "errors": "the rule, the value received, the remedy",
}
WIDTH, ROW, GAP, LEFT, TOP = 960, 42, 6, 56, 62
FONT = "font-family='DejaVu Sans, Verdana, sans-serif'"


def layers() -> list[list[str]]:
    """The rows of the contract, top first, with the modules that exist."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in config["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    rows = []
    for layer in contract["layers"]:
        names = [part.strip(" ()").removeprefix("hconsist.") for part in layer.split("|")]
        rows.append([name for name in names if _exists(name)])
    return [row for row in rows if row]


def _exists(name: str) -> bool:
    base = ROOT / "hconsist" / name.replace(".", "/")
    return base.with_suffix(".py").exists() or (base / "__init__.py").exists()


def _text(
    x: float,
    y: float,
    words: str,
    size: int,
    fill: str,
    weight: str = "normal",
    anchor: str = "start",
) -> str:
    look = f"font-size='{size}' fill='{fill}' font-weight='{weight}' text-anchor='{anchor}'"
    return f"<text x='{x:g}' y='{y:g}' {FONT} {look}>{escape(words)}</text>"


def _box(x: float, y: float, width: float, height: float, fill: str, stroke: str) -> str:
    size = f"width='{width:g}' height='{height:g}' rx='6'"
    return f"<rect x='{x:g}' y='{y:g}' {size} fill='{fill}' stroke='{stroke}' stroke-width='1.2'/>"


def picture() -> str:
    """The drawing as SVG text."""
    rows = layers()
    height = TOP + len(rows) * (ROW + GAP) + 8
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' viewBox='0 0 "
        f"{WIDTH} {height}' role='img'>",
        "<title>The modules of hconsist; imports point down</title>",
        f"<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
        _text(LEFT, 30, "hconsist: one question, three engines, one answer", 18, "#111111", "bold"),
        _text(
            LEFT,
            50,
            "each module knows only what lies below it; the test command enforces it",
            12,
            "#555555",
        ),
        f"<path d='M28,{TOP + 6} V{height - 30}' stroke='#777777' stroke-width='2'/>",
        f"<path d='M22,{height - 32} h12 l-6,12 z' fill='#777777'/>",
        f"<g transform='translate(20 {(TOP + height) / 2:g}) rotate(-90)'>",
        _text(0, 0, "imports", 12, "#555555", anchor="middle") + "</g>",
    ]
    for level, row in enumerate(rows):
        y = TOP + level * (ROW + GAP)
        width = (WIDTH - LEFT - 16 - GAP * (len(row) - 1)) / len(row)
        for place, name in enumerate(row):
            x = LEFT + place * (width + GAP)
            engines = name == "engines"
            parts.append(
                _box(
                    x,
                    y,
                    width,
                    ROW,
                    "#e8f1f8" if engines else "#f6f6f6",
                    "#0072b2" if engines else "#888888",
                )
            )
            parts.append(_text(x + 12, y + 18, name, 14, "#111111", "bold"))
            parts.append(_text(x + 12, y + 34, CAPTIONS.get(name, ""), 12, "#444444"))
            if engines:
                for k, engine in enumerate(("rigorous", "numeric", "symbolic")):
                    parts.append(
                        _box(x + width - 78 * (k + 1) - 4, y + 4, 74, 17, "#ffffff", "#0072b2")
                    )
                    parts.append(
                        _text(
                            x + width - 78 * (k + 1) + 33,
                            y + 16,
                            engine,
                            11,
                            "#0072b2",
                            anchor="middle",
                        )
                    )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
