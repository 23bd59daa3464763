"""Where a table that is no table of numbers goes wrong: the first row at fault, in words."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.text import count, printable

if TYPE_CHECKING:
    from _csv import Reader


def first_fault(path: Path, separator: str, *, named: bool) -> str:
    """What is wrong with the first row at fault; empty where nothing is found.

    Args:
        path: the file, whose size is bounded.
        separator: between two columns.
        named: whether the first line names the columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _fault(csv.reader(file, delimiter=separator), named=named)
    except UnicodeDecodeError:
        return "it is no text in UTF-8"
    except csv.Error:
        return ""


def _fault(reader: Reader, *, named: bool) -> str:
    first: list[str] | None = None
    rows = 0
    for row in reader:
        if not row:
            continue
        line = reader.line_num
        first = first or row
        if len(row) != len(first):
            return f"line {line:,} has {count(len(row), 'column')}, and the first one {len(first):,}"
        if row is first and named:
            continue
        rows += 1
        for place, cell in enumerate(row):
            if why := _no_number(cell):
                column = f"column {printable(first[place].strip(), 40)!r}" if named else f"column {place + 1:,}"
                return f"line {line:,}, {column}: {why}"
    return "" if rows else "there is no row of numbers in it"


def _no_number(cell: str) -> str:
    try:
        finite = math.isfinite(float(cell))
    except ValueError:
        return f"{printable(cell.strip(), 40)!r} is no number" if cell.strip() else "it is empty"
    return "" if finite else f"{printable(cell.strip(), 40)} is no finite number"
