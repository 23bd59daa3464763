"""Look into a document: its sections, tables, cells and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from netaudit.report.document.model import Block, Details, Document, Figure, Pair, Section, Table


def section(document: Document, identifier: str) -> Section:
    """The section of this identifier."""
    [found] = [each for each in document.sections if each.identifier == identifier]
    return found


def parts(blocks: Sequence[Block], kind: type[Any]) -> Iterator[Any]:
    """Blocks of one kind, those within pairs and those that are folded too."""
    for block in blocks:
        if isinstance(block, kind):
            yield block
        elif isinstance(block, Pair):
            yield from parts(block.items, kind)
        elif isinstance(block, Details):
            yield from parts(block.blocks, kind)


def tables(of: Section) -> list[Table]:
    """Its tables."""
    return list(parts(of.blocks, Table))


def figures(document: Document) -> list[Figure]:
    """All figures."""
    return [figure for each in document.sections for figure in parts(each.blocks, Figure)]


def cells(of: Table) -> list[list[str]]:
    """The text of each cell."""
    return [[span.text for span in row] for row in of.rows]


def words(of: Any) -> str:
    """Every string of a part of a document, but for what is drawn and the JSON."""

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                yield from walk(item)
        elif is_dataclass(value):
            for field in fields(value):
                if field.name not in ("json", "figures", "formulas", "draw"):
                    yield from walk(getattr(value, field.name))

    return " ".join(walk(of))


def _unfolded(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield from block.blocks if isinstance(block, Details) else (block,)


def prose(of: Section) -> str:
    """The running text of a section, spans joined as they are printed."""
    texts = []
    for block in _unfolded(of.blocks):
        for spans in getattr(block, "items", ()) if block.kind == "items" else [getattr(block, "spans", ())]:
            texts.append("".join(span.text for span in spans))
    return "\n".join(texts)
