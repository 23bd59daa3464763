"""What every renderer takes: the document, its figures and the JSON, made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from netaudit.report.document.build import build_document
from netaudit.report.document.model import Document
from netaudit.report.figures.draw import draw_figures
from netaudit.report.plan import plan
from netaudit.results import AuditReport


@dataclass(frozen=True)
class Bundle:
    """One report, ready to be laid out."""

    document: Document
    figures: Mapping[str, str]
    """SVG text by the figure's stem."""
    json: str
    """The text of the JSON that all of it was made from."""
    stem: str = "audit"
    """What its files are called, without their endings."""


def prepare(report: AuditReport) -> Bundle:
    """Build the document and draw its figures."""
    planned, text = plan(report), report.to_json()
    fingerprint = sha256(text.encode("ascii")).hexdigest()
    return Bundle(build_document(report, planned, fingerprint), draw_figures(planned), text)
