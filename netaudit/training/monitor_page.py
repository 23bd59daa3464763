"""The page of curves that a monitored training leaves: the statistic of each claim over the steps, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from netaudit.analyses.table import installed
from netaudit.report.chart import LOOKS, Axis, Chart, Mark, series
from netaudit.report.document.finish import finish
from netaudit.report.document.model import Block, Document, Items, Paragraph, Section, Span
from netaudit.report.figures.lines import chart_figure
from netaudit.report.renderers.html import render
from netaudit.results.payload import Finding
from netaudit.text import count, number, printable, sentence, shown_name
from netaudit.version import __version__


class Point(NamedTuple):
    """One claim about one layer after so many steps."""

    step: int
    layer: str
    claim: str
    finding: Finding


def monitor_page(points: Sequence[Point], failures: Mapping[int, str]) -> bytes:
    """The page as HTML."""
    claims = {analysis.name: analysis for analysis in installed() if analysis.claim is not None}
    steps = sorted({point.step for point in points})
    blocks: list[Block] = [Paragraph((Span(f"{count(len(steps), 'measurement')} during training."),))]
    if failures:
        texts = (f"After {count(step, 'step')}: {why}" for step, why in failures.items())
        blocks.append(Items(tuple((Span(sentence(text)),) for text in texts)))
    sections = [Section("summary", 1, "Summary", tuple(blocks))]
    for place, name in enumerate(dict.fromkeys(point.claim for point in points)):
        title = claims[name].full_title if name in claims else printable(name, 60)
        tolerances = claims[name].claim.tolerances if name in claims and claims[name].claim else {}  # type: ignore[union-attr]
        charts = [
            chart_figure(made)
            for index, statistic in enumerate(tolerances)
            if (made := _chart(points, name, statistic, f"claim_{place}_{index}", claims[name].labels)) is not None
        ]
        sections.append(Section(f"claim-{place}", 1, title, tuple(charts) or (Paragraph((Span("Not judged."),)),)))
    document = Document(
        title="Training, watched",
        subtitle="How the claims about each layer change while the network is trained",
        sections=tuple(sections),
        footer=f"netaudit {__version__}",
        description="The claims over the steps of a training run.",
        json=json.dumps({"steps": steps}) + "\n",
        stem="monitor",
    )
    return render(finish(document))


def _chart(points: Sequence[Point], claim: str, statistic: str, stem: str, labels: Mapping[str, str]) -> Chart | None:
    """One statistic over the steps, a line a layer; of many layers some, evenly from the first to the last."""
    by_layer: dict[str, list[tuple[int, float]]] = {}
    limits: set[float] = set()
    for point in points:
        value = point.finding.metrics.get(statistic) if point.claim == claim else None
        if value is not None:
            by_layer.setdefault(point.layer, []).append((point.step, float(value)))
            tests = (test for test in point.finding.conditions if test.statistic == statistic)
            limits |= {round(end, 6) for test in tests for end in test.limits if end is not None}
    if not by_layer:
        return None
    layers = list(by_layer)
    shown = layers if len(layers) <= LOOKS else [layers[i * (len(layers) - 1) // (LOOKS - 1)] for i in range(LOOKS)]
    label = labels.get(statistic, printable(statistic.replace("_", " "), 60))
    some = "" if shown == layers else f" {LOOKS} of {number(len(layers))} layers."
    ends = "; ".join(
        f"{shown_name(layer, 40)} from {number(by_layer[layer][0][1], 3)} to {number(by_layer[layer][-1][1], 3)}"
        for layer in shown
    )
    return Chart(
        stem,
        f"The statistic ({label}) over the steps of the optimiser.{some}",
        f"From the first to the last measurement: {ends}.",
        Axis("step"),
        Axis(label),
        tuple(series(shown_name(layer, 40), by_layer[layer], style="line") for layer in shown),
        tuple(Mark(limit, "tolerance", vertical=False) for limit in sorted(limits)[:1]),
    )
