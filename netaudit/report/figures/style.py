"""The look of every figure: seaborn's "ticks" theme and colour-blind palette, at the size of a printed column.

The values are written out, and a test compares them with seaborn's: importing seaborn loads pyplot and takes longer
than drawing a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netaudit.report.glyphs import in_glyphs
from netaudit.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# seaborn.color_palette("colorblind"), after Okabe and Ito; at least 3:1 on white but for orange, which is only a fill
BLUE, ORANGE, GREEN, VERMILLION, PURPLE = "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"
DARK = ".15"  # seaborn's axes and text
GREY = ".45"  # lines that mark a place

FILLED: Any = {"fill": True, "facecolor": (BLUE, 0.35), "edgecolor": BLUE, "linewidth": 0.6}  # a histogram

COLUMN = (3.3, 2.35)  # inches: half of the text width of A4 with 2 cm margins
WIDE = 6.69
"""Inches: the text width of A4 with 2 cm margins."""

THEME: Any = {  # matplotlib types the keys of its settings one by one
    # seaborn.axes_style("ticks")
    "axes.axisbelow": True,
    "axes.edgecolor": DARK,
    "axes.grid": False,
    "axes.labelcolor": DARK,
    "text.color": DARK,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "xtick.direction": "out",
    "ytick.direction": "out",
    # the figure is printed at its own size: text of 7 points reads beside text of 10
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, so it is the same everywhere
    "font.size": 7,
    "axes.labelsize": 7,
    "axes.titlesize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.1,
    "lines.markersize": 4,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": False,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.w_pad": 0.02,
    "svg.fonttype": "path",
}


def shown(text: str) -> str:
    """Text from anywhere, made safe to draw."""
    return in_glyphs(printable(text))


def canvas() -> Figure:
    """An empty figure of one column's width, without pyplot and its global state."""
    from matplotlib.figure import Figure

    return Figure(figsize=COLUMN, layout="constrained")


def legend(figure: Figure, columns: int = 3) -> None:
    """One legend above all axes, so that it never lies on data."""
    handles, labels = [], []
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            if label not in labels:
                handles.append(handle)
                labels.append(label)
    figure.legend(
        handles, labels, loc="outside upper center", ncols=columns, handlelength=1.8, columnspacing=1.2, borderpad=0.1
    )
