"""The law of the singular values of independent entries whose variances follow a profile.

A ``[m, n]`` has independent entries of mean 0 and variance S_ij, and N = max(m, n). The scaled singular values
u = s / sqrt(N) follow, as the shape grows, a law that comes from the one solution with positive imaginary parts of

    -1 / g_i = z + (1/N) sum_j S_ij h_j,    -1 / h_j = z + (1/N) sum_i S_ij g_i,    z = u + i 0.

With a profile of K components, S = W H, the sums are a_k = (1/N) sum_j H_kj h_j and b_k = (1/N) sum_i W_ik g_i, and
only K of these numbers are unknown at each z. The share of singular values above u needs no integral of a density:

    1 - F(u) = Im(-sum_i log(-g_i) - sum_j log(-h_j) - z (sum_i g_i + sum_j h_j) - N sum_k a_k b_k) / (pi p),

p = min(m, n). This is log det(z - [0 A; A^T 0]), which is stationary in g and h, so that a small error of the solution
counts by its square. A profile whose rows and columns all have the mean 1 has g and h of one value each, and the law
of Marchenko and Pastur, whatever the profile is inside.

Sources: W. Hachem, P. Loubaton and J. Najim, Ann. Appl. Probab. 17 (2007) 875 (the equations, in s^2); O. Ajanki,
L. Erdos and T. Kruger, Probab. Theory Relat. Fields 169 (2017) 667 (in this form); docs/method.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

HEIGHT = 1e-6
"""Imaginary part of z at the end, in half the largest possible u: the distribution function moves by about as much."""
_DECADE = 10.0
"""From one height to the next below it, from 1 on, where the iteration contracts strongly."""
_DAMPED = 3
"""Damped steps at each height before Newton's."""
_NEWTON = 12
"""Newton steps at each height at most."""
_CLOSE = 1e-7
"""Relative length of a Newton step after which a height is done: the next step's would be about its square."""
_SOLVED = 1e-6
"""Largest relative residual of a solution. The distribution function feels its square."""


@dataclass(frozen=True)
class ProfileLaw:
    """The law at the places u ``[U]``."""

    cdf: Floats
    """Share of the singular values up to u, ``[U]``; its value beside 0 is the share of those that are zero."""
    pdf: Floats
    """Density ``[U]``."""
    solved: bool
    """Whether the equations were solved at every place."""


def largest_place(W: Floats, H: Floats) -> float:
    """Return a u beyond which there is no singular value in the limit: 2 sqrt(max of the row and column sums / N)."""
    N = max(len(W), H.shape[1])
    highest = max(float((W @ H.sum(1)).max()), float((W.sum(0) @ H).max())) / N
    return float(2 * np.sqrt(highest))


