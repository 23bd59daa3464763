"""The first page: the answer in words, the verdicts at a glance, and how much of the model was looked at."""

from __future__ import annotations

from netaudit.report.document.labels import SOURCES, VERDICTS, claim, metric, verdict
from netaudit.report.document.model import Block, Column, Items, Paragraph, Run, Section, Table
from netaudit.report.document.numbering import Numbering, facts
from netaudit.report.plan import Plan
from netaudit.report.selection import worst_first
from netaudit.results import AuditReport, LayerResult, StackResult, StackRun
from netaudit.text import NONE, count, number, percent, printable, sentence, shown_name, size

ON_PAPER = 200  # rows of one table in the PDF, about five pages; the HTML has them all

_WRONG_HASH = (
    "The file's SHA-256 does not begin with the hash in its name: these may not be the weights that the name promises."
)


def first_page(report: AuditReport, plan: Plan, numbering: Numbering) -> Section:
    """Build the section."""
    blocks: list[Block] = []
    if report.provenance.hash_matches_name is False:
        blocks.append(Paragraph((Run("Check the file. ", "strong"), Run(_WRONG_HASH)), warning=True))
    answer = [sentence(text) for text in report.summary["text"]]
    if answer:
        blocks.append(Paragraph((Run(answer[0], "strong"),)))
        blocks.append(Items(tuple((Run(text),) for text in answer[1:])))
    if not report.layers:
        blocks.append(Paragraph((Run("No fully connected layer was audited; section 4 says why."),), warning=True))
        blocks.append(_glance(report))
    else:
        long = len(plan.layers) < len(report.layers)
        if long:  # the table of verdicts runs over pages: what the first page must show comes before it
            blocks += [_counts(report, numbering), _glance(report)]
        blocks.append(_verdicts(report, plan, numbering))
        if not long:
            blocks += [values(report, plan, numbering), _glance(report)]
    return Section("summary", 1, "1 Summary", tuple(blocks))


def verdict_of(layer: LayerResult, name: str) -> Run:
    """The verdict's cell."""
    try:
        return verdict(layer.finding(name).verdict)
    except KeyError:
        return Run(NONE)


def name_of(report: AuditReport, plan: Plan, index: int) -> Run:
    """A layer's name, leading to its part of the report if it has one."""
    link = f"layer-{index + 1}" if index in plan.layers else None
    return Run(shown_name(report.layers[index].name), "name", link)


def on_paper(report: AuditReport) -> tuple[list[int] | None, str]:
    """The layers that a long table keeps in the PDF, and what it says about the others."""
    if len(report.layers) <= ON_PAPER:
        return None, ""
    left = len(report.layers) - ON_PAPER
    note = (
        f"The {ON_PAPER} layers with the worst verdicts; {count(left, 'other layer')} in audit.html and in the "
        "attached audit.json."
    )
    return worst_first(report)[:ON_PAPER], note


def _labels_back(stack: StackResult) -> list[tuple[str, str]]:
    """The stack in one line a source: shadow label accuracy with the least dropout, against chance and control."""
    best: dict[str, StackRun] = {}
    for run in stack.runs:
        if run.source not in best or run.rho > best[run.source].rho:
            best[run.source] = run
    return [
        (
            SOURCES.get(run.source, printable(run.source)),
            f"{percent(run.top1)} of {number(run.n)} at ρ = {number(run.rho)} (chance {percent(run.chance)}, "
            f"independent matrices {percent(run.control_top1)})",
        )
        for run in best.values()
    ]


def _counts(report: AuditReport, numbering: Numbering) -> Table:
    rows = [
        (Run(claim(name).full), *(Run(number(report.summary["claims"][name].get(word, 0))) for word in VERDICTS))
        for name in report.claims
    ]
    columns = [Column("Claim"), *(Column(words, numeric=True) for words in VERDICTS.values())]
    return numbering.table("Number of layers by claim and verdict.", columns, rows)


def _verdicts(report: AuditReport, plan: Plan, numbering: Numbering) -> Table:
    rows = [
        (
            name_of(report, plan, index),
            Run(size(layer.shape)),
            *(verdict_of(layer, name) for name in report.claims),
        )
        for index, layer in enumerate(report.layers)
    ]
    columns = [Column("Layer"), Column("[out, in]"), *(Column(claim(name).full, wide=True) for name in report.claims)]
    return numbering.table("Verdict on each claim about each layer.", columns, rows, *on_paper(report))


def values(report: AuditReport, plan: Plan, numbering: Numbering) -> Table:
    """The number behind each verdict, one row a layer."""
    statistics: dict[str, set[str]] = {name: set() for name in report.claims}
    for layer in report.layers:
        for finding in layer.findings:
            if finding.statistic is not None:
                statistics.setdefault(finding.claim, set()).add(finding.statistic)
    common = {name for name, found in statistics.items() if len(found) <= 1}

    def cell(layer: LayerResult, name: str) -> Run:
        finding = next((finding for finding in layer.findings if finding.claim == name), None)
        if finding is None or finding.value is None:
            return Run(NONE)
        unlike = "" if name in common or finding.statistic is None else f" ({metric(finding.statistic)})"
        return Run(number(finding.value) + unlike)

    def title(name: str) -> str:
        only = next(iter(statistics[name]), None) if name in common else None
        return claim(name).full + (f": {metric(only)}" if only else "")

    rows = [
        (name_of(report, plan, index), *(cell(layer, name) for name in report.claims))
        for index, layer in enumerate(report.layers)
    ]
    columns = [Column("Layer"), *(Column(title(name), numeric=True, wide=True) for name in report.claims)]
    return numbering.table("The statistic that each verdict rests on.", columns, rows, *on_paper(report))


def _glance(report: AuditReport) -> Table:
    model, coverage = report.model, report.coverage
    kind, architecture = str(model.get("kind") or ""), str(model.get("architecture") or "")
    what = f"{architecture} ({kind})" if architecture and kind else architecture or kind
    pairs: list[tuple[str, str | Run]] = [("Target", Run(printable(report.target), "name"))]
    if what:
        pairs.append(("Model", printable(what)))
    if model.get("weights"):
        pairs.append(("Weights", Run(printable(str(model["weights"])), "name")))
    pairs += [
        (
            "Parameters audited",
            f"{number(coverage.parameters_audited)} of {number(coverage.parameters_total)} ({percent(coverage.share)})",
        ),
        ("Layers", f"{number(len(report.layers))} audited, {number(len(report.skipped))} skipped"),
        *((f"Labels back, {source}", text) for source, text in _labels_back(report.stack)),
    ]
    return facts(pairs)
