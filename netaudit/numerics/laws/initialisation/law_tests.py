"""Could a law have drawn this sample? Exact tests of the support, the distribution, the variance and the mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, kolmogorov, ndtr, ndtri

from netaudit.numerics.laws.initialisation.families import Law
from netaudit.numerics.laws.initialisation.rounding import Precision, cells

Floats = NDArray[np.float64]

TESTS = ("support", "distribution", "variance", "mean")
"""The tests of :func:`p_values`, in its order."""
_IN_FLOAT32 = 2.0**-22
"""Relative error of a bound that was computed in float32 and of a draw up to it: two steps of 2^-23."""


@dataclass(frozen=True)
class Sample:
    """Numbers as they are stored, in order. Of many numbers only some are kept, whose ranks are exact."""

    values: Floats
    """Ascending, ``[kept]``, the first and the last among them."""
    before: Floats
    """Share of all numbers before each, ``[kept]``."""
    after: Floats
    """Share of all numbers up to each, ``[kept]``."""
    count: int
    """How many numbers there are in all."""
    mean: float
    mean_square: float
    stored: Precision

    @cached_property
    def cells(self) -> tuple[Floats, Floats]:
        """Lower and upper edges of the cells that the kept numbers stand for, ``[kept]`` each."""
        return cells(self.values, self.stored)


def sample_of(values: Floats, stored: Precision) -> Sample:
    """All of the numbers ``[N]``."""
    ordered = np.sort(values)
    edges: Floats = np.arange(ordered.size + 1) / float(ordered.size)
    mean, square = float(values.mean()), float((values**2).mean())
    return Sample(ordered, edges[:-1], edges[1:], ordered.size, mean, square, stored)


def p_values(sample: Sample, law: Law) -> tuple[float, float, float, float]:
    """The p-value of each of :data:`TESTS`: how often the law gives a sample that looks less like itself.

    Support: the largest magnitude is impossible, or too large or too small for that many draws. Distribution: the
    Kolmogorov-Smirnov distance to the law, rounded as the numbers were. Variance and mean: those of the law are known,
    so that no number is fitted. Exact for a Gaussian but for the quadrature of the Kolmogorov law, which is right to
    1 % from 100 numbers on (Stephens 1970).
    """
    root = np.sqrt(sample.count)
    scaled = _distance(sample, law) * (root + 0.12 + 0.11 / root)  # Stephens' correction for a finite sample
    mean = two_sided(sample.mean / law.std * root)
    return _support(sample, law), float(kolmogorov(scaled)), variance(sample, law), mean


def variance(sample: Sample, law: Law) -> float:
    """The p-value of the variance alone, which costs nothing: of a law that is far off, nothing else need be asked."""
    fourth, sixth = law.moments
    total = np.array([sample.mean_square / law.std**2 * sample.count])
    return two_sided(float(z_of_sum(total, sample.count, fourth, sixth)[0]))


def two_sided(z: float) -> float:
    """How often a standard normal number lies further from 0."""
    return float(2 * ndtr(-abs(z)))


def z_of_sum(sums: Floats, terms: int, fourth: float, sixth: float) -> Floats:
    """Standard normal scores of sums of ``terms`` squares of numbers with variance 1 and these moments.

    The sum's law is taken as a gamma law with its first three moments, which for a Gaussian is exactly the chi-squared
    law. Where the square hardly varies (random signs) it is a normal law.
    """
    variance, third = fourth - 1, sixth - 3 * fourth + 2
    if variance <= 1e-9:
        return np.zeros_like(sums)
    z = (sums - terms) / np.sqrt(terms * variance)
    skewness = third / (variance**1.5 * np.sqrt(terms))
    if skewness < 1e-3:
        return np.asarray(z)
    shape = 4 / skewness**2
    at = np.maximum(shape + z * np.sqrt(shape), 0.0)
    # each tail by itself: 1 - F loses all digits in the other
    upper, lower = gammaincc(shape, at), gammainc(shape, at)
    return np.asarray(np.where(at > shape, -ndtri(np.maximum(upper, 1e-300)), ndtri(np.maximum(lower, 1e-300))))


def _distance(sample: Sample, law: Law) -> float:
    lower, upper = sample.cells
    return float(max(np.max(sample.after - law.cdf(upper)), np.max(law.cdf(lower) - sample.before)))


def _support(sample: Sample, law: Law) -> float:
    lower, upper = (edges[[0, -1]] for edges in sample.cells)
    inner, outer = max(-upper[0], lower[1]), max(-lower[0], upper[1])
    if inner > law.bound * (1 + _IN_FLOAT32):
        return 0.0
    with np.errstate(divide="ignore"):
        none_above_outer = float(np.exp(sample.count * np.log1p(-law.beyond(max(float(outer), 0.0)))))
        some_above_inner = float(-np.expm1(sample.count * np.log1p(-law.beyond(max(float(inner), 0.0)))))
    return min(1.0, 2 * min(none_above_outer, some_above_inner))
