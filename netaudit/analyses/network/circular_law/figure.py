"""The eigenvalues of a cell's recurrent matrices, a panel a gate, beside the disc of the circular law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.circular_law.payload import RecurrentMatrix
from netaudit.report.figures.style import BLUE, COLUMN, GREY, VERMILLION, WIDE, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEAD = 0.75
"""Inches above and below the panels, for their titles, labels and the legend."""


def draw(matrices: Sequence[RecurrentMatrix], figure: Figure) -> None:
    """Draw the eigenvalues of each gate, in units of the radius of the disc; those beyond it stand out."""
    panels = np.atleast_1d(figure.subplots(1, len(matrices), sharex=True, sharey=True))
    width = WIDE if len(matrices) > 1 else COLUMN[0]
    across, up = (np.ptp([-1.0, 1.0, *(one for matrix in matrices for one in matrix.eigenvalues[k])]) for k in (0, 1))
    figure.set_size_inches(width, min(width / len(matrices) * up / across, COLUMN[0]) + _HEAD)
    angle = np.linspace(0, 2 * np.pi, 200)
    for axes, matrix in zip(panels, matrices, strict=True):
        real, imaginary = (np.array(part) for part in matrix.eigenvalues)
        beyond = np.arange(real.size) < matrix.outliers  # the largest come first
        axes.plot(np.cos(angle), np.sin(angle), color=GREY, linewidth=0.8, label="disc of the law")
        inner = axes.scatter(real[~beyond], imaginary[~beyond], color=BLUE, s=6, linewidths=0)
        inner.set_label("eigenvalues")
        if beyond.any():
            outer = axes.scatter(real[beyond], imaginary[beyond], color=VERMILLION, s=12, marker="D", linewidths=0)
            outer.set_label("beyond any Gaussian matrix")
        axes.set(title=matrix.gate, xlabel="real part", aspect="equal")
    panels[0].set_ylabel("imaginary part")
    legend(figure)
