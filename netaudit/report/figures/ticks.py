"""Ticks of logarithmic axes in plain digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netaudit.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


def plain_ticks(axes: Axes, values: list[int] | list[float]) -> None:
    """Ticks of a logarithmic x axis at the values that were used."""
    axes.set_xticks(values, [number(value) for value in values])
    axes.set_xticks([], minor=True)
    axes.margins(x=0.12)


def plain_decades(axis: Axis) -> None:
    """Decimal numbers on a logarithmic axis; 1-2-5 steps where there are fewer than two decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high / low > 100 else (1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(float(f"{value:.6g}"))))
    axis.set_minor_locator(NullLocator())
