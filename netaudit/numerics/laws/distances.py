"""Distances between a sample and a law."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ks(law_cdf: Floats) -> float:
    """Kolmogorov-Smirnov distance, from the law's distribution function at the *sorted* sample.

    sup_x |F_n(x) - F(x)|, taken on both sides of every step of F_n.

    >>> float(ks(np.array([0.5])))
    0.5
    """
    n = len(law_cdf)
    after, before = np.arange(1, n + 1) / n, np.arange(n) / n
    return float(max(np.max(after - law_cdf), np.max(law_cdf - before)))


def wasserstein(sorted_sample: Floats, law_quantiles: Floats) -> float:
    """Wasserstein-1 distance: mean |x_(i) - Q((i - 1/2) / n)|, in the sample's units.

    The midpoint rule for the integral over p of |F_n^{-1} - Q|.
    """
    return float(np.mean(np.abs(sorted_sample - law_quantiles)))


def midpoints(n: int) -> Floats:
    """The probabilities (i - 1/2) / n, i = 1..n."""
    return (np.arange(n) + 0.5) / n
