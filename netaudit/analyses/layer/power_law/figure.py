"""Hill plot: the exponent over the length of the tail, beside that of Gaussian matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.analyses.layer.power_law.payload import HillCurve
from netaudit.report.figures.style import BLUE, DARK, ORANGE, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(curve: HillCurve, figure: Figure) -> None:
    """Draw alpha over the number of eigenvalues in the tail, on a logarithmic axis."""
    axes = figure.subplots()
    if curve.gaussian_low:
        axes.fill_between(
            curve.tail, curve.gaussian_low, curve.gaussian_high, color=ORANGE, alpha=0.3, linewidth=0, label="Gaussian"
        )
    axes.plot(curve.tail, curve.alpha, color=BLUE, label="layer")
    axes.axvline(curve.chosen, color=DARK, linestyle="--", linewidth=0.9, label="tail that is fitted")
    axes.set(xscale="log", yscale="log", xlabel="eigenvalues in the tail", ylabel="alpha")
    legend(figure)
