"""The head along segments, with its knots; and the neurons that flip in each layer beside the law of a random one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.linear_regions.payload import DrawnSegment, Ends, LinearRegions, PlanePicture
from netaudit.report.figures.style import BLUE, DARK, GREEN, GREY, PURPLE, VERMILLION, legend
from netaudit.report.figures.ticks import plain_ticks
from netaudit.text import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS: dict[Ends, tuple[str, str]] = {
    "same_class": (BLUE, "o"),
    "other_class": (VERMILLION, "s"),
    "inputs": (PURPLE, "D"),
    "shadow": (DARK, "v"),
    "random": (GREEN, "^"),
}


_PLANE = (BLUE, VERMILLION, GREEN, PURPLE)


def draw_segment(drawn: DrawnSegment, figure: Figure) -> None:
    """Draw the logit along one segment, and below it how many neurons of each layer change their state where."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(drawn.t, drawn.values, color=COLOURS[drawn.ends][0], label="logit of the first end's class")
    above.set(ylabel="logit")
    bottom = np.zeros(len(drawn.knots[0]) if drawn.knots else 0)
    shades = np.linspace(0.75, 0.25, max(len(drawn.knots), 1))
    edges = np.linspace(0, 1, len(bottom) + 1)
    for layer, (knots, shade) in enumerate(zip(drawn.knots, shades, strict=False)):
        label = f"knots of layer {layer + 1}"
        below.bar(edges[:-1], knots, np.diff(edges), bottom, align="edge", color=str(shade), label=label)
        bottom = bottom + np.array(knots)
    below.set(xlabel="t, from the first end to the second", ylabel="knots", xlim=(0, 1))
    legend(figure, columns=2)


def draw_plane(plane: PlanePicture, layers: int, figure: Figure) -> None:
    """Draw the edges of the linear regions, a colour a hidden layer that makes them; the border last."""
    from matplotlib.collections import LineCollection

    axes = figure.subplots()
    lines = np.array(plane.edges).reshape(-1, 2, 2)
    made = np.array(plane.edge_layer)
    for layer in [*range(layers), -1]:
        colour = GREY if layer < 0 else _PLANE[layer % len(_PLANE)]
        label = "border" if layer < 0 else f"layer {layer + 1}"
        own = lines[made == layer]
        axes.add_collection(LineCollection([*own], colors=colour, linewidths=0.6, label=label))
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set(xlabel="distance towards the second input", ylabel="across")
    legend(figure, columns=3)


def draw_flips(found: LinearRegions, names: Mapping[Ends, str], figure: Figure) -> None:
    """Draw the share of neurons that flip in each layer, filled; the law of a random layer, hollow."""
    axes = figure.subplots()
    places = range(1, len(found.layers) + 1)
    for kind, (colour, marker) in COLOURS.items():
        rows = [row for row in found.flips if row.ends == kind]
        if rows:
            axes.plot(places, [row.flipped for row in rows], color=colour, marker=marker, label=names[kind])
            axes.plot(
                places,
                [row.expected for row in rows],
                color=colour,
                marker=marker,
                markerfacecolor="white",
                linestyle="--",
            )
    axes.plot([], [], color=GREY, marker="o", markerfacecolor="white", linestyle="--", label="random layer (hollow)")
    axes.margins(0.08)
    axes.set_ylim(bottom=0)
    axes.set(xlabel="layer, bottom to top", ylabel="neurons that flip")
    shares = [share for share in axes.get_yticks() if 0 <= share <= 1]
    axes.set_yticks(shares, [percent(share) for share in shares])
    plain_ticks(axes, list(places))
    axes.tick_params(colors=DARK)
    legend(figure, columns=2)
