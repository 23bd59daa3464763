"""H4: the error of shadow inversion, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.report.curves import InversionCurve
from netaudit.report.figures.style import BLUE, DARK, GREEN, PURPLE, VERMILLION, legend
from netaudit.report.figures.ticks import plain_decades, plain_ticks
from netaudit.text import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SERIES = ((BLUE, "o", "-"), (VERMILLION, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"), (DARK, "v", "-"))


def draw_inversion(figure: Figure, curve: InversionCurve) -> None:
    """One colour, marker and line a rho: points measured, lines predicted; hollow points are left out."""
    axes = figure.subplots()
    for (colour, marker, line), rho in zip(_SERIES, curve.rhos, strict=False):
        cells = [cell for cell in curve.cells if cell.rho == rho]
        predicted = [cell.predicted for cell in cells]
        axes.plot([cell.k for cell in cells], predicted, color=colour, linestyle=line, marker="_", markersize=9)
        for cell in cells:
            axes.plot(cell.k, cell.measured, marker=marker, color=colour, markerfacecolor=_fill(cell.used, colour))
        axes.plot([], [], marker=marker, linestyle=line, color=colour, label=f"ρ = {number(rho)}")
    axes.set(xscale="log", yscale="log", xlabel="k, non-zeros of h", ylabel="relative error")
    plain_ticks(axes, sorted({cell.k for cell in curve.cells}))
    plain_decades(axes.yaxis)
    legend(figure)


def _fill(used: bool, colour: str) -> str:
    return colour if used else "white"
