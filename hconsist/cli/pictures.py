"""Pictures of claims for reports: claimed against exact values."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hconsist.verify.curves import ClaimCurve

_COLOURS = ("C0", "C1", "C2")


def picture(curves: Sequence[ClaimCurve], kind: str) -> bytes:
    """Claimed (dashed) against exact values (dots) as an image of kind "svg" or "pdf"; a dot ringed
    in black is one where the claim says too much.
    """
    import matplotlib.pyplot as plt

    from hconsist.plots.style import STYLE

    with plt.style.context(STYLE), plt.rc_context({"svg.hashsalt": "hconsist"}):
        figure, axes = plt.subplots(figsize=(5.2, 3.2))
        for colour, curve in zip(_COLOURS, curves, strict=False):
            order = sorted(range(len(curve.x)), key=lambda i: curve.x[i])
            x = [curve.x[i] for i in order]
            claimed, exact = ([v[i] for i in order] for v in (curve.claimed, curve.exact))
            axes.plot(x, claimed, "--", color=colour, label=f"claimed: {curve.label}")
            axes.plot(x, exact, "o", ms=3.5, color=colour, label=f"exact ({curve.engine})")
            slack = 1 if curve.of == "T" else -1
            wrong = [
                i
                for i, (a, b) in enumerate(zip(exact, claimed, strict=True))
                if slack * (a - b) < -1e-6
            ]
            axes.plot(
                [x[i] for i in wrong], [exact[i] for i in wrong], "o", ms=8, mfc="none", mec="k"
            )
        of = curves[0].of
        axes.set_xlabel("target regret" if of == "T" else "surrogate regret")
        axes.set_ylabel("least surrogate regret T" if of == "T" else "target regret")
        axes.legend(fontsize=6)
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, metadata={"Date": None} if kind == "svg" else None)
        plt.close(figure)
    return stream.getvalue()
