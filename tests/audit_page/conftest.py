"""Reports and their documents, made once a session."""

from __future__ import annotations

import pytest
from synthetic.audits import document_of, hostile, report

from netaudit.report.document.model import Document
from netaudit.results import Report


@pytest.fixture(scope="session")
def typical() -> Report:
    """Three layers, as an audit of a small trained network gives them."""
    return report()


@pytest.fixture(scope="session")
def typical_document(typical: Report) -> Document:
    """Its document."""
    return document_of(typical)


@pytest.fixture(scope="session")
def hostile_document() -> Document:
    """The document of the hostile report."""
    return document_of(hostile())
