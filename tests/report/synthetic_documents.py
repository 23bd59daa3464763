"""A document with every kind of block, written by hand: what a renderer must be able to lay out."""

from __future__ import annotations

from functools import cache
from typing import Any

from netaudit.report.document.finish import finish
from netaudit.report.document.model import (
    Column,
    Document,
    Equation,
    Figure,
    Items,
    Pair,
    Paragraph,
    Section,
    Span,
    Table,
)
from netaudit.report.document.numbering import facts, table
from netaudit.report.document.prose import prose
from netaudit.text import printable

HOSTILE = (
    "<script>alert(1)</script>.weight",
    "#panic() $x$ *b* @ref `raw` \\ [x] = //",
    "\u5c42.\u6ce8\u610f\u529b.weight",
    "a" * 300,
    "encoder_layer." * 30,
    "\u202eevil\u202c\x1b[31m\x00\n",
    "\U0001f600\ufe0f.\U0001f9e0",
    "\ud800lone",
    "",
    "\u05e2\u05d1\u05e8\u05d9\u05ea.abc",
    "&amp;\"'{{ 7*7 }}{% raw %}",
    "-" * 80,
)
"""Names that want to be markup, code or control characters."""


def steps(figure: Any) -> None:
    """A line, as a figure's ``draw`` gets to draw it."""
    axes = figure.subplots()
    axes.plot([0, 1, 2], [0, 1, 4], label="measured")
    axes.set(xlabel="step", ylabel="size")


def figure(stem: str = "steps", name: str = "fc.1") -> Figure:
    """A figure of one line."""
    caption = f"Steps of {name}."
    return Figure(
        stem, caption, f"{caption} The line rises from 0 at step 0 to 4 at step 2 and never falls between.", steps
    )


def verdicts(names: list[str]) -> Table:
    """One row a name, with a verdict and a number."""
    columns = [Column("Layer"), Column("Verdict"), Column("Note", wide=True), Column("Value", numeric=True)]
    words = (("● holds", "holds"), ("▲ undecided", "undecided"), ("× fails", "fails"))
    rows = [
        (Span(name, "name", "part"), Span(*words[i % 3]), Span(f"a note on {name}"), Span(str(i)))
        for i, name in enumerate(names)
    ]
    return table("Verdicts.", columns, rows)


def unfinished(*names: str, **changes: Any) -> Document:
    """The document before the numbers and the drawings; ``changes`` replaces fields."""
    shown = [printable(name) or "(no name)" for name in names or ("fc.1", "fc.2")]
    summary = Section(
        "summary",
        1,
        "Summary",
        (
            Paragraph((Span("Check the file. ", "strong"), Span(f"It may not be {shown[0]}.")), warning=True),
            Paragraph(
                (Span("Two layers", "strong"), Span(" were looked at; see "), Span("section {section}", link="part"))
            ),
            Paragraph(prose("Here {sigma} is *small*.")),
            Items(((Span("Why: ", "strong"), Span("because.")), (Span("nothing else", "soft"),))),
            verdicts(shown),
            facts([("Target", Span(shown[0], "name")), ("Seed", "0")]),
        ),
    )
    listing = table("Numbers.", [Column("n", numeric=True), Column("Square", numeric=True)], [
        (Span(str(n)), Span(str(n * n))) for n in range(30)
    ], range(5), "The first 5 of 30; all are in audit.html.")  # fmt: skip
    part = Section(
        "part",
        2,
        f"Part {shown[0]}",
        (
            Pair((figure("left", shown[0]), figure("right", shown[-1]))),
            Equation("layer"),
            Pair((verdicts(shown[:1]), verdicts(shown[:2]))),
            listing,
            figure("alone", shown[0]),
        ),
    )
    sections = (summary, Section("parts", 1, "Parts", (), new_page=True), part)
    end = Section("references", 2, "References", (Items(((Span("A. Author (2015). A title."),),)),), numbered=False)
    made: dict[str, Any] = {
        "title": f"A document about {shown[0]}",
        "subtitle": "Does it say what it should?",
        "sections": (*sections, end),
        "footer": "netaudit 0.1.0 · audit.json 0123456789ab",
        "description": "A synthetic document.",
        "json": '{"a": 1}\n',
    }
    return Document(**(made | changes))


@cache
def document(*names: str) -> Document:
    """The document, ready to be laid out."""
    return finish(unfinished(*names))
