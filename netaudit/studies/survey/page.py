"""The survey's page, from its JSON alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netaudit.analyses.layer.initialisation.words import in_words
from netaudit.analyses.layer.random_likeness.payload import RUNGS
from netaudit.report.chart import Axis, Chart, Series, series
from netaudit.report.document.model import Block, Column, Items, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.report.figures.lines import chart_figure
from netaudit.studies.harness.page import StudyPage
from netaudit.text import NONE, count, flat, interval, number, percent, printable, shown_name, size

Json = Mapping[str, Any]

GROUPS = {"trained": "trained", "epochs": "in training", "starts": "random starts"}
_WORDS = {
    "as_drawn": "as drawn",
    "unit_scales": "up to unit scales",
    "directions": "up to directions",
    "local": "only locally",
    "none": "none",
    "undecided": "undecided",
}
_VERDICTS = {"as_drawn": "as drawn", "too_small": "too small to tell", "unknown_start": "start not known"}
_SPREAD = 0.6  # width of a group in the figure, whose groups are 1 apart


def document(data: Json) -> StudyPage:
    """Lay the survey out."""
    judged = [layer for layer in data["layers"] if layer["rung"] is not None]
    sections = (_summary(data, judged), _shares(judged), _layers(data["layers"]), _how(data))
    return StudyPage(
        stem="survey",
        title="A survey of real layers",
        subtitle="How random-like are the layers of published networks, and up to what?",
        description="Rungs, random-like shares and reversibility of trained layers beside random starts.",
        sections=sections,
        data=data,
    )


def _summary(data: Json, judged: Sequence[Json]) -> Section:
    trained, starts = (_of(judged, group) for group in ("trained", "starts"))
    lines = tuple((Span(text),) for text in sentences(data, trained, starts))
    return Section("summary", 1, "Summary", (Items(lines), _rungs(judged)))


def sentences(data: Json, trained: Sequence[Json], starts: Sequence[Json]) -> tuple[str, str, str]:
    """What the survey says, as it came out."""
    rungs = ", ".join(f"{number(n)} {_WORDS[rung]}" for rung, n in _counted(trained).items() if n)
    networks = len({layer["network"] for layer in trained})
    shares = [layer["share"] for layer in trained if layer["share"] is not None]
    of_starts = [layer["share"] for layer in starts if layer["share"] is not None]
    low, middle, high = np.quantile(shares, (0.25, 0.5, 0.75)) if shares else (np.nan,) * 3
    real = [layer for layer in data["layers"] if layer["group"] == "trained"]
    told = {word: sum(layer["start"] == word for layer in real) for word in ("trained", "as_drawn", "unknown_start")}
    inverts = _median(trained, "effective_inputs_share"), _median(starts, "effective_inputs_share")
    random, orthogonal = (sum(share == wanted for share in of_starts) for wanted in (1, 0))
    return (
        f"{count(len(trained), 'trained layer')} with 32 and more inputs and outputs, from {count(networks, 'file')}: "
        f"{rungs}.",
        f"The random-like share is {percent(middle)} in the median of the {number(len(shares))} that have one, and "
        f"half of them lie from {percent(low)} to {percent(high)}; of {count(len(of_starts), 'random start')} it is "
        f"100% in {number(random)} and 0% in {number(orthogonal)}, which is where orthogonal ones must be.",
        f"The test of the initialisation calls {number(told['trained'])} of {count(len(real), 'layer')} of trained "
        f"networks trained, {number(told['as_drawn'])} as drawn, and the start of {number(told['unknown_start'])} not "
        f"known; a trained layer inverts as a random one with {percent(inverts[0])} of its inputs does, in the median, "
        f"and a random start as one with {percent(inverts[1])}.",
    )


def _counted(layers: Sequence[Json]) -> dict[str, int]:
    return {rung: sum(layer["rung"] == rung for layer in layers) for rung in (*RUNGS, "undecided")}


def _of(layers: Sequence[Json], group: str) -> list[Json]:
    return [layer for layer in layers if layer["group"] == group]


def _median(layers: Sequence[Json], name: str) -> float | None:
    known = [layer[name] for layer in layers if layer[name] is not None]
    return float(np.median(known)) if known else None


def _rungs(judged: Sequence[Json]) -> Table:
    rows = []
    for group, title in GROUPS.items():
        layers = _of(judged, group)
        shares = [layer["share"] for layer in layers if layer["share"] is not None]
        ends = np.quantile(shares, (0.25, 0.75)) if shares else None
        rows.append(
            (
                Span(title),
                Span(number(len(layers))),
                *(Span(number(n)) for n in _counted(layers).values()),
                Span(percent(float(np.median(shares)) if shares else None)),
                Span(NONE if ends is None else f"{percent(ends[0])} to {percent(ends[1])}"),
            )
        )
    columns = (
        Column("Layers", wide=True),
        Column("Judged", numeric=True),
        *(Column(_WORDS[rung], numeric=True) for rung in (*RUNGS, "undecided")),
        Column("Share: median", numeric=True),
        Column("Half lie in"),
    )
    return table("Number of layers on each rung, and their random-like share.", columns, rows)


def _shares(judged: Sequence[Json]) -> Section:
    chart = share_chart(judged)
    text = (
        "Each point is a layer. A share of 100% stands for a random matrix, as drawn or up to the scales of its units, "
        "and 0% for a layer of which no null is left. A layer that is random only locally, or undecided, has no share."
    )
    blocks: tuple[Block, ...] = (Paragraph((Span(text),)), chart_figure(chart))
    return Section("shares", 1, "Random-like shares", blocks)


def share_chart(judged: Sequence[Json]) -> Chart:
    """The shares of all layers that have one, by group and rung."""
    rows: list[Series] = []
    names = list(GROUPS)
    for look, rung in enumerate(RUNGS):
        points = []
        for place, group in enumerate(names):
            layers = [layer for layer in _of(judged, group) if layer["rung"] == rung and layer["share"] is not None]
            at = np.linspace(-_SPREAD / 2, _SPREAD / 2, len(layers)) if len(layers) > 1 else np.zeros(len(layers))
            points += [(place + float(x), layer["share"]) for x, layer in zip(at, layers, strict=True)]
        if points:
            rows.append(series(_WORDS[rung], points, "points", look))
    told = (f"{row.label}: {count(len(row.y), 'layer')}" for row in rows)
    return Chart(
        stem="shares",
        caption="Random-like share of each layer, by what it is and on which rung it stands.",
        alt=f"{'; '.join(told)}.",
        x=Axis("", low=-0.5, high=len(names) - 0.5, ticks=tuple(enumerate(GROUPS.values()))),
        y=Axis("random-like share", percent=True, low=-0.03, high=1.03),
        series=tuple(rows),
    )


def _layers(layers: Sequence[Json]) -> Section:
    rows = [
        (
            Span(printable(layer["network"], 60)),
            Span(shown_name(layer["layer"], 40), "name"),
            Span(size(layer["shape"])),
            Span(NONE if layer["rung"] is None else _WORDS[layer["rung"]]),
            Span(number(layer["directions"])),
            Span(percent(layer["share"])),
            Span(interval(layer["share_interval"])),
            Span(number(layer["spacing_ratio"], 3)),
            Span(_start(layer)),
            Span(percent(layer["effective_inputs_share"])),
            Span(number(layer["coherence"], 3)),
        )
        for layer in layers
    ]
    columns = (
        Column("Network", wide=True),
        Column("Layer", wide=True),
        Column("[out, in]"),
        Column("Rung"),
        Column("Directions", numeric=True),
        Column("Share", numeric=True),
        Column("Range"),
        Column("Spacing ratio", numeric=True),
        Column("Trained?", wide=True),
        Column("Inverts as with", numeric=True),
        Column("Coherence", numeric=True),
    )
    caption = "Every layer; one with fewer than 32 inputs or outputs has no rung."
    return Section("layers", 1, "Layers", (table(caption, columns, rows),))


def _start(layer: Json) -> str:
    words = NONE if layer["start"] is None else _VERDICTS.get(layer["start"], layer["start"])
    return str(f"{words}: {in_words(layer['family'])}" if layer["family"] else words)


def _how(data: Json) -> Section:
    missing = tuple((Span(printable(f"{each['name']}: {each['why']}", 300)),) for each in data["missing"])
    blocks: list[Block] = []
    if missing:
        blocks += [Paragraph((Span("Not audited:"),)), Items(missing)]
    packages = ("Wheels, by pip download --no-deps", ", ".join(data["packages"]))
    blocks.append(facts([packages, ("Seed", number(data["seed"])), *flat({"versions": data["versions"]})]))
    return Section("how", 1, "How it was made", tuple(blocks))
