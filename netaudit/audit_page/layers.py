"""One audited layer: what it is, its figures, and for each claim the verdict, the rule and every number."""

from __future__ import annotations

from netaudit.audit_page import claims as evidence
from netaudit.audit_page.folding import behind, details, opened, split_tables
from netaudit.audit_page.pictures import over_depth
from netaudit.audit_page.presented import Presented, PresentedLayer
from netaudit.report.document.model import Block, Column, Foldable, Items, Pair, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import plain_table
from netaudit.results.report import LayerResult
from netaudit.text import number, printable, sentence, shown_name, size

SHORT = 60  # characters of a layer's name in a heading; its table has the whole name
_REST = "The rule behind each verdict, the nulls and every number are in audit.html, folded away, and in audit.json."
_FEW = 6  # layers whose statistics the picture of page one shows well enough
_WORD = 24  # characters of a dtype or an activation


def layers(presented: Presented) -> list[Section]:
    """The section on the layers, with one part a layer shown in full."""
    report = presented.report
    blocks: list[Block] = []
    if not report.layers:
        blocks.append(Paragraph((Span("No layer was audited."),)))
    elif len(presented.layers) < len(report.layers):
        words = (
            f"{number(len(presented.layers))} of {number(len(report.layers))} layers are shown in full. They are taken "
            "by turns from each combination of verdicts, the worst combination first, and evenly over the file within "
            "one. Every number of the others is in audit.json."
        )
        blocks.append(Paragraph((Span(words),)))
    if report.layers:
        blocks.append(Paragraph((Span(_REST, "soft"),)))
    if len(report.layers) > _FEW:
        figures = over_depth(presented)
        blocks += [Pair(tuple(figures))] if figures else []
    sections = [Section("layers", 1, "Layers", tuple(blocks))]
    for shown in presented.layers:
        title = f"Layer {shown_name(shown.layer.name, SHORT)}"
        sections.append(Section(shown.identifier, 2, title, tuple(_layer(shown)), small=True))
    return sections


def _layer(shown: PresentedLayer) -> list[Block]:
    layer, parts = shown.layer, shown.presentations
    name = f"layer {shown_name(layer.name, SHORT)}"
    claims = {analysis: layer.finding(analysis.name) for analysis in parts if analysis.name in layer.findings}
    others = [part for analysis, part in parts.items() if analysis not in claims]
    blocks: list[Block] = [_header(layer)]
    figures = [figure for part in parts.values() for figure in part.figures]
    if figures:
        blocks.append(Pair(tuple(figures)))
    if claims:
        blocks.append(evidence.tests(claims, name))
    rest: list[Foldable] = []
    warnings = [warning for part in parts.values() for warning in part.warnings]
    blocks += [Paragraph((Span(sentence(warning)),), warning=True) for warning in warnings]
    items = [opened(item) for part in parts.values() for item in part.explanation]
    items += [(Span(sentence(event), "soft"),) for event in layer.events]
    if items:
        blocks.append(Items(tuple(items)))
    rules = [rule for part in parts.values() for item in part.explanation if (rule := behind(item))]
    if rules:
        rest.append(Items(tuple(rules)))
    rest += evidence.nulls(claims, name)
    tables = [each for part in parts.values() for each in part.tables]
    if tables:
        rest.append(Pair(tuple(tables)))
    own = [block for analysis in claims for block in parts[analysis].blocks]
    metrics = evidence.metrics(claims, name)
    kept, folded = split_tables([*own, *(block for part in others for block in part.blocks)])
    rest += [*([Pair(metrics)] if metrics else []), *folded]
    return [*blocks, *kept, *details(f"Rules, nulls and every number of {name}", rest)]


def _header(layer: LayerResult) -> Table:
    columns = [
        Column("Layer", wide=True),
        *map(Column, ("[out, in]", "Stored as", "Followed by")),
        Column("In the model", wide=True),
    ]
    row = (
        Span(shown_name(layer.name), "name"),
        Span(size(layer.shape)),
        Span(printable(layer.dtype, _WORD)),
        Span("not known" if layer.activation is None else printable(layer.activation, _WORD)),
        Span(printable(layer.origin)),
    )
    return plain_table(columns, [row])
