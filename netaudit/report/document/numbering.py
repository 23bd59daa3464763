"""Sections, figures and tables are numbered in the order in which they stand, in one pass over the whole document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count

from netaudit.report.document.model import (
    Block,
    Column,
    Details,
    Figure,
    Items,
    Pair,
    Paragraph,
    Section,
    Span,
    Spans,
    Table,
)


def number_sections(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Put "1", "1.1", ... before the titles, "Figure 1." and "Table 1." before the captions.

    A span whose link leads to a section and whose text holds ``{section}`` gets that section's number there.

    Raises:
        ValueError: two sections of one identifier, or a link to a section that is not there.
    """
    numbers = _numbers(sections)
    places = {other: section.identifier for section in sections for other in section.also}
    numbers |= {other: numbers[place] for other, place in places.items()}
    figures, tables = count(1), count(1)

    def captioned(block: Block) -> Block:
        match block:
            case Figure():
                return replace(block, caption=f"Figure {next(figures)}. {block.caption}")
            case Table():
                caption = f"Table {next(tables)}. {block.caption}" if block.caption else ""
                return replace(block, caption=caption, rows=tuple(_linked(row, numbers, places) for row in block.rows))
            case Pair():
                return replace(block, items=tuple(captioned(item) for item in block.items))  # type: ignore[misc]
            case Details():  # without numbers: paper would skip them
                return replace(block, blocks=tuple(linked(item) for item in block.blocks))  # type: ignore[misc]
            case _:
                return linked(block)

    def linked(block: Block) -> Block:
        match block:
            case Table():
                return replace(block, rows=tuple(_linked(row, numbers, places) for row in block.rows))
            case Pair():
                return replace(block, items=tuple(linked(item) for item in block.items))  # type: ignore[misc]
            case Paragraph():
                return replace(block, spans=_linked(block.spans, numbers, places))
            case Items():
                return replace(block, items=tuple(_linked(item, numbers, places) for item in block.items))
            case _:
                return block

    return tuple(
        replace(
            section,
            title=f"{numbers[section.identifier]} {section.title}".strip(),
            blocks=tuple(captioned(block) for block in section.blocks),
        )
        for section in sections
    )


def _numbers(sections: Iterable[Section]) -> dict[str, str]:
    """The number of each section by its identifier; empty for one that has none."""
    numbers: dict[str, str] = {}
    top = below = 0
    for section in sections:
        if section.identifier in numbers:
            raise ValueError(f"two sections are called {section.identifier!r}")
        if not section.numbered:
            numbers[section.identifier] = ""
        elif section.level == 1:
            top, below = top + 1, 0
            numbers[section.identifier] = str(top)
        else:
            below += 1
            numbers[section.identifier] = f"{top}.{below}"
    return numbers


def _linked(spans: Spans, numbers: Mapping[str, str], places: Mapping[str, str]) -> Spans:
    def numbered(span: Span) -> Span:
        if span.link is None:
            return span
        if span.link not in numbers:
            raise ValueError(f"a link leads to {span.link!r}, which is not there")
        link = places.get(span.link, span.link)
        if span.style == "name":  # the text is not ours
            return replace(span, link=link)
        return replace(span, text=span.text.replace("{section}", numbers[span.link]), link=link)

    return tuple(numbered(span) for span in spans)


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[tuple[Span, ...]],
    printed: Sequence[int] | None = None,
    printed_note: str = "",
) -> Table:
    """A table from any sequences; ``printed`` are the rows that go on paper, None for all."""
    kept = None if printed is None else tuple(printed)
    return Table(caption, tuple(columns), tuple(rows), kept, printed_note)


def plain_table(columns: Sequence[Column], rows: Sequence[tuple[Span, ...]]) -> Table:
    """A table that belongs to its heading and needs neither number nor caption."""
    return Table("", tuple(columns), tuple(rows))


def facts(pairs: Sequence[tuple[str, str | Span]]) -> Table:
    """A list of properties and values, without a number."""
    rows = tuple((Span(name), value if isinstance(value, Span) else Span(value)) for name, value in pairs)
    return plain_table((Column("Property"), Column("Value", wide=True)), rows)
