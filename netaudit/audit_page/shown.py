"""What an analysis shows, looked over before it is taken into the document: one bad row would end the whole report."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, get_args

from netaudit.analyses.analysis import Analysis
from netaudit.report.document.formulas import formulas
from netaudit.report.document.model import (
    Block,
    Details,
    Equation,
    Figure,
    Items,
    Pair,
    Paragraph,
    Presentation,
    Span,
    Style,
    Table,
)

_SECTIONS = frozenset({"summary", "layers", "network", "skipped", "method", "provenance", "references"})
"""Sections of every audit, which an analysis may refer to beside its own part of the method."""


def checked(part: Presentation, analysis: Analysis) -> Presentation:
    """The presentation, if every renderer can lay it out.

    Raises:
        TypeError, ValueError: it cannot be laid out, with the first reason.
    """
    if not isinstance(part, Presentation):
        raise TypeError(f"present gives a {type(part).__name__}, not a Presentation")
    own = {} if analysis.method is None else analysis.method().formulas
    name = analysis.name.replace("_", "-")
    links = {*_SECTIONS, *((f"method-{name}", f"method-network-{name}") if analysis.method else ())}
    for text in (part.line, part.headline, *part.warnings, *(word for fact in part.facts for word in fact)):
        _text(text)
    _check_spans(part.explanation, {**formulas(), **own}, links)
    stems: list[str] = []
    for block in (*part.figures, *part.tables, *part.blocks):
        stems += _check_block(block, {**formulas(), **own}, links)
    if twice := [stem for stem in stems if stems.count(stem) > 1]:
        raise ValueError(f"two figures are called {twice[0]!r}")
    return part


def _check_block(block: Block, known: Collection[str], links: Collection[str]) -> Iterator[str]:
    """Check a block; gives the stems of its figures."""
    match block:
        case Figure():
            if not re.fullmatch(r"[a-z0-9_]+", _text(block.stem)):
                raise ValueError(f"figure {block.stem!r}: the stem may hold a-z, 0-9 and _ only")
            _text(block.caption), _text(block.alt)
            yield block.stem
        case Table():
            _text(block.caption), _text(block.printed_note)
            if any(len(row) != len(block.columns) for row in block.rows):
                raise ValueError(f"a row has not the {len(block.columns)} cells of its table")
            if any(not 0 <= row < len(block.rows) for row in block.printed or ()):
                raise ValueError("a printed row is not in its table")
            for column in block.columns:
                _text(column.title)
            _check_spans(block.rows, known, links)
        case Paragraph():
            _check_spans([block.spans], known, links)
        case Items():
            _check_spans(block.items, known, links)
        case Equation():
            _known(block.formula, known)
        case Pair():
            for item in block.items:
                yield from _check_block(item, known, links)
        case Details():
            _text(block.title)
            for part in block.blocks:
                yield from _check_block(part, known, links)
        case _:
            raise TypeError(f"a {type(block).__name__} is no block of a document")


def _check_spans(rows: Iterable[Iterable[Any]], known: Collection[str], links: Collection[str]) -> None:
    for row in rows:
        for span in row:
            if not isinstance(span, Span):
                raise TypeError(f"a {type(span).__name__} is no Span")
            if span.style not in get_args(Style):
                raise ValueError(f"there is no style {span.style!r}")
            if span.style == "math":
                _known(span.text, known)
            if span.link is not None and span.link not in links:
                raise ValueError(f"a link leads to {span.link!r}, which is not there")
            _text(span.text)


def _known(formula: str, known: Collection[str]) -> None:
    if formula not in known:
        raise ValueError(f"there is no formula {formula!r}")


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a text is of type {type(text).__name__}")
    return text
