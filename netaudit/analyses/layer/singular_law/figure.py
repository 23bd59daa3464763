"""H3: singular values against the Marchenko-Pastur law, with the spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.layer.singular_law.payload import SpectrumCurve
from netaudit.report.figures.style import DARK, FILLED, GREY, VERMILLION, legend
from netaudit.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BULK = 1.35  # the main panel ends at this multiple of the edge: spikes beyond get a strip of their own


def draw(curve: SpectrumCurve, figure: Figure) -> None:
    """Draw the bulk; spikes far outside stand in a strip beside it, on a logarithmic axis."""
    end = _BULK * max(curve.law_edge, curve.tracy_widom_edge)
    spikes = np.array(curve.spikes)
    far = spikes[spikes > end]
    if len(far):
        axes, strip = figure.subplots(1, 2, width_ratios=(3.2, 1), sharey=True)
        _strip(strip, far, end)
    else:
        axes = figure.subplots()
    bulk(axes, curve, end)
    legend(figure, columns=2)


def bulk(axes: Axes, curve: SpectrumCurve, end: float) -> None:
    """Density, law and edge up to ``end``, with the spikes that lie there."""
    density, spikes = np.array(curve.density), np.array(curve.spikes)
    left, right = np.array(curve.edges[:-1]), np.array(curve.edges[1:])
    filled = left[density > 0]
    start = min([curve.u[0], *filled[:1].tolist()])
    start = max(0.0, start - 0.06 * (end - start))
    shown = left < end
    if shown.any():
        axes.stairs(density[shown], np.append(left[shown], right[shown][-1:]), label="singular values", **FILLED)
    axes.plot(curve.u, curve.law, color=DARK, label="Marchenko-Pastur law")
    axes.axvline(curve.tracy_widom_edge, color=GREY, linestyle="--", linewidth=0.9, label="edge of the noise")
    if len(spikes):
        _mark(axes, spikes[spikes <= end])
    top = 1.08 * max(max(curve.law), float(np.max(density[shown], initial=0)))
    axes.set(xlabel="u = s / (σ√N)", ylabel="density", xlim=(start, end), ylim=(0, top or 1))


def _strip(axes: Axes, far: NDArray[np.float64], end: float) -> None:
    """The spikes beyond the main panel; the axis is logarithmic since they may be a hundred edges away."""
    _mark(axes, far)
    largest = float(far[0])
    axes.set(xscale="log", xlim=(end, largest * (largest / end) ** 0.15))
    axes.set_xticks([largest], [number(round(largest, 1))])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("log scale", color=GREY)
    axes.spines["left"].set(linestyle=(0, (1, 2)), color=GREY)
    axes.tick_params(axis="y", left=False, labelleft=False)


def _mark(axes: Axes, spikes: NDArray[np.float64]) -> None:
    axes.plot(
        spikes,
        np.full(len(spikes), 0.03),
        "v",
        color=VERMILLION,
        markersize=3.5,
        label="spikes",
        transform=axes.get_xaxis_transform(),  # just above the axis, whatever the density
        clip_on=False,
        zorder=4,
    )
