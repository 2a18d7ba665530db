"""What a notebook shows of an answer: a small card of HTML with a formula, facts and a curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_WIDTH, _HEIGHT, _PAD = 240, 150, 18


def card(title: str, facts: Iterable[tuple[str, str]], picture: str = "") -> str:
    """A title over a table of facts, beside a picture.

    Parameters
    ----------
    title : str
        Plain text, or TeX between dollars, which notebooks set.
    facts : iterable of (str, str)
        Names and values.
    picture : str
        SVG, put in as it is.

    >>> card("T", [("status", "a < b")])  # doctest: +ELLIPSIS
    '<div ...><p><b>T</b></p><table><tr><td>status</td><td>a &lt; b</td></tr></table></div>...'
    """
    rows = "".join(f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in facts)
    text = f"<div><p><b>{escape(title, quote=False)}</b></p><table>{rows}</table></div>"
    return f'<div style="display:flex;gap:1.5em;align-items:center">{text}{picture}</div>'


def curve(x: Sequence[float], y: Sequence[float], across: str, up: str) -> str:
    """A curve over [0, max x] as SVG, in the colour of the text, its axes named.

    >>> "<polyline" in curve([0.0, 1.0], [0.0, 0.5], "beta", "T")
    True
    """
    right, top = max(x) or 1.0, max(y) or 1.0
    points = " ".join(
        f"{_PAD + a / right * (_WIDTH - 2 * _PAD):.1f},"
        f"{_HEIGHT - _PAD - b / top * (_HEIGHT - 2 * _PAD):.1f}"
        for a, b in zip(x, y, strict=True)
    )
    axes = f"M {_PAD} {_PAD // 2} V {_HEIGHT - _PAD} H {_WIDTH - _PAD // 2}"
    label = 'font-size="11" fill="currentColor"'
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img"'
        f' aria-label="{escape(up)} against {escape(across)}">'
        f'<path d="{axes}" fill="none" stroke="currentColor" stroke-opacity="0.4"/>'
        f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="2"/>'
        f'<text x="{_WIDTH - _PAD}" y="{_HEIGHT - 3}" {label} text-anchor="end">'
        f"{escape(across)} up to {right:.3g}</text>"
        f'<text x="{_PAD + 4}" y="{_PAD - 4}" {label}>{escape(up)} up to {top:.3g}</text></svg>'
    )
