"""H1: histogram with the fitted Gaussian, and quantiles against the Gaussian's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.report.curves import Floats, GaussianCurve
from netaudit.report.figures.style import DARK, FILLED, VERMILLION, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 60  # markers of a QQ plot; 500 of them would be 60 kB


def draw_gaussian(figure: Figure, curve: GaussianCurve) -> None:
    """Draw both, or the histogram alone when the curve has no quantiles."""
    if len(curve.sample):
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
        quantiles(right, curve)
    else:
        left = figure.subplots()
    histogram(left, curve)
    legend(figure)


def histogram(axes: Axes, curve: GaussianCurve) -> None:
    """Binned density under the Gaussian's."""
    from matplotlib.ticker import MaxNLocator

    centres = (curve.edges[1:] + curve.edges[:-1]) / 2
    axes.stairs(curve.density, curve.edges, label="weights", **FILLED)
    axes.plot(centres, curve.gaussian, color=DARK, label="Gaussian")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set(xlabel="(weight − mean) / std", ylabel="density", xlim=(curve.edges[0], curve.edges[-1]), ylim=(0, None))


def quantiles(axes: Axes, curve: GaussianCurve) -> None:
    """The weights' quantiles against the Gaussian's; the diagonal is the Gaussian."""
    kept = _thinned(curve.theoretical)
    ends = [float(curve.theoretical.min()), float(curve.theoretical.max())]
    axes.plot(ends, ends, color=DARK, label="Gaussian")
    axes.plot(
        curve.theoretical[kept], curve.sample[kept], "o", color=VERMILLION, markersize=1.8, label="quantiles", zorder=3
    )
    axes.set(xlabel="Gaussian quantile", ylabel="weight quantile")


def _thinned(positions: Floats) -> list[int]:
    """Indices of at most ``_POINTS`` positions, evenly spread over their range; both ends stay."""
    targets = np.linspace(positions.min(), positions.max(), _POINTS)
    return sorted({int(np.abs(positions - target).argmin()) for target in targets})
