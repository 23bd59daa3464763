"""One audited layer: what it is, its figures, and for each claim the verdict, the rule and every number."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.names import printable
from netaudit.report.document import captions, labels
from netaudit.report.document.first_page import values
from netaudit.report.document.model import Block, Column, Figure, Items, Pair, Paragraph, Run, Runs, Section, Table
from netaudit.report.document.numbering import Numbering, plain_table
from netaudit.report.document.text import NONE, capital, count, interval, number, sentence, shown_name, size
from netaudit.report.plan import Plan, PlannedFigure
from netaudit.results import AuditReport, Finding, LayerResult

_WORD = 24  # characters of a dtype or an activation


def layers(report: AuditReport, plan: Plan, numbering: Numbering) -> list[Section]:
    """The section on the layers, with one part a layer shown in full."""
    left = len(report.layers) - len(plan.layers)
    blocks: list[Block] = []
    if not report.layers:
        blocks.append(Paragraph((Run("No layer was audited."),)))
    elif left:
        blocks.append(
            Paragraph(
                (
                    Run(
                        f"{number(len(plan.layers))} of {number(len(report.layers))} layers are shown in full. They "
                        "are taken by turns from each combination of verdicts, the worst combination first, and "
                        "evenly over the file within one. Every number of the others is in audit.json."
                    ),
                )
            )
        )
        blocks.append(values(report, plan, numbering))
    sections = [Section("layers", 1, "2 Layers", tuple(blocks))]
    for place, (index, figures) in enumerate(plan.layers.items(), start=1):
        layer = report.layers[index]
        title = f"2.{place} Layer {shown_name(layer.name, captions.SHORT)}"
        sections.append(Section(f"layer-{index + 1}", 2, title, tuple(_layer(layer, figures, numbering))))
    return sections


def _layer(layer: LayerResult, planned: Sequence[PlannedFigure], numbering: Numbering) -> list[Block]:
    name = f"layer {shown_name(layer.name, captions.SHORT)}"
    blocks: list[Block] = [_header(layer)]
    drawn = [figure for figure in planned if not isinstance(figure.curve, str)]
    if drawn:
        blocks.append(Pair(tuple(_figure(figure, numbering) for figure in drawn)))
    blocks.append(_judged(layer, name, numbering))
    blocks.append(Items(tuple(_why(finding, planned) for finding in layer.findings)))
    tables = tuple(_metrics(finding, name, numbering) for finding in layer.findings if _measured(finding))
    if tables:
        blocks.append(Pair(tables))
    return blocks


def _figure(planned: PlannedFigure, numbering: Numbering) -> Figure:
    return numbering.figure(planned.stem, captions.caption(planned), captions.alt(planned))


def _header(layer: LayerResult) -> Table:
    columns = [
        Column("Layer", wide=True),
        *map(Column, ("[out, in]", "Stored as", "Followed by")),
        Column("In the model", wide=True),
    ]
    row = (
        Run(shown_name(layer.name), "name"),
        Run(size(layer.shape)),
        Run(printable(layer.dtype, _WORD)),
        Run("not known" if layer.activation is None else printable(layer.activation, _WORD)),
        Run(printable(layer.origin)),
    )
    return plain_table(columns, [row])


def _judged(layer: LayerResult, name: str, numbering: Numbering) -> Table:
    columns = [
        Column("Claim"),
        Column("Verdict"),
        Column("Statistic", wide=True),
        Column("Value", numeric=True),
        Column("Interval", numeric=True),
        Column("Null, 1% to 99%", numeric=True),
        Column("Threshold", numeric=True),
    ]
    rows = []
    for finding in layer.findings:
        null = finding.null
        ends = None if null is None or null.q01 is None or null.q99 is None else (null.q01, null.q99)
        rows.append(
            (
                Run(labels.claim(finding.claim).full),
                labels.verdict(finding.verdict),
                Run(NONE if finding.statistic is None else labels.metric(finding.statistic)),
                Run(number(finding.value)),
                Run(interval(finding.interval)),
                Run(interval(ends)),
                Run(NONE if finding.rule is None else number(finding.rule.threshold)),
            )
        )
    return numbering.table(f"Claims about {name}.", columns, rows)


def _why(finding: Finding, planned: Sequence[PlannedFigure]) -> Runs:
    """Verdict, note, rule, null, and why a figure is left out: one item a claim."""
    runs = [Run(labels.claim(finding.claim).title + " ", "strong"), labels.verdict(finding.verdict)]
    if finding.note:
        runs.append(Run(". " + sentence(capital(finding.note))))
    parts = []
    if finding.rule is not None:
        rule = finding.rule
        statement = f": {labels.in_words(rule.statement)}" if rule.statement else ""
        parts.append(sentence(f"Rule “{rule.name}”{statement}"))
        parts.append(sentence(f"Origin of the threshold: {rule.origin}"))
    if finding.null is not None:
        null = finding.null
        where = f" of shape {size(null.shape)}" if null.shape else ""
        median = f", median {number(null.median)}" if null.median is not None else ""
        parts.append(sentence(f"Null: {count(null.draws, 'draw')}{where} ({null.kind}){median}"))
    if finding.verdict != "not_applicable":
        reasons = [figure.curve for figure in planned if figure.finding is finding and isinstance(figure.curve, str)]
        parts += [sentence(f"No figure: {reason}") for reason in reasons]
    if parts:
        runs.append(Run((" " if finding.note else ". ") + " ".join(parts), "soft"))
    return tuple(runs)


def _measured(finding: Finding) -> bool:
    """Whether there is a table to show; a claim that is not applicable says why in its note."""
    if finding.verdict == "not_applicable":
        return any(value is not None for value in finding.metrics.values())
    return bool(finding.metrics)


def _metrics(finding: Finding, name: str, numbering: Numbering) -> Table:
    metrics, title = finding.metrics, labels.claim(finding.claim).title
    paired = {key for key in metrics if f"{key}_raw" in metrics}
    shown = [key for key in metrics if key.removesuffix("_raw") not in paired or key in paired]

    def label(key: str) -> Run:
        missing = [name for name in (key, f"{key}_raw") if name in metrics and metrics[name] is None]
        reasons = dict.fromkeys(printable(finding.reasons[name]) for name in missing if finding.reasons.get(name))
        return Run(labels.metric(key) + (f": {'; '.join(reasons)}" if reasons else ""))

    def cell(key: str) -> Run:
        return Run(number(metrics[key]) if key in metrics else "")

    columns = [Column("Metric"), Column("A − mean(A)" if paired else "Value", numeric=True)]
    rows: list[tuple[Run, ...]] = [(label(key), cell(key)) for key in shown]
    if paired:
        columns.append(Column("A as stored", numeric=True))
        rows = [(*row, cell(f"{key}_raw")) for row, key in zip(rows, shown, strict=True)]
    return numbering.table(f"{title} of {name}.", columns, rows)
