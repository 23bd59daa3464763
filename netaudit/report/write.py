"""A document into a folder, in the formats asked for."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from netaudit.errors import ReportError
from netaudit.files import make_folder, write_atomically
from netaudit.report.document.model import Document
from netaudit.report.renderers.table import DEFAULT_FORMATS, FORMATS, RENDERERS, Renderer

FIGURES = "figures"
"""The folder of the figures, beside the report."""


def renderers_of(formats: Collection[str]) -> tuple[Renderer, ...]:
    """The renderers of some formats, in the order in which they write.

    Raises:
        ReportError: an unknown format.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ReportError(f"unknown format {unknown[0]!r}", hint=f"formats are {', '.join(FORMATS)}")
    return tuple(renderer for renderer in RENDERERS if renderer.name in formats)


def show_figures(formats: Collection[str]) -> bool:
    """Whether one of the formats shows figures, so that they must be drawn.

    Raises:
        ReportError: an unknown format.
    """
    return any(renderer.shows_figures for renderer in renderers_of(formats))


def write_document(document: Document, out: Path, formats: Collection[str] = DEFAULT_FORMATS) -> dict[str, Path]:
    """Write the document's stem with the suffix of each format into the folder ``out``, which is made if need be.

    The figures come with the formats that show them; they must be drawn then. The JSON is written first: the rest can
    be made from it again. The same document gives the same bytes.

    Returns:
        The path of each format, and ``figures`` (their folder) where there are some.

    Raises:
        ReportError: an unknown format, a PDF that cannot be made, or a file that cannot be written.
    """
    renderers = sorted(renderers_of(formats), key=lambda renderer: renderer.name != "json")
    make_folder(out)
    written: dict[str, Path] = {}
    for renderer in renderers:
        written[renderer.name] = out / f"{document.stem}{renderer.suffix}"
        write_atomically(written[renderer.name], renderer.render(document))
    if document.figures and show_figures(formats):
        write_figures(document, out / FIGURES)
        written[FIGURES] = out / FIGURES
    return written


def write_figures(document: Document, folder: Path) -> list[Path]:
    """Write the figures as SVG, numbered like ``layer_001_singular_values.svg``.

    Raises:
        ReportError: a file cannot be written.
    """
    make_folder(folder)
    paths = []
    for stem, svg in document.figures.items():
        paths.append(folder / f"{stem}.svg")
        write_atomically(paths[-1], figure_file(svg))
    return paths


def figure_file(svg: str) -> bytes:
    """A figure as a file of its own."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg}'.encode()
