"""Every format of a report: an explicit list. A renderer knows the document alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaudit.lazy import lazily

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


_HERE = "netaudit.report.renderers"

RENDERERS: tuple[Renderer, ...] = (
    Renderer("html", ".html", lazily(f"{_HERE}.html:render"), "one page without scripts", shows_figures=True),
    Renderer("pdf", ".pdf", lazily(f"{_HERE}.pdf:to_pdf"), "a PDF/A with the JSON attached", shows_figures=True),
    Renderer("text", ".txt", lazily(f"{_HERE}.text:render"), "page one, as the terminal prints it", by_default=False),
    Renderer("json", ".json", lazily(f"{_HERE}.json:render"), "every number"),
)
FORMATS: tuple[str, ...] = tuple(renderer.name for renderer in RENDERERS)
DEFAULT_FORMATS: tuple[str, ...] = tuple(renderer.name for renderer in RENDERERS if renderer.by_default)
