"""One region of a ReLU map at a time: its fixed point by a linear solve, and whether it lies there, with error bounds.

A map ``h -> relu(A h + b)`` is affine where the set of active units, those with ``A h + b > 0``, stays the same. With D
the diagonal matrix of the active units, the region's only candidate solves ``(I - D A) h = D b``; it is a fixed point
if its own active units are those of D (Eisenmann et al. 2023, "Bifurcations and loss jumps in RNN training", SCYFI).

The solution is checked as in verified numerics (Rump 2010, "Verification methods", theorem 10.2): with R the computed
inverse of M = I - D A, if ``beta = |I - R M| < 1`` in the maximum norm, M is not singular, and the computed h is off by
at most ``|R (D b - M h)| / (1 - beta)``. What rounding adds to each of these is added to the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class ReluMap:
    """``h -> relu(A h + b)``, float64."""

    matrix: Tensor
    """A, ``[n, n]``."""
    bias: Tensor
    """b, ``[n]``: with what the held input adds."""

    @property
    def size(self) -> int:
        """n."""
        return len(self.bias)

    def before(self, states: Tensor) -> Tensor:
        """``A h + b``, ``[P, n]``."""
        return states @ self.matrix.T + self.bias

    def repeated(self, period: int) -> ReluMap:
        """The map of ``(h_1, ..., h_k)`` that sends ``h_i`` to place i + 1: its fixed points are the k-cycles."""
        if period == 1:
            return self
        cyclic = torch.eye(period, dtype=torch.float64).roll(1, 0)
        return ReluMap(torch.kron(cyclic, self.matrix.cpu()), self.bias.cpu().repeat(period))


class Solved(NamedTuple):
    """What the regions hold."""

    states: Tensor
    """The candidate of each, ``[B, n]``; it means nothing where the region is ``singular``."""
    error: Tensor
    """By how much an entry of the candidate is off at most, ``[B]``."""
    inside: Tensor
    """Whether the candidate certainly is a fixed point of the region, ``[B]``."""
    unclear: Tensor
    """Whether it lies on the region's boundary, as far as float64 tells, ``[B]``."""
    singular: Tensor
    """Whether ``I - D A`` is singular, as far as float64 tells: there may be a line of fixed points, ``[B]``."""


def solve(relu: ReluMap, active: Tensor) -> Solved:
    """Solve regions.

    Args:
        relu: the map.
        active: which units are active in each region, ``[B, n]`` booleans. The working memory is six matrices
            ``[n, n]`` for each.
    """
    unit, n = torch.finfo(torch.float64).eps, relu.size
    kept = active.to(torch.float64)
    matrix = torch.eye(n, dtype=torch.float64) - kept[:, :, None] * relu.matrix
    right = kept * relu.bias
    inverse, failed = torch.linalg.inv_ex(matrix)
    states = _times(inverse, right)
    states = states + _times(inverse, right - _times(matrix, states))
    # n + 2 roundings bound those of a sum of n products and the two operations around it
    slack = (n + 2) * unit
    rest = (right - _times(matrix, states)).abs() + slack * (_times(matrix.abs(), states.abs()) + right.abs())
    rounding = slack * _times(inverse.abs(), matrix.abs().sum(2))
    beta = ((torch.eye(n, dtype=torch.float64) - inverse @ matrix).abs().sum(2) + rounding).amax(1)
    error = _times(inverse.abs(), rest).amax(1) * (1 + slack) / (1 - beta)
    singular = (failed != 0) | ~(beta < 1) | ~error.isfinite()
    size = relu.matrix.abs().sum(1)
    margin = torch.where(active, 1.0, -1.0) * relu.before(states)
    bound = error[:, None] * (1 + size) + slack * (states.abs() @ relu.matrix.abs().T + relu.bias.abs())
    inside = ~singular & (margin > bound).all(1)
    outside = (margin < -bound).any(1)
    return Solved(states, error, inside, ~singular & ~inside & ~outside, singular)


def _times(matrices: Tensor, vectors: Tensor) -> Tensor:
    """``[B, n, n]`` times ``[B, n]``."""
    return (matrices @ vectors[:, :, None])[:, :, 0]
