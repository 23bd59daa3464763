"""The JSON that a document was made from."""

from __future__ import annotations

from netaudit.report.document.model import Document


def render(document: Document) -> bytes:
    """The JSON text, which is ASCII."""
    return document.json.encode("ascii")
