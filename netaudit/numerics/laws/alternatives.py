"""Which simple distribution the entries of a layer follow: Gaussian, uniform, Laplace or Student-t.

Each family is fitted by maximum likelihood to binned counts, which costs the same for 10^4 and 10^8 weights, and is
penalised for its parameters by the Bayesian information criterion,

    BIC = k ln n - 2 ln L,    with k parameters, n weights and the likelihood L of the counts.

The gain over the Gaussian is given per weight, in nats, so that it does not grow with the layer: it estimates the
difference of the two Kullback-Leibler divergences.

Source: G. Schwarz, Ann. Statist. 6 (1978) 461 (the criterion).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize
from scipy.special import ndtr, stdtr

Floats = NDArray[np.float64]

EDGES: Floats = np.concatenate([-np.geomspace(1000, 6.5, 40), np.linspace(-6, 6, 193), np.geomspace(6.5, 1000, 40)])
"""Inner bin edges in standard deviations: 1/16 apart where a Gaussian lives, then wider; the two ends are open."""
_DEGREES = (1.0, 200.0)
"""Degrees of freedom of a Student-t: from Cauchy's to a Gaussian's, which it is up to 0.1 % of a density at 200."""
_LEAST = 1e-300
"""Least probability of a bin, so that a logarithm stays finite."""


@dataclass(frozen=True)
class Fit:
    """One family fitted to the counts."""

    name: str
    """``gaussian``, ``uniform``, ``laplace`` or ``student_t``."""
    location: float
    """Mean, or the centre of a uniform; in the units of the edges."""
    scale: float
    """Standard deviation, half width, mean absolute deviation, or the scale of t; in the units of the edges."""
    degrees: float | None
    """Degrees of freedom of a Student-t, in [1, 200]; None for the others."""
    gain: float
    """(BIC of the Gaussian - own BIC) / (2 n): penalised log-likelihood per weight above the Gaussian's, in nats."""


def fit(counts: Floats, lowest: float, highest: float) -> tuple[Fit, ...]:
    """Fit all four families to counts in the bins of ``EDGES``, and return them with the best first.

    Args:
        counts: how many values lie below the first edge, between each two, and above the last, ``[len(EDGES) + 1]``.
        lowest: the smallest value, in the units of the edges, which is where the support of the most likely uniform
            law begins.
        highest: the largest value, where it ends.
    """
    n = counts.sum()
    used = np.flatnonzero(counts)  # empty bins add nothing to a likelihood
    low, high = np.concatenate([[-np.inf], EDGES])[used], np.concatenate([EDGES, [np.inf]])[used]
    weights = counts[used] / n

    def loss(cdf: Callable[[Floats], Floats], location: float, scale: float) -> float:
        below, above = cdf((low - location) / scale), cdf((high - location) / scale)
        # the upper tail by symmetry: 1 - F loses all digits there
        upper = low > location
        mirrored = cdf((location - low) / scale) - cdf((location - high) / scale)
        return -float(weights @ np.log(np.maximum(np.where(upper, mirrored, above - below), _LEAST)))

    def best(cdf: Callable[[Floats], Floats], scale: float) -> tuple[float, float, float]:
        def of(p: Floats) -> float:
            return loss(cdf, p[0], np.exp(p[1]))

        result = minimize(of, np.array([0.0, np.log(scale)]), method="Nelder-Mead")
        return float(result.fun), float(result.x[0]), float(np.exp(result.x[1]))

    def of_t(p: Floats) -> float:
        return loss(lambda x: stdtr(np.exp(p[2]), x), p[0], np.exp(p[1]))

    gaussian, laplace = best(ndtr, 1.0), best(_laplace, 0.7)
    student = minimize(
        of_t,
        np.array([0.0, -0.2, np.log(8.0)]),
        method="Nelder-Mead",
        bounds=Bounds([-5, -12, np.log(_DEGREES[0])], [5, 5, np.log(_DEGREES[1])]),
        options={"maxiter": 600},
    )
    middle, half = float(lowest + highest) / 2, float(highest - lowest) / 2
    uniform = loss(lambda x: np.clip((x + 1) / 2, 0, 1), middle, half) if half > 0 else None

    penalty = float(np.log(n) / (2 * n))  # of one parameter, per weight
    base = gaussian[0] + 2 * penalty
    fits = [
        Fit("gaussian", gaussian[1], gaussian[2], None, 0.0),
        Fit("laplace", laplace[1], laplace[2], None, base - laplace[0] - 2 * penalty),
        Fit(
            "student_t",
            float(student.x[0]),
            float(np.exp(student.x[1])),
            float(np.exp(student.x[2])),
            float(base - student.fun - 3 * penalty),
        ),
    ]
    if uniform is not None:
        fits.insert(1, Fit("uniform", middle, half, None, base - uniform - 2 * penalty))
    return tuple(sorted(fits, key=lambda fitted: -fitted.gain))


def _laplace(x: Floats) -> Floats:
    tail = np.exp(-np.abs(x)) / 2
    return np.where(x < 0, tail, 1 - tail)
