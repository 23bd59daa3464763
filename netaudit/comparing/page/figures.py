"""The picture of page one: layers x measures on one graded scale, drawn by seaborn."""

from __future__ import annotations

from collections.abc import Sequence
from math import acos, log10, pi
from typing import TYPE_CHECKING

from netaudit.comparing.payload import DifferenceCurve, LayerComparison, Pair
from netaudit.report.figures.style import COLUMN, DARK, FILLED, legend
from netaudit.report.glyphs import in_glyphs
from netaudit.text import number, percent, shown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LAYERS = 60
"""Rows of the picture: on paper they take a page."""
MEASURES = ("size", "angle", "rank", "structure", "inputs", "outputs")
_LEAST = 1e-5
"""Size that is drawn as 0: the rounding of float16 is some 2e-4."""
_ROW, _HEAD = 0.2, 0.85  # inches
_TEXT = 24  # rows above which the cells have no room for their values


def drawn_layers(pair: Pair) -> tuple[LayerComparison, ...]:
    """The layers of the picture, in the network's order: all, or those that changed most."""
    layers = [layer for layer in pair.layers if layer.update is not None]
    if len(layers) > MOST_LAYERS:
        most = sorted(layers, key=lambda layer: -(layer.change.relative if layer.change else 0.0))[:MOST_LAYERS]
        kept = {id(layer) for layer in most}
        layers = [layer for layer in layers if id(layer) in kept]
    return tuple(layers)


def grades(layer: LayerComparison) -> list[tuple[float, str] | None]:
    """Place between 0 (same) and 1 (nothing in common), and the value, of each measure; None where it is missing."""
    if layer.update == "none":
        return [(0.0, "0%"), (0.0, "0°"), (0.0, "0"), None, None, None]
    change, overlap, ladder = layer.change, layer.overlap, layer.ladder
    if change is None or layer.cosine is None:
        return [None] * len(MEASURES)
    size = min(1.0, max(0.0, 1 - log10(max(change.relative, _LEAST)) / log10(_LEAST)))
    angle = acos(max(-1.0, min(1.0, layer.cosine)))
    structure = None if ladder is None or ladder.random_like_share is None else 1 - ladder.random_like_share
    return [
        (size, percent(change.relative)),
        (min(1.0, angle / (pi / 2)), f"{number(angle * 180 / pi, 2)}°"),
        ((layer.rank or 0) / max(1, min(layer.shape)), number(layer.rank)),
        None if structure is None else (structure, percent(structure)),
        None if overlap is None else (1 - overlap.right, percent(1 - overlap.right)),
        None if overlap is None else (1 - overlap.left, percent(1 - overlap.left)),
    ]


def draw_spectrum(curve: DifferenceCurve, figure: Figure) -> None:
    """The singular values of D, filled, and the law of noise at the level of D's bulk."""
    import numpy as np

    axes = figure.subplots()
    axes.stairs(np.array(curve.density), np.array(curve.edges), label="singular values of D", **FILLED)
    axes.plot(curve.u, curve.law, color=DARK, label="law of noise")
    top = 1.12 * max(max(curve.law), min(max(curve.density), 2.5 * max(curve.law)))
    axes.set(xlabel="u = s / (σ√N)", ylabel="density", ylim=(0, top), xlim=(curve.edges[0], curve.edges[-1]))
    legend(figure, columns=2)


def draw_changes(layers: Sequence[LayerComparison], figure: Figure) -> None:
    """One row a layer, one column a measure."""
    import numpy as np
    import seaborn

    found = [grades(layer) for layer in layers]
    values = np.array([[np.nan if cell is None else cell[0] for cell in row] for row in found])
    shown = np.array([["" if cell is None else cell[1] for cell in row] for row in found])
    figure.set_size_inches(COLUMN[0], _HEAD + _ROW * len(layers))
    axes = figure.subplots()
    seaborn.heatmap(
        values, ax=axes, vmin=0, vmax=1, cmap="cividis", linewidths=0.5, linecolor="white", xticklabels=list(MEASURES),
        yticklabels=False, annot=shown if len(layers) <= _TEXT else None, fmt="", annot_kws={"size": 6},
        cbar_kws={"label": "0 same, 1 nothing in common", "orientation": "horizontal", "aspect": 40, "pad": 0.02},
    )  # fmt: skip
    axes.set_yticks(
        np.arange(len(layers)) + 0.5,
        labels=[in_glyphs(shown_name(layer.layer, 20)) for layer in layers],
        rotation=0,
        parse_math=False,
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=6)
