"""The report as a PDF: tagged, archival (PDF/A-3a, PDF/UA-1), with its JSON attached, the same bytes every time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from netaudit.errors import ReportError
from netaudit.report.document.model import Details, Document, Section
from netaudit.report.glyphs import font_folder, in_glyphs
from netaudit.report.made_with import made_with

if TYPE_CHECKING:
    import typst

_TIMESTAMP = 315532800  # 1980-01-01, as in reproducible archives: PDF/A wants a date, and no result depends on one
_NARROW, _WIDE = 30, 66  # characters of a name on one line, in a table of many columns or of two
_LONG_WORD = 24  # a longer word may not fit into a column
_AS_IT_IS = {"kind", "style", "stem", "identifier", "formula", "link", "alt"}  # not set in type


def to_pdf(document: Document) -> bytes:
    """Lay the document out as PDF.

    Raises:
        ReportError: Typst refuses the document.
    """
    pdf: bytes = _compile(document, format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=_TIMESTAMP)
    return pdf


def to_png(document: Document, ppi: float = 110) -> list[bytes]:
    """The same pages as pictures, for a README or a look at them.

    Raises:
        ReportError: Typst refuses the document.
    """
    pages = _compile(document, format="png", ppi=ppi)
    return pages if isinstance(pages, list) else [pages]


def _compile(document: Document, **output: Any) -> Any:
    import typst

    template = resources.files("netaudit.report").joinpath("templates/report.typ").read_bytes()
    inputs = {
        "document": json.dumps(
            for_paper(asdict(replace(on_paper(document), json="", figures={}, formulas={}, bundles={})))
        ),
        "figures": json.dumps(dict(document.figures)),
        "formulas": json.dumps({key: asdict(formula) for key, formula in document.formulas.items()}),
        "json": document.json,
        "attachment": f"{document.stem}.json",
        "made_with": made_with(),
    }
    try:
        return typst.compile(template, font_paths=_fonts(), sys_inputs=inputs, **output)
    except typst.TypstError as error:
        raise ReportError(f"the PDF could not be made: {error.message}") from error


def on_paper(document: Document) -> Document:
    """The document without what a page folds."""

    def printed(section: Section) -> Section:
        return replace(section, blocks=tuple(block for block in section.blocks if not isinstance(block, Details)))

    return replace(document, sections=tuple(map(printed, document.sections)))


def for_paper(value: Any, name_width: int = 0) -> Any:
    """The document's plain values with every string fit for paper: glyphs that exist, lines that can be broken."""
    if isinstance(value, str):
        return soft_breaks(in_glyphs(value))
    if isinstance(value, (list, tuple)):
        return [for_paper(item, name_width) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("kind") == "table":
        name_width = _WIDE if len(value["columns"]) == 2 else _NARROW
    paper = {key: item if key in _AS_IT_IS else for_paper(item, name_width) for key, item in value.items()}
    if value.get("style") == "name" and name_width:
        paper["text"] = "\n".join(lines_of(in_glyphs(value["text"]), name_width))
    return paper


def lines_of(name: str, width: int) -> list[str]:
    """A name in lines of at most ``width`` characters, broken after ``.``, ``_``, ``/`` or ``-`` where possible.

    >>> lines_of("encoder.layers.0.self_attention", 16)
    ['encoder.layers.', '0.self_attention']
    """
    lines = [""]
    for piece in re.findall(r"[^._/-]*[._/-]+|[^._/-]+", name):
        if len(lines[-1]) + len(piece) > width and lines[-1]:
            lines.append("")
        while len(piece) > width:
            lines[-1], piece = piece[:width], piece[width:]
            lines.append("")
        lines[-1] += piece
    return lines


def soft_breaks(text: str) -> str:
    """Zero-width spaces into words that are too long for a line; Typst breaks no word by itself."""

    def open_up(word: re.Match[str]) -> str:
        return "\u200b".join(lines_of(word.group(), _LONG_WORD // 2))

    return re.sub(rf"\S{{{_LONG_WORD},}}", open_up, text)


@cache
def _fonts() -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[font_folder()])
