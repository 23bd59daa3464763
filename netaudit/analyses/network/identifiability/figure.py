"""The neurons of each hidden layer by cause, and how evenly each one's states are shared out over inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from netaudit.analyses.network.identifiability.payload import LayerIdentifiability
from netaudit.report.figures.style import BLUE, DARK, GREEN, GREY, ORANGE, PURPLE, VERMILLION, legend
from netaudit.text import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS: Mapping[str, str] = {
    "identifiable": BLUE,
    "open": "0.8",
    "dead": DARK,
    "muted": GREEN,
    "always_on": ORANGE,
    "twins": VERMILLION,
    "opposite_twins": PURPLE,
}
"""The colour of each part of a bar, by the name of its count."""
_STYLES = ("-", "--", "-.", ":")


def draw_causes(layers: Sequence[LayerIdentifiability], words: Mapping[str, str], figure: Figure) -> None:
    """Draw one bar a layer, its neurons by cause; the bottom layer is the lowest bar."""
    axes = figure.subplots()
    left = np.zeros(len(layers))
    places = np.arange(1, len(layers) + 1)
    for cause, colour in COLOURS.items():
        shares = np.array([getattr(layer, cause) / max(layer.neurons, 1) for layer in layers])
        if shares.any():
            axes.barh(places, shares, 0.7, left, color=colour, label=words[cause])
        left += shares
    axes.set(xlim=(0, 1), xlabel="neurons of the layer", ylabel="layer, bottom to top")
    axes.set_yticks(places)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], [percent(share) for share in (0, 0.25, 0.5, 0.75, 1)])
    legend(figure)


def draw_states(layers: Sequence[LayerIdentifiability], figure: Figure) -> None:
    """Draw for each layer, in a panel of its own, the share of inputs at which each neuron is in its rarer state."""
    panels = figure.subplots(1, len(layers), sharey=True, squeeze=False)[0]
    for number, (layer, axes) in enumerate(zip(layers, panels, strict=True), start=1):
        ranks = np.linspace(0, 1, len(layer.rarer)) if len(layer.rarer) > 1 else np.zeros(len(layer.rarer))
        axes.fill_between(ranks, layer.rarer, color=BLUE, alpha=0.35, linewidth=0)
        axes.plot(ranks, layer.rarer, color=BLUE, marker="" if len(ranks) > 1 else "o")
        axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle="--")
        axes.set(xlim=(0, 1), ylim=(0, 0.55), title=f"layer {number}")
        axes.set_xticks([0, 1], ["0%", "100%"])
        for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
            label.set_horizontalalignment(side)  # so that those of two panels do not meet
    panels[0].set_yticks([0, 0.25, 0.5], ["0%", "25%", "50%"])
    panels[0].set_ylabel("inputs in the rarer state")
    figure.supxlabel("neurons, by that share", fontsize=7)
