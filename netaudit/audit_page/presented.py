"""What the installed analyses say of a report, asked once and shared by every part of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from netaudit.analyses.analysis import Analysis, Place
from netaudit.audit_page.selection import shown_in_full
from netaudit.audit_page.shown import checked
from netaudit.faults import in_words, show_trace
from netaudit.report.document.model import Block, Details, Figure, Pair, Presentation, figures_in
from netaudit.results.payload import Finding, Payload
from netaudit.results.report import LayerResult, Report, not_applicable
from netaudit.text import printable

B = TypeVar("B", bound=Block)


@dataclass(frozen=True)
class PresentedLayer:
    """One layer that is shown in full."""

    index: int
    """In the report."""
    layer: LayerResult
    presentations: Mapping[Analysis, Presentation]

    @property
    def identifier(self) -> str:
        """Of its section."""
        return f"layer-{self.index + 1}"


@dataclass(frozen=True)
class Presented:
    """The report with what each analysis says of it."""

    report: Report
    analyses: tuple[Analysis, ...]
    """Those that the report has payloads of and that are installed, in the order of the table."""
    layers: tuple[PresentedLayer, ...]
    network: Mapping[Analysis, Presentation]
    """By network analysis that applies."""
    unknown: tuple[str, ...]
    """Names of analyses whose payloads are in the report, but which are not installed here."""

    @property
    def claims(self) -> tuple[Analysis, ...]:
        """The claims, in the order of the report."""
        return tuple(analysis for analysis in self.analyses if analysis.claim)

    @property
    def in_full(self) -> frozenset[int]:
        """Indices of the layers that are shown in full."""
        return frozenset(layer.index for layer in self.layers)

    def lines(self, analysis: Analysis) -> list[tuple[LayerResult, str]]:
        """What an analysis of single layers says of each on page one; empty where it says nothing."""
        return [
            (layer, line)
            for layer in self.report.layers
            if (line := _presentation(analysis, layer.analyses.get(analysis.name), Place(self.report, layer)).line)
        ]


def present(report: Report, analyses: Sequence[Analysis]) -> Presented:
    """Ask every analysis what it says of its payloads."""
    of_layer = [("layer", name) for layer in report.layers for name in layer.analyses]
    names = list(dict.fromkeys([*of_layer, *(("network", name) for name in report.analyses)]))
    known = tuple(analysis for analysis in analyses if (analysis.scope, analysis.name) in names)
    of_layers = [analysis for analysis in known if analysis.scope == "layer"]
    digits = max(3, len(str(len(report.layers))))
    layers = []
    for index in shown_in_full(report):
        layer = report.layers[index]
        parts = {
            analysis: _presentation(analysis, layer.analyses[analysis.name], Place(report, layer))
            for analysis in of_layers
            if analysis.name in layer.analyses
        }
        layers.append(PresentedLayer(index, layer, _stemmed(parts, f"layer_{index + 1:0{digits}}_")))
    network = {
        analysis: _presentation(analysis, report.analyses[analysis.name], Place(report))
        for analysis in known
        if analysis.scope == "network"
        and analysis.name in report.analyses
        and not not_applicable(report.analyses[analysis.name])
    }
    installed = {(analysis.scope, analysis.name) for analysis in analyses}
    unknown = tuple(dict.fromkeys(printable(name, 80) for scope, name in names if (scope, name) not in installed))
    return Presented(report, known, tuple(layers), _stemmed(network), unknown)


def _presentation(analysis: Analysis, payload: Payload | None, place: Place) -> Presentation:
    """What the analysis says; a claim that does not apply is still presented, with its reason."""
    if payload is None or (not_applicable(payload) and not isinstance(payload, Finding)):
        return Presentation()
    try:
        return checked(analysis.present(payload, place), analysis)
    except Exception as error:  # noqa: BLE001 - what one analysis cannot show costs the others nothing
        show_trace(error)
        return Presentation(line=f"{analysis.title} cannot be shown, its numbers are in audit.json: {in_words(error)}")


def _stemmed(parts: Mapping[Analysis, Presentation], prefix: str = "") -> dict[Analysis, Presentation]:
    """The presentations with ``prefix`` before the names of their figures, and the analysis' name if one is taken."""
    taken: set[str] = set()
    stemmed: dict[Analysis, Presentation] = {}
    for analysis, part in parts.items():
        stems = {figure.stem for block in (*part.figures, *part.blocks) for figure in figures_in(block)}
        start = prefix + (f"{analysis.name}_" if stems & taken else "")
        taken |= stems
        stemmed[analysis] = replace(
            part,
            figures=tuple(_renamed(figure, start) for figure in part.figures),
            blocks=tuple(_renamed(block, start) for block in part.blocks),
        )
    return stemmed


def _renamed(block: B, start: str) -> B:
    if isinstance(block, Figure):
        return replace(block, stem=start + block.stem)
    if isinstance(block, Pair):
        return replace(block, items=tuple(_renamed(item, start) for item in block.items))
    if isinstance(block, Details):
        return replace(block, blocks=tuple(_renamed(item, start) for item in block.blocks))
    return block
