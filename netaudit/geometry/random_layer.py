"""How many neurons of a random layer change their state between two inputs: the law that a trained layer is set beside.

A neuron with i.i.d. N(0, s^2) weights and no bias sees its two inputs x0 and x1 as two Gaussian numbers whose
correlation is the cosine of the angle theta between the inputs. They have different signs with probability theta / pi
(Sheppard 1899). The angle after the layer's ReLU follows from the arc-cosine kernel of order 1 (Cho and Saul 2009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Floats = np.ndarray[Any, np.dtype[np.float64]]


def angle(x0: ArrayLike, x1: ArrayLike) -> Floats:
    """The angle between inputs ``[..., n]``, from 0 to pi, ``[...]``; NaN where one is 0.

    It is 2 atan2(|u - v|, |u + v|) of the unit vectors, which keeps its digits at small angles, where the arc cosine
    loses half of them.
    """
    u, v = _unit(x0), _unit(x1)
    apart, together = np.linalg.norm(u - v, axis=-1), np.linalg.norm(u + v, axis=-1)
    found: Floats = 2 * np.arctan2(apart, together)
    return found


def next_angle(theta: ArrayLike) -> Floats:
    """The angle between the outputs of a wide random layer after ReLU: cos' = (sin + (pi - theta) cos) / pi.

    >>> float(next_angle(np.pi)) == np.pi / 2
    True
    """
    theta = np.asarray(theta, dtype=np.float64)
    cosine = (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / np.pi
    found: Floats = np.arccos(np.clip(cosine, -1, 1))
    return found


def flip_probability(
    x0: ArrayLike, x1: ArrayLike, bias: ArrayLike | None = None, std: float = 1.0, mean: float = 0.0
) -> Floats:
    """The probability that a neuron of a Gaussian layer is on for one of two inputs and off for the other.

    Without a bias and with mean 0 that is theta / pi. Otherwise the pre-activations are two Gaussian numbers with the
    means mean * sum(x) + b and the standard deviations std * ||x||, and the probability is that of two quadrants, by
    Owen's T function (Owen 1956, equation 2.1).

    Args:
        x0: inputs ``[..., n]``.
        x1: the other inputs ``[..., n]``.
        bias: the biases ``[m]``, which are kept as they are; None for none.
        std: standard deviation of the weights, above 0.
        mean: their mean.

    Returns:
        ``[..., m]``; without a bias ``[..., 1]``, the same for each neuron. An input of zeros leaves a neuron on where
        its bias is above 0, and off elsewhere.
    """
    x0, x1 = np.asarray(x0, dtype=np.float64), np.asarray(x1, dtype=np.float64)
    theta = angle(x0, x1)[..., None]
    shift = np.zeros(1) if bias is None else np.asarray(bias, dtype=np.float64)
    h, k = (_in_deviations(x, shift, std, mean) for x in (x0, x1))
    return _quadrants(h, k, theta)


def _in_deviations(x: Floats, shift: Floats, std: float, mean: float) -> Floats:
    """The mean of the pre-activations in their standard deviations, ``[..., m]``; infinite for an input of zeros."""
    norms = np.linalg.norm(x, axis=-1)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = (mean * x.sum(-1)[..., None] + shift) / (std * norms)
    found: Floats = np.where(norms > 0, inner, np.where(shift > 0, np.inf, -np.inf))
    return found


def _quadrants(h: Floats, k: Floats, theta: Floats) -> Floats:
    """P(z0 > 0) + P(z1 > 0) - 2 P(both > 0) for unit Gaussians with means h and k and correlation cos(theta)."""
    from scipy.special import ndtr, owens_t

    cosine, sine = np.cos(theta), np.sin(theta)

    def part(h: Floats, k: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            tangent = np.nan_to_num((k - cosine * h) / (h * sine), posinf=np.inf, neginf=-np.inf)  # 0 / 0: one input
        at_zero = np.arctan2(k, np.zeros_like(k)) / (2 * np.pi)
        found: Floats = np.where(h == 0, at_zero, owens_t(h, tangent))
        return found

    # P(both > 0) = (Phi(h) + Phi(k)) / 2 - part(h, k) - part(k, h) - 1/2 where opposite, so that Phi drops out
    opposite = (np.sign(h) * np.sign(k) < 0) | (((h == 0) | (k == 0)) & ((h < 0) | (k < 0)))
    both = 2 * (part(h, k) + part(k, h)) + opposite
    found = np.where((h == 0) & (k == 0), theta / np.pi, both)
    for certain, other in ((h, k), (k, h)):
        found = np.where(np.isinf(certain), ndtr(np.where(certain > 0, -other, other)), found)
    clipped: Floats = np.clip(found, 0, 1)
    return clipped


def over_dispersion(flips: ArrayLike, expected: ArrayLike, variance: ArrayLike) -> float:
    """How much more the flips of a layer vary over segments than those of independent neurons: 1 for a random layer.

    Args:
        flips: how many neurons flip along each segment, ``[S]``.
        expected: the sum of their probabilities p, ``[S]``.
        variance: the sum of p (1 - p), ``[S]``, above 0.

    Returns:
        The mean over segments of (flips - expected)^2 / variance. For random rows and segments in unrelated directions
        S times it follows chi^2 with S degrees of freedom in the limit of many neurons.

    >>> over_dispersion([10, 30], [20, 20], [16, 16])
    6.25
    """
    gaps = np.asarray(flips, dtype=np.float64) - np.asarray(expected, dtype=np.float64)
    return float(np.mean(gaps**2 / np.asarray(variance, dtype=np.float64)))


def _unit(x: ArrayLike) -> Floats:
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit: Floats = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return unit
