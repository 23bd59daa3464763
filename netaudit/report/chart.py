"""A chart of a study as plain data: what is drawn, without a word on how."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

LOOKS = 10  # colour, marker and line of a series: the five colours of the palette, filled and hollow

Values = tuple[float | None, ...]


@dataclass(frozen=True)
class Axis:
    """One axis of a chart."""

    label: str
    log: bool = False
    low: float | None = None
    """Where the axis begins; None leaves it to the data."""
    high: float | None = None
    percent: bool = False
    """Its values are shares, printed as percentages."""
    ticks: tuple[tuple[float, str], ...] = ()
    """Places and what is written there, for values with names; empty for plain numbers."""


@dataclass(frozen=True)
class Series:
    """One row of values over x, with what they are called in the legend.

    Raises:
        ValueError: the lengths differ, or only one end of the intervals is there.
    """

    label: str
    """Empty for a series without an entry in the legend, such as the theory beside a measurement of the same look."""
    x: Values
    y: Values
    """None leaves a gap."""
    low: Values | None = None
    """Lower ends of the intervals around y: error bars, or a band when there is only a line."""
    high: Values | None = None
    style: Literal["points", "line", "both"] = "both"
    look: int | None = None
    """Which of the ``LOOKS`` it has; None for its place in the chart. Two series of one look, points and line, read as
    a measurement and its theory."""

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"series {self.label!r}: low and high come together")
        if len({len(part) for part in (self.x, self.y, self.low, self.high) if part is not None}) > 1:
            raise ValueError(f"series {self.label!r}: x, y, low and high differ in length")
        if self.look is not None and not 0 <= self.look < LOOKS:
            raise ValueError(f"series {self.label!r}: look must lie in 0..{LOOKS - 1}, got {self.look}")


@dataclass(frozen=True)
class Mark:
    """A reference line across the chart."""

    at: float
    label: str
    vertical: bool = True


@dataclass(frozen=True)
class Chart:
    """Lines and points over one pair of axes.

    Raises:
        ValueError: the stem is no plain file name, there are more series than looks, or a logarithmic axis would have
            to show a number that is not positive.
    """

    stem: str
    """File name without ``.svg``: lower-case letters, digits and ``_``."""
    caption: str
    """Without its number."""
    alt: str
    """What an eye would take from the chart, in words and numbers; follows the caption."""
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]+", self.stem):
            raise ValueError(f"chart {self.stem!r}: the stem may hold a-z, 0-9 and _ only")
        if not 1 <= len(self.series) <= LOOKS:
            raise ValueError(f"chart {self.stem!r}: one to {LOOKS} series, got {len(self.series)}")
        for axis, vertical, parts in (
            (self.x, True, [series.x for series in self.series]),
            (self.y, False, [part for s in self.series for part in (s.y, s.low, s.high) if part is not None]),
        ):
            shown = [value for part in parts for value in part] + [m.at for m in self.marks if m.vertical is vertical]
            if axis.log and not all(value > 0 for value in [*shown, axis.low, axis.high] if value is not None):
                raise ValueError(f"chart {self.stem!r}: {axis.label!r} is logarithmic and must be positive")
            if not all(math.isfinite(value) for value in shown if value is not None):
                raise ValueError(f"chart {self.stem!r}: {axis.label!r} must be finite; None leaves a gap")


def series(
    label: str,
    points: Iterable[Sequence[float | None]],
    style: Literal["points", "line", "both"] = "both",
    look: int | None = None,
) -> Series:
    """A series from its points, each ``(x, y)`` or ``(x, y, low, high)``.

    >>> series("measured", [(1, 0.5, 0.4, 0.6), (2, 0.7, 0.6, 0.8)]).low
    (0.4, 0.6)
    """
    columns = [tuple(column) for column in zip(*points, strict=True)] or [(), ()]
    x, y, *ends = columns
    low, high = ends or (None, None)
    return Series(label, x, y, low, high, style, look)
