"""Charts of the nets of several layers: errors over a ratio of sparsities, and local slopes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from netaudit.report.chart import Axis, Chart, Mark, Series, series
from netaudit.studies.theory.charts import chart
from netaudit.studies.theory.deep import Point, measured, predicted
from netaudit.studies.theory.statement import point, slopes

Row = tuple[str, Sequence[float], Sequence[Point], bool]
"""What it is called, its places on the x axis, the points there, and whether with dropout going forward."""

DROPOUT = "with dropout ½ going forward"


def errors(stem: str, caption: str, label: str, rows: Sequence[Row], marks: Sequence[Mark] = ()) -> Chart:
    """Errors measured (points) and predicted (lines), both axes logarithmic."""
    parts: list[Series] = []
    for look, (name, at, points, dropout) in enumerate(rows):
        found = measured(points, dropout)
        parts += [
            series(name, [point(x, found[:, i], log=True) for i, x in enumerate(at)], "points", look),
            series("", list(zip(at, predicted(points, dropout), strict=True)), "line", look),
        ]
    caption = f"{caption} Lines are predicted."
    return chart(stem, caption, Axis(label, log=True), Axis("error / τ²", log=True), parts, marks)


def local_slopes(stem: str, caption: str, label: str, rows: Sequence[Row]) -> Chart:
    """d ln error / d ln x between neighbours, at their geometric mean."""
    parts: list[Series] = []
    for look, (name, at, points, dropout) in enumerate(rows):
        between = [float(np.sqrt(one * other)) for one, other in pairwise(at)]
        steps = slopes(at, measured(points, dropout))
        expected = slopes(at, np.array([predicted(points, dropout)]))[0]
        parts += [
            series(name, [point(x, steps[:, i]) for i, x in enumerate(between)], "points", look),
            series("", list(zip(between, map(float, expected), strict=True)), "line", look),
        ]
    first = Mark(1.0, "first power", vertical=False)
    caption = f"{caption} Lines are predicted."
    return chart(stem, caption, Axis(label, log=True), Axis("local slope"), parts, [first])


def with_and_without(at: Sequence[float], points: Sequence[Point]) -> list[Row]:
    """The two rows of a sweep."""
    return [("everything kept", at, points, False), (DROPOUT, at, points, True)]
