"""H4: the error of shadow inversion, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.analyses.layer.shadow_inversion.payload import InversionCurve
from netaudit.report.figures.style import BLUE, DARK, GREEN, PURPLE, VERMILLION, legend
from netaudit.report.figures.ticks import plain_decades, plain_ticks
from netaudit.text import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SERIES = ((BLUE, "o", "-"), (VERMILLION, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"), (DARK, "v", "-"))


def draw(curve: InversionCurve, figure: Figure) -> None:
    """One colour, marker and line a rho: points measured, lines predicted; hollow points are left out."""
    axes = figure.subplots()
    rhos = dict.fromkeys(cell.rho for cell in curve.drawn)
    for (colour, marker, line), rho in zip(_SERIES, rhos, strict=False):
        cells = [cell for cell in curve.drawn if cell.rho == rho]
        predicted = [cell.predicted_relative_error for cell in cells]
        axes.plot([cell.k for cell in cells], predicted, color=colour, linestyle=line, marker="_", markersize=9)
        for cell in cells:
            fill = colour if cell.used else "white"
            axes.plot(cell.k, cell.relative_error, marker=marker, color=colour, markerfacecolor=fill)
        axes.plot([], [], marker=marker, linestyle=line, color=colour, label=f"ρ = {number(rho)}")
    axes.set(xscale="log", yscale="log", xlabel="k, non-zeros of h", ylabel="relative error")
    plain_ticks(axes, sorted({cell.k for cell in curve.drawn}))
    plain_decades(axes.yaxis)
    legend(figure)
