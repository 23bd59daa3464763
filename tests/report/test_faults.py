"""A figure that fails to draw becomes a sentence in its place, in every format, and costs nothing else."""

from dataclasses import replace

import pytest
from synthetic_documents import figure, steps, unfinished

from netaudit.report.document.finish import finish
from netaudit.report.document.model import Document, Figure, Pair
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.pdf import to_pdf
from netaudit.report.renderers.text import to_text


def broken(canvas):
    raise ZeroDivisionError("no bins in /data/deep/net.pt")


def exhausted(canvas):
    raise MemoryError


WHY = {
    broken: "unexpected ZeroDivisionError: no bins in net.pt",
    exhausted: "memory ran out",
    None: "unexpected ValueError: figure 'left' cannot be drawn: it is drawn already",
}


def with_draw(document: Document, **draws) -> Document:
    """The document with other ways to draw the figures of these names."""

    def changed(block):
        if isinstance(block, Pair):
            return replace(block, items=tuple(map(changed, block.items)))
        return replace(block, draw=draws.get(block.stem, steps)) if isinstance(block, Figure) else block

    sections = (replace(s, blocks=tuple(map(changed, s.blocks))) for s in document.sections)
    return replace(document, sections=tuple(sections))


@pytest.mark.parametrize("draw", WHY)
def test_one_figure_that_fails_is_a_sentence_in_its_place(draw, typical, pdf_text, squash):
    document = finish(with_draw(unfinished(), left=draw))
    assert document.faults == (f"Figure 1 could not be drawn: {WHY[draw]}.",)
    assert {stem: svg for stem, svg in typical.figures.items() if stem != "left"} == document.figures
    says = f"This figure could not be drawn: {WHY[draw]}. Figure 1. Steps of fc.1."
    page = to_html(document).replace("&#39;", "'")
    assert says in page.replace("<strong>", "").replace("</strong>", "").replace('<span class="soft">', "")
    assert page.count('<svg role="img"') == 2  # one more svg holds the letters of both
    assert document.faults[0] in page.partition("Parts</h2>")[0]  # the first section, too
    assert f"! {document.faults[0]}" in " ".join(to_text(document).split())
    paper = pdf_text(to_pdf(document))
    assert squash(says) in paper
    assert squash("Figure 2. Steps of fc.2.") in paper


def test_reasons_are_said_once_and_where_it_happened_on_request(capsys, monkeypatch):
    document = finish(with_draw(unfinished(), left=broken, alone=broken, right=exhausted))
    assert document.faults == (
        f"Figure 1, Figure 3 could not be drawn: {WHY[broken]}.",
        "Figure 2 could not be drawn: memory ran out.",
    )
    assert document.figures == {}
    to_html(document)
    to_pdf(document)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("NETAUDIT_DEBUG", "1")
    finish(with_draw(unfinished(), left=broken))
    assert "in broken" in capsys.readouterr().err


def test_what_stops_the_program_is_no_fault_of_a_figure():
    def stopped(canvas):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish(with_draw(unfinished(), left=stopped))
    with pytest.raises(ValueError, match="two figures are called 'left'"):
        finish(replace(unfinished(), sections=(replace(unfinished().sections[0], blocks=(figure("left"),) * 2),)))
