"""The whole document of an audit, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.first_page import first_page
from netaudit.audit_page.glossary import glossary
from netaudit.audit_page.kinds import audited, in_general
from netaudit.audit_page.layers import layers
from netaudit.audit_page.method import formulas_of, method_on_page
from netaudit.audit_page.network import network, skipped
from netaudit.audit_page.presented import present
from netaudit.audit_page.provenance import provenance
from netaudit.report.document.finish import Progress, finish
from netaudit.report.document.model import Document
from netaudit.results.report import Report
from netaudit.text import printable


def build_document(
    report: Report, analyses: Sequence[Analysis], *, draw: bool = True, progress: Progress | None = None
) -> Document:
    """Turn a report into the document that every renderer lays out; the figures are drawn once for all of them.

    ``analyses`` present their own payloads; a payload of another is named as not installed.
    """
    return finish(draft(report, analyses), draw=draw, progress=progress)


def draft(report: Report, analyses: Sequence[Analysis]) -> Document:
    """The same document without its numbers, and with figures that can still be drawn."""
    text = report.json_text()
    fingerprint = sha256(text.encode("ascii")).hexdigest()
    presented = present(report, analyses)
    target = printable(report.target, 100)
    version = printable(report.provenance.versions.get("netaudit", ""), 40)
    return Document(
        title=f"Audit of {target}",
        subtitle=f"How random-like are its {in_general(report.layers)}, and can they be run in reverse?",
        sections=(
            first_page(presented),
            *layers(presented),
            *network(presented),
            skipped(report),
            glossary(),
            *method_on_page(presented.analyses),
            provenance(report, fingerprint),
        ),
        footer=f"netaudit {version} · audit.json {fingerprint[:12]}".replace("  ", " "),
        description=f"Audit of {target}: {audited(report.layers)}.",
        json=text,
        formulas=formulas_of(presented.analyses),
    )
