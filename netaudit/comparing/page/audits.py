"""What the audits of the networks say: words that changed first, then numbers."""

from __future__ import annotations

from collections.abc import Iterator

from netaudit.comparing.metrics import surely_changed
from netaudit.comparing.page.first import name_of
from netaudit.comparing.payload import Compared, Pair
from netaudit.report.document.model import Block, Column, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import NONE, interval, number, printable, shown_name
from netaudit.vocabulary import VERDICT_WORDS


def audits(found: Compared) -> Iterator[Section]:
    """One section a pair that both have an audit."""
    for place, pair in enumerate(found.pairs, 1):
        if not pair.metrics and not pair.verdicts:
            continue
        blocks: list[Block] = [_verdicts(pair) if pair.verdicts else Paragraph((Span("No verdict changed."),))]
        if pair.metrics:
            blocks.append(_metrics(pair))
        title = f"Audits of {name_of(found, pair.first)} and {name_of(found, pair.second)}"
        yield Section(f"audits-{place}", 1, title, tuple(blocks))


def _verdicts(pair: Pair) -> Table:
    rows = [
        (
            Span(shown_name(each.layer), "name"),
            Span(printable(each.what.replace("_", " "), 80)),
            Span(_word(each.before)),
            Span(_word(each.after)),
        )
        for each in pair.verdicts
    ]
    columns = (Column("Layer"), Column("What is judged"), Column("Before"), Column("After"))
    return table("Words of the audits that changed.", columns, rows)


def _word(text: str) -> str:
    return dict(VERDICT_WORDS).get(text, printable(text.replace("_", " "), 60))  # type: ignore[call-overload, no-any-return]


def _metrics(pair: Pair) -> Table:
    rows = [
        (
            Span(shown_name(each.layer), "name"),
            Span(printable(f"{each.claim}.{each.metric}", 120), "name"),
            Span(number(each.before)),
            Span(number(each.after)),
            Span(number(each.after - each.before)),
            Span(interval(each.interval)),
            Span("yes" if surely_changed(each) else NONE if each.interval is None else "no"),
        )
        for each in pair.metrics
    ]
    columns = (
        Column("Layer"), Column("Number"), Column("Before", numeric=True), Column("After", numeric=True),
        Column("Change", numeric=True), Column("Interval of the change", numeric=True), Column("Beyond it"),
    )  # fmt: skip
    caption = (
        "Every number of the claims. The interval joins the ends of the two audits' own: it holds 0 where their noise "
        "alone could give the change. Numbers without one have none in the audit."
    )
    return table(caption, columns, rows)
