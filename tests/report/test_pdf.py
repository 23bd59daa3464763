from dataclasses import replace
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netaudit.errors import ReportError
from netaudit.report import render_pdf
from netaudit.report.glyphs import in_glyphs
from netaudit.report.renderers.pdf import for_paper, lines_of, soft_breaks, to_pdf


@pytest.fixture(scope="module")
def pdf(typical_bundle):
    return to_pdf(typical_bundle)


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


def test_same_report_same_bytes_and_they_are_written(typical, pdf, tmp_path):
    assert render_pdf(typical, tmp_path / "audit.pdf") == pdf
    assert (tmp_path / "audit.pdf").read_bytes() == pdf


def test_the_json_is_attached_unchanged(typical, pdf):
    with pikepdf.open(BytesIO(pdf)) as opened:
        assert list(opened.attachments) == ["audit.json"]
        assert opened.attachments["audit.json"].get_file().read_bytes() == typical.to_json().encode("ascii")


def test_archival_and_accessible(pdf):
    with pikepdf.open(BytesIO(pdf)) as opened, opened.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"] == "Audit of mnist-mlp"
        assert opened.Root.MarkInfo.Marked
        assert str(opened.Root.Lang) == "en"
        tags = structure(opened.Root.StructTreeRoot, [])
    assert {"/Title", "/H1", "/H2", "/P", "/Table", "/THead", "/TH", "/Figure", "/Formula", "/Caption"} <= set(tags)
    assert tags.count("/Figure") >= 11


def test_every_font_is_embedded(pdf):
    with pikepdf.open(BytesIO(pdf)) as opened:
        fonts = [font for page in opened.pages for font in page.Resources.Font.values()]
        descriptors = [font.DescendantFonts[0].FontDescriptor for font in fonts]
        assert all(any(str(key).startswith("/FontFile") for key in each.keys()) for each in descriptors)  # noqa: SIM118
        names = {str(each.FontName) for each in descriptors}
    assert not [name for name in names if "LastResort" in name]


def test_page_numbers_and_fingerprint(typical, pdf, pdf_text):
    from hashlib import sha256

    text = pdf_text(pdf)
    with pikepdf.open(BytesIO(pdf)) as opened:
        pages = len(opened.pages)
    fingerprint = sha256(typical.to_json().encode("ascii")).hexdigest()[:12]
    assert text.count(f"audit.json{fingerprint}page") == pages
    assert f"page{pages}of{pages}" in text


def test_header_of_a_long_table_repeats(build_many, pdf_text):
    text = pdf_text(render_pdf(build_many(80)))
    assert text.count("Layer[out,in]Gaussianweights(H1)Constantbias(H2)") >= 2


def test_hostile_names_are_printed_and_not_run(hostile_bundle, pdf_text, squash):
    pdf = to_pdf(hostile_bundle)
    text = pdf_text(pdf)
    for name in ("<script>alert(1)</script>.weight", "#panic() $x$ *b* @ref `raw` \\ [x] = //"):
        assert squash(name) in text
    assert "\\u5c42.\\u6ce8\\u610f\\u529b.weight" in text
    with pikepdf.open(BytesIO(pdf)) as opened:
        names = {str(font.BaseFont) for page in opened.pages for font in page.Resources.Font.values()}
    assert not [name for name in names if "LastResort" in name]


def test_every_character_that_is_not_escaped_can_be_set(build, build_layer):
    """All 5,000 characters that the fallback font claims, in names, against Typst's strict mode."""
    from netaudit.report.glyphs import drawable
    from netaudit.text import printable

    letters = "".join(map(chr, sorted(drawable())))
    names = [printable(letters[i : i + 290]) for i in range(0, len(letters), 290)]
    report = build([build_layer(names[0])], summary={"claims": {}, "text": names}, skipped=[])
    assert render_pdf(report).startswith(b"%PDF")


def test_a_refusal_is_one_line(typical_bundle):
    broken = dict.fromkeys(typical_bundle.figures, "no svg")
    with pytest.raises(ReportError, match=r"^the PDF could not be made: [^\n]+$"):
        to_pdf(replace(typical_bundle, figures=broken))


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
    assert in_glyphs("plain") == "plain"


def test_a_name_is_broken_by_the_width_of_its_table():
    name = "encoder." * 9
    cell = {"text": name, "style": "name", "link": None}
    wide = for_paper({"kind": "table", "columns": [{}, {}], "rows": [[cell]]})
    narrow = for_paper({"kind": "table", "columns": [{}, {}, {}], "rows": [[cell]]})
    assert [len(t["rows"][0][0]["text"].split("\n")) for t in (wide, narrow)] == [2, 3]