def law(u: Floats, W: Floats, H: Floats, height: float = HEIGHT) -> ProfileLaw:
    """Return the law of the profile S = W H at the places u.

    Args:
        u: places ``[U]``, above 0.
        W: ``[m, K]``, none negative.
        H: ``[K, n]``, none negative.
        height: imaginary part of z, in half of :func:`largest_place`.
    """
    if len(W) > H.shape[1]:  # the smaller side first
        return law(u, np.ascontiguousarray(H.T), np.ascontiguousarray(W.T), height)
    p, N, unit = len(W), H.shape[1], largest_place(W, H) / 2
    if not unit > 0:
        return ProfileLaw(np.ones_like(u), np.zeros_like(u), True)
    H = H / unit**2  # from here on u is in that unit
    x = np.asarray(u, dtype=np.float64) / unit
    b: Complex = np.full((x.size, W.shape[1]), 1j) * (W.sum(0) / N)
    for above in np.geomspace(1.0, height, 1 + round(-np.log10(height) / np.log10(_DECADE))):
        z = (x + 1j * above)[:, None]
        left = np.arange(x.size)
        for _ in range(_DAMPED):
            b = (b + _image(z, b, W, H, N)) / 2
        for _ in range(_NEWTON):
            image, slope = _round(z[left], b[left], W, H, N)
            try:
                step = np.linalg.solve(np.eye(b.shape[1]) - slope, (image - b[left])[:, :, None])[:, :, 0]
            except np.linalg.LinAlgError:  # not solved, unless the damped steps were enough
                break
            better = b[left] + step
            good = np.asarray(np.isfinite(better).all(1) & (better.imag > 0).all(1))
            b[left] = np.where(good[:, None], better, (b[left] + image) / 2)
            done = good & (np.abs(step).max(1) <= _CLOSE * np.abs(better).max(1))
            left = left[np.flatnonzero(~done)]
            if not left.size:
                break
    image = _image(z, b, W, H, N)
    solved = bool((np.abs(image - b).max(1) <= _SOLVED * np.abs(b).max(1)).all())
    h = -1 / (z + b @ H)
    a = h @ H.T / N
    g = -1 / (z + a @ W.T)
    b = g @ W / N
    angles = -np.angle(-g).sum(1) - np.angle(-h).sum(1)
    beyond = angles - (z[:, 0] * (g.sum(1) + h.sum(1)) + N * (a * b).sum(1)).imag
    cdf = np.clip(1 - beyond / (np.pi * p), 0.0, 1.0)
    return ProfileLaw(cdf, np.maximum(2 * g.imag.mean(1) / (np.pi * unit), 0.0), solved)


def _image(z: Complex, b: Complex, W: Floats, H: Floats, N: int) -> Complex:
    """Return the next b ``[U, K]`` from b."""
    a = -1 / (z + b @ H) @ H.T / N
    image: Complex = -1 / (z + a @ W.T) @ W / N
    return image


def _round(z: Complex, b: Complex, W: Floats, H: Floats, N: int) -> tuple[Complex, Complex]:
    """Return the next b ``[U, K]`` from b, and the derivative ``[U, K, K]`` of the one by the other."""
    h = -1 / (z + b @ H)
    a = h @ H.T / N
    g = -1 / (z + a @ W.T)
    components = len(H)
    of_a, of_b = (
        (values**2 @ _products(side)).reshape(len(z), components, components) / N for values, side in ((h, H.T), (g, W))
    )
    return g @ W / N, of_b @ of_a


def _products(side: Floats) -> Floats:
    """Return the products of all pairs of components, ``[., K^2]``."""
    return (side[:, :, None] * side[:, None, :]).reshape(len(side), -1)


_PLACES = 48
"""Places among a sample's quantiles at which the law is solved: between two of them it is interpolated."""
_EVEN = 16
"""Evenly spaced places besides."""
_ZERO = 1e-6
"""Singular values below this share of the largest are zero: rounding."""


def places(values: Floats, W: Floats, H: Floats) -> Floats:
    """Return places ``[U]`` at which the law is to be known to compare it with scaled singular values, ascending."""
    top = max(largest_place(W, H), float(values[-1]))
    own = np.quantile(values, (np.arange(_PLACES) + 0.5) / _PLACES)
    both = np.concatenate([own, np.linspace(1e-4, 1.0, _EVEN) * top])
    return np.unique(np.maximum(both, 1e-4 * top))


def distance(values: Floats, u: Floats, found: ProfileLaw) -> float:
    """Return the Kolmogorov-Smirnov distance of scaled singular values ``[p]``, ascending, to the law at places u.

    A profile with zeros may give a share of the singular values that is zero, at which both distribution functions
    jump.
    """
    p, zeros = values.size, int(np.sum(values <= _ZERO * values[-1]))
    at_zero = float(found.cdf[0])
    cdf = np.interp(values[zeros:], np.concatenate([[0.0], u]), np.concatenate([[at_zero], found.cdf]))
    after, before = np.arange(zeros + 1, p + 1) / p, np.arange(zeros, p) / p
    return float(max(abs(zeros / p - at_zero) if zeros else 0.0, np.max(after - cdf), np.max(cdf - before)))
