"""The whole document of a comparison, section by section."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from netaudit.comparing.page.audits import audits
from netaudit.comparing.page.details import details
from netaudit.comparing.page.first import first_page, name_of
from netaudit.comparing.page.method import method, provenance
from netaudit.comparing.payload import Compared
from netaudit.report.document.finish import finish
from netaudit.report.document.model import Document
from netaudit.text import count, printable


def build_document(
    found: Compared,
    text: str,
    *,
    draw: bool = True,
    progress: Callable[[str, float, float], None] | None = None,
) -> Document:
    """Turn a comparison into the document that every renderer lays out; ``text`` is its JSON."""
    return finish(draft(found, text), draw=draw, progress=progress)


def draft(found: Compared, text: str) -> Document:
    """The same document without its numbers, and with figures that can still be drawn."""
    first, last = name_of(found, 0), name_of(found, found.pairs[-1].second)
    others = last if len(found.pairs) == 1 else f"{count(len(found.pairs), 'network')}"
    version = printable(found.versions.get("netaudit", ""), 40)
    fingerprint = sha256(text.encode("ascii")).hexdigest()
    return Document(
        title=f"{first} and {others} compared",
        subtitle="What is the same, what changed, and where",
        sections=(
            first_page(found),
            *(section for place in range(len(found.pairs)) for section in details(found, place)),
            *audits(found),
            method(),
            provenance(found, fingerprint),
        ),
        footer=f"netaudit {version} · compare.json {fingerprint[:12]}".replace("  ", " "),
        description=f"The fully connected layers of {first} and {others}, compared.",
        json=text,
        stem="compare",
    )
