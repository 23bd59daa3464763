"""Could independent entries, of whatever law, make this matrix? Training leaves traces here, a draw does not.

Every statistic takes the matrix in the standard deviations of its own entries, with their own fourth and sixth moment,
so that no law is assumed. All are one-sided: a draw whose rows were scaled to one length is less spread than it might
be, and no sign of training.

Sources: B. Nadler, J. Multivariate Anal. 102 (2011) 363 (the largest singular value in units of the sample's own
variance); J. Schott, Biometrika 92 (2005) 951 (the sum of squared correlations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from netaudit.numerics.laws import tracy_widom
from netaudit.numerics.laws.initialisation.law_tests import z_of_sum

Floats = NDArray[np.float64]

HEAVY = 2.0
"""Excess kurtosis above which neither the norms nor the edge of the spectrum have these laws: the largest entries
decide both. Every family on the list has at most 0; entries with a Student law of 6 degrees of freedom have 3, and
their norms were taken for training in one of five matrices of 200 x 150."""
_LOWEST = 3.5
"""Largest score that a short row adds: the lower end of the fitted gamma law moves with the sample's moments, and a
row just beyond it would be impossible. Without this bound 2.4 % of Gaussian matrices of 10 x 64 fail at 0.05 %."""


@dataclass(frozen=True)
class Side:
    """What is summed along the rows, or along the columns, of a matrix ``[m, n]`` in its own standard deviations."""

    sums: Floats
    """Of the entries, ``[k]``."""
    squares: Floats
    """Of their squares, ``[k]``."""
    length: int
    """How many entries each sum has."""


def norms(side: Side, fourth: float, sixth: float) -> float:
    """p-value of the spread of the row (or column) norms: chi-squared with k - 1 degrees of freedom."""
    k = side.squares.size
    if k < 2 or fourth - 3 > HEAVY:
        return 1.0
    z = np.maximum(z_of_sum(side.squares, side.length, fourth, sixth), -_LOWEST)
    return float(gammaincc((k - 1) / 2, float(((z - z.mean()) ** 2).sum()) / 2))


def sums(side: Side, fourth: float) -> float:
    """p-value of the spread of the row (or column) sums, each over its norm: a direction that all inputs share.

    A self-normalised sum has mean square 1 and fourth moment 3 - 2 mu_4 / n for a symmetric law; the sum of the squares
    is taken as chi-squared with the variance that follows.
    """
    used = side.squares > 0
    k = int(used.sum())
    variance = 2 - 2 * fourth / side.length
    if k < 2 or variance <= 0:
        return 1.0
    total = float((side.sums[used] ** 2 / side.squares[used]).sum())
    return scaled_chi_squared(total, k, k * variance)


def largest(value: float, m: int, n: int, fourth: float) -> float:
    """p-value of the largest singular value, in the sample's own standard deviations, by the Tracy-Widom law.

    Nadler's term allows for the variance that is estimated from the same matrix: 1 - F1(s) + F1''(s) (mu / xi)^2 / mn.
    """
    if fourth - 3 > HEAVY:
        return 1.0
    centre, scale = tracy_widom.centring(m, n)
    at, step = tracy_widom.score(value, 1.0, m, n), 0.01
    if at > 14:
        return tracy_widom.SMALLEST
    below, here, above = tracy_widom.cdf(np.array([at - step, at, at + step]))
    bend = (below - 2 * here + above) / step**2
    return float(np.clip(1 - here + bend * (centre / scale) ** 2 / (m * n), tracy_widom.SMALLEST, 1.0))


def coherence(cosines: float, pairs: int, length: int, concentration: float) -> float:
    """p-value of the mean squared cosine between the rows (or columns) of the smaller side.

    Args:
        cosines: the mean over the pairs.
        pairs: how many pairs there are.
        length: N, the length of each row.
        concentration: mean over the rows of sum u^4, with the row scaled to norm 1; mu_4 / N for independent entries.

    The cosines of independent symmetric rows are uncorrelated, with mean square 1/N and fourth moment
    s^2 / N + 3 (1 - s)^2 / (N (N - 1)), with the concentration s.
    """
    if pairs < 1 or length < 2:
        return 1.0
    s = concentration
    variance = s**2 / length + 3 * (1 - s) ** 2 / (length * (length - 1)) - 1 / length**2
    if variance <= 0:
        return 1.0
    return scaled_chi_squared(cosines * pairs, pairs / length, pairs * variance)


def scaled_chi_squared(value: float, mean: float, variance: float) -> float:
    """How often a gamma law of that mean and variance, a chi-squared law times a number, lies above the value."""
    return float(gammaincc(mean**2 / variance, value * mean / variance))
