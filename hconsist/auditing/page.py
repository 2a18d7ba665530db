"""The audit as one HTML page that loads nothing: tables, and figures as SVG in the house style."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hconsist.auditing.findings import Findings

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse;width:100%}th,td{border-top:1px solid #c4c4c4;padding:.35rem "
    ".6rem;text-align:left;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:"
    "tabular-nums;white-space:nowrap}svg{max-width:100%;height:auto}figure{margin:1rem 0}"
    "figcaption{color:#444}"
)


def page(found: Findings) -> str:
    """The page of an audit."""
    number = "{:.4g}".format
    facts = [
        ("examples, labels", f"{found.examples}, {found.classes} ({found.labels})"),
        (f"risk, {found.loss}", str(found.risk)),
        ("error", str(found.error)),
    ]
    if found.regret is not None:
        facts.append(("excess error (mean pointwise)", str(found.regret)))
    if found.surrogate_regret is not None:
        facts.append(("excess risk (mean pointwise)", str(found.surrogate_regret)))
    sides = [
        (number(s.excess), number(s.most), "proven" if s.proven else "estimate", s.means)
        for s in found.sides
    ]
    parts = [
        "<h1>Audit of a classifier</h1>",
        _table(("", ""), facts, ()),
        "<h2>What the bound says</h2><p>Excess error is at most Gamma(excess risk), over all "
        "functions, so without gaps.</p>",
        _table(
            ("excess risk", "excess error at most", "Gamma", "what the excess is"), sides, (0, 1)
        ),
    ]
    if found.lost:
        total = sum(found.lost.values()) or 1.0
        rows = [(k, number(v), f"{100 * v / total:.1f} %") for k, v in found.lost.items()]
        parts += [
            "<h2>Where the slack is lost</h2><p>The excess risk, split: the first part buys the "
            "excess error that was met; the others buy none, and the bound cannot know.</p>",
            _table(("part", "of the excess risk", "share"), rows, (1, 2)),
        ]
    parts += [
        "<h2>Calibration</h2>",
        f"<figure>{_svg(found)}<figcaption>Share of right predictions against the predicted "
        f"label's probability ({html.escape(found.probabilities)}), bins of equal numbers, "
        "intervals of 95 %; mean distance "
        f"{number(found.calibration_error)}.</figcaption></figure>",
        "<h2>Labels</h2>",
        _table(
            ("label", "examples", "predicted", "recall", "risk", "error", "confidence"),
            [
                (
                    f"{row['label']:.0f}",
                    f"{row['examples']:.4g}",
                    f"{row['predicted']:.0f}",
                    *(f"{row[c]:.4f}" for c in ("recall", "risk", "error", "confidence")),
                )
                for row in found.per_class
            ],
            range(7),
        ),
    ]
    if found.notes:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in found.notes)
        parts.append(f"<h2>Notes</h2><ul>{notes}</ul>")
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Audit of a classifier</title>'
        f"<style>{_STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def _table(
    head: tuple[str, ...], rows: Sequence[tuple[str, ...]], numeric: tuple[int, ...] | range
) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in numeric else ''}>{html.escape(v)}</{tag}>"
            for i, v in enumerate(row)
        )

    top = f"<thead><tr>{cells(head, 'th')}</tr></thead>" if any(head) else ""
    lines = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table>{top}<tbody>\n{lines}\n</tbody></table>"


def _svg(found: Findings) -> str:
    import matplotlib as mpl

    from hconsist.plots.style import axes_in_style, figure_of

    text = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "audit"}):
        ax = draw(found, axes_in_style(None))
        figure_of(ax).savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue().decode("utf-8")
    return drawn[drawn.index("<svg") :]


def draw(found: Findings, ax: Axes) -> Axes:
    """The calibration figure on the Axes."""
    x, y, low, high = (
        [b[key] for b in found.calibration] for key in ("confidence", "hits", "low", "high")
    )
    reach = [
        [v - a for v, a in zip(y, low, strict=True)],
        [b - v for v, b in zip(y, high, strict=True)],
    ]
    ax.plot([0, 1], [0, 1], linestyle=(0, (5, 2)), color="0.5", linewidth=1, label="calibrated")
    ax.errorbar(x, y, reach, marker="o", linewidth=1.2, label="bins of examples")
    ax.set_xlim(max(min(*x, *y) - 0.05, 0), 1.01)
    ax.set_ylim(max(min(*x, *low) - 0.05, 0), 1.02)
    ax.set_xlabel("probability of the predicted label")
    ax.set_ylabel("share of right predictions")
    ax.set_title(f"Calibration, {found.loss}")
    ax.legend()
    return ax
