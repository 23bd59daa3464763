"""Verdicts of many layers: one matrix a claim, with a row a kind of layer and a column a block of the network.

The ground of a cell is graded by the value over its tolerance, and its symbol is the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netaudit.report.figures.graded import COLOURS, RANGE, Graded, clipped
from netaudit.report.figures.style import WIDE, shown
from netaudit.text import number
from netaudit.vocabulary import VERDICT_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

_ROW, _HEAD = 0.125, 0.2  # inches of a row, and of what stands above and below the rows of a panel
_INSIDE, _MIDDLE, _BEYOND = "#8fc7b5", "#f7f4ec", "#e8a184"  # grounds that every symbol's colour reads on
_STEPS = 48  # grounds; Matplotlib turns the scale of 50 or more into pixels, which a dark page cannot turn over


@dataclass(frozen=True)
class Matrix:
    """One claim, by kind of layer and block."""

    title: str
    kinds: tuple[str, ...]
    depths: tuple[str, ...]
    """What the columns are called: blocks, from the input on."""
    cells: tuple[tuple[Graded | None, ...], ...]
    """By kind and depth; None where the network has no such layer."""


def draw_matrices(matrices: tuple[Matrix, ...], figure: Figure) -> None:
    """Draw the panels below each other, with the scale of their grounds beside."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    colours = LinearSegmentedColormap.from_list("tolerance", [_INSIDE, _MIDDLE, _BEYOND], N=_STEPS)
    norm = LogNorm(1 / RANGE, RANGE)
    heights = [_HEAD + _ROW * len(matrix.kinds) for matrix in matrices]
    figure.set_size_inches(WIDE, sum(heights) + 0.35)
    panels = figure.subplots(len(matrices), 1, height_ratios=heights, squeeze=False)[:, 0]
    drawn = [_panel(axes, matrix, colours, norm) for axes, matrix in zip(panels, matrices, strict=True)]
    for axes in panels[:-1]:
        axes.set_xticklabels([])
    panels[-1].set_xlabel("block, from the input on" if len(matrices[-1].depths) > 1 else "")
    scale = figure.colorbar(drawn[0], ax=list(panels), fraction=0.02, pad=0.01, aspect=40)
    scale.set_ticks([1 / RANGE, 1, RANGE], labels=[f"≤ 1/{number(RANGE)}", "tolerance", f"≥ {number(RANGE)}×"])
    scale.ax.minorticks_off()
    scale.outline.set_visible(False)


def _panel(axes: Axes, matrix: Matrix, colours: Colormap, norm: Normalize) -> QuadMesh:
    ground = np.array(
        [
            [np.nan if cell is None or cell.ratio is None else clipped(cell.ratio) for cell in row]
            for row in matrix.cells
        ]
    )
    right, below = np.arange(ground.shape[1] + 1) - 0.5, np.arange(ground.shape[0] + 1) - 0.5
    cells = np.ma.masked_invalid(ground)
    drawn = axes.pcolormesh(right, below, cells, cmap=colours, norm=norm, edgecolors="face", linewidth=0.1)
    axes.invert_yaxis()
    size = min(6.0, 380 / max(1, len(matrix.depths)))
    for row, line in enumerate(matrix.cells):
        for column, cell in enumerate(line):
            if cell is not None:
                symbol, colour = VERDICT_WORDS[cell.verdict][0], COLOURS[cell.verdict]
                axes.text(column, row, symbol, color=colour, fontsize=size, ha="center", va="center")
    axes.set_yticks(range(len(matrix.kinds)), [shown(kind) for kind in matrix.kinds], parse_math=False)
    step = -(-len(matrix.depths) // 24)
    ticks = list(range(0, len(matrix.depths), step))
    axes.set_xticks(ticks, [shown(matrix.depths[tick]) for tick in ticks], parse_math=False)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(matrix.title, fontweight="bold", loc="left", parse_math=False)
    return drawn
