"""The last step of every document: numbers before titles and captions, and the figures drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from netaudit.report.document.formulas import formulas
from netaudit.report.document.model import Block, Document, Figure, Pair, Section, Table
from netaudit.report.document.numbering import number_sections
from netaudit.report.figures.draw import draw_figure
from netaudit.text import number

MOST_ROWS = 3000
"""Rows of one table: about 1 MB of HTML, which a browser lays out in a second."""

Progress = Callable[[str, float, float], None]
"""Called as ``progress(message, done, in all)``."""


def finish(document: Document, *, draw: bool = True, progress: Progress | None = None) -> Document:
    """Number the sections, tables and figures, and draw the figures, unless only text is wanted.

    Reports of hundreds of layers take a minute to draw: ``progress`` is told how many figures are done.

    Of a table with more than ``MOST_ROWS`` rows those that go on paper are kept and then the first ones. Its caption
    says how many there are; the JSON has them all.

    Raises:
        ValueError: two figures share a stem, or one is no plain file name; or two sections share an identifier.
    """
    sections = number_sections(tuple(_bounded(section, document.stem) for section in document.sections))
    drawn: dict[str, str] = {}
    figures = [figure for section in sections for block in section.blocks for figure in _figures(block)]
    for done, figure in enumerate(figures):
        if progress is not None and draw:
            progress("drawing the figures", done, len(figures))
        if not re.fullmatch(r"[a-z0-9_]+", figure.stem):
            raise ValueError(f"figure {figure.stem!r}: the stem may hold a-z, 0-9 and _ only")
        if figure.stem in drawn:
            raise ValueError(f"two figures are called {figure.stem!r}")
        drawn[figure.stem] = draw_figure(figure) if draw else ""
    plain = tuple(_without_drawing(section) for section in sections)
    return replace(document, sections=plain, figures=drawn, formulas={**formulas(), **document.formulas})


def _bounded(section: Section, stem: str) -> Section:
    def bounded(block: Block) -> Block:
        if isinstance(block, Pair):
            return replace(block, items=tuple(bounded(item) for item in block.items))  # type: ignore[misc]
        return _first_rows(block, stem) if isinstance(block, Table) and len(block.rows) > MOST_ROWS else block

    return replace(section, blocks=tuple(bounded(block) for block in section.blocks))


def _first_rows(table: Table, stem: str) -> Table:
    chosen = dict.fromkeys([*(table.printed or ()), *range(len(table.rows))])
    kept = sorted(list(chosen)[:MOST_ROWS])
    places = {row: place for place, row in enumerate(kept)}
    shown = f"{number(MOST_ROWS)} of {number(len(table.rows))} rows"
    return replace(
        table,
        caption=f"{table.caption} {shown}; all are in {stem}.json.".strip(),
        rows=tuple(table.rows[row] for row in kept),
        printed=None if table.printed is None else tuple(places[row] for row in table.printed),
        printed_note=f"{table.printed_note.partition(';')[0]}; all are in the attached {stem}.json."
        if table.printed_note
        else "",
    )


def _figures(block: Block) -> list[Figure]:
    items = block.items if isinstance(block, Pair) else (block,)
    return [item for item in items if isinstance(item, Figure)]


def _without_drawing(section: Section) -> Section:
    """The section as plain data: a renderer takes the drawn figure by its stem."""

    def plain(block: Block) -> Block:
        if isinstance(block, Figure):
            return replace(block, draw=None)
        if isinstance(block, Pair):
            return replace(block, items=tuple(plain(item) for item in block.items))  # type: ignore[misc]
        return block

    return replace(section, blocks=tuple(plain(block) for block in section.blocks))
