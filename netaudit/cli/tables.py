"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from netaudit.report.document.model import Document

STYLES: dict[str, str] = {
    "holds": "green",
    "undecided": "yellow",
    "fails": "red",
    "not_applicable": "dim",
    "soft": "dim",
    "strong": "bold",
}
"""Colours of the styles of a document; a verdict has its symbol and its word besides."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a closed pipe to the guard in main: Rich would exit with 1, which has a meaning here."""
        raise BrokenPipeError


def console() -> Console:
    """Standard output; wide enough for whole names when it is no terminal."""
    out = _Console(highlight=False)
    return out if out.is_terminal else _Console(highlight=False, width=160)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str | None = None) -> None:
    """Print a plain table; every string is shown as it is, never as markup."""
    table = Table(title=None if title is None else Text(title), box=None, title_justify="left", pad_edge=False)
    for header in headers:
        table.add_column(Text(header), overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    console().print(table)


def print_document(document: Document) -> None:
    """Print a document's first page, as the text format has it, with colours where the terminal has them."""
    from netaudit.report.renderers.text import text_lines

    out = console()
    for line in text_lines(document, out.width):
        out.print(Text.assemble(*((span.text, STYLES.get(span.style, "")) for span in line)), soft_wrap=True)
