"""The first page as plain text: what the terminal prints, also as a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from textwrap import wrap

from netaudit.report.document.model import Block, Document, Figure, Items, Pair, Paragraph, Span, Table

WIDTH = 160
"""Characters of a line: wide enough for whole layer names beside four verdicts."""
_GAP = "  "

Line = tuple[Span, ...]
"""One line of text in its styles."""


def to_text(document: Document) -> str:
    """The document's title and its first section, one paragraph or row a line."""
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in text_lines(document))


def text_lines(document: Document, width: int = WIDTH) -> Iterator[Line]:
    """The lines of the text, each in spans, so that a terminal can colour a verdict."""
    yield (Span(document.title, "strong"),)
    for block in document.sections[0].blocks:
        yield ()
        yield from _block(block, document, width)


def _block(block: Block, document: Document, width: int) -> Iterator[Line]:
    match block:
        case Paragraph():
            yield from _wrapped(_plain(block.spans, document), width, "! " if block.warning else "")
        case Items():
            for item in block.items:
                yield from _wrapped(_plain(item, document), width, "- ")
        case Table():
            yield from _table(block, width)
        case Pair():
            for part in block.items:
                yield from _block(part, document, width)
        case Figure():
            yield (Span(block.caption),)
        case _:
            yield (Span(document.formulas[block.formula].words),)


def _plain(spans: Sequence[Span], document: Document) -> str:
    return "".join(document.formulas[s.text].words if s.style == "math" else s.text for s in spans)


def _wrapped(text: str, width: int, start: str) -> Iterator[Line]:
    indent = " " * len(start)
    for line in wrap(text, width, initial_indent=start, subsequent_indent=indent, break_long_words=False):
        yield (Span(line),)


def _table(table: Table, width: int) -> Iterator[Line]:
    """Columns as wide as their longest cell; the last one is cut where the line ends."""
    if table.caption:
        yield (Span(table.caption, "soft"),)
        yield from _row([Span(column.title, "strong") for column in table.columns], table)
    for row in table.rows:
        yield from _row(row, table)


def _row(cells: Sequence[Span], table: Table) -> Iterator[Line]:
    spans: list[Span] = []
    for place, (cell, column) in enumerate(zip(cells, table.columns, strict=True)):
        longest = max([_wide(row[place].text) for row in table.rows] + ([_wide(column.title)] if table.caption else []))
        padding = " " * (longest - _wide(cell.text))
        if column.numeric:
            spans += [Span(padding), cell]
        else:
            spans += [cell, Span(padding)]
        spans.append(Span(_GAP))
    yield tuple(spans[:-1])


def _wide(text: str) -> int:
    """Cells that a text takes in a terminal: two for a wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )
