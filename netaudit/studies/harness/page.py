"""A study's page: the same HTML, PDF and JSON as an audit's, laid out by the same renderers.

A study keeps its numbers in one JSON file and has a function ``document(data) -> StudyPage`` that builds the page
from them alone, so that a committed page can be made again from its JSON and compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from netaudit.report.document.finish import finish
from netaudit.report.document.model import Document, Section
from netaudit.report.renderers.table import DEFAULT_FORMATS
from netaudit.report.write import show_figures, write_document
from netaudit.text import printable

LARGEST = 100_000
"""Bytes of a chart: a page with ten of them still opens at once."""


@dataclass(frozen=True)
class StudyPage:
    """A study, ready to be laid out.

    Raises:
        ValueError: the stem is no plain file name.
    """

    stem: str
    """What its files are called: ``theory`` gives ``theory.html``, ``theory.pdf`` and ``theory.json``."""
    title: str
    subtitle: str
    description: str
    """One line about the document, for its metadata."""
    sections: tuple[Section, ...]
    """Not numbered yet; a chart is shown by :func:`netaudit.report.figures.lines.chart_figure`."""
    data: Mapping[str, Any]
    """Every number of the study, as JSON has them; ``versions.netaudit``, if there, stands on every page."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_-]+", self.stem):
            raise ValueError(f"study {self.stem!r}: the stem may hold a-z, 0-9, _ and - only")

    def to_json(self) -> str:
        """The data as JSON text (ASCII, two-space indent, one newline at the end).

        Raises:
            ValueError: a number is NaN or infinite.
        """
        return json.dumps(self.data, allow_nan=False, indent=2) + "\n"

    def document(self, *, draw: bool = True) -> Document:
        """What every renderer lays out: sections of plain strings, and the charts, drawn unless only text is wanted.

        Raises:
            ValueError: a number is NaN or infinite, or a chart is too large to be opened with ease.
        """
        text = self.to_json()
        version = printable(str(self.data.get("versions", {}).get("netaudit", "")), 40)
        fingerprint = sha256(text.encode("ascii")).hexdigest()[:12]
        footer = f"netaudit {version} · {self.stem}.json {fingerprint}".replace("  ", " ")
        sections = _cleaned(self.sections)
        title, subtitle, description = map(_cleaned, (self.title, self.subtitle, self.description))
        document = finish(
            Document(title, subtitle, sections, footer, description, json=text, stem=self.stem), draw=draw
        )
        for stem, svg in document.figures.items():
            if len(svg) > LARGEST:
                raise ValueError(f"chart {stem!r} takes {len(svg)} bytes, more than {LARGEST}: thin out its points")
        return document


def write_study(page: StudyPage, out: Path, formats: Collection[str] = DEFAULT_FORMATS) -> dict[str, Path]:
    """Write the study into the folder ``out``, which is made if need be; its JSON first.

    ``{stem}.html`` and ``{stem}.pdf`` (PDF/A-3a, PDF/UA-1, with the JSON attached) come with ``figures/*.svg``. The
    same page gives the same bytes.

    Returns:
        The path of each format, and ``figures`` (their folder) where there are some.

    Raises:
        ReportError: an unknown format, a PDF that cannot be made, or a file that cannot be written.
        ValueError: a number is NaN or infinite, or a chart is too large to be opened with ease.
    """
    return write_document(page.document(draw=show_figures(formats)), out, formats)


def _cleaned(value: Any) -> Any:
    """Every string made safe to print; a study's names come from people and files too."""
    if isinstance(value, str):
        return printable(value, len(value) * 10)  # an escape has ten characters at most: nothing is cut
    if isinstance(value, tuple):
        return tuple(map(_cleaned, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
    return value
