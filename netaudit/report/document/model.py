"""The report as plain strings: what both renderers print, and nothing that either may change.

Every visible word, number and symbol is made once, here and in the modules beside this one. The HTML and the PDF
templates only lay it out, so the two cannot come to say different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "strong", "soft", "name", "math", "holds", "fails", "undecided", "not_applicable"]
"""``name`` is untrusted text in a fixed-width face; ``soft`` stands back; ``math`` is a key of the formulas; a verdict
gives the colour of its word."""


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style."""

    text: str
    style: Style = "plain"
    link: str | None = None
    """Identifier of the section that it leads to."""


Runs = tuple[Run, ...]


@dataclass(frozen=True)
class Paragraph:
    """Running text; a warning is set in a box."""

    runs: Runs
    warning: bool = False
    kind: str = "paragraph"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[Runs, ...]
    kind: str = "items"


@dataclass(frozen=True)
class Equation:
    """A displayed formula, by its key."""

    formula: str
    kind: str = "equation"


@dataclass(frozen=True)
class Column:
    """A column's title, how its cells are set, and whether they are numbers (aligned right)."""

    title: str
    numeric: bool = False
    wide: bool = False
    """Shares the room that the others leave, and wraps its text."""


@dataclass(frozen=True)
class Table:
    """Cells under columns; the first column names its row."""

    caption: str
    """With its number; empty for a table that needs none."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Run, ...], ...]
    printed: tuple[int, ...] | None = None
    """The rows that go on paper, worst first; None for all."""
    printed_note: str = ""
    """Which rows the paper leaves out, in words."""
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """A reference to a drawn figure."""

    stem: str
    """Its file's name without ``.svg``."""
    caption: str
    alt: str
    """What the figure shows, in words and numbers."""
    kind: str = "figure"


@dataclass(frozen=True)
class Pair:
    """Figures or tables set two beside each other where there is room."""

    items: tuple[Figure | Table, ...]
    kind: str = "pair"


Block = Paragraph | Items | Equation | Table | Figure | Pair


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    identifier: str
    level: int
    """1 for a section, 2 for a part of one."""
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole report, ready to be laid out."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: str
    """The tool, its version and the fingerprint of the JSON."""
    description: str
    """One line about the document, for its metadata."""
