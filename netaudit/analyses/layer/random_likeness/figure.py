"""The singular values at three rungs against the law: as stored, scaled, and without the directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.layer.random_likeness.payload import LadderCurve
from netaudit.report.figures.style import DARK, FILLED, VERMILLION, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(curve: LadderCurve, figure: Figure) -> None:
    """Three panels, one under the other, on the same axes."""
    panels = (
        ("as stored", curve.as_stored, curve.beyond[0]),
        ("units scaled", curve.scaled, curve.beyond[1]),
        ("without directions", curve.without_directions, curve.beyond[2]),
    )
    top = 1.12 * max(max(curve.law), *(max(density) for _, density, _ in panels))
    for index, (axes, (name, density, beyond)) in enumerate(zip(figure.subplots(3, 1, sharex=True), panels, strict=True)):
        axes.stairs(np.array(density), np.array(curve.edges), label="singular values", **FILLED)
        axes.plot(curve.u, curve.law, color=DARK, label="Marchenko-Pastur law")
        axes.set(ylabel="density", ylim=(0, top), xlim=(curve.edges[0], curve.edges[-1]))
        axes.set_title(name, loc="left", fontsize="small")
        if beyond:
            axes.annotate(
                f"{beyond} beyond →", (0.99, 0.62), xycoords="axes fraction", ha="right", color=VERMILLION, fontsize="small"
            )
        if index == 2:
            axes.set_xlabel("u = s / (σ√N)")
    legend(figure, columns=2)
    figure.align_ylabels()
