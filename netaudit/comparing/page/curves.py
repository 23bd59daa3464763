"""Three or more networks, such as the epochs of a run: one line a layer over the series."""

from __future__ import annotations

from collections.abc import Callable

from netaudit.comparing.payload import Compared, LayerComparison
from netaudit.report.chart import Axis, Chart, series
from netaudit.report.document.model import Block, Pair
from netaudit.report.figures.lines import chart_figure
from netaudit.text import percent, printable, shown_name

MOST = 8
"""Lines of one chart: the layers that changed most in the end."""
_MOST_TICKS = 12


def curves(found: Compared) -> list[Block]:
    """The size of the change and the cosine over the series, where there are two networks beside the first, or more."""
    layers = sorted(
        (layer for layer in found.pairs[-1].layers if layer.change is not None),
        key=lambda layer: -(layer.change.relative if layer.change else 0.0),
    )[:MOST]
    if not layers:
        return []
    size = _chart(
        found, layers, "series_size", "Size of the change since the first network", "change / norm",
        lambda layer: layer.change.relative if layer.change else 0.0 if layer.update == "none" else None, True,
    )  # fmt: skip
    cosine = _chart(
        found, layers, "series_cosine", "Cosine with the first network", "cosine", lambda layer: layer.cosine, False
    )
    return [Pair((chart_figure(size), chart_figure(cosine)))]


def _chart(
    found: Compared,
    layers: list[LayerComparison],
    stem: str,
    title: str,
    label: str,
    value: Callable[[LayerComparison], float | None],
    shares: bool,
) -> Chart:
    lines = []
    for layer in layers:
        by_place = {
            pair.second: value(each) for pair in found.pairs for each in pair.layers if each.layer == layer.layer
        }
        points = [(0.0, 0.0 if shares else 1.0), *((float(place), y) for place, y in sorted(by_place.items()))]
        lines.append(series(shown_name(layer.layer, 24), points))
    last = ", ".join(f"{shown_name(layer.layer, 24)} {_shown(value(layer), shares)}" for layer in layers)
    step = -(-len(found.sides) // _MOST_TICKS)
    ticks = tuple((float(place), printable(side.name, 10)) for place, side in enumerate(found.sides))[::step]
    few = f", of the {MOST} layers that changed most" if len(found.pairs[-1].layers) > MOST else ""
    return Chart(
        stem=stem,
        caption=f"{title}{few}.",
        alt=f"At the end: {last}.",
        x=Axis("network", ticks=ticks),
        y=Axis(label, percent=shares),
        series=tuple(lines),
    )


def _shown(value: float | None, shares: bool) -> str:
    return percent(value) if shares else f"{value:.3f}" if value is not None else "not measured"
