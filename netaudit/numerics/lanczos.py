"""The singular values of a matrix too large to decompose: stochastic Lanczos quadrature, with an error bound.

For a random unit vector v the weights (v . u_i)^2 make a random distribution over the eigenvalues whose mean is their
own. k steps of Lanczos from v give its k-point Gauss quadrature: nodes theta_i and weights w_i. The distribution
function is then known to lie, at every point, between sums of the weights:

    sum_{j < i} w_j  <=  F_v(theta_i -)  <=  F_v(theta_i)  <=  sum_{j <= i} w_j.

Averaged over the probes v, that bracket is a strict bound of the quadrature's error; what is left is the chance of the
probes. Nothing but products with the matrix is needed, and the matrix stays as it is.

Sources: Gauss quadrature by Lanczos: G. H. Golub and G. Meurant, Matrices, Moments and Quadrature (2010), chapter 6;
the bracket: the Chebyshev-Markov-Stieltjes inequalities, N. I. Akhiezer, The Classical Moment Problem (1965), section
2.5; the probes: L. Lin, Y. Saad and C. Yang, SIAM Review 58 (2016) 34, section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Floats = NDArray[np.float64]

PROBES = (8, 64)
"""Fewest and most probes: a product takes eight vectors for little more than the price of one, and more than 64 would
make a small matrix, which can be decomposed, take longer than that."""
CHANCE = 0.008
"""What the chance of the probes may leave open of the distribution function: a sixth of the law's tolerance of 0.05."""
STEPS = 256
"""Steps of each probe: the bracket of a bulk is then about 0.01 to each side (measured)."""

_BRIDGE = 1.628
"""99 % point of the largest absolute value of a Brownian bridge (Kolmogorov)."""
_CONVERGED = 1e-6
"""Largest residual, in units of the largest eigenvalue, of a node that is an eigenvalue: what float32 products
leave."""
_BROKEN = 1e-10
"""Norm of a remainder, in units of the largest diagonal entry, below which it is rounding: the vectors so far span all
that the probe reaches."""
_NOTHING = 1e-28
"""Weight below which a node belongs to no vector, which happens after such an end."""


@dataclass(frozen=True)
class Estimate:
    """Eigenvalues of a symmetric ``[p, p]`` matrix, as far as they are known."""

    values: Floats
    """Ascending, ``p`` of them: the largest ``known`` ones, and below them quantiles of the estimated distribution."""
    known: int
    """How many of the largest are eigenvalues themselves, which two probes have found."""
    error: float
    """Bound of the error of the distribution function at any point: the bracket plus 99 % of the probes' chance."""


def estimate(
    product: Callable[[Tensor], Tensor], p: int, generator: torch.Generator, device: torch.device,
    probes: int | None = None, steps: int | None = None,
) -> Estimate:  # fmt: skip
    """Estimate the eigenvalues of a symmetric, non-negative matrix ``[p, p]`` from products with it.

    Args:
        product: multiplies float64 rows ``[probes, p]`` on ``device`` by the matrix. Where it computes in float32, the
            eigenvalues are right to about 1e-6 of the largest.
        p: the side of the matrix.
        generator: what draws the probes, on the CPU.
        device: where the work runs; it must have float64.
        probes: their number, by default that of :func:`probes_for`.
        steps: Lanczos steps of each probe, p at most; by default :data:`STEPS`.
    """
    import torch

    probes, steps = probes or probes_for(p), steps or STEPS
    start = torch.randn(probes, p, dtype=torch.float64, generator=generator).to(device)
    alpha, beta = tridiagonal(product, start, min(steps, p))
    nodes, vectors = torch.linalg.eigh(torch.diag_embed(alpha) + _off_diagonal(beta[:, :-1]))
    theta, weights = nodes.clamp_min(0).cpu().numpy(), vectors[:, 0].square().cpu().numpy()
    residual = (beta[:, -1:] * vectors[:, -1].abs()).cpu().numpy()
    residual = np.where(weights > _NOTHING, residual, np.inf)
    top = _largest(theta, residual)
    grid = np.unique(theta[weights > _NOTHING])
    whole = (beta.amin(1) == 0).cpu().numpy() | (steps >= p)  # all there is of that probe
    low, middle, ahead, high = (curve.mean(axis=0) for curve in _curves(theta, weights, whole, grid))
    bracket = max(float(np.max(high - middle)), float(np.max(ahead - low)))
    chance = _BRIDGE * np.sqrt(2 / ((p + 2) * probes))
    error = 0.0 if top.size == p else float(bracket + chance)
    return Estimate(_values(grid, middle, top, p), top.size, error)


