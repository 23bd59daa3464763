"""A cell's states and points on two axes, its eigenvalues, its time constants, and its speed along the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.rnn_fixed_points.payload import DrawnCell
from netaudit.report.figures.style import BLUE, DARK, GREY, ORANGE, PURPLE, VERMILLION, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHADES = 16
"""Of the readout: Matplotlib draws the bar of more than 50 as an image, which a page without images may not have."""
_SMALLEST = 1e-30
"""Of q on a logarithmic axis: a cell that stands still in float64 has less."""


def draw_states(drawn: DrawnCell, figure: Figure) -> None:
    """Draw states and points on the first two principal axes of the states, with the local slow direction."""
    import matplotlib as mpl

    axes = figure.subplots()
    if drawn.readout:
        colours = mpl.colormaps["viridis"].resampled(SHADES)
        shown = axes.scatter(*drawn.states, c=drawn.readout, s=5, cmap=colours, linewidths=0, label="states")
        figure.colorbar(shown, ax=axes, label="readout", fraction=0.05)
    else:
        axes.scatter(*drawn.states, color=GREY, s=4, alpha=0.4, linewidths=0, label="states")
    spread = float(np.ptp(drawn.states[0])) or 1.0
    for x, y, right, up in zip(*drawn.slow, *drawn.direction, strict=True):
        half = 0.06 * spread
        axes.plot([x - half * right, x + half * right], [y - half * up, y + half * up], color=BLUE, linewidth=0.7)
    if drawn.slow[0]:
        axes.scatter(*drawn.slow, color=BLUE, s=6, marker="s", linewidths=0, label="slow points")
    for stable, colour, label in ((True, VERMILLION, "stable fixed"), (False, PURPLE, "unstable fixed")):
        rows = [row for row, is_stable in enumerate(drawn.stable) if is_stable == stable]
        if rows:
            across, up_there = ([coordinates[row] for row in rows] for coordinates in drawn.fixed)
            axes.scatter(across, up_there, color=colour, s=26, marker="X" if stable else "P", linewidths=0, label=label)
    axes.set(xlabel="first axis of the states", ylabel="second axis")
    legend(figure, columns=2)


def draw_eigenvalues(drawn: DrawnCell, figure: Figure) -> None:
    """Draw the eigenvalues at one point beside the unit circle."""
    axes = figure.subplots()
    angle = np.linspace(0, 2 * np.pi, 200)
    axes.plot(np.cos(angle), np.sin(angle), color=GREY, linewidth=0.8, label="unit circle")
    axes.scatter(*drawn.eigenvalues, color=BLUE, s=7, linewidths=0, label="eigenvalues")
    axes.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
    legend(figure)


def draw_constants(drawn: DrawnCell, length: int, figure: Figure) -> None:
    """Draw the time constants at that point, descending, beside the length of a sequence."""
    axes = figure.subplots()
    constants = np.array([one for one in drawn.constants if one > 0])
    axes.plot(np.arange(1, len(constants) + 1), constants, color=BLUE, marker="o", markersize=2.5, linewidth=0.7)
    axes.axhline(length, color=ORANGE, linestyle="--", linewidth=0.9, label="length of a sequence")
    axes.set(xlabel="mode", ylabel="time constant in steps")
    axes.set_yscale("log")
    axes.tick_params(colors=DARK)
    legend(figure)


def draw_speed(drawn: DrawnCell, length: int, figure: Figure) -> None:
    """Draw q along the way: how fast the cell would move if its input were held from there on."""
    axes = figure.subplots()
    steps = np.linspace(1, length, len(drawn.q))
    axes.plot(steps, np.maximum(drawn.q, _SMALLEST), color=BLUE)
    axes.set(xlabel="step of the inputs", ylabel="q")
    axes.set_yscale("log")
