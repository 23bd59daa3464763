"""Every format of a report: an explicit list. A renderer knows the document alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    render: Callable[[Document], bytes | Mapping[str, bytes]]
    """The content of its file; of a format with a folder, that of each file by its path there."""
    says: str
    """What it is, for ``--help`` and the documentation."""
    shows_figures: bool = False
    """Whether it comes with the figures as files of their own."""
    by_default: bool = True
    """Whether it is written where the user names no format."""
    folder: str = ""
    """Of a format of several files, the folder that they lie in, beside the other formats."""
    only: tuple[str, ...] = ()
    """Stems of the documents that bring it along, since it is made from their numbers; empty where any page has it."""

    def place(self, stem: str) -> str:
        """Its file or folder in the folder of a report.

        >>> Renderer("html", ".html", lambda document: b"", "a page").place("audit")
        'audit.html'
        """
        return self.folder or f"{stem}{self.suffix}"

    def sign(self, stem: str) -> str:
        """The file by which a report is known to be there in this format."""
        return f"{self.folder}/{MANIFEST}" if self.folder else self.place(stem)


MANIFEST = "MANIFEST.txt"
"""In the folder of a format of several files: a line ``sha256  path`` a file, as ``sha256sum`` prints it."""


_HERE = "netaudit.report.renderers"
RENDERERS: tuple[Renderer, ...] = (
    Renderer("html", ".html", lazily(f"{_HERE}.html:render"), "one page without scripts", shows_figures=True),
    Renderer("pdf", ".pdf", lazily(f"{_HERE}.pdf:to_pdf"), "a PDF/A with the JSON attached", shows_figures=True),
    Renderer("text", ".txt", lazily(f"{_HERE}.text:render"), "page one, as the terminal prints it", by_default=False),
    Renderer(
        "latex", "", lazily(f"{_HERE}.bundled:latex"), "for a paper: tables, figures, macros, methods, references",
        by_default=False, folder="paper", only=("audit", "compare"),
    ),
    Renderer(
        "csv", "", lazily(f"{_HERE}.bundled:csv"), "every number as tables: layers.csv, metrics.csv, network.csv",
        by_default=False, folder="csv", only=("audit",),
    ),
    Renderer(
        "parquet", "", lazily(f"{_HERE}.bundled:parquet"), "the same tables as Parquet; needs the extra `parquet`",
        by_default=False, folder="parquet", only=("audit",),
    ),
    Renderer(
        "card", ".card.md", lazily(f"{_HERE}.bundled:card"), "a section for a model card, with YAML",
        by_default=False, only=("audit",),
    ),
    Renderer("json", ".json", lazily(f"{_HERE}.json:render"), "every number"),
)  # fmt: skip
FORMATS: tuple[str, ...] = tuple(renderer.name for renderer in RENDERERS)
DEFAULT_FORMATS: tuple[str, ...] = tuple(renderer.name for renderer in RENDERERS if renderer.by_default)
PAGE_FORMATS: tuple[str, ...] = tuple(renderer.name for renderer in RENDERERS if not renderer.only)
"""The formats of any document, such as that of a study."""
COMPARE_FORMATS: tuple[str, ...] = tuple(each.name for each in RENDERERS if not each.only or "compare" in each.only)
"""Those of a comparison."""
