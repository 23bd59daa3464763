"""A statement of the theory: words, checks with intervals, the verdict that follows from them, and panels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netaudit.report.chart import Chart
from netaudit.studies.harness.intervals import mean_interval

Floats = NDArray[np.float64]

RULE = (
    "Holds if the 95% interval of every check lies within its tolerance, fails if one lies outside, and is undecided "
    "otherwise. Intervals are Student's t over independent matrices."
)


@dataclass(frozen=True)
class Check:
    """One number that a statement must keep within a stated tolerance."""

    what: str
    value: float
    interval: tuple[float, float]
    low: float | None = None
    high: float | None = None

    @property
    def passed(self) -> bool | None:
        """True when the interval lies inside the tolerance, False when it lies outside, None between."""
        inside = [self.low is None or self.interval[0] >= self.low, self.high is None or self.interval[1] <= self.high]
        if all(inside):
            return True
        outside = (self.low is not None and self.interval[1] < self.low) or (
            self.high is not None and self.interval[0] > self.high
        )
        return False if outside else None

    @property
    def room(self) -> float:
        """How far the interval stays inside the tolerance; negative when it reaches out."""
        ends = [] if self.low is None else [self.interval[0] - self.low]
        return min(ends + ([] if self.high is None else [self.high - self.interval[1]]))


@dataclass(frozen=True)
class Statement:
    """One statement, what was found, and whether it holds."""

    id: str
    title: str
    statement: str
    """The claim, what exactly was tested, and what is out of reach, in plain words."""
    found: str
    """What came out, in numbers."""
    checks: tuple[Check, ...]
    settings: Mapping[str, Any]
    panels: tuple[Chart, ...]

    @property
    def holds(self) -> bool | None:
        """All checks; None while one is undecided."""
        passed = {check.passed for check in self.checks}
        return False if False in passed else None if None in passed else True

    @property
    def headline(self) -> Check:
        """The check that decides: the first, or the first that is not passed."""
        order = {False: 0, None: 1, True: 2}
        return min(self.checks, key=lambda check: order[check.passed])

    def to_dict(self) -> dict[str, Any]:
        """JSON values, numbers to six significant digits."""
        headline = self.headline
        checks = [asdict(check) | {"passed": check.passed} for check in self.checks]
        data = {
            "id": self.id,
            "title": self.title,
            "statement": self.statement,
            "holds": self.holds,
            "value": headline.value,
            "interval": headline.interval,
            "measure": headline.what,
            "settings": dict(self.settings),
            "found": self.found,
            "checks": checks,
            "panels": [asdict(panel) for panel in self.panels],
        }
        rounded: dict[str, Any] = _rounded(data)
        return rounded


def check(what: str, samples: ArrayLike, low: float | None = None, high: float | None = None) -> Check:
    """A check on the mean of replicates."""
    value, ends = mean_interval(samples)
    return Check(what, value, ends, low, high)


def tightest(what: str, cells: Iterable[tuple[str, Check]]) -> Check:
    """Give the check with the least room among those of many cells: it passes only if all of them do."""
    found = list(cells)
    where, worst = min(found, key=lambda cell: cell[1].room)
    cells_in_words = f"{len(found)} cells, worst at {where}" if len(found) > 1 else where
    return Check(f"{what} ({cells_in_words})", worst.value, worst.interval, worst.low, worst.high)


def point(x: float, samples: ArrayLike, log: bool = False) -> tuple[float, float, float, float]:
    """A place on a chart, with its interval: ``(x, mean, low, high)``.

    On a logarithmic axis the same relative half-width goes either way as a factor, so that the lower end is positive.
    """
    mean, (low, high) = mean_interval(samples)
    if log and mean > 0:
        factor = float(np.exp((high - mean) / mean))
        low, high = mean / factor, mean * factor
    return (x, mean, low, high)


def slopes(x: Sequence[float], y: Floats) -> Floats:
    """d ln y / d ln x between neighbours, ``[R, P - 1]``, of replicates y ``[R, P]``.

    >>> slopes([1.0, 2.0, 4.0], np.array([[1.0, 2.0, 8.0]])).round(6).tolist()
    [[1.0, 2.0]]
    """
    steps: Floats = np.diff(np.log(y), axis=1) / np.diff(np.log(np.asarray(x, dtype=np.float64)))
    return steps


def exponent(x: Sequence[float], y: Floats) -> Floats:
    """Least-squares slope of ln y over ln x, ``[R]``, of replicates y ``[R, P]``.

    >>> exponent([1.0, 2.0, 4.0], np.array([[3.0, 12.0, 48.0]])).round(6).tolist()
    [2.0]
    """
    at = np.log(np.asarray(x, dtype=np.float64))
    at = at - at.mean()
    fitted: Floats = np.log(y) @ at / float(at @ at)
    return fitted


def _rounded(value: Any) -> Any:
    """The same with floats to six significant digits, and tuples as lists."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value
