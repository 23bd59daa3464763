"""A document into a folder, in the formats asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from netaudit.errors import ReportError
from netaudit.files import make_folder, write_atomically
from netaudit.report.document.model import Document
from netaudit.report.renderers.table import DEFAULT_FORMATS, FORMATS, RENDERERS

FIGURES = "figures"
"""The folder of the figures, beside the report."""


def write_document(
    make: Callable[[], Document],
    out: Path,
    formats: Collection[str] = DEFAULT_FORMATS,
    *,
    stem: str = "audit",
    json_text: Callable[[], str] | None = None,
) -> dict[str, Path]:
    """Write ``{stem}`` with the suffix of each format into the folder ``out``, which is made if need be.

    The document is made only for a format that shows it; where JSON alone is asked for, ``json_text`` gives it. The
    JSON is written last: where it is, the rest is complete. The same document gives the same bytes.

    Returns:
        The path of each format, and ``figures`` (their folder) where there are some.

    Raises:
        ReportError: an unknown format, a PDF that cannot be made, or a file that cannot be written.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ReportError(f"unknown format {unknown[0]!r}", hint=f"formats are {', '.join(FORMATS)}")
    make_folder(out)
    if set(formats) == {"json"} and json_text is not None:
        path = out / f"{stem}.json"
        write_atomically(path, json_text().encode("ascii"))
        return {"json": path}
    document = make()
    written: dict[str, Path] = {}
    asked = [renderer for renderer in RENDERERS if renderer.name in formats]
    if document.figures and any(renderer.shows_figures for renderer in asked):
        write_figures(document, out / FIGURES)
        written[FIGURES] = out / FIGURES
    for renderer in asked:
        written[renderer.name] = out / f"{stem}{renderer.suffix}"
        write_atomically(written[renderer.name], renderer.render(document))
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
        write_atomically(paths[-1], f'<?xml version="1.0" encoding="utf-8"?>\n{svg}'.encode())
    return paths
