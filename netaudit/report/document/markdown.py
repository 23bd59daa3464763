"""Parts of a document as Markdown, with formulas as GitHub takes them: for the pages in docs/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from netaudit.report.document.formulas import Formula, formulas
from netaudit.report.document.model import Block, Details, Equation, Items, Paragraph, Section, Span, Table


def section_markdown(section: Section, level: int, own: Mapping[str, Formula] | None = None) -> str:
    """A section under a heading of the ``level``-th order; ``own`` holds formulas beside the shared ones.

    Raises:
        ValueError: a block that has no form in Markdown, such as a figure.
    """
    known = {**formulas(), **(own or {})}
    return "\n\n".join([f"{'#' * level} {escaped(section.title)}", *(_block(block, known) for block in section.blocks)])


def table_markdown(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are Markdown already.

    >>> print(table_markdown(["name", "value"], [["a|b", "1"]]))
    | name | value |
    | --- | --- |
    | a\\|b | 1 |
    """
    titles = list(columns)
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    r"""Plain text with the characters escaped that Markdown would take for its own.

    >>> escaped("mp_softrank, 2 * 3 and $4")
    'mp\\_softrank, 2 \\* 3 and \\$4'
    """
    return re.sub(r"([\\`*_<\[\]$])", r"\\\1", text)


def _block(block: Block, known: Mapping[str, Formula]) -> str:
    match block:
        case Paragraph():
            return _spans(block.spans, known)
        case Items():
            return "\n".join(f"- {_spans(item, known)}" for item in block.items)
        case Equation():
            return f"```math\n{known[block.formula].latex}\n```"
        case Table():
            rows = [[_spans((cell,), known) for cell in row] for row in block.rows]
            return table_markdown([escaped(column.title) for column in block.columns], rows)
        case Details():
            return "\n\n".join(_block(item, known) for item in block.blocks)
        case _:
            raise ValueError(f"a {block.kind} has no form in Markdown")


def _spans(spans: Iterable[Span], known: Mapping[str, Formula]) -> str:
    return "".join(_span(span, known) for span in spans)


def _span(span: Span, known: Mapping[str, Formula]) -> str:
    match span.style:
        case "math":
            return f"${known[span.text].latex}$"
        case "strong":
            return f"**{escaped(span.text)}**"
        case "name":
            return f"`{span.text}`"
        case _:
            return escaped(span.text)
