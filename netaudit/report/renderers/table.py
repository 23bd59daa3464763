"""Every format of a report: an explicit list. A renderer knows the document alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netaudit.report.document.model import Document


@dataclass(frozen=True)
class Renderer:
    """One format."""

    name: str
    """As in ``--format``."""
    suffix: str
    """Of its file, with the dot."""
    render: Callable[[Document], bytes]
    says: str
    """What it is, for ``--help`` and the documentation."""
    shows_figures: bool = False
    """Whether it comes with the figures as files of their own."""
    by_default: bool = True
    """Whether it is written where the user names no format."""


def _html(document: Document) -> bytes:
    from netaudit.report.renderers.html import to_html

    return to_html(document).encode("utf-8")


def _pdf(document: Document) -> bytes:
    from netaudit.report.renderers.pdf import to_pdf

    return to_pdf(document)


def _text(document: Document) -> bytes:
    from netaudit.report.renderers.text import to_text

    return to_text(document).encode("utf-8")


def _json(document: Document) -> bytes:
    return document.json.encode("ascii")


RENDERERS: tuple[Renderer, ...] = (
    Renderer("html", ".html", _html, "one page without scripts", shows_figures=True),
    Renderer("pdf", ".pdf", _pdf, "PDF/A-3a and PDF/UA-1, with the JSON attached", shows_figures=True),
    Renderer("text", ".txt", _text, "the first page as plain text, as the terminal prints it", by_default=False),
    Renderer("json", ".json", _json, "every number"),  # last: where it is, the rest is complete
)
FORMATS: tuple[str, ...] = tuple(renderer.name for renderer in RENDERERS)
DEFAULT_FORMATS: tuple[str, ...] = tuple(renderer.name for renderer in RENDERERS if renderer.by_default)
