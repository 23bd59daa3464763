"""Which simple distribution the entries of a layer follow: Gaussian, uniform, Laplace or Student-t.

Each family is fitted by maximum likelihood and penalised for its parameters by the Bayesian information criterion,

    BIC = k ln n - 2 ln L,    with k parameters, n weights and the likelihood L.

The gain over the Gaussian is given per weight, in nats, so that it does not grow with the layer: it estimates the
difference of the two Kullback-Leibler divergences. Of a Gaussian, a uniform and a Laplace law the likelihood is exact,
by the mean and variance, the ends, and the median and the mean distance from it. A Student-t law takes the mean of its
log-density over the weights, from the number and the mean of the weights in bins, which costs the same for 10^4 and
10^8 weights: with a bin's mean x, width h and count c it is l(x) + l''(x) (1 - 1 / c) h^2 / 24. No probability is
formed, so none is too small for a logarithm.

Source: G. Schwarz, Ann. Statist. 6 (1978) 461 (the criterion).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize
from scipy.special import gammaln

Floats = NDArray[np.float64]

EDGES: Floats = np.concatenate([-np.geomspace(1000, 6.5, 40), np.linspace(-6, 6, 193), np.geomspace(6.5, 1000, 40)])
"""Inner bin edges in standard deviations: 1/16 apart where a Gaussian lives, then wider; the two ends are open."""
_WIDTHS: Floats = np.concatenate([[0.0], np.diff(EDGES), [0.0]])
"""Widths of the bins; those of the open ends are taken for 0, since what lies there is a few weights."""
_DEGREES = (1.0, 200.0)
"""Degrees of freedom of a Student-t: from Cauchy's to a Gaussian's, which it is up to 0.1 % of a density at 200."""


@dataclass(frozen=True)
class Counts:
    """Entries in the bins of :data:`EDGES`, in their own standard deviations."""

    mean: float
    """Mean of the entries that are counted."""
    std: float
    """Their population standard deviation; of entries that are all equal, up to rounding, their absolute value."""
    counts: Floats
    """``[len(EDGES) + 1]``: how many lie below the first edge, between each two, and above the last."""
    means: Floats
    """``[len(EDGES) + 1]``: the mean of those in each bin as (w - mean) / std; 0 for an empty bin."""
    lowest: float
    """The smallest of them as (w - mean) / std."""
    highest: float
    """The largest of them as (w - mean) / std."""
    median: float
    """Their median as (w - mean) / std: the upper one of two."""
    mean_deviation: float
    """Their mean distance from the median, in std; 0 where all are equal, up to rounding."""


@dataclass(frozen=True)
class Fit:
    """One family fitted to the counts."""

    name: str
    """``gaussian``, ``uniform``, ``laplace`` or ``student_t``."""
    location: float
    """Mean, median, or the centre of a uniform or a t; in the units of the edges."""
    scale: float
    """Standard deviation, half width, mean absolute deviation, or the scale of t; in the units of the edges."""
    degrees: float | None
    """Degrees of freedom of a Student-t, in [1, 200]; None for the others."""
    gain: float
    """(BIC of the Gaussian - own BIC) / (2 n): penalised log-likelihood per weight above the Gaussian's, in nats."""


def fit(entries: Counts) -> tuple[Fit, ...]:
    """Fit all four families to entries in bins, and return them with the best first; none where all are equal."""
    if not entries.mean_deviation:
        return ()
    n = float(entries.counts.sum())
    used = np.flatnonzero(entries.counts)
    share, x = entries.counts[used] / n, entries.means[used]
    variance = (1 - 1 / entries.counts[used]) * _WIDTHS[used] ** 2 / 12

    def loss(p: Floats) -> float:
        location, scale, degrees = p[0], np.exp(p[1]), np.exp(p[2])
        square = ((x - location) / scale) ** 2
        log_density = -(degrees + 1) / 2 * np.log1p(square / degrees)
        curvature = -(degrees + 1) / scale**2 * (degrees - square) / (degrees + square) ** 2
        constant = gammaln((degrees + 1) / 2) - gammaln(degrees / 2) - np.log(degrees * np.pi) / 2 - np.log(scale)
        return -float(constant + share @ (log_density + curvature * variance / 2))

    student = minimize(
        loss,
        np.array([0.0, -0.2, np.log(8.0)]),
        method="Nelder-Mead",
        bounds=Bounds([-5, -12, np.log(_DEGREES[0])], [5, 5, np.log(_DEGREES[1])]),
        options={"maxiter": 600},
    )
    location, scale, degrees = float(student.x[0]), *(float(np.exp(p)) for p in student.x[1:])
    gaussian = float(np.log(2 * np.pi) + 1) / 2
    uniform = float(np.log(entries.highest - entries.lowest))
    laplace = float(np.log(2 * entries.mean_deviation)) + 1
    penalty = float(np.log(n) / (2 * n))  # of one parameter, per weight
    middle, half = (entries.lowest + entries.highest) / 2, (entries.highest - entries.lowest) / 2
    fits = (
        Fit("gaussian", 0.0, 1.0, None, 0.0),
        Fit("uniform", middle, half, None, gaussian - uniform),
        Fit("laplace", entries.median, entries.mean_deviation, None, gaussian - laplace),
        Fit("student_t", location, scale, degrees, gaussian - float(student.fun) - penalty),
    )
    return tuple(sorted(fits, key=lambda fitted: -fitted.gain))
