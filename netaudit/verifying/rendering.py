"""Whether a page or a PDF shows what the JSON in it says: it is made again from that JSON and compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

from netaudit.report.document.model import Document
from netaudit.report.made_with import made_with
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.pdf import to_pdf
from netaudit.report.write import figure_file
from netaudit.text import printable
from netaudit.verifying.carried import ReportFile, pdf_content
from netaudit.verifying.check import Check, compared

_SHOWN = 60
"""Characters of a text that differs, in a message."""
_SILENT = re.compile(r"<(style|svg)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def shows(file: ReportFile, document: Document) -> Check:
    """Compare a report with what its own JSON gives.

    Equal bytes are asked for where it was made with the versions that are installed here. Other versions draw other
    lines, so that only the words and the numbers are compared then.
    """
    what = f"{file.name}: what it shows"
    again = to_html(document).encode("utf-8") if file.kind == "html" else to_pdf(document)
    if again == file.content:
        return Check(what, "same", "words, numbers and figures are what its JSON gives, byte for byte")
    theirs, ours = _texts(file, file.content), _texts(file, again)
    differences = _different(theirs, ours)
    alike = "the words and numbers are what its JSON gives"
    if differences or file.made_with != made_with():
        why = f"it was made with {printable(file.made_with, 80) or 'what it does not say'}, here is {made_with()}"
        return compared(what, differences, f"{alike}; its figures were not compared, since {why}")
    return Check(what, "differs", f"{alike}, but its figures, its layout or what cannot be seen in it are not")


def same_figures(folder: Path, document: Document, made: str) -> Check:
    """Compare the figures beside a report, which was made with ``made``, with those that its JSON gives."""
    what = "figures/"
    if made != made_with():
        return Check(what, "not checked", f"they were made with {printable(made, 80) or 'what nothing says'}")
    drawn = {f"{stem}.svg": figure_file(svg) for stem, svg in document.figures.items()}
    found = {path.name: path for path in folder.iterdir()}
    differences = [f"{name} is missing" for name in drawn if name not in found]
    differences += [f"{printable(name, 80)} is none of this audit's" for name in sorted(found.keys() - drawn.keys())]
    differences += [f"{name} is another" for name in drawn if name in found and found[name].read_bytes() != drawn[name]]
    return compared(what, differences, f"{len(drawn)} figures are what the JSON gives, byte for byte")


def _texts(file: ReportFile, content: bytes) -> list[str]:
    """The visible text, in pieces."""
    if file.kind == "html":
        page = _SILENT.sub(" ", content.decode("utf-8", "replace"))
        return [piece for part in _TAG.split(page) if (piece := " ".join(unescape(part).split()))]
    with TemporaryDirectory() as folder:
        path = Path(folder) / file.path.name
        path.write_bytes(content)
        pages = pdf_content(path, pages=True).pages
    return [line.strip() for page in pages for line in page.splitlines() if line.strip()]


def _different(theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Where two sequences of texts differ, in words."""
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    return [
        f"it says {_quoted(theirs[a:b])} where its JSON gives {_quoted(ours[c:d])}"
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def _quoted(texts: Sequence[str]) -> str:
    return repr(printable(" ".join(texts), _SHOWN)) if texts else "nothing"
