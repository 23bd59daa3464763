"""The Tracy-Widom law (beta = 1) and the edge it sets for the largest singular value of a random matrix.

The distribution function is the Fredholm determinant F1(s) = det(I - V_s), where V_s has the kernel
Ai((x + y) / 2) / 2 on (s, infinity), by Gauss-Legendre quadrature: exponentially accurate.

Sources: C. Tracy and H. Widom, Commun. Math. Phys. 177 (1996) 727; P. Ferrari and H. Spohn, J. Phys. A 38 (2005)
L557 (the kernel); F. Bornemann, Math. Comp. 79 (2010) 871 (the quadrature); I. Johnstone, Ann. Statist. 29 (2001)
295, and Z. Ma, Bernoulli 18 (2012) 322 (centring and scaling).
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import airy

Floats = NDArray[np.float64]

LEVEL = 0.999
"""Quantile below which a largest value belongs to the bulk (netaudit's convention): it leaves room for many layers,
where one test at 99 % would spend the whole budget of false alarms."""
SMALLEST = 1e-12
"""Smallest p-value: the accuracy of F1."""

_NODES = 60
"""Nodes of the quadrature, which give 15 digits for s >= -10."""
_BEYOND = 16.0
"""Where the half-line is cut off: Ai(16) is below 1e-19, so that the rest adds nothing."""


@cache
def _quadrature() -> tuple[Floats, Floats]:
    """Return the nodes and the weights of Gauss and Legendre on [-1, 1], ``[_NODES]`` each."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _cdf(s: float) -> float:
    if s >= _BEYOND:
        return 1.0
    nodes, weights = _quadrature()
    half = (_BEYOND - s) / 2
    x, w = s + half * (nodes + 1), np.sqrt(half * weights)
    kernel = airy((x[:, None] + x[None, :]) / 2)[0] / 2
    return float(np.clip(np.linalg.det(np.eye(_NODES) - w[:, None] * kernel * w[None, :]), 0.0, 1.0))


def cdf(s: ArrayLike) -> Floats:
    """Return F1 at s, of any shape, to about 1e-13 for s >= -10.

    >>> float(cdf(0.9793).round(4))
    0.95
    """
    values: Floats = np.vectorize(_cdf, otypes=[np.float64])(np.asarray(s, dtype=np.float64))
    return values


@cache
def quantile(p: float) -> float:
    """Return the s with F1(s) = p, for p in [1e-6, 1 - 1e-6].

    >>> round(quantile(0.999), 4)
    3.2722

    Raises:
        ValueError: p is outside that range.
    """
    if not 1e-6 <= p <= 1 - 1e-6:
        raise ValueError(f"p must lie in [1e-6, 1 - 1e-6], got {p}")
    return float(brentq(lambda s: _cdf(s) - p, -9.0, 12.0, xtol=1e-10))


def p_value(score: float) -> float:
    """Return 1 - F1(score): how often a Gaussian matrix's largest singular value scores higher.

    It is never below :data:`SMALLEST`.

    >>> round(p_value(2.0234), 4), p_value(50.0)
    (0.01, 1e-12)
    """
    return max(SMALLEST, 1 - _cdf(score))


def centring(m: int, n: int) -> tuple[float, float]:
    """Return the centre and the scale of the largest s^2 / sigma^2 of an ``[m, n]`` Gaussian matrix.

    (s_1^2 / sigma^2 - centre) / scale follows F1 up to O(p^(-2/3)): Ma 2012 for real matrices, which takes
    n - 1/2 and m - 1/2 where Johnstone 2001 has n - 1 and m. Measured on 20,000 spectra of 64 x 256: mean -1.20
    against Johnstone's -1.26, for -1.21 of the law.
    """
    root_N, root_p = np.sqrt(max(m, n) - 0.5), np.sqrt(min(m, n) - 0.5)
    centre = (root_N + root_p) ** 2
    return float(centre), float((root_N + root_p) * (1 / root_N + 1 / root_p) ** (1 / 3))


def score(largest: float, sigma: float, m: int, n: int) -> float:
    """Return the Tracy-Widom score of the largest singular value of an ``[m, n]`` matrix with noise of ``sigma``.

    It is (largest^2 / sigma^2 - centre) / scale, which follows F1 for a Gaussian matrix; see :func:`centring`.
    """
    centre, scale = centring(m, n)
    return ((largest / sigma) ** 2 - centre) / scale


def edge(sigma: float, m: int, n: int, p: float = LEVEL) -> float:
    """Return the value that the largest singular value of an ``[m, n]`` Gaussian matrix exceeds with probability 1 - p.

    ``sigma`` is the standard deviation of the entries; p is :data:`LEVEL` by default.
    """
    centre, scale = centring(m, n)
    return float(sigma * np.sqrt(centre + scale * quantile(p)))
