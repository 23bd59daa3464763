"""The whole document, section by section."""

from __future__ import annotations

from netaudit.report.document.first_page import first_page
from netaudit.report.document.layer import layers
from netaudit.report.document.method import method
from netaudit.report.document.model import Document
from netaudit.report.document.numbering import Numbering
from netaudit.report.document.provenance import provenance
from netaudit.report.document.stack import skipped, stack
from netaudit.report.document.units import hidden_units
from netaudit.report.plan import Plan
from netaudit.results import AuditReport
from netaudit.text import count, printable


def build_document(report: AuditReport, plan: Plan, json_sha256: str) -> Document:
    """Turn a result into the strings that both renderers lay out.

    Args:
        report: the result.
        plan: its figures, from :func:`netaudit.report.plan.plan`.
        json_sha256: hex SHA-256 of audit.json; its first 12 digits are the fingerprint on every page.
    """
    numbering = Numbering()
    target = printable(report.target, 100)
    version = printable(report.provenance.versions.get("netaudit", ""))
    return Document(
        title=f"Audit of {target}",
        subtitle="How random-like are its fully connected layers, and can they be run in reverse?",
        sections=(
            first_page(report, plan, numbering),
            *layers(report, plan, numbering),
            stack(report, plan, numbering),
            hidden_units(report, plan, numbering),
            skipped(report, numbering),
            *method(),
            provenance(report, json_sha256, numbering),
        ),
        footer=f"netaudit {version} · audit.json {json_sha256[:12]}".replace("  ", " "),
        description=f"Audit of {target}: {count(len(report.layers), 'fully connected layer')}.",
    )
