"""Verdicts on a graded scale: each value over its tolerance, with its interval, a symbol and a word.

A value of 1 lies at the tolerance: what lies left of it is tolerated. The scale is logarithmic, in factors of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.report.figures.style import DARK, GREY, WIDE, shown
from netaudit.text import number, printable
from netaudit.vocabulary import VERDICT_WORDS, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: dict[Verdict, str] = {"holds": "#00694b", "undecided": "#8a5a00", "fails": "#a83200", "not_applicable": GREY}
"""Of the words of a report, at least 5:1 on white."""
MARKERS: dict[Verdict, str] = {"holds": "o", "undecided": "^", "fails": "x", "not_applicable": "_"}
TOLERATED = "#e4f0ec"
"""The ground on which a value is tolerated."""
RANGE = 8.0
"""The scale ends at this many times the tolerance, and at one over it; a value beyond is drawn at its end."""

_ROW, _HEAD = 0.32, 0.52  # inches
_GROUND = {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 0.6}  # words read on the line, too
_NAME, _LONGEST_NAME = 18, 36  # characters of a layer's name beside its row; more only where two would look alike


@dataclass(frozen=True)
class Graded:
    """A verdict with its decisive value over the tolerance."""

    verdict: Verdict
    ratio: float | None = None
    """The value over its tolerance; None where no such ratio is defined."""
    low: float | None = None
    """Ends of its interval over the tolerance."""
    high: float | None = None


@dataclass(frozen=True)
class Grid:
    """Claims side by side, each with a row a layer."""

    rows: tuple[str, ...]
    """Names of the layers."""
    columns: tuple[str, ...]
    """Titles of the claims."""
    cells: tuple[tuple[Graded | None, ...], ...]
    """By row and column; None where a claim was not looked at."""


def draw_graded(grid: Grid, figure: Figure) -> None:
    """Draw one panel a claim, side by side over the same rows."""
    figure.set_size_inches(WIDE, _HEAD + _ROW * len(grid.rows))
    panels = figure.subplots(1, len(grid.columns), sharey=True, squeeze=False)[0]
    for place, (axes, title) in enumerate(zip(panels, grid.columns, strict=True)):
        _panel(axes, title, [row[place] for row in grid.cells])
        axes.tick_params(left=False)
    panels[0].set_yticks(range(len(grid.rows)), [shown(name) for name in told_apart(grid.rows)], parse_math=False)
    panels[0].set_ylim(len(grid.rows) - 0.45, -0.55)


def _panel(axes: Axes, title: str, cells: list[Graded | None]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xlim(1 / RANGE / 1.25, RANGE * 1.25)
    axes.axvspan(1 / RANGE / 1.25, 1, color=TOLERATED, linewidth=0, zorder=0)
    axes.axvline(1, color=DARK, linewidth=0.8, zorder=1)
    axes.set_xticks([0.25, 1, 4], ["¼", "tolerance", "4×"])
    axes.set_xticks([], minor=True)
    axes.set_title(title, fontweight="bold", parse_math=False)
    axes.spines["left"].set_visible(False)
    for row, cell in enumerate(cells):
        if cell is not None:
            _mark(axes, row, cell)


def _mark(axes: Axes, row: int, cell: Graded) -> None:
    colour, word = COLOURS[cell.verdict], VERDICT_WORDS[cell.verdict]
    if cell.ratio is None:
        axes.text(1, row, word, color=colour, ha="center", va="center", fontsize=6.5, bbox=_GROUND)
        return
    at = clipped(cell.ratio)
    if cell.low is not None and cell.high is not None:
        axes.hlines(row + 0.16, clipped(cell.low), clipped(cell.high), color=colour, linewidth=1.4, zorder=2)
    axes.plot(at, row + 0.16, MARKERS[cell.verdict], color=colour, markersize=5, markeredgewidth=1.4, zorder=3)
    text = f"{word.split()[-1]}, {number(cell.ratio, 2)}×"
    left = min(max(np.log2(at) / np.log2(RANGE), -0.62), 0.62)  # the words stay inside the panel
    axes.text(RANGE**left, row - 0.22, text, color=colour, ha="center", va="center", fontsize=6, zorder=3, bbox=_GROUND)


def clipped(ratio: float) -> float:
    """The place of a value on the scale."""
    return float(np.clip(ratio, 1 / RANGE, RANGE))


def told_apart(names: tuple[str, ...]) -> list[str]:
    """The names, cut in the middle as little as it takes to tell those that differ from each other.

    >>> told_apart(("encoder.weight_ih_l0[new]", "encoder.weight_hh_l0[new]", "readout"))
    ['encoder.w…ih_l0[new]', 'encoder.w…hh_l0[new]', 'readout']
    """
    cut: list[str] = []
    for length in range(_NAME, _LONGEST_NAME + 1):
        cut = [printable(name, length) for name in names]
        if len(set(cut)) == len(set(names)):
            break
    return cut
