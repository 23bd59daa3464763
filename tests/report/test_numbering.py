"""The one pass that numbers a document, and the last step of making one."""

import pytest
from synthetic_documents import figure, unfinished

from netaudit.report.document.finish import finish
from netaudit.report.document.model import Column, Figure, Items, Pair, Paragraph, Section, Span, Table
from netaudit.report.document.numbering import facts, number_sections, table

COLUMNS = (Column("A"), Column("B"))


def sections(*parts):
    """Sections from (identifier, level, blocks, numbered)."""
    return [Section(name, level, name.upper(), tuple(blocks), numbered) for name, level, blocks, numbered in parts]


def one_row(caption, *spans):
    return table(caption, COLUMNS, [spans or (Span("a"), Span("b"))])


def test_sections_are_numbered_in_two_levels():
    numbered = number_sections(
        sections(("a", 1, [], True), ("b", 2, [], True), ("c", 2, [], True), ("d", 1, [], True), ("e", 2, [], True))
    )
    assert [section.title for section in numbered] == ["1 A", "1.1 B", "1.2 C", "2 D", "2.1 E"]


def test_a_section_without_a_number_leaves_no_gap():
    numbered = number_sections(sections(("a", 1, [], True), ("b", 2, [], False), ("c", 2, [], True)))
    assert [section.title for section in numbered] == ["1 A", "B", "1.1 C"]


def test_figures_and_tables_count_on_over_sections_and_pairs():
    numbered = number_sections(
        sections(
            ("a", 1, [one_row("First."), facts([("k", "v")]), Pair((figure("x"), figure("y")))], True),
            ("b", 2, [Pair((one_row("Second."), one_row("Third."))), figure("z")], True),
        )
    )
    captions = [
        item.caption
        for section in numbered
        for block in section.blocks
        for item in (block.items if isinstance(block, Pair) else [block])
        if isinstance(item, (Figure, Table))
    ]
    assert captions == [
        "Table 1. First.",
        "",
        "Figure 1. Steps of fc.1.",
        "Figure 2. Steps of fc.1.",
        "Table 2. Second.",
        "Table 3. Third.",
        "Figure 3. Steps of fc.1.",
    ]


def test_a_link_gets_its_section_s_number_in_text_lists_and_tables():
    link = Span("section {section}", link="c")
    numbered = number_sections(
        sections(
            ("a", 1, [Paragraph((link,)), Items(((link,),)), one_row("", link, Span("{section}"))], True),
            ("b", 1, [], True),
            ("c", 2, [], True),
        )
    )
    paragraph, items, cells = numbered[0].blocks
    assert paragraph.spans[0].text == items.items[0][0].text == cells.rows[0][0].text == "section 2.1"
    assert cells.rows[0][1].text == "{section}"  # without a link it is text like any other


def test_a_name_that_reads_like_a_mark_stays_as_it_is():
    numbered = number_sections(sections(("a", 1, [one_row("", Span("{section}.weight", "name", "a"), Span(""))], True)))
    assert numbered[0].blocks[0].rows[0][0].text == "{section}.weight"


@pytest.mark.parametrize("text", ["section {section}", "there"])
def test_a_link_to_nowhere_is_refused(text):
    with pytest.raises(ValueError, match="a link leads to 'z', which is not there"):
        number_sections(sections(("a", 1, [Paragraph((Span(text, link="z"),))], True)))


def test_two_sections_of_one_identifier_are_refused():
    with pytest.raises(ValueError, match="two sections are called 'a'"):
        number_sections(sections(("a", 1, [], True), ("a", 2, [], True)))


def test_a_finished_document_is_numbered_drawn_and_plain():
    done = finish(unfinished())
    assert [section.title for section in done.sections] == ["1 Summary", "2 Parts", "2.1 Part fc.1", "References"]
    assert list(done.figures) == ["left", "right", "alone"]
    assert all(svg.startswith("<svg ") for svg in done.figures.values())
    assert "layer" in done.formulas
    blocks = [item for s in done.sections for b in s.blocks for item in (b.items if isinstance(b, Pair) else [b])]
    assert [block.draw for block in blocks if isinstance(block, Figure)] == [None] * 3


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ((figure("x"), figure("x")), "two figures are called 'x'"),
        ((figure("../x"),), "the stem may hold"),
    ],
)
def test_mistakes_with_figures_are_told(figures, says):
    with pytest.raises(ValueError, match=says):
        finish(unfinished(sections=(Section("a", 1, "A", (Pair(figures),)),)))
