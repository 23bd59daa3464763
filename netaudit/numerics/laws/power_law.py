"""The power law that fits the largest values of a sample best: its exponent, where it starts, and how well it fits.

For n values x_i with density proportional to x^-alpha from xmin on, the maximum-likelihood exponent is

    alpha = 1 + n / sum_i log(x_i / xmin)                                                          (eq. 3.1),

and xmin is the value that makes the Kolmogorov-Smirnov distance D of the n values to that law smallest (section 3.3):

    D = max_j |F(x_(j)) - j / n|,   j = 0, ..., n - 1,   F(x) = 1 - (x / xmin)^(1 - alpha).

Every sample has such an alpha, whether or not its tail is a power law; D, and what samples without one give, say more.

Source: A. Clauset, C. R. Shalizi and M. E. J. Newman, SIAM Review 51 (2009) 661. D looks at one side of each step,
and fewer than 20 values are treated as WeightWatcher 0.7.7 does, whose users know these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_VALUES = 10
"""Fewer values get no fit: the least that WeightWatcher documents (``min_evals``)."""
_FEW = 20
"""Number of values below which WeightWatcher divides n - 1, not n, by the sum, which takes away the bias of alpha."""
_LEAST_TAIL, _LEAST_TAIL_OF_FEW = 2, 8
"""Shortest tail, and shortest tail of fewer than 20 values, as WeightWatcher has them."""
_EQUAL = 1e-10
"""Mean of log(x / xmin) below which the values of a tail are equal up to the rounding of a Gram product."""
_PROBES = 32
"""Values of a tail at which its D is bounded before it is computed: the fastest at 4,096 values (measured)."""
_RESAMPLES = 200
"""Resamples of the bootstrap: each end of a 95 % interval rests on five of them."""
_CANDIDATES = 100
"""Candidates for xmin in each resample: all of 1,000 move the ends no more than another seed does (measured)."""


@dataclass(frozen=True)
class PowerLaw:
    """A fitted power law."""

    alpha: float
    """Exponent of the density, above 1; no unit."""
    xmin: float
    """The value from which on it was fitted, in the sample's unit."""
    xmax: float
    """The largest value."""
    D: float
    """Kolmogorov-Smirnov distance of the tail to the law, in [0, 1]."""
    tail: int
    """n, the number of values from xmin on."""

    @property
    def sigma(self) -> float:
        """(alpha - 1) / sqrt(n): the standard error for independent values and an xmin known beforehand (eq. 3.2)."""
        return float((self.alpha - 1) / np.sqrt(self.tail))


def fit(x: Floats) -> PowerLaw | str:
    """Fit a power law to positive values ``[n]`` in any order, each of which may be xmin, or say why there is none.

    There is none, and the result is a sentence's part in words, for fewer than ``LEAST_VALUES`` and for equal values.

    >>> law = fit(np.random.default_rng(0).pareto(1.5, 2000) + 1)  # density proportional to x^-2.5 from 1 on
    >>> round(law.alpha, 2), round(law.xmin, 2), round(law.D, 3), law.tail
    (2.48, 1.0, 0.013, 1992)

    Raises:
        ValueError: a value is not positive and finite.
    """
    x = np.sort(x)
    if x.size and not (x[0] > 0 and np.isfinite(x[-1])):
        raise ValueError(f"values must be positive and finite, got {x[0]} to {x[-1]}")
    if x.size < LEAST_VALUES:
        return f"it takes {LEAST_VALUES} positive values, and there are {x.size}"
    best = _best(np.log(x / x[-1]))
    if best is None:
        return "the values are equal"
    alpha, distance, start = best
    return PowerLaw(alpha, float(x[start]), float(x[-1]), distance, x.size - start)


def interval(x: Floats, generator: np.random.Generator) -> tuple[float, float] | None:
    """Return a 95 % percentile bootstrap interval of alpha for positive values ``[n]``, or None if no resample has a
    fit.

    xmin is chosen again in each of 200 resamples. A resample tries 100 tail lengths in geometric progression, so that
    no short tail, where alpha moves most, is left out. The resamples treat the values as independent.

    Source: the bootstrap for an unknown xmin of Clauset, Shalizi and Newman 2009, section 3.3.
    """
    logs = np.log(np.sort(x) / np.max(x))
    drawn = (logs[np.sort(generator.integers(0, logs.size, logs.size))] for _ in range(_RESAMPLES))
    alphas = [best[0] for best in (_best(each, _CANDIDATES) for each in drawn) if best is not None]
    if not alphas:
        return None
    low, high = np.quantile(alphas, [0.025, 0.975])
    return float(low), float(high)


def _best(logs: Floats, candidates: int | None = None) -> tuple[float, float, int] | None:
    """Return alpha, D and the start of the tail with the smallest D, of ascending logarithms; None if all are equal."""
    total, few = logs.size, logs.size < _FEW
    least = _LEAST_TAIL_OF_FEW if few else _LEAST_TAIL
    tails = np.arange(total, least - 1, -1)
    if candidates is not None and tails.size > candidates:
        tails = np.unique(np.geomspace(least, total, candidates).round().astype(np.int64))[::-1]
    starts = total - tails
    excess = np.cumsum(logs[::-1])[tails - 1] - tails * logs[starts]  # sum of log(x_i / xmin)
    kept = (excess > _EQUAL * tails) & ((starts == 0) | (logs[starts] > logs[starts - 1]))  # of equal values, the first
    if not kept.any():
        return None
    starts, alphas = starts[kept], 1 + (tails[kept] - few) / excess[kept]
    smallest, best = np.inf, 0
    bounds = _bounds(logs, starts, alphas)
    for index in np.argsort(bounds, kind="stable"):
        if bounds[index] > smallest:
            break
        smallest, best = min((smallest, best), (_distance(logs[starts[index] :], alphas[index]), int(index)))
    return float(alphas[best]), float(smallest), int(starts[best])


def _bounds(logs: Floats, starts: NDArray[np.int64], alphas: Floats) -> Floats:
    """Return D of each tail over a few of its values, which is never above its D: most tails need no more to be ruled
    out."""
    tails = logs.size - starts
    ranks = (tails[:, None] - 1) * np.arange(_PROBES) // (_PROBES - 1)
    above = np.exp((1 - alphas[:, None]) * (logs[starts[:, None] + ranks] - logs[starts, None]))
    bounds: Floats = np.abs(1 - above - ranks / tails[:, None]).max(axis=1)
    return bounds


def _distance(logs: Floats, alpha: float) -> float:
    above = np.exp((1 - alpha) * (logs - logs[0]))
    return float(np.abs(1 - above - np.arange(logs.size) / logs.size).max())
