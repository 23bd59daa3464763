"""A document into a folder, in the formats asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path

from netaudit.errors import ReportError
from netaudit.files import make_folder, write_atomically
from netaudit.report.document.model import Document
from netaudit.report.renderers.table import DEFAULT_FORMATS, FORMATS, MANIFEST, RENDERERS, Renderer

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
        written[renderer.name] = out / renderer.place(document.stem)
        content = renderer.render(document)
        if isinstance(content, bytes):
            write_atomically(written[renderer.name], content)
        else:
            write_files(content, written[renderer.name])
    if document.figures and show_figures(formats):
        write_figures(document, out / FIGURES)
        written[FIGURES] = out / FIGURES
    return written


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder of their own, each by its path there, with a list of them and their SHA-256.

    Raises:
        ReportError: a file cannot be written.
    """
    for name, content in files.items():
        path = folder.joinpath(*name.split("/"))
        make_folder(path.parent)
        write_atomically(path, content)
    lines = (f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    make_folder(folder)
    write_atomically(folder / MANIFEST, "".join(lines).encode("ascii"))


def files_of(folder: Path) -> list[Path]:
    """The files of a folder that are as its list says: what someone else put there, or changed, is not among them."""
    try:
        lines = (folder / MANIFEST).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return []
    found = []
    for line in lines:
        digest, _, name = line.partition("  ")
        if re.fullmatch(r"[A-Za-z0-9_-]+(\.[a-z]+)?(/[A-Za-z0-9_-]+(\.[a-z]+)?)?", name):
            path = folder.joinpath(*name.split("/"))
            if path.is_file() and not path.is_symlink() and sha256(path.read_bytes()).hexdigest() == digest:
                found.append(path)
    return [*found, folder / MANIFEST]


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
