"""What stands beside an exponent: how it changes with the tail, and whether a log-normal tail fits as well.

*Hill plot.* For each tail length k, alpha(k) = 1 + k / sum_i log(x_i / xmin) over the k largest values, xmin the
smallest of them. A power law gives a plateau; where there is none, the exponent is that of a choice.

*Vuong's test.* With l_i the difference of the log-densities of the power law and of the log-normal law from xmin on,
both at their maximum likelihood, V = sum_i l_i / (sqrt(n) std(l)). It is about standard normal where both laws are
equally far from the truth, for independent values. The power law is a limit of the log-normal ones, so that V is
hardly ever above 0: it says how clearly the log-normal tail is better.

Sources: B. M. Hill, Ann. Statist. 3 (1975) 1163; Q. H. Vuong, Econometrica 57 (1989) 307; the log-normal law from xmin
on as in A. Clauset, C. R. Shalizi and M. E. J. Newman, SIAM Review 51 (2009) 661, section 5.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr

Floats = NDArray[np.float64]

LEAST_TAIL = 5
"""Shortest tail of a Hill plot: alpha of fewer values says nothing."""
_EQUAL = 1e-10
"""Mean of log(x / xmin) up to which the values of a tail are equal, as in the fit."""
_SAME = 1e-6
"""Gain of a log-normal tail, in nats a value, up to which it is the power law itself."""


def hill(x: Floats, tails: NDArray[np.int64]) -> Floats:
    """Return alpha of the ``tails`` largest of positive values x ``[n]``, NaN for a tail of equal values.

    >>> x = np.random.default_rng(0).pareto(1.5, 100_000) + 1
    >>> hill(x, np.array([10_000, 50_000])).round(1).tolist()
    [2.5, 2.5]
    """
    logs = np.log(np.sort(x)[::-1] / np.max(x))
    mean = np.cumsum(logs)[tails - 1] / tails - logs[tails - 1]
    return 1 + 1 / np.where(mean > _EQUAL, mean, np.nan)


def lengths(n: int, points: int) -> NDArray[np.int64]:
    """Return at most ``points`` tail lengths from ``LEAST_TAIL`` to n in geometric progression."""
    return np.unique(np.geomspace(min(LEAST_TAIL, n), n, points).round().astype(np.int64))


def vuong(x: Floats, xmin: float, alpha: float) -> float | None:
    """Return Vuong's V of the power law against the log-normal law for the values of x from xmin on, at most about 0.

    It is 0 where no log-normal law fits better, and None for fewer than ``LEAST_TAIL`` values.
    """
    y = np.log(x[x >= xmin] / xmin)
    if y.size < LEAST_TAIL:
        return None

    def log_density(p: Floats) -> Floats:
        mu, s = p[0], np.exp(p[1])
        density: Floats = -((y - mu) ** 2) / (2 * s**2) - p[1] - np.log(2 * np.pi) / 2 - log_ndtr(mu / s)
        return density

    def loss(p: Floats) -> float:
        return -float(log_density(p).mean())

    power = np.log(alpha - 1) - (alpha - 1) * y
    spread = float(y.std()) or 1.0
    starts = ((float(y.mean()), float(np.log(spread))), (-3 * spread, float(np.log(2 * spread))))
    found = [minimize(loss, np.array(start), method="Nelder-Mead") for start in starts]
    difference = power - log_density(min(found, key=lambda each: float(each.fun)).x)
    if difference.mean() >= -_SAME or not difference.std():
        return 0.0
    return float(difference.mean() * np.sqrt(y.size) / difference.std())
