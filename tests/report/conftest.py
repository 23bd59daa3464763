"""Reports to lay out, made once a session, and readers of what comes out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from netaudit.report.bundle import Bundle, prepare
from readers import PageReader, squashed, text_of_pdf
from synthetic_reports import hostile, layer, many, report

from netaudit.results import AuditReport, LayerResult

Build = Callable[..., AuditReport]


@pytest.fixture(scope="session")
def read_page() -> Callable[[str], PageReader]:
    """Parse an HTML page; see :class:`PageReader`."""
    return PageReader


@pytest.fixture(scope="session")
def pdf_text() -> Callable[[bytes], str]:
    """The text of a PDF, squashed."""
    return text_of_pdf


@pytest.fixture(scope="session")
def squash() -> Callable[[str], str]:
    """Text without blanks."""
    return squashed


@pytest.fixture(scope="session")
def hostile_bundle(hostile_report: AuditReport) -> Bundle:
    """The hostile report, ready to be laid out."""
    return prepare(hostile_report)


@pytest.fixture(scope="session")
def typical_bundle(typical: AuditReport) -> Bundle:
    """The typical report, ready to be laid out."""
    return prepare(typical)


@pytest.fixture(scope="session")
def hostile_report() -> AuditReport:
    """See :func:`hostile`."""
    return hostile()


@pytest.fixture(scope="session")
def build() -> Build:
    """The builder of a small report; see :func:`report`."""
    return report


@pytest.fixture(scope="session")
def build_layer() -> Callable[..., LayerResult]:
    """The builder of a layer; see :func:`layer`."""
    return layer


@pytest.fixture(scope="session")
def build_many() -> Callable[[int], AuditReport]:
    """The builder of a report of many layers."""
    return many


@pytest.fixture(scope="session")
def typical() -> AuditReport:
    """Three layers, as an audit of a small trained network gives them."""
    return report()


@pytest.fixture(scope="session")
def run_python() -> Callable[[str], str]:
    """Run code in a fresh interpreter and return what it wrote, errors included."""

    def run(code: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    return run
