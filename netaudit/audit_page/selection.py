"""Which layers are shown in full when there are too many, and in which order a cut table keeps them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from netaudit.report.document.model import Column, Span, Table
from netaudit.report.document.numbering import table
from netaudit.results.report import LayerResult, Report
from netaudit.text import number

IN_FULL = 12  # layers with figures: 24 pages of a PDF and about 1 MB of HTML
ON_PAPER = 24  # rows of one table in the PDF, half a page; the HTML has them all


def severity(layer: LayerResult) -> tuple[int, int, int]:
    """How bad the verdicts are, worst lowest: more failures first, then more undecided, then fewer that hold."""
    verdicts = [finding.verdict for finding in layer.findings.values()]
    return (-verdicts.count("fails"), -verdicts.count("undecided"), verdicts.count("holds"))


def worst_first(report: Report) -> list[int]:
    """Indices of all layers, worst verdicts first, in file order among equals."""
    return sorted(range(len(report.layers)), key=lambda index: severity(report.layers[index]))


def shown_in_full(report: Report, limit: int = IN_FULL) -> list[int]:
    """Indices, in file order, of at most ``limit`` layers to show with figures.

    They are taken by turns from each combination of verdicts, the worst combination first, and evenly over the file
    within one: so that a rare failure and a typical layer are both seen.
    """
    if len(report.layers) <= limit:
        return list(range(len(report.layers)))
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index in worst_first(report):
        groups[tuple(finding.verdict for finding in report.layers[index].findings.values())].append(index)
    places = dict.fromkeys(groups, 0)
    left = limit
    while left:
        for key, members in groups.items():
            if left and places[key] < len(members):
                places[key] += 1
                left -= 1
    chosen: list[int] = []
    for key, members in groups.items():
        take = places[key]
        chosen += [members[(2 * i + 1) * len(members) // (2 * take)] for i in range(take)]
    return sorted(chosen)


def long_table(caption: str, columns: Sequence[Column], rows: Sequence[tuple[Span, ...]]) -> Table:
    """A table whose first rows alone go on paper when there are too many."""
    if len(rows) <= ON_PAPER:
        return table(caption, columns, rows)
    note = f"The first {ON_PAPER} of {number(len(rows))}; all are in audit.html and in the attached audit.json."
    return table(caption, columns, rows, range(ON_PAPER), note)
