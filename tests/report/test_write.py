"""Documents into folders, and the table of formats."""

from dataclasses import replace

import pytest
from synthetic_documents import unfinished

from netaudit.errors import ReportError
from netaudit.report.document.finish import finish
from netaudit.report.document.model import Section
from netaudit.report.renderers.html import to_html, with_shared_glyphs
from netaudit.report.renderers.pdf import to_pdf
from netaudit.report.renderers.table import DEFAULT_FORMATS, PAGE_FORMATS, RENDERERS
from netaudit.report.renderers.text import to_text
from netaudit.report.write import show_figures, write_document, write_figures


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_all_formats_from_one_document(typical, tmp_path):
    out = tmp_path / "out"
    written = write_document(typical, out, PAGE_FORMATS)
    assert list(written) == ["json", "html", "pdf", "text", "figures"]  # JSON first: the rest is made from it
    assert files(out) == [
        "audit.html",
        "audit.json",
        "audit.pdf",
        "audit.txt",
        "figures/alone.svg",
        "figures/left.svg",
        "figures/right.svg",
    ]
    assert written["json"].read_text(encoding="ascii") == typical.json
    assert written["text"].read_text(encoding="utf-8") == to_text(typical)
    assert written["pdf"].read_bytes() == to_pdf(typical)
    page = written["html"].read_text(encoding="utf-8")
    assert page == to_html(typical)
    _, shown = with_shared_glyphs(typical.figures)  # the page has the letters of all figures once
    for path in written["figures"].iterdir():
        declaration, svg = path.read_text(encoding="utf-8").split("\n", 1)
        assert declaration == '<?xml version="1.0" encoding="utf-8"?>'
        assert svg == typical.figures[path.stem]
        assert shown[path.stem] in page


def test_the_default_formats_and_another_stem(typical, tmp_path):
    assert DEFAULT_FORMATS == ("html", "pdf", "json")
    write_document(replace(typical, stem="theory"), tmp_path)
    assert [name for name in files(tmp_path) if "/" not in name] == ["theory.html", "theory.json", "theory.pdf"]


def test_formats_without_figures_need_none_drawn(tmp_path):
    assert [show_figures([name]) for name in PAGE_FORMATS] == [True, True, False, False]
    undrawn = finish(unfinished(), draw=False)
    assert set(undrawn.figures.values()) == {""}
    assert list(write_document(undrawn, tmp_path, ["json", "text"])) == ["json", "text"]
    assert files(tmp_path) == ["audit.json", "audit.txt"]
    assert (tmp_path / "audit.json").read_text() == undrawn.json


def test_json_is_not_written_unasked_and_text_brings_no_figures(typical, tmp_path):
    assert list(write_document(typical, tmp_path / "page", {"html"})) == ["html", "figures"]
    assert "audit.json" not in files(tmp_path / "page")
    assert list(write_document(typical, tmp_path / "text", {"text", "json"})) == ["json", "text"]
    assert files(tmp_path / "text") == ["audit.json", "audit.txt"]


def test_the_json_is_there_after_a_failure(typical, tmp_path):
    (tmp_path / "audit.pdf").mkdir()
    with pytest.raises(ReportError, match=r"audit\.pdf: cannot write: it is not a regular file"):
        write_document(typical, tmp_path)
    assert (tmp_path / "audit.json").read_text() == typical.json
    assert not [name for name in files(tmp_path) if name.endswith(".tmp")]


def test_unknown_format(typical, tmp_path):
    with pytest.raises(ReportError, match=r"^unknown format 'docx'$") as caught:
        write_document(typical, tmp_path / "out", ("html", "docx"))
    assert caught.value.hints == ("formats are html, pdf, text, latex, csv, parquet, card, json",)
    assert not (tmp_path / "out").exists()


def test_no_figures_folder_without_figures(tmp_path):
    empty = finish(unfinished(sections=(Section("a", 1, "A", ()),)))
    assert list(write_document(empty, tmp_path, ("html",))) == ["html"]
    assert files(tmp_path) == ["audit.html"]


def test_write_figures_returns_their_paths(typical, tmp_path):
    paths = write_figures(typical, tmp_path / "figures")
    assert [path.name for path in paths] == ["left.svg", "right.svg", "alone.svg"]
    assert sorted(paths) == sorted((tmp_path / "figures").iterdir())


def test_every_renderer_says_what_it_is():
    assert [renderer.name for renderer in RENDERERS][-1] == "json"
    assert len({renderer.place("audit") for renderer in RENDERERS}) == len(RENDERERS)
    assert all(renderer.says and bool(renderer.folder) != renderer.suffix.startswith(".") for renderer in RENDERERS)


def test_importing_the_room_is_cheap(run_python):
    code = """
import sys
import netaudit.report.write, netaudit.files
heavy = {"torch", "matplotlib", "pandas", "scipy", "jinja2", "typst"} & set(sys.modules)
assert not heavy, heavy
"""
    assert run_python(code) == ""
