"""The last step of every document: numbers before titles and captions, and the figures drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from netaudit.faults import in_words, show_trace
from netaudit.report.document.formulas import formulas
from netaudit.report.document.model import (
    Block,
    Details,
    Document,
    Figure,
    Pair,
    Paragraph,
    Section,
    Span,
    Table,
    figures_in,
)
from netaudit.report.document.numbering import number_sections
from netaudit.report.figures.draw import draw_figure
from netaudit.text import names, number, sentence

MOST_ROWS = 3000
"""Rows of one table: about 1 MB of HTML, which a browser lays out in a second."""
MOST_PRINTED = 200
"""Rows of one table on paper, where it does not say which: about five pages."""

Progress = Callable[[str, float, float], None]
"""Called as ``progress(message, done, in all)``."""


def finish(document: Document, *, draw: bool = True, progress: Progress | None = None) -> Document:
    """Number the sections, tables and figures, and draw the figures, unless only text is wanted.

    Reports of hundreds of layers take a minute to draw: ``progress`` is told how many figures are done.

    Of a table with more than ``MOST_ROWS`` rows those that go on paper are kept and then the first ones. Its caption
    says how many there are; the JSON has them all. Of a table that does not say which rows go on paper, the first
    ``MOST_PRINTED`` do.

    A figure that fails to draw, also for want of memory, becomes a sentence in its place that says why. The first
    section has a warning about it, and ``faults`` the same; the other figures stay.

    Raises:
        ValueError: two figures share a stem, or one is no plain file name; or two sections share an identifier.
    """
    sections = number_sections(tuple(_bounded(section, document.stem) for section in document.sections))
    drawn: dict[str, str] = {}
    failed: dict[str, str] = {}
    figures = [figure for section in sections for block in section.blocks for figure in figures_in(block)]
    for done, figure in enumerate(figures):
        if progress is not None and draw:
            progress("drawing the figures", done, len(figures))
        if not re.fullmatch(r"[a-z0-9_]+", figure.stem):
            raise ValueError(f"figure {figure.stem!r}: the stem may hold a-z, 0-9 and _ only")
        if figure.stem in drawn:
            raise ValueError(f"two figures are called {figure.stem!r}")
        try:
            drawn[figure.stem] = draw_figure(figure) if draw else ""
        except Exception as error:  # noqa: BLE001 - one figure costs the report nothing else
            show_trace(error)
            drawn[figure.stem], failed[figure.stem] = "", in_words(error)
    plain = tuple(_without_drawing(section, failed) for section in sections)
    faults = _faults([figure for figure in figures if figure.stem in failed], failed)
    return replace(
        document,
        sections=_with_warnings(plain, faults),
        figures={stem: svg for stem, svg in drawn.items() if stem not in failed},
        formulas={**formulas(), **document.formulas},
        faults=faults,
    )


def _faults(figures: Sequence[Figure], failed: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each reason why figures could not be drawn."""
    numbers: dict[str, list[str]] = {}
    for figure in figures:
        numbers.setdefault(failed[figure.stem], []).append(figure.caption.partition(".")[0])
    return tuple(sentence(f"{names(found)} could not be drawn: {why}") for why, found in numbers.items())


def _with_warnings(sections: tuple[Section, ...], faults: Sequence[str]) -> tuple[Section, ...]:
    """The sections with the warnings in the first one, after the paragraphs that it begins with."""
    if not faults or not sections:
        return sections
    blocks = sections[0].blocks
    place = next((index for index, block in enumerate(blocks) if not isinstance(block, Paragraph)), len(blocks))
    warnings = tuple(Paragraph((Span(fault),), warning=True) for fault in faults)
    return (replace(sections[0], blocks=(*blocks[:place], *warnings, *blocks[place:])), *sections[1:])


def _bounded(section: Section, stem: str) -> Section:
    def bounded(block: Block) -> Block:
        if isinstance(block, Pair):
            return replace(block, items=tuple(bounded(item) for item in block.items))  # type: ignore[misc]
        if isinstance(block, Details):
            return replace(block, blocks=tuple(bounded(item) for item in block.blocks))  # type: ignore[misc]
        if not isinstance(block, Table):
            return block
        if block.printed is None and len(block.rows) > MOST_PRINTED:
            note = f"The first {MOST_PRINTED} of {number(len(block.rows))}; all are in {stem}.html and in the attached "
            block = replace(block, printed=tuple(range(MOST_PRINTED)), printed_note=f"{note}{stem}.json.")
        return _first_rows(block, stem) if len(block.rows) > MOST_ROWS else block

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


def _without_drawing(section: Section, failed: Mapping[str, str]) -> Section:
    """The section as plain data: a renderer takes the drawn figure by its stem, and has no figure of a failed one."""

    def plain(block: Block) -> Block:
        if isinstance(block, Figure) and block.stem in failed:
            why = sentence(f"This figure could not be drawn: {failed[block.stem]}")
            return Paragraph((Span(why, "strong"), Span(f" {block.caption}", "soft")), warning=True)
        if isinstance(block, Figure):
            return replace(block, draw=None)
        if isinstance(block, Pair):
            return replace(block, items=tuple(plain(item) for item in block.items))  # type: ignore[misc]
        if isinstance(block, Details):
            return replace(block, blocks=tuple(plain(item) for item in block.blocks))  # type: ignore[misc]
        return block

    return replace(section, blocks=tuple(plain(block) for block in section.blocks))
