"""The network as a whole: its head, what each network analysis says, and what was not audited."""

from __future__ import annotations

from netaudit.audit_page.folding import MOST_ON_PAPER, details, split_tables
from netaudit.audit_page.presented import Presented
from netaudit.audit_page.selection import long_table
from netaudit.report.document.model import Block, Column, Items, Pair, Paragraph, Section, Span, Spans
from netaudit.results.report import DataResult, HeadResult, Report, not_applicable
from netaudit.text import count, number, percent, printable, sentence, shown_name, size

_HEAD = (10, 2)
"""Layers of a deep head that are named, at the bottom and at the top; the others are counted."""


def network(presented: Presented) -> list[Section]:
    """The head, then one part an analysis of the network; those that do not apply are listed with their reasons."""
    report = presented.report
    blocks: list[Block] = [_head(report.head)]
    if report.data is not None:
        blocks.append(_data(report.data))
    reasons: list[Spans] = [
        (Span(f"{analysis.title}: ", "strong"), Span(sentence(report.analyses[analysis.name].note)))
        for analysis in presented.analyses
        if analysis.scope == "network"
        and analysis.name in report.analyses
        and not_applicable(report.analyses[analysis.name])
    ]
    reasons += [
        (Span(f"{name}: ", "strong"), Span("this analysis is not installed here; its numbers are in audit.json."))
        for name in presented.unknown
    ]
    reasons += [(Span(sentence(event), "soft"),) for event in report.events]
    if reasons:
        blocks.append(Items(tuple(reasons)))
    sections = [Section("network", 1, "The network as a whole", tuple(blocks))]
    for analysis, part in presented.network.items():
        parts: list[Block] = [Paragraph((Span(sentence(warning)),), warning=True) for warning in part.warnings]
        if part.explanation:
            parts.append(Items(part.explanation))
        kept, folded = split_tables((*part.blocks, *part.tables), MOST_ON_PAPER)
        if part.figures:
            parts.append(Pair(part.figures) if len(part.figures) > 1 else part.figures[0])
        parts += [*kept, *details(f"{analysis.title}: every number", folded)]
        sections.append(
            Section(f"analysis-{analysis.name.replace('_', '-')}", 2, analysis.title, tuple(parts), small=True)
        )
    return sections


def skipped(report: Report) -> Section:
    """What was not audited, and why."""
    if not report.skipped:
        return Section("skipped", 1, "Skipped", (Paragraph((Span("Nothing was skipped."),)),))
    rows = [
        (
            Span(shown_name(entry.name), "name"),
            Span(size(entry.shape)),
            Span(number(entry.parameters)),
            Span(printable(entry.reason, 2000)),
        )
        for entry in report.skipped
    ]
    columns = [Column("Name"), Column("Shape"), Column("Parameters", numeric=True), Column("Reason", wide=True)]
    caption = "Layers and tensors that were not audited. Tensors counted elsewhere have 0 parameters."
    return Section("skipped", 1, "Skipped", (long_table(caption, columns, rows),))


def _head(head: HeadResult) -> Paragraph:
    if not head.layers:
        return Paragraph((Span(sentence(head.note or "No fully connected head was found")),))
    spans = [Span("The head, the fully connected layers at the top, from bottom to top: ")]
    more = len(head.layers) - _HEAD[0] - _HEAD[1]
    for place, name in enumerate(head.layers):
        if more > 0 and _HEAD[0] <= place < _HEAD[0] + more:
            spans += [Span(f"{number(more)} more, ")] if place == _HEAD[0] else []
            continue
        activation = printable(head.activations[place], 40) if place < len(head.activations) else ""
        spans.append(Span(shown_name(name), "name"))
        spans.append(Span((f" ({activation})" if activation else "") + ", "))
    spans[-1] = Span(spans[-1].text.removesuffix(", ") + ". ")
    if head.inferred:
        spans.append(Span("This head is not certain. ", "strong"))
    if head.note:
        spans.append(Span(sentence(head.note)))
    return Paragraph(tuple(spans))


def _data(data: DataResult) -> Paragraph:
    some = "" if data.total is None else f"{number(data.n)} of "
    words = f"Real inputs: {printable(data.name)}, {some}{count(data.total or data.n, 'input')}"
    if data.total is not None:
        words += ", drawn at random in proportion to the classes"
    if data.unread:
        words += f" ({count(data.unread, 'file')} could not be used)"
    if data.accuracy is not None:
        words += f"; the network itself is right on {percent(data.accuracy)} of them"
    return Paragraph((Span(f"{words} (SHA-256 {data.sha256})."),))
