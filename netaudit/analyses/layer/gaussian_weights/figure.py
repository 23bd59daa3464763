"""H1: histogram with the fitted Gaussian, and quantiles against the Gaussian's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netaudit.analyses.layer.gaussian_weights.payload import GaussianCurve, Quantiles
from netaudit.report.figures.style import DARK, FILLED, VERMILLION, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 60  # markers of a QQ plot; 500 of them would be 60 kB


def draw(curve: GaussianCurve, figure: Figure) -> None:
    """Draw both, or the histogram alone when the curve has no quantiles."""
    if curve.qq.sample:
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
        quantiles(right, curve.qq)
    else:
        left = figure.subplots()
    histogram(left, curve)
    legend(figure)


def histogram(axes: Axes, curve: GaussianCurve) -> None:
    """Binned density under the Gaussian's."""
    from matplotlib.ticker import MaxNLocator

    edges = np.array(curve.edges)
    axes.stairs(curve.density, edges, label="weights", **FILLED)
    axes.plot((edges[1:] + edges[:-1]) / 2, curve.gaussian, color=DARK, label="Gaussian")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set(xlabel="(weight − mean) / std", ylabel="density", xlim=(edges[0], edges[-1]), ylim=(0, None))


def quantiles(axes: Axes, qq: Quantiles) -> None:
    """The weights' quantiles against the Gaussian's; the diagonal is the Gaussian."""
    theoretical, sample = np.array(qq.theoretical), np.array(qq.sample)
    kept = _thinned(theoretical)
    ends = [float(theoretical.min()), float(theoretical.max())]
    axes.plot(ends, ends, color=DARK, label="Gaussian")
    axes.plot(theoretical[kept], sample[kept], "o", color=VERMILLION, markersize=1.8, label="quantiles", zorder=3)
    axes.set(xlabel="Gaussian quantile", ylabel="weight quantile")


def _thinned(positions: NDArray[np.float64]) -> list[int]:
    """Indices of at most ``_POINTS`` positions, evenly spread over their range; both ends stay."""
    targets = np.linspace(positions.min(), positions.max(), _POINTS)
    return sorted({int(np.abs(positions - target).argmin()) for target in targets})
