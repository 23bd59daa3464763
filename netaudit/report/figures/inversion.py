"""H4: the error of shadow inversion, measured and predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.report.curves import InversionCurve
from netaudit.report.document.text import number
from netaudit.report.figures.style import BLUE, DARK, GREEN, PURPLE, VERMILLION, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
    _plain_decades(axes)
    legend(figure)


def plain_ticks(axes: Axes, values: list[int] | list[float]) -> None:
    """Ticks of a logarithmic x axis at the values that were used, in plain digits."""
    axes.set_xticks(values, [number(value) for value in values])
    axes.set_xticks([], minor=True)
    axes.margins(x=0.12)


def _plain_decades(axes: Axes) -> None:
    """Decimal numbers on the logarithmic y axis; 1-2-5 steps where there are fewer than two decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high / low > 100 else (1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
    axes.yaxis.set_minor_locator(NullLocator())


def _fill(used: bool, colour: str) -> str:
    return colour if used else "white"
