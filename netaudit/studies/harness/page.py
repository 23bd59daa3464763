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

from netaudit.report.bundle import Bundle
from netaudit.report.chart import Chart
from netaudit.report.document.model import Block, Document, Figure, Pair, Section
from netaudit.report.figures.draw import draw_charts
from netaudit.report.write import FORMATS, write_formats
from netaudit.text import printable


@dataclass(frozen=True)
class StudyPage:
    """A study, ready to be laid out.

    Raises:
        ValueError: the stem is no plain file name, or the figures of the sections are not the charts.
    """

    stem: str
    """What its files are called: ``theory`` gives ``theory.html``, ``theory.pdf`` and ``theory.json``."""
    title: str
    subtitle: str
    description: str
    """One line about the document, for its metadata."""
    sections: tuple[Section, ...]
    charts: tuple[Chart, ...]
    """Each is shown where a section has its figure, see :meth:`.document.numbering.Numbering.chart`."""
    data: Mapping[str, Any]
    """Every number of the study, as JSON has them; ``versions.netaudit``, if there, stands on every page."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_-]+", self.stem):
            raise ValueError(f"study {self.stem!r}: the stem may hold a-z, 0-9, _ and - only")
        shown = [stem for section in self.sections for block in section.blocks for stem in _stems(block)]
        drawn = [chart.stem for chart in self.charts]
        if sorted(shown) != sorted(drawn):
            raise ValueError(f"study {self.stem!r} shows the figures {shown} and has the charts {drawn}")

    def to_json(self) -> str:
        """The data as JSON text (ASCII, two-space indent, one newline at the end).

        Raises:
            ValueError: a number is NaN or infinite.
        """
        return json.dumps(self.data, allow_nan=False, indent=2) + "\n"


def write_study(page: StudyPage, out: Path, formats: Collection[str] = FORMATS) -> dict[str, Path]:
    """Write the study into the folder ``out``, which is made if need be; its JSON last, once the rest is complete.

    ``{stem}.html`` and ``{stem}.pdf`` (PDF/A-3a, PDF/UA-1, with the JSON attached) come with ``figures/*.svg``. The
    same page gives the same bytes.

    Returns:
        The path of each format, and ``figures`` (their folder) where there are some.

    Raises:
        ReportError: an unknown format, a PDF that cannot be made, or a file that cannot be written.
        ValueError: a number is NaN or infinite, or a chart is too large to be opened with ease.
    """
    return write_formats(page.stem, out, formats, page.to_json, lambda: prepare_study(page))


def prepare_study(page: StudyPage) -> Bundle:
    """Draw the charts and put the page into the form that both renderers take."""
    text = page.to_json()
    version = printable(str(page.data.get("versions", {}).get("netaudit", "")), 40)
    fingerprint = sha256(text.encode("ascii")).hexdigest()[:12]
    footer = f"netaudit {version} · {page.stem}.json {fingerprint}".replace("  ", " ")
    document = _cleaned(Document(page.title, page.subtitle, page.sections, footer, page.description))
    return Bundle(document, draw_charts(page.charts), text, page.stem)


def _cleaned(value: Any) -> Any:
    """Every string made safe to print; a study's names come from people and files too."""
    if isinstance(value, str):
        return printable(value, len(value) * 10)  # an escape has ten characters at most: nothing is cut
    if isinstance(value, tuple):
        return tuple(map(_cleaned, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
    return value


def _stems(block: Block) -> list[str]:
    items = block.items if isinstance(block, Pair) else (block,)
    return [item.stem for item in items if isinstance(item, Figure)]
