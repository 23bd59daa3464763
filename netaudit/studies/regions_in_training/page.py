"""The study's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netaudit.analyses.network.linear_regions.present import ENDS as _ENDS
from netaudit.report.chart import Axis, Chart, Series
from netaudit.report.document.model import Block, Column, Pair, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.text import flat, folder_name, number, percent, printable, shown_name
from netaudit.vocabulary import VERDICT_WORDS

Network = Mapping[str, Any]
Epoch = Mapping[str, Any]

ENDS: Mapping[str, str] = {str(kind): words for kind, words in _ENDS.items()}
_DRAWN = "other_class"
"""The kind of segments of the charts by layer."""


def document(data: Mapping[str, Any]) -> StudyPage:
    """Lay the study out."""
    networks = data["networks"]
    sections = [_network(network, place, data["errors"]) for place, network in enumerate(networks)]
    return StudyPage(
        stem="linear-regions",
        title="What training does to the linear regions",
        subtitle="Pieces along segments between real inputs, from the initialisation to the trained network",
        description="Linear pieces, neurons that flip and the fewest pieces that do, after every epoch of training.",
        sections=(_summary(networks), *sections, _how(data)),
        data=data,
    )


def _summary(networks: Sequence[Network]) -> Section:
    words = (
        "A head with ReLU is a piecewise-linear function. Along the same segments between the same real inputs its "
        "pieces were counted exactly after every epoch, and the neurons that are on at one end and off at the other "
        "were set beside the law of a random layer: θ / π without biases, where θ is the angle between the two inputs "
        "of the layer."
    )
    found = " ".join(_change(network) for network in networks)
    return Section("summary", 1, "Summary", (Paragraph((Span(words),)), Paragraph((Span(found, "strong"),))))


def _change(network: Network) -> str:
    first, last = network["epochs"][0], network["epochs"][-1]
    kind = _DRAWN if _DRAWN in first["pieces"] else next(iter(first["pieces"]))
    before, after = (number(epoch["pieces"][kind][1]) for epoch in (first, last))
    holding = [sum(row["verdict"] == "holds" for row in epoch["behaviour"]) for epoch in (first, last)]
    layers = number(len(first["behaviour"]))
    return (
        f"{printable(network['name'], 40)}: {before} pieces between {ENDS[kind]} at the initialisation, {after} at the "
        f"end; {number(holding[0])} of {layers} hidden layers flip as a random layer does at the initialisation, "
        f"{number(holding[1])} at the end."
    )


def _network(network: Network, place: int, errors: Sequence[float]) -> Section:
    name, epochs = printable(network["name"], 40), network["epochs"]
    layers = list(dict.fromkeys(row["layer"] for row in epochs[0]["flips"]))
    charts = (
        _pieces(name, epochs, place),
        _fewest(name, epochs, place, errors),
        *(_flips(name, epochs, layer, number, place) for number, layer in enumerate(layers)),
    )
    figures = tuple(map(chart_figure, charts))
    pairs = tuple(Pair(figures[start : start + 2]) for start in range(0, len(figures), 2))
    blocks: tuple[Block, ...] = (Paragraph((Span(printable(network["title"], 200)),)), *pairs)
    tables = (_verdicts(name, epochs, layers), _numbers(name, epochs, errors))
    identifier = folder_name(network["name"]) or f"network-{place}"
    return Section(f"network-{place}-{identifier}"[:60].replace("_", "-"), 1, name, (*blocks, *tables))


def _over(epochs: Sequence[Epoch], label: str, value: Callable[[Epoch], float | None], look: int, style: Any) -> Series:
    x = tuple(float(epoch["epoch"]) for epoch in epochs)
    return Series(label, x, tuple(value(epoch) for epoch in epochs), look=look, style=style)


def _chart(stem: str, caption: str, label: str, found: Sequence[Series], **scale: Any) -> Chart:
    ends = [
        f"{one.label}: {number(one.y[0], 3)} at the initialisation, {number(one.y[-1], 3)} at the end."
        for one in found
        if one.label
    ]
    return Chart(stem, caption, " ".join(ends), Axis("epoch"), Axis(label, **scale), tuple(found))


def _pieces(name: str, epochs: Sequence[Epoch], place: int) -> Chart:
    found = []
    for look, kind in enumerate(epochs[0]["pieces"]):
        rows = [epoch["pieces"][kind] for epoch in epochs]
        low, middle, high = (tuple(row[end] for row in rows) for end in range(3))
        x = tuple(float(epoch["epoch"]) for epoch in epochs)
        found.append(Series(ENDS[kind], x, middle, low, high, look=look))
    caption = f"{name}: linear pieces along exact segments, the median with the lowest and the highest."
    return _chart(f"pieces_{place}", caption, "linear pieces", found, low=0)


def _fewest(name: str, epochs: Sequence[Epoch], place: int, errors: Sequence[float]) -> Chart:
    kind = _DRAWN if _DRAWN in epochs[0]["fewest"] else next(iter(epochs[0]["fewest"]))
    found = [
        _over(epochs, f"error {number(error)}", lambda epoch, at=at: epoch["fewest"][kind][at], at, "both")  # type: ignore[misc]
        for at, error in enumerate(errors)
    ]
    caption = (
        f"{name}: the fewest pieces K that follow the logit between {ENDS[kind]} with a sup-error of that share of its "
        "range, the median."
    )
    return _chart(f"fewest_{place}", caption, "K", found, log=True)


def _flips(name: str, epochs: Sequence[Epoch], layer: str, at: int, place: int) -> Chart:
    kinds = list(dict.fromkeys(row["ends"] for row in epochs[0]["flips"]))

    def value(epoch: Epoch, kind: str, what: str) -> float | None:
        rows = [row[what] for row in epoch["flips"] if (row["layer"], row["ends"]) == (layer, kind)]
        return rows[0] if rows else None

    found = []
    for look, kind in enumerate(kinds):
        found.append(_over(epochs, ENDS[kind], lambda epoch, k=kind: value(epoch, k, "flipped"), look, "points"))  # type: ignore[misc]
        found.append(_over(epochs, "", lambda epoch, k=kind: value(epoch, k, "expected"), look, "line"))  # type: ignore[misc]
    caption = (
        f"{name}, hidden layer {number(at + 1)}: share of the neurons that flip (points), and what a random layer "
        "gives on the same inputs (line)."
    )
    return _chart(f"flips_{place}_{at}", caption, "neurons that flip", found, low=0, percent=True)


def _verdicts(name: str, epochs: Sequence[Epoch], layers: Sequence[str]) -> Table:
    columns = [Column("Epoch", numeric=True), Column("Test accuracy", numeric=True)]
    for layer in layers:
        columns += [Column(shown_name(layer, 20)), Column("Excess", numeric=True)]
    rows = []
    for epoch in epochs:
        by_layer = {row["layer"]: row for row in epoch["behaviour"]}
        cells: list[Span] = [Span(number(epoch["epoch"])), Span(percent(epoch["accuracy"]))]
        for layer in layers:
            row = by_layer.get(layer)
            cells.append(Span("–") if row is None else Span(VERDICT_WORDS[row["verdict"]], row["verdict"]))
            cells.append(Span(percent(None if row is None else row["excess"])))
        rows.append(tuple(cells))
    return table(f"{name}: do the neurons of each hidden layer flip as those of a random layer?", columns, rows)


def _numbers(name: str, epochs: Sequence[Epoch], errors: Sequence[float]) -> Table:
    kind = _DRAWN if _DRAWN in epochs[0]["pieces"] else next(iter(epochs[0]["pieces"]))
    titles = ("Pieces", *(f"K at {number(error)}" for error in errors), "Nearest boundary", "Inputs apart")
    columns = [Column("Epoch", numeric=True), *(Column(title, numeric=True) for title in titles)]
    rows = [
        (
            Span(number(epoch["epoch"])),
            Span(number(epoch["pieces"][kind][1])),
            *(Span(number(value)) for value in epoch["fewest"][kind]),
            Span(number(epoch["nearest"], 3)),
            Span(number(epoch["apart"], 3)),
        )
        for epoch in epochs
    ]
    caption = (
        f"{name}: medians over segments between {ENDS[kind]}. Nearest boundary: of the first layer, from a real input."
    )
    return table(caption, columns, rows)


def _how(data: Mapping[str, Any]) -> Section:
    return Section("how", 1, "How it was run", (facts(flat({"versions": data["versions"], "seed": data["seed"]})),))
