"""Progress on stderr, with the time left; nothing when stderr is no terminal or the user wants quiet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from netaudit.network.network import Progress


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Progress | None]:
    """Give a callback ``(message, done, total)`` that draws one bar; None when there is nobody to watch."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from netaudit.cli.signs import in_encoding

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
        task = bar.add_task("opening", total=None)
        last = [0.0, 0.0]

        def show(message: str, done: float, total: float) -> None:
            if total != last[1] or done < last[0]:  # another kind of work (a download, the layers): its own clock
                bar.reset(task, total=total or None)
            last[:] = done, total
            bar.update(task, description=escape(message), completed=done)

        yield show
