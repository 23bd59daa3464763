"""Paragraphs, lists and formulas of a document in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netaudit.report.document.formulas import Formula
from netaudit.report.document.model import Block, Equation, Items, Paragraph, Span
from netaudit.report.latex.escape import broken, escaped, name, spelt

LONG_WORD = 18
"""Characters of a word in running text, without a place to break, that no line must be asked to hold."""


def spans_latex(spans: Iterable[Span], formulas: Mapping[str, Formula]) -> str:
    """A stretch of running text."""
    return "".join(span_latex(span, formulas) for span in spans)


def span_latex(span: Span, formulas: Mapping[str, Formula]) -> str:
    """One span; colours are left to the words, which say the same."""
    match span.style:
        case "math":
            return f"${formulas[span.text].latex}$"
        case "strong":
            return f"\\textbf{{{words(span.text)}}}"
        case "name":
            return name(span.text)
        case _:
            return words(span.text)


def words(text: str, longest: int = LONG_WORD) -> str:
    """Text with places to break in words that are too long for a line."""
    text = spelt(text)
    return "".join(broken(piece, longest // 2) if len(piece) > longest else escaped(piece) for piece in _pieces(text))


def blocks_latex(blocks: Iterable[Block], formulas: Mapping[str, Formula]) -> list[str]:
    """Paragraphs, lists and displayed formulas; tables and figures have files of their own and are left out."""
    made = []
    for block in blocks:
        match block:
            case Paragraph():
                made.append(spans_latex(block.spans, formulas))
            case Items():
                items = "\n".join(f"  \\item {spans_latex(item, formulas)}" for item in block.items)
                made.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
            case Equation():
                made.append(f"\\[ {formulas[block.formula].latex} \\]")
            case _:
                pass
    return made


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for c in text:
        if pieces and c.isspace() == pieces[-1].isspace():
            pieces[-1] += c
        else:
            pieces.append(c)
    return pieces
