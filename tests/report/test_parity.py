"""The HTML and the PDF say the same: every cell, caption, heading and sentence of the page is in the PDF's text."""

import pytest
from netaudit.report.bundle import prepare

from netaudit.report.glyphs import in_glyphs
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.pdf import to_pdf


def missing(bundle, read_page, pdf_text, squash):
    texts = read_page(to_html(bundle)).texts
    printed = pdf_text(to_pdf(bundle), artifacts=False)
    assert len(texts) > 50
    return [(tag, text) for tag, text in texts if squash(in_glyphs(text)) not in printed]


def test_typical_report(typical_bundle, read_page, pdf_text, squash):
    assert missing(typical_bundle, read_page, pdf_text, squash) == []


def test_a_word_that_is_only_in_the_page_is_noticed(typical_bundle, read_page, pdf_text, squash):
    page = to_html(typical_bundle).replace("<figcaption>", "<figcaption>only here ", 1)
    printed = pdf_text(to_pdf(typical_bundle))
    assert [text[:9] for _, text in read_page(page).texts if squash(text) not in printed] == ["only here"]


@pytest.mark.parametrize("layers", [0, 1, 20])
def test_other_sizes(build_many, read_page, pdf_text, squash, layers):
    assert missing(prepare(build_many(layers)), read_page, pdf_text, squash) == []


def test_rows_that_the_paper_leaves_out_are_counted(build_many, read_page, pdf_text, squash, monkeypatch):
    monkeypatch.setattr("netaudit.report.document.first_page.ON_PAPER", 10)
    report = build_many(30)
    bundle = prepare(report)
    page, printed = to_html(bundle), pdf_text(to_pdf(bundle))
    assert squash("The 10 layers with the worst verdicts; 20 other layers in audit.html") in printed
    assert "20 other layers" not in page
    names = [layer.name for layer in report.layers]
    cells = {text for tag, text in read_page(page).texts if tag == "th"}
    assert set(names) <= cells
    assert sum(squash(name) + "200×320" in printed or squash(name) + "10×200" in printed for name in names) < 30
