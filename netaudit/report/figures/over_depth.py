"""A statistic over the depth of the network: a line a kind of layer, intervals, and the band that is tolerated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.report.figures.graded import TOLERATED
from netaudit.report.figures.style import BLUE, COLUMN, DARK, GREEN, PURPLE, VERMILLION, shown
from netaudit.report.figures.ticks import plain_decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, DARK)
_MARKERS = ("o", "s", "^", "D", "v")
_FEW = 20  # layers, up to which each has its interval drawn


@dataclass(frozen=True)
class Line:
    """The values of one kind of layer, from the input on."""

    kind: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class OverDepth:
    """One statistic of one claim."""

    label: str
    """What the axis says."""
    tolerated: tuple[float | None, float | None]
    """Lowest and highest value that is tolerated in every layer; None where there is no such limit."""
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    """Places on the axis and the numbers of the layers there; empty where the axis counts blocks."""


def draw_over_depth(panel: OverDepth, figure: Figure) -> None:
    """Draw the band, then the lines."""
    axes = figure.subplots()
    values = np.array([value for line in panel.lines for value in (*line.y, *line.low, *line.high)])
    low, high = panel.tolerated
    seen = np.array([*values, *(end for end in (low, high) if end is not None)])
    if np.all(seen > 0) and seen.max() > 10 * seen.min():
        axes.set_yscale("log")
        axes.set_ylim(seen[seen > 0].min() / 1.3, seen.max() * 1.3)
    else:
        room = 0.08 * (seen.max() - seen.min() or abs(seen.max()) or 1)
        axes.set_ylim(min(0.0, seen.min()) if seen.min() >= 0 else seen.min() - room, seen.max() + room)
    bottom, top = axes.get_ylim()
    axes.axhspan(low if low is not None else bottom, high if high is not None else top, color=TOLERATED, linewidth=0)
    for end in (low, high):
        if end is not None:
            axes.axhline(end, color=DARK, linewidth=0.8, linestyle="--")
    few = sum(len(line.x) for line in panel.lines) <= _FEW
    for place, line in enumerate(panel.lines):
        _line(axes, line, place, few)
    if axes.get_yscale() == "log":
        plain_decades(axes.yaxis)
    if panel.ticks:
        axes.set_xticks([at for at, _ in panel.ticks], [shown(name) for _, name in panel.ticks], parse_math=False)
        axes.margins(x=0.15)
    axes.set_ylabel(panel.label, parse_math=False)
    axes.set_xlabel("layer" if panel.ticks else "block, from the input on")
    if len(panel.lines) > 1:
        _legend(figure, axes, panel)


def _line(axes: Axes, line: Line, place: int, few: bool) -> None:
    colour, marker = _COLOURS[place % len(_COLOURS)], _MARKERS[place % len(_MARKERS)]
    if few:
        axes.vlines(line.x, line.low, line.high, color=colour, linewidth=0.9)
    axes.plot(
        line.x,
        line.y,
        color=colour,
        marker=marker,
        markersize=3 if few else 2.2,
        linewidth=0.8,
        linestyle=_line_of(line, place),
        markerfacecolor=colour if place < len(_COLOURS) else "white",
    )


def _line_of(line: Line, place: int) -> str:
    """No line through several layers of one block: it would run up and down between them."""
    if len(set(line.x)) < len(line.x):
        return "none"
    return "-" if place < len(_COLOURS) else "--"


def _legend(figure: Figure, axes: Axes, panel: OverDepth) -> None:
    columns = 4
    rows = -(-len(panel.lines) // columns)
    width, height = COLUMN
    figure.set_size_inches(width, height + 0.13 * max(0, rows - 1))
    drawn = axes.get_lines()[-len(panel.lines) :]
    made = figure.legend(
        drawn, ["x"] * len(drawn), loc="outside upper center", ncols=columns, handlelength=1.6, columnspacing=1.0
    )
    for text, line in zip(made.get_texts(), panel.lines, strict=True):
        text.set_parse_math(False)  # a kind comes from a name: "_" and "$" are no orders
        text.set_text(shown(line.kind))
