"""Intervals of a mean over independent replicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95


def mean_interval(samples: ArrayLike, level: float = LEVEL) -> tuple[float, tuple[float, float]]:
    """Give the mean of independent replicates ``[R]`` and its interval by Student's t.

    Replicates that are all equal have an interval of no width.

    >>> mean, (low, high) = mean_interval([1.0, 2.0, 3.0])
    >>> mean, round(low, 3), round(high, 3)
    (2.0, -0.484, 4.484)

    Raises:
        ValueError: there are fewer than two replicates.
    """
    from scipy import stats  # which takes a second to load, and no page needs it

    values = np.asarray(samples, dtype=np.float64)
    if len(values) < 2:
        raise ValueError(f"an interval needs two replicates at least, got {len(values)}")
    mean, error = float(values.mean()), float(stats.sem(values))
    if error == 0:  # for which SciPy's interval is not a number
        return mean, (mean, mean)
    low, high = stats.t.interval(level, len(values) - 1, loc=mean, scale=error)
    return mean, (float(low), float(high))


def share_interval(count: int, total: int, level: float = LEVEL) -> tuple[float, float]:
    """Give the interval of a share by E. B. Wilson (1927, Journal of the American Statistical Association 22, 209-212).

    >>> low, high = share_interval(0, 100)
    >>> round(low, 3), round(high, 3)
    (0.0, 0.037)
    """
    from scipy import stats

    ends = stats.binomtest(count, total).proportion_ci(level, method="wilson")
    return float(ends.low), float(ends.high)
