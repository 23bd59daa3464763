"""The first page as plain text: what the terminal prints, also as a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from netaudit.report.document.model import Block, Details, Document, Figure, Items, Pair, Paragraph, Span, Table
from netaudit.text import printable

WIDTH = 160
"""Characters of a line of prose."""
_GAP = "  "
_SHORTEST_NAME = 12
"""Of a name in a table, before words are folded within."""
_LONGEST_NAME = 28
"""Characters of a layer's name in a table on a terminal of 80 columns."""
_NARROWEST = 5
"""Cells below which no column is narrowed: six columns fit 40 cells; a line that is narrower still runs over."""

Line = tuple[Span, ...]
"""One line of text in its styles."""


@dataclass(frozen=True)
class Layout:
    """Where the text goes."""

    prose: int = WIDTH
    """Cells of a line of prose."""
    table: int | None = None
    """Cells of a line of a table; None where a row is one line of any width, as other programs read it."""
    write: Callable[[str], str] = str
    """Gives a text in the signs that can be printed there."""
    all: bool = False
    """Whether what a page folds is printed too."""

    def written(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """The spans in those signs."""
        return tuple(replace(span, text=self.write(span.text)) for span in spans)


FILE = Layout()
"""Of the file."""


def render(document: Document) -> bytes:
    """The content of the file."""
    return to_text(document).encode("utf-8")


def to_text(document: Document) -> str:
    """The document's title and its first section, one paragraph or row a line."""
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in text_lines(document))


def text_lines(document: Document, layout: Layout = FILE) -> Iterator[Line]:
    """The lines of the text, each in spans, so that a terminal can colour a verdict."""
    yield layout.written([Span(document.title, "strong")])
    for block in document.sections[0].blocks:
        if isinstance(block, Details) and not (layout.all or block.in_text):
            continue
        if isinstance(block, Figure):  # what it shows, the sentences and tables say
            continue
        yield ()
        yield from _block(block, document, layout)


def _block(block: Block, document: Document, layout: Layout) -> Iterator[Line]:
    match block:
        case Paragraph():
            yield from _wrapped(_plain(block.spans, document), layout, "! " if block.warning else "")
        case Items():
            for item in block.items:
                yield from _wrapped(_plain(item, document), layout, "- ")
        case Table():
            yield from table_lines(block, layout)
        case Pair():
            for part in block.items:
                yield from _block(part, document, layout)
        case Details():
            for place, each in enumerate(block.blocks):
                if place:
                    yield ()
                yield from _block(each, document, layout)
        case Figure():
            yield layout.written([Span(block.caption)])
        case _:
            yield layout.written([Span(document.formulas[block.formula].words)])


def _plain(spans: Sequence[Span], document: Document) -> str:
    return "".join(document.formulas[s.text].words if s.style == "math" else s.text for s in spans)


def _wrapped(text: str, layout: Layout, start: str = "") -> Iterator[Line]:
    for line in _folded(layout.write(text), layout.prose - len(start)):
        yield (Span(start + line),)
        start = " " * len(start)


def table_lines(table: Table, layout: Layout, *, titles: bool = False) -> Iterator[Line]:
    """Columns as wide as their longest cell; the widest ones are folded where the line has no room for them.

    The titles of the columns stand above a table with a caption, and where ``titles`` asks for them. A terminal gets
    the rows that go on paper, where the table says which.
    """
    printed = None if layout.table is None or layout.all else table.printed
    rows = [layout.written(row) for row in (table.rows if printed is None else map(table.rows.__getitem__, printed))]
    if table.caption:
        for [line] in _wrapped(table.caption, layout):
            yield (replace(line, style="soft"),)
    if table.caption or titles:
        rows.insert(0, layout.written(Span(column.title, "strong") for column in table.columns))
    room = None if layout.table is None else layout.table - len(_GAP) * (len(table.columns) - 1)
    widths = _widths(rows, room)
    if room is not None:
        rows = [(_cut(row[0], widths[0]), *row[1:]) for row in rows]
    for row in rows:
        yield from _row(row, table, widths)
    for [line] in _wrapped(table.printed_note, layout) if printed is not None and table.printed_note else ():
        yield (replace(line, style="soft"),)


def _widths(rows: Sequence[Sequence[Span]], room: int | None) -> list[int]:
    """Cells of each column. Where there is no room, words are folded, then names cut, then words broken."""
    columns = list(zip(*rows, strict=True))
    if room is None:
        return [max(_cells(cell.text) for cell in column) for column in columns]
    first, others = columns[0], columns[1:]
    widths = [max(map(_name_width, first)), *(max(_cells(cell.text) for cell in column) for column in others)]
    words = [max(_cells(word) for cell in column for word in cell.text.split(" ")) for column in others]
    shortest = _SHORTEST_NAME if any(cell.style == "name" for cell in first) else widths[0]
    for bounds in ([widths[0], *words], [shortest, *words], [_NARROWEST] * len(widths)):
        while sum(widths) > room:
            over = [width if width > bound else 0 for width, bound in zip(widths, bounds, strict=True)]
            if not any(over):
                break
            widths[over.index(max(over))] -= 1
    return widths


def _name_width(cell: Span) -> int:
    """Cells of a row's name: that of a layer is cut rather than folded, since deep networks have long ones."""
    return min(_cells(cell.text), _LONGEST_NAME) if cell.style == "name" else _cells(cell.text)


def _cut(cell: Span, width: int) -> Span:
    """A layer's name as a terminal shows it, cut in the middle, where long ones begin alike."""
    return replace(cell, text=printable(cell.text, max(width, 3))) if cell.style == "name" else cell


def _row(cells: Sequence[Span], table: Table, widths: Sequence[int]) -> Iterator[Line]:
    folded = [_folded(cell.text, width) for cell, width in zip(cells, widths, strict=True)]
    for lines in zip_longest(*folded, fillvalue=""):
        spans: list[Span] = []
        for cell, text, column, width in zip(cells, lines, table.columns, widths, strict=True):
            padding = Span(" " * (width - _cells(text)))
            shown = replace(cell, text=text)
            spans += [padding, shown, Span(_GAP)] if column.numeric else [shown, padding, Span(_GAP)]
        while spans and not spans[-1].text.strip():  # no line ends in blanks
            spans.pop()
        yield tuple(spans)


def _folded(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` cells, broken at blanks, within a word only where it is too long."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and _cells(lines[-1]) + 1 + _cells(word) > width:
            lines.append("")
        elif word and lines[-1]:
            lines[-1] += " "
        for letter in word:
            if _cells(lines[-1]) + _cells(letter) > width and lines[-1]:
                lines.append("")
            lines[-1] += letter
    return lines


def _cells(text: str) -> int:
    """Cells that a text takes in a terminal: two for a wide character, none for one that combines with another."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1
        for c in text
    )
