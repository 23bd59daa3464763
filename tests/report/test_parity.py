"""The HTML and the PDF say the same: every cell, caption, heading and list item of the page is in the PDF's text."""

from dataclasses import replace

from netaudit.report.document.model import Pair, Table
from netaudit.report.glyphs import in_glyphs
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.pdf import to_pdf


def all_printed(document):
    """The document with every row on paper too."""

    def whole(block):
        if isinstance(block, Table):
            return replace(block, printed=None, printed_note="")
        return replace(block, items=tuple(map(whole, block.items))) if isinstance(block, Pair) else block

    sections = (replace(section, blocks=tuple(map(whole, section.blocks))) for section in document.sections)
    return replace(document, sections=tuple(sections))


def test_every_word_of_the_page_is_on_paper(typical, read_page, pdf_text, squash):
    document = all_printed(typical)
    texts = read_page(to_html(document)).texts
    printed = pdf_text(to_pdf(document), artifacts=False)
    assert len(texts) > 50
    assert [(tag, text) for tag, text in texts if squash(in_glyphs(text)) not in printed] == []


def test_a_word_that_is_only_in_the_page_is_noticed(typical, read_page, pdf_text, squash):
    document = all_printed(typical)
    page = to_html(document).replace("<figcaption>", "<figcaption>only here ", 1)
    printed = pdf_text(to_pdf(document))
    assert [text[:9] for _, text in read_page(page).texts if squash(text) not in printed] == ["only here"]
