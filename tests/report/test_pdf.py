from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_documents import document, unfinished

from netaudit.errors import ReportError
from netaudit.report.document.finish import finish
from netaudit.report.document.model import Column, Items, Section, Span
from netaudit.report.document.numbering import table
from netaudit.report.glyphs import drawable, in_glyphs
from netaudit.report.renderers.pdf import for_paper, lines_of, soft_breaks, to_pdf, to_png
from netaudit.text import printable


@pytest.fixture(scope="module")
def pdf(typical):
    return to_pdf(typical)


def structure(element, found):
    """Tags of the structure tree."""
    if isinstance(element, pikepdf.Dictionary):
        if "/S" in element:
            found.append(str(element["/S"]))
        if "/K" in element:
            structure(element["/K"], found)
    elif isinstance(element, pikepdf.Array):
        for child in element:
            structure(child, found)
    return found


def test_same_document_same_bytes(typical, pdf):
    assert to_pdf(typical) == pdf


def test_the_json_is_attached_unchanged_under_the_document_s_name(typical, pdf):
    for made, name in ((pdf, "audit.json"), (to_pdf(replace(typical, stem="theory")), "theory.json")):
        with pikepdf.open(BytesIO(made)) as opened:
            assert list(opened.attachments) == [name]
            assert opened.attachments[name].get_file().read_bytes() == typical.json.encode("ascii")


def test_archival_and_accessible(pdf):
    with pikepdf.open(BytesIO(pdf)) as opened, opened.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == "A document about fc.1"
        assert opened.Root.MarkInfo.Marked
        assert str(opened.Root.Lang) == "en"
        tags = structure(opened.Root.StructTreeRoot, [])
    assert {"/Title", "/H1", "/H2", "/P", "/Table", "/THead", "/TH", "/Figure", "/Formula", "/Caption"} <= set(tags)
    assert tags.count("/Figure") >= 3


def test_every_font_is_embedded(pdf):
    with pikepdf.open(BytesIO(pdf)) as opened:
        fonts = [font for page in opened.pages for font in page.Resources.Font.values()]
        descriptors = [font.DescendantFonts[0].FontDescriptor for font in fonts]
        assert all(any(str(key).startswith("/FontFile") for key in each.keys()) for each in descriptors)  # noqa: SIM118
        names = {str(each.FontName) for each in descriptors}
    assert not [name for name in names if "LastResort" in name]


def test_page_numbers_and_fingerprint_on_every_page(pdf, pdf_text):
    text = pdf_text(pdf)
    with pikepdf.open(BytesIO(pdf)) as opened:
        pages = len(opened.pages)
    assert pages >= 2
    assert text.count("netaudit0.1.0·audit.json0123456789abpage") == pages
    assert f"page{pages}of{pages}" in text


def test_header_of_a_long_table_repeats(pdf_text):
    text = pdf_text(to_pdf(document(*(f"layer.{i}" for i in range(80)))))
    assert text.count("LayerVerdictNoteValue") >= 4  # the two of the part, and one a page of the long one


def test_rows_that_the_paper_leaves_out_are_told(pdf, pdf_text, squash):
    text = pdf_text(pdf)
    assert squash("The first 5 of 30; all are in audit.html.") in text
    assert "416" in text
    assert "841" not in text


def test_hostile_names_are_printed_and_not_run(hostile, pdf_text, squash):
    made = to_pdf(hostile)
    text = pdf_text(made)
    for name in ("<script>alert(1)</script>.weight", "#panic() $x$ *b* @ref `raw` \\ [x] = //"):
        assert squash(name) in text
    assert "\\u5c42.\\u6ce8\\u610f\\u529b.weight" in text
    with pikepdf.open(BytesIO(made)) as opened:
        names = {str(font.BaseFont) for page in opened.pages for font in page.Resources.Font.values()}
    assert not [name for name in names if "LastResort" in name]


def test_every_character_that_is_not_escaped_can_be_set():
    """All 5,000 characters that the fallback font claims, against Typst's strict mode."""
    letters = "".join(map(chr, sorted(drawable())))
    lines = Items(tuple((Span(printable(letters[i : i + 290])),) for i in range(0, len(letters), 290)))
    made = to_pdf(finish(unfinished(sections=(Section("a", 1, printable(letters[:290]), (lines,)),))))
    assert made.startswith(b"%PDF")


def test_pages_as_pictures(typical):
    pages = to_png(typical, ppi=20)
    assert len(pages) >= 2
    assert all(page.startswith(b"\x89PNG") for page in pages)


def test_a_refusal_is_one_line(typical):
    broken = dict.fromkeys(typical.figures, "no svg")
    with pytest.raises(ReportError, match=r"^the PDF could not be made: [^\n]+$"):
        to_pdf(replace(typical, figures=broken))


@given(st.text(max_size=80), st.integers(1, 40))
def test_lines_lose_nothing_and_fit(name, width):
    lines = lines_of(name, width)
    assert "".join(lines) == name
    assert all(len(line) <= width for line in lines)


@given(st.text(max_size=200))
def test_soft_breaks_only_add_zero_width_spaces(text):
    assert soft_breaks(text).replace("\u200b", "") == text.replace("\u200b", "")


@given(st.text())
def test_in_glyphs_leaves_only_drawable_text(text):
    assert in_glyphs(in_glyphs(text)) == in_glyphs(text)
    assert {ord(c) for c in in_glyphs(text)} <= drawable() | set(range(128))
    assert in_glyphs("plain") == "plain"


def test_a_name_is_broken_by_the_width_of_its_table():
    name = "encoder." * 9
    cell = {"text": name, "style": "name", "link": None}
    wide = for_paper({"kind": "table", "columns": [{}, {}], "rows": [[cell]]})
    narrow = for_paper({"kind": "table", "columns": [{}, {}, {}], "rows": [[cell]]})
    assert [len(t["rows"][0][0]["text"].split("\n")) for t in (wide, narrow)] == [2, 3]


def left_edges(pdf):
    """Where runs of text begin on the first page, in points from the left."""
    edges, place, stack, line = [], pikepdf.Matrix(), [], pikepdf.Matrix()
    with pikepdf.open(BytesIO(pdf)) as opened:
        for operands, operator in pikepdf.parse_content_stream(opened.pages[0]):
            if str(operator) == "q":
                stack.append(place)
            elif str(operator) == "Q":
                place = stack.pop()
            elif str(operator) == "cm":
                place = pikepdf.Matrix(*map(float, operands)) @ place
            elif str(operator) == "Tm":
                line = pikepdf.Matrix(*map(float, operands))
            elif str(operator) in ("Tj", "TJ"):
                edges.append((line @ place).e)
    return edges


@pytest.mark.parametrize("others", [3, 7, 9])
def test_no_column_lies_on_another_however_many_there_are(others):
    columns = [Column("Layer", wide=True), Column("Answer"), *[Column("Enough rows", numeric=True)] * others]
    row = (Span("encoder.layer"), Span("undecided"), *[Span("0.123")] * others)
    sections = (Section("one", 1, "One", (table("A table.", columns, [row]),)),)
    made = to_pdf(finish(replace(unfinished(), sections=sections)))
    first, second = sorted({round(edge) for edge in left_edges(made)})[:2]
    assert first == 57  # the margin of 2 cm
    assert second - first > 30  # a short word
