"""The report as plain strings: what every renderer prints, and nothing that any of them may change.

Every visible word, number and symbol is made once, before a renderer sees it. The templates only lay the document out,
so that two formats cannot come to say different things. Tables, figures and sections are written without numbers;
:func:`netaudit.report.document.numbering.number_sections` numbers them in the order in which they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from netaudit.report.document.formulas import Formula

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

Style = Literal["plain", "strong", "soft", "name", "math", "holds", "fails", "undecided", "not_applicable"]
"""``name`` is untrusted text in a fixed-width face; ``soft`` stands back; ``math`` is a key of the formulas; a verdict
gives the colour of its word."""


@dataclass(frozen=True)
class Span:
    """A stretch of text in one style."""

    text: str
    style: Style = "plain"
    link: str | None = None
    """Identifier of the section that it leads to."""


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Paragraph:
    """Running text; a warning is set in a box."""

    spans: Spans
    warning: bool = False
    kind: str = "paragraph"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[Spans, ...]
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
    """Empty for a table that belongs to its heading and needs neither caption nor number."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Span, ...], ...]
    printed: tuple[int, ...] | None = None
    """The rows that go on paper, worst first; None for all."""
    printed_note: str = ""
    """Which rows the paper leaves out, in words."""
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """A figure: what it is called, what it says, and how it is drawn."""

    stem: str
    """Its file's name without ``.svg``: lower-case letters, digits and ``_``, never made from a layer's name."""
    caption: str
    alt: str
    """The caption, followed by what an eye would take from the figure, in words and numbers."""
    draw: Callable[[Canvas], Any] | None = field(default=None, compare=False, repr=False)
    """Draws on an empty Matplotlib figure; None once it is drawn."""
    wide: bool = False
    """Takes the whole width of the text; a narrow screen scrolls it."""
    kind: str = "figure"


@dataclass(frozen=True)
class Pair:
    """Figures or tables set two beside each other where there is room."""

    items: tuple[Figure | Table | Paragraph, ...]
    """A paragraph stands in the place of a figure that could not be drawn."""
    kind: str = "pair"


Bundles = Mapping[str, Callable[[], Mapping[str, bytes]]]
"""By the name of a format, what makes its files: the content of each by its path in the format's folder, with ``/``."""

Foldable = Paragraph | Items | Equation | Table | Figure | Pair
"""What may be folded."""


@dataclass(frozen=True)
class Details:
    """What few readers need: folded under its title on a page, and left out on paper and in the terminal."""

    title: str
    blocks: tuple[Foldable, ...]
    in_text: bool = False
    """Whether plain text has it all the same: it says what a picture shows elsewhere."""
    kind: str = "details"


Block = Foldable | Details


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    identifier: str
    """Where links lead: letters, digits and ``-``."""
    level: int
    """1 for a section, 2 for a part of one."""
    title: str
    blocks: tuple[Block, ...]
    numbered: bool = True
    new_page: bool = False
    """Whether it begins on a page of its own on paper."""
    small: bool = False
    """Whether paper sets it in small type."""
    also: tuple[str, ...] = ()
    """Other identifiers whose links lead here, such as those of its parts."""


@dataclass(frozen=True)
class Document:
    """A whole report, numbered and drawn: all that a renderer needs to know."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: str
    """The tool, its version and the fingerprint of the JSON."""
    description: str
    """One line about the document, for its metadata."""
    json: str
    """The text of the JSON that all of it was made from."""
    stem: str = "audit"
    """What its files are called, without their suffixes."""
    figures: Mapping[str, str] = field(default_factory=dict)
    """SVG text by the figure's stem."""
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    """Every formula that the sections name, by its key."""
    faults: tuple[str, ...] = ()
    """What could not be drawn and why, in sentences, which page one has, too."""
    bundles: Bundles = field(default_factory=dict, compare=False, repr=False)
    """Formats that are made from the numbers and not from this page, by their names: see :data:`Bundles`."""


@dataclass(frozen=True)
class Presentation:
    """What an analysis says of one payload. The page of the audit puts the parts in their places."""

    line: str = ""
    """Its line on page one: a whole sentence; empty for none."""
    question: str = ""
    """Of an analysis of the network: the question of page one that its line answers, such as "Run in reverse"; lines
    without one follow the picture."""
    headline: str = ""
    """Of an analysis of the network: what page one says first, before how much was audited; empty for none."""
    facts: tuple[tuple[str, str], ...] = ()
    """Of an analysis of the network: rows (name, value) of the table that page one ends with."""
    warnings: tuple[str, ...] = ()
    """Sentences that are set in a box."""
    explanation: tuple[Spans, ...] = ()
    """Items of the list that says why, such as a verdict with its rule. What an item ends with in ``soft`` spans, a
    page folds and paper leaves out."""
    figures: tuple[Figure, ...] = ()
    """Set side by side. The page puts the layer's number in front of a stem."""
    tables: tuple[Table, ...] = ()
    """Set side by side with those of the other analyses."""
    blocks: tuple[Block, ...] = ()
    """What takes the full width, in its order."""


@dataclass(frozen=True)
class Method:
    """An analysis' part of the method: the same in every report."""

    blocks: tuple[str | Block, ...]
    """Strings are prose, with ``{key}`` for a formula and ``*word*`` for emphasis."""
    references: tuple[str, ...] = ()
    formulas: Mapping[str, Formula] = field(default_factory=dict)
    """Formulas that the shared ones do not have, by key."""
    sentence: str = ""
    """What a paper says of it: a sentence or two, in the past tense and in plain words. ``[@lilliefors1967]`` or
    ``[@tracy1996; @ma2012]`` cites references by the family name of the first author and the year."""
    exceptions: Callable[[Any], Sequence[str]] | None = field(default=None, compare=False)
    """From a payload to what a paper must say of its layer alone: clauses after "For 3 of 96 layers"."""


def figures_of(sections: Sequence[Section]) -> list[Figure]:
    """The figures of some sections, in their order."""
    return [figure for section in sections for block in section.blocks for figure in figures_in(block)]


def figures_in(block: Block) -> list[Figure]:
    """The figures of a block, those that are folded among them."""
    if isinstance(block, Details):
        return [figure for item in block.blocks for figure in figures_in(item)]
    items = block.items if isinstance(block, Pair) else (block,)
    return [item for item in items if isinstance(item, Figure)]
