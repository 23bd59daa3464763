"""The stack: labels sent from the top layer to the bottom and forward again; and the layers that were skipped."""

from __future__ import annotations

from netaudit.report.document import captions
from netaudit.report.document.first_page import ON_PAPER
from netaudit.report.document.labels import SOURCES
from netaudit.report.document.model import Block, Column, Paragraph, Run, Section
from netaudit.report.document.numbering import Numbering
from netaudit.report.plan import IMAGES, STACK, Plan
from netaudit.results import AuditReport, StackResult
from netaudit.text import NONE, capital, count, number, percent, printable, sentence, shown_name, size


def stack(report: AuditReport, plan: Plan, numbering: Numbering) -> Section:
    """The multi-layer shadow: order, assumptions, runs."""
    found = report.stack
    blocks: list[Block] = []
    if found.layers:
        blocks.append(_order(found))
    if not found.runs:
        why = f": {found.note}" if found.note else ""
        blocks.append(Paragraph((Run(sentence(f"No labels were sent through a stack of layers{why}")),)))
    if found.data:
        blocks.append(_data(found))
    if plan.stack is not None:
        blocks.append(numbering.figure(STACK, captions.stack_caption(found), captions.stack_alt(found)))
        titles = ["ρ", "Sent", "Top-1", "Top-5", "Chance", "Control top-1", "Control top-5"]
        rows = [
            (
                Run(SOURCES.get(run.source, printable(run.source))),
                *(Run(number(value)) for value in (run.rho, run.n)),
                *(Run(percent(s)) for s in (run.top1, run.top5, run.chance, run.control_top1, run.control_top5)),
            )
            for run in found.runs
        ]
        columns = [Column("Sent down", wide=True), *(Column(title, numeric=True) for title in titles)]
        blocks.append(numbering.table("Labels that come back.", columns, rows))
    blocks += _images(plan, numbering)
    return Section("stack", 1, "3 The stack", tuple(blocks))


def skipped(report: AuditReport, numbering: Numbering) -> Section:
    """What was not audited, and why."""
    entries = report.skipped
    if not entries:
        return Section("skipped", 1, "4 Skipped", (Paragraph((Run("Nothing was skipped."),)),))
    rows = [
        (
            Run(shown_name(entry.name), "name"),
            Run(size(entry.shape)),
            Run(number(entry.parameters)),
            Run(printable(entry.reason, 2000)),
        )
        for entry in entries
    ]
    columns = [Column("Name"), Column("Shape"), Column("Parameters", numeric=True), Column("Reason", wide=True)]
    long = len(rows) > ON_PAPER
    note = f"The first {ON_PAPER} of {number(len(rows))}; all are in audit.html and in the attached audit.json."
    table = numbering.table(
        "Layers and tensors that were not audited. Tensors counted elsewhere have 0 parameters.",
        columns,
        rows,
        range(ON_PAPER) if long else None,
        note if long else "",
    )
    return Section("skipped", 1, "4 Skipped", (table,))


def _images(plan: Plan, numbering: Numbering) -> list[Block]:
    """The shadow images with how much they are like real ones, or why they cannot be drawn."""
    if plan.images is None:
        return []
    if isinstance(plan.images, str):
        return [Paragraph((Run(sentence(capital(plan.images))),))]
    trained, untrained = (number(r, 2) for r in (plan.images.likeness_trained, plan.images.likeness_untrained))
    words = (
        "Shadow images: a label's shadow at the input correlates with the mean of its real images by "
        f"{trained} in the network and by {untrained} in an untrained one (mean over the labels shown)."
    )
    figure = numbering.figure(IMAGES, captions.IMAGES_CAPTION, captions.images_alt(plan.images))
    return [Paragraph((Run(words),)), figure]


def _order(found: StackResult) -> Paragraph:
    runs = [Run("Bottom to top: ")]
    for place, name in enumerate(found.layers):
        activation = found.activations[place] if place < len(found.activations) else ""
        runs.append(Run(shown_name(name), "name"))
        runs.append(Run((f" ({printable(activation)})" if activation else "") + ", "))
    runs[-1] = Run(runs[-1].text.removesuffix(", ") + ". ")
    if found.inferred:
        runs.append(Run("This order was inferred from names and shapes, not read from a model. ", "strong"))
    if found.note and found.runs:  # without runs the note is the reason, given below
        runs.append(Run(sentence(found.note)))
    return Paragraph(tuple(runs))


def _data(found: StackResult) -> Paragraph:
    data = found.data or {}
    accuracy = data.get("accuracy")
    words = f"Real inputs: {printable(str(data.get('name', NONE)))}, {count(int(data.get('n', 0)), 'input')}"
    if accuracy is not None:
        words += f"; the network itself is right on {percent(accuracy)} of them"
    return Paragraph((Run(f"{words} (SHA-256 {printable(str(data.get('sha256', NONE)))})."),))
