"""Spikes: singular values beyond the edge of the noise, how many there are, and how strong the signals behind them.

A matrix with a low-rank signal has a bulk of noise and, for each signal beyond the detection threshold
sigma (mn)^(1/4), one singular value outside of it. Strengths here are in units of that threshold: a signal of
strength T has the singular value T sigma (mn)^(1/4) before the noise is added, and cannot be seen for T < 1.

Sources: J. Baik, G. Ben Arous and S. Peche, Ann. Probab. 33 (2005) 1643 (the threshold); F. Benaych-Georges and
R. R. Nadakuditi, J. Multivariate Anal. 111 (2012) 120 (where the singular value lands); S. Kritchman and B. Nadler,
IEEE Trans. Signal Process. 57 (2009) 3930 (the sequential test); A. Auffinger, G. Ben Arous and S. Peche, Ann. Inst.
H. Poincare Probab. Statist. 45 (2009) 589 (why heavy tails void it).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netaudit.numerics.laws import tracy_widom

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spikes:
    """The outcome of the sequential test."""

    count: int
    """How many singular values are spikes."""
    sigma: float
    """Standard deviation of the noise: root mean square of what is left once the spikes are taken out."""
    scores: Floats
    """Tracy-Widom scores ``[count + 1]``: of each spike, the largest first, and of the first value that is none."""


def find(s: Floats, m: int, n: int, level: float = tracy_widom.LEVEL) -> Spikes:
    """Count the spikes among the singular values ``s [p]``, ascending, of an ``[m, n]`` matrix of mean 0.

    The largest value left is compared with the ``level`` quantile of the Tracy-Widom law of an (m - k) x (n - k)
    noise matrix, whose sigma^2 = sum of the values left, squared, / ((m - k)(n - k)), for k = 0, 1, ... until one
    lies below. At most p - 2 are tested, since one value has no bulk. The default ``level`` is that of the edge test,
    :data:`netaudit.numerics.laws.tracy_widom.LEVEL`.
    """
    p = min(m, n)
    squares = s[::-1] ** 2
    left = np.cumsum(squares[::-1])[::-1]  # sum over what is left when k are taken out
    k = np.arange(max(1, p - 2))
    rows, columns = np.sqrt(m - k - 0.5), np.sqrt(n - k - 0.5)  # the centring of tracy_widom, for all k at once
    centre, scale = (rows + columns) ** 2, (rows + columns) * (1 / rows + 1 / columns) ** (1 / 3)
    variance = left[k] / ((m - k) * (n - k))
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing left: an exactly low-rank matrix
        scores = np.where(variance > 0, (squares[k] / variance - centre) / scale, -np.inf)
    below = np.flatnonzero(~(scores > tracy_widom.quantile(level)))
    count = int(below[0]) if below.size else len(k)
    rest = left[count] / ((m - count) * (n - count))
    return Spikes(count, float(np.sqrt(rest)), scores[: count + 1])


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
