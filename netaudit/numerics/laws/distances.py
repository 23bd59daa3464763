"""Distances between a sample and a law."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ks(law_cdf: Floats) -> float:
    """Return the Kolmogorov-Smirnov distance sup_x |F_n(x) - F(x)| of a sample to a law, in [0, 1].

    ``law_cdf [n]`` has F at the *sorted* sample. The supremum is taken on both sides of every step of F_n.

    >>> float(ks(np.array([0.5])))
    0.5
    """
    n = len(law_cdf)
    after, before = np.arange(1, n + 1) / n, np.arange(n) / n
    return float(max(np.max(after - law_cdf), np.max(law_cdf - before)))


def wasserstein(sorted_sample: Floats, law_quantiles: Floats) -> float:
    """Return the Wasserstein-1 distance of a sample to a law, in the sample's units.

    It is the mean of |x_(i) - Q((i - 1/2) / n)|, the midpoint rule for the integral of |F_n^{-1} - Q| over (0, 1).
    ``law_quantiles [n]`` has Q at :func:`midpoints`.
    """
    return float(np.mean(np.abs(sorted_sample - law_quantiles)))


def midpoints(n: int) -> Floats:
    """Return the probabilities (i - 1/2) / n for i = 1, ..., n, ``[n]``."""
    return (np.arange(n) + 0.5) / n
