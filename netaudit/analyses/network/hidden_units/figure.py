"""Hidden units: the squared norm of the outgoing weights against that of the incoming ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.hidden_units.payload import UnitsCurve
from netaudit.report.figures.style import BLUE, DARK, legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(curve: UnitsCurve, figure: Figure) -> None:
    """Draw a point a unit, and the line of equal norms where it crosses the picture."""
    axes = figure.subplots()
    axes.plot(curve.log_in, curve.log_out, "o", color=BLUE, markersize=1.8, markeredgewidth=0, label="hidden units")
    axes.margins(0.06)
    across, up = axes.get_xlim(), axes.get_ylim()
    ends = np.array([max(across[0], up[0]), min(across[1], up[1])])
    if ends[0] < ends[1]:
        axes.plot(ends, ends, color=DARK, linewidth=0.9, label="equal norms")
    axes.set(xlim=across, ylim=up, xlabel=r"log (‖w$_\mathrm{in}$‖² + b²)", ylabel=r"log ‖w$_\mathrm{out}$‖²")
    legend(figure)
