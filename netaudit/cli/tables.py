"""Tables and reports on the terminal, in its width and its signs; elsewhere a row is one line, however long."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from netaudit.cli.signs import in_encoding
from netaudit.report.document.model import Column, Document, Span
from netaudit.report.document.numbering import plain_table
from netaudit.report.renderers.text import WIDTH, Layout, Line, table_lines, text_lines

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
    """Standard output; prose is folded in the middle of a page when it is no terminal."""
    out = _Console(highlight=False)
    if out.is_terminal and not out.is_dumb_terminal:
        return out
    if out.is_terminal:  # Rich takes every dumb one for one of 80 columns, unless both sizes are given
        return _Console(highlight=False, width=shutil.get_terminal_size().columns, height=out.height)
    return _Console(highlight=False, width=WIDTH)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str | Span]]) -> None:
    """Print a plain table; every string is shown as it is, never as markup."""
    cells = [tuple(cell if isinstance(cell, Span) else Span(cell) for cell in row) for row in rows]
    out = console()
    _print(out, table_lines(plain_table([Column(header) for header in headers], cells), _layout(out), titles=True))


def print_document(document: Document, *, every: bool = False) -> None:
    """Print a document's first page, as the text format has it, with colours where the terminal has them.

    ``every`` prints also what a page folds, such as the verdict on each of very many layers.
    """
    out = console()
    _print(out, text_lines(document, replace(_layout(out), all=every)))


def _layout(out: Console) -> Layout:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return Layout(out.width, out.width if out.is_terminal else None, lambda text: in_encoding(text, encoding))


def _print(out: Console, lines: Iterable[Line]) -> None:
    for line in lines:
        out.print(Text.assemble(*((span.text, STYLES.get(span.style, "")) for span in line)), soft_wrap=True)
