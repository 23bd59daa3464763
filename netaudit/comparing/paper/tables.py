"""The tables of a comparison's pages in LaTeX: one file each for the text of a paper, and all in its appendix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netaudit.paper.tables import ON_A_PAGE
from netaudit.paper.venues import Venue
from netaudit.report.document.finish import MOST_PRINTED
from netaudit.report.document.formulas import Formula
from netaudit.report.document.model import Column, Section, Span, Table
from netaudit.report.latex.escape import comment
from netaudit.report.latex.spans import blocks_latex, words
from netaudit.report.latex.tables import longtable, tabular
from netaudit.text import number

A_COLUMN_HOLDS = 5
"""Columns of a table that fit into one of 3.25 inches; a table of more is as wide as the page."""


def tables_tex(sections: Sequence[Section], venue: Venue, formulas: Mapping[str, Formula]) -> dict[str, str]:
    """Every table by its section, such as ``pair-1-difference``; of several in one, ``summary-2`` is the second.

    A column that stands back on the page is left out: the room in the text of a paper is small.
    """
    made: dict[str, str] = {}
    for section in sections:
        for place, table in enumerate(_tables(section), 1):
            name = section.identifier if place == 1 else f"{section.identifier}-{place}"
            columns, rows = _in_text(table)
            width = venue.column if len(columns) <= A_COLUMN_HOLDS else venue.text
            says = f"% {comment(table.caption)}\n"
            if len(table.rows) > ON_A_PAGE:
                says += f"% The first {ON_A_PAGE} of {len(table.rows)} rows.\n"
            made[name] = says + tabular(columns, rows, width, formulas)
    return made


def texts(sections: Sequence[Section], venue: Venue, formulas: Mapping[str, Formula]) -> dict[str, list[str]]:
    """The words and the tables of each section for the appendix; the words of the first one stand at its top."""
    return {
        section.identifier: [
            *(f"{line}\n" for line in (blocks_latex(section.blocks, formulas) if place else ())),
            *(_long(table, venue, formulas) for table in _tables(section)),
        ]
        for place, section in enumerate(sections)
    }


def rules(method: Section, venue: Venue, formulas: Mapping[str, Formula]) -> list[str]:
    """The words with their rules, for the method of the appendix."""
    return [_long(table, venue, formulas) for table in _tables(method)]


def _tables(section: Section) -> Iterator[Table]:
    return (block for block in section.blocks if isinstance(block, Table))


def _in_text(table: Table) -> tuple[list[Column], list[list[Span]]]:
    kept = [place for place in range(len(table.columns)) if any(row[place].style != "soft" for row in table.rows)]
    return [table.columns[place] for place in kept], [[row[place] for place in kept] for row in table.rows[:ON_A_PAGE]]


def _long(table: Table, venue: Venue, formulas: Mapping[str, Formula]) -> str:
    caption, total = table.caption, len(table.rows)
    if total > MOST_PRINTED:
        caption += f" The first {MOST_PRINTED} of {number(total)} rows; all are in compare.json."
    return longtable(table.columns, table.rows[:MOST_PRINTED], venue.text, formulas, words(caption))
