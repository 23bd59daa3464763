"""What a page folds and paper leaves out: long tables, and the numbers behind a figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from netaudit.report.document.model import Block, Details, Foldable, Pair, Span, Spans, Table

MOST_ON_PAPER = 4
"""Rows of a table of the network that stays on paper; a longer one is folded."""


def opened(item: Spans) -> Spans:
    """An item of an explanation without what stands back at its end, such as the rule."""
    kept = list(item)
    while len(kept) > 1 and kept[-1].style == "soft":
        kept.pop()
    return tuple(kept)


def behind(item: Spans) -> Spans:
    """What stands back at the end of an item, after the first words of it."""
    rest = item[len(opened(item)) :]
    return () if not rest else (*item[:1], Span("  ".join(span.text.removeprefix(". ").strip() for span in rest)))


def split_tables(blocks: Iterable[Block], most: int = 0) -> tuple[list[Block], list[Table | Pair]]:
    """The blocks that stay in sight, and the tables of more than ``most`` rows, in their order."""
    kept: list[Block] = []
    folded: list[Table | Pair] = []
    for block in blocks:
        if isinstance(block, Pair):
            folded += [part for part in block.items if _is_long(part, most)]
            short = tuple(part for part in block.items if not _is_long(part, most))
            kept += [Pair(short)] if len(short) > 1 else short
        elif _is_long(block, most):
            folded.append(block)
        else:
            kept.append(block)
    return kept, folded


def _is_long(block: Block, most: int) -> TypeGuard[Table]:
    return isinstance(block, Table) and len(block.rows) > most


def details(title: str, blocks: Sequence[Foldable]) -> list[Block]:
    """The blocks folded under a title; nothing where there are none."""
    return [Details(title, tuple(blocks))] if blocks else []
