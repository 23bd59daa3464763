"""Charts of a statement: their text alternative, made from the numbers that are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.report.chart import Axis, Chart, Mark, Series
from netaudit.text import number


def chart(stem: str, caption: str, x: Axis, y: Axis, series: Sequence[Series], marks: Sequence[Mark] = ()) -> Chart:
    """A chart whose alternative text says where each series begins and ends."""
    names = dict(x.ticks)
    parts = [_ends(one, names) for one in series if one.x]
    return Chart(stem, caption, " ".join(parts), x, y, tuple(series), tuple(marks))


def _ends(series: Series, names: dict[float, str]) -> str:
    name = series.label or "predicted"
    known = [(x, y) for x, y in zip(series.x, series.y, strict=True) if x is not None and y is not None]
    if not known:
        return f"{name}: nothing."

    def at(x: float, y: float) -> str:
        return f"{number(y, 3)} at {names.get(x, number(x, 3))}"

    chosen = known if names or len(known) < 3 else [known[0], known[len(known) // 2], known[-1]]
    return f"{name}: {', '.join(at(x, y) for x, y in chosen)}."
