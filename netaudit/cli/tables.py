"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from netaudit.results import AuditReport, Verdict
from netaudit.text import printable

SYMBOLS: dict[Verdict, tuple[str, str]] = {
    "holds": ("●", "green"),
    "undecided": ("▲", "yellow"),
    "fails": ("×", "red"),
    "not_applicable": ("–", "dim"),
}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a closed pipe to the guard in main: Rich would exit with 1, which has a meaning here."""
        raise BrokenPipeError


def console() -> Console:
    """Standard output; wide enough for whole names when it is no terminal."""
    out = _Console(highlight=False)
    return out if out.is_terminal else _Console(highlight=False, width=160)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str | None = None) -> None:
    """Print a plain table; every string is shown as it is, never as markup."""
    table = Table(title=None if title is None else Text(title), box=None, title_justify="left", pad_edge=False)
    for header in headers:
        table.add_column(Text(header), overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    console().print(table)


def print_summary(report: AuditReport) -> None:
    """One row a layer, one column a claim: symbol, word and the value judged."""
    rows = []
    for layer in report.layers:
        cells: list[str | Text] = [printable(layer.name, 60), f"{layer.shape[0]} x {layer.shape[1]}"]
        for finding in layer.findings:
            symbol, colour = SYMBOLS[finding.verdict]
            value = "" if finding.value is None else f" {finding.value:.3g}"
            if finding.conditions and finding.statistic != finding.conditions[0].statistic:  # another than its column's
                value += f" ({printable(str(finding.statistic), 40).replace('_', ' ')})"
            cells.append(Text(f"{symbol} {finding.verdict.replace('_', ' ')}{value}", style=colour))
        rows.append(cells)
    print_table(["layer", "out x in", *(claim.replace("_", " ") for claim in report.claims)], rows)
