"""The first page: the answer in words, the verdicts at a glance, and how much of the model was looked at."""

from __future__ import annotations

from netaudit.names import printable
from netaudit.report.document.labels import SOURCES, VERDICTS, claim, verdict
from netaudit.report.document.model import Block, Column, Paragraph, Run, Section, Table
from netaudit.report.document.numbering import Numbering, facts
from netaudit.report.document.text import NONE, count, number, percent, sentence, shown_name, size
from netaudit.report.plan import Plan
from netaudit.report.selection import worst_first
from netaudit.results import AuditReport, LayerResult, StackResult, StackRun

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
        blocks.append(Paragraph((Run(answer[0] + " ", "strong"), Run(" ".join(answer[1:])))))
    blocks.append(Paragraph((Run(headline(report.stack)),)))
    if not report.layers:
        blocks.append(Paragraph((Run("No fully connected layer was audited; section 4 says why."),), warning=True))
        blocks.append(_glance(report))
    else:
        long = len(plan.layers) < len(report.layers)
        if long:  # the table of verdicts runs over pages: what the first page must show comes before it
            blocks += [_counts(report, numbering), _glance(report)]
        blocks.append(_verdicts(report, plan, numbering))
        if not long:
            blocks.append(_glance(report))
    return Section("summary", 1, "1 Summary", tuple(blocks))


def headline(stack: StackResult) -> str:
    """The stack's shadow label accuracy against chance and control, in words."""
    if not stack.runs:
        return "Labels were not sent through the stack of layers" + (f": {sentence(stack.note)}" if stack.note else ".")
    best: dict[str, StackRun] = {}
    for run in stack.runs:
        if run.source not in best or run.rho > best[run.source].rho:
            best[run.source] = run
    parts = [
        f"from {SOURCES.get(run.source, printable(run.source))} (ρ = {number(run.rho)}, {number(run.n)} sent) "
        f"{percent(run.top1)} come back, against {percent(run.chance)} by chance and "
        f"{percent(run.control_top1)} through independent matrices"
        for run in best.values()
    ]
    return f"Labels sent down the stack of {count(len(stack.layers), 'layer')} and forward again: {'; '.join(parts)}."


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


def _glance(report: AuditReport) -> Table:
    model, coverage = report.model, report.coverage
    what = [str(model[key]) for key in ("kind", "architecture") if model.get(key)]
    pairs: list[tuple[str, str | Run]] = [("Target", Run(printable(report.target), "name"))]
    if what:
        pairs.append(("Model", printable(", ".join(what))))
    if model.get("weights"):
        pairs.append(("Weights", Run(printable(str(model["weights"])), "name")))
    pairs += [
        (
            "Parameters audited",
            f"{number(coverage.parameters_audited)} of {number(coverage.parameters_total)} ({percent(coverage.share)})",
        ),
        ("Layers", f"{number(len(report.layers))} audited, {number(len(report.skipped))} skipped"),
    ]
    return facts(pairs)
