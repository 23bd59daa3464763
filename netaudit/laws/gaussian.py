"""Closed forms for a Gaussian seen through a ReLU."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]


def normal_pdf(x: ArrayLike) -> Floats:
    """Density of N(0, 1)."""
    density: Floats = np.exp(-(np.asarray(x, dtype=np.float64) ** 2) / 2) / np.sqrt(2 * np.pi)
    return density


def relu_moments(mu: ArrayLike, s: ArrayLike) -> tuple[Floats, Floats]:
    """E[r(z)] and E[r(z)^2] for z ~ N(mu, s^2), s > 0, r = ReLU.

    E r = mu Phi(mu/s) + s phi(mu/s),  E r^2 = (mu^2 + s^2) Phi(mu/s) + mu s phi(mu/s).

    >>> first, second = relu_moments(0.0, 1.0)
    >>> float(first.round(6)), float(second)
    (0.398942, 0.5)
    """
    mu, s = np.asarray(mu, dtype=np.float64), np.asarray(s, dtype=np.float64)
    below, at = ndtr(mu / s), normal_pdf(mu / s)
    return mu * below + s * at, (mu**2 + s**2) * below + mu * s * at
