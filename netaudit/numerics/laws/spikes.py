"""Spikes: singular values beyond the edge of the noise, how many there are, and how strong the signals behind them.

A matrix with a low-rank signal has a bulk of noise and, for each signal beyond the detection threshold
sigma (mn)^(1/4), one singular value outside of it. Strengths here are in units of that threshold: a signal of
strength T has the singular value T sigma (mn)^(1/4) before the noise is added, and cannot be seen for T < 1.

Sources: J. Baik, G. Ben Arous and S. Peche, Ann. Probab. 33 (2005) 1643 (the threshold); F. Benaych-Georges and R. R.
Nadakuditi, J. Multivariate Anal. 111 (2012) 120 (where the singular value lands); S. Kritchman and B. Nadler, IEEE
Trans. Signal Process. 57 (2009) 3930 (the number of spikes and the level of the noise together); A. Auffinger, G. Ben
Arous and S. Peche, Ann. Inst. H. Poincare Probab. Statist. 45 (2009) 589 (why heavy tails void it).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics.laws import marchenko_pastur, tracy_widom

Floats = NDArray[np.float64]


_ROUNDING = 1e-7
"""Of the largest singular value; see :func:`_without_rounding`."""


@dataclass(frozen=True)
class Spikes:
    """The outcome of the count."""

    count: int
    """How many singular values are spikes."""
    sigma: float
    """Standard deviation of the noise: root mean square of what is left once the spikes are taken out."""
    scores: Floats
    """Tracy-Widom scores ``[count + 1]``: of each spike, the largest first, and of the first value that is none."""


def find(s: Floats, m: int, n: int, level: float = tracy_widom.LEVEL) -> Spikes:
    """Count the spikes among the singular values ``s [p]``, ascending, of an ``[m, n]`` matrix of mean 0.

    The count and the level of the noise are solved for together: by the median rule first, which spikes that hide among
    each other move little (:func:`count_by_median`), and from there by the sum of squares of what is left, which is the
    more exact of the two and keeps the false alarms of small matrices at the level. At most half of the values are
    spikes. The edge is the ``level`` quantile of the Tracy-Widom law, by default that of the edge test,
    :data:`netaudit.numerics.laws.tracy_widom.LEVEL`.
    """
    s = _without_rounding(s)
    squares = s[::-1] ** 2
    left = np.cumsum(squares[::-1])[::-1]  # sum over what is left when k are taken out

    def edge_square(rows: int, columns: int) -> float:
        return tracy_widom.edge(1.0, rows, columns, level) ** 2

    def by_sum(count: int) -> float:
        return float(np.sqrt(left[count] / ((m - count) * (n - count))))

    start, _ = count_by_median(s, m, n, edge_square)
    count = _standing(start, s, m, n, edge_square, by_sum)
    sigma, shown = by_sum(count), np.arange(count + 1)
    rows, columns = np.sqrt(m - shown - 0.5), np.sqrt(n - shown - 0.5)  # the centring of tracy_widom, for all at once
    centre, scale = (rows + columns) ** 2, (rows + columns) * (1 / rows + 1 / columns) ** (1 / 3)
    # in an exactly low-rank matrix nothing is left without the spikes: each is compared with itself and those below
    levels = np.full(count + 1, sigma) if sigma else np.array([by_sum(int(k)) for k in shown])
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(levels > 0, ((s[::-1][: count + 1] / levels) ** 2 - centre) / scale, -np.inf)
    return Spikes(count, sigma, scores)


def count_by_median(s: Floats, m: int, n: int, edge_square: Callable[[int, int], float]) -> tuple[int, float]:
    """Solve for the number of spikes and the level of the noise together, with the level by :func:`bulk_sigma`.

    The level gives a count, the rest without as many values a level, and so on until the count stands. A test that
    goes from the largest value down and stops at the first that is none would miss spikes that hide among each other:
    of 30 signals at 1.5 thresholds in a 100 x 400 matrix it finds 7, and this 15, with no more false alarms.

    Args:
        s: singular values ``[p]``, ascending.
        m: rows of the matrix.
        n: its columns.
        edge_square: of a shape, the square that the largest singular value of noise of level 1 hardly ever exceeds.

    Returns:
        The count, at most p / 2, since more leave no bulk to take a level from; the standard deviation of the noise.

    Source: S. Kritchman and B. Nadler, IEEE Trans. Signal Process. 57 (2009) 3930, section III, solve for both in this
    way with a level of their own; the median is netaudit's choice.
    """

    s = _without_rounding(s)

    def level(count: int) -> float:
        return bulk_sigma(s[: s.size - count], m - count, n - count)

    count = _standing(0, s, m, n, edge_square, level)
    return count, level(count)


def _standing(
    count: int,
    s: Floats,
    m: int,
    n: int,
    edge_square: Callable[[int, int], float],
    level: Callable[[int], float],
) -> int:
    """Return where count -> level of the noise without so many -> count of the values beyond its edge stands still."""
    before: set[int] = set()
    while True:
        edge = level(count) ** 2 * edge_square(m - count, n - count)
        found = min(int(np.sum(s**2 > edge)), s.size // 2)
        if found == count:
            return count
        if found in before:  # two counts lead to each other: the smaller is certain
            return min(found, count)
        before.add(count)
        count = found


def _without_rounding(s: Floats) -> Floats:
    """Return the singular values with 0 for those that are rounding: a Gram matrix loses digits below 1e-8."""
    return np.where(s > _ROUNDING * s[-1], s, 0.0)


def bulk_sigma(s: Floats, m: int, n: int) -> float:
    """Return sigma by the median rule: the median of the singular values ``s [p]`` over the law's.

    A few spikes cannot move it. Source: M. Gavish and D. L. Donoho, IEEE Trans. Inf. Theory 60 (2014) 5040, section
    III.E.
    """
    return float(np.median(s) / (np.sqrt(max(m, n)) * marchenko_pastur.median(marchenko_pastur.aspect(m, n))))


def strength(s: float | Floats, sigma: float, m: int, n: int) -> Floats:
    """Return the strength T of the signal behind a singular value s, in units of the threshold.

    ``sigma`` is the standard deviation of the noise in the ``[m, n]`` matrix. At the edge of the bulk, and below, it is
    1.

    With y = s / (sigma sqrt N), N = max(m, n), q = min(m, n) / N, a signal theta = T q^(1/4) lands at
    y^2 = (1 + theta^2)(q + theta^2) / theta^2; this is the larger root for theta^2.

    >>> t = strength(landing(3.0, 1.0, 200, 500), 1.0, 200, 500)
    >>> round(float(t), 9)
    3.0
    """
    N, q = max(m, n), min(m, n) / max(m, n)
    middle = np.asarray(s, dtype=np.float64) ** 2 / (sigma**2 * N) - 1 - q
    theta2 = (middle + np.sqrt(np.maximum(middle**2 - 4 * q, 0))) / 2
    T: Floats = np.sqrt(np.maximum(theta2, np.sqrt(q))) / q**0.25
    return T


def landing(strength: float, sigma: float, m: int, n: int) -> float:
    """Return where the singular value of a signal of that strength, at least 1, lands.

    This is the inverse of :func:`strength`.
    """
    N, q = max(m, n), min(m, n) / max(m, n)
    theta2 = strength**2 * np.sqrt(q)
    return float(sigma * np.sqrt(N * (1 + theta2) * (q + theta2) / theta2))


def entry_limit(m: int, n: int) -> float:
    """Return the size (mn)^(1/4), in standard deviations, at which a single entry makes a spike of its own.

    Entries beyond it void the edge law: the largest singular values are then those of single weights.
    """
    return float((m * n) ** 0.25)
