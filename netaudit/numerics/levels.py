"""Whether weights take a few values only, as quantised ones do, and whether more of them are 0 than that explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics.entries import Entries

_LEAST_PRUNED = 1e-3
"""Share of zeros from which they are worth a name."""
_FEWEST_PRUNED = 8
"""Number of zeros from which they are."""
_TOO_MANY_ZEROS = 4
"""How many times as many zeros there must be as of either value next to them: a smooth density has about as many."""
_FEWEST_LEVELS = 8
"""Levels from which that says something: of a Gaussian with fewer, most are 0."""
_MOST_LEVELS = 256
"""Levels of eight bits."""
_ON_A_LATTICE = 0.1
"""How far a level may lie from a lattice, in steps: 127 steps of a scale in float16 are off by 0.06."""
_ROWS = 64
"""Rows whose levels are counted, evenly spread, and entries that a row must have for that."""


def of(left: Entries | str) -> tuple[int | None, float | None]:
    """Return the number of levels if what is left is quantised, and their step if they lie on a lattice."""
    if isinstance(left, str) or left.levels is None:
        return None, None
    levels = left.levels / left.unit
    steps = (levels - levels[0]) / np.diff(levels).min()
    on_lattice = bool(np.abs(steps - np.round(steps)).max() <= _ON_A_LATTICE)
    often = left.count >= 4 * levels.size and levels.size <= _MOST_LEVELS
    fine = on_lattice and levels.size >= 16 and steps[-1] <= 4 * _MOST_LEVELS
    step = float((levels[-1] - levels[0]) / np.round(steps[-1])) * left.unit
    return (levels.size, step if on_lattice else None) if often or fine else (None, None)


def of_rows(A: NDArray[np.floating], rows: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return how many levels the median one of ``rows`` has, if few enough to be levels of its own; else None.

    Beside it stands how often, over all rows, the values next to 0 come: the more frequent one of each row.
    """
    some = np.flatnonzero(rows)
    if some.size < 2 or A.shape[1] < _ROWS:
        return None
    levels: list[float] = []
    beside: list[int] = []
    for row in some[np.unique(np.linspace(0, some.size - 1, min(some.size, _ROWS)).astype(np.int64))]:
        values, counts = np.unique(A[row][A[row] != 0], return_counts=True)
        if counts.sum() < _ROWS or values.size > min(_MOST_LEVELS, counts.sum() // 2):
            levels.append(np.inf)  # too many
            continue
        zero = int(np.searchsorted(values, 0))
        levels.append(values.size + (counts.sum() < A.shape[1]))
        beside.append(int(counts[max(zero - 1, 0) : zero + 1].max()))
    median = float(np.median(levels))
    return (int(median), int(np.mean(beside) * some.size)) if np.isfinite(median) else None


def pruned_share(live: Entries | str, of_rows: tuple[int, int] | None) -> float:
    """Return the share of zeros if they are more than the values next to them make likely, else 0."""
    if isinstance(live, str) or (live.levels is not None and live.levels.size < _FEWEST_LEVELS):
        return 0.0
    share = live.zeros / live.count
    likely = _TOO_MANY_ZEROS * (live.beside_zero if of_rows is None else of_rows[1])
    return share if live.zeros >= max(_FEWEST_PRUNED, likely) and share >= _LEAST_PRUNED else 0.0
