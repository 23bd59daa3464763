r"""What a Gaussian layer must do to its shadows: closed forms without free constants.

For A ``[m, n]`` with i.i.d. N(0, sigma^2) entries, S the support of h and k its size, let x be a shadow of h and
z = A x. Off the support z_i is close to N(0, s^2), and on it z_i - h_i is close to N(0, s_i^2), with

    s^2 = 2 ||h||^2 / (rho n),      s_i^2 = s^2 (1 + (2 - rho / 2) h_i^2 / ||h||^2).

With an offset -t the squared error of r(z - t) is

    sum_{i in S} E (r(h_i + s_i g - t) - h_i)^2 + (m - k) E r(s g - t)^2,     g ~ N(0, 1).

The second moments are exact at every size; what is approximate is that z is Gaussian, and that ||x|| is its mean.

Source: derived from Lemma 2.5 and Theorem 2.3 of S. Arora, Y. Liang and T. Ma, arXiv:1511.05653, with the constants
kept; the tests check it by simulation.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from netaudit.numerics.laws.gaussian import normal_pdf, relu_moments

Floats = NDArray[np.float64]

GAUSSIAN_KURTOSIS = 3.0
"""E A_ij^4 / sigma^4 of Gaussian entries: the default wherever the kurtosis of the entries enters."""
_LARGEST_OFFSET = 8.0
"""Largest offset that is tried, in units of s: the largest cross-talk, sqrt(2 ln m), is 6.4 at m = 10^9."""
_SEARCHED = 4096
"""Non-zeros by which the best offset is found: all of 26,000 change the error there by a millionth (measured)."""


@dataclass(frozen=True)
class Prediction:
    """The expected metrics of one cell (k, rho) of the grid, averaged over the drawn h."""

    offset: float
    """The constant offset t, in units of s, that minimises the predicted error."""
    threshold: float
    """The hard threshold, in units of s, that minimises its predicted error."""
    relative_error: float
    """E||r(z - t s) - h||^2 / ||h||^2 at the best offset."""
    relative_error_none: float
    """E||r(z) - h||^2 / ||h||^2, without an offset."""
    relative_error_hard: float
    """E||z 1{z > t s} - h||^2 / ||h||^2 at the best threshold."""
    support_auc: float
    """P(z_i > z_j) for i on the support and j off it."""
    support_precision: float
    """Expected share of {z > threshold} that is support, as a ratio of expectations."""
    support_recall: float
    """P(z_i > threshold) for i on the support."""


def predict(values: ArrayLike, m: int, n: int, rho: float, kurtosis: float = GAUSSIAN_KURTOSIS) -> Prediction:
    """Predict the metrics of the inversion of an ``[m, n]`` Gaussian layer, averaged over the drawn h.

    Args:
        values: the non-zeros of h, ``[draws, k]``, k < m.
        m: outputs of the layer.
        n: inputs of the layer.
        rho: keep probability of the dropout.
        kurtosis: E A_ij^4 / sigma^4, for entries of another symmetric law than the Gaussian, whose it is by default;
            see :func:`on_support_factor`.
    """
    h = _relative(values)
    s = np.sqrt(2 / (rho * n))
    s_on = s * np.sqrt(on_support_factor(h**2, rho, kurtosis))
    off = m - h.shape[1]
    few = np.asarray(values)[: -(-_SEARCHED // h.shape[1])]

    def best(error: Callable[..., float]) -> float:
        result = minimize_scalar(
            lambda t: error(few, m, n, rho, t, kurtosis),
            bounds=(0, _LARGEST_OFFSET),
            method="bounded",
            options={"xatol": 1e-4},
        )
        return float(result.x)

    offset, threshold = best(soft_error), best(hard_error)
    recall = float(np.mean(ndtr((h - threshold * s) / s_on)))
    hits, alarms = recall * h.shape[1], off * float(ndtr(-threshold))
    return Prediction(
        offset=offset,
        threshold=threshold,
        relative_error=soft_error(values, m, n, rho, offset, kurtosis),
        relative_error_none=soft_error(values, m, n, rho, 0.0, kurtosis),
        relative_error_hard=hard_error(values, m, n, rho, threshold, kurtosis),
        support_auc=float(np.mean(ndtr(h / np.sqrt(s_on**2 + s**2)))),
        support_precision=hits / (hits + alarms) if hits + alarms else 0.0,
        support_recall=recall,
    )


def on_support_factor(share: ArrayLike, rho: float, kurtosis: float = GAUSSIAN_KURTOSIS) -> Floats:
    """Return s_i^2 / s^2 = 1 + (kurtosis - 1 - rho / 2) h_i^2 / ||h||^2 for each ``share`` = h_i^2 / ||h||^2.

    It holds for entries of any symmetric law with mean 0 and a finite fourth moment: with v = sum_i A_ij h_i, the pair
    (A_ij, v) has the law of (-A_ij, -v), so that E A_ij^2 r(v)^2 is half of E A_ij^2 v^2, which needs E A_ij^4 alone.
    Of the entries' law only the kurtosis enters, and only on the support: s^2 needs the variance alone.
    """
    factor: Floats = 1 + (kurtosis - 1 - rho / 2) * np.asarray(share, dtype=np.float64)
    return factor


def soft_error(
    values: ArrayLike, m: int, n: int, rho: float, offset: float, kurtosis: float = GAUSSIAN_KURTOSIS
) -> float:
    """Return E||r(z - t s) - h||^2 / ||h||^2 at the constant offset t = ``offset``, in units of s.

    The other arguments are those of :func:`predict`.
    """
    return _error(lambda mu, s, t: relu_moments(mu - t, s), values, m, n, rho, offset, kurtosis)


def hard_error(
    values: ArrayLike, m: int, n: int, rho: float, threshold: float, kurtosis: float = GAUSSIAN_KURTOSIS
) -> float:
    """Return E||z 1{z > t s} - h||^2 / ||h||^2 at the threshold t = ``threshold``, in units of s.

    The other arguments are those of :func:`predict`.
    """
    return _error(_above, values, m, n, rho, threshold, kurtosis)


def _error(
    moments: Callable[[Floats, Floats, float], tuple[Floats, Floats]],
    values: ArrayLike,
    m: int,
    n: int,
    rho: float,
    t: float,
    kurtosis: float,
) -> float:
    """Return E||f(z) - h||^2 / ||h||^2, where ``moments(mu, s, t)`` gives E f(z) and E f(z)^2 for z ~ N(mu, s^2)."""
    h = _relative(values)
    s = np.sqrt(2 / (rho * n))
    s_on = s * np.sqrt(on_support_factor(h**2, rho, kurtosis))
    first, second = moments(h, s_on, t * s)
    rest = moments(np.zeros(1), np.full(1, s), t * s)[1][0]
    return float(np.mean(np.sum(second - 2 * h * first + h**2, axis=1)) + (m - h.shape[1]) * rest)


def _relative(values: ArrayLike) -> Floats:
    """Return the non-zeros of h / ||h||, ``[draws, k]``: every metric is relative to ||h||."""
    nonzeros: Floats = np.asarray(values, dtype=np.float64)
    relative: Floats = nonzeros / np.sqrt((nonzeros**2).sum(axis=1, keepdims=True))
    return relative


def _above(mu: Floats, s: Floats, t: float) -> tuple[Floats, Floats]:
    """Return E[z; z > t] and E[z^2; z > t] for z ~ N(mu, s^2)."""
    a = (t - mu) / s
    share, at = ndtr(-a), normal_pdf(a)
    return mu * share + s * at, (mu**2 + s**2) * share + s * (mu + t) * at
