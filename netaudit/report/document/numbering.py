"""Figures and tables are numbered in the order in which they stand."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.report.chart import Chart
from netaudit.report.document.captions import chart_alt
from netaudit.report.document.model import Column, Figure, Run, Table


class Numbering:
    """Hands out "Figure 1", "Figure 2", ... and "Table 1", ..."""

    def __init__(self) -> None:
        self._figures = 0
        self._tables = 0

    def figure(self, stem: str, caption: str, alt: str) -> Figure:
        """The next figure."""
        self._figures += 1
        return Figure(stem, f"Figure {self._figures}. {caption}", alt)

    def chart(self, chart: Chart) -> Figure:
        """The next figure, showing a study's chart."""
        return self.figure(chart.stem, chart.caption, chart_alt(chart))

    def table(
        self,
        caption: str,
        columns: Sequence[Column],
        rows: Sequence[tuple[Run, ...]],
        printed: Sequence[int] | None = None,
        printed_note: str = "",
    ) -> Table:
        """The next table."""
        self._tables += 1
        kept = None if printed is None else tuple(printed)
        return Table(f"Table {self._tables}. {caption}", tuple(columns), tuple(rows), kept, printed_note)


def plain_table(columns: Sequence[Column], rows: Sequence[tuple[Run, ...]]) -> Table:
    """A table that belongs to its heading and needs neither number nor caption."""
    return Table("", tuple(columns), tuple(rows))


def facts(pairs: Sequence[tuple[str, str | Run]]) -> Table:
    """A list of properties and values, without a number."""
    rows = tuple((Run(name), value if isinstance(value, Run) else Run(value)) for name, value in pairs)
    return plain_table((Column("Property"), Column("Value", wide=True)), rows)
