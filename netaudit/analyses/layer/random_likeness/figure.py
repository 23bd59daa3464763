"""The singular values at three rungs against the law, and those of a layer without unit scales against its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.layer.random_likeness.payload import LadderCurve, ProfileCurve
from netaudit.report.figures.style import DARK, FILLED, GREY, VERMILLION, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(curve: LadderCurve, figure: Figure) -> None:
    """Three densities in one panel: what is left without scales and directions is filled."""
    axes, edges = figure.subplots(), np.array(curve.edges)
    densities = (curve.as_stored, curve.scaled, curve.without_directions)
    axes.stairs(np.array(curve.without_directions), edges, label="without directions", **FILLED)
    axes.stairs(np.array(curve.as_stored), edges, label="as stored", color=GREY, linewidth=0.9, linestyle=":")
    axes.stairs(np.array(curve.scaled), edges, label="scaled", color=VERMILLION, linewidth=0.9)
    axes.plot(curve.u, curve.law, color=DARK, label="law")
    # a peak at zero, where a few directions hold nearly all of the variance, would flatten the law
    top = 1.12 * max(max(curve.law), min(max(map(max, densities)), 2.5 * max(curve.law)))
    axes.set(xlabel="u = s / (σ√N)", ylabel="density", ylim=(0, top), xlim=(curve.edges[0], curve.edges[-1]))
    legend(figure, columns=4)


def draw_profile(curve: ProfileCurve, figure: Figure) -> None:
    """One density, with the law of the variance profile and that of entries of one variance."""
    axes = figure.subplots()
    axes.stairs(np.array(curve.density), np.array(curve.edges), label="scaled as far as can be", **FILLED)
    axes.plot(curve.u, curve.law, color=DARK, label="law of the variance profile")
    axes.plot(curve.u, curve.marchenko_pastur, color=GREY, linewidth=0.9, linestyle="--", label="Marchenko-Pastur law")
    # many zeros, or a density that rises towards them, would flatten the rest
    middle = np.quantile(curve.law, 0.9)
    top = 1.12 * max(max(curve.marchenko_pastur), min(max(curve.law), 2.5 * float(middle)))
    axes.set(xlabel="u = s / √N", ylabel="density", ylim=(0, top), xlim=(curve.edges[0], curve.edges[-1]))
    legend(figure, columns=3)
