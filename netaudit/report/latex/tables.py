"""Tables with the rules of the package booktabs, as wide as a column of text and no wider.

TeX is not asked for the widths: each column is a paragraph of a width that is computed here, from the number of
characters, so that a long name breaks and never reaches into the margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netaudit.report.document.formulas import Formula
from netaudit.report.document.model import Column, Span
from netaudit.report.latex.escape import name
from netaudit.report.latex.spans import span_latex, words

_CHARACTER = 0.066  # inches that a character of Computer Modern at 8 points takes, with some room; Times takes less
_FIXED = 0.0605  # of the fixed-width face at 8 points
_GAP = 0.11  # inches between two columns: twice 4 points
_NARROWEST = 3  # characters of a column

Rows = Sequence[Sequence[Span]]


def tabular(columns: Sequence[Column], rows: Rows, width: float, formulas: Mapping[str, Formula]) -> str:
    """A table that stays on one page, ``width`` inches at most."""
    widths = column_widths(columns, rows, width)
    head, body = _lines(columns, rows, widths, formulas)
    return "\n".join(
        [
            r"{\footnotesize\setlength{\tabcolsep}{4pt}%",
            f"\\begin{{tabular}}{{{_specification(columns, widths)}}}",
            r"\toprule", head, r"\midrule", *body, r"\bottomrule",
            r"\end{tabular}}",
            "",
        ]
    )  # fmt: skip


def longtable(
    columns: Sequence[Column], rows: Rows, width: float, formulas: Mapping[str, Formula], caption: str
) -> str:
    """A table that runs over pages, for text in one column; ``caption`` is LaTeX."""
    widths = column_widths(columns, rows, width)
    head, body = _lines(columns, rows, widths, formulas)
    return "\n".join(
        [
            r"{\footnotesize\setlength{\tabcolsep}{4pt}\setlength{\LTcapwidth}{\linewidth}%",
            f"\\begin{{longtable}}{{{_specification(columns, widths)}}}",
            f"\\caption{{{caption}}}\\\\",
            r"\toprule", head, r"\midrule", r"\endfirsthead",
            r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot",
            *body,
            r"\end{longtable}}",
            "",
        ]
    )  # fmt: skip


def column_widths(columns: Sequence[Column], rows: Rows, width: float) -> list[float]:
    """Inches of each column.

    Each has what its longest cell takes, where that fits. Else columns of numbers keep it as far as they can, and the
    others share what is left, in proportion to the square root of what they would like.
    """
    room = width - _GAP * (len(columns) - 1)
    wished = [_wish(place, column, rows) for place, column in enumerate(columns)]
    if sum(wished) <= room:
        return wished
    kept = [wish if column.numeric else 0.0 for wish, column in zip(wished, columns, strict=True)]
    share = [0.0 if column.numeric else wish**0.5 for wish, column in zip(wished, columns, strict=True)]
    least = room * 0.45
    if not any(share) or room - sum(kept) < least:  # the numbers leave too little: all shrink
        share = [wish**0.5 for wish in wished]
        kept = [0.0] * len(columns)
    made = [0.0] * len(columns)
    left = room - sum(kept)
    open_ = [place for place, part in enumerate(share) if part]
    while open_:  # who gets more than it wishes gives the rest to the others
        total = sum(share[place] for place in open_)
        done = [place for place in open_ if left * share[place] / total >= wished[place]]
        if not done:
            for place in open_:
                made[place] = left * share[place] / total
            break
        for place in done:
            made[place] = wished[place]
        left -= sum(wished[place] for place in done)
        open_ = [place for place in open_ if place not in done]
    return [fixed or part for fixed, part in zip(kept, made, strict=True)]


def _wish(place: int, column: Column, rows: Rows) -> float:
    longest = max((_inches(row[place]) for row in rows), default=0.0)
    heading = max(map(len, column.title.split()), default=0) * _CHARACTER if longest else len(column.title) * _CHARACTER
    return max(longest, heading, _NARROWEST * _CHARACTER)


def _inches(cell: Span) -> float:
    return len(cell.text) * (_FIXED if cell.style == "name" else _CHARACTER) + 0.02


def _specification(columns: Sequence[Column], widths: Sequence[float]) -> str:
    return (
        "@{}"
        + "".join(
            f">{{\\{'raggedleft' if column.numeric else 'raggedright'}\\arraybackslash}}p{{{width:.3f}in}}"
            for column, width in zip(columns, widths, strict=True)
        )
        + "@{}"
    )


def _lines(
    columns: Sequence[Column], rows: Rows, widths: Sequence[float], formulas: Mapping[str, Formula]
) -> tuple[str, list[str]]:
    fits = [max(_NARROWEST, int(width / _CHARACTER)) for width in widths]
    head = " & ".join(words(column.title, most) for column, most in zip(columns, fits, strict=True)) + r" \\"
    body = [
        " & ".join(_cell(cell, most, formulas) for cell, most in zip(row, fits, strict=True)) + r" \\" for row in rows
    ]
    return head, body


def _cell(cell: Span, most: int, formulas: Mapping[str, Formula]) -> str:
    if cell.style == "math":
        return span_latex(cell, formulas)
    if cell.style == "name":
        return name(cell.text, max(1, min(8, most - 1)))
    return words(cell.text, most)
