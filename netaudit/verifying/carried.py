"""The audit.json that a report carries: a PDF as an attachment, an HTML page packed in a link, or the file itself."""

from __future__ import annotations

import html
import re
import zlib
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netaudit.errors import ReportError, SourceError
from netaudit.files import in_words, require_regular
from netaudit.formats.child import Child
from netaudit.report.renderers.html import CARRIED
from netaudit.text import printable
from netaudit.verifying.pdf_reader import Carried

Kind = Literal["json", "html", "pdf"]
MOST_BYTES = 2**28
"""Of a report, and of the JSON in it: a network of 3,000 layers takes a tenth."""
LINK = re.compile(f'href="{re.escape(CARRIED)}([A-Za-z0-9+/=]*)"')
GENERATOR = re.compile(r'<meta name="generator" content="([^"]*)">')


@dataclass(frozen=True)
class ReportFile:
    """A report in one of its formats, and what it carries."""

    path: Path
    kind: Kind
    content: bytes
    json: str
    """The text of the JSON."""
    made_with: str = ""
    """What drew it, as it says itself."""

    @property
    def name(self) -> str:
        """The file's name, to print."""
        return printable(self.path.name, 80)


def open_report(path: Path) -> ReportFile:
    """Read a report and take the JSON out of it; its format is told by its first bytes.

    Raises:
        ReportError: it cannot be read, is no report, or carries no JSON.
    """
    shown = printable(path.name, 80)
    content = read_part(path, MOST_BYTES)
    start = content[:1024].lstrip().lower()
    if start.startswith(b"%pdf-"):
        found = pdf_content(path)
        if found.json is None:
            raise _carries_none(shown)
        return ReportFile(path, "pdf", content, found.json, found.made_with)
    if start.startswith(b"{"):
        return ReportFile(path, "json", content, _text(content, shown))
    if start.startswith(b"<!doctype html"):
        page = _text(content, shown)
        return ReportFile(path, "html", content, _packed(page, shown), _generator(page))
    raise ReportError(f"{shown}: neither an audit.json or compare.json, nor an HTML page or a PDF of one")


def read_part(path: Path, most: int) -> bytes:
    """The bytes of a file of a report; a pipe, which would wait for ever, is not opened.

    Raises:
        ReportError: it is no regular file, has more than ``most`` bytes, or cannot be read.
    """
    try:
        require_regular(path)
        with path.open("rb") as file:
            content = file.read(most + 1)
    except SourceError as error:
        raise ReportError(str(error)) from error
    except OSError as error:
        raise ReportError(f"{printable(str(path))}: cannot be read: {in_words(error)}") from error
    if len(content) > most:
        raise ReportError(f"{printable(path.name, 80)}: it has more than {most:,} bytes, and no report has so many")
    return content


def pdf_content(path: Path, *, pages: bool = False) -> Carried:
    """What a PDF carries, with the text of its pages where it is asked for.

    Raises:
        ReportError: pypdf is not installed, or it cannot read the file.
    """
    from importlib.util import find_spec

    shown = printable(path.name, 80)
    if find_spec("pypdf") is None:
        raise ReportError(f"{shown}: a PDF is read with pypdf", hint="pip install 'netaudit-dnn[verify]'")
    child = Child("netaudit.verifying.pdf_reader:read", "pypdf", shown, {"path": str(path), "pages": pages})
    try:
        return child.describe(Carried)
    except SourceError as error:
        raise ReportError(str(error)) from error


def _packed(page: str, shown: str) -> str:
    links = LINK.findall(page)
    if not links:
        raise _carries_none(shown)
    if len(links) > 1:
        raise ReportError(f"{shown}: it carries {len(links)} audits, and only one of them can be the one that it shows")
    try:
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        text = unpacker.decompress(b64decode(links[0], validate=True), MOST_BYTES)
    except (ValueError, zlib.error) as error:
        raise ReportError(f"{shown}: the audit that it carries is damaged") from error
    if not unpacker.eof or unpacker.unused_data:
        raise ReportError(f"{shown}: the audit that it carries is damaged or too large")
    return _text(text, shown)


def _generator(page: str) -> str:
    found = GENERATOR.search(page)
    return html.unescape(found[1]) if found else ""


def _text(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReportError(f"{shown}: not UTF-8 text") from error


def _carries_none(shown: str) -> ReportError:
    return ReportError(
        f"{shown}: it carries no audit.json or compare.json, so that nothing in it can be checked",
        hint="netaudit puts one into every page and every PDF: was it printed or saved by another program?",
    )