def probes_for(p: int) -> int:
    """Return how many probes bring their chance to ``CHANCE`` for a matrix of side p, within ``PROBES``.

    The mean of b probes at a point is off by sqrt(2 F (1 - F) / ((p + 2) b)), a Brownian bridge in F.

    >>> probes_for(600), probes_for(4096), probes_for(16384)
    (64, 21, 8)
    """
    return int(np.clip(np.ceil(2 * (_BRIDGE / CHANCE) ** 2 / p), *PROBES))


def tridiagonal(product: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Return the diagonal and the off-diagonal, both ``[probes, steps]``, of each probe's Lanczos matrix, in float64.

    ``start [probes, p]`` has the probes, of any norm. The last off-diagonal entry is the norm of what would come next,
    and 0 from where a probe's vectors span all that it reaches. Each vector is made orthogonal to all before it, twice:
    without that, values that have converged come again as ghosts (B. N. Parlett, The Symmetric Eigenvalue Problem
    (1980), chapter 13).
    """
    import torch

    probes, p = start.shape
    basis = torch.zeros(probes, steps, p, dtype=torch.float64, device=start.device)
    alpha, beta = torch.zeros(2, probes, steps, dtype=torch.float64, device=start.device)
    q = start / torch.linalg.vector_norm(start, dim=1, keepdim=True)
    for step in range(steps):
        basis[:, step] = q
        w = product(q)
        alpha[:, step] = (w * q).sum(1)
        for _ in range(2):
            overlap = torch.bmm(basis[:, : step + 1], w[:, :, None])
            w = w - torch.bmm(overlap.mT, basis[:, : step + 1])[:, 0]
        norm = torch.linalg.vector_norm(w, dim=1)
        norm = torch.where(norm > _BROKEN * alpha.amax(1), norm, 0.0)
        beta[:, step] = norm
        q = torch.where(norm[:, None] > 0, w / norm[:, None], 0.0)
    return alpha, beta


def _off_diagonal(beta: Tensor) -> Tensor:
    import torch

    return torch.diag_embed(beta, 1) + torch.diag_embed(beta, -1)


def _largest(theta: Floats, residual: Floats) -> Floats:
    """Return the largest eigenvalues that two probes agree on, descending.

    Each probe has found them down to its first node whose residual is too large.
    """
    descending, open_ = theta[:, ::-1], residual[:, ::-1] > _CONVERGED * theta.max(initial=0.0)
    lengths = np.where(open_.any(axis=1), open_.argmax(axis=1), theta.shape[1])
    if len(lengths) < 2:
        return descending[0, : lengths[0]]
    first, second = np.argsort(-lengths)[:2]
    one, other = (descending[probe, : lengths[second]] for probe in (first, second))
    apart = np.abs(one - other) > 10 * _CONVERGED * theta.max(initial=0.0)
    return one[: int(apart.argmax())] if apart.any() else one


def _curves(theta: Floats, weights: Floats, whole: NDArray[np.bool_], grid: Floats) -> tuple[Floats, ...]:
    """Return four curves ``[probes, grid]``: bounds of each probe's distribution function at the points of the grid.

    They are the lower bound, the middle, what the middle rises to before the next point, and the upper bound. Of a
    probe that is ``whole`` the nodes and weights are the distribution itself, and all four are equal.
    """
    probes = []
    for every, each, known in zip(theta, weights, whole, strict=True):
        nodes, weight = every[each > _NOTHING], each[each > _NOTHING]
        sums = np.concatenate([[0.0], np.cumsum(weight)])
        below = np.searchsorted(nodes, grid, side="right")  # nodes up to each point
        low, high = sums[np.maximum(below - 1, 0)], np.append(sums[1:], [1.0, 1.0])[below]
        middle = np.interp(grid, nodes, (sums[:-1] + sums[1:]) / 2, left=0.0, right=1.0)
        probes.append([sums[below]] * 4 if known else [low, middle, np.append(middle[1:], 1.0), high])
    return tuple(np.array(curve) for curve in zip(*probes, strict=True))


def _values(grid: Floats, middle: Floats, top: Floats, p: int) -> Floats:
    """Return ``p`` values, ascending: quantiles of the distribution, and above them the known largest values."""
    rest = p - top.size
    if not rest:
        return np.sort(top)
    levels = (np.arange(rest) + 0.5) / p
    ends = grid if not top.size else np.minimum(grid, top[-1])
    return np.concatenate([np.interp(levels, np.maximum.accumulate(middle), ends), top[::-1]])
