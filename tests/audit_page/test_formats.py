"""A whole audit in HTML and PDF: they say the same, links lead somewhere, hostile names stay text."""

import re
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from readers import PageReader, squashed, text_of_pdf
from synthetic.audits import document_of, many, report

from netaudit.api import AuditReport
from netaudit.report.glyphs import in_glyphs
from netaudit.report.renderers.html import CARRIED, to_html
from netaudit.report.renderers.pdf import to_pdf

SAMPLES = Path(__file__).parents[2] / "reports" / "samples"


@pytest.fixture(scope="module")
def page(typical_document):
    return to_html(typical_document)


def missing(document):
    texts = PageReader(to_html(document)).texts
    printed = text_of_pdf(to_pdf(document), artifacts=False)
    assert len(texts) > 50
    return [(tag, text) for tag, text in texts if squashed(in_glyphs(text)) not in printed]


def test_the_pdf_says_what_the_page_says(typical_document):
    assert missing(typical_document) == []


@pytest.mark.parametrize("layers", [0, 1, 20])
def test_so_it_does_at_other_sizes(layers):
    assert missing(document_of(many(layers) if layers else report([], analyses={}))) == []


def test_a_page_folds_what_the_paper_leaves_out():
    made = many(30)
    document = document_of(made)
    reader, printed = PageReader(to_html(document)), text_of_pdf(to_pdf(document))
    names = [layer.name for layer in made.layers]
    assert set(names) <= {text for tag, text in reader.folded if tag == "th"}
    assert sum(squashed(name) + "200×320" in printed or squashed(name) + "10×200" in printed for name in names) == 12
    assert len(reader.folded) > 3 * len(reader.texts) > 0


def test_a_bundled_network_takes_ten_pages():
    made = AuditReport.from_json(SAMPLES / "mnist-mlp" / "audit.json")
    with pikepdf.open(BytesIO(to_pdf(made.document()))) as pdf:
        assert len(pdf.pages) <= 10


def test_ids_are_unique_and_every_link_has_its_target(page):
    reader = PageReader(page)
    ids = reader.ids()
    assert len(ids) == len(set(ids))
    links = [value for _, a in reader.tags for name, value in a.items() if name.endswith("href")]
    [carried] = [link for link in links if not link.startswith(("#", "data:image/"))]
    assert carried.startswith(CARRIED)
    targets = {link[1:] for link in links if link.startswith("#")}
    targets |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert {"layer-1", "method"} <= targets <= set(ids)


def test_every_figure_has_a_text_alternative_and_is_small(typical_document, page):
    figures = page.count("<figure")
    assert figures == len(typical_document.figures) > 17  # the picture of page one, those of layers and of the network
    assert len(re.findall(r"<title id=\"[\w-]+\">[^<]{80,}</title>", page)) == figures
    assert {stem: len(svg) for stem, svg in typical_document.figures.items() if len(svg.encode()) > 100_000} == {}


def test_hostile_names_stay_text(hostile_document):
    page = to_html(hostile_document)
    reader = PageReader(page)
    assert "script" not in {tag for tag, _ in reader.tags}
    texts = {text for _, text in (*reader.texts, *reader.folded)}
    assert "<script>alert(1)</script>.weight" in texts
    assert "&amp;\"'{{ 7*7 }}{% raw %}" in texts
    assert not [c for c in page if c in "\u202e\u202c\x1b\x00"]
    page.encode("utf-8")
    pdf = to_pdf(hostile_document)
    printed = text_of_pdf(pdf)
    for name in ("<script>alert(1)</script>.weight", "#panic() $x$ *b* @ref `raw` \\ [x] = //"):
        assert squashed(name) in printed
    with pikepdf.open(BytesIO(pdf)) as opened:
        names = {str(font.BaseFont) for page in opened.pages for font in page.Resources.Font.values()}
        assert opened.attachments["audit.json"].get_file().read_bytes() == hostile_document.json.encode("ascii")
    assert not [name for name in names if "LastResort" in name]
