"""Tables of any length: the page stays one that a browser and a reader of PDF open, and says what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netaudit.report.document.finish import finish
from netaudit.report.document.model import Column, Document, Pair, Section, Span, Table
from netaudit.report.document.numbering import table
from netaudit.report.renderers.html import to_html

ROWS = [(Span(f"row {i}"), Span(str(i))) for i in range(20)]


def finished(*tables: Table) -> Document:
    pair = (Pair(tables[1:]),) if len(tables) > 1 else ()
    sections = (Section("all", 1, "All", (tables[0], *pair)),)
    return finish(Document("A title", "", sections, "", "", json="{}", formulas={}))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netaudit.report.document.finish.MOST_ROWS", 6)


@pytest.mark.usefixtures("few")
def test_the_rows_for_paper_and_the_first_are_kept_and_all_are_counted() -> None:
    note = "The 3 worst; 17 others in audit.html and in the attached audit.json."
    long = table("Numbers.", [Column("Name"), Column("n")], ROWS, [19, 7, 0], note)
    document = finished(
        long, replace(long, printed=None, printed_note=""), replace(long, rows=long.rows[:6], printed=None)
    )
    first, pair = document.sections[0].blocks
    assert isinstance(first, Table)
    assert isinstance(pair, Pair)
    assert [row[1].text for row in first.rows] == ["0", "1", "2", "3", "7", "19"]
    assert first.printed is not None
    assert [first.rows[place][1].text for place in first.printed] == ["19", "7", "0"]
    assert first.caption == "Table 1. Numbers. 6 of 20 rows; all are in audit.json."
    assert first.printed_note == "The 3 worst; all are in the attached audit.json."
    second, third = pair.items
    assert isinstance(second, Table)
    assert [row[1].text for row in second.rows] == ["0", "1", "2", "3", "4", "5"]
    assert second.printed is None
    assert third.caption == "Table 3. Numbers."
    assert "row 12" not in to_html(document)


def test_a_table_that_does_not_say_what_goes_on_paper_has_its_first_rows_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("netaudit.report.document.finish.MOST_PRINTED", 6)
    long = table("Numbers.", [Column("Name"), Column("n")], ROWS)
    [block] = finished(long).sections[0].blocks
    assert isinstance(block, Table)
    assert (block.rows, block.printed) == (long.rows, (0, 1, 2, 3, 4, 5))
    assert block.printed_note == "The first 6 of 20; all are in audit.html and in the attached audit.json."


def test_a_table_of_any_ordinary_length_is_whole() -> None:
    long = table("Numbers.", [Column("Name"), Column("n")], ROWS)
    assert finished(long).sections[0].blocks == (replace(long, caption="Table 1. Numbers."),)
