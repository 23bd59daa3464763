"""A chart of a study: lines and points over one pair of axes, with intervals and reference lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from netaudit.report.chart import LOOKS, Axis, Chart, Series, Values
from netaudit.report.document import model
from netaudit.report.figures.style import BLUE, COLUMN, DARK, GREEN, GREY, PURPLE, VERMILLION
from netaudit.report.figures.ticks import plain_decades
from netaudit.report.glyphs import in_glyphs
from netaudit.text import number, percent, printable

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis as DrawnAxis
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, DARK)
_MARKERS = ("o", "s", "^", "D", "v")
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
_MARKS = ("--", ":", "-.")
_ACROSS, _UP = 62, 36  # characters across the figure, and along its y axis
_HANDLE = 7  # characters that the line beside a legend's entry takes
_ROW = 0.13  # inches that a row of the legend takes; the first two have their place in the figure


def chart_figure(chart: Chart) -> model.Figure:
    """The chart as a figure of a document."""
    return model.Figure(chart.stem, chart.caption, f"{chart.caption} {chart.alt}", partial(draw_chart, chart=chart))


def draw_chart(figure: Figure, chart: Chart) -> None:
    """Draw the reference lines, then each series with its intervals."""
    axes = figure.subplots()
    axes.set(xscale="log" if chart.x.log else "linear", yscale="log" if chart.y.log else "linear")
    entries: list[tuple[Artist, str]] = []
    for index, series in enumerate(chart.series):
        drawn = draw_series(axes, series, index if series.look is None else series.look)
        if series.label:
            entries.append((drawn, series.label))
    for mark, line in zip(chart.marks, _MARKS * len(chart.marks), strict=False):
        across = axes.axvline if mark.vertical else axes.axhline
        entries.append((across(mark.at, color=GREY, linestyle=line, linewidth=0.9, zorder=1.5), mark.label))
    _scale(axes, chart)
    _legend(figure, entries)


def draw_series(axes: Axes, series: Series, look: int) -> Line2D:
    """Draw one series and return its line; intervals are bars at points, and a band around a bare line."""
    colour, marker = _COLOURS[look % len(_COLOURS)], _MARKERS[look % len(_MARKERS)]
    x, y = _floats(series.x), _floats(series.y)
    if series.low is not None and series.high is not None:
        low, high = _floats(series.low), _floats(series.high)
        known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
        if series.style == "line":
            axes.fill_between(x[known], low[known], high[known], color=colour, alpha=0.2, linewidth=0)
        else:
            axes.vlines(x[known], low[known], high[known], color=colour, linewidth=0.8)
    [line] = axes.plot(
        x,
        y,
        color=colour,
        linestyle="none" if series.style == "points" else _LINES[look % len(_LINES)],
        marker="none" if series.style == "line" else marker,
        markerfacecolor="white" if look >= LOOKS // 2 else colour,
        zorder=2.5,
    )
    return line


def _scale(axes: Axes, chart: Chart) -> None:
    """Limits, then ticks that fit them, then what the axes are called."""
    axes.set_xlim(chart.x.low, chart.x.high)
    axes.set_ylim(chart.y.low, chart.y.high)
    _ticks(axes.xaxis, chart.x)
    _ticks(axes.yaxis, chart.y)
    axes.set_xlabel(textwrap.fill(_shown(chart.x.label), _ACROSS - 10), parse_math=False)
    axes.set_ylabel(textwrap.fill(_shown(chart.y.label), _UP), parse_math=False)


def _ticks(drawn: DrawnAxis, axis: Axis) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if axis.ticks:
        drawn.set_ticks([at for at, _ in axis.ticks], labels=[_shown(text) for _, text in axis.ticks], parse_math=False)
        drawn.set_ticks([], minor=True)
        return
    if axis.log:
        plain_decades(drawn)
    else:
        drawn.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    shown = percent if axis.percent else number
    drawn.set_major_formatter(FuncFormatter(lambda value, _: shown(float(f"{value:.6g}"))))


def _legend(figure: Figure, entries: Sequence[tuple[Artist, str]]) -> None:
    """Above the axes, in as many columns as fit; the figure grows with its rows."""
    texts = [textwrap.fill(_shown(label), _ACROSS - _HANDLE) for _, label in entries]
    columns = next(columns for columns in (3, 2, 1) if columns == 1 or _width(texts, columns) <= _ACROSS)
    rows = sum(text.count("\n") for text in texts) + -(-len(texts) // columns)
    width, height = COLUMN
    figure.set_size_inches(width, height + _ROW * max(0, rows - 2))
    legend = figure.legend(
        [artist for artist, _ in entries],
        [str(index) for index in range(len(entries))],  # the words come after: Matplotlib reads "_" and "$" as orders
        loc="outside upper center",
        ncols=columns,
        handlelength=2.2,
        columnspacing=1.2,
        borderpad=0.1,
    )
    for entry, text in zip(legend.get_texts(), texts, strict=True):
        entry.set_parse_math(False)
        entry.set_text(text)


def _width(texts: Sequence[str], columns: int) -> int:
    """Characters across a legend that is filled column by column, the first ones longer by one."""
    parts = np.array_split(np.array([max(map(len, text.split("\n"))) + _HANDLE for text in texts]), columns)
    return int(sum(part.max(initial=0) for part in parts))


def _floats(values: Values) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _shown(text: str) -> str:
    return in_glyphs(printable(text))
