"""K(eps): the fewest linear pieces that follow a piecewise-linear function up to an error.

The pieces need not join, and may end anywhere. An interval can be covered by one piece when some straight line stays
within the error of the function on all of it. A part of such an interval can be covered too. So the greedy sweep, which
lets each piece reach as far as it can, is optimal: by induction its first k pieces reach at least as far as any k
pieces do. A straight line is within the error at all t of an interval exactly when the convex hull of the function's
points there is at most twice the error high at each t (docs/method.md), which the two sides of the hull, kept as the
sweep goes on, tell. Chords from the newest point to each side of the hull decide how far it can go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = np.ndarray[Any, np.dtype[np.float64]]

ROUNDING = 1e-12
"""A function may leave its line by this share of its largest value beyond the error: what rounding of its values is."""

FEW = 48
"""So many pairs of points are looked at one by one; NumPy is faster for more."""

Point = tuple[float, float]


def fewest_pieces(knots: ArrayLike, values: ArrayLike, error: float | Sequence[float]) -> int:
    """The least number of linear pieces whose distance from the function is nowhere more than the error.

    Args:
        knots: t ascending, ``[K]``, K at least 2.
        values: the function at the knots, ``[K]``, or several, ``[K, outputs]``, that are followed by the same pieces.
        error: the largest distance, at least 0: one for all outputs, or one for each.

    Raises:
        ValueError: the shapes do not fit, or an error is negative.

    >>> fewest_pieces([0, 0.5, 1], [0, 1, 0], 0.1), fewest_pieces([0, 0.5, 1], [0, 1, 0], 0.5)
    (2, 1)
    """
    return len(ends(knots, values, error))


def ends(knots: ArrayLike, values: ArrayLike, error: float | Sequence[float]) -> list[float]:
    """Where each piece of the greedy sweep ends; the last is the last knot. See :func:`fewest_pieces`."""
    t, f = np.asarray(knots, dtype=np.float64), np.asarray(values, dtype=np.float64)
    f = f[:, None] if f.ndim == 1 else f
    errors = np.broadcast_to(np.asarray(error, dtype=np.float64), f.shape[1:])
    if t.ndim != 1 or len(t) < 2 or f.ndim != 2 or len(f) != len(t):
        raise ValueError(f"knots {t.shape} and values {f.shape} do not fit")
    if (errors < 0).any():
        raise ValueError("an error must not be negative")
    heights = (2 * (errors + ROUNDING * np.abs(f).max(axis=0, initial=0))).tolist()
    return _sweep(t.tolist(), f.tolist(), heights)


def _sweep(t: list[float], f: list[list[float]], heights: list[float]) -> list[float]:
    found: list[float] = []
    start, at, place = t[0], f[0], 1
    while True:
        hulls = [_Hull((start, value)) for value in at]
        while True:
            left, before = (start, at) if start >= t[place - 1] else (t[place - 1], f[place - 1])
            reach = min(
                hull.reach((left, before[j]), (t[place], f[place][j]), heights[j]) for j, hull in enumerate(hulls)
            )
            if reach < t[place]:
                break
            for j, hull in enumerate(hulls):
                hull.add((t[place], f[place][j]))
            place += 1
            if place == len(t):
                return [*found, t[-1]]
        found.append(reach)
        share = (reach - left) / (t[place] - left)
        start, at = reach, [a + share * (b - a) for a, b in zip(before, f[place], strict=True)]


class _Hull:
    """The upper and lower side of the convex hull of points with ascending t."""

    def __init__(self, point: Point) -> None:
        self.upper, self.lower = [point], [point]

    def add(self, point: Point) -> None:
        """Add a point to the right of all."""
        _extend(self.upper, point, 1.0)
        _extend(self.lower, point, -1.0)

    def reach(self, left: Point, right: Point, height: float) -> float:
        """How far along the segment from ``left`` to ``right`` a point can lie with the hull nowhere higher than that.

        The new point makes the hull higher where the chord from it to a point of one side passes a point of the other
        side. For each such pair that is a linear inequality in the new point's t.
        """
        return min(
            right[0],
            _reach(self.upper, self.lower, left, right, height),
            _reach(_mirrored(self.lower), _mirrored(self.upper), (left[0], -left[1]), (right[0], -right[1]), height),
        )


def _reach(upper: list[Point], lower: list[Point], left: Point, right: Point, height: float) -> float:
    """As above, for chords above the lower side."""
    (t0, f0), (t1, f1) = left, right
    slope = (f1 - f0) / (t1 - t0)
    # f + (f0 + slope (b - t0) - f) (s - t) / (b - t) <= height + g for (t, f) above, (s, g) below and t < s
    if len(upper) * len(lower) <= FEW:
        reach = right[0]
        for t, f in upper:
            for s, g in lower:
                factor = slope * (s - t) - (height + g - f)
                if s > t and factor > 0:
                    reach = min(reach, -((f0 - slope * t0 - f) * (s - t) + (height + g - f) * t) / factor)
        return max(reach, t0)
    above_t, above_f = np.array(upper).T[:, :, None]
    below_t, below_f = np.array(lower).T[:, None, :]
    run, room = below_t - above_t, height + below_f - above_f
    factors, rest = slope * run - room, (f0 - slope * t0 - above_f) * run + room * above_t
    with np.errstate(divide="ignore", invalid="ignore"):
        limits = np.where((run > 0) & (factors > 0), -rest / factors, np.inf)
    return max(float(limits.min()), t0)


def _extend(side: list[Point], point: Point, sign: float) -> None:
    while len(side) > 1 and sign * _turn(side[-2], side[-1], point) >= 0:
        side.pop()
    side.append(point)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0 when the way from a over b to c turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _mirrored(points: list[Point]) -> list[Point]:
    return [(t, -f) for t, f in points]
