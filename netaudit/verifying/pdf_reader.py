"""What a PDF carries, read in a process of its own (see netaudit/formats/child.py): a report may be a stranger's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netaudit.errors import SourceError

ATTACHMENTS = ("audit.json", "compare.json")
"""What an audit and a comparison carry; one of them."""


@dataclass(frozen=True)
class Carried:
    """What is asked of a PDF."""

    json: str | None
    """The attachment; None without one."""
    made_with: str
    """What it says that it was made with."""
    pages: tuple[str, ...]
    """The text of each page, where it was asked for."""


def read(path: str, *, pages: bool) -> tuple[Carried, Callable[[str], Any]]:
    """Read the attachment, and the text of the pages where it is asked for.

    Raises:
        SourceError: it has several attachments of the name, or one that is no text.
    """
    import pypdf

    with Path(path).open("rb") as file:
        pdf = pypdf.PdfReader(file)
        attached = [each for name in ATTACHMENTS for each in pdf.attachments.get(name, [])]
        if len(attached) > 1:
            shown = " or ".join(ATTACHMENTS)
            raise SourceError(f"{Path(path).name}: {len(attached)} attachments are called {shown}")
        text = attached[0].decode("ascii") if attached else None
        made_with = str(pdf.metadata.get("/Keywords", "")) if pdf.metadata else ""
        texts = tuple(page.extract_text() for page in pdf.pages) if pages else ()
    return Carried(text, made_with, texts), _no_tensor


def _no_tensor(name: str) -> Any:
    raise KeyError(name)
