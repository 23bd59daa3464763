"""Text of a paper that is written once, and set in LaTeX and in Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from netaudit.paper.macros import Macro
from netaudit.report.document import markdown
from netaudit.report.document.formulas import Formula
from netaudit.report.document.prose import prose
from netaudit.report.latex.spans import words


@dataclass(frozen=True)
class Piece:
    """A stretch of text."""

    kind: Literal["text", "math", "macro", "cite"]
    text: str
    """Words; the key of a formula; the name of a macro without its prefix; keys of citations, separated by commas."""


Pieces = tuple[Piece, ...]


def template(
    text: str, own: Mapping[str, Formula] | None = None, cite: Callable[[Sequence[str]], Sequence[str]] | None = None
) -> Pieces:
    """Our own text with ``{key}`` for a formula, ``<Name>`` for a macro and ``[@key; @key]`` for citations.

    ``cite`` turns the keys of the text into those of the .bib file. Never for text from a file.

    Raises:
        KeyError: no such formula.
    """
    pieces: list[Piece] = []
    for span in prose(text, own):
        if span.style == "math":
            pieces.append(Piece("math", span.text))
            continue
        for part in re.split(r"( ?\[@[^]]+\]|<[A-Za-z]+>)", span.text):
            if part.lstrip().startswith("[@"):
                cited = [key.strip().removeprefix("@") for key in part.strip()[1:-1].split(";")]
                pieces.append(Piece("cite", ",".join(cite(cited) if cite else cited)))
            elif part.startswith("<"):
                pieces.append(Piece("macro", part[1:-1]))
            elif part:
                pieces.append(Piece("text", part))
    return tuple(pieces)


def to_latex(pieces: Pieces, formulas: Mapping[str, Formula], found: Mapping[str, Macro]) -> str:
    """The text with macros for its numbers."""
    made: dict[str, Callable[[str], str]] = {
        "text": words,
        "math": lambda key: f"${formulas[key].latex}$",
        "macro": lambda name: f"\\{found[name].name}{{}}",
        "cite": lambda keys: f"~\\cite{{{keys}}}",
    }
    return "".join(made[piece.kind](piece.text) for piece in pieces)


def to_markdown(pieces: Pieces, formulas: Mapping[str, Formula], found: Mapping[str, Macro]) -> str:
    """The text with the numbers themselves, and citations as Pandoc takes them."""
    made: dict[str, Callable[[str], str]] = {
        "text": markdown.escaped,
        "math": lambda key: f"${formulas[key].latex}$",
        "macro": lambda name: markdown.escaped(found[name].text),
        "cite": lambda keys: f" [{'; '.join(f'@{key}' for key in keys.split(','))}]",
    }
    return "".join(made[piece.kind](piece.text) for piece in pieces)
