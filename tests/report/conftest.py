"""Documents to lay out, made once a session, and readers of what comes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from readers import PageReader, squashed, text_of_pdf
from synthetic_documents import HOSTILE, document

from netaudit.report.document.model import Document


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
def typical() -> Document:
    """A document with every kind of block."""
    return document()


@pytest.fixture(scope="session")
def hostile() -> Document:
    """The same about names that want to be markup."""
    return document(*HOSTILE)
