"""Progress on stderr, with the time left; nothing when stderr is no terminal or the user wants quiet."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from netaudit.text import shown_name
from netaudit.vocabulary import VERDICT_WORDS

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from netaudit.results.report import LayerResult


class TerminalProgress:
    """One bar on a terminal, with lines printed above it."""

    def __init__(self, bar: Bar) -> None:
        self._bar, self._task, self._last = bar, bar.add_task("opening", total=None), [0.0, 0.0]

    def __call__(self, message: str, done: float, total: float) -> None:
        """Show how far the work is."""
        from rich.markup import escape

        if total != self._last[1] or done < self._last[0]:  # another kind of work (a download, the layers): its clock
            self._bar.reset(self._task, total=total or None)
        self._last[:] = done, total
        self._bar.update(self._task, description=escape(message), completed=done)

    def layer(self, result: LayerResult) -> None:
        """Print the verdicts about a layer above the bar."""
        from rich.text import Text

        from netaudit.analyses.table import ALARMS
        from netaudit.cli.signs import in_encoding
        from netaudit.cli.tables import STYLES

        console = self._bar.console
        parts: list[str | tuple[str, str]] = [f"{shown_name(result.name, 22):22}"]
        for name, finding in result.findings.items():
            known = ALARMS.get(name)
            claim = known.claim.number if known is not None and known.claim is not None else shown_name(name, 12)
            word = "–" if finding.verdict == "not_applicable" else VERDICT_WORDS[finding.verdict]
            parts += [f" {claim} ", (f"{in_encoding(word, console.encoding):11}", STYLES[finding.verdict])]
        console.print(Text.assemble(*parts), no_wrap=True, overflow="ellipsis", crop=True)


@contextmanager
def progress_bar(quiet: bool) -> Iterator[TerminalProgress | None]:
    """Give a callback ``(message, done, total)`` that draws one bar; None when there is nobody to watch."""
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from netaudit.cli.signs import in_encoding

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it tells where it keeps its cache without a home
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        SpinnerColumn("line" if in_encoding("⠋", console.encoding) != "⠋" else "dots"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=min(24, console.width // 5)),  # a narrow terminal keeps its room for the words
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, speed_estimate_period=600) as bar:
        yield TerminalProgress(bar)
