"""One audited layer: what it is, its figures, and for each claim the verdict, the rule and every number."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.report.document import captions, evidence, labels
from netaudit.report.document.first_page import ON_PAPER, values
from netaudit.report.document.model import Block, Column, Figure, Items, Pair, Paragraph, Run, Runs, Section, Table
from netaudit.report.document.numbering import Numbering, plain_table
from netaudit.report.document.other_tools import other_tools
from netaudit.report.plan import Plan, PlannedFigure
from netaudit.results import AuditReport, Finding, LayerResult
from netaudit.text import capital, count, number, printable, sentence, shown_name, size

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
    if report.p_values.tests:
        sections.append(_p_values(report, f"2.{len(plan.layers) + 1}", numbering))
    return sections


def _p_values(report: AuditReport, place: str, numbering: Numbering) -> Section:
    """The one family of p-values, corrected."""
    found = report.p_values
    rows = [
        (
            Run(shown_name(test.layer), "name"),
            Run(labels.claim(test.claim).full),
            *(Run(f"≤ {number(p, 1)}" if p <= 1e-12 else number(p, 3)) for p in (test.p_value, test.adjusted)),
        )
        for test in found.tests
    ]
    method = printable(found.method, 40)
    columns = [
        Column("Layer", wide=True),
        Column("Claim"),
        Column("p", numeric=True),
        Column(f"p, {method}", numeric=True),
    ]
    table = numbering.table(
        f"Is there a spike at all? P-values, corrected for {count(len(rows), 'test')} by {method}'s method.",
        columns,
        rows,
        range(ON_PAPER) if len(rows) > ON_PAPER else None,
        f"The first {ON_PAPER} of {number(len(rows))}; all are in audit.html." if len(rows) > ON_PAPER else "",
    )
    return Section("p-values", 2, f"{place} P-values", (Paragraph((Run(sentence(found.statement)),)), table))


def _layer(layer: LayerResult, planned: Sequence[PlannedFigure], numbering: Numbering) -> list[Block]:
    name = f"layer {shown_name(layer.name, captions.SHORT)}"
    blocks: list[Block] = [_header(layer)]
    drawn = [figure for figure in planned if not isinstance(figure.curve, str)]
    if drawn:
        blocks.append(Pair(tuple(_figure(figure, numbering) for figure in drawn)))
    blocks.append(evidence.judged(layer, name, numbering))
    warnings = [warning for finding in layer.findings for warning in finding.warnings]
    blocks += [Paragraph((Run(sentence(warning)),), warning=True) for warning in warnings]
    blocks.append(Items(tuple(_why(finding, planned) for finding in layer.findings)))
    blocks += evidence.nulls(layer, name, numbering)
    blocks += evidence.tables(layer, name, numbering)
    blocks += evidence.activations(layer, name, numbering)
    tables = tuple(_metrics(finding, name, numbering) for finding in layer.findings if _measured(finding))
    if tables:
        blocks.append(Pair(tables))
    return blocks + other_tools(layer, name, numbering)


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
        parts.append(sentence(f"Origin of the tolerance: {rule.origin}"))
    for null in finding.nulls:
        if null.statistic == finding.statistic and null.kind == "gaussian":
            where = f" of shape {size(null.shape)}" if null.shape else ""
            median = f", median {number(null.median)}" if null.median is not None else ""
            parts.append(sentence(f"Gaussian null: {count(null.draws, 'draw')}{where} ({null.note}){median}"))
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
