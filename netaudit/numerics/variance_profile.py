"""A smooth profile of variances, estimated from one matrix: S = W H with few components, none of them negative.

The squares of independent entries are their variances times noise of mean 1. A profile of few components averages that
noise over many entries. It is fitted by the Kullback-Leibler divergence, whose minimum keeps the sums of all rows and
columns; and as many components are taken as predict held-out entries best. The units' scales come off first, so that
the same profile is found for a matrix and its rescaled twin. Since a pattern of zeros may leave no scales at which all
mean squares agree, they are geometric means of the entries that are not zero, and a few steps towards such scales.

Sources: D. D. Lee and H. S. Seung, Advances in Neural Information Processing Systems 13 (2001) 556 (the iteration);
C. Boutsidis and E. Gallopoulos, Pattern Recognition 41 (2008) 1350 (where it starts); A. B. Owen and P. O. Perry, Ann.
Appl. Stat. 3 (2009) 564 (held-out entries for the number of components).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import svd

Floats = NDArray[np.float64]

COMPONENTS = (1, 2, 3, 4, 6, 8, 12)
"""Numbers of components that are tried, in order, until more predict no better. Two groups of inputs and outputs need
two; a triangular mask, whose rank is full, is smooth enough for twelve."""
_HELD_OUT = 0.1
"""Share of the entries by which the number is chosen, as for ten-fold cross-validation."""
_PASSES = 20
"""Times that geometric means are taken: without zeros one is enough."""
_BALANCED = 6
"""Times that the mean squares of rows and columns are made equal after that. Where they can not all be, more gather
the squares on few entries; fewer leave rows apart that the geometric means of a soft band put far from each other."""
_ITERATIONS = 100
"""Updates of a fit: more move the law's distribution function by less than 0.001 on the tests' profiles."""
_LEAST = 1e-12
"""Least mean of a component's share in an entry, so that nothing is divided by zero; squares have the mean 1."""


@dataclass(frozen=True)
class Profile:
    """S = W H, the variances of the entries."""

    W: Floats
    """``[m, K]``."""
    H: Floats
    """``[K, n]``."""

    @property
    def components(self) -> int:
        """Return K."""
        return len(self.H)

    @property
    def variances(self) -> Floats:
        """Return S ``[m, n]``."""
        return np.asarray(self.W @ self.H)


def without_scales(A: Floats) -> Floats:
    """Return A ``[m, n]`` with its rows and columns scaled alike as far as they can be, and the mean square 1.

    Two matrices that differ by scales give the same. Every row and column has an entry that is not zero. The result
    holds NaN where the sizes of the entries are too far apart for float64.
    """
    there = A != 0
    logs = np.log(np.abs(A), out=np.zeros_like(A), where=there)
    for _ in range(_PASSES):
        for axis in (1, 0):
            mean = logs.sum(axis, keepdims=True) / there.sum(axis, keepdims=True)
            logs -= np.where(there, mean, 0.0)
    with np.errstate(under="ignore", over="ignore", divide="ignore", invalid="ignore"):
        squares = np.where(there, np.exp(2 * (logs - logs.max())), 0.0)
        for _ in range(_BALANCED):
            for axis in (1, 0):
                squares /= squares.mean(axis, keepdims=True)
        return np.asarray(np.sign(A) * np.sqrt(squares / squares.mean()))


def estimate(squares: Floats, generator: np.random.Generator) -> Profile:
    """Fit a profile to the squares ``[m, n]`` of entries, of mean about 1, with as many components as predict best."""
    held_out = generator.random(squares.shape) < _HELD_OUT
    seen = ~held_out
    best, least = 1, np.inf
    for components in COMPONENTS:
        if 2 * components > min(squares.shape):
            break
        predicted = fit(squares, components, seen).variances[held_out]
        loss = float(np.mean(predicted - squares[held_out] * np.log(predicted)))
        if loss >= least:
            break
        best, least = components, loss
    return fit(squares, best)


def fit(squares: Floats, components: int, seen: NDArray[np.bool_] | None = None) -> Profile:
    """Fit a profile of that many components, by multiplicative updates, to the entries that are ``seen``."""
    if seen is None:
        return refit(squares, _start(squares, components))
    start = _start(np.where(seen, squares, 0.0) * (squares.size / seen.sum()), components)
    return refit(squares, start, seen)


def refit(
    squares: Floats, start: Profile, seen: NDArray[np.bool_] | None = None, iterations: int = _ITERATIONS
) -> Profile:
    """Fit a profile from a start with the same number of components."""
    weights = np.ones_like(squares) if seen is None else seen.astype(np.float64)
    target, W, H = squares * weights, start.W.copy(), start.H.copy()
    for _ in range(iterations):
        W *= (target / (W @ H)) @ H.T / (weights @ H.T)
        np.maximum(W, _LEAST, out=W)
        H *= W.T @ (target / (W @ H)) / (W.T @ weights)
        np.maximum(H, _LEAST, out=H)
    return Profile(W, H)


def _start(squares: Floats, components: int) -> Profile:
    """Start from the leading singular vectors, of each the sign that has more; zeros become a share of the mean."""
    U, values, V = svd(squares, full_matrices=False, lapack_driver="gesdd")
    W, H = np.zeros((len(squares), components)), np.zeros((components, squares.shape[1]))
    for k in range(components):
        sides = [(np.maximum(sign * U[:, k], 0), np.maximum(sign * V[k], 0)) for sign in (1, -1)]
        left, right = max(sides, key=lambda pair: float(np.linalg.norm(pair[0]) * np.linalg.norm(pair[1])))
        sizes = [float(np.linalg.norm(side)) for side in (left, right)]
        if all(sizes):  # a vector of the value 0 may have no part of one sign on both sides
            norm = np.sqrt(values[k] * sizes[0] * sizes[1])
            W[:, k], H[k] = norm * left / sizes[0], norm * right / sizes[1]
    least = 0.01 * np.sqrt(squares.mean() / components)
    return Profile(np.maximum(W, least), np.maximum(H, least))
