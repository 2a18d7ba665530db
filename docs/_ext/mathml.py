"""Formulas as MathML, which browsers draw themselves: no script, no font, no network."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert


def as_mathml(latex: str, display: str) -> str:
    """A LaTeX formula as a MathML element; sizes of brackets are left to the browser."""
    plain = re.sub(r"\\[Bb]ig{1,2}l(?![a-zA-Z])", r"\\left", latex)
    plain = re.sub(r"\\[Bb]ig{1,2}r(?![a-zA-Z])", r"\\right", plain)
    plain = re.sub(r"\\[td]frac(?![a-zA-Z])", r"\\frac", plain)
    return convert(plain, display=display)


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(as_mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math-block">{as_mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
