"""The Marchenko-Pastur law in singular values; its square case is the quarter circle.

For A ``[m, n]`` with i.i.d. entries of variance sigma^2, N = max(m, n) and q = min(m, n) / N, the scaled singular
values u = s / (sigma sqrt(N)) follow, as the shape grows,

    f(u) = sqrt((l+ - u^2)(u^2 - l-)) / (pi q u)   on  [1 - sqrt q, 1 + sqrt q],   l+- = (1 +- sqrt q)^2,

which at q = 1 is sqrt(4 - u^2) / pi on [0, 2]. All functions here take u and q; multiply by sigma sqrt(N) for s.

Source: V. A. Marchenko and L. A. Pastur, Math. USSR-Sbornik 1 (1967) 457, in eigenvalues lambda = u^2.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

Floats = NDArray[np.float64]

_QUANTILE_NODES = 4001
"""Nodes of the interpolated quantile, whose error stays below 1e-6 for q in (0, 1]."""


def aspect(m: int, n: int) -> float:
    """Return q = min(m, n) / max(m, n), in (0, 1]."""
    return min(m, n) / max(m, n)


def support(q: float) -> tuple[float, float]:
    """Return the ends 1 - sqrt q and 1 + sqrt q of the support of u."""
    return 1 - np.sqrt(q), 1 + np.sqrt(q)


def pdf(u: ArrayLike, q: float) -> Floats:
    """Return the density f at u, of any shape; 0 outside of the support.

    >>> float(pdf(1.0, 1.0)), bool(np.isclose(pdf(1.0, 1.0), np.sqrt(3) / np.pi))
    (0.5513288954217921, True)
    """
    low, high = support(q)
    u = np.asarray(u, dtype=np.float64)
    inside = (u > low) & (u < high)
    x = np.where(inside, u, 1.0)
    if q == 1:  # the factor u cancels; 0 / 0 at the hard edge otherwise
        return np.where(inside | (u == 0), np.sqrt(np.maximum(4 - u**2, 0)) / np.pi, 0.0)
    return np.where(inside, np.sqrt(np.maximum((high**2 - x**2) * (x**2 - low**2), 0)) / (np.pi * q * x), 0.0)


def cdf(u: ArrayLike, q: float) -> Floats:
    """Return the distribution function at u, of any shape: the integral of :func:`pdf` in closed form.

    >>> float(cdf(2.0, 1.0)), float(cdf(0.0, 1.0))
    (1.0, 0.0)
    """
    low, high = support(q)
    x = np.clip(np.asarray(u, dtype=np.float64), low, high) ** 2
    l_low, l_high = low**2, high**2
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.sqrt((l_high - x) / (x - l_low))
        body = np.sqrt(np.maximum((l_high - x) * (x - l_low), 0)) - (1 + q) * np.arctan((r - 1 / r) / 2)
        if q < 1:
            body = body + (1 - q) * np.arctan((l_low * r - l_high / r) / (2 * (1 - q)))
        inner = 0.5 + body / (2 * np.pi * q)
    return np.where(x <= l_low, 0.0, np.where(x >= l_high, 1.0, inner))


def quantile(p: ArrayLike, q: float) -> Floats:
    """Return the inverse of :func:`cdf` at the probabilities p, of any shape.

    A monotone cubic interpolates it on nodes that crowd at both edges.
    """
    low, high = support(q)
    nodes = low + (high - low) * (1 - np.cos(np.linspace(0, np.pi, _QUANTILE_NODES))) / 2
    values = cdf(nodes, q)
    rising = np.concatenate([[True], np.diff(values) > 0])
    return np.asarray(PchipInterpolator(values[rising], nodes[rising])(np.asarray(p, dtype=np.float64)))


@cache
def median(q: float) -> float:
    """Return the median of u, to 1e-12.

    >>> round(median(1.0), 4)  # the quarter circle's
    0.8079
    """
    low, high = support(q)
    return float(brentq(lambda u: float(cdf(u, q)) - 0.5, low, high, xtol=1e-12))
