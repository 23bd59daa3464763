"""Formats that are made from the numbers of a document, and not from its page: what made the document brings them."""

from __future__ import annotations

from collections.abc import Mapping

from netaudit.errors import ReportError
from netaudit.report.document.model import Document


def latex(document: Document) -> Mapping[str, bytes]:
    """The bundle for a paper."""
    return _bundle(document, "latex")


def csv(document: Document) -> Mapping[str, bytes]:
    """The numbers as CSV."""
    return _bundle(document, "csv")


def parquet(document: Document) -> Mapping[str, bytes]:
    """The numbers as Parquet."""
    return _bundle(document, "parquet")


def card(document: Document) -> bytes:
    """The section of a model card."""
    [content] = _bundle(document, "card").values()
    return content


def _bundle(document: Document, name: str) -> Mapping[str, bytes]:
    if name not in document.bundles:
        raise ReportError(f"format {name}: {document.title!r} does not have it")
    return document.bundles[name]()
