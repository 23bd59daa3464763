"""What the statistics tend to in large layers that are not Gaussian, without a draw: the lines beside the points."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.special import ndtr

from netaudit.numerics.laws import marchenko_pastur, spikes

Floats = NDArray[np.float64]

_GRID = 4000  # points of a distribution function: its distance is then exact to 1e-4 and better


def student_t_distance(degrees: float) -> float:
    """KS distance between Student-t of variance 1 and the standard normal law; ``degrees`` > 2.

    >>> round(student_t_distance(3), 3)
    0.087
    """
    x = np.linspace(0, 6, _GRID)
    return float(np.max(np.abs(stats.t.cdf(x * np.sqrt(degrees / (degrees - 2)), degrees) - ndtr(x))))


def correlated_distance(coefficient: float, m: int, n: int) -> float:
    """KS distance between the limiting singular-value law of AR(1) rows and the Marchenko-Pastur law; m <= n."""
    u, below = _correlated_law(coefficient, m, n)
    return float(np.max(np.abs(below - marchenko_pastur.cdf(u, m / n))))


def correlated_outside(coefficient: float, m: int, n: int) -> float:
    """Share of the variance that is counted as spikes by :func:`netaudit.numerics.laws.spikes.find`; m <= n.

    It counts on the quantiles of the limiting law in place of a drawn layer's singular values.
    """
    u, below = _correlated_law(coefficient, m, n)
    s = np.sqrt(n) * np.interp((np.arange(m) + 0.5) / m, below, u)
    left = s[: m - spikes.find(s, m, n).count]
    return float(1 - np.sum(left**2) / np.sum(s**2))


@cache
def _correlated_law(c: float, m: int, n: int) -> tuple[Floats, Floats]:
    """Distribution function of u = s / sqrt n on a grid, for AR(1) rows with coefficient 0 < c < 1.

    The Stieltjes transform v of the companion spectrum solves, for the population spectrum of an AR(1) process (the
    Poisson kernel, whose integral is in closed form) and y = m / n <= 1,

        z = -1/v + y (1 - c^2) / sqrt((1 + c^2 + v (1 - c^2))^2 - 4 c^2),

    a polynomial of degree four in v; the density of the eigenvalues of A A^T / n is Im v / (pi y).

    Source: J. Silverstein, J. Multivariate Anal. 55 (1995) 331, equation (1.3).
    """
    y = m / n
    top = (1 + c) / (1 - c) * (1 + np.sqrt(y)) ** 2  # no eigenvalue lies beyond the product of the two norms
    u = np.linspace(0, np.sqrt(top), _GRID + 1)[1:]
    density = 2 * u * _density(u**2, c, y)
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)]) * (u[1] - u[0])
    mass += density[0] * u[0]  # a square matrix has singular values down to 0
    return u, mass / mass[-1]


def _density(x: Floats, c: float, y: float) -> Floats:
    """Density of the eigenvalues at x > 0, ``[G]``."""
    b, s = 1 - c**2, 1 + c**2
    inner = np.array([b**2, 2 * s * b, s**2 - 4 * c**2])  # (s + b v)^2 - 4 c^2
    one = np.ones_like(x)
    outer = np.stack([x**2, 2 * x, one], axis=1)  # (x v + 1)^2
    quartic = np.stack([np.convolve(row, inner) for row in outer])
    quartic[:, 2] -= (y * b) ** 2
    companion = np.zeros((len(x), 4, 4))
    companion[:, 0] = -quartic[:, 1:] / quartic[:, :1]
    companion[:, [1, 2, 3], [0, 1, 2]] = 1
    roots = np.linalg.eigvals(companion)
    # squaring added roots: the right one solves the equation before it, with the branch that goes as v for large v
    w = s + b * roots
    branch = np.sqrt(w - 2 * c + 0j) * np.sqrt(w + 2 * c + 0j)
    misfit = np.where(roots.imag > 1e-9, np.abs(x[:, None] + 1 / roots - y * b / branch), np.inf)
    best = misfit.argmin(axis=1)
    rows = np.arange(len(x))
    return np.where(misfit[rows, best] < 1e-6, roots[rows, best].imag / (np.pi * y), 0.0)


def spike_inflation(strength: float, m: int, n: int, rho: float) -> float:
    """Cross-talk inflation of a Gaussian layer with a rank-one spike theta u v^T: 1 + w^2 (rho n / 2 + 2).

    w = g / (1 + g), g = strength^2 / sqrt(m n), is the spike's share of the variance. The layer is standardised, so the
    Gaussian part returns 1 - w. The spike returns theta^2 u_i^2 (v . x)^2, which is w (1 + 2 w) from the sum of
    v_j^2 x_j^2, since x_j^2 itself grows with v_j^2, and w^2 rho n / 2 from the mean of v . x, that is
    rho alpha theta (u . h) / 2. Averaged over h and the directions: (u . h)^2 = |h|^2 / m.

    >>> round(spike_inflation(20, 4096, 9216, 1.0), 1)
    18.2
    """
    g = strength**2 / np.sqrt(m * n)
    w = g / (1 + g)
    return float(1 + w**2 * (rho * n / 2 + 2))


def reached(statistic: Callable[[float], float], level: float, low: float, high: float) -> float | None:
    """The strength between ``low`` and ``high`` at which a monotone statistic reaches the level, or None.

    >>> reached(lambda x: x**2, 4.0, 0.0, 10.0)
    2.0
    """
    ends = statistic(low) - level, statistic(high) - level
    if ends[0] * ends[1] > 0:
        return None
    return float(f"{brentq(lambda x: statistic(x) - level, low, high, xtol=1e-6):.4g}")


def crossing(strengths: list[float], shares: list[float], level: float = 0.5) -> float | None:
    """Where a measured share first crosses the level, interpolated between two points; None if it does not.

    >>> crossing([1.0, 2.0, 3.0], [0.0, 0.25, 1.0])
    2.333
    """
    for (x, share), (next_x, next_share) in zip(
        zip(strengths, shares, strict=True), zip(strengths[1:], shares[1:], strict=True), strict=False
    ):
        if (share - level) * (next_share - level) <= 0 and share != next_share:
            return float(f"{x + (next_x - x) * (level - share) / (next_share - share):.4g}")
    return None
