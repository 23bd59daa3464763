"""The text format: the first page as a terminal prints it."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_documents import document, unfinished

from netaudit.report.document.finish import finish
from netaudit.report.document.model import Column, Equation, Pair, Paragraph, Section, Span
from netaudit.report.document.numbering import table
from netaudit.report.renderers import text
from netaudit.report.renderers.text import WIDTH, Layout, text_lines, to_text

GOLDEN = """\
A document about fc.1

! Check the file. It may not be fc.1.

Two layers were looked at; see section 2.1

Here sigma is small.

- Why: because.
- nothing else

Table 1. Verdicts.
Layer  Verdict      Note            Value
fc.1   ● holds      a note on fc.1      0
fc.2   ▲ undecided  a note on fc.2      1

Target  fc.1
Seed    0
"""


def cells(text):
    """Cells of a terminal, reckoned independently of the renderer for the letters of these tests."""
    wide = {"层", "注", "意", "力"}
    return sum(2 if c in wide else 0 if unicodedata.category(c) == "Mn" else 1 for c in text)


def page(*blocks):
    return finish(unfinished(sections=(Section("a", 1, "A", blocks),)))


def lines(document, width=WIDTH, **options):
    """As a terminal of that width shows it."""
    return ["".join(span.text for span in line) for line in text_lines(document, Layout(width, width, **options))]


def test_the_first_section_as_text(typical):
    assert to_text(typical) == GOLDEN


def test_styles_are_kept_for_the_terminal(typical):
    styles = {(span.text, span.style) for line in text_lines(typical) for span in line}
    assert {("● holds", "holds"), ("▲ undecided", "undecided"), ("Verdict", "strong"), ("fc.1", "name")} <= styles


def test_wide_characters_and_accents_keep_the_columns():
    names = ("层.注意力", "e\u0301tage", "fc")
    rows = [(Span(name, "name"), Span("x")) for name in names]
    printed = lines(page(table("Names.", [Column("Layer"), Column("Value")], rows)))[-3:]
    assert {cells(line[: line.index("  x")].rstrip()) for line in printed} == {9, 5, 2}
    assert {cells(line.partition("x")[0]) for line in printed} == {11}


def test_a_table_is_folded_into_a_narrow_terminal():
    columns = [Column("Layer"), Column("Reason", wide=True), Column("Value", numeric=True)]
    rows = [(Span("encoder." * 6, "name"), Span("a long reason with many words " * 2, "soft"), Span("1,234"))]
    printed = lines(page(table("A caption of several words that needs two lines.", columns, rows)), 40)
    assert all(len(line) <= 40 for line in printed)
    assert printed[2:4] == ["Table 1. A caption of several words that", "needs two lines."]
    body = printed[5:]
    name, reason = body[0].split()[0], slice(body[0].index("a "), -5)
    assert name.startswith("encoder.")
    assert "…" in name
    assert name.endswith("er.")
    assert [line for line in body[1:] if not line.startswith(" ")] == []
    assert body[0].endswith("1,234")
    words = [body[0][reason], *(line[reason.start :] for line in body[1:])]
    assert " ".join(each.strip() for each in words) == ("a long reason with many words " * 2).strip()


def test_a_very_narrow_terminal_still_gets_every_column():
    columns = [Column(str(i)) for i in range(9)]
    printed = lines(page(table("T.", columns, [tuple(Span("x" * 12) for _ in columns)])), 20)
    assert printed[-3:] == ["  ".join(["x" * n + " " * (5 - n)] * 9).rstrip() for n in (5, 5, 2)]


def test_every_other_kind_of_block_has_its_line(typical):
    figure = typical.sections[2].blocks[0].items[0]
    words = typical.formulas["layer"].words
    document = finish(
        unfinished(sections=(Section("a", 1, "A", (Equation("layer"), Paragraph((Span("sigma", "math"),)))),))
    )
    assert lines(document)[2:] == [words, "", "sigma"]
    shown = list(text_lines(finish(unfinished())))
    assert shown[0][0].text == typical.title
    pair = replace(typical, sections=(Section("a", 1, "A", (Pair((figure, figure)),)),))
    assert lines(pair)[2:] == [figure.caption] * 2


def test_hostile_names_stay_text(hostile):
    printed = to_text(hostile)
    assert "<script>alert(1)</script>.weight" in printed
    assert "\\u202eevil\\u202c\\x1b[31m\\x00\\n" in printed
    assert not [c for c in printed if unicodedata.category(c)[0] == "C" and c != "\n"]


def test_a_row_of_a_file_is_one_line_of_any_width():
    names = [f"{'encoder.' * 40}{i}" for i in range(3)]
    rows = [(Span(name, "name"), Span("a reason of several words " * 9, "soft")) for name in names]
    whole = page(table("Names.", [Column("Layer"), Column("Reason", wide=True)], rows))
    printed = to_text(whole).splitlines()[-3:]
    assert [line.split("  ")[0] for line in printed] == names
    assert len(lines(whole, 80)) > len(to_text(whole).splitlines())


def test_columns_keep_their_places_in_other_signs():
    rows = [(Span("●●", "name"), Span("1")), (Span("plain", "name"), Span("2"))]
    whole = page(Paragraph((Span("● and ●"),)), table("Of ●.", [Column("● sign"), Column("Value")], rows))
    printed = lines(whole, write=lambda text: text.replace("●", "dot "))
    assert printed[2] == "dot and dot"
    assert printed[4] == "Table 1. Of dot ."
    assert [line.rstrip()[-1] for line in printed[6:]] == ["1", "2"]
    assert len({line.index(value) for line, value in zip(printed[5:], ["Value", "1", "2"], strict=True)}) == 1


def test_a_column_is_not_measured_again_for_each_of_its_rows(monkeypatch):
    measured = []
    monkeypatch.setattr(text, "_cells", lambda shown: measured.append(shown) or len(shown))
    many = document(*(f"layer.{i}" for i in range(300)))
    assert len(to_text(many).splitlines()) > 300
    assert len(measured) < 300 * 300


words = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), max_size=30)


@given(st.lists(words, max_size=12), st.integers(5, 60))
def test_folding_loses_no_letter_and_keeps_to_the_width(parts, width):
    whole = " ".join(parts)
    printed = lines(page(Paragraph((Span(whole),))), width)[2:]
    assert "".join("".join(printed).split()) == "".join(whole.split())
    assert all(len(line) <= width for line in printed)


@pytest.mark.parametrize("width", [WIDTH, 80])
def test_no_line_ends_in_blanks(typical, width):
    assert all(line == line.rstrip() for line in lines(typical, width))
    assert max(map(len, lines(typical, width))) <= width


def test_a_terminal_gets_the_rows_for_paper_and_a_file_all_of_them():
    rows = [(Span(f"row {place}"), Span(str(place))) for place in range(20)]
    long = table("Numbers.", [Column("Name"), Column("n", numeric=True)], rows, [19, 3], "The 2 worst of 20.")
    assert [line.split("  ")[0] for line in lines(page(long), 80)][-3:] == ["row 19", "row 3", "The 2 worst of 20."]
    assert [line.split()[1] for line in to_text(page(long)).splitlines()[-20:]] == [str(place) for place in range(20)]
