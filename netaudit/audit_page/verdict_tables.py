"""The verdicts in tables: by kind of layer, layer by layer, and the number behind each."""

from __future__ import annotations

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.presenting import verdict_span
from netaudit.audit_page.claims import metric
from netaudit.audit_page.kinds import kinds, positions
from netaudit.audit_page.pictures import judged as judged_claims
from netaudit.audit_page.presented import Presented
from netaudit.report.document.model import Column, Span, Table
from netaudit.report.document.numbering import table
from netaudit.results.report import LayerResult
from netaudit.text import NONE, number, shown_name, size
from netaudit.vocabulary import VERDICT_WORDS, VERDICTS


def layer_name(presented: Presented, index: int) -> Span:
    """A layer's name, leading to its part of the report if it has one."""
    link = f"layer-{index + 1}" if index in presented.in_full else None
    return Span(shown_name(presented.report.layers[index].name), "name", link)


def by_kind(presented: Presented) -> Table:
    """How many layers of each kind have which verdict on each claim."""
    layers, claims = presented.report.layers, judged_claims(presented)
    placed = positions(layers)

    def cell(kind: str, analysis: Analysis) -> Span:
        found = [
            layer.findings[analysis.name].verdict
            for at, layer in zip(placed, layers, strict=True)
            if at.kind == kind and analysis.name in layer.findings
        ]
        counted = [(verdict, found.count(verdict)) for verdict in VERDICTS if verdict in found]
        if len(counted) == 1:
            verdict, times = counted[0]
            return Span(f"{VERDICT_WORDS[verdict][0]} {number(times)}", verdict)
        return Span("  ".join(f"{VERDICT_WORDS[verdict][0]} {number(times)}" for verdict, times in counted) or NONE)

    rows = [
        (
            Span(kind, "name"),
            Span(number(sum(at.kind == kind for at in placed))),
            *(cell(kind, analysis) for analysis in claims),
        )
        for kind in kinds(placed)
    ]
    columns = [Column("Kind"), Column("Layers", numeric=True), *(Column(each.full_title, wide=True) for each in claims)]
    signs = ", ".join(words.replace(" ", " means ", 1) for words in VERDICT_WORDS.values())
    return table(f"Number of layers by kind and verdict: {signs}.", columns, rows)


def verdicts(presented: Presented) -> Table:
    """The verdicts, one row a layer."""

    def cell(layer: LayerResult, analysis: Analysis) -> Span:
        finding = layer.findings.get(analysis.name)
        return Span(NONE) if finding is None else verdict_span(finding.verdict)

    rows = [
        (
            layer_name(presented, index),
            Span(size(layer.shape)),
            *(cell(layer, analysis) for analysis in presented.claims),
        )
        for index, layer in enumerate(presented.report.layers)
    ]
    titles = [Column(analysis.full_title, wide=True) for analysis in presented.claims]
    columns = [Column("Layer"), Column("[out, in]"), *titles]
    return table("Verdict on each claim about each layer.", columns, rows)


def values(presented: Presented) -> Table:
    """The number behind each verdict, one row a layer and one column a statistic."""
    layers = presented.report.layers
    decisive = [
        (analysis, finding.statistic)
        for analysis in presented.claims
        for layer in layers
        if (finding := layer.findings.get(analysis.name)) is not None and finding.statistic is not None
    ]
    statistics = tuple(dict.fromkeys(decisive))

    def cell(layer: LayerResult, analysis: Analysis, statistic: str) -> Span:
        finding = layer.findings.get(analysis.name)
        return Span(NONE if finding is None or finding.statistic != statistic else number(finding.value))

    rows = [
        (layer_name(presented, index), *(cell(layer, analysis, statistic) for analysis, statistic in statistics))
        for index, layer in enumerate(layers)
    ]
    titles = [f"{analysis.full_title}: {metric(analysis, statistic)}" for analysis, statistic in statistics]
    columns = [Column("Layer"), *(Column(title, numeric=True, wide=True) for title in titles)]
    return table("The statistic that each verdict rests on.", columns, rows)
