"""How many labels come back, over the keep probability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from netaudit.analyses.network.labels_back.payload import Labels, LabelsBack
from netaudit.report.figures.style import BLUE, GREY, VERMILLION, legend
from netaudit.report.figures.ticks import plain_ticks
from netaudit.text import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SERIES: dict[Labels, tuple[str, str]] = {"onehot": (BLUE, "o"), "softmax": (VERMILLION, "s")}


def draw(found: LabelsBack, names: Mapping[Labels, str], figure: Figure) -> None:
    """Draw the top-1 share of each kind of label, filled; that of the Gaussian twins, hollow; and chance, a line."""
    axes = figure.subplots()
    for source, (colour, marker) in _SERIES.items():
        runs = sorted((run for run in found.runs if run.source == source), key=lambda run: run.rho)
        if not runs:
            continue
        rhos = [run.rho for run in runs]
        axes.plot(rhos, [run.top1 for run in runs], color=colour, marker=marker, label=names[source])
        axes.plot(
            rhos,
            [run.twin_top1 for run in runs],
            color=colour,
            marker=marker,
            markerfacecolor="white",
            linestyle="--",
        )
    axes.plot([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="--", label="random network (hollow)")
    axes.axhline(found.runs[0].chance, color=GREY, linestyle=":", label="chance")
    axes.set(xscale="log", xlabel="keep probability ρ", ylabel="labels that come back", ylim=(-0.03, 1.03))
    shares = (0, 0.25, 0.5, 0.75, 1)
    axes.set_yticks(shares, [percent(share) for share in shares])
    plain_ticks(axes, sorted({run.rho for run in found.runs}))
    legend(figure, columns=2)
