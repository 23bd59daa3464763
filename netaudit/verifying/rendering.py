"""Whether a page or a PDF shows what the JSON in it says: it is made again from that JSON and compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import unescape
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from netaudit.errors import ReportError
from netaudit.report.document.model import Document
from netaudit.report.made_with import made_with
from netaudit.report.renderers.html import to_html
from netaudit.report.renderers.pdf import to_pdf
from netaudit.report.write import figure_file
from netaudit.text import printable
from netaudit.verifying.carried import GENERATOR, LINK, ReportFile, pdf_content, read_part
from netaudit.verifying.check import Check, compared

_SHOWN = 60
"""Characters of a text that differs, in a message."""
_MOST_PAIRS = 250_000
"""Texts of one file times those of the other up to which every difference is looked for; the time grows with it."""
_TAG = re.compile(r"(<[^<>]*>)")  # no "<" within, so that a page of them costs no more than another
_NAME = re.compile(r"<(/?[^\s/>]+)")
_DRAWN = {"g", "path", "use", "defs", "clippath", "rect", "image", "title"}
"""The elements of our drawings."""


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
    if not differences and file.kind == "html" and _frame(file.content) != _frame(again):
        return Check(what, "differs", f"{alike}, but its layout or what cannot be seen in it is not")
    if differences or file.made_with != made_with():
        why = f"it was made with {printable(file.made_with, 80) or 'what it does not say'}, here is {made_with()}"
        return compared(what, differences, f"{alike}; its figures were not compared, since {why}")
    return Check(what, "differs", f"{alike}, but its figures, its layout or what cannot be seen in it are not")


def same_figures(folder: Path, document: Document, made: str) -> Check:
    """Compare the figures beside a report, which was made with ``made``, with those that its JSON gives."""
    what = "figures/"
    if made != made_with():
        wrote = f"they were made with {printable(made, 80)}, here is {made_with()}"
        return Check(what, "not checked", wrote if made else "no page beside them says what they were made with")
    drawn = {f"{stem}.svg": figure_file(svg) for stem, svg in document.figures.items()}
    found = {path.name: path for path in folder.iterdir()}
    differences = [f"{name} is missing" for name in drawn if name not in found]
    differences += [f"{printable(name, 80)} is none of this audit's" for name in sorted(found.keys() - drawn.keys())]
    differences += [f"{name} is another" for name in drawn if name in found and not _holds(found[name], drawn[name])]
    return compared(what, differences, f"{len(drawn)} figures are what the JSON gives, byte for byte")


def _holds(path: Path, content: bytes) -> bool:
    """Whether a file holds this; what is no file, or a longer one, does not."""
    try:
        return read_part(path, len(content)) == content
    except ReportError:
        return False


def _texts(file: ReportFile, content: bytes) -> list[str]:
    """The visible text, in pieces."""
    if file.kind == "html":
        parts = _parts(content)
        words = [part for tag, part in pairwise(["", *parts]) if part[:1] != "<" and _name(tag) != "style"]
        return [text for part in words if (text := " ".join(unescape(part).split()))]
    with TemporaryDirectory() as folder:
        path = Path(folder) / file.path.name
        path.write_bytes(content)
        pages = pdf_content(path, pages=True).pages
    return [line.strip() for page in pages for line in page.splitlines() if line.strip()]


def _parts(content: bytes) -> list[str]:
    """The tags of a page, and the texts between them; of a drawing no lines, which other versions draw otherwise."""
    made: list[str] = []
    drawing = False
    for part in _TAG.split(content.decode("utf-8", "replace")):
        name = _name(part)
        if not drawing:
            made.append(part if name != "svg" else "<svg>")
            drawing = name == "svg"
        elif name == "/svg":
            drawing = False
        elif part.strip() and name.removeprefix("/") not in _DRAWN:
            made.append(part)  # a browser shows a "<p>" in a drawing as a paragraph
    return made


def _name(part: str) -> str:
    """The name of a tag, with its slash; nothing of a text."""
    found = _NAME.match(part)
    return found[1].lower() if found else ""


def _frame(content: bytes) -> list[str]:
    """A page without its lines, what they were drawn with, and the packed JSON, which zlib's version changes."""
    return [LINK.sub("", GENERATOR.sub("", part)) for part in _parts(content)]


def _different(theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    """Where two sequences of texts differ, in words; all in one where they are long and differ from top to bottom."""
    start = _equal(theirs, ours)
    theirs, ours = theirs[start:], ours[start:]
    end = _equal(theirs[::-1], ours[::-1])
    theirs, ours = theirs[: len(theirs) - end], ours[: len(ours) - end]
    if len(theirs) * len(ours) > _MOST_PAIRS:
        return [f"in most of it, it says {_quoted(theirs)} where its JSON gives {_quoted(ours)}"]
    matcher = SequenceMatcher(None, theirs, ours, autojunk=False)
    return [
        f"it says {_quoted(theirs[a:b])} where its JSON gives {_quoted(ours[c:d])}"
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def _equal(ones: Sequence[str], others: Sequence[str]) -> int:
    """How many of the first texts are equal."""
    return next(
        (place for place, (one, other) in enumerate(zip(ones, others, strict=False)) if one != other),
        min(len(ones), len(others)),
    )


def _quoted(texts: Sequence[str]) -> str:
    return repr(printable(" ".join(texts[:_SHOWN]), _SHOWN)) if texts else "nothing"
