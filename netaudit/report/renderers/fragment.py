"""The first section of a document as a piece of HTML, for a notebook: no style sheet, no script, nothing to load."""

from __future__ import annotations

from html import escape

from netaudit.report.document.model import Block, Details, Document, Items, Pair, Paragraph, Span, Spans, Table


def first_section(document: Document) -> str:
    """The title and page one, with what it folds, but for its figures."""
    blocks = "\n".join(_block(block) for block in (document.sections[0].blocks if document.sections else ()))
    return f"<div><h3>{escape(document.title)}</h3>\n{blocks}\n<p><small>{escape(document.footer)}</small></p></div>"


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return f"<p>{_spans(block.spans)}</p>"
        case Items():
            return f"<ul>{''.join(f'<li>{_spans(item)}</li>' for item in block.items)}</ul>"
        case Table():
            return _table(block)
        case Pair():
            return "\n".join(_block(item) for item in block.items)
        case Details():
            return f"<details><summary>{escape(block.title)}</summary>{''.join(map(_block, block.blocks))}</details>"
        case _:
            return ""


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(column.title)}</th>' for column in table.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{_spans((cell,))}</td>' for cell in row)}</tr>" for row in table.rows)
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _spans(spans: Spans) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    text = escape(span.text)
    return {"strong": f"<b>{text}</b>", "name": f"<code>{text}</code>"}.get(span.style, text)
